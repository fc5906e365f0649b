import type { Query } from "./client";
import { type Json, type Page, readPage } from "./read";

/** Most rows the API gives at once. */
export const LIST_MAX = 100;

/** Pages of a list that is read whole. */
const PAGES_MAX = 10;

type Ask = (query: Query) => Promise<unknown>;

/** Every item of a list that is bounded: page after page, as one. Its `nextCursor` says that there are more than are read. */
export async function readAll<T>(ask: Ask, item: (row: Json) => T): Promise<Page<T>> {
  const whole = readPage(await ask({ limit: LIST_MAX }), item);
  for (let pages = 1; whole.nextCursor && pages < PAGES_MAX; pages += 1) {
    const next = readPage(await ask({ limit: LIST_MAX, cursor: whole.nextCursor }), item);
    whole.items.push(...next.items);
    whole.nextCursor = next.nextCursor;
  }
  return whole;
}

/** Whether any item of a list is so, asked page after page until one is; null: none that was read, and there are more. */
export async function anyOf<T>(ask: Ask, item: (row: Json) => T, test: (item: T) => boolean): Promise<boolean | null> {
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page: Page<T> = readPage(await ask({ limit: LIST_MAX, cursor }), item);
    if (page.items.some(test)) return true;
    cursor = page.nextCursor;
    if (cursor === null) return false;
  }
  return null;
}
