import type { UseQueryResult } from "@tanstack/react-query";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { Page } from "@/api/read";
import { Empty, Failure } from "./States";
import { SkeletonRows } from "./ui/skeleton";

interface ListBodyProps<T> {
  query: UseQueryResult<Page<T>>;
  what: string;
  icon: LucideIcon;
  emptyTitle: string;
  emptyHint?: ReactNode;
  emptyAction?: ReactNode;
  children: (items: T[]) => ReactNode;
}

/** The four states every list has. */
export function ListBody<T>({ query, what, icon, emptyTitle, emptyHint, emptyAction, children }: ListBodyProps<T>) {
  if (query.data === undefined) {
    return query.error ? (
      <Failure what={what} error={query.error} onRetry={() => void query.refetch()} />
    ) : (
      <SkeletonRows />
    );
  }
  if (query.data.items.length === 0) {
    return (
      <Empty icon={icon} title={emptyTitle} action={emptyAction}>
        {emptyHint}
      </Empty>
    );
  }
  return children(query.data.items);
}
