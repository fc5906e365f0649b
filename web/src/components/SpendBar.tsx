import { percentOf, type Spend, standing } from "@/api/budget";
import { formatRate } from "@/format/money";
import { cn } from "./ui/cn";

const FILL = { free: "bg-bar-answered", near: "bg-warn", over: "bg-bad" };
const WORDS = { free: null, near: "Near the limit", over: "Used up" };
const TEXT = { free: "", near: "text-warn-text", over: "text-bad-text" };

interface SpendBarProps {
  label: string;
  spend: Spend;
  currency: string;
  /** Percent from which people are told: marked on the bar. */
  threshold: number;
}

/** How far a limit of money is used. Stands in a `<dl>`. */
export function SpendBar({ label, spend, currency, threshold }: SpendBarProps) {
  const percent = percentOf(spend);
  const state = standing(spend, threshold);
  return (
    <div className="grid grid-cols-[1fr_auto] gap-x-3 gap-y-1 text-[13px]">
      <dt className="text-soft">
        {label}
        {WORDS[state] ? <span className={cn("font-medium", TEXT[state])}> · {WORDS[state]}</span> : null}
      </dt>
      <dd className={cn("tabular text-right", state !== "free" && "font-medium", TEXT[state])}>
        {formatRate(spend.spent, currency)}
        <span className="font-normal text-soft">
          {spend.limit === null
            ? " · no limit"
            : ` of ${formatRate(spend.limit, currency)} · ${(percent ?? 0).toLocaleString("en-US")} %`}
        </span>
      </dd>
      {percent === null ? null : (
        <dd className="relative col-span-2 h-2 overflow-hidden rounded-full bg-sunken" aria-hidden="true">
          <div
            className={cn("h-full rounded-full transition-[width] duration-500", FILL[state])}
            style={{ width: `${Math.min(100, percent)}%` }}
          />
          {threshold < 100 ? (
            <div className="absolute inset-y-0 w-0.5 bg-line-strong" style={{ left: `${threshold}%` }} />
          ) : null}
        </dd>
      )}
    </div>
  );
}
