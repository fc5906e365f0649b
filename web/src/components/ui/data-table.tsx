import { type ColumnDef, type RowData, tableFeatures, useTable } from "@tanstack/react-table";
import type { ReactNode } from "react";
import { cn } from "./cn";

export const features = tableFeatures({});
export type Columns<T extends RowData> = ColumnDef<typeof features, T>[];

interface DataTableProps<T extends RowData> {
  columns: Columns<T>;
  rows: T[];
  label: string;
  rowId: (row: T) => string;
  /** Wraps the first cell into what opens the row: a link or a button. It covers the whole row. */
  opener: (row: T, content: ReactNode, className: string) => ReactNode;
  /** The same row for a narrow screen, where a table would have to scroll sideways. */
  card: (row: T) => ReactNode;
  rowClass?: (row: T) => string | undefined;
}

const COVER =
  "block text-left outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-focus";

/** A table on wide screens, cards on narrow ones. */
export function DataTable<T extends RowData>({
  columns,
  rows,
  label,
  rowId,
  opener,
  card,
  rowClass,
}: DataTableProps<T>) {
  const table = useTable({ features, columns, data: rows, getRowId: rowId });
  return (
    <>
      <ul aria-label={label} className="divide-y divide-line md:hidden">
        {rows.map((row) => (
          <li key={rowId(row)} className={cn("px-4 py-3", rowClass?.(row))}>
            {card(row)}
          </li>
        ))}
      </ul>
      <div className="hidden overflow-x-auto md:block">
        <table aria-label={label} className="w-full text-left">
          <thead>
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id} className="border-b border-line">
                {group.headers.map((header) => (
                  <th
                    key={header.id}
                    scope="col"
                    className="px-3 py-2.5 text-xs font-medium whitespace-nowrap text-soft first:pl-5 last:pr-5"
                  >
                    {header.isPlaceholder ? null : <table.FlexRender header={header} />}
                  </th>
                ))}
              </tr>
            ))}
          </thead>
          <tbody className="divide-y divide-line">
            {table.getRowModel().rows.map((row) => (
              <tr key={row.id} className={cn("relative align-middle hover:bg-sunken/60", rowClass?.(row.original))}>
                {row.getAllCells().map((cell, index) => (
                  <td key={cell.id} className="px-3 py-3 first:pl-5 last:pr-5">
                    {index === 0 ? (
                      opener(row.original, <table.FlexRender cell={cell} />, COVER)
                    ) : (
                      <table.FlexRender cell={cell} />
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
