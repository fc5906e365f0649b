import { ApiError, authHeaders, encodeQuery, type Query, readError, upload } from "./client";
import { apiUrl } from "./config";
import { asFlag, asList, asNumber, asRecord, asText, type Wire } from "./read";

/** What an import did, or would do. */
export interface FileReport {
  rows: number;
  imported: number;
  unchanged: number;
  failed: number;
  faults: FileFault[];
  /** The file was not read to its end. */
  stopped: boolean;
  dryRun: boolean;
}

export interface FileFault {
  line: number;
  /** The column; empty for the row as a whole. */
  field: string;
  message: string;
}

export function readFileReport(body: unknown): FileReport {
  const report: Wire<"ImportReport"> = asRecord(body);
  return {
    rows: asNumber(report.rows) ?? 0,
    imported: asNumber(report.imported) ?? 0,
    unchanged: asNumber(report.unchanged) ?? 0,
    failed: asNumber(report.failed) ?? 0,
    faults: asList(report.errors).map((fault: Wire<"ImportFault">) => ({
      line: asNumber(fault.line) ?? 0,
      field: asText(fault.field) ?? "",
      message: asText(fault.message) ?? "",
    })),
    stopped: asFlag(report.stopped) ?? false,
    dryRun: asFlag(report.dryRun) ?? false,
  };
}

/** Sends a file to a list, `/api/v1/numbers`, row by row; with `dryRun` nothing is written. */
export const importFile = async (path: string, file: Blob, dryRun: boolean) =>
  readFileReport(await upload(`${path}/import?onError=continue${dryRun ? "&dryRun=true" : ""}`, file));

/** A list as a file, as the filters narrow it. */
export async function exportFile(path: string, filter: Query): Promise<Blob> {
  const query = encodeQuery({ ...filter, format: "csv" });
  const init: RequestInit = { headers: authHeaders(), credentials: "include" };
  const response = await fetch(`${apiUrl(`${path}/export`)}${query}`, init).catch(() => {
    throw new ApiError(0, "NETWORK_ERROR", "The API does not answer. Is it running, and reachable from here?");
  });
  if (!response.ok) throw readError(response.status, await response.json().catch(() => null));
  return response.blob();
}
