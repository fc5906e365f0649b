import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { formatPhone, normaliseSearch } from "@/format/phone";
import { get } from "./client";
import { readLead } from "./leads";
import { asRecord, asText, type Json, readPage, type Wire } from "./read";

/** Rows asked for at once; more come as the list is scrolled. */
export const PICKED_AT_ONCE = 25;

/** One of many: its id is what is kept, its name what is shown. */
export interface Choice {
  id: string;
  name: string;
}

interface Kind {
  path: string;
  /** The first part of its queries' keys: what makes its list stale makes its choices stale. */
  key: string;
  sort: string;
  /** Whoever lacks it is offered nothing. */
  needs: string;
  what: string;
  name?: (row: Json) => string | null;
  /** What was typed, as the API compares it. */
  typed?: (text: string) => string;
}

const personName = (row: Wire<"User">) =>
  [asText(row.firstName), asText(row.lastName)].filter(Boolean).join(" ") || asText(row.email);

const numberName = (row: Wire<"PhoneNumber">) => {
  const number = asText(row.number);
  return number === null ? null : formatPhone(number);
};

const leadName = (row: Json) => readLead(row).name || null;

/** Accounts of different tenants may go by one name. */
const accountName = (row: Wire<"BillingAccount">) =>
  [asText(row.tenantName), asText(row.name)].filter(Boolean).join(": ") || null;

/** What can be chosen by name, however many there are of it. */
export const KINDS = {
  account: {
    path: "/admin/api/v1/billing-accounts",
    key: "billing-accounts",
    sort: "name",
    needs: "platform:admin",
    what: "account",
    name: accountName,
  },
  agent: { path: "/api/v1/agents", key: "agents", sort: "name", needs: "agents:read", what: "agent" },
  buyer: { path: "/api/v1/buyers", key: "buyers", sort: "name", needs: "buyers:read", what: "buyer" },
  campaign: { path: "/api/v1/campaigns", key: "campaigns", sort: "name", needs: "campaigns:read", what: "campaign" },
  carrier: { path: "/api/v1/carriers", key: "carriers", sort: "name", needs: "carriers:read", what: "carrier" },
  flow: { path: "/api/v1/flows", key: "flows", sort: "name", needs: "flows:read", what: "flow" },
  lead: { path: "/api/v1/leads", key: "leads", sort: "lastName", needs: "leads:read", what: "lead", name: leadName },
  number: {
    path: "/api/v1/numbers",
    key: "numbers",
    sort: "number",
    needs: "numbers:read",
    what: "number",
    name: numberName,
    typed: normaliseSearch,
  },
  pool: { path: "/api/v1/caller-id-pools", key: "pools", sort: "name", needs: "numbers:read", what: "pool" },
  publisher: {
    path: "/api/v1/publishers",
    key: "publishers",
    sort: "name",
    needs: "publishers:read",
    what: "publisher",
  },
  tag: { path: "/api/v1/tags", key: "tags", sort: "name", needs: "tags:read", what: "tag" },
  tenant: { path: "/admin/api/v1/tenants", key: "tenants", sort: "name", needs: "platform:admin", what: "tenant" },
  trunk: { path: "/api/v1/trunks", key: "trunks", sort: "name", needs: "carriers:read", what: "trunk" },
  user: {
    path: "/api/v1/users",
    key: "users",
    sort: "lastName",
    needs: "users:read",
    what: "person",
    name: personName,
  },
} as const satisfies Record<string, Kind>;

export type Pickable = keyof typeof KINDS;

/** A row of a list as a choice. */
export function readChoice(kind: Pickable, row: Json): Choice {
  const { name }: Kind = KINDS[kind];
  const id = asText(row.id) ?? "";
  return { id, name: (name ? name(row) : asText(row.name)) ?? `${id.slice(0, 8)}…` };
}

const NAMES_STALE_MS = 60_000;

/** Those whose name has the text in it, in the order of their names, as many as have been asked for. */
export const choicesQuery = (kind: Pickable, text: string) => {
  const { path, key, sort, typed }: Kind = KINDS[kind];
  const search = text === "" ? undefined : (typed?.(text) ?? text);
  return infiniteQueryOptions({
    queryKey: [key, "choices", search ?? ""],
    queryFn: async ({ pageParam, signal }) => {
      const query = { search, sort, limit: PICKED_AT_ONCE, cursor: pageParam ?? undefined };
      return readPage(await get(path, query, signal), (row) => readChoice(kind, row));
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
};

/** One by its id, wherever in the list it stands. */
export const choiceQuery = (kind: Pickable, id: string) => {
  const { path, key }: Kind = KINDS[kind];
  return queryOptions({
    queryKey: [key, "choice", id],
    queryFn: async ({ signal }) =>
      readChoice(kind, asRecord(await get(`${path}/${encodeURIComponent(id)}`, undefined, signal))),
    staleTime: NAMES_STALE_MS,
    retry: false,
  });
};
