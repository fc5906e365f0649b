//! Billing accounts: what tenants are charged on. Tenants read theirs, the platform's operator keeps them.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use domain::{BillingAccountId, TenantId};
use garde::Validate;
use operations::{BillingAccountFilter, Directory, Repository};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access::Permission,
    caller::Caller,
    convert::from_store,
    crud::{self, Crud, Draft, Rights, Words, set},
    problem::{ApiError, ApiResult, Fault},
    resource::Resource,
    wire::{Metadata, Time, wire_enum},
};

wire_enum!(
    /// May an account be charged?
    BillingAccountStatus
);

/// What a tenant sees of its own.
pub(crate) fn routes() -> Resource {
    crud::routes_to_read::<BillingAccounts>()
}

pub(super) struct BillingAccounts;

/// An account that is charged.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BillingAccount {
    /// The account's id.
    id: Uuid,
    /// The tenant the billing account belongs to.
    tenant_id: Uuid,
    /// The tenant's name; null where it is gone.
    #[schema(example = "Acme Leads")]
    tenant_name: Option<String>,
    /// What people call the account.
    #[schema(example = "Main account")]
    name: String,
    /// Only ACTIVE accounts are charged.
    status: BillingAccountStatus,
    /// Of everything on it.
    #[schema(example = "USD")]
    currency: String,
    /// What integrations keep with the billing account.
    metadata: Metadata,
    /// When the billing account was made.
    created_at: Time,
    /// When the billing account last changed.
    updated_at: Time,
}

/// What a list of accounts is narrowed by.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct BillingAccountQuery {
    /// Only these.
    #[garde(skip)]
    #[param(value_type = Option<BillingAccountStatus>)]
    status: Option<BillingAccountStatus>,
    /// Part of the account's name, or of its tenant's.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    search: Option<String>,
}

fn is_currency(text: &str, _: &()) -> garde::Result {
    text.parse::<domain::Currency>().map(drop).map_err(garde::Error::new)
}

/// A new account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdminCreateBillingAccountRequest {
    /// Whose it is to be.
    #[garde(skip)]
    tenant_id: Uuid,
    /// What people call the account.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Main account")]
    name: String,
    /// USD unless said otherwise. It stays.
    #[garde(inner(custom(is_currency)))]
    #[schema(pattern = "^[A-Z]{3}$", example = "USD")]
    currency: Option<String>,
    /// What integrations keep with it; `{}` unless given.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

/// Changes of an account: members not named stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateBillingAccountRequest {
    /// What people call the account.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Its status from now on.
    #[garde(skip)]
    status: Option<BillingAccountStatus>,
    /// What integrations keep with it: replaces all of it.
    #[garde(skip)]
    metadata: Option<Metadata>,
}

impl AdminCreateBillingAccountRequest {
    /// Whose.
    pub(super) const fn tenant(&self) -> Uuid {
        self.tenant_id
    }
}

impl Crud for BillingAccounts {
    type Entity = operations::BillingAccount;
    type View = BillingAccount;
    type Query = BillingAccountQuery;
    type Create = AdminCreateBillingAccountRequest;
    type Update = UpdateBillingAccountRequest;

    const WORDS: Words = Words {
        tag: "Billing",
        path: "/api/v1/billing/accounts",
        name: "BillingAccount",
        names: "BillingAccounts",
        one: "a billing account",
        many: "billing accounts",
        order: "newest first",
    };
    const RIGHTS: Rights =
        Rights { read: Permission::BillingRead, write: Permission::PlatformAdmin, delete: Permission::PlatformAdmin };

    fn repository(directory: &Directory) -> &Arc<dyn Repository<operations::BillingAccount>> {
        &directory.billing_accounts
    }

    fn filter(query: BillingAccountQuery) -> BillingAccountFilter {
        BillingAccountFilter { status: query.status.map(|status| status.0), search: query.search }
    }

    async fn views(caller: &Caller, found: &[operations::BillingAccount]) -> ApiResult<Vec<BillingAccount>> {
        let mut tenants: HashMap<TenantId, Option<String>> = HashMap::new();
        for account in found {
            if let Entry::Vacant(place) = tenants.entry(account.tenant) {
                let tenant = caller.directory().tenants.find_tenant(account.tenant).await.map_err(from_store)?;
                place.insert(tenant.map(|tenant| tenant.name));
            }
        }
        let views = found.iter().map(|account| BillingAccount {
            id: account.id.uuid(),
            tenant_id: account.tenant.uuid(),
            tenant_name: tenants.get(&account.tenant).cloned().flatten(),
            name: account.name.clone(),
            status: BillingAccountStatus(account.status),
            currency: account.currency.code().to_owned(),
            metadata: Metadata::of(&account.metadata),
            created_at: Time(account.created_at),
            updated_at: Time(account.updated_at),
        });
        Ok(views.collect())
    }

    async fn draft(
        _: &Caller,
        draft: Draft<BillingAccountId>,
        body: AdminCreateBillingAccountRequest,
    ) -> ApiResult<operations::BillingAccount> {
        let currency = body.currency.as_deref().unwrap_or("USD").parse();
        Ok(operations::BillingAccount {
            id: draft.id,
            tenant: draft.tenant,
            name: body.name,
            status: operations::BillingAccountStatus::Active,
            currency: currency.map_err(|_| ApiError::validation(vec![Fault::body("currency", "is none")]))?,
            metadata: Metadata::or_empty(body.metadata),
            created_at: draft.now,
            updated_at: draft.now,
        })
    }

    async fn change(
        _: &Caller,
        account: &mut operations::BillingAccount,
        body: UpdateBillingAccountRequest,
    ) -> ApiResult<()> {
        set(&mut account.name, body.name);
        set(&mut account.status, body.status.map(|status| status.0));
        set(&mut account.metadata, body.metadata.map(|metadata| metadata.0));
        Ok(())
    }
}
