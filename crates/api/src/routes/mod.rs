//! One file per resource.

mod admin;
pub(crate) mod agent;
pub(crate) mod agents;
pub(crate) mod api_keys;
mod assignment;
mod audit_logs;
pub(crate) mod auth;
pub(crate) mod billing;
mod billing_accounts;
pub(crate) mod budget_gate;
mod budgets;
mod bulk;
pub(crate) mod buyers;
pub(crate) mod call_tags;
pub(crate) mod caller_id_pools;
pub(crate) mod calls;
pub(crate) mod campaigns;
mod cap_usage;
mod capabilities;
pub(crate) mod carriers;
pub(crate) mod compliance;
pub(crate) mod dashboard;
pub(crate) mod demo;
mod docs;
pub(crate) mod endpoints;
mod events;
pub(crate) mod feature_flags;
pub(crate) mod flows;
mod health;
mod invitations;
mod jobs;
pub(crate) mod leads;
mod lookups;
mod named_campaign;
mod number_registry;
pub(crate) mod numbers;
mod outbound;
mod passwords;
pub(crate) mod pool_numbers;
pub(crate) mod publishers;
pub(crate) mod queues;
mod quotas;
mod rate_cards;
pub(crate) mod recording_uploads;
pub(crate) mod recordings;
pub(crate) mod rehearsals;
mod reporting;
mod roles;
mod schedules;
mod second_factor;
mod single_sign_on;
mod sso;
mod sso_user;
mod stir_shaken;
pub(crate) mod tags;
mod telephony;
pub(crate) mod tenants;
mod terms;
pub(crate) mod transcripts;
pub(crate) mod trunks;
pub(crate) mod users;

use utoipa_axum::router::OpenApiRouter;

pub(crate) use docs::documentation;

use crate::{document, resource::Resource, state::State};

/// Every documented route.
pub(crate) fn all() -> OpenApiRouter<State> {
    let resources: &[fn() -> Resource] = &[
        auth::routes,
        passwords::routes,
        second_factor::routes,
        sso::routes,
        single_sign_on::routes,
        calls::routes,
        bulk::calls::routes,
        call_tags::routes,
        recordings::routes,
        recording_uploads::routes,
        transcripts::routes,
        reporting::routes,
        dashboard::routes,
        demo::routes,
        events::routes,
        numbers::routes,
        bulk::numbers::routes,
        number_registry::routes,
        lookups::routes,
        campaigns::routes,
        publishers::routes,
        bulk::publishers::routes,
        buyers::routes,
        bulk::buyers::routes,
        endpoints::routes,
        caller_id_pools::routes,
        pool_numbers::routes,
        flows::routes,
        rehearsals::routes,
        carriers::routes,
        trunks::routes,
        telephony::routes,
        compliance::routes,
        compliance::dnc_lists::routes,
        compliance::dnc_entries::routes,
        compliance::dnc_import::routes,
        compliance::policies::routes,
        compliance::consents::routes,
        compliance::overrides::routes,
        stir_shaken::routes,
        billing::routes,
        billing_accounts::routes,
        rate_cards::routes,
        queues::routes,
        agents::routes,
        agent::routes,
        leads::routes,
        bulk::leads::routes,
        leads::routes_of_calls,
        jobs::routes,
        schedules::routes,
        tags::routes,
        feature_flags::routes,
        users::routes,
        invitations::routes,
        roles::routes,
        audit_logs::routes,
        api_keys::routes,
        tenants::routes,
        quotas::routes,
        budgets::routes,
        admin::routes,
        health::routes,
    ];
    let empty = OpenApiRouter::with_openapi(document::base());
    resources.iter().fold(empty, |router, routes| router.merge(routes().finish()))
}
