import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { PhoneIncoming, PhoneOutgoing, SlidersHorizontal, X } from "lucide-react";
import { useMemo, useState } from "react";
import { CALL_STATUSES, type Call } from "@/api/calls";
import { CALLS_PER_PAGE, callsQuery } from "@/api/queries";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { CallDuration, CallState, DirectionIcon, Phone, refName, statusLabel } from "@/components/CallParts";
import { DialogButton } from "@/components/DialogButton";
import { ListFiles } from "@/components/ListFiles";
import { Money } from "@/components/Money";
import { useBuyerName } from "@/components/names";
import { PageHeader } from "@/components/PageHeader";
import { Pager } from "@/components/Pager";
import { PeriodSelect } from "@/components/PeriodSelect";
import { Picker } from "@/components/Picker";
import { SearchBox } from "@/components/SearchBox";
import { Empty, Failure, Missing } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { cn } from "@/components/ui/cn";
import { type Columns, DataTable } from "@/components/ui/data-table";
import { NativeSelect } from "@/components/ui/input";
import { SkeletonRows } from "@/components/ui/skeleton";
import { dayStart } from "@/format/days";
import { normaliseSearch } from "@/format/phone";
import { formatWhen } from "@/format/time";
import { useLive } from "@/live/LiveProvider";
import { usePolling } from "@/live/LiveStatus";
import { useNow } from "@/live/motion";
import type { Phase } from "@/live/reducer";
import type { CallsSearch } from "@/router";
import { PlaceCallDialog } from "./PlaceCallDialog";

const route = getRouteApi("/calls");

export function CallsPage() {
  const { user } = useAuth();
  const search = route.useSearch();
  const navigate = useNavigate();
  const live = useLive();
  const filter = {
    status: search.status,
    direction: search.direction,
    campaignId: search.campaignId,
    buyerId: search.buyerId,
    fromNumber: search.q === undefined ? undefined : normaliseSearch(search.q),
    numberId: search.numberId,
    tagId: search.tagId,
    leadId: search.leadId,
    startDate: dayStart(search.from),
    endDate: dayStart(search.until, 1),
  };
  const calls = useQuery({
    ...callsQuery({ page: search.page ?? 1, ...filter }),
    refetchInterval: usePolling(),
  });
  const change = (next: Partial<CallsSearch>) =>
    void navigate({
      to: "/calls",
      search: (old) => ({ ...old, page: undefined, focus: undefined, ...next }),
      replace: true,
    });
  const filtered = Object.entries(search).some(
    ([key, value]) => !["page", "focus"].includes(key) && value !== undefined,
  );
  const total = calls.data?.total;

  return (
    <>
      <PageHeader
        title="Calls"
        hint={
          total === null || total === undefined
            ? undefined
            : `${total.toLocaleString("en-US")} ${filtered ? "match" : "in all"}`
        }
        actions={
          <>
            <ListFiles path="/api/v1/calls" what="call" filter={filter} mayImport={false} />
            {may(user, "calls:write") ? (
              <DialogButton label="Place a call" icon={PhoneOutgoing}>
                {(close) => <PlaceCallDialog onClose={close} />}
              </DialogButton>
            ) : null}
          </>
        }
      />
      <Card>
        <Filters search={search} onChange={change} filtered={filtered} />
        {calls.error && !calls.data ? (
          <Failure what="Calls" error={calls.error} onRetry={() => void calls.refetch()} />
        ) : !calls.data ? (
          <SkeletonRows rows={10} />
        ) : calls.data.items.length === 0 ? (
          <Empty
            icon={PhoneIncoming}
            title={filtered ? "No call matches" : "No calls yet"}
            action={
              filtered ? (
                <Button
                  variant="outline"
                  size="sm"
                  onClick={() => void navigate({ to: "/calls", search: {}, replace: true })}
                >
                  Clear the filters
                </Button>
              ) : null
            }
          >
            {filtered
              ? "Try fewer filters, or another part of the number."
              : "Dial one of your numbers to see the first."}
          </Empty>
        ) : (
          <div
            className={cn("transition-opacity", calls.isPlaceholderData && "opacity-60")}
            aria-busy={calls.isPlaceholderData}
          >
            <CallsTable calls={calls.data.items} phases={live.state.calls} />
          </div>
        )}
      </Card>
      {calls.data ? (
        <Pager
          page={search.page ?? 1}
          totalPages={calls.data.totalPages}
          byTime
          full={calls.data.items.length >= CALLS_PER_PAGE}
          onPage={(page) => change({ page: page > 1 ? page : undefined })}
        />
      ) : null}
    </>
  );
}

function CallsTable({ calls, phases }: { calls: Call[]; phases: ReadonlyMap<string, { phase: Phase }> }) {
  const now = useNow();
  const nameOf = useBuyerName();
  const columns = useMemo<Columns<Call>>(() => {
    const phaseOf = (call: Call) => phases.get(call.id)?.phase;
    return [
      {
        id: "from",
        header: "From",
        cell: ({ row: { original: call } }) => (
          <span className="flex items-center gap-3">
            <DirectionIcon call={call} />
            <Phone value={call.from} className="font-medium" />
          </span>
        ),
      },
      { id: "to", header: "Number", cell: ({ row }) => <Phone value={row.original.to} className="text-soft" /> },
      {
        id: "campaign",
        header: "Campaign",
        cell: ({ row }) => <Name text={refName(row.original.campaign)} none="None" />,
      },
      { id: "buyer", header: "Buyer", cell: ({ row }) => <Name text={nameOf(row.original.buyer)} none="None" /> },
      {
        id: "state",
        header: "State",
        cell: ({ row }) => <CallState call={row.original} phase={phaseOf(row.original)} />,
      },
      {
        id: "started",
        header: "Started",
        cell: ({ row }) =>
          row.original.startedAt === null ? (
            <Missing />
          ) : (
            <span className="tabular whitespace-nowrap text-soft">{formatWhen(row.original.startedAt, now)}</span>
          ),
      },
      {
        id: "length",
        header: () => <span className="block text-right">Length</span>,
        cell: ({ row }) => (
          <span className="block text-right">
            <CallDuration call={row.original} phase={phaseOf(row.original)} />
          </span>
        ),
      },
      {
        id: "revenue",
        header: () => <span className="block text-right">Revenue</span>,
        cell: ({ row: { original: call } }) => (
          <span className="block text-right font-medium">
            <Money amount={call.money.revenue} currency={call.money.currency} />
          </span>
        ),
      },
    ];
  }, [phases, now, nameOf]);
  return (
    <DataTable
      label="Calls"
      columns={columns}
      rows={calls}
      link={(call, content, className) => (
        <Link to="/calls/$callId" params={{ callId: call.id }} className={className}>
          {content}
        </Link>
      )}
      rowClass={(call) => (phases.has(call.id) ? "animate-arrive" : undefined)}
      card={(call) => (
        <Link
          to="/calls/$callId"
          params={{ callId: call.id }}
          className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1"
        >
          <DirectionIcon call={call} />
          <Phone value={call.from} className="font-medium" />
          <CallState call={call} phase={phases.get(call.id)?.phase} />
          <span className="col-start-2 truncate text-[13px] text-soft">
            {nameOf(call.buyer) ?? refName(call.campaign) ?? "No buyer"}
          </span>
          <span className="text-right font-medium">
            <Money amount={call.money.revenue} currency={call.money.currency} />
          </span>
          <span className="col-start-2 text-[13px] text-soft">
            {call.startedAt === null ? "" : formatWhen(call.startedAt, now)}
          </span>
          <span className="text-right text-[13px] text-soft">
            <CallDuration call={call} phase={phases.get(call.id)?.phase} />
          </span>
        </Link>
      )}
    />
  );
}

function Name({ text, none }: { text: string | null; none: string }) {
  return text === null ? (
    <span className="text-soft">{none}</span>
  ) : (
    <span className="block max-w-52 truncate">{text}</span>
  );
}

interface FiltersProps {
  search: CallsSearch;
  onChange: (next: Partial<CallsSearch>) => void;
  filtered: boolean;
}

function Filters({ search, onChange, filtered }: FiltersProps) {
  const [open, setOpen] = useState(false);
  const select = (name: keyof CallsSearch) => ({
    value: String(search[name] ?? ""),
    onChange: (event: { target: { value: string } }) => onChange({ [name]: event.target.value || undefined }),
  });
  const pick = (name: "campaignId" | "buyerId" | "numberId" | "tagId" | "leadId") => ({
    value: search[name] ?? "",
    onChange: (value: string) => onChange({ [name]: value || undefined }),
  });
  return (
    <div className="flex flex-wrap items-center gap-2.5 border-b border-line p-3 sm:px-5 sm:py-4">
      <SearchBox
        label="Search calls by the caller’s number"
        placeholder="Caller begins with"
        className="w-auto min-w-0 flex-1 sm:max-w-none md:max-w-64 md:min-w-44"
        value={search.q ?? ""}
        autoFocus={search.focus === true}
        onChange={(q) => onChange({ q: q || undefined })}
      />
      <Button
        variant="outline"
        className="md:hidden"
        aria-expanded={open}
        aria-controls="call-filters"
        onClick={() => setOpen(!open)}
      >
        <SlidersHorizontal /> Filter
      </Button>
      <fieldset
        id="call-filters"
        aria-label="Filters"
        className={cn("w-full grid-cols-2 gap-2.5 md:flex md:w-auto md:flex-wrap", open ? "grid" : "hidden md:flex")}
      >
        <NativeSelect aria-label="State" {...select("status")} className="md:w-34">
          <option value="">Any state</option>
          {CALL_STATUSES.map((status) => (
            <option key={status} value={status}>
              {statusLabel(status)}
            </option>
          ))}
        </NativeSelect>
        <Picker {...pick("campaignId")} aria-label="Campaign" kind="campaign" none="Any campaign" className="md:w-38" />
        <Picker {...pick("buyerId")} aria-label="Buyer" kind="buyer" none="Any buyer" className="md:w-34" />
        <Picker {...pick("numberId")} aria-label="Number" kind="number" none="Any number" className="md:w-37" />
        <Picker {...pick("tagId")} aria-label="Tag" kind="tag" none="Any tag" className="md:w-31" />
        {search.leadId ? (
          <Picker {...pick("leadId")} aria-label="Lead" kind="lead" none="Any lead" className="md:w-39" />
        ) : null}
        <PeriodSelect from={search.from} until={search.until} any="Any time" onChange={onChange} />
      </fieldset>
      {filtered ? (
        <Button
          variant="ghost"
          size="sm"
          onClick={() =>
            onChange({
              q: undefined,
              status: undefined,
              direction: undefined,
              campaignId: undefined,
              buyerId: undefined,
              numberId: undefined,
              tagId: undefined,
              leadId: undefined,
              from: undefined,
              until: undefined,
            })
          }
        >
          <X /> Clear
        </Button>
      ) : null}
    </div>
  );
}
