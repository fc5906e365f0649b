import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ListX, LoaderCircle, Pencil, Trash2, Upload } from "lucide-react";
import { type ChangeEvent, useRef, useState } from "react";
import { toast } from "sonner";
import { patch, post, remove, upload } from "@/api/client";
import { type DncList, type ImportReport, pastedNumbers, readImportReport } from "@/api/leads";
import { dncEntriesQuery, dncListsQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { Phone } from "@/components/CallParts";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import type { Columns } from "@/components/ui/data-table";
import { formatPhone } from "@/format/phone";
import { formatFull } from "@/format/time";
import { plural, toSentence } from "@/format/words";

const numberOf = new Intl.NumberFormat();

function reachOf(list: DncList): string {
  if (list.type === "GLOBAL" || list.appliesToAll) return "Every call";
  return list.campaigns.length === 0 ? "No campaign yet" : plural(list.campaigns.length, "campaign");
}

const columns: Columns<DncList> = [
  { id: "name", header: "List", cell: ({ row }) => <span className="font-medium">{row.original.name}</span> },
  {
    id: "type",
    header: "Kind",
    cell: ({ row }) => <span className="text-soft">{toSentence(row.original.type ?? "")}</span>,
  },
  { id: "reach", header: "Holds for", cell: ({ row }) => <span className="text-soft">{reachOf(row.original)}</span> },
  {
    id: "entries",
    header: "Numbers",
    cell: ({ row }) => <span className="tabular">{numberOf.format(row.original.entries)}</span>,
  },
  { id: "status", header: "Status", cell: ({ row }) => <ResourceStatus status={row.original.status} /> },
];

export function DncPage() {
  const { user } = useAuth();
  const { list: chosen } = useSearch({ from: "/dnc" });
  const navigate = useNavigate({ from: "/dnc" });
  const lists = useQuery(dncListsQuery);
  const canWrite = may(user, "compliance:write");
  const open = lists.data?.items.find(({ id }) => id === chosen) ?? null;
  const add = canWrite ? (
    <DialogButton label="New list">{(close) => <ListDialog list={null} onClose={close} />}</DialogButton>
  ) : null;
  return (
    <>
      <PageHeader title="Do not call" hint="Numbers that are neither called nor sold" actions={add} />
      <FilteredList
        query={lists}
        label="Do-not-call lists"
        icon={ListX}
        empty={{
          title: "No lists yet",
          hint: "A list for those who asked not to be called is the first one every business needs.",
          action: add,
        }}
        columns={columns}
        summary={(list) => ({
          title: list.name,
          text: `${plural(list.entries, "number")}, ${reachOf(list).toLowerCase()}`,
          state: <ResourceStatus status={list.status} />,
        })}
        onOpen={(list) => void navigate({ search: { list: list.id }, replace: true })}
      />
      {open ? <Entries key={open.id} list={open} canWrite={canWrite} /> : null}
    </>
  );
}

function Entries({ list, canWrite }: { list: DncList; canWrite: boolean }) {
  const client = useQueryClient();
  const shown = useListSearch();
  const [leaving, setLeaving] = useState<string | null>(null);
  const [report, setReport] = useState<ImportReport | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const entries = useQuery(dncEntriesQuery(list.id, shown.q, shown.page));
  const path = `/api/v1/compliance/dnc-lists/${list.id}`;
  const stale = () => client.invalidateQueries({ queryKey: ["dnc"] });
  const take = useMutation({
    mutationFn: (number: string) => remove(`${path}/entries/${encodeURIComponent(number)}`),
    onSuccess: () => {
      setLeaving(null);
      return stale();
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  const bring = useMutation({
    mutationFn: async (chosen: File) => readImportReport(await upload(`${path}/import?onError=continue`, chosen)),
    onSuccess: (done) => {
      setReport(done);
      toast.success(`${plural(done.added, "number")} added, ${numberOf.format(done.unchanged)} were there already`);
      return stale();
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  const picked = (event: ChangeEvent<HTMLInputElement>) => {
    const chosen = event.target.files?.[0];
    event.target.value = "";
    if (chosen) bring.mutate(chosen);
  };
  return (
    <>
      <FilteredList
        className="mt-5"
        query={entries}
        list={shown}
        named
        label="Numbers on the list"
        icon={ListX}
        search="Search numbers"
        title={list.name}
        hint={plural(list.entries, "number")}
        actions={
          canWrite ? (
            <div className="flex flex-wrap gap-2">
              <DialogButton label="Edit list" icon={Pencil} size="sm" variant="outline">
                {(close) => <ListDialog list={list} onClose={close} />}
              </DialogButton>
              <input
                ref={file}
                type="file"
                accept=".csv,.txt,text/csv,text/plain"
                className="sr-only"
                tabIndex={-1}
                aria-label="File of numbers"
                onChange={picked}
              />
              <Button variant="outline" size="sm" disabled={bring.isPending} onClick={() => file.current?.click()}>
                {bring.isPending ? <LoaderCircle className="animate-spin" /> : <Upload />} Import file
              </Button>
              <DialogButton label="Add numbers" size="sm">
                {(close) => <AddDialog path={path} onClose={close} />}
              </DialogButton>
            </div>
          ) : null
        }
        notice={report && report.refused > 0 ? <Refused report={report} /> : null}
        empty={{ title: "No numbers on this list", matched: "No number matches" }}
        row={(entry) => (
          <li key={entry.number} className="flex items-center gap-4 px-4 py-2.5 sm:px-5">
            <Phone value={entry.number} className="font-medium" />
            <span className="min-w-0 flex-1 truncate text-[13px] text-soft">
              {[entry.reason, entry.source].filter(Boolean).join(", ")}
            </span>
            <span className="hidden text-[13px] text-soft sm:block">
              {entry.createdAt === null ? "" : formatFull(entry.createdAt)}
            </span>
            {canWrite ? (
              <Button
                variant="ghost"
                size="icon-sm"
                aria-label={`Take ${entry.number} off the list`}
                onClick={() => setLeaving(entry.number)}
              >
                <Trash2 />
              </Button>
            ) : null}
          </li>
        )}
      />
      <ConfirmDialog
        open={leaving !== null}
        onClose={() => setLeaving(null)}
        title={`Take ${leaving ? formatPhone(leaving) : "it"} off the list?`}
        text="It may be called again. That it was on the list stays on record."
        confirm="Take off"
        pending={take.isPending}
        onConfirm={() => leaving && take.mutate(leaving)}
      />
    </>
  );
}

function Refused({ report }: { report: ImportReport }) {
  return (
    <div role="alert" className="border-b border-line bg-bad-soft px-4 py-3 text-[13px] text-bad-text sm:px-5">
      {plural(report.refused, "row")} could not be taken:
      <ul className="mt-1 list-inside list-disc">
        {report.faults.slice(0, 20).map((fault) => (
          <li key={fault.line}>
            line {fault.line} {fault.message}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** `path` is the list's. */
function AddDialog({ path, onClose }: { path: string; onClose: () => void }) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title="Add numbers"
      fields={[
        { name: "phoneNumbers", label: "Numbers", kind: "area", required: true, hint: "One a line, at most 1,000" },
        { name: "reason", label: "Reason", placeholder: "Asked on the phone" },
      ]}
      initial={{ phoneNumbers: "", reason: "" }}
      save={(values) => {
        const phoneNumbers = pastedNumbers(values.phoneNumbers ?? "");
        const body = { phoneNumbers, reason: values.reason || null } satisfies Wire<"AddDncEntriesRequest">;
        return post(`${path}/entries`, body);
      }}
      done="Numbers added"
      stale={["dnc"]}
      submitLabel="Add"
    />
  );
}

function ListDialog({ list, onClose }: { list: DncList | null; onClose: () => void }) {
  if (list) {
    return (
      <ResourceDialog
        open
        onOpenChange={onClose}
        title={list.name}
        fields={[
          { name: "name", label: "Name", required: true },
          {
            name: "status",
            label: "Status",
            kind: "select",
            options: [
              { value: "active", label: "Active" },
              { value: "inactive", label: "Inactive: kept, and not consulted" },
            ],
          },
        ]}
        initial={{ name: list.name, status: list.status ?? "active" }}
        save={(values) => patch(`/api/v1/compliance/dnc-lists/${list.id}`, values)}
        done="List saved"
        stale={["dnc"]}
      />
    );
  }
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title="New do-not-call list"
      fields={[
        { name: "name", label: "Name", required: true, placeholder: "Asked not to be called" },
        { name: "type", label: "Kind", kind: "select", options: choices("GLOBAL", "CAMPAIGN", "CUSTOM") },
        {
          name: "campaignId",
          label: "Campaign",
          kind: "pick",
          pick: "campaign",
          none: "None",
          when: ({ type }) => type !== "GLOBAL",
          hint: "For a campaign's list, and a custom one that holds for one campaign; without it a custom list holds for every call",
        },
      ]}
      initial={{ name: "", type: "GLOBAL", campaignId: "" }}
      save={(values) => {
        const campaign = values.campaignId || null;
        const type = (values.type ?? "GLOBAL") as "GLOBAL" | "CAMPAIGN" | "CUSTOM";
        const custom = campaign === null ? { appliesToAll: true } : { campaignIds: [campaign] };
        const body = {
          name: values.name ?? "",
          type,
          ...(type === "CAMPAIGN" ? { campaignId: campaign } : {}),
          ...(type === "CUSTOM" ? custom : {}),
        } satisfies Wire<"CreateDncListRequest">;
        return post("/api/v1/compliance/dnc-lists", body);
      }}
      done="List added"
      stale={["dnc"]}
    />
  );
}
