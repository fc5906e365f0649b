import {
  ArrowRight,
  PhoneCall,
  PhoneForwarded,
  PhoneIncoming,
  PhoneMissed,
  PhoneOff,
  PhoneOutgoing,
} from "lucide-react";
import { type Call, type CallStatus, LIVE_STATUSES } from "@/api/calls";
import type { Ref } from "@/api/read";
import { formatPhone } from "@/format/phone";
import { formatDuration } from "@/format/time";
import { useNow } from "@/live/motion";
import type { LiveCall, Phase } from "@/live/reducer";
import { Missing } from "./States";
import { Badge, type Tone } from "./ui/badge";
import { cn } from "./ui/cn";

const STATUS: Record<CallStatus, { label: string; tone: Tone }> = {
  INITIATED: { label: "Arriving", tone: "info" },
  RINGING: { label: "Ringing", tone: "warn" },
  ANSWERED: { label: "In progress", tone: "live" },
  COMPLETED: { label: "Completed", tone: "neutral" },
  FAILED: { label: "Failed", tone: "bad" },
  BUSY: { label: "Busy", tone: "warn" },
  NO_ANSWER: { label: "No answer", tone: "warn" },
  CANCELLED: { label: "Caller left", tone: "neutral" },
};

export const statusLabel = (status: CallStatus): string => STATUS[status].label;

const PHASE: Record<Phase, { label: string; tone: Tone }> = {
  arriving: { label: "Arriving", tone: "info" },
  answered: { label: "In the flow", tone: "info" },
  ringing: { label: "Ringing buyer", tone: "warn" },
  connected: { label: "Connected", tone: "live" },
  ended: { label: "Ended", tone: "neutral" },
};

type Outcome = Pick<Call, "status" | "connectedAt" | "endedAt" | "converted">;

/** To a telephone a call is completed that met an announcement; here it counts whether it was sold. */
function outcomeOf({ connectedAt, endedAt, converted }: Outcome, status: CallStatus): { label: string; tone: Tone } {
  if (status !== "COMPLETED" || endedAt === null) return STATUS[status];
  if (connectedAt === null) return { label: "No buyer", tone: "warn" };
  if (converted === true) return { label: "Sold", tone: "live" };
  return { label: converted === false ? "Not paid" : "Completed", tone: "neutral" };
}

/** The live phase where it is known, for it is finer than the stored status. */
export function CallState({ call, phase }: { call: Outcome; phase?: Phase | undefined }) {
  const { status } = call;
  if (phase && phase !== "ended") return <PhaseBadge phase={phase} />;
  // Heard of its end before REST tells how it ended.
  if (phase === "ended" && status !== null && LIVE_STATUSES.includes(status)) return <PhaseBadge phase="ended" />;
  if (!status) return <Missing />;
  const { label, tone } = outcomeOf(call, status);
  return <Badge tone={tone}>{label}</Badge>;
}

export function PhaseBadge({ phase }: { phase: Phase }) {
  const { label, tone } = PHASE[phase];
  return (
    <Badge tone={tone}>
      {phase === "connected" ? (
        <span className="size-1.5 animate-halo rounded-full bg-live" aria-hidden="true" />
      ) : null}
      {phase === "ringing" ? <PhoneCall className="animate-ring" aria-hidden="true" /> : null}
      {label}
    </Badge>
  );
}

const PHASE_ICONS = {
  arriving: PhoneIncoming,
  answered: PhoneIncoming,
  ringing: PhoneForwarded,
  connected: PhoneCall,
  ended: PhoneOff,
};

export function PhaseIcon({ phase }: { phase: Phase }) {
  const Icon = PHASE_ICONS[phase];
  const tone: Record<Phase, string> = {
    arriving: "bg-info-soft text-info-text",
    answered: "bg-info-soft text-info-text",
    ringing: "bg-warn-soft text-warn-text",
    connected: "bg-live-soft text-live-text",
    ended: "bg-sunken text-soft",
  };
  return (
    <span className={cn("grid size-9 shrink-0 place-items-center rounded-full transition-colors", tone[phase])}>
      <Icon className={cn("size-[18px]", phase === "ringing" && "animate-ring")} aria-hidden="true" />
    </span>
  );
}

export function DirectionIcon({ call }: { call: Pick<Call, "direction" | "status"> }) {
  const missed = call.status !== null && ["FAILED", "BUSY", "NO_ANSWER", "CANCELLED"].includes(call.status);
  const Icon = missed ? PhoneMissed : call.direction === "OUTBOUND" ? PhoneOutgoing : PhoneIncoming;
  const label = `${call.direction === "OUTBOUND" ? "Outbound" : "Inbound"} call${missed ? ", not connected" : ""}`;
  return (
    <Icon className={cn("size-4 shrink-0", missed ? "text-warn-text" : "text-soft")} role="img" aria-label={label} />
  );
}

export function Phone({ value, className }: { value: string | null; className?: string }) {
  if (value === null) return <Missing />;
  return <span className={cn("tabular whitespace-nowrap", className)}>{formatPhone(value)}</span>;
}

export const refName = (ref: Ref | null): string | null => ref?.name ?? (ref?.id ? `${ref.id.slice(0, 8)}…` : null);

/** A duration that ticks while the call does. */
export function Ticking({ since, until }: { since: number | null; until: number | null }) {
  const now = useNow();
  if (since === null) return <Missing />;
  return (
    <span className="tabular" role={until === null ? "timer" : undefined} aria-live="off">
      {formatDuration(((until ?? now) - since) / 1000)}
    </span>
  );
}

export function CallDuration({ call, phase }: { call: Call; phase?: Phase | undefined }) {
  if (call.endedAt === null && phase !== undefined && phase !== "ended")
    return <Ticking since={call.startedAt} until={null} />;
  if (call.durationSeconds !== null) return <span className="tabular">{formatDuration(call.durationSeconds)}</span>;
  return <Ticking since={call.startedAt} until={call.endedAt} />;
}

/** From → number → buyer, in one line that shortens well: a phone shows where the call is now. */
export function RouteLine({ call, buyerName }: { call: Pick<LiveCall, "from" | "to">; buyerName: string | null }) {
  return (
    <span className="flex min-w-0 items-center gap-1.5">
      <Phone value={call.from} className="font-medium" />
      <span className="hidden items-center gap-1.5 sm:flex">
        <ArrowRight className="size-3.5 shrink-0 text-soft" aria-label="to" />
        <Phone value={call.to} className="text-soft" />
      </span>
      {buyerName ? (
        <span className="hidden min-w-0 items-center gap-1.5 sm:flex">
          <ArrowRight className="size-3.5 shrink-0 text-soft" aria-label="to" />
          <span className="truncate font-medium">{buyerName}</span>
        </span>
      ) : null}
    </span>
  );
}
