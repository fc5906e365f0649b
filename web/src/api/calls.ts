import type { Micros } from "@/format/money";
import {
  asFlag,
  asList,
  asMoney,
  asNumber,
  asRecord,
  asRef,
  asText,
  asTime,
  type Json,
  type Ref,
  type Wire,
} from "./read";

export const CALL_STATUSES = [
  "INITIATED",
  "RINGING",
  "ANSWERED",
  "COMPLETED",
  "FAILED",
  "BUSY",
  "NO_ANSWER",
  "CANCELLED",
] as const;
export type CallStatus = (typeof CALL_STATUSES)[number];
export const LIVE_STATUSES: readonly CallStatus[] = ["INITIATED", "RINGING", "ANSWERED"];

export interface Money {
  revenue: Micros | null;
  payout: Micros | null;
  cost: Micros | null;
  margin: Micros | null;
  currency: string;
}

export interface Call {
  id: string;
  status: CallStatus | null;
  direction: string | null;
  from: string | null;
  to: string | null;
  campaign: Ref | null;
  publisher: Ref | null;
  buyer: Ref | null;
  startedAt: number | null;
  answeredAt: number | null;
  /** When the buyer's leg was joined to the caller's. */
  connectedAt: number | null;
  endedAt: number | null;
  durationSeconds: number | null;
  endReason: string | null;
  converted: boolean | null;
  hasRecording: boolean | null;
  money: Money;
}

export interface Leg {
  id: string;
  failure: string | null;
  role: string | null;
  status: string | null;
  direction: string | null;
  destination: string | null;
  buyer: Ref | null;
  startedAt: number | null;
  answeredAt: number | null;
  endedAt: number | null;
  durationSeconds: number | null;
}

export interface TimelineEvent {
  sequence: number;
  at: number | null;
  type: string;
  data: Json;
}

export interface Candidate {
  rank: number | null;
  buyer: Ref;
  score: number | null;
  weight: number | null;
  priority: number | null;
  /** Calls it held when the decision was made. */
  activeCalls: number | null;
}

export interface Rejected {
  buyer: Ref;
  code: string | null;
  detail: string | null;
}

export interface RoutingDecision {
  node: string | null;
  at: number | null;
  strategy: string | null;
  candidates: Candidate[];
  rejected: Rejected[];
}

export interface Recording {
  id: string;
  status: string | null;
  format: string | null;
  durationSeconds: number | null;
  sizeBytes: number | null;
  channels: number | null;
  createdAt: number | null;
}

export interface Charge {
  type: string | null;
  description: string | null;
  amount: Micros | null;
  currency: string | null;
}

export interface Posting {
  account: string | null;
  amount: Micros | null;
  description: string | null;
}

export interface CallDetail extends Call {
  legs: Leg[];
  timeline: TimelineEvent[];
  routing: RoutingDecision[];
  recordings: Recording[];
  charges: Charge[];
  postings: Posting[];
  callSid: string | null;
  callerName: string | null;
  attestation: string | null;
  tags: [string, string][];
}

const NOBODY: Ref = { id: null, name: null };

export function readStatus(value: unknown): CallStatus | null {
  return CALL_STATUSES.find((status) => status === value) ?? null;
}

/** Whoever can be called because of a call: its caller, or who was called. null: a number that was withheld. */
export function otherParty(call: Pick<Call, "direction" | "from" | "to">): string | null {
  const number = call.direction === "OUTBOUND" ? call.to : call.from;
  return number !== null && /^\+\d{7,15}$/.test(number) ? number : null;
}

export const isLive = (call: Pick<Call, "status" | "endedAt">): boolean =>
  call.endedAt === null && call.status !== null && LIVE_STATUSES.includes(call.status);

function readMoney(row: Wire<"Call">): Money {
  const money: Wire<"CallMoney"> = asRecord(row.money);
  return {
    revenue: asMoney(money.revenue),
    payout: asMoney(money.payout),
    cost: asMoney(money.cost),
    margin: asMoney(money.margin),
    currency: asText(money.currency) ?? "USD",
  };
}

export function readCall(row: Wire<"Call">): Call {
  const endedAt = asTime(row.endedAt);
  const connectedAt = asTime(row.connectedAt);
  const dialled = asRef(row.buyerId, row.buyerName);
  return {
    id: asText(row.id) ?? "",
    status: readStatus(row.status),
    direction: asText(row.direction),
    from: asText(row.fromNumber),
    to: asText(row.toNumber),
    campaign: asRef(row.campaignId, row.campaignName),
    publisher: asRef(row.publisherId, row.publisherName),
    // The API names the last buyer dialled; one that was never joined to the caller did not get the call.
    buyer: endedAt !== null && connectedAt === null ? null : dialled,
    startedAt: asTime(row.startedAt),
    answeredAt: asTime(row.answeredAt),
    connectedAt,
    endedAt,
    durationSeconds: asNumber(row.duration),
    endReason: asText(row.endReason),
    converted: asFlag(row.converted),
    hasRecording: asFlag(row.hasRecording),
    money: readMoney(row),
  };
}

function readLeg(row: Wire<"CallLeg">): Leg {
  return {
    id: asText(row.id) ?? "",
    role: asText(row.role),
    failure: asText(row.failure),
    status: asText(row.status),
    direction: asText(row.direction),
    destination: asText(row.destination),
    buyer: asRef(row.buyerId, row.buyerName),
    startedAt: asTime(row.startedAt),
    answeredAt: asTime(row.answeredAt),
    endedAt: asTime(row.endedAt),
    durationSeconds: asNumber(row.duration),
  };
}

export function readEvent(row: Wire<"TimelineEvent">, index: number): TimelineEvent {
  return {
    sequence: asNumber(row.sequence) ?? index,
    at: asTime(row.at),
    type: asText(row.type) ?? "unknown",
    data: asRecord(row.data),
  };
}

function readCandidate(row: Wire<"RankedBuyer">): Candidate {
  const permille = asNumber(row.scorePermille);
  return {
    rank: asNumber(row.rank),
    buyer: asRef(row.buyerId, row.buyerName) ?? NOBODY,
    score: permille === null ? null : permille / 1000,
    weight: asNumber(row.weight),
    priority: asNumber(row.priority),
    activeCalls: asNumber(row.activeCalls),
  };
}

function readRejected(row: Wire<"RejectedBuyer">): Rejected {
  return {
    buyer: asRef(row.buyerId, row.buyerName) ?? NOBODY,
    code: asText(row.reason),
    detail: asText(row.detail),
  };
}

function readDecision(row: Wire<"RoutingDecision">): RoutingDecision {
  return {
    node: asText(row.node),
    at: asTime(row.at),
    strategy: asText(row.strategy),
    candidates: asList(row.candidates).map(readCandidate),
    rejected: asList(row.rejected).map(readRejected),
  };
}

function readRecording(row: Wire<"Recording">): Recording {
  const millis = asNumber(row.durationMs);
  return {
    id: asText(row.id) ?? "",
    status: asText(row.status),
    format: asText(row.format),
    durationSeconds: millis === null ? asNumber(row.duration) : millis / 1000,
    sizeBytes: asNumber(row.size),
    channels: asNumber(row.channels),
    createdAt: asTime(row.createdAt),
  };
}

function readCharge(row: Wire<"Charge">): Charge {
  return {
    type: asText(row.type),
    description: asText(row.description),
    amount: asMoney(row.amount),
    currency: asText(row.currency),
  };
}

function readPosting(row: Wire<"Posting">): Posting {
  return { account: asText(row.account), amount: asMoney(row.amount), description: asText(row.description) };
}

export function readCallDetail(body: unknown): CallDetail {
  const row: Wire<"CallDetail"> = asRecord(body);
  return {
    ...readCall(row),
    legs: asList(row.legs).map(readLeg),
    timeline: asList(row.timeline)
      .map(readEvent)
      .sort((a, b) => a.sequence - b.sequence),
    routing: asList(row.routing).map(readDecision),
    recordings: asList(row.recordings).map(readRecording),
    charges: asList(row.charges).map(readCharge),
    postings: asList(row.postings).map(readPosting),
    callSid: asText(row.callSid),
    callerName: asText(row.callerName),
    attestation: asText(row.attestation),
    tags: Object.entries(asRecord(row.tags)).map(([key, value]) => [key, String(value)]),
  };
}
