import { asNumber, asRecord, asText, asTime, type Wire } from "./read";

export const JOB_STATUSES = ["ready", "waiting", "running", "dead"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Work that follows a call. One that is done is gone. */
export interface Job {
  id: string;
  kind: string | null;
  /** Null when it is a word this page does not know. */
  status: JobStatus | null;
  callId: string | null;
  attempt: number;
  attemptsMax: number | null;
  /** What the last failure said. */
  error: string | null;
  runAt: number | null;
}

const statusOf = (value: unknown): JobStatus | null => JOB_STATUSES.find((status) => status === value) ?? null;

export const readJob = (row: Wire<"Job">): Job => ({
  id: asText(row.id) ?? "",
  kind: asText(row.kind),
  status: statusOf(row.status),
  callId: asText(row.callId),
  attempt: asNumber(row.attempt) ?? 0,
  attemptsMax: asNumber(row.attemptsMax),
  error: asText(row.error),
  runAt: asTime(row.runAt),
});

export type JobCounts = Record<JobStatus, number>;

export function readJobCounts(body: unknown): JobCounts {
  const counts: Wire<"JobCounts"> = asRecord(body);
  return {
    ready: asNumber(counts.ready) ?? 0,
    waiting: asNumber(counts.waiting) ?? 0,
    running: asNumber(counts.running) ?? 0,
    dead: asNumber(counts.dead) ?? 0,
  };
}

/** Whether a person may give it another round: a worker has neither now. */
export const mayRetry = (job: Job): boolean => job.status === "dead" || job.status === "waiting";

/** "2 of 12"; "None yet" before the first. */
export const attemptsOf = ({ attempt, attemptsMax }: Job): string =>
  attempt === 0 ? "None yet" : attemptsMax === null ? String(attempt) : `${attempt} of ${attemptsMax}`;
