import type { CallDetail, Candidate, Rejected, RoutingDecision } from "@/api/calls";
import { type Line, outcomeOf } from "./timeline";

export interface Tried extends Candidate {
  /** Null: never dialled. */
  outcome: Line | null;
}

/** One search for a buyer: all the rankings a flow's node made until one took the call or none was left. */
export interface Search {
  node: string | null;
  strategy: string | null;
  from: number | null;
  until: number | null;
  candidates: Tried[];
  rejected: Rejected[];
  /** Whether a buyer of this search took the call. */
  sold: boolean;
}

/**
 * After each failure a node ranks anew those that are left, and rules out who was tried. Told one by one these rankings hide
 * what a reader asks: who was dialled, in which order, with what result, and why nobody else was.
 */
export function searchesOf(call: CallDetail): Search[] {
  const groups: RoutingDecision[][] = [];
  for (const decision of call.routing) {
    const last = groups.at(-1);
    if (last?.[0]?.node === decision.node && goesOn(decision)) last.push(decision);
    else groups.push([decision]);
  }
  return groups.map((group, index) => {
    const until = groups[index + 1]?.[0]?.at ?? null;
    return search(group, call, until);
  });
}

/** A node that is entered again begins afresh: then nobody was tried. */
const goesOn = ({ rejected }: RoutingDecision): boolean => rejected.some(({ code }) => code === "already_tried");

function search(group: RoutingDecision[], call: CallDetail, until: number | null): Search {
  const first = group[0];
  const from = first?.at ?? null;
  const events = call.timeline.filter(
    ({ at }) => (from === null || (at ?? 0) >= from) && (until === null || (at ?? 0) < until),
  );
  const seen = new Map<string, Tried & { order: number }>();
  for (const candidate of group.flatMap(({ candidates }) => candidates)) {
    const key = candidate.buyer.id ?? `rank ${candidate.rank}`;
    const outcome = outcomeOf(candidate.buyer, events);
    // Those dialled first, as they were; the rest as they were ranked when they were seen first.
    const order = outcome?.at ?? Number.MAX_SAFE_INTEGER;
    seen.set(key, seen.get(key) ?? { ...candidate, outcome, order });
  }
  const rejected = new Map<string, Rejected>();
  for (const item of group.flatMap((decision) => decision.rejected)) {
    if (item.code !== "already_tried" && item.buyer.id !== null) rejected.set(item.buyer.id, item);
  }
  const candidates = [...seen.values()]
    .sort((a, b) => a.order - b.order)
    // Ranked at first, ruled out later: a cap that filled in between.
    .filter(({ buyer, outcome }) => outcome !== null || buyer.id === null || !rejected.has(buyer.id))
    .map(({ order: _, ...candidate }, index) => ({ ...candidate, rank: index + 1 }));
  return {
    node: first?.node ?? null,
    strategy: first?.strategy ?? null,
    from,
    until,
    candidates,
    rejected: [...rejected.values()],
    sold: candidates.some(({ outcome }) => outcome?.mood === "good"),
  };
}
