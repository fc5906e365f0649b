import type { TimelineEvent } from "@/api/calls";
import { asList, asNumber, asRecord, asRef, asText, type Json, type Ref } from "@/api/read";
import { formatPhone } from "@/format/phone";
import { formatDurationWords } from "@/format/time";
import { plural, promptText, toSentence, toWords } from "@/format/words";

export type Mood = "plain" | "good" | "warn" | "bad";

export interface Line {
  text: string;
  detail: string | null;
  mood: Mood;
  /** Inner workings (nodes of the flow, tags): shown smaller. */
  quiet: boolean;
}

type NameOf = (ref: Ref | null) => string | null;
const buyerOf = (data: Json): Ref | null => asRef(data.buyerId);

type Teller = (event: TimelineEvent, leg: string) => Partial<Line> & { text: string };

const FAILURES: Record<string, string> = {
  busy: "was busy",
  no_answer: "did not answer in time",
  rejected: "refused the call",
  not_found: "does not exist at this address",
  unavailable: "was not reachable",
  cancelled: "was no longer needed: the caller had left",
  media: "shares no codec with the caller",
  declined: "declined after the announcement",
};

export const END_CAUSES: Record<string, string> = {
  normal: "Hung up normally",
  busy: "The caller was sent away as busy",
  rejected: "The caller was refused",
  no_answer: "Nobody answered",
  cancelled: "The caller left before an answer",
  unknown_number: "The dialled number is not one of yours",
  no_flow: "The number has no published flow",
  no_buyers: "No buyer could take the call",
  max_duration: "The longest time a call may last was reached",
  media_timeout: "Nothing was heard for too long",
  media: "Both sides share no codec",
  no_ack: "The caller's side never confirmed the answer",
  compliance: "Compliance forbade the call",
  congestion: "The platform was full",
  switch_restarted: "The switch restarted; closed at the last sign of life",
  error: "Ended by a fault of the platform",
};

const PARTIES: Record<string, string> = {
  caller: "the caller",
  callee: "the buyer",
  platform: "the platform",
  operator: "an operator",
};

const party = (value: unknown): string => PARTIES[asText(value) ?? ""] ?? "an unknown party";
const ended = (by: unknown): string => (by === "platform" ? "its flow came to an end" : `${party(by)} hung up`);
const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const sip = (event: TimelineEvent): string | null => {
  const status = asNumber(event.data.sipStatus);
  return status === null ? null : `SIP ${status}`;
};

function quality({ data }: TimelineEvent): string | null {
  const measured = asRecord(data.quality);
  const mos = asNumber(measured.mosCenti);
  const received = asNumber(measured.packetsReceived);
  const lost = asNumber(measured.packetsLost);
  const jitter = asNumber(measured.jitterUs);
  const parts = [
    mos === null ? null : `MOS ${(mos / 100).toFixed(2)} of 4.5`,
    received === null || lost === null || received + lost === 0
      ? null
      : `${((lost * 100) / (received + lost)).toFixed(1)} % of packets lost`,
    jitter === null ? null : `jitter ${(jitter / 1000).toFixed(1)} ms`,
  ];
  return parts.filter((part) => part !== null).join(", ") || null;
}

const TELLERS: Record<string, Teller> = {
  "call.started": ({ data }) => {
    const name = asText(data.callerName);
    const attestation = asText(data.attestation);
    return {
      text: `${formatPhone(asText(data.from) ?? "An unknown caller")} called ${formatPhone(asText(data.to) ?? "an unknown number")}`,
      detail:
        [name, attestation && attestation !== "NONE" ? `attestation ${attestation}` : null]
          .filter(Boolean)
          .join(", ") || null,
    };
  },
  "call.answered": () => ({ text: "The platform answered the caller", mood: "good" }),
  "call.node.entered": ({ data }) => ({
    text: `Flow: entered ${asText(data.node) ?? "a node"}`,
    detail: asText(data.kind),
    quiet: true,
  }),
  "call.node.left": ({ data }) => ({
    text: `Flow: left ${asText(data.node) ?? "a node"} by “${asText(data.outcome) ?? "?"}”`,
    quiet: true,
  }),
  "call.prompt.played": ({ data }) => {
    const end = asText(data.end);
    const missing = end === "unavailable";
    return {
      text: missing
        ? "An announcement could not be loaded"
        : `Announcement played${end === "interrupted" ? " until a key cut it" : ""}`,
      detail: promptText(asText(data.prompt)),
      mood: missing ? "warn" : "plain",
    };
  },
  "call.digit.received": ({ data }) => ({
    text: `The caller pressed ${asText(data.digit) ?? "a key"}`,
    detail: data.source === "info" ? "by SIP INFO" : data.source === "rtp" ? "by telephone-event" : null,
  }),
  "call.tagged": ({ data }) => ({
    text: "Tagged",
    detail: Object.entries(asRecord(data.tags))
      .map(([key, value]) => `${key} = ${String(value)}`)
      .join(", "),
    quiet: true,
  }),
  "call.buyers.ranked": ({ data }) => {
    const ranking = asRecord(data.ranking);
    const open = asList(ranking.candidates).length;
    const closed = asList(ranking.rejected).length;
    const strategy = asText(ranking.strategy);
    // Asked again after a failure: the routing decisions tell it better.
    if (asList(ranking.rejected).some(({ reason }) => reason === "already_tried")) {
      if (open === 0) return { text: "No buyer was left to try", mood: "warn" };
      return { text: `${plural(open, "buyer")} left to try`, quiet: true };
    }
    return {
      text: open > 0 ? `${plural(open, "buyer")} could take the call` : "No buyer could take the call",
      detail:
        [strategy ? `by ${toWords(strategy)}` : null, closed > 0 ? `${closed} ruled out` : null]
          .filter(Boolean)
          .join(", ") || null,
      mood: open > 0 ? "plain" : "warn",
    };
  },
  "call.compliance.blocked": ({ data }) => ({
    text: "Compliance forbade the call",
    detail: asText(asRecord(data.verdict).detail),
    mood: "bad",
  }),
  "call.compliance.cleared": ({ data }) => ({
    text: "Compliance has no objection",
    detail: asText(asRecord(data.verdict).detail),
  }),
  "call.queue.joined": ({ data }) => ({ text: `Waiting in queue ${asText(data.queue) ?? ""}`.trim() }),
  "call.queue.left": ({ data }) => ({
    text: `Left queue ${asText(data.queue) ?? ""}: ${toWords(asText(data.outcome) ?? "unknown")}`,
  }),
  "call.leg.started": ({ data }, leg) => ({
    text: `Dialling ${leg}`,
    detail: formatDestination(asText(data.destination)),
  }),
  "call.leg.ringing": ({ data }, leg) => ({
    text: `${leg} is ringing`,
    detail: data.earlyMedia === true ? "with sound of its own" : null,
  }),
  "call.leg.answered": (_, leg) => ({ text: `${leg} answered`, mood: "good" }),
  "call.leg.failed": (event, leg) => ({
    text: `${leg} ${FAILURES[asText(event.data.failure) ?? ""] ?? "did not connect"}`,
    detail: sip(event),
    mood: "warn",
  }),
  "call.bridged": (_, leg) => ({ text: `Caller and ${leg} hear each other`, mood: "good" }),
  "call.held": ({ data }) => ({ text: `Put on hold by ${party(data.by)}` }),
  "call.resumed": ({ data }) => ({ text: `Taken back by ${party(data.by)}` }),
  "call.leg.ended": (event, leg) => ({
    text:
      event.data.by === "callee" ? `${leg} hung up` : `${upper(party(event.data.by))} ended the connection with ${leg}`,
  }),
  "call.quality.measured": (event, leg) => ({
    text: event.data.legId === null ? "Sound from the caller" : `Sound from ${leg}`,
    detail: quality(event),
    quiet: true,
  }),
  "call.recording.started": ({ data }) => ({
    text: "Recording started",
    detail: data.channels === 2 ? "stereo" : "mono",
  }),
  "call.recording.finished": ({ data }) => {
    const millis = asNumber(data.durationMs);
    return { text: "Recording finished", detail: millis === null ? null : formatDurationWords(millis / 1000) };
  },
  "call.recording.failed": ({ data }) => ({
    text: "The recording could not be written in full",
    detail: asText(data.reason),
    mood: "bad",
  }),
  "call.ended": (event) => {
    const cause = asText(event.data.cause) ?? "";
    const fault = ["error", "congestion", "media", "switch_restarted", "no_ack"].includes(cause);
    return {
      text: cause === "normal" ? `The call ended: ${ended(event.data.by)}` : (END_CAUSES[cause] ?? "The call ended"),
      detail: [asText(event.data.detail), sip(event)].filter(Boolean).join(", ") || null,
      mood: fault ? "bad" : cause === "normal" ? "plain" : "warn",
    };
  },
};

const formatDestination = (value: string | null): string | null => (value === null ? null : formatPhone(value));

/** What happened, in words. An event this build does not know is shown by its own name and content. */
export function tell(events: TimelineEvent[], nameOf: NameOf): Map<number, Line> {
  const legs = new Map<string, string>();
  const lines = new Map<number, Line>();
  for (const event of events) {
    const id = asText(event.data.legId);
    if (id !== null && event.type === "call.leg.started") {
      const buyer = nameOf(buyerOf(event.data));
      legs.set(id, buyer ?? formatDestination(asText(event.data.destination)) ?? "the other side");
    }
    const leg = (id === null ? undefined : legs.get(id)) ?? nameOf(buyerOf(event.data)) ?? "The other side";
    const told = TELLERS[event.type]?.(event, leg) ?? unknown(event);
    lines.set(event.sequence, { detail: null, mood: "plain", quiet: false, ...told });
  }
  return lines;
}

function unknown(event: TimelineEvent): Partial<Line> & { text: string } {
  const simple = Object.entries(event.data).flatMap(([key, value]) =>
    ["string", "number", "boolean"].includes(typeof value) && !/(^|[a-z])(id|tenant|sequence|at|type)$/i.test(key)
      ? [`${toWords(key)}: ${String(value)}`]
      : [],
  );
  return { text: toSentence(event.type.replace(/^call\./, "")), detail: simple.join(", ") || null };
}

const REJECTIONS: Record<string, string> = {
  unknown: "Not a buyer of this tenant",
  disabled: "Switched off",
  no_endpoint: "Has no active endpoint",
  outside_hours: "Closed at this hour",
  no_trunk: "No trunk carries calls to its number",
  trunk_full: "Every trunk to its number is full",
  concurrency_cap: "As many calls at once as agreed",
  hourly_cap: "This hour's cap is reached",
  daily_cap: "Today's cap is reached",
  monthly_cap: "This month's cap is reached",
  total_cap: "The total cap is reached",
  filtered: "Does not take this kind of call",
  already_tried: "Was already tried for this call",
  compliance: "Compliance forbids the sale",
};

export const rejectionText = (code: string | null): string =>
  code === null ? "No reason was stored" : (REJECTIONS[code.toLowerCase().replace(/-/g, "_")] ?? toSentence(code));

/** What became of a candidate, read from the leg that was dialled to it. */
export function outcomeOf(buyer: Ref, events: TimelineEvent[]): (Line & { at: number }) | null {
  const start = events.find(
    (event) => event.type === "call.leg.started" && buyer.id !== null && buyerOf(event.data)?.id === buyer.id,
  );
  const leg = start ? asText(start.data.legId) : null;
  if (!start || leg === null) return null;
  const told = (text: string, mood: Mood, detail: string | null = null) => ({
    text,
    detail,
    mood,
    quiet: false,
    at: start.sequence,
  });
  const own = events.filter((event) => asText(event.data.legId) === leg);
  if (own.some(({ type }) => type === "call.bridged")) return told("Took the call", "good");
  const failed = own.find(({ type }) => type === "call.leg.failed");
  if (failed) {
    return told(upper(FAILURES[asText(failed.data.failure) ?? ""] ?? "did not connect"), "warn", sip(failed));
  }
  const over = own.some(({ type }) => type === "call.leg.ended") || events.some(({ type }) => type === "call.ended");
  return told(over ? "Dialled, not connected" : "Being dialled", over ? "warn" : "plain");
}
