import { expect, it, vi } from "vitest";
import { ApiError, Hopwhistle } from "../src";
import { retryAfterMs } from "../src/client";

interface Sent {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: unknown;
}

/** A client whose requests are answered in turn. */
function answered(...answers: (Response | Error)[]) {
  const sent: Sent[] = [];
  const ask = vi.fn(async (url: RequestInfo | URL, init?: RequestInit) => {
    const body = typeof init?.body === "string" ? JSON.parse(init.body) : undefined;
    sent.push({
      method: init?.method ?? "",
      url: new URL(String(url)),
      headers: init?.headers as Record<string, string>,
      body,
    });
    const answer = answers.shift();
    if (answer === undefined) throw new Error("asked too often");
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const client = new Hopwhistle({ baseUrl: "http://here:1/", credentials: { apiKey: "hw_1" }, fetch: ask });
  return { client, sent };
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

it("fills the path, leaves out what is not given, and says who asks", async () => {
  const { client, sent } = answered(json(200, { id: "a/b" }), json(200, { data: [], meta: { limit: 5 } }));
  await client.get("/api/v1/buyers/{id}", { path: { id: "a/b" } });
  await client.get("/api/v1/buyers", { query: { limit: 5, sort: "-name" } });
  expect(sent[0]?.url.pathname).toBe("/api/v1/buyers/a%2Fb");
  expect(sent[0]?.headers["x-api-key"]).toBe("hw_1");
  expect(sent[0]?.headers["idempotency-key"]).toBeUndefined();
  expect(sent[1]?.url.search).toBe("?limit=5&sort=-name");
});

it("sends a change again under the key it had", async () => {
  const busy = json(503, {}, { "retry-after": "0" });
  const { client, sent } = answered(busy, new TypeError("broken off"), json(201, { id: "t" }));
  const made = await client.post("/api/v1/tags", { body: { name: "hot" } });
  expect(made.id).toBe("t");
  const keys = new Set(sent.map(({ headers }) => headers["idempotency-key"]));
  expect([sent.length, keys.size]).toEqual([3, 1]);
  expect(sent[2]?.body).toEqual({ name: "hot" });
});

it("gives up where waiting is asked for too long, and does not repeat what was refused", async () => {
  const { client, sent } = answered(json(429, {}, { "retry-after": "3600" }), json(409, {}));
  await expect(client.get("/api/v1/tags")).rejects.toMatchObject({ status: 429 });
  await expect(client.get("/api/v1/tags")).rejects.toMatchObject({ status: 409 });
  expect(sent).toHaveLength(2);
});

it("names every faulty field", async () => {
  const details = [
    { field: "name", pointer: "#/name", message: "is required" },
    { field: "color", pointer: "#/color", message: "is no colour" },
  ];
  const { client } = answered(
    json(422, { error: { code: "VALIDATION_ERROR", message: "2 fields are not valid", details, requestId: "r-1" } }),
  );
  const refused = client.post("/api/v1/tags", { body: { name: "" } });
  const error = await refused.catch((reason: unknown) => reason);
  if (!(error instanceof ApiError)) throw new Error("no ApiError");
  expect([error.code, error.requestId, error.fault("color")]).toEqual(["VALIDATION_ERROR", "r-1", "is no colour"]);
  expect(error.faults.map(({ field }) => field)).toEqual(["name", "color"]);
});

it("walks a list by its cursors, in the order it was asked for", async () => {
  const page = (ids: string[], nextCursor?: string) =>
    json(200, { data: ids.map((id) => ({ id })), meta: { limit: 2, nextCursor } });
  const { client, sent } = answered(page(["1", "2"], "c2"), page(["3"]));
  const ids: string[] = [];
  for await (const tag of client.list("/api/v1/tags", { query: { sort: "name", limit: 2 } })) ids.push(tag.id);
  expect(ids).toEqual(["1", "2", "3"]);
  expect(sent.map(({ url }) => url.search)).toEqual(["?limit=2&sort=name", "?limit=2&sort=name&cursor=c2"]);
});

it("reads Retry-After as seconds and as a date", () => {
  expect(retryAfterMs("2")).toBe(2_000);
  expect(retryAfterMs("Sun, 06 Nov 1994 08:49:37 GMT", Date.UTC(1994, 10, 6, 8, 49, 30))).toBe(7_000);
  expect([retryAfterMs("soon"), retryAfterMs(null)]).toEqual([undefined, undefined]);
});
