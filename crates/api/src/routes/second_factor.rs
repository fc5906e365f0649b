//! The second factor: codes of an authenticator app, recovery codes, and what a tenant asks for.

use axum::{Json, http::StatusCode};
use domain::UserId;
use garde::Validate;
use operations::{SecondFactor, SignInPolicy, TenantScope, TotpSecret, User, recovery_codes, token_hash};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{
    assignment::check_rank,
    auth::{attempt, password_matches},
};
use crate::{
    access::{Permission, Who},
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId},
    problem::{ApiError, ApiResult},
    resource::Resource,
    seals::SealedSecret,
    state::State,
};

/// What sealed secrets of this kind are for.
const PURPOSE: &str = "second-factor";
/// Letters of a code: six digits, or a recovery code with its dashes.
const CODE_CHARS_MAX: usize = 32;

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Sign-in")
        .signed_in(routes!(status))
        .signed_in(routes!(set_up))
        .signed_in(routes!(confirm))
        .signed_in(routes!(renew_codes))
        .signed_in(routes!(switch_off))
        .signed_in(routes!(step_up))
        .needs(Permission::UsersWrite, routes!(reset))
        .needs(Permission::UsersRead, routes!(policy))
        .needs(Permission::UsersWrite, routes!(save_policy))
}

/// How a code was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Factor {
    /// The user has none.
    None,
    /// It is theirs; it is good no more.
    Right,
    /// They have a factor and sent no code.
    Missing,
    /// It is not theirs, or was used before.
    Wrong,
}

/// 401: send a code.
pub(super) fn missing() -> ApiError {
    let message = "Send the code of the authenticator app, or a recovery code, as code";
    ApiError { code: "SECOND_FACTOR_REQUIRED", ..ApiError::unauthorized(message) }
}

/// 401: another one.
pub(super) fn wrong() -> ApiError {
    ApiError { code: "SECOND_FACTOR_WRONG", ..ApiError::unauthorized("The code is not right, or was used before") }
}

/// Checks a code and uses it up.
pub(super) async fn check(state: &State, user: &User, code: Option<&str>) -> ApiResult<Factor> {
    let scope = TenantScope::of(user.tenant);
    let factor = state.directory().aids.second_factor(scope, user.id).await.map_err(from_store)?;
    match factor.filter(|factor| factor.confirmed_at.is_some()) {
        None => Ok(Factor::None),
        Some(factor) => match code.map(str::trim).filter(|code| !code.is_empty()) {
            None => Ok(Factor::Missing),
            Some(code) if use_code(state, scope, &factor, code).await? => Ok(Factor::Right),
            Some(_) => Ok(Factor::Wrong),
        },
    }
}

async fn use_code(state: &State, scope: TenantScope, factor: &SecondFactor, code: &str) -> ApiResult<bool> {
    let aids = &state.directory().aids;
    let digits: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let secret = open_secret(state, factor)?;
        let Some(step) = secret.step_of(&digits, state.now(), factor.last_step) else { return Ok(false) };
        // Of two who send the same code at once, one is refused by the store.
        return aids.use_step(scope, factor.user, step).await.map_err(from_store);
    }
    aids.use_recovery_code(scope, factor.user, &token_hash(&digits.to_lowercase())).await.map_err(from_store)
}

fn open_secret(state: &State, factor: &SecondFactor) -> ApiResult<TotpSecret> {
    let text = state.seals().open_secret(PURPOSE, &SealedSecret(factor.secret.clone()));
    let secret = text.and_then(|text| TotpSecret::from_base32(&text));
    secret.ok_or_else(|| ApiError::internal("a second factor's secret was sealed with another key"))
}

/// Where the own second factor stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecondFactorStatus {
    /// A code is asked for at sign-in.
    enabled: bool,
    /// The tenant wants everybody to have one.
    required: bool,
    /// Recovery codes not yet used.
    recovery_codes_left: u64,
}

/// The person who asks; a key has no second factor.
async fn person(caller: &Caller) -> ApiResult<User> {
    let Some(id) = caller.principal.user() else {
        return Err(ApiError::forbidden("A key has no password and no second factor"));
    };
    caller.directory().users.get(caller.tenant_scope(), id).await.map_err(from_store)
}

/// Reads where the own second factor stands.
#[utoipa::path(get, path = "/auth/second-factor", operation_id = "getSecondFactor", responses(
    (status = 200, description = "Where it stands", body = SecondFactorStatus),
    (status = 403, description = "A key has none", body = crate::Problem, content_type = "application/problem+json")))]
async fn status(caller: Caller) -> ApiResult<Json<SecondFactorStatus>> {
    let user = person(&caller).await?;
    let (aids, scope) = (&caller.directory().aids, caller.tenant_scope());
    let factor = aids.second_factor(scope, user.id).await.map_err(from_store)?;
    let policy = aids.sign_in_policy(user.tenant).await.map_err(from_store)?;
    Ok(Json(SecondFactorStatus {
        enabled: factor.is_some_and(|factor| factor.confirmed_at.is_some()),
        required: policy.second_factor_required,
        recovery_codes_left: aids.recovery_codes_left(scope, user.id).await.map_err(from_store)?,
    }))
}

/// Who asks proves it once more.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProofRequest {
    /// The password of who asks.
    #[garde(length(chars, max = 1024))]
    #[schema(max_length = 1024, format = Password)]
    password: Option<String>,
    /// Where there is a second factor.
    #[garde(length(chars, max = CODE_CHARS_MAX))]
    #[schema(max_length = 32, example = "287082")]
    code: Option<String>,
}

/// Password, and code where there is a second factor. Failures count as failed sign-ins.
async fn prove(caller: &Caller, user: &User, proof: &ProofRequest) -> ApiResult<()> {
    let compared = async {
        let password = proof.password.clone().unwrap_or_default();
        let wrong = if !password_matches(&caller.state, password, user.password_hash.clone()).await? {
            ApiError { code: "PASSWORD_WRONG", ..ApiError::forbidden("The password is not right") }
        } else {
            match check(&caller.state, user, proof.code.as_deref()).await? {
                Factor::None | Factor::Right => return Ok(Ok(())),
                Factor::Missing => return Err(ApiError { status: StatusCode::FORBIDDEN, ..missing() }),
                Factor::Wrong => ApiError { status: StatusCode::FORBIDDEN, ..wrong() },
            }
        };
        caller.note_failure("auth.proof.failed").await;
        Ok(Err(wrong))
    };
    attempt(&caller.state, caller.context(), &user.email, compared).await
}

/// Proves once more who is signed in. For a quarter of an hour sensitive changes are let through.
#[utoipa::path(post, path = "/auth/step-up", operation_id = "stepUp", request_body = ProofRequest,
    responses((status = 204, description = "Proven")))]
async fn step_up(caller: Caller, Body(body): Body<ProofRequest>) -> ApiResult<StatusCode> {
    let user = person(&caller).await?;
    prove(&caller, &user, &body).await?;
    if let Who::User { session, .. } = &caller.principal.who {
        let accounts = &caller.directory().accounts;
        accounts.prove_session(&token_hash(session), caller.now()).await.map_err(from_store)?;
    }
    caller.note("auth.step_up", "session", None, json!({})).await;
    Ok(StatusCode::NO_CONTENT)
}

/// A secret to put into an authenticator app. Shown once.
#[derive(Serialize, ToSchema)]
pub struct SecondFactorSetup {
    /// To be typed in.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// To be shown as a QR code.
    #[schema(example = "otpauth://totp/Acme:ana%40acme.example?secret=GEZDGNBV&issuer=Acme")]
    uri: String,
}

/// Begins to set a second factor up. It is asked for once a code of it was confirmed.
#[utoipa::path(post, path = "/auth/second-factor/setup", operation_id = "setUpSecondFactor", request_body = ProofRequest, responses(
    (status = 200, description = "The secret", body = SecondFactorSetup),
    (status = 409, description = "There is one already", body = crate::Problem, content_type = "application/problem+json")))]
async fn set_up(caller: Caller, Body(body): Body<ProofRequest>) -> ApiResult<Json<SecondFactorSetup>> {
    let user = person(&caller).await?;
    prove(&caller, &user, &body).await?;
    let state = &caller.state;
    let secret = TotpSecret::new(&mut state.fork_seed());
    let factor = SecondFactor {
        user: user.id,
        secret: state.seals().seal_secret(PURPOSE, &secret.to_base32(), state.random())?.0,
        confirmed_at: None,
        last_step: 0,
        created_at: caller.now(),
    };
    caller.directory().aids.insert_second_factor(caller.tenant_scope(), &factor).await.map_err(from_store)?;
    let tenant = caller.directory().tenants.find_tenant(user.tenant).await.map_err(from_store)?;
    let issuer = tenant.map_or_else(|| "Hopwhistle".to_owned(), |tenant| tenant.name);
    Ok(Json(SecondFactorSetup { secret: secret.to_base32(), uri: secret.uri(&issuer, &user.email) }))
}

/// A code.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeRequest {
    /// Six digits of the authenticator, or a recovery code.
    #[garde(length(chars, min = 6, max = CODE_CHARS_MAX))]
    #[schema(min_length = 6, max_length = 32, example = "287082")]
    code: String,
}

/// Codes for whoever loses the app.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodes {
    /// Each is good once. Shown this once.
    #[schema(example = json!(["mfrg-gzdf-mztw-q2lk"]))]
    recovery_codes: Vec<String>,
}

/// Confirms the second factor with a first code and shows the recovery codes, this once. Other sessions end.
#[utoipa::path(post, path = "/auth/second-factor/confirm", operation_id = "confirmSecondFactor", request_body = CodeRequest, responses(
    (status = 200, description = "The recovery codes", body = RecoveryCodes),
    (status = 409, description = "None is being set up", body = crate::Problem, content_type = "application/problem+json")))]
async fn confirm(caller: Caller, Body(body): Body<CodeRequest>) -> ApiResult<Json<RecoveryCodes>> {
    let user = person(&caller).await?;
    let (aids, scope) = (&caller.directory().aids, caller.tenant_scope());
    let factor = aids.second_factor(scope, user.id).await.map_err(from_store)?;
    let Some(factor) = factor.filter(|factor| factor.confirmed_at.is_none()) else {
        return Err(ApiError::conflict("second factor: none is being set up"));
    };
    let compared = async {
        let is_right = use_code(&caller.state, scope, &factor, &body.code).await?;
        Ok(if is_right { Ok(()) } else { Err(ApiError { status: StatusCode::FORBIDDEN, ..wrong() }) })
    };
    attempt(&caller.state, caller.context(), &user.email, compared).await?;
    let codes = new_codes(&caller, &user).await?;
    if let Who::User { session, .. } = &caller.principal.who {
        let accounts = &caller.directory().accounts;
        accounts.remove_other_sessions(scope, user.id, &token_hash(session)).await.map_err(from_store)?;
    }
    caller.note("second_factor.create", "second factor", Some(user.id.to_string()), json!({})).await;
    Ok(Json(codes))
}

async fn new_codes(caller: &Caller, user: &User) -> ApiResult<RecoveryCodes> {
    let codes = recovery_codes(&mut caller.state.fork_seed());
    let hashes = codes.iter().map(|code| token_hash(code)).collect();
    let aids = &caller.directory().aids;
    aids.confirm_second_factor(caller.tenant_scope(), user.id, hashes, caller.now()).await.map_err(from_store)?;
    Ok(RecoveryCodes { recovery_codes: codes })
}

/// Makes new recovery codes in place of the old ones and shows them, this once.
#[utoipa::path(post, path = "/auth/second-factor/recovery-codes", operation_id = "renewRecoveryCodes", request_body = ProofRequest, responses(
    (status = 200, description = "The recovery codes", body = RecoveryCodes),
    (status = 409, description = "There is no second factor", body = crate::Problem, content_type = "application/problem+json")))]
async fn renew_codes(caller: Caller, Body(body): Body<ProofRequest>) -> ApiResult<Json<RecoveryCodes>> {
    let user = person(&caller).await?;
    prove(&caller, &user, &body).await?;
    let factor = caller.directory().aids.second_factor(caller.tenant_scope(), user.id).await.map_err(from_store)?;
    if factor.is_none_or(|factor| factor.confirmed_at.is_none()) {
        return Err(ApiError::conflict("second factor: there is none; set one up first"));
    }
    let codes = new_codes(&caller, &user).await?;
    caller.note("second_factor.renew_codes", "second factor", Some(user.id.to_string()), json!({})).await;
    Ok(Json(codes))
}

/// Switches the own second factor off.
#[utoipa::path(post, path = "/auth/second-factor/disable", operation_id = "disableSecondFactor", request_body = ProofRequest,
    responses((status = 204, description = "Switched off"),
        (status = 409, description = "The tenant requires one", body = crate::Problem, content_type = "application/problem+json")))]
async fn switch_off(caller: Caller, Body(body): Body<ProofRequest>) -> ApiResult<StatusCode> {
    let user = person(&caller).await?;
    prove(&caller, &user, &body).await?;
    let aids = &caller.directory().aids;
    if aids.sign_in_policy(user.tenant).await.map_err(from_store)?.second_factor_required {
        return Err(ApiError::conflict("second factor: the tenant requires one"));
    }
    if aids.remove_second_factor(caller.tenant_scope(), user.id).await.map_err(from_store)? {
        caller.note("second_factor.delete", "second factor", Some(user.id.to_string()), json!({})).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a user's second factor away, for whoever lost the app and the recovery codes. They are signed out everywhere.
#[utoipa::path(delete, path = "/api/v1/users/{id}/second-factor", operation_id = "resetUserSecondFactor",
    params(("id" = Uuid, Path, description = "The user's id")), responses((status = 204, description = "Taken away")))]
async fn reset(caller: Caller, PathId(id): PathId<UserId>) -> ApiResult<StatusCode> {
    caller.check_step_up()?;
    let user = caller.directory().users.get(caller.scope(), id).await.map_err(from_store)?;
    check_rank(&caller, &user).await?;
    let directory = caller.directory();
    if !directory.aids.remove_second_factor(caller.scope(), id).await.map_err(from_store)? {
        return Err(ApiError::not_found("Second factor"));
    }
    directory.sign_in.remove_sessions_of(caller.scope(), id).await.map_err(from_store)?;
    caller.note("second_factor.reset", "second factor", Some(id.to_string()), json!({})).await;
    Ok(StatusCode::NO_CONTENT)
}

/// What the tenant asks of whoever signs in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SignInPolicy)]
pub struct PolicyView {
    /// Everybody needs a second factor; who has none sets one up first. Single sign-on counts as one.
    #[garde(skip)]
    second_factor_required: bool,
}

/// Reads what the tenant asks of whoever signs in.
#[utoipa::path(get, path = "/api/v1/sign-in-policy", operation_id = "getSignInPolicy",
    responses((status = 200, description = "The policy", body = PolicyView)))]
async fn policy(caller: Caller) -> ApiResult<Json<PolicyView>> {
    let policy = caller.directory().aids.sign_in_policy(caller.principal.tenant).await.map_err(from_store)?;
    Ok(Json(PolicyView { second_factor_required: policy.second_factor_required }))
}

/// Says what the tenant asks of whoever signs in.
#[utoipa::path(put, path = "/api/v1/sign-in-policy", operation_id = "saveSignInPolicy", request_body = PolicyView,
    responses((status = 200, description = "The policy", body = PolicyView)))]
async fn save_policy(caller: Caller, Body(body): Body<PolicyView>) -> ApiResult<Json<PolicyView>> {
    caller.check_step_up()?;
    let (aids, tenant) = (&caller.directory().aids, caller.principal.tenant);
    let before = aids.sign_in_policy(tenant).await.map_err(from_store)?;
    let policy = SignInPolicy { second_factor_required: body.second_factor_required };
    aids.save_sign_in_policy(tenant, policy, caller.now()).await.map_err(from_store)?;
    let before = PolicyView { second_factor_required: before.second_factor_required };
    caller.audit(Done::Update, "sign-in policy", tenant, &before, &body).await;
    Ok(Json(body))
}
