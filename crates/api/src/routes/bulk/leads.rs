//! Leads in bulk.

use std::sync::Arc;

use domain::PhoneNumber;
use operations::{Directory, Entity as _, LeadFilter, Page, PageRequest, Repository};
use uuid::Uuid;

use crate::{
    access::Permission,
    bulk::{self, BulkWords, Exported, Imported, Reference},
    caller::Caller,
    crud::{self, Crud},
    problem::ApiResult,
    resource::Resource,
    routes::leads::{CreateLeadRequest, Lead, LeadQuery, Leads},
};

/// The routes.
pub(crate) fn routes() -> Resource {
    Resource::new("Leads")
        .needs(Permission::LeadsWrite, bulk::importing::<Leads>())
        .needs(Permission::LeadsRead, bulk::exporting::<Leads>())
}

const WORDS: BulkWords = BulkWords {
    path: "/api/v1/leads",
    names: "Leads",
    many: "leads",
    order: "",
    import: "A lead whose number the tenant has already stays as it is.",
};

impl Exported for Leads {
    type View = Lead;
    type Query = LeadQuery;
    type Filter = LeadFilter;

    const WORDS: BulkWords = WORDS;
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

    fn filter(query: LeadQuery) -> ApiResult<LeadFilter> {
        Ok(<Self as Crud>::filter(query))
    }

    async fn page(caller: &Caller, filter: &LeadFilter, page: &PageRequest) -> ApiResult<Page<Lead>> {
        crud::page_of::<Self>(caller, filter, page).await
    }
}

impl Imported for Leads {
    type Create = CreateLeadRequest;
    type View = Lead;
    type Entity = operations::Lead;
    type Key = PhoneNumber;

    const WORDS: BulkWords = WORDS;

    async fn draft(caller: &Caller, body: CreateLeadRequest) -> ApiResult<operations::Lead> {
        <Self as Crud>::draft(caller, crud::Draft::of_row(caller), body).await
    }

    fn id(lead: &operations::Lead) -> Uuid {
        lead.id.uuid()
    }

    fn key(lead: &operations::Lead) -> PhoneNumber {
        lead.phone.clone()
    }

    fn references(lead: &operations::Lead) -> Vec<Reference> {
        let (campaign, user) = (lead.campaign.map(Reference::Campaign), lead.assigned_to.map(Reference::Assigned));
        campaign.into_iter().chain(user).collect()
    }

    fn of_keys(phones: Vec<PhoneNumber>) -> LeadFilter {
        LeadFilter { phones, ..LeadFilter::default() }
    }

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::Lead>> {
        &directory.leads
    }

    async fn views(caller: &Caller, new: &[operations::Lead]) -> ApiResult<Vec<Lead>> {
        <Self as Crud>::views(caller, new).await
    }

    async fn keep(caller: &Caller, lead: &operations::Lead) -> ApiResult<()> {
        crud::keep::<Self>(caller, lead.id, lead).await.map(drop)
    }
}
