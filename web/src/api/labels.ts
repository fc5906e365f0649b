import { asNumber, asText, type Wire } from "./read";

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
