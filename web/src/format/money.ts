/** An amount in millionths of the currency's unit. bigint, because the platform's money is a 64-bit integer. */
export type Micros = bigint;

const MICROS_PER_UNIT = 1_000_000n;

/**
 * Reads an amount as the API writes it: a decimal string ("12.5000") is in units, an integer is in micro-units.
 * Returns null for anything else: an amount that cannot be read must never be shown as zero.
 */
export function parseMoney(value: unknown): Micros | null {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : null;
  if (typeof value !== "string") return null;
  const match = /^([+-]?)(\d{1,13})(?:\.(\d{1,12}))?$/.exec(value.trim());
  if (!match) return null;
  const [, sign, units = "0", fraction = ""] = match;
  const kept = BigInt(fraction.slice(0, 6).padEnd(6, "0"));
  const roundUp = (fraction[6] ?? "0") >= "5" ? 1n : 0n;
  const amount = BigInt(units) * MICROS_PER_UNIT + kept + roundUp;
  return sign === "-" ? -amount : amount;
}

/** Rounds half away from zero to `places` decimals and returns the digits: 125000 micros at 2 places is "0.13". */
export function toDecimal(micros: Micros, places: number): string {
  const step = 10n ** BigInt(6 - places);
  const negative = micros < 0n;
  const magnitude = negative ? -micros : micros;
  const rounded = (magnitude + step / 2n) / step;
  const scale = 10n ** BigInt(places);
  const fraction = places === 0 ? "" : `.${(rounded % scale).toString().padStart(places, "0")}`;
  return `${negative && rounded !== 0n ? "-" : ""}${rounded / scale}${fraction}`;
}

const SYMBOLS: Record<string, string> = { USD: "$", EUR: "€", GBP: "£", CAD: "CA$", AUD: "A$" };

/** "$1,234.50"; a currency without a known symbol is named: "1,234.50 CHF". */
export function formatMoney(micros: Micros, currency = "USD", places = 2): string {
  const decimal = toDecimal(micros, places);
  const negative = decimal.startsWith("-");
  const [units = "0", fraction] = (negative ? decimal.slice(1) : decimal).split(".");
  const grouped = units.replace(/\B(?=(\d{3})+$)/g, ",");
  const digits = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  const symbol = SYMBOLS[currency];
  const text = symbol === undefined ? `${digits} ${currency}` : `${symbol}${digits}`;
  return negative ? `−${text}` : text;
}

/** As many decimals as the amount needs, from two to four: rates such as $0.0125 stay readable. */
export function formatRate(micros: Micros, currency = "USD"): string {
  return formatMoney(micros, currency, micros % 10_000n === 0n ? 2 : 4);
}
