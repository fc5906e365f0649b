import type { CallingWeek, CallingWindow } from "@/api/compliance";
import { WEEKDAYS } from "@/api/resources";
import { DAY_NAMES } from "./HoursEditor";
import type { CustomControl } from "./ResourceDialog";
import { Check } from "./ui/checkbox";
import { Input } from "./ui/input";

export const writeCallingWeek = (week: CallingWeek): string => JSON.stringify(week);
export const parseCallingWeek = (value: string): CallingWeek => JSON.parse(value) as CallingWeek;

const DAYTIME: CallingWindow = { from: "08:00", to: "21:00" };
// A field for times has no 24:00, which is how a day that ends at midnight is written.
const TIME = "([01][0-9]|2[0-3]):[0-5][0-9]|24:00";

/** When consumers may be called, day by day. The form's value is the week as JSON. */
export function CallingHoursEditor({ value, onChange }: CustomControl) {
  const week = parseCallingWeek(value);
  return (
    <ul className="grid gap-2">
      {WEEKDAYS.map((day) => {
        const window = week[day];
        const change = (next: CallingWindow | null) => onChange(writeCallingWeek({ ...week, [day]: next }));
        return (
          <li key={day} className="grid min-h-9 grid-cols-[7.5rem_1fr] items-center gap-2">
            <Check
              label={DAY_NAMES[day]}
              checked={window !== null}
              onChange={(open) => change(open ? DAYTIME : null)}
            />
            {window ? (
              <span className="flex items-center gap-1.5">
                <Input
                  required
                  pattern={TIME}
                  aria-label={`${DAY_NAMES[day]} from`}
                  value={window.from}
                  onChange={(event) => change({ ...window, from: event.target.value })}
                />
                <span className="text-soft">–</span>
                <Input
                  required
                  pattern={TIME}
                  aria-label={`${DAY_NAMES[day]} to`}
                  value={window.to}
                  onChange={(event) => change({ ...window, to: event.target.value })}
                />
              </span>
            ) : (
              <span className="text-[13px] text-soft">Nobody is called</span>
            )}
          </li>
        );
      })}
    </ul>
  );
}
