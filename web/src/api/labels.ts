import { ApiError } from "./client";
import { asNumber, asText, type Page, type Wire } from "./read";
import type { PhoneNumber } from "./resources";

/** Numbers that calls out show, in turn. */
export interface CallerIdPool {
  id: string;
  name: string;
  status: string | null;
}

export const readPool = (row: Wire<"CallerIdPool">): CallerIdPool => ({
  id: asText(row.id) ?? "",
  name: asText(row.name) ?? "",
  status: asText(row.status),
});

export interface PoolNumber {
  id: string;
  number: string;
  status: string | null;
  /** Lower is shown first; equals take turns. */
  priority: number;
}

export const readPoolNumber = (row: Wire<"PoolNumber">): PoolNumber => ({
  id: asText(row.id) ?? "",
  number: asText(row.number) ?? "",
  status: asText(row.status),
  priority: asNumber(row.priority) ?? 0,
});

/** The one number that was meant by what somebody typed; refused where none or several could be. */
export function onlyNumber(typed: string, found: Page<PhoneNumber>): PhoneNumber {
  const digits = typed.replace(/\D/g, "");
  const exact = found.items.filter(({ number }) => number.replace(/\D/g, "") === digits);
  const fitting = exact.length === 1 ? exact : found.items;
  const [number] = fitting;
  if (number && fitting.length === 1 && digits !== "") return number;
  const message = fitting.length > 1 ? "is part of several numbers; type all of it" : "is no number of yours";
  throw new ApiError(422, "VALIDATION_ERROR", `number ${message}`, [{ field: "number", message }]);
}

/** A label people put on calls and leads. */
export interface Tag {
  id: string;
  name: string;
  /** `#rrggbb`. */
  color: string | null;
}

export const readTag = (row: Wire<"Tag">): Tag => ({
  id: asText(row.id) ?? "",
  name: asText(row.name) ?? "",
  color: /^#[0-9a-f]{6}$/i.test(asText(row.color) ?? "") ? asText(row.color) : null,
});
