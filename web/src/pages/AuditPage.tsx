import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ScrollText, ShieldCheck } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { toast } from "sonner";
import { get } from "@/api/client";
import { type AuditEntry, changesOf } from "@/api/people";
import { auditQuery, CALLS_PER_PAGE, usersQuery } from "@/api/queries";
import { asFlag, asNumber, asRecord, asText, type Wire } from "@/api/read";
import { ListBody } from "@/components/ListBody";
import { PageHeader } from "@/components/PageHeader";
import { Pager } from "@/components/Pager";
import { messageOf } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { type Columns, DataTable } from "@/components/ui/data-table";
import { Dialog } from "@/components/ui/dialog";
import { Input, NativeSelect } from "@/components/ui/input";
import { formatFull } from "@/format/time";

export function AuditPage() {
  const search = useSearch({ from: "/audit" });
  const navigate = useNavigate({ from: "/audit" });
  const { page = 1, action, userId, outcome } = search;
  const entries = useQuery(auditQuery(page, { action, userId, success: outcome && outcome === "done" }));
  const people = useQuery(usersQuery(1, ""));
  const [opened, setOpened] = useState<AuditEntry | null>(null);
  const names = useMemo(() => new Map(people.data?.items.map(({ id, name }) => [id, name])), [people.data]);
  const who = useCallback(
    (entry: AuditEntry) =>
      entry.userId ? (names.get(entry.userId) ?? "A user") : entry.apiKeyId ? "An API key" : "Nobody signed in",
    [names],
  );
  const narrow = (change: Partial<typeof search>) =>
    void navigate({ search: { ...search, page: undefined, ...change }, replace: true });
  const columns = useMemo<Columns<AuditEntry>>(
    () => [
      {
        id: "action",
        header: "What",
        cell: ({ row }) => <code className="font-mono text-[13px]">{row.original.action}</code>,
      },
      { id: "who", header: "Who", cell: ({ row }) => who(row.original) },
      {
        id: "at",
        header: "When",
        cell: ({ row }) => (
          <span className="text-soft">{row.original.at === null ? "" : formatFull(row.original.at)}</span>
        ),
      },
      { id: "address", header: "From", cell: ({ row }) => <span className="text-soft">{row.original.address}</span> },
      { id: "outcome", header: "Outcome", cell: ({ row }) => <Outcome entry={row.original} /> },
    ],
    [who],
  );
  return (
    <>
      <PageHeader
        title="Audit log"
        hint="What was changed, and what was looked at that is sensitive"
        actions={<Verify />}
      />
      <Card>
        <div className="grid gap-3 border-b border-line p-3 sm:grid-cols-3 sm:px-5">
          <Input
            data-search
            type="search"
            aria-label="Action"
            placeholder="Action, such as user.update"
            value={action ?? ""}
            onChange={(event) => narrow({ action: event.target.value || undefined })}
          />
          <NativeSelect
            aria-label="Who"
            value={userId ?? ""}
            onChange={(event) => narrow({ userId: event.target.value || undefined })}
          >
            <option value="">Everybody</option>
            {people.data?.items.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </NativeSelect>
          <NativeSelect
            aria-label="Outcome"
            value={outcome ?? ""}
            onChange={(event) => narrow({ outcome: event.target.value || undefined })}
          >
            <option value="">Done and refused</option>
            <option value="done">Done</option>
            <option value="refused">Refused</option>
          </NativeSelect>
        </div>
        <ListBody query={entries} what="The audit log" icon={ScrollText} emptyTitle="Nothing was found">
          {(items) => (
            <DataTable
              label="Audit log"
              columns={columns}
              rows={items}
              rowId={(entry) => entry.id}
              opener={(row, content, className) => (
                <button type="button" className={className} onClick={() => setOpened(row)}>
                  {content}
                </button>
              )}
              card={(entry) => (
                <button
                  type="button"
                  className="flex w-full items-center justify-between gap-3 text-left"
                  onClick={() => setOpened(entry)}
                >
                  <span className="min-w-0">
                    <code className="block truncate font-mono text-[13px]">{entry.action}</code>
                    <span className="block truncate text-[13px] text-soft">
                      {who(entry)}, {entry.at === null ? "" : formatFull(entry.at)}
                    </span>
                  </span>
                  <Outcome entry={entry} />
                </button>
              )}
            />
          )}
        </ListBody>
      </Card>
      <Pager
        page={page}
        totalPages={entries.data?.totalPages ?? null}
        full={(entries.data?.items.length ?? 0) >= CALLS_PER_PAGE}
        onPage={(next) => void navigate({ search: { ...search, page: next > 1 ? next : undefined } })}
      />
      {opened ? <EntryDialog entry={opened} who={who(opened)} onClose={() => setOpened(null)} /> : null}
    </>
  );
}

function Outcome({ entry }: { entry: AuditEntry }) {
  return entry.succeeded ? <Badge tone="neutral">Done</Badge> : <Badge tone="bad">Refused</Badge>;
}

function EntryDialog({ entry, who, onClose }: { entry: AuditEntry; who: string; onClose: () => void }) {
  const changes = changesOf(entry);
  const facts = [
    ["Who", who],
    ["When", entry.at === null ? "" : formatFull(entry.at)],
    ["What it was done to", [entry.entity, entry.entityId].filter(Boolean).join(" ")],
    ["From", entry.address ?? ""],
    ["Place in the chain", entry.sequence ?? ""],
  ].filter(([, value]) => value);
  return (
    <Dialog open onOpenChange={onClose} title={entry.action} className="sm:max-w-2xl">
      <dl className="mb-4 grid gap-2 text-[13px]">
        {facts.map(([label, value]) => (
          <div key={label} className="grid grid-cols-[9rem_1fr] gap-3">
            <dt className="text-soft">{label}</dt>
            <dd className="min-w-0 break-words">{value}</dd>
          </div>
        ))}
      </dl>
      {changes.length === 0 ? (
        <p className="text-[13px] text-soft">Nothing was changed.</p>
      ) : (
        <ul aria-label="Changes" className="divide-y divide-line rounded-lg border border-line text-[13px]">
          {changes.map(({ field, before, after }) => (
            <li key={field} className="grid gap-1 px-3 py-2">
              <span className="font-medium">{field}</span>
              {before ? <del className="break-words text-soft">{before}</del> : null}
              {after ? <ins className="break-words no-underline">{after}</ins> : null}
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

/** Asks the platform whether the chain of hashes holds. */
function Verify() {
  const verify = useMutation({
    mutationFn: async () => {
      const found: Wire<"AuditVerification"> = asRecord(await get("/api/v1/audit-logs/verify"));
      const entries = asNumber(found.entries) ?? 0;
      if (asFlag(found.valid) === true) toast.success(`The chain holds: ${entries} entries, none changed or left out`);
      else
        toast.error(`The chain is broken at ${asNumber(found.brokenAt) ?? "its end"}: ${asText(found.reason) ?? ""}`);
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  return (
    <Button variant="outline" disabled={verify.isPending} onClick={() => verify.mutate()}>
      <ShieldCheck /> Verify
    </Button>
  );
}
