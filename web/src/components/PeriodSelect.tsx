import { useState } from "react";
import { dayAgo } from "@/format/days";
import { Input, NativeSelect } from "./ui/input";

const PERIODS: { label: string; from: number; until?: number }[] = [
  { label: "Today", from: 0 },
  { label: "Yesterday", from: 1, until: 1 },
  { label: "Last 7 days", from: 6 },
  { label: "Last 30 days", from: 29 },
  { label: "Last 90 days", from: 89 },
  { label: "Last 365 days", from: 364 },
];

interface PeriodSelectProps {
  from: string | undefined;
  until: string | undefined;
  /** What no period means; without it there is always one. */
  any?: string;
  /** Whose days they are; without it the viewer's. */
  zone?: string;
  onChange: (period: { from?: string | undefined; until?: string | undefined }) => void;
}

/** The days a list or report is of, as the address has them. */
export function PeriodSelect({ from, until, any, zone, onChange }: PeriodSelectProps) {
  const preset = PERIODS.findIndex(
    (period) =>
      from === dayAgo(period.from, zone) &&
      until === (period.until === undefined ? undefined : dayAgo(period.until, zone)),
  );
  const [custom, setCustom] = useState((from !== undefined || until !== undefined) && preset < 0);
  const value = custom ? "custom" : preset >= 0 ? String(preset) : "";
  return (
    <>
      <NativeSelect
        aria-label="Period"
        className="md:w-36"
        value={value}
        onChange={({ target }) => {
          setCustom(target.value === "custom");
          if (target.value === "custom") return;
          const period = PERIODS[Number(target.value)];
          onChange(
            target.value === "" || !period
              ? { from: undefined, until: undefined }
              : {
                  from: dayAgo(period.from, zone),
                  until: period.until === undefined ? undefined : dayAgo(period.until, zone),
                },
          );
        }}
      >
        {any === undefined ? null : <option value="">{any}</option>}
        {PERIODS.map((period, index) => (
          <option key={period.label} value={index}>
            {period.label}
          </option>
        ))}
        <option value="custom">Other days…</option>
      </NativeSelect>
      {custom ? (
        <span className="col-span-2 flex items-center gap-2 text-[13px] text-soft">
          <Input
            type="date"
            aria-label="From day"
            value={from ?? ""}
            onChange={({ target }) => onChange({ from: target.value || undefined })}
          />
          until
          <Input
            type="date"
            aria-label="Until day"
            value={until ?? ""}
            onChange={({ target }) => onChange({ until: target.value || undefined })}
          />
        </span>
      ) : null}
    </>
  );
}
