import { useMutation, useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { ScrollText, ShieldCheck } from "lucide-react";
import { useCallback, useMemo } from "react";
import { toast } from "sonner";
import { get } from "@/api/client";
import { type AuditEntry, changesOf } from "@/api/people";
import { auditQuery } from "@/api/queries";
import { asFlag, asNumber, asRecord, asText, type Wire } from "@/api/read";
import { FilteredList } from "@/components/FilteredList";
import { ListFiles } from "@/components/ListFiles";
import { useListSearch } from "@/components/listSearch";
import { useNamesOf } from "@/components/names";
import { PageHeader } from "@/components/PageHeader";
import { Picker } from "@/components/Picker";
import { SearchBox } from "@/components/SearchBox";
import { messageOf } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import type { Columns } from "@/components/ui/data-table";
import { Dialog } from "@/components/ui/dialog";
import { NativeSelect } from "@/components/ui/input";
import { formatFull } from "@/format/time";

export function AuditPage() {
  const { action, userId, outcome } = useSearch({ from: "/audit" });
  const list = useListSearch();
  const filter = { action, userId, success: outcome && outcome === "done" };
  const entries = useQuery(auditQuery(list.page, filter));
  const names = useNamesOf("user", entries.data?.items.map((entry) => entry.userId) ?? []);
  const who = useCallback(
    (entry: AuditEntry) =>
      entry.userId ? (names.get(entry.userId) ?? "A user") : entry.apiKeyId ? "An API key" : "Nobody signed in",
    [names],
  );
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
        actions={
          <>
            <ListFiles path="/api/v1/audit-logs" what="audit-log" filter={filter} mayImport={false} />
            <Verify />
          </>
        }
      />
      <FilteredList
        query={entries}
        list={list}
        label="Audit log"
        icon={ScrollText}
        empty={{ title: "Nothing was done yet", matched: "Nothing was found" }}
        filters={
          <div className="grid w-full gap-3 sm:grid-cols-3">
            <SearchBox
              label="Action"
              placeholder="Action, such as user.update"
              className="sm:max-w-none"
              value={action ?? ""}
              onChange={(value) => list.narrow({ action: value || undefined })}
            />
            <Picker
              aria-label="Who"
              kind="user"
              none="Everybody"
              value={userId ?? ""}
              onChange={(value) => list.narrow({ userId: value || undefined })}
            />
            <NativeSelect
              aria-label="Outcome"
              value={outcome ?? ""}
              onChange={(event) => list.narrow({ outcome: event.target.value || undefined })}
            >
              <option value="">Done and refused</option>
              <option value="done">Done</option>
              <option value="refused">Refused</option>
            </NativeSelect>
          </div>
        }
        columns={columns}
        summary={(entry) => ({
          title: <code className="font-mono text-[13px] font-normal">{entry.action}</code>,
          text: `${who(entry)}, ${entry.at === null ? "" : formatFull(entry.at)}`,
          state: <Outcome entry={entry} />,
        })}
        dialog={(entry, close) => <EntryDialog entry={entry} who={who(entry)} onClose={close} />}
      />
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
