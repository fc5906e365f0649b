import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { readApiKey, readCatalogue, readRole } from "./access";
import { readCall, readCallDetail } from "./calls";
import { get, type Query } from "./client";
import { readConsent, readOverride, readPolicy } from "./compliance";
import { readSummary } from "./dashboard";
import { readJob, readJobCounts } from "./jobs";
import { readPool, readPoolNumber, readTag } from "./labels";
import { readDncEntry, readDncList, readLead } from "./leads";
import { type NumberSearch, readAvailable, readOrder } from "./numbers";
import { readAuditEntry, readGrantable, readPerson } from "./people";
import { readAgent, readQueue } from "./queues";
import { asRecord, readPage } from "./read";
import {
  readBalance,
  readBuyer,
  readCampaign,
  readFlow,
  readFlowDocument,
  readNumber,
  readPublisher,
  readUser,
} from "./resources";
import { readCarrier, readTrunk } from "./trunks";
import { LIST_MAX, readAll } from "./whole";

export interface CallFilter {
  page: number;
  status?: string | undefined;
  direction?: string | undefined;
  campaignId?: string | undefined;
  buyerId?: string | undefined;
  /** The caller's number begins so. */
  fromNumber?: string | undefined;
  numberId?: string | undefined;
  tagId?: string | undefined;
  leadId?: string | undefined;
  startDate?: string | undefined;
  endDate?: string | undefined;
}

export const CALLS_PER_PAGE = 25;

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async ({ signal }) => readUser(await get("/auth/me", undefined, signal)),
  staleTime: Number.POSITIVE_INFINITY,
  retry: false,
});

export const summaryQuery = (window: string) =>
  queryOptions({
    queryKey: ["summary", window],
    queryFn: async ({ signal }) => readSummary(await get("/api/v1/dashboard/summary", { window }, signal)),
    placeholderData: keepPreviousData,
  });

export const callsQuery = (filter: CallFilter, limit = CALLS_PER_PAGE) =>
  queryOptions({
    queryKey: ["calls", "list", filter, limit],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, limit };
      return readPage(await get("/api/v1/calls", query, signal), readCall);
    },
    placeholderData: keepPreviousData,
  });

/** All calls under way, and when the question was asked. */
export const liveCallsQuery = queryOptions({
  queryKey: ["calls", "live"],
  queryFn: async ({ signal }) => {
    const askedAt = Date.now();
    const page = readPage(await get("/api/v1/calls", { live: true, limit: LIST_MAX, page: 1 }, signal), readCall);
    // Beyond the first page the list is no answer to "which calls have ended".
    return { askedAt, calls: page.items, complete: (page.total ?? page.items.length) <= page.items.length };
  },
});

export const callQuery = (id: string) =>
  queryOptions({
    queryKey: ["calls", "one", id],
    queryFn: async ({ signal }) =>
      readCallDetail(await get(`/api/v1/calls/${encodeURIComponent(id)}`, undefined, signal)),
  });

export const numbersQuery = (page: number, filter: Query) =>
  queryOptions({
    queryKey: ["numbers", page, filter],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, page, limit: CALLS_PER_PAGE };
      return readPage(await get("/api/v1/numbers", query, signal), readNumber);
    },
    placeholderData: keepPreviousData,
  });

/** Campaigns by page, as their own page lists them. */
export const campaignsPage = (page: number, filter: Query) =>
  queryOptions({
    queryKey: ["campaigns", page, filter],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, page, limit: CALLS_PER_PAGE };
      return readPage(await get("/api/v1/campaigns", query, signal), readCampaign);
    },
    placeholderData: keepPreviousData,
  });

export const publishersPage = (page: number, filter: Query) =>
  queryOptions({
    queryKey: ["publishers", page, filter],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, page, limit: CALLS_PER_PAGE };
      return readPage(await get("/api/v1/publishers", query, signal), readPublisher);
    },
    placeholderData: keepPreviousData,
  });

export const buyersPage = (page: number, filter: Query) =>
  queryOptions({
    queryKey: ["buyers", page, filter],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, page, limit: CALLS_PER_PAGE };
      return readPage(await get("/api/v1/buyers", query, signal), readBuyer);
    },
    placeholderData: keepPreviousData,
  });

export const flowsPage = (page: number, filter: Query) =>
  queryOptions({
    queryKey: ["flows", "page", page, filter],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, page, limit: CALLS_PER_PAGE };
      return readPage(await get("/api/v1/flows", query, signal), readFlow);
    },
    placeholderData: keepPreviousData,
  });

export const carriersPage = (page: number, filter: Query) =>
  queryOptions({
    queryKey: ["carriers", page, filter],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, page, limit: CALLS_PER_PAGE };
      return readPage(await get("/api/v1/carriers", query, signal), readCarrier);
    },
    placeholderData: keepPreviousData,
  });

export const trunksPage = (page: number, filter: Query) =>
  queryOptions({
    queryKey: ["trunks", page, filter],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, page, limit: CALLS_PER_PAGE };
      return readPage(await get("/api/v1/trunks", query, signal), readTrunk);
    },
    placeholderData: keepPreviousData,
  });

export const usersQuery = (page: number, search: string) =>
  queryOptions({
    queryKey: ["users", page, search],
    queryFn: async ({ signal }) => {
      const query: Query = { page, limit: CALLS_PER_PAGE, search: search || undefined };
      return readPage(await get("/api/v1/users", query, signal), readPerson);
    },
    placeholderData: keepPreviousData,
  });

export const grantableRolesQuery = queryOptions({
  queryKey: ["roles", "grantable"],
  queryFn: async ({ signal }) => readGrantable(await get("/api/v1/permissions", undefined, signal)),
});

export const auditQuery = (page: number, filter: Query) =>
  queryOptions({
    queryKey: ["audit", page, filter],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, page, limit: CALLS_PER_PAGE };
      return readPage(await get("/api/v1/audit-logs", query, signal), readAuditEntry);
    },
    placeholderData: keepPreviousData,
  });

export const jobsQuery = (page: number, filter: Query) =>
  queryOptions({
    queryKey: ["jobs", "list", page, filter],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, page, limit: CALLS_PER_PAGE };
      return readPage(await get("/api/v1/jobs", query, signal), readJob);
    },
    placeholderData: keepPreviousData,
  });

export const jobCountsQuery = queryOptions({
  queryKey: ["jobs", "counts"],
  queryFn: async ({ signal }) => readJobCounts(await get("/api/v1/jobs/counts", undefined, signal)),
});

export const leadsQuery = (page: number, filter: Query) =>
  queryOptions({
    queryKey: ["leads", page, filter],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, page, limit: CALLS_PER_PAGE };
      return readPage(await get("/api/v1/leads", query, signal), readLead);
    },
    placeholderData: keepPreviousData,
  });

export const dncListsQuery = queryOptions({
  queryKey: ["dnc", "lists"],
  queryFn: ({ signal }) => readAll((query) => get("/api/v1/compliance/dnc-lists", query, signal), readDncList),
});

export const dncEntriesQuery = (list: string, search: string, page: number) =>
  queryOptions({
    queryKey: ["dnc", "entries", list, search, page],
    queryFn: async ({ signal }) => {
      const query: Query = { page, limit: CALLS_PER_PAGE, search: search || undefined };
      return readPage(await get(`/api/v1/compliance/dnc-lists/${list}/entries`, query, signal), readDncEntry);
    },
    placeholderData: keepPreviousData,
  });

export const flowQuery = (id: string) =>
  queryOptions({
    queryKey: ["flows", "one", id],
    queryFn: async ({ signal }) =>
      readFlow(asRecord(await get(`/api/v1/flows/${encodeURIComponent(id)}`, undefined, signal))),
  });

export const flowVersionQuery = (id: string, version: number) =>
  queryOptions({
    queryKey: ["flows", id, version],
    queryFn: async ({ signal }) =>
      readFlowDocument(await get(`/api/v1/flows/${encodeURIComponent(id)}/versions/${version}`, undefined, signal)),
  });

export const balanceQuery = queryOptions({
  queryKey: ["balance"],
  queryFn: async ({ signal }) => readBalance(await get("/api/v1/billing/balance", undefined, signal)),
});

export const apiKeysQuery = (page: number, status: string | undefined) =>
  queryOptions({
    queryKey: ["api-keys", page, status ?? ""],
    queryFn: async ({ signal }) =>
      readPage(await get("/api/v1/api-keys", { page, limit: CALLS_PER_PAGE, status }, signal), readApiKey),
    placeholderData: keepPreviousData,
  });

/** Roles of the tenant's own. */
export const rolesQuery = queryOptions({
  queryKey: ["roles", "own"],
  queryFn: ({ signal }) => readAll((query) => get("/api/v1/roles", query, signal), readRole),
});

export const catalogueQuery = queryOptions({
  queryKey: ["roles", "catalogue"],
  queryFn: async ({ signal }) => readCatalogue(await get("/api/v1/permissions", undefined, signal)),
});

export const queuesQuery = queryOptions({
  queryKey: ["queues"],
  queryFn: ({ signal }) => readAll((query) => get("/api/v1/queues", query, signal), readQueue),
});

const AGENTS_EVERY_MS = 10_000;

/** Agents change their status by themselves, so they are asked for again and again. */
export const agentsQuery = (page: number) =>
  queryOptions({
    queryKey: ["agents", page],
    queryFn: async ({ signal }) => readPage(await get("/api/v1/agents", { page, limit: LIST_MAX }, signal), readAgent),
    placeholderData: keepPreviousData,
    refetchInterval: AGENTS_EVERY_MS,
  });

/** Every agent, for what is said of all of them at once. */
export const allAgentsQuery = queryOptions({
  queryKey: ["agents", "all"],
  queryFn: ({ signal }) => readAll((query) => get("/api/v1/agents", query, signal), readAgent),
  refetchInterval: AGENTS_EVERY_MS,
});

/** The agent somebody signs in as; null where there is none. */
export const ownAgentQuery = (userId: string) =>
  queryOptions({
    queryKey: ["agents", "own", userId],
    queryFn: async ({ signal }) =>
      readPage(await get("/api/v1/agents", { userId, limit: 1 }, signal), readAgent).items[0] ?? null,
    refetchInterval: AGENTS_EVERY_MS,
  });

const FOR_SALE_MAX = 25;

/** Numbers that can be bought; nothing is asked before somebody searches. */
export const availableNumbersQuery = (search: NumberSearch | null) =>
  queryOptions({
    queryKey: ["available-numbers", search],
    queryFn: async ({ signal }) =>
      readPage(await get("/api/v1/available-numbers", { ...search, limit: FOR_SALE_MAX }, signal), readAvailable),
    enabled: search !== null,
    gcTime: 0,
    retry: false,
  });

const ORDERS_EVERY_MS = 5_000;

export const numberOrdersQuery = queryOptions({
  queryKey: ["number-orders"],
  queryFn: async ({ signal }) => readPage(await get("/api/v1/number-orders", { limit: LIST_MAX }, signal), readOrder),
  // What is under way ends by itself.
  refetchInterval: ({ state }) =>
    state.data?.items.some((order) => order.state === "pending") ? ORDERS_EVERY_MS : false,
});

/** The policy for a campaign, or for all where none is named. */
export const policyQuery = (campaign: string) =>
  queryOptions({
    queryKey: ["compliance", "policy", campaign],
    queryFn: async ({ signal }) =>
      readPolicy(
        campaign === ""
          ? await get("/api/v1/compliance/policies/default", undefined, signal)
          : await get(`/api/v1/compliance/policies/campaigns/${encodeURIComponent(campaign)}`, undefined, signal),
      ),
  });

export const overridesQuery = (page: number, filter: Query) =>
  queryOptions({
    queryKey: ["compliance", "overrides", page, filter],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, page, limit: CALLS_PER_PAGE };
      return readPage(await get("/api/v1/compliance/overrides", query, signal), readOverride);
    },
    placeholderData: keepPreviousData,
  });

export const consentsQuery = (page: number, filter: Query) =>
  queryOptions({
    queryKey: ["compliance", "consents", page, filter],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, page, limit: CALLS_PER_PAGE };
      return readPage(await get("/api/v1/compliance/consents", query, signal), readConsent);
    },
    placeholderData: keepPreviousData,
  });

export const poolsQuery = queryOptions({
  queryKey: ["pools", "list"],
  queryFn: ({ signal }) => readAll((query) => get("/api/v1/caller-id-pools", query, signal), readPool),
});

export const poolNumbersQuery = (pool: string) =>
  queryOptions({
    queryKey: ["pools", "numbers", pool],
    queryFn: async ({ signal }) =>
      readAll((query) => get(`/api/v1/caller-id-pools/${pool}/numbers`, query, signal), readPoolNumber),
  });

export const tagsQuery = (page: number, search: string) =>
  queryOptions({
    queryKey: ["tags", page, search],
    queryFn: async ({ signal }) => {
      const query: Query = { page, limit: CALLS_PER_PAGE, search: search || undefined };
      return readPage(await get("/api/v1/tags", query, signal), readTag);
    },
    placeholderData: keepPreviousData,
  });
