/**
 * Reading of wire JSON. Everything is checked field by field where it enters, so that a page never meets a surprise: what
 * is absent is null, and null is shown as "not delivered", never as zero.
 */

import type { components } from "@hopwhistle/sdk";
import { type Micros, parseMoney } from "@/format/money";
import { parseTime } from "@/format/time";

export type Json = Record<string, unknown>;

/**
 * An object as the API's document describes it: its members by name, none of them trusted. To read or send a member the
 * document does not know does not compile.
 */
export type Wire<Name extends keyof components["schemas"]> = {
  readonly [Member in keyof components["schemas"][Name]]?: unknown;
};

export const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const asRecord = (value: unknown): Json => (isRecord(value) ? value : {});
export const asList = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isRecord) : []);
export const asText = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
export const asFlag = (value: unknown): boolean | null => (typeof value === "boolean" ? value : null);
export const asTexts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];

export function asNumber(value: unknown): number | null {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  // 64-bit counts (a recording's size) travel as text.
  if (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return null;
}

export const asTime = (value: unknown): number | null => parseTime(value);
export const asMoney = (value: unknown): Micros | null => parseMoney(value);

export interface Ref {
  id: string | null;
  name: string | null;
}

/** A reference that comes as an id beside an optional name. */
export function asRef(id: unknown, name?: unknown): Ref | null {
  const ref: Ref = { id: asText(id), name: asText(name) };
  return ref.id === null && ref.name === null ? null : ref;
}

/** A reference that comes as `{id, name}`. */
export function asNamed(value: unknown): Ref | null {
  const ref: Wire<"Ref"> = asRecord(value);
  return asRef(ref.id, ref.name);
}

export interface Page<T> {
  items: T[];
  page: number;
  limit: number;
  total: number | null;
  totalPages: number | null;
  nextCursor: string | null;
}

export function readPage<T>(body: unknown, item: (row: Json) => T): Page<T> {
  const envelope = asRecord(body);
  const meta: Wire<"PaginationMeta"> = asRecord(envelope.meta);
  const items = asList(envelope.data).map(item);
  return {
    items,
    page: asNumber(meta.page) ?? 1,
    limit: asNumber(meta.limit) ?? items.length,
    total: asNumber(meta.total),
    totalPages: asNumber(meta.totalPages),
    nextCursor: asText(meta.nextCursor),
  };
}
