//! Caller-ID pools: the numbers outbound calls show.

use std::sync::Arc;

use domain::CallerIdPoolId;
use garde::Validate;
use operations::{CallerIdPoolFilter, Directory, Repository};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    crud::{self, Crud, Draft, Rights, Words, set},
    problem::ApiResult,
    resource::Resource,
    wire::{Metadata, Time, wire_enum},
};

wire_enum!(
    /// Is a pool in use?
    CallerIdPoolStatus,
);

/// The routes.
pub(crate) fn routes() -> Resource {
    crud::routes::<Pools>()
}

struct Pools;

/// Numbers outbound calls show, in turn.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallerIdPool {
    /// The pool's id.
    id: Uuid,
    /// The tenant the pool belongs to.
    tenant_id: Uuid,
    /// For people.
    #[schema(example = "West coast")]
    name: String,
    /// Is a pool in use?
    status: CallerIdPoolStatus,
    /// Free for integrations.
    metadata: Metadata,
    /// When the pool was made.
    created_at: Time,
    /// When the pool last changed.
    updated_at: Time,
}

/// What a list of caller-ID pools is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct CallerIdPoolQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<CallerIdPoolStatus>)]
    status: Option<CallerIdPoolStatus>,
    /// Part of the name.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// A new caller-ID pool.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateCallerIdPoolRequest {
    /// What people call the pool.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "West coast")]
    name: String,
    /// `ACTIVE` unless said otherwise.
    #[garde(skip)]
    status: Option<CallerIdPoolStatus>,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Changes of a caller-ID pool: members not named stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateCallerIdPoolRequest {
    /// What people call the pool.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<CallerIdPoolStatus>,
    /// What integrations keep with it: replaces all of it.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

fn view(pool: &operations::CallerIdPool) -> CallerIdPool {
    CallerIdPool {
        id: pool.id.uuid(),
        tenant_id: pool.tenant.uuid(),
        name: pool.name.clone(),
        status: CallerIdPoolStatus(pool.status),
        metadata: Metadata::of(&pool.metadata),
        created_at: Time(pool.created_at),
        updated_at: Time(pool.updated_at),
    }
}

impl Crud for Pools {
    type Entity = operations::CallerIdPool;
    type View = CallerIdPool;
    type Query = CallerIdPoolQuery;
    type Create = CreateCallerIdPoolRequest;
    type Update = UpdateCallerIdPoolRequest;

    const WORDS: Words = Words {
        tag: "Numbers",
        path: "/api/v1/caller-id-pools",
        name: "CallerIdPool",
        names: "CallerIdPools",
        one: "a caller-ID pool",
        many: "caller-ID pools",
        order: "newest first",
    };
    const RIGHTS: Rights =
        Rights { read: Permission::NumbersRead, write: Permission::NumbersWrite, delete: Permission::NumbersDelete };

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::CallerIdPool>> {
        &directory.caller_id_pools
    }

    fn filter(query: CallerIdPoolQuery) -> CallerIdPoolFilter {
        CallerIdPoolFilter { status: query.status.map(|status| status.0), search: query.search }
    }

    async fn views(_: &Caller, found: &[operations::CallerIdPool]) -> ApiResult<Vec<CallerIdPool>> {
        Ok(found.iter().map(view).collect())
    }

    async fn draft(
        _: &Caller,
        draft: Draft<CallerIdPoolId>,
        body: CreateCallerIdPoolRequest,
    ) -> ApiResult<operations::CallerIdPool> {
        Ok(operations::CallerIdPool {
            id: draft.id,
            tenant: draft.tenant,
            name: body.name,
            status: body.status.map_or(operations::CallerIdPoolStatus::Active, |status| status.0),
            metadata: Metadata::or_empty(body.metadata),
            created_at: draft.now,
            updated_at: draft.now,
        })
    }

    async fn change(_: &Caller, pool: &mut operations::CallerIdPool, body: UpdateCallerIdPoolRequest) -> ApiResult<()> {
        set(&mut pool.name, body.name);
        set(&mut pool.status, body.status.map(|status| status.0));
        set(&mut pool.metadata, body.metadata.map(|metadata| metadata.0));
        Ok(())
    }
}
