import type { Usage } from "@/api/resources";
import { cn } from "./ui/cn";

/** How far a limit is used. Stands in a `<dl>`. */
export function UsageBar({ label, usage: { limit, used } }: { label: string; usage: Usage }) {
  const share = limit !== null && limit > 0 && used !== null ? Math.min(1, used / limit) : 0;
  const full = limit !== null && used !== null && used >= limit;
  return (
    <div className="grid grid-cols-[1fr_auto] gap-x-3 gap-y-1 text-[13px]">
      <dt className="text-soft">{label}</dt>
      <dd className={cn("tabular", full && "font-medium text-warn-text")}>
        {used?.toLocaleString("en-US") ?? "–"}
        <span className="text-soft">{limit === null ? " · no limit" : ` of ${limit.toLocaleString("en-US")}`}</span>
      </dd>
      {limit !== null ? (
        <dd className="col-span-2 h-1.5 overflow-hidden rounded-full bg-sunken" aria-hidden="true">
          <div
            className={cn("h-full rounded-full transition-[width] duration-500", full ? "bg-warn" : "bg-bar-answered")}
            style={{ width: `${share * 100}%` }}
          />
        </dd>
      ) : null}
    </div>
  );
}
