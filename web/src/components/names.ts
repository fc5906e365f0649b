import { useQueries } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { type Choice, choiceQuery, KINDS, type Pickable } from "@/api/pick";
import type { Ref } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { refName } from "./CallParts";

const byId = (found: { data?: Choice | undefined }[]): ReadonlyMap<string, string> =>
  new Map(found.flatMap(({ data }) => (data ? [[data.id, data.name] as const] : [])));

/** Names by id of what a page shows, each asked for once. */
export function useNamesOf(kind: Pickable, ids: (string | null)[]): ReadonlyMap<string, string> {
  const { user } = useAuth();
  const wanted = may(user, KINDS[kind].needs) ? [...new Set(ids.filter((id) => id !== null))] : [];
  return useQueries({
    queries: wanted.map((id) => choiceQuery(kind, id)),
    combine: byId,
  });
}

/** Names for what events mention by id only. An id that is met for the first time is asked for, by itself. */
function useNamer(kind: Pickable): (ref: Ref | null) => string | null {
  const [ids, setIds] = useState<string[]>([]);
  const met = useRef(new Set<string>());
  const names = useNamesOf(kind, ids);
  // After every rendering: the cells have met their ids by then.
  useEffect(() => {
    if (met.current.size > ids.length) setIds([...met.current]);
  });
  return useCallback(
    (ref) => {
      if (!ref || ref.name !== null) return ref?.name ?? null;
      if (ref.id !== null) met.current.add(ref.id);
      return (ref.id === null ? null : names.get(ref.id)) ?? refName(ref);
    },
    [names],
  );
}

export const useBuyerName = () => useNamer("buyer");
export const useCampaignName = () => useNamer("campaign");
