//! Background work of the tenant: what waits, what failed and why, and another try by hand.

use axum::Json;
use domain::{JobId, Timestamp};
use garde::Validate;
use operations::{JOB_ATTEMPTS_MAX, JobFilter, JobRow};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    extract::{PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult},
    resource::Resource,
    wire::{Time, wire_enum},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Jobs")
        .needs(Permission::JobsRead, routes!(list))
        .needs(Permission::JobsRead, routes!(counts))
        .needs(Permission::JobsRead, routes!(read))
        .needs(Permission::JobsWrite, routes!(retry))
}

wire_enum! {
    /// What a job does.
    JobKind,
    /// Where a job stands: `ready` to run, `waiting` after a failure, `running`, or `dead`: given up.
    JobStatus,
}

/// Work that follows a call. One that is done is gone.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// The job's id.
    id: Uuid,
    /// What is to be done: `settle` rates and posts an ended call.
    kind: JobKind,
    /// `ready` to run, `waiting` for its next attempt, `running`, or `dead`: given up.
    status: JobStatus,
    /// The call it is about.
    call_id: Uuid,
    /// Attempts begun; counted anew after a retry by hand.
    attempt: u32,
    /// After that many failed attempts it is given up.
    attempts_max: u32,
    /// What the last failure said.
    error: Option<String>,
    /// It does not run before.
    run_at: Time,
    /// Until when a worker has it, or had it and let that pass.
    leased_until: Option<Time>,
}

fn view(job: JobRow, now: Timestamp) -> Job {
    Job {
        id: job.id.uuid(),
        kind: JobKind(job.kind),
        status: JobStatus(job.status(now)),
        call_id: job.call.uuid(),
        attempt: job.attempt,
        attempts_max: JOB_ATTEMPTS_MAX,
        error: job.error,
        run_at: Time(job.run_at),
        leased_until: job.leased_until.map(Time),
    }
}

/// What a list of jobs is narrowed by. All of it must hold.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct JobQuery {
    /// Only those that stand so.
    #[garde(skip)]
    #[param(value_type = Option<JobStatus>)]
    status: Option<JobStatus>,
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<JobKind>)]
    kind: Option<JobKind>,
}

/// Lists the jobs that are not done, newest first.
#[utoipa::path(get, path = "/api/v1/jobs", operation_id = "listJobs", params(PageQuery<operations::JobRow>, JobQuery),
    responses((status = 200, description = "A page of jobs", body = List<Job>)))]
async fn list(
    caller: Caller,
    Query(page): Query<PageQuery<operations::JobRow>>,
    Query(query): Query<JobQuery>,
) -> ApiResult<Json<List<Job>>> {
    let filter = JobFilter { status: query.status.map(|status| status.0), kind: query.kind.map(|kind| kind.0) };
    let now = caller.now();
    let found = caller.directory().jobs.list_jobs(caller.scope(), filter, &page.request(), now).await;
    Ok(Json(page.envelope(found.map_err(from_store)?, |job| view(job, now))))
}

/// How many jobs stand where.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobCounts {
    /// May run now.
    ready: u64,
    /// Failed, and wait for their next attempt.
    waiting: u64,
    /// Workers have them.
    running: u64,
    /// Given up.
    dead: u64,
    /// When the oldest ready one became ready: long ago, where no worker runs.
    oldest_ready_at: Option<Time>,
}

/// Counts the jobs that are not done.
#[utoipa::path(get, path = "/api/v1/jobs/counts", operation_id = "countJobs",
    responses((status = 200, description = "How many stand where", body = JobCounts)))]
async fn counts(caller: Caller) -> ApiResult<Json<JobCounts>> {
    let counts = caller.directory().jobs.count_jobs(caller.scope(), caller.now()).await.map_err(from_store)?;
    Ok(Json(JobCounts {
        ready: counts.ready,
        waiting: counts.waiting,
        running: counts.running,
        dead: counts.dead,
        oldest_ready_at: counts.oldest_ready_at.map(Time),
    }))
}

/// Reads a job. One that is done is not found.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", operation_id = "getJob", params(("id" = Uuid, Path, description = "The job's id")),
    responses((status = 200, description = "The job", body = Job)))]
async fn read(caller: Caller, PathId(id): PathId<JobId>) -> ApiResult<Json<Job>> {
    let found = caller.directory().jobs.find_job(caller.scope(), id).await.map_err(from_store)?;
    let job = found.ok_or_else(|| ApiError::not_found("Job"))?;
    Ok(Json(view(job, caller.now())))
}

/// Makes a dead or waiting job ready now, with all its attempts before it. One that is ready stays as it is.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/retry", operation_id = "retryJob", params(("id" = Uuid, Path, description = "The job's id")),
    responses((status = 200, description = "The job", body = Job),
        (status = 409, description = "A worker has it", body = crate::Problem, content_type = "application/problem+json")))]
async fn retry(caller: Caller, PathId(id): PathId<JobId>) -> ApiResult<Json<Job>> {
    let now = caller.now();
    let retried = caller.directory().jobs.retry_job(caller.scope(), id, now).await.map_err(from_store)?;
    if retried.before != retried.after {
        let changes = json!({
            "status": {"before": retried.before.status(now).as_str(), "after": retried.after.status(now).as_str()},
            "attempt": {"before": retried.before.attempt, "after": retried.after.attempt},
            "error": {"before": retried.before.error},
        });
        caller.note("job.retry", "job", Some(id.to_string()), changes).await;
    }
    Ok(Json(view(retried.after, now)))
}
