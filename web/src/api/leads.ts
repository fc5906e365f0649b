import { asFlag, asList, asNumber, asRecord, asText, asTexts, asTime, type Wire } from "./read";

export interface Lead {
  id: string;
  number: string;
  firstName: string;
  lastName: string;
  /** As people call them, or their number. */
  name: string;
  email: string;
  company: string;
  city: string;
  state: string;
  status: string | null;
  priority: number;
  campaignId: string | null;
  campaignName: string | null;
  notes: string;
  tags: string[];
  lastContactedAt: number | null;
}

export const LEAD_STATUSES = [
  "NEW",
  "CONTACTED",
  "QUALIFIED",
  "CONVERTED",
  "LOST",
  "DO_NOT_CALL",
  "RECYCLED",
  "DIALING",
  "IN_CALL",
  "TRANSFERRED",
  "NOT_INTERESTED",
  "NO_RESPONSE",
  "OTHER",
  "FAILED",
] as const;

export function readLead(row: Wire<"Lead">): Lead {
  const words = (value: unknown) => asText(value) ?? "";
  const [number, firstName, lastName] = [words(row.phoneNumber), words(row.firstName), words(row.lastName)];
  return {
    id: words(row.id),
    number,
    firstName,
    lastName,
    name: [firstName, lastName].filter(Boolean).join(" ") || words(row.fullName) || number,
    email: words(row.email),
    company: words(row.company),
    city: words(row.city),
    state: words(row.state),
    status: asText(row.status),
    priority: asNumber(row.priority) ?? 0,
    campaignId: asText(row.campaignId),
    campaignName: asText(row.campaignName),
    notes: words(row.notes),
    tags: asTexts(row.tags),
    lastContactedAt: asTime(row.lastContactedAt),
  };
}

/** Numbers that are not to be called. */
export interface DncList {
  id: string;
  name: string;
  type: string | null;
  status: string | null;
  appliesToAll: boolean;
  campaigns: string[];
  entries: number;
  scrubbedAt: number | null;
}

export const readDncList = (row: Wire<"DncList">): DncList => ({
  id: asText(row.id) ?? "",
  name: asText(row.name) ?? "",
  type: asText(row.type),
  status: asText(row.status),
  appliesToAll: asFlag(row.appliesToAll) ?? false,
  campaigns: [asText(row.campaignId), ...asTexts(row.campaignIds)].flatMap((id) => (id === null ? [] : [id])),
  entries: asNumber(row.entryCount) ?? 0,
  scrubbedAt: asTime(row.scrubbedAt),
});

export interface DncEntry {
  /** The number: a list has it once. */
  id: string;
  number: string;
  reason: string | null;
  source: string | null;
  createdAt: number | null;
}

export const readDncEntry = (row: Wire<"DncListEntry">): DncEntry => ({
  id: asText(row.phoneNumber) ?? "",
  number: asText(row.phoneNumber) ?? "",
  reason: asText(row.reason),
  source: asText(row.source),
  createdAt: asTime(row.createdAt),
});

export interface ImportReport {
  added: number;
  unchanged: number;
  refused: number;
  faults: { line: number; message: string }[];
}

export function readImportReport(body: unknown): ImportReport {
  const report: Wire<"DncImportReport"> = asRecord(body);
  return {
    added: asNumber(report.added) ?? 0,
    unchanged: asNumber(report.unchanged) ?? 0,
    refused: asNumber(report.refused) ?? 0,
    faults: asList(report.faults).map((fault: Wire<"DncImportFault">) => ({
      line: asNumber(fault.line) ?? 0,
      message: asText(fault.message) ?? "",
    })),
  };
}

/** Numbers as people paste them: one a line, or with commas between. */
export const pastedNumbers = (text: string): string[] =>
  text
    .split(/[\n,;]+/)
    .map((part) => part.trim())
    .filter(Boolean);
