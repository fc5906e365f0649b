//! The gates of what a tenant begins and is charged for: its budget, and the token that lets quota and budget pass.

use axum::http::StatusCode;
use domain::Micros;
use operations::{BudgetLevel, OverrideFault, TenantScope, budget_state};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    caller::Caller,
    convert::from_store,
    problem::{ApiError, ApiResult},
    wire::Amount,
};

/// The budget a request was refused for.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct BudgetExceeded {
    /// Charged so far, of the day or month.
    pub(crate) current: Amount,
    /// The limit.
    pub(crate) limit: Amount,
    /// Of the limit.
    #[schema(example = 100.0)]
    pub(crate) percentage: f64,
}

/// As shown.
pub(super) fn shown_percentage(hundredths: i64) -> f64 {
    f64::from(i32::try_from(hundredths).unwrap_or(i32::MAX)) / 100.0
}

/// Lets pass what is expected to cost so much, or refuses it with 403 `BUDGET_EXCEEDED`: to be asked by whatever a tenant begins and
/// is charged for, after the quota and as the last word before it is begun. Calls that come in are never asked.
pub(super) async fn admit_cost(caller: &Caller, cost: Micros) -> ApiResult<()> {
    let state = budget_state(caller.directory(), caller.principal.tenant, caller.now()).await.map_err(from_store)?;
    let Some(level) = state.and_then(|state| state.refuses(cost)) else { return Ok(()) };
    let (period, limit) = (if level.is_daily { "daily" } else { "monthly" }, level.limit.unwrap_or_default());
    let changes = json!({"period": period, "current": Amount(level.current), "limit": Amount(limit), "estimatedCost": Amount(cost)});
    let excuse = match passes(caller, "budget", &changes).await? {
        Ok(()) => return Ok(()),
        Err(excuse) => excuse,
    };
    caller.note("budget.exceeded", "budget", Some(period.to_owned()), changes).await;
    Err(exceeded(&level, period, limit, excuse))
}

fn exceeded(level: &BudgetLevel, period: &str, limit: Micros, excuse: &str) -> ApiError {
    let (current, most) = (level.current.exact(), limit.exact());
    let message = format!(
        "The {period} budget does not allow it: {current} of {most} are spent{excuse}; ask the operator for more"
    );
    let budget = BudgetExceeded {
        current: Amount(level.current),
        limit: Amount(limit),
        percentage: shown_percentage(level.percentage().unwrap_or_default()),
    };
    ApiError { budget: Some(Box::new(budget)), ..ApiError::new(StatusCode::FORBIDDEN, "BUDGET_EXCEEDED", message) }
}

/// Whether the request's `X-Quota-Override` lets pass what `gate` (`quota` or `budget`) would refuse; noted where it does. Else what to
/// add to the refusal.
pub(super) async fn passes(
    caller: &Caller,
    gate: &'static str,
    changes: &serde_json::Value,
) -> ApiResult<Result<(), &'static str>> {
    let Some(token) = caller.override_token() else { return Ok(Err("")) };
    let scope = TenantScope::of(caller.principal.tenant);
    let budget = caller.directory().budgets.budget_of(scope).await.map_err(from_store)?;
    let checked = budget.map_or(Err(OverrideFault::Unknown), |budget| budget.check_override(token, caller.now()));
    match checked {
        Ok(()) => {
            caller.note(&format!("{gate}.override.used"), gate, None, changes.clone()).await;
            Ok(Ok(()))
        }
        Err(OverrideFault::Expired) => Ok(Err(", and the override token is expired")),
        Err(OverrideFault::Unknown) => Ok(Err(", and the override token is not known")),
    }
}
