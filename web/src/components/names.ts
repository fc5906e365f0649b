import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { buyersQuery, campaignsQuery } from "@/api/queries";
import type { Ref } from "@/api/read";
import { refName } from "./CallParts";

/** Names for buyers that events mention by id only. */
export function useBuyerName(): (ref: Ref | null) => string | null {
  const { data } = useQuery({ ...buyersQuery, staleTime: 60_000 });
  return useCallback(
    (ref) => ref?.name ?? data?.items.find((buyer) => buyer.id === ref?.id)?.name ?? refName(ref),
    [data],
  );
}

export function useCampaignName(): (ref: Ref | null) => string | null {
  const { data } = useQuery({ ...campaignsQuery, staleTime: 60_000 });
  return useCallback(
    (ref) => ref?.name ?? data?.items.find((campaign) => campaign.id === ref?.id)?.name ?? refName(ref),
    [data],
  );
}
