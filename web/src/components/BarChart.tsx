import { ChartColumn } from "lucide-react";
import { useId, useLayoutEffect, useRef, useState } from "react";
import { Empty } from "./States";
import { cn } from "./ui/cn";

const HEIGHT = 208;
const BOTTOM = 24;
const LEFT = 30;
const TOP = 8;

/** One colour of the bars. */
export interface Band {
  key: string;
  label: string;
  fill: string;
  swatch: string;
}

export interface Column {
  key: string;
  /** Under the bar, and in full. */
  short: string;
  long: string;
  /** What is said of it while it is pointed at. */
  told: string;
  /** By band, in their order. */
  values: number[];
}

const heightOf = ({ values }: Column): number => values.reduce((sum, value) => sum + value, 0);

/** The top of the axis and its step: 1, 2 or 5 times a power of ten, at most four steps. */
function axis(most: number): { top: number; step: number } {
  const rough = Math.max(1, most) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? 10 * power);
  return { step, top: Math.max(step, Math.ceil(most / step) * step) };
}

interface BarChartProps {
  title: string;
  /** What is told where there is nothing. */
  empty: string;
  bands: Band[];
  columns: Column[];
}

/** Bars of several bands beside each other, and the same as a table for whoever does not see them. */
export function BarChart({ title, empty, bands, columns }: BarChartProps) {
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

  if (columns.every((column) => heightOf(column) === 0)) return <Empty icon={ChartColumn} title={empty} />;
  const { top, step } = axis(Math.max(...columns.map(heightOf)));
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
            <span className="font-medium text-ink">{shown.long}</span> · {shown.told}
          </span>
        ) : (
          bands.map((band) => (
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
                key={column.key}
                bands={bands}
                values={column.values}
                x={LEFT + slot * index + (slot - bar) / 2}
                width={bar}
                y={y}
                dim={active !== null && active !== index}
              />
            ))}
            {columns.map((column, index) => (
              <g key={column.key}>
                {index % every === 0 ? (
                  <text
                    x={LEFT + slot * (index + 0.5)}
                    y={HEIGHT - 6}
                    textAnchor="middle"
                    className="fill-soft text-[11px] tabular"
                  >
                    {column.short}
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
      <div className="sr-only">
        <table>
          <caption>{title}</caption>
          <thead>
            <tr>
              <th scope="col">Of</th>
              <th scope="col">In all</th>
              {bands.map((band) => (
                <th key={band.key} scope="col">
                  {band.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {columns.map((column) => (
              <tr key={column.key}>
                <th scope="row">{column.long}</th>
                <td>{heightOf(column)}</td>
                {bands.map((band, index) => (
                  <td key={band.key}>{column.values[index]}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

interface BarProps {
  bands: Band[];
  values: number[];
  x: number;
  width: number;
  y: (value: number) => number;
  dim: boolean;
}

function Bar({ bands, values, x, width, y, dim }: BarProps) {
  let below = 0;
  return (
    <g className={cn("transition-opacity", dim && "opacity-45")}>
      {bands.map((band, index) => {
        const value = values[index] ?? 0;
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
