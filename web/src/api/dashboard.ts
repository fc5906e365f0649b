import type { Micros } from "@/format/money";
import { asList, asMoney, asNumber, asRecord, asText, asTime, type Ref, type Wire } from "./read";

export interface SeriesPoint {
  at: number;
  calls: number;
  answered: number | null;
  sold: number | null;
  revenue: Micros | null;
}

export interface TopBuyer {
  buyer: Ref;
  calls: number | null;
  revenue: Micros | null;
}

/** The windows the API sums over. */
export const WINDOWS = [
  { value: "today", label: "Today", spans: "by hour" },
  { value: "24h", label: "24 hours", spans: "by hour" },
  { value: "7d", label: "7 days", spans: "by quarter of a day" },
  { value: "30d", label: "30 days", spans: "by day" },
] as const;
export type WindowName = (typeof WINDOWS)[number]["value"];

export interface Summary {
  calls: number | null;
  answered: number | null;
  sold: number | null;
  converted: number | null;
  activeNow: number | null;
  /** Answered share of calls, 0 to 1. */
  asr: number | null;
  /** Mean seconds from answer to end. */
  ahtSeconds: number | null;
  revenue: Micros | null;
  payout: Micros | null;
  cost: Micros | null;
  margin: Micros | null;
  currency: string;
  series: SeriesPoint[];
  topBuyers: TopBuyer[];
}

function readPoint(row: Wire<"Point">): SeriesPoint[] {
  const at = asTime(row.start);
  if (at === null) return [];
  return [
    {
      at,
      calls: asNumber(row.calls) ?? 0,
      answered: asNumber(row.answered),
      sold: asNumber(row.sold),
      revenue: asMoney(row.revenue),
    },
  ];
}

function readTopBuyer(row: Wire<"TopBuyer">): TopBuyer {
  return {
    buyer: { id: asText(row.buyerId), name: asText(row.name) },
    calls: asNumber(row.calls),
    revenue: asMoney(row.revenue),
  };
}

export function readSummary(body: unknown): Summary {
  const row: Wire<"DashboardSummary"> = asRecord(body);
  const totals: Wire<"Totals"> = asRecord(row.totals);
  return {
    calls: asNumber(totals.calls),
    answered: asNumber(totals.answered),
    sold: asNumber(totals.sold),
    converted: asNumber(totals.converted),
    activeNow: asNumber(totals.activeNow),
    asr: asNumber(totals.asr),
    ahtSeconds: asNumber(totals.ahtSeconds),
    revenue: asMoney(totals.revenue),
    payout: asMoney(totals.payout),
    cost: asMoney(totals.cost),
    margin: asMoney(totals.margin),
    currency: asText(totals.currency) ?? "USD",
    series: asList(row.series).flatMap(readPoint),
    topBuyers: asList(row.topBuyers).map(readTopBuyer),
  };
}
