//! The routes, over a real store. One file per resource.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod agents;
mod audit;
mod auth;
mod backfill;
mod budget_alerts;
mod budgets;
mod bulk;
mod caller_ids;
mod calls;
mod compliance;
mod conditional;
mod demo;
mod directory;
mod events;
mod flows;
mod health;
mod idempotency;
mod jobs;
mod labels;
mod leads;
mod lists;
mod lookups;
mod openapi;
mod openapi_bounds;
mod openapi_examples;
mod openapi_refusals;
mod openapi_requests;
mod people;
mod placing;
mod provisioning;
mod quotas;
mod recording_uploads;
mod rehearsals;
mod rate_cards;
mod reporting;
mod schedules;
mod seller;
mod sides;
mod sign_in;
mod single_sign_on;
mod stir_shaken;
mod support;
mod telephony;
mod transcripts;
