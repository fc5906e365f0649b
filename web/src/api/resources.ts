import type { Micros } from "@/format/money";
import { capabilitiesOf } from "./numbers";
import {
  asFlag,
  asList,
  asMoney,
  asNamed,
  asNumber,
  asRecord,
  asText,
  asTexts,
  asTime,
  isRecord,
  type Json,
  type Ref,
  type Wire,
} from "./read";

export interface User {
  id: string;
  email: string;
  name: string;
  roles: string[];
  tenant: Ref | null;
  permissions: string[] | null;
  /** What must be done before anything else. */
  pending: string | null;
  /** The tenant's short name. */
  tenantSlug: string | null;
  /** At the tenant's own identity provider. */
  byProvider: boolean;
}

export function readUser(body: unknown): User {
  const row: Wire<"CurrentUser"> = asRecord(body);
  const email = asText(row.email) ?? "";
  const name = [asText(row.firstName), asText(row.lastName)].filter(Boolean).join(" ");
  return {
    id: asText(row.id) ?? "",
    email,
    name: name || asText(row.name) || email,
    roles: asTexts(row.roles),
    tenant: asNamed(row.tenant),
    permissions: Array.isArray(row.permissions) ? asTexts(row.permissions) : null,
    pending: asText(row.pending),
    tenantSlug: asText(row.tenantSlug),
    byProvider: asText(row.signedInBy) === "SINGLE_SIGN_ON",
  };
}

export interface PhoneNumber {
  id: string;
  number: string;
  status: string | null;
  provider: string | null;
  capabilities: string[];
  campaign: Ref | null;
  /** The name people know it by. */
  label: string;
  monthlyPrice: Micros | null;
  /** When it was given back. */
  releasedAt: number | null;
  createdAt: number | null;
}

export const readNumber = (row: Wire<"PhoneNumber">): PhoneNumber => ({
  id: asText(row.id) ?? "",
  number: asText(row.number) ?? "",
  status: asText(row.status),
  provider: asText(row.provider),
  capabilities: capabilitiesOf(row.capabilities),
  campaign: asNamed(row.campaign),
  label: asText(row.friendlyName) ?? "",
  monthlyPrice: asMoney(row.monthlyPrice),
  releasedAt: asTime(row.releasedAt),
  createdAt: asTime(row.purchasedAt) ?? asTime(row.createdAt),
});

export interface Terms {
  amount: Micros;
  /** Seconds of connection from which the amount is due. */
  afterSeconds: number | null;
  currency: string;
}

/** `{amount, afterSeconds, currency}`: a buyer's price, a campaign's payout. */
function readPrice(value: unknown): Terms | null {
  const price: Wire<"Price"> = asRecord(value);
  const amount = asMoney(price.amount);
  if (amount === null) return null;
  return { amount, afterSeconds: asNumber(price.afterSeconds), currency: asText(price.currency) ?? "USD" };
}

/** One side of an endpoint's terms: "revenue" is what the buyer pays, "payout" what the publisher earns. */
function readTerms(value: unknown, side: "revenue" | "payout"): Terms | null {
  const terms: Wire<"EndpointTerms"> = asRecord(value);
  const amount = asMoney(terms[side]);
  if (amount === null) return null;
  return { amount, afterSeconds: asNumber(terms[`${side}AfterSeconds`]), currency: asText(terms.currency) ?? "USD" };
}

export interface Campaign {
  id: string;
  name: string;
  status: string | null;
  routingMode: string | null;
  /** In place of what the routing mode stands for. */
  strategy: string | null;
  publisher: Ref | null;
  flow: Ref | null;
  calls: number | null;
  numbers: number | null;
  /** What the publisher earns, in place of what the buyers' endpoints say. */
  payout: Terms | null;
  /** Whose numbers its calls out show; null: the caller's own. */
  callerIdPoolId: string | null;
  createdAt: number | null;
}

export const readCampaign = (row: Wire<"Campaign">): Campaign => ({
  id: asText(row.id) ?? "",
  name: asText(row.name) ?? "",
  status: asText(row.status),
  routingMode: asText(row.routingMode),
  strategy: asText(row.strategy),
  publisher: asNamed(row.publisher),
  flow: asNamed(row.flow),
  calls: asNumber(row.calls),
  numbers: asNumber(row.phoneNumbers),
  payout: readPrice(row.payout),
  callerIdPoolId: asText(row.callerIdPoolId),
  createdAt: asTime(row.createdAt),
});

export interface Publisher {
  id: string;
  name: string;
  code: string | null;
  status: string | null;
  createdAt: number | null;
}

export const readPublisher = (row: Wire<"Publisher">): Publisher => ({
  id: asText(row.id) ?? "",
  name: asText(row.name) ?? "",
  code: asText(row.code),
  status: asText(row.status),
  createdAt: asTime(row.createdAt),
});

export interface Endpoint {
  id: string;
  type: string | null;
  destination: string;
  /** Over which it is dialled; null: by the priority of trunks. */
  trunkId: string | null;
  priority: number | null;
  status: string | null;
  revenue: Terms | null;
  payout: Terms | null;
  ringTimeoutSeconds: number | null;
}

export interface Usage {
  limit: number | null;
  used: number | null;
}

export const CAP_NAMES = ["concurrency", "hourly", "daily", "monthly", "total"] as const;
export type CapName = (typeof CAP_NAMES)[number];

export interface Hours {
  timezone: string | null;
  windows: string[];
}

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export interface Span {
  /** `09:00`. */
  from: string;
  /** `17:30`; not after `from`: until then on the next day. */
  to: string;
}

/** Opening hours as they are edited. */
export type Week = Record<Weekday, Span[]> & { closed: string[] };

export interface TagRule {
  tag: string;
  anyOf: string[];
  refuse: boolean;
}

/** Which calls a buyer takes. */
export interface Filters {
  tags: TagRule[];
  areaCodes: string[];
  areaCodesRefused: string[];
  /** The weakest attestation taken. */
  attestationMin: string | null;
}

export interface Buyer {
  id: string;
  name: string;
  code: string | null;
  status: string | null;
  publisher: Ref | null;
  endpoints: Endpoint[] | null;
  caps: Record<CapName, Usage>;
  hours: Hours | null;
  timeZone: string | null;
  /** null: open at all hours. */
  week: Week | null;
  filters: Filters;
  weight: number | null;
  priority: number | null;
  price: Terms | null;
  createdAt: number | null;
}

function readCaps(row: Wire<"Buyer">): Record<CapName, Usage> {
  const caps: Wire<"Caps"> = asRecord(row.caps);
  const usage: Wire<"CapUsage"> = asRecord(row.usage);
  const cap = (name: CapName): Usage => ({ limit: asNumber(caps[name]), used: asNumber(usage[name]) });
  return {
    concurrency: cap("concurrency"),
    hourly: cap("hourly"),
    daily: cap("daily"),
    monthly: cap("monthly"),
    total: cap("total"),
  };
}

const dayName = (day: Weekday) => day.charAt(0).toUpperCase() + day.slice(1);

/** "Mon–Fri 08:00–20:00", "Sat 10:00–14:00": days in a row with the same spans are told once. */
function readHours(value: unknown, timezone: string | null): Hours | null {
  if (!isRecord(value)) return null;
  const hours: Wire<"Hours"> = value;
  const days = WEEKDAYS.map((day) => ({
    name: dayName(day),
    spans: asList(hours[day])
      .map((span: Wire<"OpenSpan">) => `${asText(span.from) ?? "?"}–${asText(span.to) ?? "?"}`)
      .join(", "),
  }));
  const windows: string[] = [];
  for (let index = 0; index < days.length; ) {
    const first = days[index];
    if (!first) break;
    let end = index;
    while (days[end + 1]?.spans === first.spans) end++;
    const names = end === index ? first.name : `${first.name}–${days[end]?.name}`;
    if (first.spans !== "") windows.push(`${names} ${first.spans}`);
    index = end + 1;
  }
  const closed = asTexts(hours.closed);
  if (closed.length > 0) windows.push(`closed on ${closed.join(", ")}`);
  return { timezone, windows };
}

function readWeek(value: unknown): Week | null {
  if (!isRecord(value)) return null;
  const hours: Wire<"Hours"> = value;
  const spans = (day: Weekday) =>
    asList(hours[day]).map((span: Wire<"OpenSpan">) => ({ from: asText(span.from) ?? "", to: asText(span.to) ?? "" }));
  const days = Object.fromEntries(WEEKDAYS.map((day) => [day, spans(day)])) as Record<Weekday, Span[]>;
  return { ...days, closed: asTexts(hours.closed) };
}

function readFilters(value: unknown): Filters {
  const filters: Wire<"Filters"> = asRecord(value);
  const rule = (row: Wire<"TagRule">): TagRule => ({
    tag: asText(row.tag) ?? "",
    anyOf: asTexts(row.anyOf),
    refuse: asFlag(row.refuse) ?? false,
  });
  return {
    tags: asList(filters.tags).map(rule),
    areaCodes: asTexts(filters.areaCodes),
    areaCodesRefused: asTexts(filters.areaCodesRefused),
    attestationMin: asText(filters.attestationMin),
  };
}

export const readEndpoint = (row: Wire<"BuyerEndpoint">): Endpoint => ({
  id: asText(row.id) ?? "",
  type: asText(row.type),
  destination: asText(row.destination) ?? "",
  trunkId: asText(row.trunkId),
  priority: asNumber(row.priority),
  status: asText(row.status),
  revenue: readTerms(row.terms, "revenue"),
  payout: readTerms(row.terms, "payout"),
  ringTimeoutSeconds: asNumber(row.ringTimeoutSeconds),
});

export const readBuyer = (row: Wire<"Buyer">): Buyer => ({
  id: asText(row.id) ?? "",
  name: asText(row.name) ?? "",
  code: asText(row.code),
  status: asText(row.status),
  publisher: asNamed(row.publisher),
  endpoints: Array.isArray(row.endpoints) ? asList(row.endpoints).map(readEndpoint) : null,
  caps: readCaps(row),
  hours: readHours(row.hours, asText(row.timeZone)),
  timeZone: asText(row.timeZone),
  week: readWeek(row.hours),
  filters: readFilters(row.filters),
  weight: asNumber(row.weight),
  priority: asNumber(row.priority),
  price: readPrice(row.price),
  createdAt: asTime(row.createdAt),
});

export interface FlowVersionSummary {
  version: number;
  published: boolean;
  createdAt: number | null;
}

export interface FlowSummary {
  id: string;
  name: string;
  description: string | null;
  status: string | null;
  publishedVersion: number | null;
  versions: FlowVersionSummary[];
}

const readVersion = (row: Wire<"FlowVersionSummary">): FlowVersionSummary => ({
  version: asNumber(row.version) ?? 0,
  published: asFlag(row.published) ?? false,
  createdAt: asTime(row.createdAt),
});

export const readFlow = (row: Wire<"Flow">): FlowSummary => ({
  id: asText(row.id) ?? "",
  name: asText(row.name) ?? "",
  description: asText(row.description),
  status: asText(row.status),
  publishedVersion: asNumber(row.publishedVersion),
  versions: asList(row.versions)
    .map(readVersion)
    .sort((a, b) => b.version - a.version),
});

/** Where a document was kept. */
export function readVersionSaved(body: unknown): { flowId: string; version: number } {
  const row: Wire<"FlowVersion"> = asRecord(body);
  return { flowId: asText(row.flowId) ?? "", version: asNumber(row.version) ?? 1 };
}

export interface FlowDocument {
  version: number;
  published: boolean;
  document: Json | null;
}

export function readFlowDocument(body: unknown): FlowDocument {
  const row: Wire<"FlowVersion"> = asRecord(body);
  return { ...readVersion(row), document: isRecord(row.flow) ? row.flow : null };
}

export interface Balance {
  /** The tenant's billing account; null: there is none yet. */
  accountId: string | null;
  currency: string;
  available: Micros | null;
  pending: Micros | null;
  held: Micros | null;
  total: Micros | null;
}

export function readBalance(body: unknown): Balance {
  const row: Wire<"BalanceResponse"> = asRecord(body);
  return {
    accountId: asText(row.billingAccountId),
    currency: asText(row.currency) ?? "USD",
    available: asMoney(row.available),
    pending: asMoney(row.pending),
    held: asMoney(row.held),
    total: asMoney(row.total),
  };
}
