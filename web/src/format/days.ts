/** Days of a calendar, as date inputs write them: "2026-11-23". Without a zone they are the viewer's. */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** No zone is farther from UTC than that. */
const FARTHEST_MS = 18 * 3_600_000;

const calendars = new Map<string | undefined, Intl.DateTimeFormat>();

function calendarOf(zone: string | undefined): Intl.DateTimeFormat {
  let calendar = calendars.get(zone);
  if (!calendar) {
    calendar = new Intl.DateTimeFormat("en-US", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
    calendars.set(zone, calendar);
  }
  return calendar;
}

/** The day a moment is on. */
export function dayOf(at: number, zone?: string): string {
  const parts = calendarOf(zone).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((each) => each.type === type)?.value ?? "";
  return `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}`;
}

const utcOf = (day: string): number | null => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return null;
  const at = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(at) ? null : at;
};

/** When a day begins: its first minute, which is not midnight where clocks are put forward then. null: no such day. */
export function startOfDay(day: string, zone?: string): number | null {
  const utc = utcOf(day);
  if (utc === null) return null;
  // Days only ever follow each other, so the first minute that is not before this day is found by halves.
  let [before, after] = [(utc - FARTHEST_MS) / MINUTE_MS, (utc + FARTHEST_MS) / MINUTE_MS];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dayOf(middle * MINUTE_MS, zone) < day) before = middle;
    else after = middle;
  }
  return after * MINUTE_MS;
}

/** The day so many days later. */
export function addDays(day: string, days: number): string {
  const utc = utcOf(day);
  return utc === null ? day : new Date(utc + days * DAY_MS).toISOString().slice(0, 10);
}

/** The day so many days before the one that is now. */
export const dayAgo = (ago: number, zone?: string): string => addDays(dayOf(Date.now(), zone), -ago);

/** When a day of a filter begins, or the one `offsetDays` later, as the API wants it. */
export function dayStart(day: string | undefined, offsetDays = 0, zone?: string): string | undefined {
  const at = day === undefined ? null : startOfDay(addDays(day, offsetDays), zone);
  return at === null ? undefined : new Date(at).toISOString();
}

/** The zone of the viewer's own clock. */
export const ownZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;
