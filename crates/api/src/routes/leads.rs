//! Leads: people to call, or who called.

use std::{collections::HashMap, sync::Arc};

use axum::Json;
use domain::{LeadId, PhoneNumber, UserId};
use garde::Validate;
use operations::{CallFilter, Directory, LeadFilter, PageRequest, Repository};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    crud::{self, Crud, Draft, Rights, Words, set},
    extract::{PathId, Query},
    page::{List, PageQuery},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    routes::calls::Call,
    wire::{Metadata, Names, Time, nullable, wire_enum},
};

wire_enum!(
    /// Where a lead stands.
    LeadStatus,
);

/// Characters of an e-mail address.
const EMAIL_CHARS_MAX: usize = 254;

/// The routes.
pub(crate) fn routes() -> Resource {
    crud::routes::<Leads>()
}

pub(super) struct Leads;

/// The routes that lead from a lead to its calls.
pub(crate) fn routes_of_calls() -> Resource {
    Resource::new("Leads")
        .needs(Permission::LeadsRead, routes!(calls_of))
        .needs(Permission::LeadsRead, routes!(look_up))
}

fn phone_number(text: &str) -> ApiResult<PhoneNumber> {
    PhoneNumber::from_dialled(text)
        .map_err(|error| ApiError::validation(vec![Fault::body("phoneNumber", format!("is {error}"))]))
}

/// Somebody to call, or who called.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lead {
    /// The lead's id.
    id: Uuid,
    /// The tenant the lead belongs to.
    tenant_id: Uuid,
    /// E.164. Unique in the tenant.
    #[schema(example = "+13105550127")]
    phone_number: String,
    /// The campaign it is called for.
    campaign_id: Option<Uuid>,
    /// First name.
    #[schema(example = "Ana")]
    first_name: Option<String>,
    /// Last name.
    #[schema(example = "Ray")]
    last_name: Option<String>,
    /// The whole name, where it is not first and last.
    full_name: Option<String>,
    /// E-mail address.
    #[schema(example = "ana@example.com")]
    email: Option<String>,
    /// Company.
    company: Option<String>,
    /// Street and number.
    address: Option<String>,
    /// City.
    city: Option<String>,
    /// State or region.
    #[schema(example = "NY")]
    state: Option<String>,
    /// Postal code.
    #[schema(example = "10001")]
    zip_code: Option<String>,
    /// ISO 3166 code of two letters.
    #[schema(example = "US")]
    country: Option<String>,
    /// Where it came from.
    #[schema(example = "web form")]
    lead_source: Option<String>,
    /// Where a lead stands.
    status: LeadStatus,
    /// Higher is called earlier.
    priority: i32,
    /// The tenant's own fields.
    custom_fields: Metadata,
    /// What people wrote.
    notes: Option<String>,
    /// Labels.
    tags: Vec<String>,
    /// Who looks after it.
    assigned_to_id: Option<Uuid>,
    /// When it last spoke with us.
    last_contacted_at: Option<Time>,
    /// Its name.
    campaign_name: Option<String>,
    /// Their name.
    assigned_to_name: Option<String>,
    /// When the lead was made.
    created_at: Time,
    /// When the lead last changed.
    updated_at: Time,
}

/// What a list of leads is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct LeadQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<LeadStatus>)]
    status: Option<LeadStatus>,
    /// Only this campaign's.
    #[garde(skip)]
    campaign_id: Option<Uuid>,
    /// Only those this user looks after.
    #[garde(skip)]
    assigned_to_id: Option<Uuid>,
    /// Only those with this label.
    #[garde(length(chars, max = 64))]
    #[param(max_length = 64)]
    tag: Option<String>,
    /// Part of a name, the number, the e-mail address or the company.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

/// A new lead.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateLeadRequest {
    /// E.164, or as people write it.
    #[garde(length(chars, min = 3, max = 32))]
    #[schema(min_length = 3, max_length = 32, example = "+13105550127")]
    phone_number: String,
    /// One of the tenant's campaigns, that the lead is for.
    #[garde(skip)]
    campaign_id: Option<Uuid>,
    /// First name.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100, example = "Ana")]
    first_name: Option<String>,
    /// Last name.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100, example = "Ray")]
    last_name: Option<String>,
    /// The whole name, where it is not first and last.
    #[garde(length(chars, max = 200))]
    #[schema(max_length = 200)]
    full_name: Option<String>,
    /// The person's e-mail address.
    #[garde(inner(email), length(chars, max = EMAIL_CHARS_MAX))]
    #[schema(max_length = 254, example = "ana@example.com")]
    email: Option<String>,
    /// Where the person works.
    #[garde(length(chars, max = 200))]
    #[schema(max_length = 200)]
    company: Option<String>,
    /// Street and number.
    #[garde(length(chars, max = 300))]
    #[schema(max_length = 300)]
    address: Option<String>,
    /// City.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100)]
    city: Option<String>,
    /// State or region.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100, example = "NY")]
    state: Option<String>,
    /// Postal code.
    #[garde(length(chars, max = 20))]
    #[schema(max_length = 20, example = "10001")]
    zip_code: Option<String>,
    /// ISO 3166 code of two letters.
    #[garde(inner(length(chars, min = 2, max = 2)))]
    #[schema(min_length = 2, max_length = 2, example = "US")]
    country: Option<String>,
    /// Where the lead came from.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100, example = "web form")]
    lead_source: Option<String>,
    /// `NEW` unless said otherwise.
    #[garde(skip)]
    status: Option<LeadStatus>,
    /// 0 unless said otherwise.
    #[garde(range(min = -1000, max = 1000))]
    #[schema(minimum = -1000, maximum = 1000, default = 0)]
    priority: Option<i32>,
    /// Fields of the tenant's own.
    #[garde(skip)]
    custom_fields: Option<Metadata>,
    /// Free text.
    #[garde(length(chars, max = 10000))]
    #[schema(max_length = 10000)]
    notes: Option<String>,
    /// Labels.
    #[garde(length(max = 50), inner(length(chars, min = 1, max = 64)))]
    #[serde(default)]
    #[schema(inline, value_type = Vec<crate::wire::Label>, max_items = 50, example = json!(["solar"]))]
    tags: Vec<String>,
    /// The user of the tenant who looks after the lead.
    #[garde(skip)]
    assigned_to_id: Option<Uuid>,
}

/// Changes of a lead: members not named stay, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateLeadRequest {
    /// The telephone number, E.164 or as people write it; no other lead of the tenant has it.
    #[garde(length(chars, min = 3, max = 32))]
    #[schema(min_length = 3, max_length = 32)]
    phone_number: Option<String>,
    /// One of the tenant's campaigns, that the lead is for; null: none.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    campaign_id: Option<Option<Uuid>>,
    /// First name.
    #[garde(inner(inner(length(chars, max = 100))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 100)]
    first_name: Option<Option<String>>,
    /// Last name.
    #[garde(inner(inner(length(chars, max = 100))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 100)]
    last_name: Option<Option<String>>,
    /// The whole name, where it is not first and last.
    #[garde(inner(inner(length(chars, max = 200))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 200)]
    full_name: Option<Option<String>>,
    /// The person's e-mail address.
    #[garde(inner(inner(email, length(chars, max = EMAIL_CHARS_MAX))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 254)]
    email: Option<Option<String>>,
    /// Where the person works.
    #[garde(inner(inner(length(chars, max = 200))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 200)]
    company: Option<Option<String>>,
    /// Street and number.
    #[garde(inner(inner(length(chars, max = 300))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 300)]
    address: Option<Option<String>>,
    /// City.
    #[garde(inner(inner(length(chars, max = 100))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 100)]
    city: Option<Option<String>>,
    /// State or region.
    #[garde(inner(inner(length(chars, max = 100))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 100)]
    state: Option<Option<String>>,
    /// Postal code.
    #[garde(inner(inner(length(chars, max = 20))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 20)]
    zip_code: Option<Option<String>>,
    /// ISO 3166 code of two letters.
    #[garde(inner(inner(length(chars, min = 2, max = 2))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(min_length = 2, max_length = 2)]
    country: Option<Option<String>>,
    /// Where the lead came from.
    #[garde(inner(inner(length(chars, max = 100))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 100)]
    lead_source: Option<Option<String>>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<LeadStatus>,
    /// Higher is called earlier, -1000 to 1000.
    #[garde(range(min = -1000, max = 1000))]
    #[schema(minimum = -1000, maximum = 1000)]
    priority: Option<i32>,
    /// Fields of the tenant's own.
    #[garde(skip)]
    custom_fields: Option<Metadata>,
    /// Free text.
    #[garde(inner(inner(length(chars, max = 10000))))]
    #[serde(default, deserialize_with = "nullable")]
    #[schema(max_length = 10000)]
    notes: Option<Option<String>>,
    /// Labels.
    #[garde(length(max = 50), inner(inner(length(chars, min = 1, max = 64))))]
    #[schema(inline, value_type = Option<Vec<crate::wire::Label>>, max_items = 50)]
    tags: Option<Vec<String>>,
    /// The user of the tenant who looks after the lead; null: nobody.
    #[garde(skip)]
    #[serde(default, deserialize_with = "nullable")]
    assigned_to_id: Option<Option<Uuid>>,
}

fn view(lead: &operations::Lead, campaign_name: Option<String>, assigned_to_name: Option<String>) -> Lead {
    Lead {
        id: lead.id.uuid(),
        tenant_id: lead.tenant.uuid(),
        phone_number: lead.phone.to_string(),
        campaign_id: lead.campaign.map(|id| id.uuid()),
        first_name: lead.first_name.clone(),
        last_name: lead.last_name.clone(),
        full_name: lead.full_name.clone(),
        email: lead.email.clone(),
        company: lead.company.clone(),
        address: lead.address.clone(),
        city: lead.city.clone(),
        state: lead.state.clone(),
        zip_code: lead.zip_code.clone(),
        country: lead.country.clone(),
        lead_source: lead.lead_source.clone(),
        status: LeadStatus(lead.status),
        priority: lead.priority,
        custom_fields: Metadata::of(&lead.custom_fields),
        notes: lead.notes.clone(),
        tags: lead.tags.clone(),
        assigned_to_id: lead.assigned_to.map(|id| id.uuid()),
        last_contacted_at: lead.last_contacted_at.map(Time),
        campaign_name,
        assigned_to_name,
        created_at: Time(lead.created_at),
        updated_at: Time(lead.updated_at),
    }
}

impl Crud for Leads {
    type Entity = operations::Lead;
    type View = Lead;
    type Query = LeadQuery;
    type Create = CreateLeadRequest;
    type Update = UpdateLeadRequest;

    const WORDS: Words = Words {
        tag: "Leads",
        path: "/api/v1/leads",
        name: "Lead",
        names: "Leads",
        one: "a lead",
        many: "leads",
        order: "newest first",
    };
    const RIGHTS: Rights =
        Rights { read: Permission::LeadsRead, write: Permission::LeadsWrite, delete: Permission::LeadsDelete };

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::Lead>> {
        &directory.leads
    }

    fn filter(query: LeadQuery) -> LeadFilter {
        LeadFilter {
            status: query.status.map(|status| status.0),
            campaign: query.campaign_id.map(Into::into),
            assigned_to: query.assigned_to_id.map(Into::into),
            phones: Vec::new(),
            tag: query.tag,
            search: query.search,
        }
    }

    async fn views(caller: &Caller, found: &[operations::Lead]) -> ApiResult<Vec<Lead>> {
        let mut names = Names::new(caller);
        let mut people: HashMap<UserId, Option<String>> = HashMap::new();
        let mut views = Vec::with_capacity(found.len());
        for lead in found {
            let campaign = names.campaign(lead.campaign).await?.map(|campaign| campaign.name);
            let assigned = match lead.assigned_to {
                Some(user) => person(caller, &mut people, user).await?,
                None => None,
            };
            views.push(view(lead, campaign, assigned));
        }
        Ok(views)
    }

    async fn draft(_: &Caller, draft: Draft<LeadId>, body: CreateLeadRequest) -> ApiResult<operations::Lead> {
        let phone = phone_number(&body.phone_number)?;
        Ok(operations::Lead {
            id: draft.id,
            tenant: draft.tenant,
            phone,
            campaign: body.campaign_id.map(Into::into),
            first_name: body.first_name,
            last_name: body.last_name,
            full_name: body.full_name,
            email: body.email,
            company: body.company,
            address: body.address,
            city: body.city,
            state: body.state,
            zip_code: body.zip_code,
            country: body.country,
            lead_source: body.lead_source,
            status: body.status.map_or(operations::LeadStatus::New, |status| status.0),
            priority: body.priority.unwrap_or(0),
            custom_fields: Metadata::or_empty(body.custom_fields),
            notes: body.notes,
            tags: body.tags,
            assigned_to: body.assigned_to_id.map(Into::into),
            last_contacted_at: None,
            created_at: draft.now,
            updated_at: draft.now,
        })
    }

    async fn change(_: &Caller, lead: &mut operations::Lead, body: UpdateLeadRequest) -> ApiResult<()> {
        set(&mut lead.phone, body.phone_number.as_deref().map(phone_number).transpose()?);
        set(&mut lead.campaign, body.campaign_id.map(|id| id.map(Into::into)));
        set(&mut lead.first_name, body.first_name);
        set(&mut lead.last_name, body.last_name);
        set(&mut lead.full_name, body.full_name);
        set(&mut lead.email, body.email);
        set(&mut lead.company, body.company);
        set(&mut lead.address, body.address);
        set(&mut lead.city, body.city);
        set(&mut lead.state, body.state);
        set(&mut lead.zip_code, body.zip_code);
        set(&mut lead.country, body.country);
        set(&mut lead.lead_source, body.lead_source);
        set(&mut lead.status, body.status.map(|status| status.0));
        set(&mut lead.priority, body.priority);
        set(&mut lead.custom_fields, body.custom_fields.map(|fields| fields.0));
        set(&mut lead.notes, body.notes);
        set(&mut lead.tags, body.tags);
        set(&mut lead.assigned_to, body.assigned_to_id.map(|id| id.map(Into::into)));
        Ok(())
    }
}

/// A user's name, each asked for once.
async fn person(
    caller: &Caller,
    known: &mut HashMap<UserId, Option<String>>,
    user: UserId,
) -> ApiResult<Option<String>> {
    if let Some(name) = known.get(&user) {
        return Ok(name.clone());
    }
    let found = caller.directory().users.find(caller.scope(), user).await.map_err(from_store)?;
    let name = found.map(|found| {
        let parts: Vec<String> = [found.first_name, found.last_name].into_iter().flatten().collect();
        if parts.is_empty() { found.email } else { parts.join(" ") }
    });
    known.insert(user, name.clone());
    Ok(name)
}

/// Lists the calls of a lead, newest first: those whose caller or callee has its number, once they are settled.
#[utoipa::path(get, path = "/api/v1/leads/{id}/calls", operation_id = "listCallsOfLead",
    params(("id" = Uuid, Path, description = "The lead's id"), PageQuery<operations::CallRow>),
    responses((status = 200, description = "A page of calls", body = List<Call>)))]
async fn calls_of(
    caller: Caller,
    PathId(id): PathId<LeadId>,
    Query(page): Query<PageQuery<operations::CallRow>>,
) -> ApiResult<Json<List<Call>>> {
    caller.directory().leads.get(caller.scope(), id).await.map_err(from_store)?;
    let filter = CallFilter { lead: Some(id), ..CallFilter::default() };
    super::calls::page_of(&caller, &filter, &page).await.map(Json)
}

/// Whom to look for.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct LookUpQuery {
    /// As people write it. Missing: 422 `MISSING_PHONE`.
    #[garde(length(chars, max = 32))]
    #[param(max_length = 32)]
    phone_number: Option<String>,
}

/// The lead with a number.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadFound {
    /// The lead with this number.
    lead: Lead,
}

/// Finds the lead with a number, for the screen of whoever talks to it.
#[utoipa::path(get, path = "/api/v1/agent/lead/lookup", operation_id = "lookUpLead", params(LookUpQuery),
    responses((status = 200, description = "The lead", body = LeadFound),
        (status = 404, description = "Nobody has this number", body = crate::Problem, content_type = "application/problem+json")))]
async fn look_up(caller: Caller, Query(query): Query<LookUpQuery>) -> ApiResult<Json<LeadFound>> {
    let Some(text) = query.phone_number else {
        return Err(ApiError {
            code: "MISSING_PHONE",
            ..ApiError::validation(vec![Fault::parameter("phoneNumber", "is required")])
        });
    };
    let phone = PhoneNumber::from_dialled(&text)
        .map_err(|error| ApiError::validation(vec![Fault::parameter("phoneNumber", format!("is {error}"))]))?;
    let filter = LeadFilter { phones: vec![phone], ..LeadFilter::default() };
    let page = PageRequest::number(1, 1);
    let found = caller.directory().leads.list(caller.scope(), &filter, &page).await.map_err(from_store)?;
    let views = <Leads as Crud>::views(&caller, &found.items).await?;
    let lead = views.into_iter().next();
    let nobody = || ApiError { code: "LEAD_NOT_FOUND", ..ApiError::not_found("Lead") };
    lead.map(|lead| Json(LeadFound { lead })).ok_or_else(nobody)
}
