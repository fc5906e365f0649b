import { asFlag, asList, asNumber, asRecord, asText, asTime, type Wire } from "./read";
import { WEEKDAYS, type Weekday } from "./resources";

/** Which rules one path of a call is put to. */
export interface PathRules {
  dnc: boolean;
  consent: boolean;
  callingHours: boolean;
}

export interface CallingWindow {
  from: string;
  to: string;
}

/** When a consumer may be called; null: not on that day. */
export type CallingWeek = Record<Weekday, CallingWindow | null>;

export type Unsure = "block" | "allow";

/** What a tenant, or a campaign, holds calls to. */
export interface Policy {
  enforceDnc: boolean;
  enforceConsent: boolean;
  enforceCallingHours: boolean;
  allowOverride: boolean;
  requireAdminApproval: boolean;
  outbound: PathRules;
  transfers: PathRules;
  inbound: PathRules;
  callingHours: CallingWeek;
  stateRules: boolean;
  listAgeDaysMax: number;
  whenListStale: Unsure;
  whenZoneUnknown: Unsure;
  dataAgeSecsMax: number;
  whenDataOld: Unsure;
  trustCustomConsent: boolean;
}

export interface StoredPolicy {
  rules: Policy;
  /** 0: the built-in one, or for a campaign the tenant's. */
  version: number;
  updatedAt: number | null;
}

// What is not delivered is taken for the stricter: a form must not loosen what it does not know.
const strict = (value: unknown): boolean => asFlag(value) ?? true;
const unsure = (value: unknown): Unsure => (value === "allow" ? "allow" : "block");

function readPath(value: unknown): PathRules {
  const rules: Wire<"ComplianceRules"> = asRecord(value);
  return { dnc: strict(rules.dnc), consent: strict(rules.consent), callingHours: strict(rules.callingHours) };
}

function readWindow(value: unknown): CallingWindow | null {
  const window: Wire<"CallingWindow"> = asRecord(value);
  const [from, to] = [asText(window.from), asText(window.to)];
  return from === null || to === null ? null : { from, to };
}

export function readPolicy(body: unknown): StoredPolicy {
  const row: Wire<"CompliancePolicy"> = asRecord(body);
  const week = asRecord(row.callingHours);
  const days = WEEKDAYS.map((day) => [day, readWindow(week[day])] as const);
  return {
    version: asNumber(row.version) ?? 0,
    updatedAt: asTime(row.updatedAt),
    rules: {
      enforceDnc: strict(row.enforceDnc),
      enforceConsent: strict(row.enforceConsent),
      enforceCallingHours: strict(row.enforceCallingHours),
      allowOverride: asFlag(row.allowOverride) ?? false,
      requireAdminApproval: strict(row.requireAdminApproval),
      outbound: readPath(row.outbound),
      transfers: readPath(row.transfers),
      inbound: readPath(row.inbound),
      callingHours: Object.fromEntries(days) as CallingWeek,
      stateRules: strict(row.stateRules),
      listAgeDaysMax: asNumber(row.listAgeDaysMax) ?? 31,
      whenListStale: unsure(row.whenListStale),
      whenZoneUnknown: unsure(row.whenZoneUnknown),
      dataAgeSecsMax: asNumber(row.dataAgeSecsMax) ?? 3600,
      whenDataOld: unsure(row.whenDataOld),
      trustCustomConsent: asFlag(row.trustCustomConsent) ?? false,
    },
  };
}

/** Days with the same hours put together: "Mon to Fri 08:00 to 21:00". */
export function hoursInWords(week: CallingWeek): string[] {
  const label = (window: CallingWindow | null) => (window === null ? "closed" : `${window.from} to ${window.to}`);
  const name = (day: Weekday) => day.charAt(0).toUpperCase() + day.slice(1);
  const runs: { first: Weekday; last: Weekday; hours: string }[] = [];
  for (const day of WEEKDAYS) {
    const run = runs.at(-1);
    const hours = label(week[day]);
    if (run?.hours === hours) run.last = day;
    else runs.push({ first: day, last: day, hours });
  }
  return runs.map(({ first, last, hours }) =>
    first === last ? `${name(first)} ${hours}` : `${name(first)} to ${name(last)} ${hours}`,
  );
}

/** Leave to call a number that a rule forbids. */
export interface Override {
  id: string;
  number: string;
  reason: string;
  callId: string | null;
  status: string | null;
  /** `user:<id>` or `key:<id>`. */
  requestedBy: string;
  approvedBy: string | null;
  expiresAt: number | null;
  createdAt: number | null;
}

export const readOverride = (row: Wire<"ComplianceOverride">): Override => ({
  id: asText(row.id) ?? "",
  number: asText(row.phoneNumber) ?? "",
  reason: asText(row.reason) ?? "",
  callId: asText(row.callId),
  status: asText(row.status),
  requestedBy: asText(row.requestedBy) ?? "",
  approvedBy: asText(row.approvedBy),
  expiresAt: asTime(row.expiresAt),
  createdAt: asTime(row.createdAt),
});

/** Whether somebody may approve it: nobody approves what they asked for. */
export const isApprovableBy = (override: Override, userId: string): boolean =>
  override.status === "PENDING_APPROVAL" && override.requestedBy !== `user:${userId}`;

export const CONSENT_PROVIDERS = ["TRUSTEDFORM", "JORNAYA", "CUSTOM"] as const;
export type ConsentProvider = (typeof CONSENT_PROVIDERS)[number];

const PROVIDER_NAMES: Record<string, string> = {
  TRUSTEDFORM: "TrustedForm",
  JORNAYA: "Jornaya",
  CUSTOM: "Our own",
};
export const consentProviderName = (provider: string): string => PROVIDER_NAMES[provider] ?? provider;

/** Proof that somebody agreed to be called. */
export interface Consent {
  id: string;
  number: string;
  token: string;
  provider: string;
  status: string | null;
  /** What the provider said last. */
  detail: string | null;
  source: string | null;
  verifiedAt: number | null;
  expiresAt: number | null;
}

export const readConsent = (row: Wire<"Consent">): Consent => ({
  id: asText(row.id) ?? "",
  number: asText(row.phoneNumber) ?? "",
  token: asText(row.token) ?? "",
  provider: asText(row.provider) ?? "",
  status: asText(row.status),
  detail: asText(row.detail),
  source: asText(row.source),
  verifiedAt: asTime(row.verifiedAt),
  expiresAt: asTime(row.expiresAt),
});

/** What is searched for once a whole number was typed; the API refuses a part of one. */
export function wholeNumber(text: string): string | undefined {
  const digits = text.replace(/\D/g, "");
  return digits.length >= 10 ? (text.trim().startsWith("+") ? `+${digits}` : digits) : undefined;
}

/** What a call must not collide with, and what was found. */
export interface RuleCheck {
  rule: string;
  finding: string;
  detail: string;
}

/** Whether a number may be called, and why. */
export interface Verdict {
  allowed: boolean;
  reason: string;
  detail: string;
  number: string;
  checks: RuleCheck[];
  /** The list that forbids it. */
  listId: string | null;
  /** The campaign whose own policy was in force; null: the tenant's. */
  policyCampaignId: string | null;
  policyVersion: number;
}

export function readVerdict(body: unknown): Verdict {
  const row: Wire<"ComplianceCheckResult"> = asRecord(body);
  const match: Wire<"ComplianceDncMatch"> = asRecord(row.dncMatch);
  return {
    // What is not delivered is no leave.
    allowed: asFlag(row.allowed) ?? false,
    reason: asText(row.reason) ?? "",
    detail: asText(row.detail) ?? "",
    number: asText(row.phoneNumber) ?? "",
    checks: asList(row.checks).map((check: Wire<"ComplianceRuleCheck">) => ({
      rule: asText(check.rule) ?? "",
      finding: asText(check.finding) ?? "",
      detail: asText(check.detail) ?? "",
    })),
    listId: asText(match.listId),
    policyCampaignId: asText(row.policyCampaignId),
    policyVersion: asNumber(row.policyVersion) ?? 0,
  };
}
