import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Hash, MoreHorizontal, Pencil, ShoppingCart, Undo2 } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { patch, post, remove } from "@/api/client";
import { providerName } from "@/api/numbers";
import { numbersQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import type { PhoneNumber } from "@/api/resources";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { Phone, refName } from "@/components/CallParts";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { ListFiles } from "@/components/ListFiles";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { PickFilter } from "@/components/PickFilter";
import { type FormField, ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { Missing, messageOf } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import type { Columns } from "@/components/ui/data-table";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/ui/menu";
import { formatPhone, normaliseSearch } from "@/format/phone";
import { BuyNumberDialog } from "./BuyNumberDialog";
import { NumberOrders } from "./NumberOrders";

const columns: Columns<PhoneNumber> = [
  {
    id: "number",
    header: "Number",
    cell: ({ row }) => (
      <>
        <Phone value={row.original.number} className="font-medium" />
        {row.original.label ? <span className="block text-[13px] text-soft">{row.original.label}</span> : null}
      </>
    ),
  },
  { id: "status", header: "Status", cell: ({ row }) => <NumberStatus number={row.original} /> },
  {
    id: "campaign",
    header: "Campaign",
    cell: ({ row }) => refName(row.original.campaign) ?? <span className="text-soft">Not assigned</span>,
  },
  {
    id: "provider",
    header: "Provider",
    cell: ({ row }) => (row.original.provider ? providerName(row.original.provider) : <Missing />),
  },
  {
    id: "capabilities",
    header: "Can",
    cell: ({ row }) => (
      <span className="flex gap-1.5">
        {row.original.capabilities.map((name) => (
          <Badge key={name}>{name}</Badge>
        ))}
      </span>
    ),
  },
];

export function NumbersPage() {
  const { user } = useAuth();
  const list = useListSearch();
  const [released, setReleased] = useState<PhoneNumber | null>(null);
  const canWrite = may(user, "numbers:write");
  const canRelease = may(user, "numbers:delete");
  const filter = { search: normaliseSearch(list.q) || undefined, status: list.status, campaignId: list.campaignId };
  const numbers = useQuery(numbersQuery(list.page, filter));
  return (
    <>
      <PageHeader
        title="Numbers"
        hint="The tracking numbers callers dial"
        actions={
          <>
            <ListFiles
              path="/api/v1/numbers"
              what="number"
              columns="number, friendlyName, campaignId, status"
              filter={filter}
              mayImport={may(user, "numbers:write")}
              stale={["numbers", "campaigns"]}
            />
            {canWrite ? (
              <>
                <DialogButton label="Add own" variant="outline">
                  {(close) => <NumberDialog number={null} onClose={close} />}
                </DialogButton>
                <DialogButton label="Buy" icon={ShoppingCart}>
                  {(close) => <BuyNumberDialog onClose={close} />}
                </DialogButton>
              </>
            ) : null}
          </>
        }
      />
      <FilteredList
        query={numbers}
        list={list}
        label="Numbers"
        icon={Hash}
        search="Search numbers"
        statuses={choices("ACTIVE", "INACTIVE", "SUSPENDED")}
        filters={<PickFilter list={list} name="campaignId" kind="campaign" label="Campaign" none="Every campaign" />}
        empty={{
          title: "No numbers yet",
          matched: "No number matches",
          hint: "Buy one, add the number your carrier routes to this platform, or import a file of them.",
        }}
        columns={columns}
        summary={(number) => ({
          title: <Phone value={number.number} />,
          text: [number.label, refName(number.campaign) ?? "Not assigned"].filter(Boolean).join(", "),
          state: <NumberStatus number={number} />,
        })}
        rowActions={(number, open) => (
          <NumberMenu
            number={number}
            canWrite={canWrite}
            canRelease={canRelease}
            onEdit={open}
            onRelease={setReleased}
          />
        )}
        dialog={canWrite ? (number, close) => <NumberDialog number={number} onClose={close} /> : null}
      />
      <NumberOrders />
      <ReleaseDialog number={released} onClose={() => setReleased(null)} />
    </>
  );
}

function NumberStatus({ number }: { number: PhoneNumber }) {
  return number.releasedAt === null ? <ResourceStatus status={number.status} /> : <Badge>Given back</Badge>;
}

interface NumberMenuProps {
  number: PhoneNumber;
  canWrite: boolean;
  canRelease: boolean;
  onEdit: () => void;
  onRelease: (number: PhoneNumber) => void;
}

function NumberMenu({ number, canWrite, canRelease, onEdit, onRelease }: NumberMenuProps) {
  const isHeld = number.releasedAt === null;
  if (!canWrite && !(canRelease && isHeld)) return null;
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label={`More for ${formatPhone(number.number)}`}
          className="relative z-10"
        >
          <MoreHorizontal />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        {canWrite ? (
          <MenuItem onSelect={onEdit}>
            <Pencil /> Edit or assign
          </MenuItem>
        ) : null}
        {canRelease && isHeld ? (
          <MenuItem onSelect={() => onRelease(number)}>
            <Undo2 /> Give back
          </MenuItem>
        ) : null}
      </MenuContent>
    </Menu>
  );
}

function ReleaseDialog({ number, onClose }: { number: PhoneNumber | null; onClose: () => void }) {
  const client = useQueryClient();
  const release = useMutation({
    mutationFn: (held: PhoneNumber) => remove(`/api/v1/numbers/${held.id}`),
    onSuccess: (_, held) => {
      toast.success(`${formatPhone(held.number)} is given back`);
      onClose();
    },
    onError: (error) => toast.error(messageOf(error)),
    onSettled: () =>
      Promise.all(
        ["numbers", "number-orders", "campaigns"].map((key) => client.invalidateQueries({ queryKey: [key] })),
      ),
  });
  return (
    <ConfirmDialog
      open={number !== null}
      onClose={onClose}
      title={`Give back ${number ? formatPhone(number.number) : ""}?`}
      text="It takes no more calls from now on, and somebody else may buy it. Its calls stay on record."
      confirm="Give back"
      pending={release.isPending}
      onConfirm={() => number && release.mutate(number)}
    />
  );
}

function NumberDialog({ number, onClose }: { number: PhoneNumber | null; onClose: () => void }) {
  const label = { name: "friendlyName", label: "Name", placeholder: "How people know it" };
  const campaign: FormField = { name: "campaignId", label: "Campaign", kind: "pick", pick: "campaign", none: "None" };
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={number ? formatPhone(number.number) : "Add a number of your own"}
      fields={
        number
          ? [
              { name: "status", label: "Status", kind: "select", options: choices("ACTIVE", "INACTIVE", "SUSPENDED") },
              campaign,
              label,
            ]
          : [
              {
                name: "number",
                label: "Number",
                kind: "tel",
                required: true,
                placeholder: "+15551234567",
                hint: "With plus and country code (E.164)",
              },
              campaign,
              label,
            ]
      }
      initial={
        number
          ? { status: number.status ?? "ACTIVE", campaignId: number.campaign?.id ?? "", friendlyName: number.label }
          : { number: "", campaignId: "", friendlyName: "" }
      }
      save={(values) => {
        const campaignId = values.campaignId || null;
        const friendlyName = values.friendlyName || null;
        if (number) {
          const body = { status: values.status, campaignId, friendlyName } satisfies Wire<"UpdateNumberRequest">;
          return patch(`/api/v1/numbers/${number.id}`, body);
        }
        const given = normaliseSearch(values.number ?? "");
        const body = { number: given, campaignId, friendlyName } satisfies Wire<"ProvisionNumberRequest">;
        return post("/api/v1/numbers", body);
      }}
      done={number ? "Number saved" : "Number added"}
      stale={["numbers", "campaigns"]}
    />
  );
}
