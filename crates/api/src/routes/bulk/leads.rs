//! Leads in bulk.

use axum::{Json, body::Body as HttpBody, http::HeaderMap, response::Response};
use operations::{Entity as _, LeadFilter, Page, PageRequest};
use utoipa_axum::routes;

use crate::{
    access::Permission,
    bulk::{self, ExportQuery, Exported, ImportQuery, ImportReport, Imported, Reference},
    caller::Caller,
    convert::from_store,
    crud::{self, Crud},
    extract::Query,
    problem::ApiResult,
    resource::Resource,
    routes::leads::{CreateLeadRequest, Lead, LeadQuery, Leads},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Leads").needs(Permission::LeadsWrite, routes!(import)).needs(Permission::LeadsRead, routes!(export))
}

/// Imports leads as they arrive, from CSV under a heading of member names or from JSON lines. Each row is checked and kept as
/// `POST /api/v1/leads` would: a faulty one leaves nothing behind and is reported with its line and field.
/// A lead whose number the tenant has already stays as it is.
#[utoipa::path(post, path = "/api/v1/leads/import", operation_id = "importLeads", params(ImportQuery),
    request_body(content((String = "text/csv"), (String = "application/x-ndjson")),
        description = "Up to 100,000 rows of 64 KiB; a cell of CSV that holds an object is JSON, one that holds a list is JSON or words with | between them"),
    responses((status = 200, description = "What was done", body = ImportReport)))]
async fn import(
    caller: Caller,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    body: HttpBody,
) -> ApiResult<Json<ImportReport>> {
    bulk::import::<Leads>(caller, query, &headers, body).await
}

/// Sends all leads, as CSV or JSON lines, as they are read; the list's parameters narrow it.
#[utoipa::path(get, path = "/api/v1/leads/export", operation_id = "exportLeads", params(ExportQuery, LeadQuery),
    responses((status = 200, description = "The leads", content((String = "text/csv"), (String = "application/x-ndjson")))))]
async fn export(
    caller: Caller,
    Query(export): Query<ExportQuery>,
    Query(query): Query<LeadQuery>,
) -> ApiResult<Response> {
    bulk::export::<Leads>(caller, export, Leads::filter(query)).await
}

impl Exported for Leads {
    type View = Lead;
    type Filter = LeadFilter;

    const ENTITY: &'static str = operations::Lead::NAME;
    const FILE: &'static str = "leads";
    const COLUMNS: &'static [&'static str] = &[
        "phoneNumber",
        "firstName",
        "lastName",
        "fullName",
        "email",
        "company",
        "address",
        "city",
        "state",
        "zipCode",
        "country",
        "leadSource",
        "status",
        "priority",
        "tags",
        "notes",
        "customFields",
        "campaignId",
        "assignedToId",
        "campaignName",
        "assignedToName",
        "lastContactedAt",
        "id",
        "createdAt",
        "updatedAt",
    ];

    async fn page(caller: &Caller, filter: &LeadFilter, page: &PageRequest) -> ApiResult<Page<Lead>> {
        crud::page_of::<Self>(caller, filter, page).await
    }
}

impl Imported for Leads {
    type Create = CreateLeadRequest;
    type View = Lead;
    type Entity = operations::Lead;

    const ENTITY: &'static str = operations::Lead::NAME;

    async fn draft(caller: &Caller, body: CreateLeadRequest) -> ApiResult<operations::Lead> {
        <Self as Crud>::draft(caller, crud::Draft::of_row(caller), body).await
    }

    fn key(lead: &operations::Lead) -> String {
        lead.phone.to_string()
    }

    fn references(lead: &operations::Lead) -> Vec<Reference> {
        let (campaign, user) = (lead.campaign.map(Reference::Campaign), lead.assigned_to.map(Reference::Assigned));
        campaign.into_iter().chain(user).collect()
    }

    async fn is_there(caller: &Caller, lead: &operations::Lead) -> ApiResult<bool> {
        let filter = LeadFilter { phone: Some(lead.phone.clone()), ..LeadFilter::default() };
        let found = caller.directory().leads.list(caller.scope(), &filter, &PageRequest::number(1, 1)).await;
        Ok(!found.map_err(from_store)?.items.is_empty())
    }

    async fn keep(caller: &Caller, lead: &operations::Lead) -> ApiResult<()> {
        crud::keep::<Self>(caller, lead.id, lead).await.map(drop)
    }
}
