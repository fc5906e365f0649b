import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { IdCard, Pencil, Plus, Trash2 } from "lucide-react";
import { useCallback, useId, useMemo, useState } from "react";
import { toast } from "sonner";
import { get, patch, post, put, remove } from "@/api/client";
import { type CallerIdPool, onlyNumber, type PoolNumber } from "@/api/labels";
import { numbersQuery, poolNumbersQuery, poolsQuery } from "@/api/queries";
import { readPage, type Wire } from "@/api/read";
import { readNumber } from "@/api/resources";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { Phone } from "@/components/CallParts";
import { ListBody } from "@/components/ListBody";
import { PageHeader } from "@/components/PageHeader";
import { Removal, type Removed } from "@/components/Removal";
import { type CustomControl, ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { type Columns, DataTable } from "@/components/ui/data-table";
import { Input } from "@/components/ui/input";
import { formatPhone, normaliseSearch } from "@/format/phone";

export function CallerIdsPage() {
  const { user } = useAuth();
  const pools = useQuery(poolsQuery);
  const [edited, setEdited] = useState<CallerIdPool | "new" | null>(null);
  const [removed, setRemoved] = useState<Removed | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const canWrite = may(user, "numbers:write");
  const canRemove = may(user, "numbers:delete");
  // What is about to go is not asked about any more.
  const askRemoval = useCallback((what: Removed) => {
    setChosen(null);
    setRemoved(what);
  }, []);
  const open = pools.data?.items.find(({ id }) => id === chosen) ?? null;
  const columns = useMemo<Columns<CallerIdPool>>(
    () => [
      { id: "name", header: "Pool", cell: ({ row }) => <span className="font-medium">{row.original.name}</span> },
      { id: "status", header: "Status", cell: ({ row }) => <ResourceStatus status={row.original.status} /> },
      {
        id: "actions",
        header: () => <span className="sr-only">Actions</span>,
        cell: ({ row }) => (
          <span className="flex justify-end">
            <PoolButtons
              pool={row.original}
              onEdit={canWrite ? setEdited : null}
              onRemove={canRemove ? askRemoval : null}
            />
          </span>
        ),
      },
    ],
    [canWrite, canRemove, askRemoval],
  );
  return (
    <>
      <PageHeader
        title="Caller IDs"
        hint="Pools of numbers that calls out show, in turn"
        actions={
          canWrite ? (
            <Button onClick={() => setEdited("new")}>
              <Plus /> New pool
            </Button>
          ) : null
        }
      />
      <Card>
        <ListBody
          query={pools}
          what="Caller-ID pools"
          icon={IdCard}
          emptyTitle="No pools yet"
          emptyHint="A campaign names a pool; its calls show the pool's numbers by priority, equals in turn."
        >
          {(items) => (
            <DataTable
              label="Caller-ID pools"
              columns={columns}
              rows={items}
              rowId={(pool) => pool.id}
              opener={(row, content, className) => (
                <button type="button" className={className} onClick={() => setChosen(row.id)}>
                  {content}
                </button>
              )}
              card={(pool) => (
                <div className="flex items-center justify-between gap-3">
                  <button
                    type="button"
                    className="min-w-0 flex-1 truncate text-left font-medium"
                    onClick={() => setChosen(pool.id)}
                  >
                    {pool.name}
                  </button>
                  <ResourceStatus status={pool.status} />
                  <PoolButtons
                    pool={pool}
                    onEdit={canWrite ? setEdited : null}
                    onRemove={canRemove ? askRemoval : null}
                  />
                </div>
              )}
            />
          )}
        </ListBody>
      </Card>
      {open ? <Members key={open.id} pool={open} canWrite={canWrite} /> : null}
      {edited ? <PoolDialog pool={edited === "new" ? null : edited} onClose={() => setEdited(null)} /> : null}
      <Removal removed={removed} onClose={() => setRemoved(null)} stale={["pools"]} />
    </>
  );
}

interface PoolButtonsProps {
  pool: CallerIdPool;
  onEdit: ((pool: CallerIdPool) => void) | null;
  onRemove: ((removed: Removed) => void) | null;
}

function PoolButtons({ pool, onEdit, onRemove }: PoolButtonsProps) {
  const text = "Campaigns that show its numbers must name another first. The numbers stay yours.";
  return (
    <span className="relative z-10 flex">
      {onEdit ? (
        <Button variant="ghost" size="icon-sm" aria-label={`Edit ${pool.name}`} onClick={() => onEdit(pool)}>
          <Pencil />
        </Button>
      ) : null}
      {onRemove ? (
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label={`Remove ${pool.name}`}
          onClick={() => onRemove({ path: `/api/v1/caller-id-pools/${pool.id}`, name: pool.name, text })}
        >
          <Trash2 />
        </Button>
      ) : null}
    </span>
  );
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
  const [edited, setEdited] = useState<PoolNumber | "new" | null>(null);
  const take = useMutation({
    mutationFn: (member: PoolNumber) => remove(`/api/v1/caller-id-pools/${pool.id}/numbers/${member.id}`),
    onSuccess: (_, member) => {
      toast.success(`${formatPhone(member.number)} is out of the pool`);
      return client.invalidateQueries({ queryKey: ["pools"] });
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  return (
    <Card className="mt-5">
      <CardHeader
        title={pool.name}
        hint="Lower priorities are shown first, equals in turn"
        actions={
          canWrite ? (
            <Button size="sm" onClick={() => setEdited("new")}>
              <Plus /> Add number
            </Button>
          ) : null
        }
      />
      <div className="border-t border-line">
        <ListBody query={members} what="Numbers" icon={IdCard} emptyTitle="No numbers in this pool">
          {(items) => (
            <ul aria-label={`Numbers of ${pool.name}`} className="divide-y divide-line">
              {items.map((member) => (
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
              ))}
            </ul>
          )}
        </ListBody>
      </div>
      {edited ? (
        <MemberDialog pool={pool} member={edited === "new" ? null : edited} onClose={() => setEdited(null)} />
      ) : null}
    </Card>
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
                kind: "custom",
                render: (control) => <NumberControl {...control} />,
                hint: "One of yours, or enough of it to tell which",
              },
              priority,
            ]
      }
      initial={{ number: "", priority: String(member?.priority ?? 0) }}
      save={async (values) => {
        const body = { priority: Number(values.priority || 0) } satisfies Wire<"PutPoolNumberRequest">;
        const typed = values.number ?? "";
        const id = member?.id ?? (await findNumber(typed)).id;
        await put(`/api/v1/caller-id-pools/${pool.id}/numbers/${id}`, body);
      }}
      done={member ? "Priority saved" : "Number added"}
      stale={["pools"]}
    />
  );
}

const findNumber = async (typed: string) =>
  onlyNumber(typed, readPage(await get("/api/v1/numbers", { search: normaliseSearch(typed), limit: 20 }), readNumber));

/** A number of the tenant's: the newest are offered, any other is typed. */
function NumberControl({ value, onChange, ...control }: CustomControl) {
  const offered = useId();
  const numbers = useQuery(numbersQuery(1));
  return (
    <>
      <Input
        {...control}
        required
        type="tel"
        autoComplete="off"
        list={offered}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id={offered}>
        {numbers.data?.items.map(({ id, number }) => (
          <option key={id} value={formatPhone(number)} />
        ))}
      </datalist>
    </>
  );
}
