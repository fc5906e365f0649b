import type { UseQueryResult } from "@tanstack/react-query";
import type { RowData } from "@tanstack/react-table";
import type { LucideIcon } from "lucide-react";
import { type ReactNode, useState } from "react";
import { CALLS_PER_PAGE } from "@/api/queries";
import type { Page } from "@/api/read";
import { ListBody } from "./ListBody";
import type { ListState } from "./listSearch";
import { Pager } from "./Pager";
import { SearchBox } from "./SearchBox";
import { Button } from "./ui/button";
import { Card, CardHeader } from "./ui/card";
import { type Columns, DataTable, type Summary } from "./ui/data-table";
import { NativeSelect } from "./ui/input";

interface EmptyWords {
  title: string;
  /** In place of the title while a filter is set. */
  matched?: string;
  hint?: ReactNode;
  action?: ReactNode;
}

interface FilteredListProps<T extends RowData & { id: string }> {
  query: UseQueryResult<Page<T>>;
  /** What is listed, as its heading would say: "Tags". */
  label: string;
  icon: LucideIcon;
  /** What is told, and what can be done, where nothing is listed. */
  empty: EmptyWords;

  /** The filters and the page; without it the list is short and shown whole. */
  list?: ListState;
  /** The search box's label; without it there is none. */
  search?: string;
  statuses?: readonly { value: string; label: string }[];
  /** Other filters, behind the status. */
  filters?: ReactNode;
  /** Whether the list is in the order of names, or of something else than time. */
  named?: boolean;
  /** Rows of a full page. */
  perPage?: number;

  /** A heading, where the page has several lists. */
  title?: ReactNode;
  hint?: ReactNode;
  /** Buttons for the list as a whole. */
  actions?: ReactNode;
  /** Told above the rows. */
  notice?: ReactNode;
  className?: string;

  /** The rows as a table: its columns, and what is left of them on a narrow screen. */
  columns?: Columns<T>;
  summary?: (row: T) => Summary;
  link?: (row: T, content: ReactNode, className: string) => ReactNode;
  /** The buttons of a row. `open` opens it. */
  rowActions?: (row: T, open: () => void) => ReactNode;
  /** The rows as they are, each an `<li>`, in place of a table. */
  row?: (row: T) => ReactNode;
  /** The rows as cards beside each other. */
  tile?: (row: T) => ReactNode;

  /** The window a row opens; null: it may not be opened. */
  dialog?: ((row: T, close: () => void) => ReactNode) | null;
  /** What else opening a row does. */
  onOpen?: (row: T) => void;
}

/** A list with its filters, its four states, its pages and the window of the row that was opened. */
export function FilteredList<T extends RowData & { id: string }>(props: FilteredListProps<T>) {
  const { query, label, empty, list, title, actions, dialog, onOpen } = props;
  const [opened, setOpened] = useState<T | null>(null);
  // What a row has become since it was opened.
  const current = opened && (query.data?.items.find(({ id }) => id === opened.id) ?? opened);
  const open = onOpen ?? (dialog ? setOpened : null);
  const narrowed = list?.narrowed ?? false;
  const rowActions = props.rowActions;
  const rows = (
    <ListBody
      query={query}
      what={label}
      icon={props.icon}
      emptyTitle={narrowed ? (empty.matched ?? "Nothing matches") : empty.title}
      emptyHint={narrowed ? null : empty.hint}
      emptyAction={narrowed ? <ClearFilters list={list} /> : empty.action}
    >
      {(items) =>
        props.columns ? (
          <DataTable
            label={label}
            columns={props.columns}
            rows={items}
            onOpen={open}
            link={props.link}
            summary={props.summary}
            actions={rowActions ? (row) => rowActions(row, () => open?.(row)) : undefined}
          />
        ) : (
          <ul aria-label={label} className={props.tile ? TILES : "divide-y divide-line"}>
            {items.map((item) => (props.tile ?? props.row)?.(item))}
          </ul>
        )
      }
    </ListBody>
  );
  const filtered = list && (props.search || props.statuses || props.filters || (actions && !title));
  const apart = props.tile !== undefined && (query.data?.items.length ?? 0) > 0;
  return (
    <>
      <Card className={props.className}>
        {title ? <CardHeader title={title} hint={props.hint} actions={actions} /> : null}
        {filtered ? <Filters {...props} /> : null}
        {props.notice}
        {apart ? null : <div className={title && !filtered ? "border-t border-line" : undefined}>{rows}</div>}
      </Card>
      {apart ? <div className="mt-4">{rows}</div> : null}
      {list ? (
        <Pager
          page={list.page}
          totalPages={query.data?.totalPages ?? null}
          full={(query.data?.items.length ?? 0) >= (props.perPage ?? CALLS_PER_PAGE)}
          byTime={!props.named}
          onPage={list.turn}
        />
      ) : query.data?.nextCursor ? (
        <p className="mt-2 px-1 text-[13px] text-soft">
          The first {query.data.items.length.toLocaleString("en-US")} are shown; there are more.
        </p>
      ) : null}
      {current && dialog ? dialog(current, () => setOpened(null)) : null}
    </>
  );
}

const TILES = "grid gap-4 md:grid-cols-2 2xl:grid-cols-3";

function ClearFilters({ list }: { list: ListState | undefined }) {
  return (
    <Button variant="outline" size="sm" onClick={() => list?.clear()}>
      Clear the filters
    </Button>
  );
}

function Filters<T extends RowData & { id: string }>({
  list,
  search,
  statuses,
  filters,
  title,
  actions,
}: FilteredListProps<T>) {
  if (!list) return null;
  const own = title ? null : actions;
  return (
    <div className="flex flex-wrap items-center gap-3 border-b border-line p-3 sm:px-5">
      {search ? (
        <SearchBox label={search} value={list.q} onChange={(value) => list.narrow({ q: value || undefined })} />
      ) : null}
      {statuses ? (
        <NativeSelect
          aria-label="Status"
          className="w-auto"
          value={list.status ?? ""}
          onChange={(event) => list.narrow({ status: event.target.value || undefined })}
        >
          <option value="">Every status</option>
          {statuses.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </NativeSelect>
      ) : null}
      {filters}
      {own ? <div className="sm:ml-auto">{own}</div> : null}
    </div>
  );
}
