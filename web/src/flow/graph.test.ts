import { expect, it } from "vitest";
import { layOut } from "./graph";

const menu = {
  entry: { id: "entry", type: "entry", target: "menu" },
  nodes: [
    { id: "menu", type: "ivr", prompt: "say:Hello", choices: [{ digits: "1", target: "sales" }], default: "bye" },
    { id: "sales", type: "buyer", strategy: "weighted", buyers: [{}, {}], onAllBusy: "bye", onNoBuyers: "gone" },
    { id: "bye", type: "hangup", reason: "busy" },
    { id: "island", type: "hangup" },
  ],
};

it("draws every exit with its reason", () => {
  const { edges } = layOut(menu);
  expect(edges.map(({ from, to, label }) => `${from} -${label}-> ${to}`)).toEqual([
    "entry --> menu",
    "menu -key 1-> sales",
    "menu -otherwise-> bye",
    "sales -no buyers-> gone",
    "sales -all busy-> bye",
  ]);
});

it("shows what is missing and what nothing leads to", () => {
  const nodes = new Map(layOut(menu).nodes.map((node) => [node.id, node]));
  expect(nodes.get("gone")).toMatchObject({ missing: true, reachable: true });
  expect(nodes.get("island")).toMatchObject({ missing: false, reachable: false });
  expect(nodes.get("sales")?.summary).toBe("2 buyers, weighted");
});

it("puts later steps below earlier ones, without overlap", () => {
  const { nodes } = layOut(menu);
  const y = (id: string) => nodes.find((node) => node.id === id)?.y ?? Number.NaN;
  expect(y("entry")).toBeLessThan(y("menu"));
  expect(y("menu")).toBeLessThan(y("sales"));
  const places = new Set(nodes.map((node) => `${node.x},${node.y}`));
  expect(places.size).toBe(nodes.length);
});

it("survives a document without anything in it", () => {
  expect(layOut({}).nodes.map((node) => node.id)).toEqual(["entry"]);
});
