import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { IdCard, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { patch, post, put, remove } from "@/api/client";
import type { CallerIdPool, PoolNumber } from "@/api/labels";
import { poolNumbersQuery, poolsQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { Phone } from "@/components/CallParts";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { PageHeader } from "@/components/PageHeader";
import { RemoveButton } from "@/components/Removal";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import type { Columns } from "@/components/ui/data-table";
import { formatPhone } from "@/format/phone";

const columns: Columns<CallerIdPool> = [
  { id: "name", header: "Pool", cell: ({ row }) => <span className="font-medium">{row.original.name}</span> },
  { id: "status", header: "Status", cell: ({ row }) => <ResourceStatus status={row.original.status} /> },
];

export function CallerIdsPage() {
  const { user } = useAuth();
  const pools = useQuery(poolsQuery);
  const [chosen, setChosen] = useState<string | null>(null);
  const canWrite = may(user, "numbers:write");
  const open = pools.data?.items.find(({ id }) => id === chosen) ?? null;
  const add = canWrite ? (
    <DialogButton label="New pool">{(close) => <PoolDialog pool={null} onClose={close} />}</DialogButton>
  ) : null;
  return (
    <>
      <PageHeader title="Caller IDs" hint="Pools of numbers that calls out show, in turn" actions={add} />
      <FilteredList
        query={pools}
        label="Caller-ID pools"
        icon={IdCard}
        empty={{
          title: "No pools yet",
          hint: "A campaign names a pool; its calls show the pool's numbers by priority, equals in turn.",
          action: add,
        }}
        columns={columns}
        summary={(pool) => ({ title: pool.name, state: <ResourceStatus status={pool.status} /> })}
        rowActions={(pool) => (
          <>
            {canWrite ? <EditPool pool={pool} /> : null}
            {may(user, "numbers:delete") ? <RemovePool pool={pool} onAsk={() => setChosen(null)} /> : null}
          </>
        )}
        onOpen={(pool) => setChosen(pool.id)}
      />
      {open ? <Members key={open.id} pool={open} canWrite={canWrite} /> : null}
    </>
  );
}

function EditPool({ pool }: { pool: CallerIdPool }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant="ghost" size="icon-sm" aria-label={`Edit ${pool.name}`} onClick={() => setOpen(true)}>
        <Pencil />
      </Button>
      {open ? <PoolDialog pool={pool} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

/** What is about to go is not asked about any more: `onAsk` closes it. */
function RemovePool({ pool, onAsk }: { pool: CallerIdPool; onAsk: () => void }) {
  const text = "Campaigns that show its numbers must name another first. The numbers stay yours.";
  const path = `/api/v1/caller-id-pools/${pool.id}`;
  return <RemoveButton path={path} name={pool.name} text={text} stale={["pools"]} onAsk={onAsk} />;
}

function PoolDialog({ pool, onClose }: { pool: CallerIdPool | null; onClose: () => void }) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={pool ? pool.name : "New pool"}
      fields={[
        { name: "name", label: "Name", required: true },
        { name: "status", label: "Status", kind: "select", options: choices("ACTIVE", "INACTIVE") },
      ]}
      initial={{ name: pool?.name ?? "", status: pool?.status ?? "ACTIVE" }}
      save={({ name, status }) =>
        pool
          ? patch(`/api/v1/caller-id-pools/${pool.id}`, { name, status } satisfies Wire<"UpdateCallerIdPoolRequest">)
          : post("/api/v1/caller-id-pools", { name, status } satisfies Wire<"CreateCallerIdPoolRequest">)
      }
      done={pool ? "Pool saved" : "Pool added"}
      stale={["pools"]}
    />
  );
}

/** The numbers of one pool. */
function Members({ pool, canWrite }: { pool: CallerIdPool; canWrite: boolean }) {
  const client = useQueryClient();
  const members = useQuery(poolNumbersQuery(pool.id));
  const [edited, setEdited] = useState<PoolNumber | null>(null);
  const take = useMutation({
    mutationFn: (member: PoolNumber) => remove(`/api/v1/caller-id-pools/${pool.id}/numbers/${member.id}`),
    onSuccess: (_, member) => {
      toast.success(`${formatPhone(member.number)} is out of the pool`);
      return client.invalidateQueries({ queryKey: ["pools"] });
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  return (
    <>
      <FilteredList
        className="mt-5"
        query={members}
        label={`Numbers of ${pool.name}`}
        icon={IdCard}
        title={pool.name}
        hint="Lower priorities are shown first, equals in turn"
        actions={
          canWrite ? (
            <DialogButton label="Add number" size="sm">
              {(close) => <MemberDialog pool={pool} member={null} onClose={close} />}
            </DialogButton>
          ) : null
        }
        empty={{ title: "No numbers in this pool" }}
        row={(member) => (
          <li key={member.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5 sm:px-5">
            <span className="min-w-0 flex-1">
              <Phone value={member.number} className="font-medium" />
              <span className="block text-[13px] text-soft">Priority {member.priority}</span>
            </span>
            {member.status === "ACTIVE" ? null : <ResourceStatus status={member.status} />}
            {canWrite ? (
              <span className="flex">
                <Button
                  variant="ghost"
                  size="icon-sm"
                  aria-label={`Priority of ${formatPhone(member.number)}`}
                  onClick={() => setEdited(member)}
                >
                  <Pencil />
                </Button>
                <Button
                  variant="ghost"
                  size="icon-sm"
                  aria-label={`Take ${formatPhone(member.number)} out`}
                  disabled={take.isPending}
                  onClick={() => take.mutate(member)}
                >
                  <Trash2 />
                </Button>
              </span>
            ) : null}
          </li>
        )}
      />
      {edited ? <MemberDialog pool={pool} member={edited} onClose={() => setEdited(null)} /> : null}
    </>
  );
}

interface MemberDialogProps {
  pool: CallerIdPool;
  member: PoolNumber | null;
  onClose: () => void;
}

function MemberDialog({ pool, member, onClose }: MemberDialogProps) {
  const priority = { name: "priority", label: "Priority", kind: "number" as const, hint: "0 is shown first" };
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={member ? formatPhone(member.number) : `Add to ${pool.name}`}
      fields={
        member
          ? [priority]
          : [
              {
                name: "number",
                label: "Number",
                kind: "pick",
                pick: "number",
                required: true,
                hint: "One of yours",
              },
              priority,
            ]
      }
      initial={{ number: "", priority: String(member?.priority ?? 0) }}
      save={async (values) => {
        const body = { priority: Number(values.priority || 0) } satisfies Wire<"PutPoolNumberRequest">;
        const id = member?.id ?? values.number;
        await put(`/api/v1/caller-id-pools/${pool.id}/numbers/${id}`, body);
      }}
      done={member ? "Priority saved" : "Number added"}
      stale={["pools"]}
    />
  );
}
