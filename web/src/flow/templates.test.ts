import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { idFor, TEMPLATES } from "./templates";

interface Node {
  id: string;
  next?: string;
  onNoBuyers?: string;
  onAllBusy?: string;
  default?: string;
  choices?: { target: string }[];
}

describe("what a flow begins with", () => {
  it.each(TEMPLATES)("$label leads nowhere that is not there", ({ text }) => {
    const { entry, nodes } = parse(text) as { entry: { target: string }; nodes: Node[] };
    const ids = new Set(nodes.map(({ id }) => id));
    const targets = nodes.flatMap((node) => [
      node.next,
      node.onNoBuyers,
      node.onAllBusy,
      node.default,
      ...(node.choices ?? []).map(({ target }) => target),
    ]);
    expect([entry.target, ...targets].filter((target) => target !== undefined && !ids.has(target))).toEqual([]);
    expect(ids.size).toBe(nodes.length);
  });

  it.each([
    ["Solar, west", "solar-west-3f2a"],
    ["Dächer & Öfen", "da-cher-o-fen-3f2a"],
    ["太陽", "flow-3f2a"],
  ])("names %s %s", (name, id) => {
    expect(idFor(name, "3f2a")).toBe(id);
  });
});
