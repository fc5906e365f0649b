//! Publishers: who brings calls.

use std::sync::Arc;

use domain::PublisherId;
use garde::Validate;
use operations::{Directory, PublisherFilter, Repository};
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
    /// Does a publisher bring calls?
    PublisherStatus
);

/// The routes.
pub(crate) fn routes() -> Resource {
    crud::routes::<Publishers>()
}

pub(super) struct Publishers;

/// A publisher.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Publisher {
    /// The publisher's id.
    id: Uuid,
    /// The tenant the publisher belongs to.
    tenant_id: Uuid,
    /// What people call the publisher.
    #[schema(example = "Northern Leads")]
    name: String,
    /// Short and unique in the tenant.
    #[schema(example = "PUB001")]
    code: String,
    /// Whether the publisher is in use.
    status: PublisherStatus,
    /// What integrations keep with the publisher.
    metadata: Metadata,
    /// When the publisher was made.
    created_at: Time,
    /// When the publisher last changed.
    updated_at: Time,
}

/// What a list of publishers is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct PublisherQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<PublisherStatus>)]
    status: Option<PublisherStatus>,
    /// Part of name or code.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
    /// Only the one with this code.
    #[garde(length(chars, max = 64))]
    #[param(max_length = 64)]
    code: Option<String>,
}

/// A new publisher.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreatePublisherRequest {
    /// What people call the publisher.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Northern Leads")]
    name: String,
    /// Short name. Unique in the tenant.
    #[garde(custom(is_code))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "PUB001")]
    code: String,
    /// Its status from the start; `ACTIVE` unless said otherwise.
    #[garde(skip)]
    status: Option<PublisherStatus>,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Changes of a publisher: members not named stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdatePublisherRequest {
    /// What people call the publisher.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Short name. Unique in the tenant.
    #[garde(inner(custom(is_code)))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.-]+$")]
    code: Option<String>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<PublisherStatus>,
    /// What integrations keep with it: replaces all of it.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

impl Crud for Publishers {
    type Entity = operations::Publisher;
    type View = Publisher;
    type Query = PublisherQuery;
    type Create = CreatePublisherRequest;
    type Update = UpdatePublisherRequest;

    const WORDS: Words = Words {
        tag: "Publishers",
        path: "/api/v1/publishers",
        name: "Publisher",
        names: "Publishers",
        one: "a publisher",
        many: "publishers",
        order: "by name",
    };
    const RIGHTS: Rights = Rights {
        read: Permission::PublishersRead,
        write: Permission::PublishersWrite,
        delete: Permission::PublishersDelete,
    };

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::Publisher>> {
        &directory.publishers
    }

    fn filter(query: PublisherQuery) -> PublisherFilter {
        PublisherFilter {
            status: query.status.map(|status| status.0),
            codes: query.code.into_iter().collect(),
            search: query.search,
        }
    }

    async fn views(_: &Caller, found: &[operations::Publisher]) -> ApiResult<Vec<Publisher>> {
        let views = found.iter().map(|publisher| Publisher {
            id: publisher.id.uuid(),
            tenant_id: publisher.tenant.uuid(),
            name: publisher.name.clone(),
            code: publisher.code.clone(),
            status: PublisherStatus(publisher.status),
            metadata: Metadata::of(&publisher.metadata),
            created_at: Time(publisher.created_at),
            updated_at: Time(publisher.updated_at),
        });
        Ok(views.collect())
    }

    async fn draft(
        _: &Caller,
        draft: Draft<PublisherId>,
        body: CreatePublisherRequest,
    ) -> ApiResult<operations::Publisher> {
        Ok(operations::Publisher {
            id: draft.id,
            tenant: draft.tenant,
            name: body.name,
            code: body.code,
            status: body.status.map_or(operations::PublisherStatus::Active, |status| status.0),
            metadata: Metadata::or_empty(body.metadata),
            created_at: draft.now,
            updated_at: draft.now,
        })
    }

    async fn change(_: &Caller, publisher: &mut operations::Publisher, body: UpdatePublisherRequest) -> ApiResult<()> {
        set(&mut publisher.name, body.name);
        set(&mut publisher.code, body.code);
        set(&mut publisher.status, body.status.map(|status| status.0));
        set(&mut publisher.metadata, body.metadata.map(|metadata| metadata.0));
        Ok(())
    }
}
