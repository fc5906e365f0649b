import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KINDS, type Pickable } from "../src/api/pick";

interface Parameter {
  name: string;
  schema: { enum?: string[] };
}

const document = JSON.parse(readFileSync(join(import.meta.dirname, "../openapi.json"), "utf8")) as {
  paths: Record<string, { get?: { parameters?: Parameter[] } }>;
};
const kinds = Object.keys(KINDS) as Pickable[];

describe("KINDS", () => {
  it.each(kinds)("of %s: the API searches the list, sorts it so, and gives one by its id", (kind) => {
    const { path, sort } = KINDS[kind];
    const parameters = document.paths[path]?.get?.parameters ?? [];
    expect(parameters.map(({ name }) => name)).toEqual(expect.arrayContaining(["search", "cursor", "limit", "sort"]));
    expect(parameters.find(({ name }) => name === "sort")?.schema.enum).toContain(sort);
    expect(document.paths[`${path}/{id}`]?.get).toBeDefined();
  });
});
