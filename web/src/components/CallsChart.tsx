import type { SeriesPoint } from "@/api/dashboard";
import { formatMoney } from "@/format/money";
import { type Band, BarChart } from "./BarChart";

export const CALL_BANDS: Band[] = [
  { key: "sold", label: "Sold", fill: "fill-bar-sold", swatch: "bg-bar-sold" },
  { key: "answered", label: "Answered, not sold", fill: "fill-bar-answered", swatch: "bg-bar-answered" },
  { key: "missed", label: "Not answered", fill: "fill-bar-missed", swatch: "bg-bar-missed" },
];

/** Calls as the bands of one bar: none is counted twice. */
export function bandsOf(calls: number, answeredCalls: number | null, soldCalls: number | null): number[] {
  const answered = Math.min(answeredCalls ?? 0, calls);
  const sold = Math.min(soldCalls ?? 0, answered || calls);
  return [sold, Math.max(0, answered - sold), Math.max(0, calls - Math.max(answered, sold))];
}

const hour = new Intl.DateTimeFormat(undefined, { hour: "numeric" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const dayHour = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "numeric" });
const DAY_MS = 86_400_000;

/** How a span is named under its bar and in full, by how wide the spans and their window are. */
function labels(columns: { at: number }[]): { short: Intl.DateTimeFormat; long: Intl.DateTimeFormat } {
  const [first, second] = columns;
  const last = columns.at(-1);
  if (!first || !second || !last) return { short: hour, long: hour };
  if (second.at - first.at >= DAY_MS) return { short: day, long: day };
  return last.at - first.at > 1.1 * DAY_MS ? { short: day, long: dayHour } : { short: hour, long: hour };
}

interface CallsChartProps {
  points: SeriesPoint[];
  currency: string;
  title: string;
}

export function CallsChart({ points, currency, title }: CallsChartProps) {
  const { short, long } = labels(points);
  return (
    <BarChart
      title={title}
      empty="No calls in this time"
      bands={CALL_BANDS}
      columns={points.map(({ at, calls, answered, sold, revenue }) => {
        const values = bandsOf(calls, answered, sold);
        return {
          key: String(at),
          short: short.format(at),
          long: long.format(at),
          told: `${calls} calls, ${values[0]} sold${revenue === null ? "" : `, ${formatMoney(revenue, currency)}`}`,
          values,
        };
      })}
    />
  );
}
