import { type ColumnDef, type RowData, tableFeatures, useTable } from "@tanstack/react-table";
import type { ReactNode } from "react";
import { cn } from "./cn";

export const features = tableFeatures({});
export type Columns<T extends RowData> = ColumnDef<typeof features, T>[];

/** A row for a narrow screen, where a table would have to scroll sideways. */
export interface Summary {
  title: ReactNode;
  text?: ReactNode;
  state?: ReactNode;
}

interface DataTableProps<T extends RowData & { id: string }> {
  columns: Columns<T>;
  rows: T[];
  label: string;
  /** Opens a row; it is a button then, all of it. */
  onOpen?: ((row: T) => void) | null | undefined;
  /** In its place: wraps the first cell into a link that covers the row. */
  link?: ((row: T, content: ReactNode, className: string) => ReactNode) | undefined;
  summary?: ((row: T) => Summary) | undefined;
  /** In place of `summary`. */
  card?: ((row: T) => ReactNode) | undefined;
  /** The buttons of a row. */
  actions?: ((row: T) => ReactNode) | undefined;
  rowClass?: ((row: T) => string | undefined) | undefined;
}

const COVER =
  "block text-left outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-focus";

/** A table on wide screens, cards on narrow ones. */
export function DataTable<T extends RowData & { id: string }>(props: DataTableProps<T>) {
  const { columns, rows, label, onOpen, link, summary, card, actions, rowClass } = props;
  const table = useTable({ features, columns, data: rows, getRowId: ({ id }) => id });
  const opener = (row: T, content: ReactNode, className = "") => {
    if (link) return link(row, content, cn(COVER, className));
    if (!onOpen) return <div className={className}>{content}</div>;
    return (
      <button type="button" className={cn(COVER, className)} onClick={() => onOpen(row)}>
        {content}
      </button>
    );
  };
  return (
    <>
      <ul aria-label={label} className="divide-y divide-line md:hidden">
        {rows.map((row) => (
          <li key={row.id} className={cn("relative px-4 py-3", rowClass?.(row))}>
            {card?.(row)}
            {summary ? (
              <SummaryRow
                {...summary(row)}
                opener={(text) => opener(row, text, "min-w-0 flex-1")}
                actions={actions?.(row)}
              />
            ) : null}
          </li>
        ))}
      </ul>
      <div className="hidden overflow-x-auto md:block">
        <table aria-label={label} className="w-full text-left">
          <thead>
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id} className="border-b border-line">
                {group.headers.map((header) => (
                  <th key={header.id} scope="col" className={HEAD}>
                    {header.isPlaceholder ? null : <table.FlexRender header={header} />}
                  </th>
                ))}
                {actions ? (
                  <th scope="col" className={HEAD}>
                    <span className="sr-only">Actions</span>
                  </th>
                ) : null}
              </tr>
            ))}
          </thead>
          <tbody className="divide-y divide-line">
            {table.getRowModel().rows.map((row) => (
              <tr key={row.id} className={cn("relative align-middle hover:bg-sunken/60", rowClass?.(row.original))}>
                {row.getAllCells().map((cell, index) => (
                  <td key={cell.id} className={CELL}>
                    {index === 0 ? (
                      opener(row.original, <table.FlexRender cell={cell} />)
                    ) : (
                      <table.FlexRender cell={cell} />
                    )}
                  </td>
                ))}
                {actions ? (
                  <td className={CELL}>
                    <Above className="ml-auto">{actions(row.original)}</Above>
                  </td>
                ) : null}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const HEAD = "px-3 py-2.5 text-xs font-medium whitespace-nowrap text-soft first:pl-5 last:pr-5";
const CELL = "px-3 py-3 first:pl-5 last:pr-5";

/** What is pressed within a row that is itself pressed. */
function Above({ className, children }: { className?: string; children: ReactNode }) {
  return <span className={cn("relative z-10 flex w-fit empty:hidden", className)}>{children}</span>;
}

interface SummaryRowProps extends Summary {
  opener: (text: ReactNode) => ReactNode;
  actions: ReactNode;
}

function SummaryRow({ title, text, state, opener, actions }: SummaryRowProps) {
  return (
    <div className="flex items-center justify-between gap-3">
      {opener(
        <>
          <span className="block truncate font-medium">{title}</span>
          {text ? <span className="block truncate text-[13px] text-soft">{text}</span> : null}
        </>,
      )}
      {state}
      {actions ? <Above>{actions}</Above> : null}
    </div>
  );
}
