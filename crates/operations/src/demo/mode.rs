//! Whether the demo may be looked into by other tenants' people.

use domain::{TenantId, Timestamp};
use serde_json::json;

use super::id;
use crate::{Directory, FeatureFlag, StoreError, TenantScope, TenantStatus};

/// The flag of the demo's tenant that turns it off.
pub const DEMO_FLAG: &str = "demo";

/// The demo's tenant, where there is one.
pub fn demo_tenant() -> TenantId {
    id("tenant")
}

/// Whether it is on; `None` where there is no demo. On unless it was turned off.
pub async fn demo_is_on(directory: &Directory) -> Result<Option<bool>, StoreError> {
    let tenant = directory.tenants.find_tenant(demo_tenant()).await?;
    if tenant.is_none_or(|tenant| tenant.status != TenantStatus::Active) {
        return Ok(None);
    }
    let flag = directory.feature_flags.find(TenantScope::of(demo_tenant()), id("flag")).await?;
    Ok(Some(flag.is_none_or(|flag| flag.value != json!(false))))
}

/// Turns it on or off.
pub async fn switch_demo(directory: &Directory, on: bool, now: Timestamp) -> Result<(), StoreError> {
    let scope = TenantScope::of(demo_tenant());
    if let Some(flag) = directory.feature_flags.find(scope, id("flag")).await? {
        let changed = FeatureFlag { value: json!(on), ..flag };
        return directory.feature_flags.save(scope, &changed, now).await.map(drop);
    }
    let flag = FeatureFlag {
        id: id("flag"),
        tenant: scope.tenant(),
        key: DEMO_FLAG.to_owned(),
        value: json!(on),
        description: Some("Whether people of other tenants may look into the demo".to_owned()),
        created_at: now,
        updated_at: now,
    };
    directory.feature_flags.insert(scope, &flag).await
}
