import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { get, orNull } from "./client";
import { CALLS_PER_PAGE } from "./queries";
import { asFlag, asNumber, asRecord, asText, asTime, readPage, type Wire } from "./read";
import { readAll } from "./whole";

/** A customer of the platform, as its operator sees it. */
export interface Tenant {
  id: string;
  name: string;
  slug: string;
  /** Host name its people sign in at. */
  domain: string;
  status: string | null;
  timeZone: string;
  createdAt: number | null;
}

export const readTenant = (row: Wire<"Tenant">): Tenant => ({
  id: asText(row.id) ?? "",
  name: asText(row.name) ?? "",
  slug: asText(row.slug) ?? "",
  domain: asText(row.domain) ?? "",
  status: asText(row.status),
  timeZone: asText(row.timeZone) ?? "UTC",
  createdAt: asTime(row.createdAt),
});

/** The limits that are counted: what exceptions name them by, and what the status and the limits do. */
export const QUOTAS = [
  { kind: "concurrent_calls", level: "concurrentCalls", limit: "maxConcurrentCalls", label: "Calls at once" },
  { kind: "minutes_per_day", level: "dailyMinutes", limit: "maxMinutesPerDay", label: "Minutes today" },
  { kind: "phone_numbers", level: "phoneNumbers", limit: "maxPhoneNumbers", label: "Numbers" },
] as const;
export type QuotaKind = (typeof QUOTAS)[number]["kind"];

/** How far a limit is used; null: there is none. */
export interface QuotaLevel {
  used: number;
  limit: number | null;
}

export function readLevels(body: unknown): Record<QuotaKind, QuotaLevel> {
  const row = asRecord(body);
  const level = (name: (typeof QUOTAS)[number]["level"]): QuotaLevel => {
    const found: Wire<"QuotaLevel"> = asRecord(row[name]);
    return { used: asNumber(found.current) ?? 0, limit: asNumber(found.limit) };
  };
  return Object.fromEntries(QUOTAS.map(({ kind, level: name }) => [kind, level(name)])) as Record<
    QuotaKind,
    QuotaLevel
  >;
}

/** A tenant's limits as they were set. */
export interface Quota {
  limits: Record<QuotaKind, number | null>;
  enabled: boolean;
}

export function readQuota(body: unknown): Quota {
  const row: Wire<"Quota"> = asRecord(body);
  const limits = QUOTAS.map(({ kind, limit }) => [kind, asNumber(row[limit])] as const);
  return { limits: Object.fromEntries(limits) as Quota["limits"], enabled: asFlag(row.enabled) ?? true };
}

/** An exception from a limit, for a time. */
export interface QuotaException {
  id: string;
  kind: string;
  /** null: the limit is lifted. */
  value: number | null;
  reason: string;
  expiresAt: number | null;
}

const readException = (row: Wire<"QuotaOverride">): QuotaException => ({
  id: asText(row.id) ?? "",
  kind: asText(row.quotaType) ?? "",
  value: asNumber(row.overrideValue),
  reason: asText(row.reason) ?? "",
  expiresAt: asTime(row.expiresAt),
});

export const tenantsQuery = (page: number) =>
  queryOptions({
    queryKey: ["tenants", "list", page],
    queryFn: async ({ signal }) =>
      readPage(await get("/admin/api/v1/tenants", { page, limit: CALLS_PER_PAGE }, signal), readTenant),
    placeholderData: keepPreviousData,
  });

/** Limits, how far they are used, and the exceptions from them. */
export const tenantQuotaQuery = (tenant: string) =>
  queryOptions({
    queryKey: ["tenants", "quota", tenant],
    queryFn: async ({ signal }) => {
      const [levels, exceptions, quota] = await Promise.all([
        get(`/admin/api/v1/tenants/${tenant}/quota/status`, undefined, signal),
        readAll((query) => get(`/admin/api/v1/tenants/${tenant}/quota/overrides`, query, signal), readException),
        // None were ever set: that is no fault.
        orNull(get(`/admin/api/v1/tenants/${tenant}/quota`, undefined, signal)),
      ]);
      return {
        levels: readLevels(levels),
        exceptions: exceptions.items,
        quota: readQuota(quota),
      };
    },
  });

const LEVELS_EVERY_MS = 30_000;

/** How far one's own tenant's limits are used. */
export const limitsQuery = queryOptions({
  queryKey: ["limits"],
  queryFn: async ({ signal }) => readLevels(await get("/api/v1/quota/status", undefined, signal)),
  refetchInterval: LEVELS_EVERY_MS,
});
