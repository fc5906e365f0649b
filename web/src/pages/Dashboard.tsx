import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { ArrowRight, Building2, PhoneIncoming, PhoneOff } from "lucide-react";
import type { ReactNode } from "react";
import type { Money as CallMoney } from "@/api/calls";
import { type Summary, WINDOWS } from "@/api/dashboard";
import { balanceQuery, callsQuery, summaryQuery } from "@/api/queries";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import {
  CallDuration,
  CallState,
  DirectionIcon,
  PhaseBadge,
  PhaseIcon,
  Phone,
  RouteLine,
  Ticking,
} from "@/components/CallParts";
import { CallsChart } from "@/components/CallsChart";
import { CountingMoney, Money } from "@/components/Money";
import { useBuyerName, useCampaignName } from "@/components/names";
import { PageHeader } from "@/components/PageHeader";
import { Empty, Failure, Missing } from "@/components/States";
import { Card, CardHeader } from "@/components/ui/card";
import { cn } from "@/components/ui/cn";
import { Skeleton, SkeletonRows } from "@/components/ui/skeleton";
import { Tabs, TabsList, TabsTrigger } from "@/components/ui/tabs";
import { formatPhone } from "@/format/phone";
import { formatDurationWords, formatPercent, formatWhen } from "@/format/time";
import { toWords } from "@/format/words";
import { useLive } from "@/live/LiveProvider";
import { usePolling } from "@/live/LiveStatus";
import { useCountUp, useNow } from "@/live/motion";
import { type LiveCall, sorted } from "@/live/reducer";
import { FirstSteps } from "./FirstSteps";

const route = getRouteApi("/");

export function Dashboard() {
  const { user } = useAuth();
  const polling = usePolling();
  const navigate = useNavigate();
  const search = route.useSearch();
  const period = WINDOWS.find(({ value }) => value === search.window) ?? WINDOWS[0];
  const summary = useQuery({ ...summaryQuery(period.value), refetchInterval: polling || 30_000 });
  return (
    <>
      <PageHeader
        title="Dashboard"
        hint={user?.tenant?.name ?? undefined}
        actions={
          <Tabs
            value={period.value}
            onValueChange={(value) =>
              void navigate({ to: "/", search: { window: value === "today" ? undefined : value }, replace: true })
            }
          >
            <TabsList aria-label="Period">
              {WINDOWS.map(({ value, label }) => (
                <TabsTrigger key={value} value={value} aria-controls="figures">
                  {label}
                </TabsTrigger>
              ))}
            </TabsList>
          </Tabs>
        }
      />
      {summary.error && !summary.data ? (
        <Card className="mb-5">
          <Failure what="The figures" error={summary.error} onRetry={() => void summary.refetch()} />
        </Card>
      ) : (
        <div
          id="figures"
          aria-busy={summary.isPlaceholderData}
          className={cn("transition-opacity", summary.isPlaceholderData && "opacity-60")}
        >
          <Figures summary={summary.data} />
        </div>
      )}
      <div className="mt-5 grid items-start gap-5 xl:grid-cols-12">
        <div className="grid min-w-0 grid-cols-1 gap-5 xl:col-span-7">
          <LivePanel />
          <RecentCalls />
        </div>
        <div className="grid min-w-0 grid-cols-1 gap-5 xl:col-span-5">
          <Card>
            <CardHeader title={`Calls ${period.spans}`} />
            {summary.data ? (
              <CallsChart
                points={summary.data.series}
                currency={summary.data.currency}
                title={`Calls ${period.spans}`}
              />
            ) : (
              <Skeleton className="m-5 h-56" />
            )}
          </Card>
          <TopBuyers summary={summary.data} />
        </div>
      </div>
    </>
  );
}

function Figures({ summary }: { summary: Summary | undefined }) {
  const balance = useQuery(balanceQuery);
  if (!summary) return <FiguresSkeleton />;
  const { currency } = summary;
  const share = (part: number | null, whole: number | null) =>
    part !== null && whole !== null && whole > 0 ? formatPercent(part / whole) : null;
  return (
    <Card className="grid overflow-hidden lg:grid-cols-[minmax(19rem,5fr)_8fr]">
      <div className="border-b border-line p-5 lg:border-r lg:border-b-0">
        <p className="text-[13px] text-soft">Revenue</p>
        <p className="mt-1 text-[40px] leading-none font-semibold tracking-tight">
          <CountingMoney amount={summary.revenue} currency={currency} />
        </p>
        <Split summary={summary} />
        <dl className="mt-3 grid grid-cols-3 gap-3 text-[13px]">
          <Small label="Payout" swatch="bg-bar-answered">
            <CountingMoney amount={summary.payout} currency={currency} />
          </Small>
          <Small label="Platform cost" swatch="bg-bar-missed">
            <CountingMoney amount={summary.cost} currency={currency} />
          </Small>
          <Small label="Margin" swatch="bg-bar-sold">
            <CountingMoney
              amount={summary.margin}
              currency={currency}
              className={summary.margin !== null && summary.margin > 0n ? "text-live-text" : ""}
            />
          </Small>
        </dl>
      </div>
      <dl className="grid grid-cols-2 gap-px bg-line sm:grid-cols-3">
        <Figure label="Active now" value={<Count value={summary.activeNow} />} live={(summary.activeNow ?? 0) > 0} />
        <Figure
          label="Calls"
          value={<Count value={summary.calls} />}
          note={share(summary.answered, summary.calls)}
          noteText="answered"
        />
        <Figure
          label="Sold"
          value={<Count value={summary.sold} />}
          note={share(summary.sold, summary.calls)}
          noteText="of calls"
        />
        <Figure
          label="Converted"
          value={<Count value={summary.converted} />}
          note={share(summary.converted, summary.sold)}
          noteText="of sold"
        />
        <Figure
          label="Average length"
          value={summary.ahtSeconds === null ? <Missing /> : formatDurationWords(summary.ahtSeconds)}
        />
        <Figure
          label="Balance"
          value={<Money amount={balance.data?.available} currency={balance.data?.currency ?? currency} />}
          note={balance.data ? "available" : null}
        />
      </dl>
    </Card>
  );
}

/** How the revenue divides. Without a whole of three known, positive parts there is nothing true to draw. */
function Split({ summary: { revenue, payout, cost, margin } }: { summary: Summary }) {
  if (revenue === null || revenue <= 0n || payout === null || cost === null || margin === null || margin < 0n) {
    return <div className="mt-5 h-2 rounded-full bg-sunken" aria-hidden="true" />;
  }
  const parts: [string, bigint][] = [
    ["bg-bar-answered", payout],
    ["bg-bar-missed", cost],
    ["bg-bar-sold", margin],
  ];
  return (
    <div className="mt-5 flex h-2 gap-0.5 overflow-hidden rounded-full" aria-hidden="true">
      {parts.map(([fill, amount]) => (
        <span
          key={fill}
          className={cn("block transition-[width] duration-700", fill)}
          style={{ width: `${Number((amount * 10_000n) / revenue) / 100}%` }}
        />
      ))}
    </div>
  );
}

function Small({ label, swatch, children }: { label: string; swatch: string; children: ReactNode }) {
  return (
    <div>
      <dt className="flex items-center gap-1.5 text-soft">
        <span className={cn("size-2 shrink-0 rounded-full", swatch)} aria-hidden="true" />
        <span className="truncate">{label}</span>
      </dt>
      <dd className="mt-0.5 text-[15px] font-medium">{children}</dd>
    </div>
  );
}

interface FigureProps {
  label: string;
  value: ReactNode;
  note?: string | null;
  noteText?: string;
  live?: boolean;
}

function Figure({ label, value, note, noteText, live }: FigureProps) {
  return (
    <div className="bg-surface px-5 py-4">
      <dt className="flex items-center gap-2 text-[13px] text-soft">
        {label}
        {live ? <span className="size-2 animate-halo rounded-full bg-live" aria-hidden="true" /> : null}
      </dt>
      <dd className="mt-1 text-[22px] leading-tight font-semibold tracking-tight">{value}</dd>
      {note ? (
        <dd className="mt-0.5 text-[13px] text-soft">
          {note} {noteText}
        </dd>
      ) : null}
    </div>
  );
}

function Count({ value }: { value: number | null }) {
  const shown = useCountUp(value);
  if (value === null || shown === null) return <Missing />;
  return (
    <span className="tabular">
      <span aria-hidden="true">{Math.round(shown).toLocaleString("en-US")}</span>
      <span className="sr-only">{value}</span>
    </span>
  );
}

function FiguresSkeleton() {
  return (
    <Card role="status" aria-label="Loading the figures" className="grid gap-6 p-5 sm:grid-cols-4">
      {Array.from({ length: 4 }, (_, index) => (
        <div key={index} className="grid gap-3">
          <Skeleton className="h-3.5 w-20" />
          <Skeleton className="h-8 w-32" />
          <Skeleton className="h-3.5 w-24" />
        </div>
      ))}
    </Card>
  );
}

const LIVE_ROWS_MAX = 12;
const recentQuery = callsQuery({ page: 1 }, 8);

function LivePanel() {
  const { state, loaded, error } = useLive();
  const recent = useQuery(recentQuery);
  const calls = sorted(state);
  const underWay = calls.filter((call) => call.phase !== "ended").length;
  return (
    <Card aria-labelledby="live-calls">
      <CardHeader
        id="live-calls"
        title="Live calls"
        hint={loaded ? (underWay === 0 ? "Nobody is on the line" : `${underWay} on the line`) : undefined}
      />
      {!loaded && error ? (
        <Failure what="Live calls" error={error} />
      ) : !loaded ? (
        <SkeletonRows rows={3} />
      ) : calls.length === 0 ? (
        <Empty icon={PhoneOff} title="No call right now">
          The next call appears here the moment it arrives.
        </Empty>
      ) : (
        <ul className="divide-y divide-line border-t border-line">
          {calls.slice(0, LIVE_ROWS_MAX).map((call) => (
            <LiveRow
              key={call.id}
              call={call}
              money={recent.data?.items.find(({ id, endedAt }) => id === call.id && endedAt !== null)?.money}
            />
          ))}
          {calls.length > LIVE_ROWS_MAX ? (
            <li className="px-5 py-3 text-[13px] text-soft">and {calls.length - LIVE_ROWS_MAX} more</li>
          ) : null}
        </ul>
      )}
    </Card>
  );
}

function LiveRow({ call, money }: { call: LiveCall; money: CallMoney | undefined }) {
  const nameOf = useBuyerName();
  const campaignOf = useCampaignName();
  const buyer = nameOf(call.buyer);
  const ended = call.phase === "ended";
  return (
    <li className={cn("animate-arrive", ended && "[&_*]:font-normal")}>
      <Link
        to="/calls/$callId"
        params={{ callId: call.id }}
        className="flex items-center gap-3 px-4 py-3 outline-offset-[-2px] hover:bg-sunken/60 sm:px-5"
      >
        <PhaseIcon phase={call.phase} />
        <span className="min-w-0 flex-1">
          <RouteLine call={call} buyerName={buyer} />
          <span className="mt-0.5 block truncate text-[13px] text-soft">
            <span className="sm:hidden">→ {buyer ?? (call.to ? formatPhone(call.to) : "")} · </span>
            {campaignOf(call.campaign) ?? "No campaign"}
            {ended && call.endReason && call.endReason !== "normal" ? ` · ${toWords(call.endReason)}` : ""}
          </span>
        </span>
        <span className="grid shrink-0 justify-items-end gap-1">
          <PhaseBadge phase={call.phase} />
          <span className="text-[13px] text-soft">
            {ended && money?.revenue ? (
              <Money amount={money.revenue} currency={money.currency} className="font-medium text-live-text" />
            ) : (
              <Ticking since={call.connectedAt ?? call.startedAt} until={call.endedAt} />
            )}
          </span>
        </span>
      </Link>
    </li>
  );
}

function RecentCalls() {
  const { user } = useAuth();
  const calls = useQuery({ ...recentQuery, refetchInterval: usePolling() });
  const live = useLive();
  const phaseOf = (id: string) => live.state.calls.get(id)?.phase;
  const now = useNow();
  const nameOf = useBuyerName();
  return (
    <Card>
      <CardHeader
        title="Recent calls"
        actions={
          <Link to="/calls" className="flex items-center gap-1 text-[13px] font-medium text-link hover:underline">
            All calls <ArrowRight className="size-3.5" aria-hidden="true" />
          </Link>
        }
      />
      {calls.error && !calls.data ? (
        <Failure what="Recent calls" error={calls.error} onRetry={() => void calls.refetch()} />
      ) : !calls.data ? (
        <SkeletonRows rows={5} />
      ) : calls.data.items.length === 0 && may(user, "campaigns:write") ? (
        <FirstSteps />
      ) : calls.data.items.length === 0 ? (
        <Empty icon={PhoneIncoming} title="No calls yet">
          Dial one of your numbers, and the call will be here.
        </Empty>
      ) : (
        <ul className="divide-y divide-line border-t border-line">
          {calls.data.items.map((call) => (
            <li key={call.id}>
              <Link
                to="/calls/$callId"
                params={{ callId: call.id }}
                className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3 px-4 py-2.5 outline-offset-[-2px] hover:bg-sunken/60 sm:grid-cols-[auto_minmax(9rem,1.1fr)_minmax(0,1.2fr)_7.5rem_4rem_5rem] sm:px-5"
              >
                <DirectionIcon call={call} />
                <span className="min-w-0">
                  <Phone value={call.from} className="font-medium" />
                  <span className="block truncate text-[13px] text-soft">
                    {call.startedAt ? formatWhen(call.startedAt, now) : ""}
                    <span className="sm:hidden"> · {nameOf(call.buyer) ?? "no buyer"}</span>
                  </span>
                </span>
                <span className="hidden truncate sm:block">
                  {nameOf(call.buyer) ?? <span className="text-soft">No buyer</span>}
                </span>
                <span className="hidden sm:block">
                  <CallState call={call} phase={phaseOf(call.id)} />
                </span>
                <span className="hidden text-right text-soft sm:block">
                  <CallDuration call={call} phase={phaseOf(call.id)} />
                </span>
                <span className="grid justify-items-end text-right font-medium">
                  {phaseOf(call.id) && phaseOf(call.id) !== "ended" ? (
                    <span className="sm:hidden">
                      <CallState call={call} phase={phaseOf(call.id)} />
                    </span>
                  ) : null}
                  <Money amount={call.money.revenue} currency={call.money.currency} />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function TopBuyers({ summary }: { summary: Summary | undefined }) {
  const rows = summary?.topBuyers ?? [];
  const best = rows.reduce((most, row) => (row.revenue !== null && row.revenue > most ? row.revenue : most), 1n);
  return (
    <Card>
      <CardHeader title="Best buyers" hint="By what they paid" />
      {!summary ? (
        <SkeletonRows rows={4} />
      ) : rows.length === 0 ? (
        <Empty icon={Building2} title="No buyer has taken a call yet" />
      ) : (
        <ol className="grid gap-4 px-4 pb-5 sm:px-5">
          {rows.map((row, index) => (
            <li key={row.buyer.id ?? index}>
              <div className="flex items-baseline justify-between gap-3">
                <span className="truncate font-medium">{row.buyer.name ?? <Missing />}</span>
                <Money amount={row.revenue} currency={summary.currency} className="font-medium" />
              </div>
              <div className="mt-1.5 flex items-center gap-3">
                <span className="h-1.5 flex-1 overflow-hidden rounded-full bg-sunken" aria-hidden="true">
                  <span
                    className="block h-full rounded-full bg-bar-sold transition-[width] duration-700"
                    style={{ width: `${Number(((row.revenue ?? 0n) * 1000n) / best) / 10}%` }}
                  />
                </span>
                <span className="w-16 text-right text-[13px] text-soft">
                  {row.calls === null ? "" : `${row.calls} call${row.calls === 1 ? "" : "s"}`}
                </span>
              </div>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}
