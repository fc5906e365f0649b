import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Building, Gauge, MailPlus, MoreHorizontal, Pause, Pencil, Play, Wallet } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { patch, post } from "@/api/client";
import { readHandedLink } from "@/api/people";
import { asRecord, type Wire } from "@/api/read";
import { readTenant, type Tenant, tenantsQuery } from "@/api/tenants";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { ResourceDialog } from "@/components/ResourceDialog";
import { ResourceStatus } from "@/components/ResourceStatus";
import { ShownOnce } from "@/components/ShownOnce";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import type { Columns } from "@/components/ui/data-table";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/ui/menu";
import { formatFull } from "@/format/time";
import { TenantBudget } from "./TenantBudget";
import { TenantLimits } from "./TenantLimits";

const columns: Columns<Tenant> = [
  {
    id: "name",
    header: "Tenant",
    cell: ({ row }) => (
      <>
        <span className="block font-medium">{row.original.name}</span>
        <span className="block text-[13px] text-soft">
          {[row.original.slug, row.original.domain].filter(Boolean).join(", ")}
        </span>
      </>
    ),
  },
  { id: "status", header: "Status", cell: ({ row }) => <ResourceStatus status={row.original.status} /> },
  { id: "zone", header: "Time zone", cell: ({ row }) => <span className="text-soft">{row.original.timeZone}</span> },
  {
    id: "created",
    header: "Since",
    cell: ({ row }) => (
      <span className="text-soft">{row.original.createdAt === null ? "" : formatFull(row.original.createdAt)}</span>
    ),
  },
];

/** What is being done, and to which tenant. */
type Act = { what: "invite" | "limits" | "budget" | "suspend"; tenant: Tenant };

/** For operators of the platform. */
export function TenantsPage() {
  const list = useListSearch();
  const tenants = useQuery(tenantsQuery(list.page));
  const [act, setAct] = useState<Act | null>(null);
  const [link, setLink] = useState<string | null>(null);
  const close = () => setAct(null);
  return (
    <>
      <PageHeader
        title="Tenants"
        hint="Whose platform this is: each has people, numbers and calls of its own"
        actions={
          <DialogButton label="New tenant">
            {(done) => (
              <TenantDialog tenant={null} onClose={done} onMade={(tenant) => setAct({ what: "invite", tenant })} />
            )}
          </DialogButton>
        }
      />
      <FilteredList
        query={tenants}
        list={list}
        label="Tenants"
        icon={Building}
        empty={{ title: "No tenants yet" }}
        columns={columns}
        summary={(tenant) => ({
          title: tenant.name,
          text: [tenant.slug, tenant.domain].filter(Boolean).join(", "),
          state: <ResourceStatus status={tenant.status} />,
        })}
        rowActions={(tenant, open) => <TenantMenu tenant={tenant} onEdit={open} onAct={setAct} />}
        dialog={(tenant, done) => <TenantDialog tenant={tenant} onClose={done} />}
      />
      {act?.what === "invite" ? <InviteOwnerDialog tenant={act.tenant} onClose={close} onLink={setLink} /> : null}
      {act?.what === "limits" ? <TenantLimits tenant={act.tenant} onClose={close} /> : null}
      {act?.what === "budget" ? <TenantBudget tenant={act.tenant} onClose={close} /> : null}
      <SuspendDialog tenant={act?.what === "suspend" ? act.tenant : null} onClose={close} />
      <ShownOnce
        text={link}
        title="Hand over this link"
        description="No mail server is set up, so the link is shown here, this once. It is good for one use."
        onClose={() => setLink(null)}
      />
    </>
  );
}

interface TenantMenuProps {
  tenant: Tenant;
  onEdit: () => void;
  onAct: (act: Act) => void;
}

function TenantMenu({ tenant, onEdit, onAct }: TenantMenuProps) {
  const { setStatus, isPending } = useStatus();
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button variant="ghost" size="icon-sm" aria-label={`More for ${tenant.name}`}>
          <MoreHorizontal />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        <MenuItem onSelect={onEdit}>
          <Pencil /> Edit
        </MenuItem>
        <MenuItem onSelect={() => onAct({ what: "limits", tenant })}>
          <Gauge /> Limits and use
        </MenuItem>
        <MenuItem onSelect={() => onAct({ what: "budget", tenant })}>
          <Wallet /> Budget
        </MenuItem>
        <MenuItem onSelect={() => onAct({ what: "invite", tenant })}>
          <MailPlus /> Invite an owner
        </MenuItem>
        {tenant.status === "ACTIVE" ? (
          <MenuItem onSelect={() => onAct({ what: "suspend", tenant })}>
            <Pause /> Suspend
          </MenuItem>
        ) : (
          <MenuItem disabled={isPending} onSelect={() => setStatus({ tenant, status: "ACTIVE" })}>
            <Play /> Let in again
          </MenuItem>
        )}
      </MenuContent>
    </Menu>
  );
}

function useStatus(onDone?: () => void) {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: ({ tenant, status }: { tenant: Tenant; status: "ACTIVE" | "SUSPENDED" }) =>
      patch(`/admin/api/v1/tenants/${tenant.id}`, { status } satisfies Wire<"UpdateTenantRequest">),
    onSuccess: (_, { tenant, status }) => {
      toast.success(`${tenant.name} is ${status === "ACTIVE" ? "let in again" : "suspended"}`);
      onDone?.();
      return client.invalidateQueries({ queryKey: ["tenants"] });
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  return { setStatus: change.mutate, isPending: change.isPending };
}

function SuspendDialog({ tenant, onClose }: { tenant: Tenant | null; onClose: () => void }) {
  const { setStatus, isPending } = useStatus(onClose);
  return (
    <ConfirmDialog
      open={tenant !== null}
      onClose={onClose}
      title={`Suspend ${tenant?.name ?? ""}?`}
      text="Its calls are refused from now on, with 503. Its people can still sign in and look. It can be let in again."
      confirm="Suspend"
      pending={isPending}
      onConfirm={() => tenant && setStatus({ tenant, status: "SUSPENDED" })}
    />
  );
}

interface TenantDialogProps {
  tenant: Tenant | null;
  onClose: () => void;
  onMade?: (tenant: Tenant) => void;
}

function TenantDialog({ tenant, onClose, onMade }: TenantDialogProps) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={tenant ? tenant.name : "New tenant"}
      fields={[
        { name: "name", label: "Name", required: true, placeholder: "Acme Leads" },
        {
          name: "slug",
          label: "Short name",
          required: true,
          half: true,
          placeholder: "acme",
          hint: "Small letters, digits and hyphens",
        },
        { name: "timeZone", label: "Time zone", half: true, placeholder: "America/New_York", hint: "Of its days" },
        {
          name: "domain",
          label: "Host name",
          placeholder: "calls.acme.example",
          hint: "Where its people sign in; empty: where everybody does",
        },
      ]}
      initial={{
        name: tenant?.name ?? "",
        slug: tenant?.slug ?? "",
        timeZone: tenant?.timeZone ?? "",
        domain: tenant?.domain ?? "",
      }}
      save={async (values) => {
        const body = {
          name: values.name ?? "",
          slug: values.slug ?? "",
          domain: values.domain || null,
          timeZone: values.timeZone || "UTC",
        } satisfies Wire<"CreateTenantRequest">;
        if (tenant) return patch(`/admin/api/v1/tenants/${tenant.id}`, body);
        onMade?.(readTenant(asRecord(await post("/admin/api/v1/tenants", body))));
      }}
      done={tenant ? "Tenant saved" : "Tenant added"}
      stale={["tenants"]}
      submitLabel={tenant ? undefined : "Add, and invite its owner"}
    />
  );
}

interface InviteOwnerDialogProps {
  tenant: Tenant;
  onClose: () => void;
  onLink: (link: string) => void;
}

function InviteOwnerDialog({ tenant, onClose, onLink }: InviteOwnerDialogProps) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={`Invite an owner of ${tenant.name}`}
      description="They get a link, good once and for seven days, choose a password, and may do everything within the tenant."
      fields={[{ name: "email", label: "E-mail", kind: "email", required: true }]}
      initial={{ email: "" }}
      save={async ({ email = "" }) => {
        const body = { email } satisfies Wire<"InviteOwnerRequest">;
        const made: Wire<"InviteResponse"> = asRecord(await post(`/admin/api/v1/tenants/${tenant.id}/owners`, body));
        const { link } = readHandedLink(made.invitation);
        if (link) onLink(link);
      }}
      done="Invited"
      stale={[]}
      submitLabel="Invite"
    />
  );
}
