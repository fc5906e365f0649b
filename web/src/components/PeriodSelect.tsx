import { useState } from "react";
import { Input, NativeSelect } from "./ui/input";

/** The filter's days are the viewer's; the API wants instants. */
export const dayStart = (day: string | undefined, offsetDays = 0): string | undefined => {
  if (!day || !/^\d{4}-\d{2}-\d{2}$/.test(day)) return undefined;
  const date = new Date(`${day}T00:00:00`);
  if (Number.isNaN(date.getTime())) return undefined;
  date.setDate(date.getDate() + offsetDays);
  return date.toISOString();
};

/** A day of the viewer's calendar, `ago` days back, as date inputs write it. */
export function dayAgo(ago: number): string {
  const date = new Date();
  date.setDate(date.getDate() - ago);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

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
  onChange: (period: { from?: string | undefined; until?: string | undefined }) => void;
}

/** The days a list or report is of, as the address has them. */
export function PeriodSelect({ from, until, any, onChange }: PeriodSelectProps) {
  const preset = PERIODS.findIndex(
    (period) =>
      from === dayAgo(period.from) && until === (period.until === undefined ? undefined : dayAgo(period.until)),
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
              : { from: dayAgo(period.from), until: period.until === undefined ? undefined : dayAgo(period.until) },
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
