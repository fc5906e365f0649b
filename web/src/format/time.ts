/** "0:07", "4:31", "1:02:03": the form of a call's timer. Negative and fractional input is floored at zero. */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const rest = String(total % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** "7 s", "4 min 31 s", "1 h 2 min": the form for prose. */
export function formatDurationWords(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} s`;
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  return total % 60 > 0 ? `${minutes} min ${total % 60} s` : `${minutes} min`;
}

/** Offset from a call's start: "+0.000 s", "+12.480 s", "+2:05.120". */
export function formatOffset(milliseconds: number): string {
  const sign = milliseconds < 0 ? "−" : "+";
  const magnitude = Math.abs(Math.round(milliseconds));
  const minutes = Math.floor(magnitude / 60_000);
  const seconds = (magnitude % 60_000) / 1000;
  return minutes > 0 ? `${sign}${minutes}:${seconds.toFixed(3).padStart(6, "0")}` : `${sign}${seconds.toFixed(3)} s`;
}

/** Reads RFC 3339 text, or an integer of microseconds since the Unix epoch; answers milliseconds, or null. */
export function parseTime(value: unknown): number | null {
  if (typeof value === "number" && Number.isFinite(value)) return value / 1000;
  if (typeof value !== "string" || value === "") return null;
  const parsed = Date.parse(value);
  return Number.isNaN(parsed) ? null : parsed;
}

const two = (part: number): string => String(part).padStart(2, "0");

/** What a `datetime-local` field holds for a moment: the reader's own clock, to the minute. */
export function toLocalField(at: number | null): string {
  if (at === null) return "";
  const date = new Date(at);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The moment such a field names, as the API wants it; null when it is empty. */
export function fromLocalField(text: string | undefined): string | null {
  const at = text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

const minute = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
});

/** "Nov 22, 1:33 PM": where seconds and year would only take room. */
export const formatDayTime = (at: number): string => minute.format(at);
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const SOON_MS = 48 * 3_600_000;

/** When something ends: "Jan 2, 2027", and to the minute when that is near or was just now. */
export const formatEnd = (at: number, now: number): string =>
  Math.abs(at - now) < SOON_MS ? minute.format(at) : date.format(at);
export const formatClock = (at: number): string => clock.format(at);
export const formatFull = (at: number): string => full.format(at);

/** The clock alone for today, with the day before it otherwise. */
export function formatWhen(at: number, now: number): string {
  const sameDay = new Date(at).toDateString() === new Date(now).toDateString();
  return sameDay ? clock.format(at) : `${day.format(at)}, ${clock.format(at)}`;
}

export function formatPercent(fraction: number): string {
  const percent = fraction * 100;
  return `${percent >= 99.95 || percent === 0 || percent >= 10 ? Math.round(percent) : percent.toFixed(1)} %`;
}

/** Every IANA time zone the browser knows, UTC first. */
export function timeZones(): string[] {
  return ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
}
