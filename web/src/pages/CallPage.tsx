import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowLeft, ArrowRight, FileAudio } from "lucide-react";
import type { ReactNode } from "react";
import { type CallDetail, isLive } from "@/api/calls";
import { ApiError } from "@/api/client";
import { callQuery } from "@/api/queries";
import type { Ref } from "@/api/read";
import { CallState, PhaseBadge, Phone, refName, Ticking } from "@/components/CallParts";
import { Money } from "@/components/Money";
import { useBuyerName } from "@/components/names";
import { Empty, Failure, Missing } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Card, CardHeader } from "@/components/ui/card";
import { cn } from "@/components/ui/cn";
import { Skeleton } from "@/components/ui/skeleton";
import { formatPhone } from "@/format/phone";
import { formatDuration, formatFull } from "@/format/time";
import { toSentence } from "@/format/words";
import { useLive } from "@/live/LiveProvider";
import { LivePill, usePolling } from "@/live/LiveStatus";
import { Player } from "@/recording/Player";
import { CallActions } from "./CallActions";
import { CallTags, CallTranscript } from "./CallNotes";
import { RoutingDecisions } from "./RoutingDecisions";
import { Timeline } from "./Timeline";
import { END_CAUSES } from "./timeline";

const route = getRouteApi("/calls/$callId");

export function CallPage() {
  const { callId } = route.useParams();
  const call = useQuery({ ...callQuery(callId), refetchInterval: usePolling() });
  return (
    <>
      <div className="mb-4 flex items-center justify-between">
        <Link to="/calls" className="inline-flex items-center gap-1.5 text-[13px] font-medium text-soft hover:text-ink">
          <ArrowLeft className="size-4" aria-hidden="true" /> Calls
        </Link>
        <span className="flex min-h-8 items-center gap-3">
          {call.data ? <CallActions call={call.data} /> : null}
          <span className="hidden lg:inline-flex">
            <LivePill />
          </span>
        </span>
      </div>
      {call.data ? (
        <Detail call={call.data} />
      ) : call.error ? (
        <Card>
          {call.error instanceof ApiError && call.error.status === 404 ? (
            <Empty icon={FileAudio} title="There is no such call">
              It may belong to another tenant, or the address may be cut short.
            </Empty>
          ) : (
            <Failure what="The call" error={call.error} onRetry={() => void call.refetch()} />
          )}
        </Card>
      ) : (
        <DetailSkeleton />
      )}
    </>
  );
}

function Detail({ call }: { call: CallDetail }) {
  return (
    <div className="grid gap-5">
      <Header call={call} />
      <div className="grid items-start gap-5 xl:grid-cols-12">
        <div className="grid min-w-0 grid-cols-1 gap-5 xl:col-span-8">
          <Recordings call={call} />
          <CallTranscript id={call.id} />
          <RoutingDecisions call={call} />
          <Timeline call={call} />
        </div>
        <div className="grid min-w-0 grid-cols-1 gap-5 xl:col-span-4">
          <MoneyCard call={call} />
          <CallTags id={call.id} />
          <Facts call={call} />
        </div>
      </div>
    </div>
  );
}

function Header({ call }: { call: CallDetail }) {
  const live = useLive();
  const nameOf = useBuyerName();
  const outbound = call.direction === "OUTBOUND";
  const known = live.state.calls.get(call.id);
  const under = isLive(call) && known?.phase !== "ended";
  const buyer = nameOf(call.buyer ?? (under ? (known?.buyer ?? null) : null));
  const phase = known && known.phase !== "ended" ? known.phase : undefined;
  return (
    <Card className={cn("overflow-hidden", under && "border-live/50")}>
      <title>{`${call.from ? formatPhone(call.from) : "Call"} · Hopwhistle`}</title>
      <div className="flex flex-wrap items-start justify-between gap-x-8 gap-y-4 p-4 sm:p-5">
        <h1 className="flex min-w-0 flex-wrap items-center gap-x-4 gap-y-3">
          <Stop label={outbound ? "Caller ID" : "Caller"}>
            <Phone value={call.from} />
          </Stop>
          <Stop arrow label={outbound ? "Called" : (refName(call.campaign) ?? "Number")}>
            <Phone value={call.to} />
          </Stop>
          <Stop arrow label="Buyer">
            {buyer && call.buyer?.id ? (
              <Link to="/buyers" className="hover:underline">
                {buyer}
              </Link>
            ) : (
              <span className="text-soft">{buyer ?? (under ? "not yet" : "none")}</span>
            )}
          </Stop>
        </h1>
        <div className="flex items-center gap-4">
          <span className="text-right text-[22px] leading-none font-semibold tracking-tight">
            {under ? (
              <Ticking since={call.startedAt} until={null} />
            ) : call.durationSeconds !== null ? (
              <span className="tabular">{formatDuration(call.durationSeconds)}</span>
            ) : (
              <Ticking since={call.startedAt} until={call.endedAt} />
            )}
          </span>
          {phase ? <PhaseBadge phase={phase} /> : <CallState call={call} />}
        </div>
      </div>
      <dl className="flex flex-wrap gap-x-8 gap-y-2 border-t border-line px-4 py-3 text-[13px] sm:px-5">
        <Fact label="Started">{call.startedAt === null ? <Missing /> : formatFull(call.startedAt)}</Fact>
        {call.callerName ? <Fact label="Caller’s name">{call.callerName}</Fact> : null}
        {call.attestation && call.attestation !== "NONE" ? <Fact label="Attestation">{call.attestation}</Fact> : null}
        {outbound && call.campaign ? <Fact label="Campaign">{refName(call.campaign)}</Fact> : null}
        {call.publisher ? <Fact label="Publisher">{refName(call.publisher)}</Fact> : null}
        {!under && call.endReason ? (
          <Fact label="How it ended">{END_CAUSES[call.endReason] ?? toSentence(call.endReason)}</Fact>
        ) : null}
        {call.converted !== null ? <Fact label="Converted">{call.converted ? "Yes" : "No"}</Fact> : null}
        {call.tags.map(([key, value]) => (
          <Fact key={key} label={key}>
            {value}
          </Fact>
        ))}
      </dl>
    </Card>
  );
}

function Stop({ label, arrow, children }: { label: string; arrow?: boolean; children: ReactNode }) {
  return (
    <span className="flex min-w-0 items-center gap-4">
      {arrow ? <ArrowRight className="mt-4 size-4 shrink-0 text-soft" aria-label="to" /> : null}
      <span className="min-w-0">
        <span className="block text-xs font-normal text-soft">{label}</span>
        <span className="mt-0.5 block truncate text-lg leading-tight font-semibold tracking-tight">{children}</span>
      </span>
    </span>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="flex gap-2">
      <dt className="text-soft">{label}</dt>
      <dd className="font-medium">{children}</dd>
    </div>
  );
}

function Recordings({ call }: { call: CallDetail }) {
  const nameOf = useBuyerName();
  const ready = call.recordings.filter(({ status }) => status === null || status.toUpperCase() === "COMPLETED");
  const failed = call.recordings.some(({ status }) => status?.toUpperCase() === "FAILED");
  return (
    <Card>
      <CardHeader title="Recording" />
      {ready.length === 0 ? (
        <Empty
          icon={FileAudio}
          title={
            failed
              ? "The recording could not be written"
              : call.recordings.length > 0
                ? "The recording is still being written"
                : "This call was not recorded"
          }
        >
          {call.recordings.length > 0 && !failed ? "It can be played as soon as the call has ended." : null}
        </Empty>
      ) : (
        ready.map((recording) => (
          <Player
            key={recording.id}
            recording={recording}
            callerLabel="Caller"
            buyerLabel={nameOf(call.buyer) ?? "Buyer"}
          />
        ))
      )}
    </Card>
  );
}

const ACCOUNTS: Record<string, string> = {
  sales_revenue: "Sales",
  payout_expense: "Payouts",
  platform_expense: "Platform expense",
  platform_payable: "Owed to the platform",
  buyer_receivable: "Owed by",
  publisher_payable: "Owed to",
};

/** Accounts are named `kind` or `kind:id`. */
function accountText(account: string | null, call: CallDetail, nameOf: (ref: Ref | null) => string | null): string {
  if (account === null) return "Account not named";
  const [kind = "", id = null] = account.split(":");
  const text = ACCOUNTS[kind];
  if (text === undefined) return account;
  if (kind === "buyer_receivable") return `${text} ${nameOf({ id, name: null }) ?? "the buyer"}`;
  if (kind === "publisher_payable")
    return `${text} ${call.publisher?.id === id ? (refName(call.publisher) ?? "the publisher") : "the publisher"}`;
  return text;
}

function MoneyCard({ call }: { call: CallDetail }) {
  const nameOf = useBuyerName();
  const { money, charges, postings } = call;
  const known = money.revenue !== null || money.payout !== null || money.cost !== null;
  return (
    <Card>
      <CardHeader title="Money" />
      {!known && charges.length === 0 ? (
        <p className="px-4 pb-5 text-[13px] text-soft sm:px-5">
          {isLive(call) ? "Known once the call has ended." : "The API delivered no amounts for this call."}
        </p>
      ) : (
        <>
          <dl className="grid gap-2 px-4 pb-4 sm:px-5">
            <Sum label="Revenue from the buyer" amount={money.revenue} currency={money.currency} />
            <Sum label="Payout to the publisher" amount={money.payout} currency={money.currency} minus />
            <Sum label="Platform cost" amount={money.cost} currency={money.currency} minus />
            <div className="mt-1 flex items-baseline justify-between gap-4 border-t border-line pt-3">
              <dt className="font-semibold">Margin</dt>
              <dd
                className={cn(
                  "text-lg font-semibold tracking-tight",
                  (money.margin ?? 0n) > 0n && "text-live-text",
                  (money.margin ?? 0n) < 0n && "text-bad-text",
                )}
              >
                <Money amount={money.margin} currency={money.currency} />
              </dd>
            </div>
          </dl>
          {charges.length > 0 ? (
            <Lines title={`Charges (${charges.length})`}>
              {charges.map((charge, index) => (
                <LineItem
                  key={index}
                  label={charge.description ?? (charge.type ? toSentence(charge.type) : "Charge")}
                  value={<Money amount={charge.amount} currency={charge.currency ?? money.currency} places={4} />}
                />
              ))}
            </Lines>
          ) : null}
          {postings.length > 0 ? (
            <Lines title={`Postings in the ledger (${postings.length})`}>
              {postings.map((posting, index) => (
                <LineItem
                  key={index}
                  label={accountText(posting.account, call, nameOf)}
                  value={<Money amount={posting.amount} currency={money.currency} places={4} />}
                />
              ))}
            </Lines>
          ) : null}
        </>
      )}
    </Card>
  );
}

interface SumProps {
  label: string;
  amount: bigint | null;
  currency: string;
  minus?: boolean;
}

function Sum({ label, amount, currency, minus }: SumProps) {
  return (
    <div className="flex items-baseline justify-between gap-4">
      <dt className="text-soft">{label}</dt>
      <dd className="font-medium">
        <Money amount={amount !== null && minus && amount > 0n ? -amount : amount} currency={currency} />
      </dd>
    </div>
  );
}

function Lines({ title, children }: { title: string; children: ReactNode }) {
  return (
    <details className="border-t border-line px-4 py-3 text-[13px] sm:px-5">
      <summary className="cursor-pointer text-soft select-none hover:text-ink">{title}</summary>
      <dl className="mt-2 grid gap-1.5">{children}</dl>
    </details>
  );
}

function LineItem({ label, value }: { label: string; value: ReactNode }) {
  return (
    <div className="flex justify-between gap-4">
      <dt className="min-w-0 break-words">{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Facts({ call }: { call: CallDetail }) {
  const nameOf = useBuyerName();
  return (
    <Card>
      <CardHeader title="Legs" />
      {call.legs.length === 0 ? (
        <p className="px-4 pb-5 text-[13px] text-soft sm:px-5">No other leg was dialled.</p>
      ) : (
        <ul className="divide-y divide-line border-t border-line text-[13px]">
          {call.legs.map((leg, index) => (
            <li key={leg.id || index} className="flex items-center justify-between gap-4 px-4 py-2.5 sm:px-5">
              <span className="min-w-0">
                <span className="block truncate font-medium">
                  {nameOf(leg.buyer) ?? (leg.role ? toSentence(leg.role) : "Leg")}
                </span>
                <span className="block truncate text-soft">{leg.destination ? formatPhone(leg.destination) : ""}</span>
              </span>
              <span className="grid shrink-0 justify-items-end gap-0.5">
                {leg.status ? (
                  <Badge tone={leg.answeredAt === null ? "neutral" : "live"}>{toSentence(leg.status)}</Badge>
                ) : null}
                {leg.answeredAt !== null ? <Ticking since={leg.answeredAt} until={leg.endedAt} /> : null}
              </span>
            </li>
          ))}
        </ul>
      )}
      <dl className="grid grid-cols-1 gap-1.5 border-t border-line px-4 py-3 text-xs text-soft sm:px-5">
        <div className="flex justify-between gap-3">
          <dt className="shrink-0">Call</dt>
          <dd className="truncate font-mono select-all">{call.id}</dd>
        </div>
        {call.callSid ? (
          <div className="flex justify-between gap-3">
            <dt className="shrink-0">SIP Call-ID</dt>
            <dd className="truncate font-mono select-all">{call.callSid}</dd>
          </div>
        ) : null}
      </dl>
    </Card>
  );
}

function DetailSkeleton() {
  return (
    <div role="status" aria-label="Loading the call" className="grid gap-5">
      <Skeleton className="h-32" />
      <div className="grid gap-5 xl:grid-cols-12">
        <Skeleton className="h-96 xl:col-span-8" />
        <Skeleton className="h-96 xl:col-span-4" />
      </div>
    </div>
  );
}
