//! A tenant sets its identity provider.

use axum::{Json, http::StatusCode};
use domain::UserId;
use garde::Validate;
use operations::{
    CodeToRedeem, ID_TOKEN_ALGORITHMS, IdentityError, Pkce, ProviderClient, ProviderMetadata, Role,
    SIGN_IN_DOMAINS_MAX, SignInProvider,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{assignment::check_rank, sso::redirect_uri};
use crate::{
    access::Permission,
    caller::{Caller, Done},
    convert::from_store,
    extract::{Body, PathId},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    seals::SealedSecret,
    state::State,
    wire::{Time, nullable},
};

/// What sealed secrets of this kind are for.
const PURPOSE: &str = "single-sign-on-client";
const ENTITY: &str = "single sign-on";

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Sign-in")
        .needs(Permission::UsersRead, routes!(read))
        .needs(Permission::UsersWrite, routes!(save))
        .needs(Permission::UsersWrite, routes!(remove))
        .needs(Permission::UsersWrite, routes!(test))
        .needs(Permission::UsersWrite, routes!(unlink))
}

/// The tenant's identity provider (OpenID Connect).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SingleSignOn {
    /// What to register at the provider as the address it sends people back to.
    #[schema(example = "https://app.example.com/sso")]
    redirect_uri: String,
    /// Absent while none is set.
    provider: Option<ProviderView>,
}

/// How it is set. The client secret is never shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SingleSignOnProvider)]
pub struct ProviderView {
    /// The provider's name for itself, a URL.
    #[schema(example = "https://login.example.com")]
    issuer: String,
    /// What the provider knows the platform by.
    #[schema(example = "hopwhistle")]
    client_id: String,
    /// There is one.
    has_client_secret: bool,
    /// Domains of addresses it vouches for.
    #[schema(example = json!(["example.com"]))]
    domains: Vec<String>,
    /// The role of whoever is new; absent: who is not known is refused.
    #[schema(example = "analyst")]
    new_users: Option<String>,
    /// Passwords are good too. Those of owners always are.
    passwords_allowed: bool,
    /// Whoever has a second factor here is asked for it as well.
    second_factor: bool,
    /// Offered at sign-in.
    enabled: bool,
    /// When the provider was made.
    created_at: Time,
    /// When the provider last changed.
    updated_at: Time,
}

fn view(provider: &SignInProvider) -> ProviderView {
    ProviderView {
        issuer: provider.issuer.clone(),
        client_id: provider.client_id.clone(),
        has_client_secret: provider.client_secret.is_some(),
        domains: provider.domains.clone(),
        new_users: provider.new_users.map(|role| role.as_str().to_lowercase()),
        passwords_allowed: provider.passwords_allowed,
        second_factor: provider.second_factor,
        enabled: provider.enabled,
        created_at: Time(provider.created_at),
        updated_at: Time(provider.updated_at),
    }
}

/// The client as the provider knows it, its secret opened.
pub(super) fn client_of(state: &State, provider: &SignInProvider) -> ApiResult<ProviderClient> {
    let open = |sealed: &String| {
        let secret = state.seals().open_secret(PURPOSE, &SealedSecret(sealed.clone()));
        secret.ok_or_else(|| ApiError::internal("a client secret was sealed with another key"))
    };
    Ok(ProviderClient {
        id: provider.client_id.clone(),
        secret: provider.client_secret.as_ref().map(open).transpose()?,
    })
}

async fn stored(caller: &Caller) -> ApiResult<Option<SignInProvider>> {
    caller.directory().single_sign_on.provider(caller.principal.tenant).await.map_err(from_store)
}

/// Whoever sets the provider decides who signs in as whom, also as an owner: so they may do everything.
fn check_may_set(caller: &Caller) -> ApiResult<()> {
    caller.check_step_up()?;
    if caller.principal.grants.may_hand_out("admin:*") {
        return Ok(());
    }
    Err(ApiError::forbidden("A provider signs in owners too: only an owner sets it"))
}

/// Reads how people sign in at the tenant's own identity provider.
#[utoipa::path(get, path = "/api/v1/single-sign-on", operation_id = "getSingleSignOn",
    responses((status = 200, description = "How it is set", body = SingleSignOn)))]
async fn read(caller: Caller) -> ApiResult<Json<SingleSignOn>> {
    let provider = stored(&caller).await?.as_ref().map(view);
    Ok(Json(SingleSignOn { redirect_uri: redirect_uri(&caller.state, None), provider }))
}

/// A provider.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaveSingleSignOnRequest {
    /// To the letter as the provider calls itself.
    #[garde(length(chars, min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "https://login.example.com")]
    issuer: String,
    /// What the provider knows the platform by.
    #[garde(length(chars, min = 1, max = 255))]
    #[schema(min_length = 1, max_length = 255, example = "hopwhistle")]
    client_id: String,
    /// Absent: as it was. Null: none, PKCE alone.
    #[garde(inner(inner(length(chars, min = 1, max = 1024))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(min_length = 1, value_type = Option<String>, max_length = 1024, format = Password)]
    client_secret: Option<Option<String>>,
    /// At least one.
    #[garde(length(min = 1, max = SIGN_IN_DOMAINS_MAX), inner(custom(is_domain)))]
    #[schema(inline, value_type = Vec<crate::wire::HostText>, min_items = 1, max_items = 20, example = json!(["example.com"]))]
    domains: Vec<String>,
    /// `admin`, `analyst` or `readonly`; absent: who is not known is refused.
    #[garde(length(chars, max = 16))]
    #[schema(max_length = 16, example = "analyst")]
    new_users: Option<String>,
    /// Whether people may still sign in with a password.
    #[garde(skip)]
    #[serde(default = "yes")]
    #[schema(default = true)]
    passwords_allowed: bool,
    /// Ask whoever has a second factor here for it as well. Else the provider's sign-in counts as one.
    #[garde(skip)]
    #[serde(default)]
    second_factor: bool,
    /// Whether people may sign in with it.
    #[garde(skip)]
    enabled: bool,
}

const fn yes() -> bool {
    true
}

fn is_domain(text: &str, _: &()) -> garde::Result {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() <= 253 && text.contains('.') && text.split('.').all(is_label) {
        return Ok(());
    }
    Err(garde::Error::new("must be a domain: example.com"))
}

/// Who may be made of people nobody has seen: none that would need a side, and no owner.
fn new_role(text: Option<&str>) -> ApiResult<Option<Role>> {
    let Some(text) = text else { return Ok(None) };
    match text.parse::<Role>() {
        Ok(role @ (Role::Admin | Role::Analyst | Role::ReadOnly)) => Ok(Some(role)),
        _ => {
            let message = "must be admin, analyst or readonly; partners and owners are invited";
            Err(ApiError::validation(vec![Fault::body("newUsers", message)]))
        }
    }
}

/// Sets the tenant's identity provider. Only who may do everything in the tenant does so. Another issuer, or `enabled: false`, ends
/// the sessions that began at the provider.
#[utoipa::path(put, path = "/api/v1/single-sign-on", operation_id = "saveSingleSignOn", request_body = SaveSingleSignOnRequest,
    responses((status = 200, description = "How it is set", body = SingleSignOn)))]
async fn save(caller: Caller, Body(body): Body<SaveSingleSignOnRequest>) -> ApiResult<Json<SingleSignOn>> {
    check_may_set(&caller)?;
    let before = stored(&caller).await?;
    let state = &caller.state;
    let client_secret = match body.client_secret {
        None => before.as_ref().and_then(|before| before.client_secret.clone()),
        Some(None) => None,
        Some(Some(secret)) => Some(state.seals().seal_secret(PURPOSE, &secret, state.random())?.0),
    };
    let now = caller.now();
    let mut domains: Vec<String> = body.domains.iter().map(|domain| domain.to_lowercase()).collect();
    domains.sort();
    domains.dedup();
    let after = SignInProvider {
        tenant: caller.principal.tenant,
        issuer: body.issuer.trim().to_owned(),
        client_id: body.client_id,
        client_secret,
        domains,
        new_users: new_role(body.new_users.as_deref())?,
        passwords_allowed: body.passwords_allowed,
        second_factor: body.second_factor,
        enabled: body.enabled,
        created_at: before.as_ref().map_or(now, |before| before.created_at),
        updated_at: now,
    };
    // A secret is for the provider it was made by, and is sent to no other.
    let moves = before.as_ref().is_some_and(|before| before.issuer != after.issuer);
    if moves && after.client_secret.is_some() && before.as_ref().is_some_and(|b| b.client_secret == after.client_secret)
    {
        let message = "give the secret of the new provider, or null for none";
        return Err(ApiError::validation(vec![Fault::body("clientSecret", message)]));
    }
    let ends_sessions = moves || (before.is_some() && !after.enabled);
    caller.directory().single_sign_on.save_provider(&after, ends_sessions).await.map_err(from_store)?;
    let (was, is) = (before.as_ref().map(view), view(&after));
    caller.audit(Done::Update, ENTITY, caller.principal.tenant, &was, &is).await;
    Ok(Json(SingleSignOn { redirect_uri: redirect_uri(state, None), provider: Some(is) }))
}

/// Removes the provider, who is who there, and the sessions that began there. Users stay.
#[utoipa::path(delete, path = "/api/v1/single-sign-on", operation_id = "removeSingleSignOn",
    responses((status = 204, description = "Removed"),
        (status = 404, description = "None is set", body = crate::Problem, content_type = "application/problem+json")))]
async fn remove(caller: Caller) -> ApiResult<StatusCode> {
    check_may_set(&caller)?;
    let before = stored(&caller).await?.ok_or_else(|| ApiError::not_found("Single sign-on"))?;
    caller.directory().single_sign_on.remove_provider(caller.scope()).await.map_err(from_store)?;
    caller.audit(Done::Delete, ENTITY, caller.principal.tenant, &view(&before), &()).await;
    Ok(StatusCode::NO_CONTENT)
}

/// What a look at the provider found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SingleSignOnTest {
    /// Nothing stands in the way.
    ok: bool,
    /// One after another, up to the first that fails.
    checks: Vec<SingleSignOnCheck>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct SingleSignOnCheck {
    /// What.
    #[schema(example = "The provider answers and calls itself by the issuer that is set")]
    what: String,
    /// As it should be.
    ok: bool,
    /// What was found, and what to do about it.
    message: Option<String>,
}

/// Looks at the provider that is set: whether it answers, can do what is needed, and takes the client's credentials. Nobody is
/// signed in.
#[utoipa::path(post, path = "/api/v1/single-sign-on/test", operation_id = "testSingleSignOn",
    responses((status = 200, description = "What was found", body = SingleSignOnTest),
        (status = 404, description = "None is set", body = crate::Problem, content_type = "application/problem+json")))]
async fn test(caller: Caller) -> ApiResult<Json<SingleSignOnTest>> {
    check_may_set(&caller)?;
    let provider = stored(&caller).await?.ok_or_else(|| ApiError::not_found("Single sign-on"))?;
    let client = client_of(&caller.state, &provider)?;
    let mut checks = Vec::new();
    look(&caller.state, &provider.issuer, &client, &mut checks).await;
    let ok = checks.iter().all(|check| check.ok);
    caller.note("single_sign-on.test", ENTITY, None, json!({"ok": ok})).await;
    Ok(Json(SingleSignOnTest { ok, checks }))
}

async fn look(state: &State, issuer: &str, client: &ProviderClient, checks: &mut Vec<SingleSignOnCheck>) {
    let mut say = |what: &str, fault: Option<String>| {
        let ok = fault.is_none();
        checks.push(SingleSignOnCheck { what: what.to_owned(), ok, message: fault });
        ok
    };
    let asked = state.identity_providers();
    let found = asked.discover(issuer).await;
    let fault = found.as_ref().err().map(ToString::to_string);
    let answers = say("The provider answers, and calls itself by the issuer that is set", fault);
    let (true, Ok(metadata)) = (answers, found) else { return };
    if !say("It knows the authorization code flow, PKCE, and signatures we check", lacks(&metadata)) {
        return;
    }
    let fault = match asked.keys(&metadata).await {
        Ok(keys) if keys.keys.is_empty() => Some("it shows no keys".to_owned()),
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    };
    if !say("Its keys can be read", fault) {
        return;
    }
    // A code nobody was given: whoever is refused for the code was taken for who they are.
    let pkce = Pkce::new(&mut state.fork_seed());
    let redirect_uri = redirect_uri(state, None);
    let code = CodeToRedeem { code: "test", verifier: &pkce.verifier, redirect_uri: &redirect_uri };
    let fault = match asked.redeem(&metadata, client, code).await {
        Err(IdentityError::Refused { error, .. }) if error == "invalid_grant" => None,
        Err(IdentityError::Refused { error, .. })
            if matches!(error.as_str(), "invalid_client" | "unauthorized_client") =>
        {
            Some(format!("the provider answers {error}: check client ID and client secret"))
        }
        Err(error) => Some(error.to_string()),
        Ok(_) => Some("it takes codes it never gave".to_owned()),
    };
    say("It takes the client ID and the client secret", fault);
}

fn lacks(provider: &ProviderMetadata) -> Option<String> {
    let named = |known: &[String], wanted: &[&str]| {
        known.is_empty() || known.iter().any(|known| wanted.contains(&known.as_str()))
    };
    if !named(&provider.response_types_supported, &["code"]) {
        return Some("it does not know the response type code".to_owned());
    }
    if !named(&provider.code_challenge_methods_supported, &["S256"]) {
        return Some("it does not know the code challenge method S256".to_owned());
    }
    if !named(&provider.id_token_signing_alg_values_supported, &ID_TOKEN_ALGORITHMS) {
        return Some(format!("it signs in none of these ways: {}", ID_TOKEN_ALGORITHMS.join(", ")));
    }
    None
}

/// Forgets who a user is at the provider, for whoever got another account there, and signs them out. The next sign-in finds them by
/// their address again.
#[utoipa::path(delete, path = "/api/v1/users/{id}/single-sign-on", operation_id = "unlinkUserSingleSignOn",
    params(("id" = Uuid, Path, description = "The user's id")), responses((status = 204, description = "Forgotten")))]
async fn unlink(caller: Caller, PathId(id): PathId<UserId>) -> ApiResult<StatusCode> {
    caller.check_step_up()?;
    let user = caller.directory().users.get(caller.scope(), id).await.map_err(from_store)?;
    check_rank(&caller, &user).await?;
    let directory = caller.directory();
    if !directory.single_sign_on.unlink_user(caller.scope(), id).await.map_err(from_store)? {
        return Err(ApiError::not_found("Single sign-on of this user"));
    }
    directory.sign_in.remove_sessions_of(caller.scope(), id).await.map_err(from_store)?;
    caller.note("single_sign-on.unlink", "user", Some(id.to_string()), json!({})).await;
    Ok(StatusCode::NO_CONTENT)
}
