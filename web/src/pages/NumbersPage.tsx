import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Hash, MoreHorizontal, Pencil, Plus, ShoppingCart, Undo2 } from "lucide-react";
import { useMemo, useState } from "react";
import { toast } from "sonner";
import { patch, post, remove } from "@/api/client";
import { providerName } from "@/api/numbers";
import { CALLS_PER_PAGE, campaignsQuery, numbersQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import type { PhoneNumber } from "@/api/resources";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { Phone, refName } from "@/components/CallParts";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { ListBody } from "@/components/ListBody";
import { PageHeader } from "@/components/PageHeader";
import { Pager } from "@/components/Pager";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { SearchBox } from "@/components/SearchBox";
import { Missing, messageOf } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { type Columns, DataTable } from "@/components/ui/data-table";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/ui/menu";
import { formatPhone, normaliseSearch } from "@/format/phone";
import { BuyNumberDialog } from "./BuyNumberDialog";
import { NumberOrders } from "./NumberOrders";

export function NumbersPage() {
  const { user } = useAuth();
  const [page, setPage] = useState(1);
  const [search, setSearch] = useState("");
  const [edited, setEdited] = useState<PhoneNumber | "new" | null>(null);
  const [buying, setBuying] = useState(false);
  const [released, setReleased] = useState<PhoneNumber | null>(null);
  const canWrite = may(user, "numbers:write");
  const canRelease = may(user, "numbers:delete");
  const numbers = useQuery(numbersQuery(page, normaliseSearch(search)));
  const columns = useMemo<Columns<PhoneNumber>>(
    () => [
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
      {
        id: "actions",
        header: () => <span className="sr-only">Actions</span>,
        cell: ({ row }) => (
          <NumberMenu
            number={row.original}
            canWrite={canWrite}
            canRelease={canRelease}
            onEdit={setEdited}
            onRelease={setReleased}
          />
        ),
      },
    ],
    [canWrite, canRelease],
  );
  return (
    <>
      <PageHeader
        title="Numbers"
        hint="The tracking numbers callers dial"
        actions={
          canWrite ? (
            <>
              <Button variant="outline" onClick={() => setEdited("new")}>
                <Plus /> Add own
              </Button>
              <Button onClick={() => setBuying(true)}>
                <ShoppingCart /> Buy
              </Button>
            </>
          ) : null
        }
      />
      <Card>
        <div className="border-b border-line p-3 sm:px-5">
          <SearchBox
            label="Search numbers"
            value={search}
            onChange={(value) => {
              setSearch(value);
              setPage(1);
            }}
          />
        </div>
        <ListBody
          query={numbers}
          what="Numbers"
          icon={Hash}
          emptyTitle={search ? "No number matches" : "No numbers yet"}
          emptyHint="Buy one, or add the number your carrier routes to this platform."
        >
          {(items) => (
            <DataTable
              label="Numbers"
              columns={columns}
              rows={items}
              rowId={(number) => number.id}
              opener={(row, content, className) =>
                canWrite ? (
                  <button type="button" className={className} onClick={() => setEdited(row)}>
                    {content}
                  </button>
                ) : (
                  <span>{content}</span>
                )
              }
              card={(number) => (
                <div className="flex items-center justify-between gap-3">
                  <button
                    type="button"
                    className="min-w-0 flex-1 text-left"
                    disabled={!canWrite}
                    onClick={() => setEdited(number)}
                  >
                    <Phone value={number.number} className="font-medium" />
                    <span className="block truncate text-[13px] text-soft">
                      {[number.label, refName(number.campaign) ?? "Not assigned"].filter(Boolean).join(", ")}
                    </span>
                  </button>
                  <NumberStatus number={number} />
                  <NumberMenu
                    number={number}
                    canWrite={canWrite}
                    canRelease={canRelease}
                    onEdit={setEdited}
                    onRelease={setReleased}
                  />
                </div>
              )}
            />
          )}
        </ListBody>
      </Card>
      <Pager
        page={page}
        totalPages={numbers.data?.totalPages ?? null}
        full={(numbers.data?.items.length ?? 0) >= CALLS_PER_PAGE}
        onPage={setPage}
      />
      <NumberOrders />
      {edited ? <NumberDialog number={edited === "new" ? null : edited} onClose={() => setEdited(null)} /> : null}
      {buying ? <BuyNumberDialog onClose={() => setBuying(false)} /> : null}
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
  onEdit: (number: PhoneNumber) => void;
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
          <MenuItem onSelect={() => onEdit(number)}>
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
  const campaigns = useQuery(campaignsQuery);
  const campaignOptions = [
    { value: "", label: "None" },
    ...(campaigns.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name })),
  ];
  const label = { name: "friendlyName", label: "Name", placeholder: "How people know it" };
  const campaign = { name: "campaignId", label: "Campaign", kind: "select" as const, options: campaignOptions };
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
