import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ListChecks, RotateCcw } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { toast } from "sonner";
import { post } from "@/api/client";
import { attemptsOf, JOB_STATUSES, type Job, type JobStatus, mayRetry } from "@/api/jobs";
import { CALLS_PER_PAGE, jobCountsQuery, jobsQuery } from "@/api/queries";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { ListBody } from "@/components/ListBody";
import { PageHeader } from "@/components/PageHeader";
import { Pager } from "@/components/Pager";
import { Missing, messageOf } from "@/components/States";
import { Badge, type Tone } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { type Columns, DataTable } from "@/components/ui/data-table";
import { Dialog } from "@/components/ui/dialog";
import { NativeSelect } from "@/components/ui/input";
import { formatFull } from "@/format/time";
import { toSentence } from "@/format/words";

/** Jobs come and go by themselves: asked again so often, in milliseconds. */
const REFRESH_MS = 5_000;

const WORDS: Record<JobStatus, { label: string; tone: Tone }> = {
  ready: { label: "Ready", tone: "info" },
  waiting: { label: "Waiting to retry", tone: "warn" },
  running: { label: "Running", tone: "live" },
  dead: { label: "Given up", tone: "bad" },
};

function Status({ status }: { status: JobStatus | null }) {
  return status === null ? <Missing /> : <Badge tone={WORDS[status].tone}>{WORDS[status].label}</Badge>;
}

export function JobsPage() {
  const { user } = useAuth();
  const { page = 1, status } = useSearch({ from: "/jobs" });
  const navigate = useNavigate({ from: "/jobs" });
  const jobs = useQuery({ ...jobsQuery(page, { status }), refetchInterval: REFRESH_MS });
  const counts = useQuery({ ...jobCountsQuery, refetchInterval: REFRESH_MS });
  const [openedId, setOpenedId] = useState<string | null>(null);
  const opened = jobs.data?.items.find(({ id }) => id === openedId) ?? null;
  const canRetry = may(user, "jobs:write");
  const columns = useMemo<Columns<Job>>(
    () => [
      {
        id: "kind",
        header: "Job",
        cell: ({ row }) => <span className="font-medium">{toSentence(row.original.kind ?? "job")}</span>,
      },
      { id: "status", header: "Status", cell: ({ row }) => <Status status={row.original.status} /> },
      {
        id: "attempt",
        header: "Attempts",
        cell: ({ row }) => <span className="text-soft">{attemptsOf(row.original)}</span>,
      },
      {
        id: "error",
        header: "Last error",
        cell: ({ row }) => <span className="line-clamp-2 max-w-md break-words">{row.original.error}</span>,
      },
      { id: "run", header: "Runs from", cell: ({ row }) => <span className="text-soft">{runAt(row.original)}</span> },
      {
        id: "retry",
        header: () => <span className="sr-only">Actions</span>,
        cell: ({ row }) => (canRetry && mayRetry(row.original) ? <Retry job={row.original} /> : null),
      },
    ],
    [canRetry],
  );
  return (
    <>
      <PageHeader title="Jobs" hint="Work that follows calls: what waits, and what failed" />
      <Card>
        <div className="border-b border-line p-3 sm:px-5">
          <NativeSelect
            aria-label="Status"
            className="w-auto"
            value={status ?? ""}
            onChange={(event) => void navigate({ search: { status: event.target.value || undefined }, replace: true })}
          >
            <option value="">Every status</option>
            {JOB_STATUSES.map((each) => (
              <option key={each} value={each}>
                {WORDS[each].label}
                {counts.data ? ` (${counts.data[each].toLocaleString("en-US")})` : ""}
              </option>
            ))}
          </NativeSelect>
        </div>
        <ListBody
          query={jobs}
          what="Jobs"
          icon={ListChecks}
          emptyTitle={status ? "No job stands so" : "Nothing is left to do"}
          emptyHint={status ? undefined : "A job is gone once it is done; only what waits or failed is listed."}
        >
          {(items) => (
            <DataTable
              label="Jobs"
              columns={columns}
              rows={items}
              rowId={(job) => job.id}
              opener={(row, content, className) => (
                <button type="button" className={className} onClick={() => setOpenedId(row.id)}>
                  {content}
                </button>
              )}
              card={(job) => (
                <button type="button" className="grid w-full gap-1 text-left" onClick={() => setOpenedId(job.id)}>
                  <span className="flex items-center justify-between gap-3">
                    <span className="font-medium">{toSentence(job.kind ?? "job")}</span>
                    <Status status={job.status} />
                  </span>
                  {job.error ? <span className="line-clamp-2 text-[13px] break-words">{job.error}</span> : null}
                  <span className="text-[13px] text-soft">{runAt(job)}</span>
                </button>
              )}
            />
          )}
        </ListBody>
      </Card>
      <Pager
        page={page}
        totalPages={jobs.data?.totalPages ?? null}
        full={(jobs.data?.items.length ?? 0) >= CALLS_PER_PAGE}
        onPage={(next) => void navigate({ search: { status, page: next > 1 ? next : undefined } })}
      />
      {opened ? <JobDialog job={opened} canRetry={canRetry} onClose={() => setOpenedId(null)} /> : null}
    </>
  );
}

const runAt = (job: Job): string => (job.runAt === null ? "" : formatFull(job.runAt));

function Retry({ job }: { job: Job }) {
  const client = useQueryClient();
  const retry = useMutation({
    mutationFn: () => post(`/api/v1/jobs/${job.id}/retry`),
    onSuccess: () => toast.success("It runs again"),
    onError: (error) => toast.error(messageOf(error)),
    // After a refusal as well: it stands elsewhere than the page says.
    onSettled: () => client.invalidateQueries({ queryKey: ["jobs"] }),
  });
  return (
    <Button
      variant="outline"
      size="sm"
      className="relative z-10"
      disabled={retry.isPending}
      onClick={() => retry.mutate()}
    >
      <RotateCcw /> Retry
    </Button>
  );
}

function JobDialog({ job, canRetry, onClose }: { job: Job; canRetry: boolean; onClose: () => void }) {
  return (
    <Dialog open onOpenChange={onClose} title={toSentence(job.kind ?? "job")} className="sm:max-w-2xl">
      <dl className="mb-4 grid gap-2 text-[13px]">
        <Fact label="Status">
          <Status status={job.status} />
        </Fact>
        <Fact label="Attempts">{attemptsOf(job)}</Fact>
        <Fact label="Runs from">{runAt(job)}</Fact>
        <Fact label="Last error">{job.error ?? "None"}</Fact>
      </dl>
      <div className="flex flex-wrap gap-3">
        {job.callId ? (
          <Button variant="outline" size="sm" asChild>
            <Link to="/calls/$callId" params={{ callId: job.callId }}>
              Open the call
            </Link>
          </Button>
        ) : null}
        {canRetry && mayRetry(job) ? <Retry job={job} /> : null}
      </div>
    </Dialog>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="grid grid-cols-[7rem_1fr] gap-3">
      <dt className="text-soft">{label}</dt>
      <dd className="min-w-0 break-words whitespace-pre-wrap">{children}</dd>
    </div>
  );
}
