import type { Call } from "@/api/calls";
import { isLive } from "@/api/calls";
import { asNumber, asRecord, asRef, asText, asTime, isRecord, type Json, type Ref } from "@/api/read";

/** Where a call stands, as a person at a screen would say it. */
export type Phase = "arriving" | "answered" | "ringing" | "connected" | "ended";

export interface LiveCall {
  id: string;
  phase: Phase;
  from: string | null;
  to: string | null;
  campaign: Ref | null;
  buyer: Ref | null;
  startedAt: number | null;
  connectedAt: number | null;
  endedAt: number | null;
  endReason: string | null;
  /** Highest event sequence applied; a lower one may fill gaps but never turns the phase back. */
  sequence: number;
}

export interface LiveState {
  calls: ReadonlyMap<string, LiveCall>;
  /** The last event ids, for the server may deliver one again after a reconnect. */
  seen: readonly string[];
}

export interface EventEnvelope {
  event: string;
  id: string | null;
  at: number;
  data: Json;
}

export const EMPTY_LIVE: LiveState = { calls: new Map(), seen: [] };
const SEEN_MAX = 512;
const CALLS_MAX = 500;
/** How long an ended call stays in the live panel, so that its end can be seen. */
export const ENDED_VISIBLE_MS = 12_000;

const RANK: Record<Phase, number> = { arriving: 0, answered: 1, ringing: 2, connected: 3, ended: 4 };

export function readEnvelope(payload: unknown, now: number): EventEnvelope | null {
  if (!isRecord(payload)) return null;
  const event = asText(payload.event);
  if (event === null) return null;
  return { event, id: asText(payload.id), at: asTime(payload.timestamp) ?? now, data: asRecord(payload.data) };
}

/** The events of the catalogue that move a call; all others leave its phase alone. */
const PHASES: Record<string, Phase> = {
  "call.started": "arriving",
  "call.answered": "answered",
  "call.leg.started": "ringing",
  "call.leg.ringing": "ringing",
  // The flow goes on: to the next buyer, a queue or its end.
  "call.leg.failed": "answered",
  "call.leg.ended": "answered",
  "call.bridged": "connected",
  "call.ended": "ended",
};

export const phaseOf = (event: string): Phase | undefined => PHASES[event];

export function fromCall(call: Call): LiveCall {
  const phase: Phase = !isLive(call)
    ? "ended"
    : call.connectedAt !== null
      ? "connected"
      : call.status === "RINGING"
        ? "ringing"
        : call.status === "ANSWERED"
          ? "answered"
          : "arriving";
  return {
    id: call.id,
    phase,
    from: call.from,
    to: call.to,
    campaign: call.campaign,
    // The API names the buyer dialled last, also while the flow goes on without it.
    buyer: phase === "answered" || phase === "arriving" ? null : call.buyer,
    startedAt: call.startedAt,
    connectedAt: call.connectedAt,
    endedAt: call.endedAt,
    endReason: call.endReason,
    sequence: -1,
  };
}

const laterPhase = (a: Phase, b: Phase): Phase => (RANK[b] > RANK[a] ? b : a);

/**
 * Lays what REST said over what events said. REST may lag behind the socket, so it never turns a phase back; a live call
 * REST no longer lists has ended while we were not listening.
 */
export function applySnapshot(
  state: LiveState,
  listed: Call[],
  askedAt: number,
  now: number,
  complete = true,
): LiveState {
  const calls = new Map<string, LiveCall>();
  for (const call of listed) {
    const next = fromCall(call);
    const known = state.calls.get(call.id);
    calls.set(call.id, known ? merge(known, next) : next);
  }
  for (const [id, known] of state.calls) {
    if (calls.has(id)) continue;
    const begunSince = (known.startedAt ?? 0) >= askedAt - 2_000;
    if (known.phase === "ended" || begunSince || !complete) calls.set(id, known);
    else calls.set(id, { ...known, phase: "ended", endedAt: now });
  }
  return prune({ ...state, calls }, now);
}

function merge(known: LiveCall, next: LiveCall): LiveCall {
  return {
    id: known.id,
    phase: known.sequence >= 0 ? laterOrLooped(known.phase, next.phase) : laterPhase(known.phase, next.phase),
    from: known.from ?? next.from,
    to: known.to ?? next.to,
    campaign: withName(known.campaign, next.campaign),
    buyer: withName(known.buyer, next.buyer),
    startedAt: next.startedAt ?? known.startedAt,
    connectedAt: known.connectedAt ?? next.connectedAt,
    endedAt: known.endedAt ?? next.endedAt,
    endReason: known.endReason ?? next.endReason,
    sequence: known.sequence,
  };
}

// Events are finer than a status: with events at hand, REST decides only that a call is over.
const laterOrLooped = (known: Phase, next: Phase): Phase => (next === "ended" ? "ended" : known);

function withName(a: Ref | null, b: Ref | null): Ref | null {
  if (!a) return b;
  if (!b || (a.id !== null && b.id !== null && a.id !== b.id)) return a;
  return { id: a.id ?? b.id, name: a.name ?? b.name };
}

export function applyEvent(state: LiveState, envelope: EventEnvelope): LiveState {
  if (envelope.id !== null && state.seen.includes(envelope.id)) return state;
  const seen = envelope.id === null ? state.seen : [...state.seen, envelope.id].slice(-SEEN_MAX);
  const { data } = envelope;
  const id = asText(data.callId);
  if (id === null) return { ...state, seen };

  const known = state.calls.get(id);
  const phase = phaseOf(envelope.event);
  // An event of a call never seen, which tells no phase, would show a row without content.
  if (!known && phase === undefined) return { ...state, seen };
  const calls = new Map(state.calls);
  calls.set(id, advance(known ?? blank(id, envelope.at), envelope, phase));
  return prune({ calls, seen }, envelope.at);
}

function blank(id: string, at: number): LiveCall {
  return {
    id,
    phase: "arriving",
    from: null,
    to: null,
    campaign: null,
    buyer: null,
    startedAt: at,
    connectedAt: null,
    endedAt: null,
    endReason: null,
    sequence: -1,
  };
}

function advance(call: LiveCall, envelope: EventEnvelope, phase: Phase | undefined): LiveCall {
  const { data } = envelope;
  const sequence = asNumber(data.sequence) ?? call.sequence;
  const inOrder = sequence >= call.sequence;
  const at = envelope.at;
  const next: LiveCall = {
    ...call,
    from: call.from ?? asText(data.from),
    to: call.to ?? asText(data.to),
    campaign: call.campaign ?? asRef(data.campaignId),
    sequence: Math.max(sequence, call.sequence),
  };
  // Every event names the buyer dialled last; only these say that it is still with the call.
  const buyer = /^call\.(leg\.|bridged)/.test(envelope.event) ? asRef(data.buyerId) : null;
  if (buyer && inOrder) next.buyer = withName(buyer, call.buyer);
  if (envelope.event === "call.leg.failed" && inOrder) next.buyer = null;
  if (phase === undefined || call.phase === "ended") return next;

  // A failed buyer leads from ringing back to the flow and to the next buyer; only "ended" is final, whatever the order.
  if (phase === "ended" || inOrder) next.phase = phase === "arriving" ? laterPhase(call.phase, phase) : phase;
  if (phase === "arriving") next.startedAt = at;
  if (phase === "connected") next.connectedAt = call.connectedAt ?? at;
  if (phase === "ended") {
    next.endedAt = at;
    next.endReason = asText(data.cause) ?? call.endReason;
  }
  return next;
}

export function prune(state: LiveState, now: number): LiveState {
  const gone = [...state.calls.values()].filter(
    (c) => c.phase === "ended" && now - (c.endedAt ?? 0) > ENDED_VISIBLE_MS,
  );
  if (gone.length === 0 && state.calls.size <= CALLS_MAX) return state;
  const calls = new Map(state.calls);
  for (const call of gone) calls.delete(call.id);
  // Beyond the bound the oldest rows go; the KPI of active calls still counts them, for it comes from the API.
  for (const id of calls.keys()) {
    if (calls.size <= CALLS_MAX) break;
    calls.delete(id);
  }
  return { ...state, calls };
}

export function sorted(state: LiveState): LiveCall[] {
  return [...state.calls.values()].sort((a, b) => (b.startedAt ?? 0) - (a.startedAt ?? 0) || a.id.localeCompare(b.id));
}
