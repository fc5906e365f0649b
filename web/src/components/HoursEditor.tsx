import { Plus, X } from "lucide-react";
import { type Span, WEEKDAYS, type Week, type Weekday } from "@/api/resources";
import type { CustomControl } from "./ResourceDialog";
import { Button } from "./ui/button";
import { Input, NativeSelect } from "./ui/input";

export const DAY_NAMES: Record<Weekday, string> = {
  mon: "Monday",
  tue: "Tuesday",
  wed: "Wednesday",
  thu: "Thursday",
  fri: "Friday",
  sat: "Saturday",
  sun: "Sunday",
};
const OFFICE: Span = { from: "09:00", to: "17:00" };
const OFFICE_WEEK: Week = {
  mon: [OFFICE],
  tue: [OFFICE],
  wed: [OFFICE],
  thu: [OFFICE],
  fri: [OFFICE],
  sat: [],
  sun: [],
  closed: [],
};

export const writeWeek = (week: Week | null): string => (week === null ? "" : JSON.stringify(week));
export const parseWeek = (value: string): Week | null => (value === "" ? null : (JSON.parse(value) as Week));

/** Opening hours by weekday. The form's value is the week as JSON, or nothing: open at all hours. */
export function HoursEditor({ value, onChange, id, ...described }: CustomControl) {
  const week = parseWeek(value);
  const change = (next: Week) => onChange(writeWeek(next));
  return (
    <div className="grid gap-3">
      <NativeSelect
        id={id}
        {...described}
        value={week ? "hours" : "always"}
        onChange={(event) => onChange(event.target.value === "always" ? "" : writeWeek(OFFICE_WEEK))}
      >
        <option value="always">Open at all hours</option>
        <option value="hours">Open at these hours</option>
      </NativeSelect>
      {week ? (
        <>
          <ul className="grid gap-2">
            {WEEKDAYS.map((day) => (
              <li key={day}>
                <DayRow day={day} spans={week[day]} onChange={(spans) => change({ ...week, [day]: spans })} />
              </li>
            ))}
          </ul>
          <Button
            variant="ghost"
            size="sm"
            className="justify-self-start"
            onClick={() => change({ ...week, tue: week.mon, wed: week.mon, thu: week.mon, fri: week.mon })}
          >
            Monday's hours for all weekdays
          </Button>
          <ClosedDays days={week.closed} onChange={(closed) => change({ ...week, closed })} />
        </>
      ) : null}
    </div>
  );
}

function DayRow({ day, spans, onChange }: { day: Weekday; spans: Span[]; onChange: (spans: Span[]) => void }) {
  const name = DAY_NAMES[day];
  const set = (index: number, part: Partial<Span>) =>
    onChange(spans.map((span, at) => (at === index ? { ...span, ...part } : span)));
  return (
    <fieldset className="grid grid-cols-[5.5rem_1fr_auto] items-start gap-2">
      <legend className="sr-only">{name}</legend>
      <span className="pt-2 text-[13px]" aria-hidden="true">
        {name}
      </span>
      <span className="grid gap-1.5">
        {spans.length === 0 ? <span className="pt-2 text-[13px] text-soft">Closed</span> : null}
        {spans.map((span, index) => (
          <span key={index} className="flex items-center gap-1.5">
            <Input
              type="time"
              required
              aria-label={`${name} from`}
              value={span.from}
              onChange={(event) => set(index, { from: event.target.value })}
            />
            <span className="text-soft">–</span>
            <Input
              type="time"
              required
              aria-label={`${name} to`}
              value={span.to}
              onChange={(event) => set(index, { to: event.target.value })}
            />
            <Button
              variant="ghost"
              size="icon-sm"
              aria-label={`Remove ${name} ${span.from} to ${span.to}`}
              onClick={() => onChange(spans.filter((_, at) => at !== index))}
            >
              <X />
            </Button>
          </span>
        ))}
      </span>
      <Button
        variant="ghost"
        size="icon-sm"
        aria-label={`Add hours on ${name}`}
        onClick={() => onChange([...spans, OFFICE])}
      >
        <Plus />
      </Button>
    </fieldset>
  );
}

function ClosedDays({ days, onChange }: { days: string[]; onChange: (days: string[]) => void }) {
  return (
    <fieldset className="grid gap-1.5">
      <legend className="mb-1.5 text-[13px] font-medium">Days off</legend>
      {days.map((day, index) => (
        <span key={index} className="flex items-center gap-1.5">
          <Input
            type="date"
            required
            aria-label="Day off"
            value={day}
            onChange={(event) => onChange(days.map((each, at) => (at === index ? event.target.value : each)))}
          />
          <Button
            variant="ghost"
            size="icon-sm"
            aria-label={`Remove ${day || "the day"}`}
            onClick={() => onChange(days.filter((_, at) => at !== index))}
          >
            <X />
          </Button>
        </span>
      ))}
      <Button variant="ghost" size="sm" className="justify-self-start" onClick={() => onChange([...days, ""])}>
        <Plus /> Add a day off
      </Button>
    </fieldset>
  );
}
