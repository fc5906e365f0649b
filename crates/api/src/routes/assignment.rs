//! Who may make somebody what: roles, roles of the tenant's own, and the side they see.

use domain::{BuyerId, PublisherId};
use operations::{CustomRole, Role, User, granted_to};
use uuid::Uuid;

use crate::{
    authenticate::grants_of,
    caller::Caller,
    convert::from_store,
    problem::{ApiError, ApiResult, Fault},
};

/// Roles one user may have, of either kind.
pub(super) const ROLES_MAX: usize = 16;

/// What a user is to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Assignment {
    /// Of the table, any case.
    pub roles: Vec<String>,
    /// Of the tenant's own.
    pub role_ids: Vec<Uuid>,
    /// Their side.
    pub publisher: Option<PublisherId>,
    /// Their side.
    pub buyer: Option<BuyerId>,
}

/// Makes the user that. Everything named must be the tenant's, and nobody gives what they do not hold.
pub(super) async fn assign(caller: &Caller, user: &mut User, wanted: &Assignment) -> ApiResult<()> {
    let mut faults = Vec::new();
    user.roles = roles(&wanted.roles, &mut faults);
    let custom = custom_roles(caller, &wanted.role_ids, &mut faults).await?;
    user.custom_roles = custom.iter().map(|role| role.id).collect();
    (user.publisher, user.buyer) = (wanted.publisher, wanted.buyer);
    check_side(caller, wanted.publisher, wanted.buyer, &mut faults).await?;
    let needs = [
        (Role::Publisher, user.publisher.is_none(), "publisherId", "the role PUBLISHER needs a publisher"),
        (Role::Buyer, user.buyer.is_none(), "buyerId", "the role BUYER needs a buyer"),
    ];
    let missing = needs.into_iter().filter(|(role, is_missing, ..)| *is_missing && user.roles.contains(role));
    faults.extend(missing.map(|(_, _, field, message)| Fault::body(field, message)));
    if !user.side().is_whole() && (user.roles.contains(&Role::Owner) || user.roles.contains(&Role::Admin)) {
        faults.push(Fault::body("roles", "who sees one side only can be neither OWNER nor ADMIN"));
    }
    if faults.is_empty() && user.roles.is_empty() && user.custom_roles.is_empty() {
        faults.push(Fault::body("roles", "name at least one role"));
    }
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    match granted_to(user, &custom).into_iter().find(|granted| !caller.principal.grants.may_hand_out(granted)) {
        None => Ok(()),
        Some(granted) => {
            tracing::warn!(who = %caller.principal.label(), granted, "authorization.escalation");
            Err(ApiError::forbidden(format!("You may not give a role that grants {granted}")))
        }
    }
}

fn roles(given: &[String], faults: &mut Vec<Fault>) -> Vec<Role> {
    let mut read: Vec<Role> = Vec::new();
    for (index, text) in given.iter().enumerate() {
        match text.parse::<Role>() {
            Ok(role) if !read.contains(&role) => read.push(role),
            Ok(_) => {}
            Err(error) => faults.push(Fault::body(format!("roles[{index}]"), error.to_string())),
        }
    }
    read
}

async fn custom_roles(caller: &Caller, ids: &[Uuid], faults: &mut Vec<Fault>) -> ApiResult<Vec<CustomRole>> {
    let mut found: Vec<CustomRole> = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        match caller.directory().roles.find(caller.scope(), (*id).into()).await.map_err(from_store)? {
            Some(role) if found.iter().any(|known| known.id == role.id) => {}
            Some(role) => found.push(role),
            None => faults.push(Fault::body(format!("roleIds[{index}]"), "is no role of this tenant")),
        }
    }
    Ok(found)
}

/// A side is one publisher or one buyer of the tenant.
pub(super) async fn check_side(
    caller: &Caller,
    publisher: Option<PublisherId>,
    buyer: Option<BuyerId>,
    faults: &mut Vec<Fault>,
) -> ApiResult<()> {
    let directory = caller.directory();
    if publisher.is_some() && buyer.is_some() {
        faults.push(Fault::body("buyerId", "is not possible together with publisherId"));
    }
    if let Some(id) = publisher
        && directory.publishers.find(caller.scope(), id).await.map_err(from_store)?.is_none()
    {
        faults.push(Fault::body("publisherId", "is no publisher of this tenant"));
    }
    if let Some(id) = buyer
        && directory.buyers.find(caller.scope(), id).await.map_err(from_store)?.is_none()
    {
        faults.push(Fault::body("buyerId", "is no buyer of this tenant"));
    }
    Ok(())
}

/// Whoever may do more than the caller cannot be changed, reset or removed by them.
pub(super) async fn check_rank(caller: &Caller, user: &User) -> ApiResult<()> {
    let grants = grants_of(&caller.state, user).await.map_err(from_store)?;
    if grants.listed().iter().all(|granted| caller.principal.grants.may_hand_out(granted)) {
        return Ok(());
    }
    tracing::warn!(who = %caller.principal.label(), user = %user.id, "authorization.escalation");
    Err(ApiError::forbidden("This user may do more than you"))
}
