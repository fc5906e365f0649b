import { ChartColumn } from "lucide-react";
import { useId, useLayoutEffect, useRef, useState } from "react";
import type { SeriesPoint } from "@/api/dashboard";
import { formatMoney } from "@/format/money";
import { Empty } from "./States";
import { cn } from "./ui/cn";

const HEIGHT = 208;
const BOTTOM = 24;
const LEFT = 30;
const TOP = 8;

interface Band {
  key: "sold" | "answered" | "missed";
  label: string;
  fill: string;
  swatch: string;
}

const BANDS: Band[] = [
  { key: "sold", label: "Sold", fill: "fill-bar-sold", swatch: "bg-bar-sold" },
  { key: "answered", label: "Answered, not sold", fill: "fill-bar-answered", swatch: "bg-bar-answered" },
  { key: "missed", label: "Not answered", fill: "fill-bar-missed", swatch: "bg-bar-missed" },
];

interface Column {
  at: number;
  calls: number;
  bands: Record<Band["key"], number>;
  revenue: bigint | null;
}

function toColumn(point: SeriesPoint): Column {
  const calls = point.calls;
  const answered = Math.min(point.answered ?? 0, calls);
  const sold = Math.min(point.sold ?? 0, answered || calls);
  return {
    at: point.at,
    calls,
    bands: { sold, answered: Math.max(0, answered - sold), missed: Math.max(0, calls - Math.max(answered, sold)) },
    revenue: point.revenue,
  };
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

/** The top of the axis and its step: 1, 2 or 5 times a power of ten, at most four steps. */
function axis(most: number): { top: number; step: number } {
  const rough = Math.max(1, most) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? 10 * power);
  return { step, top: Math.max(step, Math.ceil(most / step) * step) };
}

interface CallsChartProps {
  points: SeriesPoint[];
  currency: string;
  title: string;
}

export function CallsChart({ points, currency, title }: CallsChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [active, setActive] = useState<number | null>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const node = box.current;
    if (!node) return;
    const observer = new ResizeObserver(() => setWidth(node.clientWidth));
    observer.observe(node);
    setWidth(node.clientWidth);
    return () => observer.disconnect();
  }, []);

  const columns = points.map(toColumn);
  if (columns.every((column) => column.calls === 0)) {
    return <Empty icon={ChartColumn} title="No calls in this time" />;
  }
  const { short, long } = labels(columns);
  const { top, step } = axis(Math.max(...columns.map((column) => column.calls)));
  const slot = Math.max(0, width - LEFT) / columns.length;
  const bar = Math.max(2, Math.min(28, slot * 0.66));
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const every = Math.max(1, Math.ceil(56 / Math.max(slot, 1)));
  const shown = active === null ? null : columns[active];

  return (
    <div className="px-4 pb-4 sm:px-5">
      <div className="flex min-h-10 flex-wrap items-center gap-x-4 gap-y-1 text-[13px]" aria-live="off">
        {shown ? (
          <span className="text-soft">
            <span className="font-medium text-ink">{long.format(shown.at)}</span> · {shown.calls} calls,{" "}
            {shown.bands.sold} sold{shown.revenue === null ? "" : `, ${formatMoney(shown.revenue, currency)}`}
          </span>
        ) : (
          BANDS.map((band) => (
            <span key={band.key} className="flex items-center gap-1.5 text-soft">
              <span className={cn("size-2.5 rounded-xs", band.swatch)} aria-hidden="true" />
              {band.label}
            </span>
          ))
        )}
      </div>
      <div ref={box} className="w-full">
        {width > 0 ? (
          <svg
            width={width}
            height={HEIGHT}
            role="img"
            aria-labelledby={titleId}
            className="block overflow-visible"
            onPointerLeave={() => setActive(null)}
          >
            <title id={titleId}>{title}, as a table below</title>
            {Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step).map((value) => (
              <g key={value}>
                <line x1={LEFT} x2={width} y1={y(value)} y2={y(value)} className="stroke-line" />
                <text x={LEFT - 8} y={y(value) + 4} textAnchor="end" className="fill-soft text-[11px] tabular">
                  {value}
                </text>
              </g>
            ))}
            {columns.map((column, index) => (
              <Bar
                key={column.at}
                column={column}
                x={LEFT + slot * index + (slot - bar) / 2}
                width={bar}
                y={y}
                dim={active !== null && active !== index}
              />
            ))}
            {columns.map((column, index) => (
              <g key={column.at}>
                {index % every === 0 ? (
                  <text
                    x={LEFT + slot * (index + 0.5)}
                    y={HEIGHT - 6}
                    textAnchor="middle"
                    className="fill-soft text-[11px] tabular"
                  >
                    {short.format(column.at)}
                  </text>
                ) : null}
                <rect
                  x={LEFT + slot * index}
                  y={0}
                  width={slot}
                  height={HEIGHT - BOTTOM}
                  fill="transparent"
                  onPointerEnter={() => setActive(index)}
                />
              </g>
            ))}
          </svg>
        ) : (
          <div style={{ height: HEIGHT }} />
        )}
      </div>
      <table className="sr-only">
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">Calls</th>
            {BANDS.map((band) => (
              <th key={band.key} scope="col">
                {band.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {columns.map((column) => (
            <tr key={column.at}>
              <th scope="row">{long.format(column.at)}</th>
              <td>{column.calls}</td>
              {BANDS.map((band) => (
                <td key={band.key}>{column.bands[band.key]}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface BarProps {
  column: Column;
  x: number;
  width: number;
  y: (value: number) => number;
  dim: boolean;
}

function Bar({ column, x, width, y, dim }: BarProps) {
  let below = 0;
  return (
    <g className={cn("transition-opacity", dim && "opacity-45")}>
      {BANDS.map((band) => {
        const value = column.bands[band.key];
        if (value === 0) return null;
        const bottom = y(below);
        below += value;
        const height = bottom - y(below);
        // A hair's gap keeps the bands apart for those who do not see their hues.
        return (
          <rect
            key={band.key}
            x={x}
            width={width}
            y={y(below)}
            height={Math.max(1, height - 1)}
            rx={1.5}
            className={cn(band.fill, "transition-[y,height] duration-500")}
          />
        );
      })}
    </g>
  );
}
