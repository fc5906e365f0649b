//! Periodic work of the whole installation, for its operators.

use axum::Json;
use operations::{Listed, Pace};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    extract::Query,
    page::{List, PageQuery, Short},
    problem::ApiResult,
    resource::Resource,
    wire::{Time, wire_enum},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Jobs").needs(Permission::PlatformAdmin, routes!(list))
}

wire_enum! {
    /// What becomes of runs that came due while no worker lived: `run-once`: one run stands for all of them.
    MissedRuns,
}

/// Work that is done again and again, by one worker at a time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// What it does, in a word or two.
    #[schema(example = "forget-leases")]
    name: String,
    /// The seconds between two runs; absent where it runs once a day.
    #[schema(example = 600.0)]
    every_seconds: Option<f64>,
    /// The time of day in UTC; absent where it runs more often.
    #[schema(example = "08:00:00")]
    daily_at: Option<String>,
    /// What becomes of runs no worker was there for.
    missed_runs: MissedRuns,
    /// When it is due. Long ago, where no worker runs.
    next_run_at: Time,
    /// Until when a worker has the run, or had it and let that pass.
    leased_until: Option<Time>,
    /// When the last run began.
    last_run_at: Option<Time>,
    /// Why the last run that ended failed.
    last_error: Option<String>,
}

fn view(schedule: operations::Schedule) -> Schedule {
    let (every_seconds, daily_at) = match schedule.pace {
        Pace::Every(span) => (Some(span.as_secs_f64()), None),
        Pace::DailyAt(seconds) => {
            (None, Some(format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)))
        }
    };
    Schedule {
        name: schedule.name,
        every_seconds,
        daily_at,
        missed_runs: MissedRuns(schedule.missed),
        next_run_at: Time(schedule.next_run_at),
        leased_until: schedule.leased_until.map(Time),
        last_run_at: schedule.last_run_at.map(Time),
        last_error: schedule.last_error,
    }
}

impl Listed for Schedule {
    const ORDERS: &'static [&'static str] = &["name", "nextRunAt", "lastRunAt"];
}

impl Short for Schedule {
    const ID: &'static str = "name";
}

/// Lists the periodic work of the installation: when it is due, when it last ran, and why it failed.
#[utoipa::path(get, path = "/admin/api/v1/schedules", operation_id = "adminListSchedules", params(PageQuery<Schedule>),
    responses((status = 200, description = "A page of it", body = List<Schedule>)))]
async fn list(caller: Caller, Query(page): Query<PageQuery<Schedule>>) -> ApiResult<Json<List<Schedule>>> {
    let schedules = caller.directory().schedules.list_schedules().await.map_err(from_store)?;
    Ok(Json(page.cut(schedules.into_iter().map(view).collect())?))
}
