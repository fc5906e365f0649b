import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ListChecks, RotateCcw } from "lucide-react";
import type { ReactNode } from "react";
import { toast } from "sonner";
import { post } from "@/api/client";
import { attemptsOf, JOB_STATUSES, type Job, type JobStatus, mayRetry } from "@/api/jobs";
import { jobCountsQuery, jobsQuery } from "@/api/queries";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { Missing, messageOf } from "@/components/States";
import { Badge, type Tone } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import type { Columns } from "@/components/ui/data-table";
import { Dialog } from "@/components/ui/dialog";
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

const columns: Columns<Job> = [
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
  {
    id: "run",
    header: "Runs from",
    cell: ({ row }) => <span className="whitespace-nowrap text-soft">{runAt(row.original)}</span>,
  },
];

export function JobsPage() {
  const { user } = useAuth();
  const list = useListSearch();
  const jobs = useQuery({ ...jobsQuery(list.page, { status: list.status }), refetchInterval: REFRESH_MS });
  const counts = useQuery({ ...jobCountsQuery, refetchInterval: REFRESH_MS });
  const canRetry = may(user, "jobs:write");
  const statuses = JOB_STATUSES.map((value) => {
    const count = counts.data ? ` (${counts.data[value].toLocaleString("en-US")})` : "";
    return { value, label: `${WORDS[value].label}${count}` };
  });
  return (
    <>
      <PageHeader title="Jobs" hint="Work that follows calls: what waits, and what failed" />
      <FilteredList
        query={jobs}
        list={list}
        label="Jobs"
        icon={ListChecks}
        statuses={statuses}
        empty={{
          title: "Nothing is left to do",
          matched: "No job stands so",
          hint: "A job is gone once it is done; only what waits or failed is listed.",
        }}
        columns={columns}
        summary={(job) => ({
          title: toSentence(job.kind ?? "job"),
          text: (
            <>
              {job.error ? (
                <span className="line-clamp-2 break-words whitespace-normal text-ink">{job.error}</span>
              ) : null}
              {runAt(job)}
            </>
          ),
          state: <Status status={job.status} />,
        })}
        rowActions={
          // On a narrow screen the row would have no room for what went wrong: there the window has the button.
          canRetry
            ? (job) => <span className="hidden md:inline">{mayRetry(job) ? <Retry job={job} /> : null}</span>
            : undefined
        }
        dialog={(job, close) => <JobDialog job={job} canRetry={canRetry} onClose={close} />}
      />
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
    <Button variant="outline" size="sm" disabled={retry.isPending} onClick={() => retry.mutate()}>
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
