import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Download, FileSpreadsheet, LoaderCircle, Upload } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import type { Query } from "@/api/client";
import { saveFile } from "@/api/csv";
import { exportFile, type FileReport, importFile } from "@/api/files";
import { plural } from "@/format/words";
import { messageOf } from "./States";
import { Button } from "./ui/button";
import { Dialog } from "./ui/dialog";
import { Field } from "./ui/input";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "./ui/menu";

interface ListFilesProps {
  /** The list: `/api/v1/numbers`. */
  path: string;
  /** One of its rows: "number". */
  what: string;
  /** Columns a file may have; the first ones are needed. */
  columns?: string;
  /** What the list is narrowed by: the export is narrowed too. */
  filter: Query;
  mayImport: boolean;
  /** Query keys that an import makes stale. */
  stale?: string[];
}

/** A list out of a file, and into one. */
export function ListFiles(props: ListFilesProps) {
  const { path, what, filter, mayImport } = props;
  const [importing, setImporting] = useState(false);
  const bring = useMutation({
    mutationFn: () => exportFile(path, filter),
    onSuccess: (file) => saveFile(file, `${what}s.csv`),
    onError: (error) => toast.error(messageOf(error)),
  });
  return (
    <>
      <Menu>
        <MenuTrigger asChild>
          <Button variant="outline" disabled={bring.isPending}>
            {bring.isPending ? <LoaderCircle className="animate-spin" /> : <FileSpreadsheet />} CSV
          </Button>
        </MenuTrigger>
        <MenuContent align="end">
          {mayImport ? (
            <MenuItem onSelect={() => setImporting(true)}>
              <Upload /> Import a file
            </MenuItem>
          ) : null}
          <MenuItem onSelect={() => bring.mutate()}>
            <Download /> Export what is listed
          </MenuItem>
        </MenuContent>
      </Menu>
      {importing ? <ImportDialog {...props} onClose={() => setImporting(false)} /> : null}
    </>
  );
}

function ImportDialog({ path, what, columns = "", stale = [], onClose }: ListFilesProps & { onClose: () => void }) {
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const send = useMutation({
    mutationFn: ({ chosen, dryRun }: { chosen: File; dryRun: boolean }) => importFile(path, chosen, dryRun),
    onSuccess: (report) =>
      report.dryRun
        ? undefined
        : Promise.all(stale.map((key) => client.invalidateQueries({ queryKey: [key] }))).then(() => undefined),
  });
  const report = send.data;
  const done = report !== undefined && !report.dryRun;
  const go = (dryRun: boolean) => file && send.mutate({ chosen: file, dryRun });
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Import ${what}s`}
      description={`A CSV file whose first line names its columns: ${columns}. What is there already stays as it is.`}
    >
      <div className="grid gap-4">
        <Field label="File">
          {(control) => (
            <input
              {...control}
              type="file"
              accept=".csv,.txt,text/csv,text/plain"
              className="w-full min-w-0 rounded-lg border border-line-strong/60 bg-surface text-[13px] file:mr-3 file:h-9 file:border-0 file:border-r file:border-line file:bg-sunken file:px-3 file:font-medium file:text-ink"
              onChange={(event) => {
                setFile(event.target.files?.[0] ?? null);
                send.reset();
              }}
            />
          )}
        </Field>
        <div role="status" className="empty:hidden">
          {report ? <Report report={report} what={what} /> : null}
        </div>
        {send.error ? (
          <p role="alert" className="rounded-lg bg-bad-soft px-3 py-2.5 text-[13px] text-bad-text">
            {messageOf(send.error)}
          </p>
        ) : null}
        <div className="flex flex-wrap justify-end gap-2">
          {done ? (
            <Button onClick={onClose}>Done</Button>
          ) : (
            <>
              <Button variant="outline" onClick={onClose}>
                Cancel
              </Button>
              <Button variant="outline" disabled={file === null || send.isPending} onClick={() => go(true)}>
                Check only
              </Button>
              <Button disabled={file === null || send.isPending} onClick={() => go(false)}>
                {send.isPending ? <LoaderCircle className="animate-spin" /> : null}
                Import
              </Button>
            </>
          )}
        </div>
      </div>
    </Dialog>
  );
}

/** Faults shown; whoever has more mends these first. */
const SHOWN = 100;

function Report({ report, what }: { report: FileReport; what: string }) {
  const { rows, imported, unchanged, failed, faults, stopped, dryRun } = report;
  const said = [
    `${plural(imported, what)} ${dryRun ? "would be added" : "added"}`,
    unchanged > 0 ? `${unchanged.toLocaleString("en-US")} there already` : null,
    failed > 0 ? `${failed.toLocaleString("en-US")} refused` : null,
  ];
  return (
    <>
      <p className="font-medium">
        {rows === 0 ? "The file has no rows." : `Of ${plural(rows, "row")}: ${said.filter(Boolean).join(", ")}.`}
      </p>
      {stopped ? (
        <p className="mt-1 text-warn-text">The file was not read to its end: no further row could be kept.</p>
      ) : null}
      {faults.length > 0 ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable to scroll it by keys.
        <section aria-label="Faults" className="mt-3 max-h-64 overflow-auto rounded-lg border border-line" tabIndex={0}>
          <table className="w-full text-left text-[13px]">
            <thead className="sticky top-0 bg-sunken text-xs text-soft">
              <tr>
                <th scope="col" className="px-3 py-2 font-medium">
                  Line
                </th>
                <th scope="col" className="px-3 py-2 font-medium">
                  Column
                </th>
                <th scope="col" className="px-3 py-2 font-medium">
                  What is wrong
                </th>
              </tr>
            </thead>
            <tbody className="divide-y divide-line">
              {faults.slice(0, SHOWN).map((fault, index) => (
                <tr key={index} className="align-top">
                  <td className="tabular px-3 py-2">{fault.line}</td>
                  <td className="px-3 py-2 break-words">{fault.field}</td>
                  <td className="px-3 py-2 break-words">{fault.message}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : null}
      {faults.length > SHOWN ? (
        <p className="mt-1 text-[13px] text-soft">And {plural(faults.length - SHOWN, "more fault")}.</p>
      ) : null}
    </>
  );
}
