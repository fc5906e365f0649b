import { useNavigate, useSearch } from "@tanstack/react-router";

/** What a list is narrowed by, and its page, as the address has them. */
export interface ListSearch {
  page?: number;
  q?: string;
  status?: string;
  campaignId?: string;
  publisherId?: string;
  flowId?: string;
  carrierId?: string;
}

export interface ListState extends ListSearch {
  page: number;
  q: string;
  /** Whether anything narrows the list. */
  narrowed: boolean;
  /** Another filter shows its first page. */
  narrow: (change: Record<string, string | undefined>) => void;
  clear: () => void;
  turn: (page: number) => void;
}

/** Parts of addresses that narrow a list; the others say which list it is. */
const NARROWING = [
  "status",
  "action",
  "userId",
  "outcome",
  "campaignId",
  "publisherId",
  "flowId",
  "carrierId",
] as const;

/** The list of the page one is on: it keeps its filters and its page in the address, so that links and "back" lead to them. */
export function useListSearch(): ListState {
  const { page = 1, q = "", ...filters } = useSearch({ strict: false });
  const navigate = useNavigate();
  return {
    page,
    q,
    status: filters.status,
    campaignId: filters.campaignId,
    publisherId: filters.publisherId,
    flowId: filters.flowId,
    carrierId: filters.carrierId,
    narrowed: q !== "" || NARROWING.some((name) => filters[name] !== undefined),
    narrow: (change) =>
      void navigate({ to: ".", search: (old) => ({ ...old, page: undefined, ...change }), replace: true }),
    clear: () => void navigate({ to: ".", search: (old) => ({ tab: old.tab, list: old.list }), replace: true }),
    turn: (next) => void navigate({ to: ".", search: (old) => ({ ...old, page: next > 1 ? next : undefined }) }),
  };
}

/** A word of the address, as long as one that means something can be. */
export const word = (value: unknown): string | undefined =>
  typeof value === "string" && value !== ""
    ? value.slice(0, 100)
    : typeof value === "number"
      ? String(value)
      : undefined;

const pageNumber = (value: unknown): number | undefined => {
  const page = Number(value);
  return Number.isInteger(page) && page > 1 ? page : undefined;
};

/** What an address says of a list. */
export const readListSearch = (raw: Record<string, unknown>): ListSearch => ({
  page: pageNumber(raw.page),
  q: word(raw.q),
  status: word(raw.status),
  campaignId: word(raw.campaignId),
  publisherId: word(raw.publisherId),
  flowId: word(raw.flowId),
  carrierId: word(raw.carrierId),
});
