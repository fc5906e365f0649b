import { queryOptions } from "@tanstack/react-query";
import type { Micros } from "@/format/money";
import { toDecimal } from "@/format/money";
import { toSentence } from "@/format/words";
import { get, orNull } from "./client";
import { asFlag, asList, asMoney, asNumber, asRecord, asText, asTexts, asTime, type Wire } from "./read";

/** What is charged of a day or month, and what may be. */
export interface Spend {
  spent: Micros;
  /** null: no limit. */
  limit: Micros | null;
}

/** What people were told about a budget. */
export interface BudgetAlert {
  id: string;
  title: string;
  spent: Micros;
  limit: Micros;
  /** Percent of the limit. */
  percent: number | null;
  /** Percent from which it was to be told. */
  threshold: number | null;
  at: number | null;
  /** Ways it went out. */
  via: string[];
  /** Ways it is still to go, or could not. */
  pending: number;
  error: string | null;
}

/** What a tenant may be charged, and is. */
export interface Budget {
  currency: string;
  daily: Spend;
  monthly: Spend;
  /** Percent of a limit from which people are told. */
  threshold: number;
  emails: string[];
  hasSlack: boolean;
  /** Whether calls the tenant places are refused once a limit is used up. */
  stops: boolean;
  /** Until when a token lets quota and budget pass. */
  tokenUntil: number | null;
  enabled: boolean;
  /** The last ones, youngest first. */
  alerts: BudgetAlert[];
}

const TITLES: Record<string, string> = {
  DAILY_THRESHOLD: "The day is near its limit",
  DAILY_EXCEEDED: "The day is over its limit",
  MONTHLY_THRESHOLD: "The month is near its limit",
  MONTHLY_EXCEEDED: "The month is over its limit",
};
const WAYS: Record<string, string> = { email: "e-mail", slack: "Slack" };

function readAlert(row: Wire<"BudgetAlert">): BudgetAlert {
  const type = asText(row.type) ?? "";
  return {
    id: asText(row.id) ?? "",
    title: TITLES[type] ?? toSentence(type),
    spent: asMoney(row.current) ?? 0n,
    limit: asMoney(row.limit) ?? 0n,
    percent: asNumber(row.percentage),
    threshold: asNumber(row.threshold),
    at: asTime(row.sentAt),
    via: asTexts(row.sentVia).map((way) => WAYS[way] ?? way),
    pending: asNumber(row.pending) ?? 0,
    error: asText(row.lastError),
  };
}

/** Where nothing is said of it the operator's own choice is assumed: 80 percent. */
const USUAL_THRESHOLD = 80;

export function readBudget(body: unknown): Budget {
  const row: Wire<"Budget"> = asRecord(body);
  return {
    currency: asText(row.currency) ?? "USD",
    daily: { spent: asMoney(row.currentDaySpend) ?? 0n, limit: asMoney(row.dailyBudget) },
    monthly: { spent: asMoney(row.currentMonthSpend) ?? 0n, limit: asMoney(row.monthlyBudget) },
    threshold: asNumber(row.alertThreshold) ?? USUAL_THRESHOLD,
    emails: asTexts(row.alertEmails),
    hasSlack: asFlag(row.hasAlertSlackWebhook) ?? false,
    stops: asFlag(row.hardStopEnabled) ?? false,
    tokenUntil: asTime(row.overrideTokenExpiresAt),
    enabled: asFlag(row.enabled) ?? true,
    alerts: asList(row.alerts).map(readAlert),
  };
}

/** Percent of the limit that is spent, rounded down so that 100 is never said too early; null without a limit. */
export function percentOf({ spent, limit }: Spend): number | null {
  if (limit === null || limit <= 0n) return null;
  return Number((spent * 100n) / limit);
}

/** How a limit stands: there is room, people are told, nothing is left. */
export function standing(spend: Spend, threshold: number): "free" | "near" | "over" {
  const percent = percentOf(spend);
  if (percent === null) return "free";
  return percent >= 100 ? "over" : percent >= threshold ? "near" : "free";
}

/** What a form holds for a limit: empty where there is none. */
export const limitText = (limit: Micros | null): string =>
  limit === null ? "" : toDecimal(limit, limit % 10_000n === 0n ? 2 : 6);

/** What the webhook becomes by what a form says: undefined keeps it, null ends it. */
export const webhookOf = (choice: string | undefined, address: string | undefined): string | null | undefined =>
  choice === "none" ? null : choice === "keep" ? undefined : address?.trim() || undefined;

const SPEND_EVERY_MS = 30_000;

/** The budget of one's own tenant; null: none was set. */
export const budgetQuery = queryOptions({
  queryKey: ["budget"],
  queryFn: async ({ signal }) => {
    const body = await orNull(get("/api/v1/budget", undefined, signal));
    return body === null ? null : readBudget(body);
  },
  refetchInterval: SPEND_EVERY_MS,
});

/** A tenant's budget, for operators. */
export const tenantBudgetQuery = (tenant: string) =>
  queryOptions({
    queryKey: ["tenants", "budget", tenant],
    queryFn: async ({ signal }) => {
      const body = await orNull(get(`/admin/api/v1/tenants/${tenant}/budget`, undefined, signal));
      return body === null ? null : readBudget(body);
    },
  });

/** An override token that was just made. */
export function readToken(body: unknown): string | null {
  const made: Wire<"OverrideToken"> = asRecord(body);
  return asText(made.token);
}
