//! Whom of the tenant a provider vouches for.

use domain::TenantId;
use operations::{Profile, Role, SignInProvider, Tenant, TenantScope, TenantStatus, User, UserStatus};
use serde_json::json;

use crate::{
    caller::{Context, Noted},
    convert::from_store,
    problem::{ApiError, ApiResult},
    state::State,
    wire::Metadata,
};

/// Longest name kept, characters.
const NAME_CHARS_MAX: usize = 100;

fn refused(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError { code, ..ApiError::forbidden(message) }
}

/// The user a subject is linked to; else the one with the address the provider vouches for, who is then linked; else a new one, where
/// the tenant wants that.
pub(super) async fn find(
    state: &State,
    context: &Context,
    tenant: &Tenant,
    provider: &SignInProvider,
    subject: &str,
    profile: &Profile,
) -> ApiResult<User> {
    let directory = state.directory();
    let scope = TenantScope::of(tenant.id);
    let email = profile.email.as_deref().map(|email| email.trim().to_lowercase());
    let email = email.filter(|email| (3..=254).contains(&email.len()));
    let Some(email) = email.filter(|_| profile.email_verified) else {
        let message = "The provider does not say that your e-mail address was verified: verify it there, or have whoever runs the \
                       provider send email and email_verified";
        return Err(refused("EMAIL_NOT_VERIFIED", message));
    };
    if !provider.covers(&email) {
        let message = format!("Addresses like {email} do not sign in here: use one of {}", provider.domains.join(", "));
        return Err(refused("DOMAIN_NOT_ALLOWED", message));
    }
    let sso = &directory.single_sign_on;
    if let Some(linked) = sso.linked_user(tenant.id, &provider.issuer, subject).await.map_err(from_store)? {
        return directory.users.get(scope, linked).await.map_err(from_store);
    }
    let known = directory.sign_in.users_by_email(&email).await.map_err(from_store)?;
    let user = match known.into_iter().find(|user| user.tenant == tenant.id) {
        Some(user) => accept(state, context, user).await?,
        None => make(state, context, tenant.id, provider, &email, profile).await?,
    };
    check_may_enter(state, &user, tenant).await?;
    sso.link_user(scope, user.id, &provider.issuer, subject, state.now()).await.map_err(|error| match error {
        operations::StoreError::Conflict { .. } => refused(
            "LINKED_TO_ANOTHER",
            "This user signed in with another account of the provider before: whoever manages users can undo that link",
        ),
        error => from_store(error),
    })?;
    note(state, context, &user, "single_sign-on.link").await;
    Ok(user)
}

/// May this user come in by a provider? Operators may not: a tenant's provider vouches for nobody above the tenant.
pub(super) async fn check_may_enter(state: &State, user: &User, tenant: &Tenant) -> ApiResult<()> {
    if user.status != UserStatus::Active || tenant.status == TenantStatus::Inactive {
        return Err(refused("ACCOUNT_NOT_ACTIVE", "The account is not active"));
    }
    if state.directory().accounts.is_operator(user.id).await.map_err(from_store)? {
        return Err(refused("PASSWORD_REQUIRED", "Operators of the platform sign in with their password"));
    }
    Ok(())
}

/// Whoever was invited and comes by the provider has accepted.
async fn accept(state: &State, context: &Context, user: User) -> ApiResult<User> {
    let is_invited = user.status == UserStatus::Inactive
        && user.invited_at.is_some()
        && user.password_changed_at.is_none()
        && user.last_login_at.is_none();
    if !is_invited {
        return Ok(user);
    }
    let active = User { status: UserStatus::Active, ..user };
    let accounts = &state.directory().accounts;
    let saved = accounts.save_user(TenantScope::of(active.tenant), &active, true, state.now()).await;
    let saved = saved.map_err(from_store)?;
    note(state, context, &saved, "user.accept").await;
    Ok(saved)
}

async fn make(
    state: &State,
    context: &Context,
    tenant: TenantId,
    provider: &SignInProvider,
    email: &str,
    profile: &Profile,
) -> ApiResult<User> {
    let Some(role) = provider.new_users else {
        let message = format!("{email} is not known here: ask whoever manages your tenant's users for an invitation");
        return Err(refused("USER_UNKNOWN", message));
    };
    let now = state.now();
    let name = |name: &Option<String>| {
        let name: Option<String> = name.as_ref().map(|name| name.trim().chars().take(NAME_CHARS_MAX).collect());
        name.filter(|name| !name.is_empty())
    };
    let user = User {
        id: state.next_id(),
        tenant,
        email: email.to_owned(),
        // No hash of anything: no password is theirs.
        password_hash: String::new(),
        first_name: name(&profile.given_name),
        last_name: name(&profile.family_name),
        status: UserStatus::Active,
        roles: vec![role],
        custom_roles: Vec::new(),
        publisher: None,
        buyer: None,
        must_change_password: false,
        password_changed_at: None,
        invited_at: None,
        last_login_at: None,
        metadata: Metadata::or_empty(None),
        created_at: now,
        updated_at: now,
    };
    state.directory().users.insert(TenantScope::of(tenant), &user).await.map_err(from_store)?;
    note_made(state, context, &user, role).await;
    Ok(user)
}

async fn note_made(state: &State, context: &Context, user: &User, role: Role) {
    let noted = Noted { action: "user.create", entity: "user", success: true };
    let changes =
        json!({"email": {"before": null, "after": user.email}, "roles": {"before": null, "after": [role.as_str()]}});
    context.note(state, user.tenant, Some(user.id), noted, Some(user.id.to_string()), changes).await;
}

async fn note(state: &State, context: &Context, user: &User, action: &str) {
    let noted = Noted { action, entity: "user", success: true };
    context.note(state, user.tenant, Some(user.id), noted, Some(user.id.to_string()), json!({})).await;
}
