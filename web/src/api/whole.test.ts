import { describe, expect, it } from "vitest";
import type { Query } from "./client";
import { asNumber } from "./read";
import { anyOf, readAll } from "./whole";

/** A list of so many rows behind cursors, and what was asked of it. */
function listOf(rows: number) {
  const asked: Query[] = [];
  const ask = async (query: Query) => {
    asked.push(query);
    const from = Number(query.cursor ?? 0);
    const until = Math.min(rows, from + Number(query.limit));
    const data = Array.from({ length: until - from }, (_, index) => ({ at: from + index }));
    return { data, meta: { nextCursor: until < rows ? String(until) : null } };
  };
  return { asked, ask };
}
const at = (row: Record<string, unknown>) => asNumber(row.at);

describe("a list that is read whole", () => {
  it("goes on behind its first hundred", async () => {
    const { ask, asked } = listOf(250);
    const whole = await readAll(ask, at);
    expect(whole.items).toEqual(Array.from({ length: 250 }, (_, index) => index));
    expect(whole.nextCursor).toBeNull();
    expect(asked.map(({ cursor }) => cursor)).toEqual([undefined, "100", "200"]);
  });

  it("says where it has more than is read", async () => {
    const whole = await readAll(listOf(1_001).ask, at);
    expect(whole.items).toHaveLength(1_000);
    expect(whole.nextCursor).toBe("1000");
  });
});

describe("whether any is so", () => {
  it("finds one behind the first hundred, and asks no further", async () => {
    const { ask, asked } = listOf(400);
    expect(await anyOf(ask, at, (row) => row === 150)).toBe(true);
    expect(asked).toHaveLength(2);
  });

  it("is no where every one was looked at, and unknown where not", async () => {
    expect(await anyOf(listOf(120).ask, at, () => false)).toBe(false);
    expect(await anyOf(listOf(0).ask, at, () => true)).toBe(false);
    expect(await anyOf(listOf(1_001).ask, at, (row) => row === 1_000)).toBeNull();
  });
});
