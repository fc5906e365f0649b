//! Feature flags: what is on for a tenant.

use std::sync::Arc;

use domain::FeatureFlagId;
use garde::Validate;
use operations::{Directory, FeatureFlagFilter, Repository};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    crud::{self, Crud, Draft, Rights, Words, set},
    problem::ApiResult,
    resource::Resource,
    wire::{FlagValue, Time, is_code, nullable},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    crud::routes::<FeatureFlags>()
}

struct FeatureFlags;

/// A switch of the tenant: something is on, off, or set to a value.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeatureFlag {
    /// The flag's id.
    id: Uuid,
    /// The tenant the flag belongs to.
    tenant_id: Uuid,
    /// What programs ask for. Unique in the tenant.
    #[schema(example = "advanced_analytics")]
    key: String,
    /// What it is set to: any JSON.
    value: FlagValue,
    /// For people.
    description: Option<String>,
    /// When the flag was made.
    created_at: Time,
    /// When the flag last changed.
    updated_at: Time,
}

/// What a list of feature flags is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct FeatureFlagQuery {
    /// Part of the key.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// A new feature flag.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateFeatureFlagRequest {
    /// What programs ask for it by.
    #[garde(custom(is_code))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "advanced_analytics")]
    key: String,
    /// What it is set to.
    #[garde(skip)]
    value: FlagValue,
    /// What it is for, in words.
    #[garde(length(chars, max = 500))]
    #[schema(max_length = 500)]
    description: Option<String>,
}

/// Changes of a feature flag: members not named stay, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateFeatureFlagRequest {
    /// What programs ask for it by.
    #[garde(inner(custom(is_code)))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.-]+$")]
    key: Option<String>,
    /// What it is set to.
    #[garde(skip)]
    value: Option<FlagValue>,
    /// What it is for, in words.
    #[garde(inner(inner(length(chars, max = 500))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 500)]
    description: Option<Option<String>>,
}

fn view(flag: &operations::FeatureFlag) -> FeatureFlag {
    FeatureFlag {
        id: flag.id.uuid(),
        tenant_id: flag.tenant.uuid(),
        key: flag.key.clone(),
        value: FlagValue(flag.value.clone()),
        description: flag.description.clone(),
        created_at: Time(flag.created_at),
        updated_at: Time(flag.updated_at),
    }
}

impl Crud for FeatureFlags {
    type Entity = operations::FeatureFlag;
    type View = FeatureFlag;
    type Query = FeatureFlagQuery;
    type Create = CreateFeatureFlagRequest;
    type Update = UpdateFeatureFlagRequest;

    const WORDS: Words = Words {
        tag: "Feature flags",
        path: "/api/v1/feature-flags",
        name: "FeatureFlag",
        names: "FeatureFlags",
        one: "a feature flag",
        many: "feature flags",
        order: "by key",
    };
    const RIGHTS: Rights =
        Rights { read: Permission::FlagsRead, write: Permission::FlagsWrite, delete: Permission::FlagsDelete };

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::FeatureFlag>> {
        &directory.feature_flags
    }

    fn filter(query: FeatureFlagQuery) -> FeatureFlagFilter {
        FeatureFlagFilter { search: query.search }
    }

    async fn views(_: &Caller, found: &[operations::FeatureFlag]) -> ApiResult<Vec<FeatureFlag>> {
        Ok(found.iter().map(view).collect())
    }

    async fn draft(
        _: &Caller,
        draft: Draft<FeatureFlagId>,
        body: CreateFeatureFlagRequest,
    ) -> ApiResult<operations::FeatureFlag> {
        Ok(operations::FeatureFlag {
            id: draft.id,
            tenant: draft.tenant,
            key: body.key,
            value: body.value.0,
            description: body.description,
            created_at: draft.now,
            updated_at: draft.now,
        })
    }

    async fn change(_: &Caller, flag: &mut operations::FeatureFlag, body: UpdateFeatureFlagRequest) -> ApiResult<()> {
        set(&mut flag.key, body.key);
        set(&mut flag.value, body.value.map(|value| value.0));
        set(&mut flag.description, body.description);
        Ok(())
    }
}
