import { queryOptions } from "@tanstack/react-query";
import { get, type Query } from "./client";
import type { Json } from "./read";
import { readBuyer, readCampaign, readFlow } from "./resources";
import { anyOf } from "./whole";

/** Whether any item of a list is so. `key` is that of the list's queries: what makes them stale makes this stale. */
function anyQuery<T>(
  key: string,
  what: string,
  ask: (query: Query, signal: AbortSignal) => Promise<unknown>,
  item: (row: Json) => T,
  test: (item: T) => boolean,
) {
  return queryOptions({
    queryKey: [key, "any", what],
    queryFn: ({ signal }) => anyOf((query) => ask(query, signal), item, test),
  });
}

const row = (each: Json) => each;
const some = () => true;

/** What a first call needs, one question each. Where the API narrows the list to it, one row answers. */
export const STEP_QUERIES = {
  trunk: anyQuery(
    "trunks",
    "active",
    (query, signal) => get("/api/v1/trunks", { ...query, status: "ACTIVE", limit: 1 }, signal),
    row,
    some,
  ),
  publisher: anyQuery(
    "publishers",
    "at all",
    (query, signal) => get("/api/v1/publishers", { ...query, limit: 1 }, signal),
    row,
    some,
  ),
  buyer: anyQuery(
    "buyers",
    "with an endpoint",
    (query, signal) => get("/api/v1/buyers", query, signal),
    readBuyer,
    ({ endpoints }) => (endpoints?.length ?? 0) > 0,
  ),
  flow: anyQuery(
    "flows",
    "published",
    (query, signal) => get("/api/v1/flows", query, signal),
    readFlow,
    ({ publishedVersion }) => publishedVersion !== null,
  ),
  campaign: anyQuery(
    "campaigns",
    "with a flow",
    (query, signal) => get("/api/v1/campaigns", query, signal),
    readCampaign,
    ({ flow }) => flow !== null,
  ),
  number: anyQuery(
    "campaigns",
    "with a number",
    (query, signal) => get("/api/v1/campaigns", query, signal),
    readCampaign,
    ({ numbers }) => (numbers ?? 0) > 0,
  ),
};
