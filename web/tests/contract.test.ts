import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const DOCUMENT = join(import.meta.dirname, "../openapi.json");
const METHODS: Record<string, string> = { get: "get", post: "post", patch: "patch", put: "put", remove: "delete" };

/** Every path the pages ask for, as "get /api/v1/calls/{}". */
function used(): Set<string> {
  const root = join(import.meta.dirname, "../src");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
    /(?<!test)\.tsx?$/.test(name),
  );
  const calls = files.flatMap((name) => [
    ...readFileSync(join(root, name), "utf8").matchAll(
      /\b(get|post|patch|put|remove)\(\s*[`"](\/(?:api\/v1|admin\/api\/v1|auth)\/[^`"]+)[`"]/g,
    ),
  ]);
  return new Set(calls.map(([, method = "", path = ""]) => `${METHODS[method]} ${path.replace(/\$\{[^}]*\}/g, "{}")}`));
}

it("finds the paths in the source", () => {
  expect(used()).toContain("get /api/v1/calls");
  expect(used()).toContain("patch /api/v1/buyers/{}/endpoints/{}");
});

it("uses only what the API offers", () => {
  const { paths } = JSON.parse(readFileSync(DOCUMENT, "utf8")) as { paths: Record<string, Record<string, unknown>> };
  const offered = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path.replace(/\{[^}]*\}/g, "{}")}`),
  );
  expect([...used()].filter((call) => !offered.includes(call))).toEqual([]);
});
