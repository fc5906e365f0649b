//! Tags: labels people put on calls.

use std::sync::Arc;

use domain::TagId;
use garde::Validate;
use operations::{Directory, Entity, Listed, Repository, TagFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    crud::{self, Crud, Draft, Rights, Words, set},
    page::Short,
    problem::ApiResult,
    resource::Resource,
    wire::{Time, is_color, nullable},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    crud::routes::<Tags>()
}

struct Tags;

/// A label people put on calls and leads.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// The tag's id.
    id: Uuid,
    /// The tenant the tag belongs to.
    tenant_id: Uuid,
    /// For people. Unique in the tenant.
    #[schema(example = "call back")]
    name: String,
    /// `#rrggbb`, for screens.
    #[schema(example = "#3b82f6")]
    color: Option<String>,
    /// When the tag was made.
    created_at: Time,
    /// When the tag last changed.
    updated_at: Time,
}

impl Listed for Tag {
    const ORDERS: &'static [&'static str] = <operations::Tag as Entity>::ORDERS;
}

/// Those of one call.
impl Short for Tag {}

/// What a list of tags is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct TagQuery {
    /// Part of the name.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// A new tag.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateTagRequest {
    /// What people call the tag.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "call back")]
    name: String,
    /// How it is shown: `#` and six hexadecimal digits.
    #[garde(inner(custom(is_color)))]
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$", example = "#3b82f6")]
    color: Option<String>,
}

/// Changes of a tag: members not named stay, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateTagRequest {
    /// What people call the tag.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64)]
    name: Option<String>,
    /// How it is shown: `#` and six hexadecimal digits.
    #[garde(inner(inner(custom(is_color))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$")]
    color: Option<Option<String>>,
}

pub(super) fn view(tag: &operations::Tag) -> Tag {
    Tag {
        id: tag.id.uuid(),
        tenant_id: tag.tenant.uuid(),
        name: tag.name.clone(),
        color: tag.color.clone(),
        created_at: Time(tag.created_at),
        updated_at: Time(tag.updated_at),
    }
}

impl Crud for Tags {
    type Entity = operations::Tag;
    type View = Tag;
    type Query = TagQuery;
    type Create = CreateTagRequest;
    type Update = UpdateTagRequest;

    const WORDS: Words = Words {
        tag: "Tags",
        path: "/api/v1/tags",
        name: "Tag",
        names: "Tags",
        one: "a tag",
        many: "tags",
        order: "by name",
    };
    const RIGHTS: Rights =
        Rights { read: Permission::TagsRead, write: Permission::TagsWrite, delete: Permission::TagsDelete };

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::Tag>> {
        &directory.tags
    }

    fn filter(query: TagQuery) -> TagFilter {
        TagFilter { search: query.search }
    }

    async fn views(_: &Caller, found: &[operations::Tag]) -> ApiResult<Vec<Tag>> {
        Ok(found.iter().map(view).collect())
    }

    async fn draft(_: &Caller, draft: Draft<TagId>, body: CreateTagRequest) -> ApiResult<operations::Tag> {
        Ok(operations::Tag {
            id: draft.id,
            tenant: draft.tenant,
            name: body.name,
            color: body.color,
            created_at: draft.now,
            updated_at: draft.now,
        })
    }

    async fn change(_: &Caller, tag: &mut operations::Tag, body: UpdateTagRequest) -> ApiResult<()> {
        set(&mut tag.name, body.name);
        set(&mut tag.color, body.color);
        Ok(())
    }
}
