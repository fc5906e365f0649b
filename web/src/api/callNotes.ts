import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { get, orNull } from "./client";
import { readTag } from "./labels";
import { CALLS_PER_PAGE } from "./queries";
import { asFlag, asList, asNumber, asRecord, asText, asTime, readPage, type Wire } from "./read";
import { readAll } from "./whole";

/** The labels people put on a call. */
export const callTagsQuery = (call: string) =>
  queryOptions({
    queryKey: ["calls", "tags", call],
    queryFn: ({ signal }) => readAll((query) => get(`/api/v1/calls/${call}/tags`, query, signal), readTag),
  });

export interface Segment {
  /** Seconds from the begin of the recording. */
  start: number;
  /** Who said it, as people read it; null where nobody told. */
  speaker: string | null;
  text: string;
}

/** What was said in a call. */
export interface Transcript {
  engine: string;
  language: string;
  segments: Segment[];
  /** All of it, for one without segments. */
  text: string;
  /** What an analysis made of it; null: none was made. */
  analysis: { billable: boolean | null; applied: boolean | null; reasoning: string | null } | null;
}

export function readTranscript(body: unknown): Transcript {
  const row: Wire<"Transcript"> = asRecord(body);
  const labels = asRecord(row.speakerLabels);
  const analysis: Wire<"TranscriptAnalysis"> | null = row.analysis ? asRecord(row.analysis) : null;
  return {
    engine: asText(row.engine) ?? "",
    language: asText(row.language) ?? "",
    text: asText(row.fullText) ?? "",
    segments: asList(row.segments).map((segment: Wire<"TranscriptSegment">) => {
      const speaker = asText(segment.speaker);
      return {
        start: asNumber(segment.start) ?? 0,
        speaker: speaker === null ? null : (asText(labels[speaker]) ?? speaker),
        text: asText(segment.text) ?? "",
      };
    }),
    analysis: analysis && {
      billable: asFlag(analysis.billable),
      applied: asFlag(analysis.applicationSubmitted),
      reasoning: asText(analysis.reasoning),
    },
  };
}

/** What was said; null: nobody wrote it down. */
export const transcriptQuery = (call: string) =>
  queryOptions({
    queryKey: ["calls", "transcript", call],
    queryFn: async ({ signal }) => {
      const body = await orNull(get(`/api/v1/calls/${call}/transcript`, undefined, signal));
      return body === null ? null : readTranscript(body);
    },
  });

/** A transcript as the search finds it. */
export interface FoundTranscript {
  id: string;
  callId: string;
  /** Its beginning. */
  text: string;
  seconds: number | null;
  language: string;
  at: number | null;
}

/** Characters the API gives of it. */
const BEGINNING_CHARS = 200;

export const readFound = (row: Wire<"TranscriptSummary">): FoundTranscript => ({
  id: asText(row.id) ?? "",
  callId: asText(row.callId) ?? "",
  text: beginningOf(asText(row.fullText) ?? ""),
  seconds: asNumber(row.durationSec),
  language: asText(row.language) ?? "",
  at: asTime(row.createdAt),
});

/** What was cut off is said to go on. */
const beginningOf = (text: string) => (Array.from(text).length < BEGINNING_CHARS ? text : `${text.trimEnd()}…`);

/** Transcripts, newest first, in which every word was said. */
export const transcriptsQuery = (page: number, words: string) =>
  queryOptions({
    queryKey: ["calls", "transcripts", page, words],
    queryFn: async ({ signal }) =>
      readPage(
        await get("/api/v1/transcripts", { page, limit: CALLS_PER_PAGE, q: words || undefined }, signal),
        readFound,
      ),
    placeholderData: keepPreviousData,
  });
