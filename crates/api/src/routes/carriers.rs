//! Carriers: whose trunks calls come over.

use std::sync::Arc;

use domain::CarrierId;
use garde::Validate;
use operations::{CarrierFilter, Directory, Repository};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    crud::{self, Crud, Draft, Rights, Words, set},
    problem::ApiResult,
    resource::Resource,
    wire::{Metadata, Time, is_code, wire_enum},
};

wire_enum!(
    /// Is a carrier in use?
    CarrierStatus
);

/// The routes.
pub(crate) fn routes() -> Resource {
    crud::routes::<Carriers>()
}

pub(super) struct Carriers;

/// A carrier.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Carrier {
    /// The carrier's id.
    id: Uuid,
    /// The tenant the carrier belongs to.
    tenant_id: Uuid,
    /// What people call the carrier.
    #[schema(example = "Example Telecom")]
    name: String,
    /// Short and unique in the tenant.
    #[schema(example = "CARRIER1")]
    code: String,
    /// Whether the carrier is in use.
    status: CarrierStatus,
    /// What integrations keep with the carrier.
    metadata: Metadata,
    /// When the carrier was made.
    created_at: Time,
    /// When the carrier last changed.
    updated_at: Time,
}

/// What a list of carriers is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct CarrierQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<CarrierStatus>)]
    status: Option<CarrierStatus>,
    /// Only the one with this code.
    #[garde(length(chars, max = 64))]
    #[param(max_length = 64)]
    code: Option<String>,
    /// Part of name or code.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// A new carrier.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateCarrierRequest {
    /// What people call the carrier.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Example Telecom")]
    name: String,
    /// Short name. Unique in the tenant.
    #[garde(custom(is_code))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "CARRIER1")]
    code: String,
    /// Its status from the start; `ACTIVE` unless said otherwise.
    #[garde(skip)]
    status: Option<CarrierStatus>,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// The same for a tenant, by the operator.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdminCreateCarrierRequest {
    /// Whose it is to be.
    #[garde(skip)]
    tenant_id: Uuid,
    /// What people call the carrier.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Example Telecom")]
    name: String,
    /// Short name. Unique in the tenant.
    #[garde(custom(is_code))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "CARRIER1")]
    code: String,
    /// Its status from the start; `ACTIVE` unless said otherwise.
    #[garde(skip)]
    status: Option<CarrierStatus>,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

impl AdminCreateCarrierRequest {
    /// Whose, and what the tenant itself would have written.
    pub(super) fn split(self) -> (Uuid, CreateCarrierRequest) {
        let Self { tenant_id, name, code, status, metadata } = self;
        (tenant_id, CreateCarrierRequest { name, code, status, metadata })
    }
}

/// Changes of a carrier: members not named stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateCarrierRequest {
    /// What people call the carrier.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Short name. Unique in the tenant.
    #[garde(inner(custom(is_code)))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.-]+$")]
    code: Option<String>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<CarrierStatus>,
    /// What integrations keep with it: replaces all of it.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

impl Crud for Carriers {
    type Entity = operations::Carrier;
    type View = Carrier;
    type Query = CarrierQuery;
    type Create = CreateCarrierRequest;
    type Update = UpdateCarrierRequest;

    const WORDS: Words = Words {
        tag: "Carriers",
        path: "/api/v1/carriers",
        name: "Carrier",
        names: "Carriers",
        one: "a carrier",
        many: "carriers",
        order: "newest first",
    };
    const RIGHTS: Rights =
        Rights { read: Permission::CarriersRead, write: Permission::CarriersWrite, delete: Permission::CarriersDelete };

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::Carrier>> {
        &directory.carriers
    }

    fn filter(query: CarrierQuery) -> CarrierFilter {
        CarrierFilter { status: query.status.map(|status| status.0), code: query.code, search: query.search }
    }

    async fn views(_: &Caller, found: &[operations::Carrier]) -> ApiResult<Vec<Carrier>> {
        let views = found.iter().map(|carrier| Carrier {
            id: carrier.id.uuid(),
            tenant_id: carrier.tenant.uuid(),
            name: carrier.name.clone(),
            code: carrier.code.clone(),
            status: CarrierStatus(carrier.status),
            metadata: Metadata::of(&carrier.metadata),
            created_at: Time(carrier.created_at),
            updated_at: Time(carrier.updated_at),
        });
        Ok(views.collect())
    }

    async fn draft(_: &Caller, draft: Draft<CarrierId>, body: CreateCarrierRequest) -> ApiResult<operations::Carrier> {
        Ok(operations::Carrier {
            id: draft.id,
            tenant: draft.tenant,
            name: body.name,
            code: body.code,
            status: body.status.map_or(operations::CarrierStatus::Active, |status| status.0),
            metadata: Metadata::or_empty(body.metadata),
            created_at: draft.now,
            updated_at: draft.now,
        })
    }

    async fn change(_: &Caller, carrier: &mut operations::Carrier, body: UpdateCarrierRequest) -> ApiResult<()> {
        set(&mut carrier.name, body.name);
        set(&mut carrier.code, body.code);
        set(&mut carrier.status, body.status.map(|status| status.0));
        set(&mut carrier.metadata, body.metadata.map(|metadata| metadata.0));
        Ok(())
    }
}
