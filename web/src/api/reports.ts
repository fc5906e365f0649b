import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Micros } from "@/format/money";
import { toSentence } from "@/format/words";
import { get } from "./client";
import { asList, asMoney, asNumber, asRecord, asText, asTime, type Wire } from "./read";

/** By what calls are told apart. The first two know partners, the others only the campaign. */
export const GROUPS = ["hour", "day", "week", "month", "campaign", "status"] as const;
export type Group = (typeof GROUPS)[number];

export const isGroup = (text: string | undefined): text is Group => (GROUPS as readonly string[]).includes(text ?? "");

/** Whether calls are told apart by when they began. */
export const isByTime = (group: Group): boolean => group !== "campaign" && group !== "status";

/** Whether a report by this can be narrowed to a publisher or a buyer. */
export const knowsPartners = (group: Group): boolean => group === "hour" || group === "day";

/** What a report is of. */
export interface ReportFilter {
  by: Group;
  startDate: string;
  endDate: string;
  campaignId?: string | undefined;
  publisherId?: string | undefined;
  buyerId?: string | undefined;
}

/** Figures; null: the report does not have them. */
export interface Figures {
  calls: number;
  answered: number;
  converted: number | null;
  /** Mean seconds from answer to end. */
  talk: number | null;
  minutes: number | null;
  revenue: Micros | null;
  payout: Micros | null;
  cost: Micros | null;
}

export interface ReportRow extends Figures {
  id: string;
  /** When it begins, where the report tells; else it is told by name. */
  at: number | null;
  /** The day, the month, the campaign, the status. */
  value: string;
  campaignId: string | null;
}

export interface Report {
  /** By what it tells calls apart. */
  by: Group;
  timeZone: string;
  total: Figures;
  rows: ReportRow[];
}

function readFigures(value: unknown): Figures {
  const row: Wire<"ReportMetrics"> = asRecord(value);
  return {
    calls: asNumber(row.totalCalls) ?? 0,
    answered: asNumber(row.answeredCalls) ?? 0,
    converted: asNumber(row.convertedCalls),
    talk: asNumber(row.aht),
    minutes: asNumber(row.totalBillableMinutes),
    revenue: asMoney(row.totalRevenue),
    payout: asMoney(row.totalPayout),
    cost: asMoney(row.totalCost),
  };
}

function readPoint(row: Wire<"ReportPoint">): ReportRow[] {
  const at = asTime(row.timestamp);
  if (at === null) return [];
  return [
    {
      id: String(at),
      at,
      value: asText(row.timestamp) ?? "",
      campaignId: null,
      calls: asNumber(row.totalCalls) ?? 0,
      answered: asNumber(row.answeredCalls) ?? 0,
      converted: null,
      talk: asNumber(row.aht),
      minutes: asNumber(row.billableMinutes),
      revenue: asMoney(row.revenue),
      payout: null,
      cost: asMoney(row.cost),
    },
  ];
}

function readPart(row: Wire<"ReportPart">): ReportRow {
  const value = asText(row.value) ?? "";
  return { id: asText(row.id) ?? value, at: null, value, campaignId: asText(row.id), ...readFigures(row.metrics) };
}

/** Either report: by the hour or day, with moments, or by anything else, with names. */
export function readReport(body: unknown, by: Group = "day"): Report {
  const row: Wire<"MetricsReport"> = asRecord(body);
  const rows = asList(row.breakdown);
  return {
    by,
    timeZone: asText(row.timeZone) ?? "UTC",
    total: readFigures(row.metrics),
    rows: rows.flatMap((each) => ("timestamp" in each ? readPoint(each) : [readPart(each)])),
  };
}

export const reportQuery = ({ by, startDate, endDate, campaignId, publisherId, buyerId }: ReportFilter) =>
  queryOptions({
    queryKey: ["reports", by, startDate, endDate, campaignId, publisherId, buyerId],
    queryFn: async ({ signal }) => {
      const period = { startDate, endDate };
      if (by === "day" && campaignId && !publisherId && !buyerId)
        return readReport(
          await get(`/api/v1/reporting/campaigns/${encodeURIComponent(campaignId)}`, period, signal),
          by,
        );
      if (by === "hour" || by === "day") {
        const query = { ...period, granularity: by, campaignId, publisherId, buyerId };
        return readReport(await get("/api/v1/reporting/metrics", query, signal), by);
      }
      return readReport(await get("/api/v1/reporting/calls", { ...period, groupBy: by, campaignId }, signal), by);
    },
    placeholderData: keepPreviousData,
  });

const ZONE_ASKED_MS = 60_000;

/** The zone of the tenant's days: a report says it. */
export const zoneQuery = queryOptions({
  queryKey: ["reports", "zone"],
  queryFn: async ({ signal }) => {
    const now = Date.now();
    const query = {
      startDate: new Date(now - ZONE_ASKED_MS).toISOString(),
      endDate: new Date(now).toISOString(),
      granularity: "hour",
    };
    return readReport(await get("/api/v1/reporting/metrics", query, signal)).timeZone;
  },
  staleTime: Number.POSITIVE_INFINITY,
});

/** What a row is called: short under its bar, and in full. */
export function namesOf(row: ReportRow, by: Group, timeZone: string): { short: string; long: string } {
  const date = (at: number, zone: string, parts: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(undefined, { ...parts, timeZone: zone }).format(at);
  const day: Intl.DateTimeFormatOptions = { month: "short", day: "numeric" };
  if (row.at !== null) {
    const long = { ...day, year: "numeric" as const, weekday: "short" as const };
    return by === "hour"
      ? {
          short: date(row.at, timeZone, { hour: "numeric" }),
          long: date(row.at, timeZone, { ...day, hour: "numeric", minute: "2-digit" }),
        }
      : { short: date(row.at, timeZone, day), long: date(row.at, timeZone, long) };
  }
  // A day or month without an hour is read as UTC's, and told as that.
  const at = Date.parse(by === "month" ? `${row.value}-01` : row.value);
  if (!isByTime(by) || Number.isNaN(at)) {
    const name = by === "status" ? toSentence(row.value) : row.value;
    return { short: name, long: name };
  }
  if (by === "month")
    return { short: date(at, "UTC", { month: "short" }), long: date(at, "UTC", { month: "long", year: "numeric" }) };
  const short = date(at, "UTC", day);
  const long = date(at, "UTC", { ...day, year: "numeric" });
  return by === "week" ? { short, long: `Week of ${long}` } : { short, long };
}

/** A share of 0 to 1; null where there is nothing to take it of. */
export const share = (part: number | null, whole: number): number | null =>
  part === null || whole === 0 ? null : part / whole;
