import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { get, type Query } from "./client";
import { CALLS_PER_PAGE } from "./queries";
import { asText, asTime, readPage, type Wire } from "./read";

/** A switch of the tenant's, for its programs: any JSON by a name. */
export interface Flag {
  id: string;
  key: string;
  value: unknown;
  description: string;
  updatedAt: number | null;
}

export const readFlag = (row: Wire<"FeatureFlag">): Flag => ({
  id: asText(row.id) ?? "",
  key: asText(row.key) ?? "",
  value: row.value,
  description: asText(row.description) ?? "",
  updatedAt: asTime(row.updatedAt),
});

/** What was typed as a flag's value: JSON, or else the words as they are. */
export function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const flagsQuery = (page: number, search: string) =>
  queryOptions({
    queryKey: ["flags", page, search],
    queryFn: async ({ signal }) => {
      const query: Query = { page, limit: CALLS_PER_PAGE, search: search || undefined };
      return readPage(await get("/api/v1/feature-flags", query, signal), readFlag);
    },
    placeholderData: keepPreviousData,
  });
