//! The schema from nothing, and from the release before with its data.
#![allow(clippy::allow_attributes, clippy::unwrap_used, reason = "tests")]

mod support;

use domain::TenantId;
use operations::{PageRequest, TenantScope};
use sea_orm::{ConnectionTrait, Database};
use store::{Store, migrate_to, schema_versions};
use support::{NOW, at, config};
use uuid::Uuid;

/// The newest version of release 0.1.
const RELEASED: i64 = 3;
/// A call that an entry of the audit log is about.
const ABOUT: &str = "01890000-0000-7000-8000-000000000005";

/// An id in the words of both databases.
fn id(number: u128, is_sqlite: bool) -> String {
    let uuid = Uuid::from_u128(number);
    if is_sqlite { format!("x'{}'", uuid.simple()) } else { format!("'{uuid}'") }
}

/// What a tenant of release 0.1 may have kept.
async fn fill(url: &str) {
    let connection = Database::connect(url).await.unwrap();
    let is_sqlite = url.starts_with("sqlite");
    let [tenant, user, publisher, campaign, call, lease] = [1, 2, 3, 4, 5, 6].map(|number| id(number, is_sqlite));
    let statements = [
        format!(
            "INSERT INTO tenants (id, name, slug, status, time_zone, metadata, created_at, updated_at) \
             VALUES ({tenant}, 'Acme', 'acme', 'ACTIVE', 'America/New_York', '{{}}', 1, 1)"
        ),
        format!(
            "INSERT INTO users (id, tenant_id, email, password_hash, status, roles, metadata, created_at, updated_at) \
             VALUES ({user}, {tenant}, 'ann@acme.test', 'hash', 'ACTIVE', '[\"OWNER\"]', '{{}}', 1, 1)"
        ),
        format!(
            "INSERT INTO sessions (token_hash, tenant_id, user_id, created_at, expires_at) VALUES ('t', {tenant}, {user}, 1, 2)"
        ),
        format!(
            "INSERT INTO publishers (id, tenant_id, name, code, status, metadata, created_at, updated_at) \
             VALUES ({publisher}, {tenant}, 'Ads', 'ADS', 'ACTIVE', '{{}}', 1, 1)"
        ),
        format!(
            "INSERT INTO campaigns (id, tenant_id, publisher_id, name, status, routing_mode, buyers, record, metadata, created_at, updated_at) \
             VALUES ({campaign}, {tenant}, {publisher}, 'Roofs', 'ACTIVE', 'STATIC', '[]', (1 = 0), '{{\"introAudio\":\"tone:440\"}}', 1, 1)"
        ),
        format!(
            "INSERT INTO calls (id, tenant_id, direction, status, from_number, to_number, attestation, campaign_id, sip_call_id, \
             switch_id, started_at, duration_ms, answered_ms, connected_ms, recorded, tags, last_sequence) \
             VALUES ({call}, {tenant}, 'INBOUND', 'COMPLETED', '+15551110000', '+15552220000', 'NONE', {campaign}, 'c@x', \
             {lease}, 1, 1000, 900, 800, (1 = 0), '{{}}', 9)"
        ),
        format!(
            "INSERT INTO audit_log (id, tenant_id, action, entity, changes, success, at) VALUES \
             ({call}, {tenant}, 'compliance.override.create', 'compliance override', \
             '{{\"callId\":{{\"after\":\"{ABOUT}\",\"before\":null}}}}', (1 = 1), 1)"
        ),
    ];
    for statement in statements {
        connection.execute_unprepared(&statement).await.unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn from_nothing_every_version_runs_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    let before = schema_versions(&config).await.unwrap();
    assert!(before.iter().all(|version| version.applied_at.is_none()));
    assert_eq!(migrate_to(&config, None, NOW).await.unwrap().len(), before.len());
    assert_eq!(migrate_to(&config, None, at(1)).await.unwrap(), []);
    let after = schema_versions(&config).await.unwrap();
    assert!(after.iter().all(|version| version.applied_at == Some(NOW)));
}

#[tokio::test]
async fn what_the_last_release_kept_is_there_after_the_update() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    assert_eq!(migrate_to(&config, Some(RELEASED), NOW).await.unwrap().last().unwrap().version, RELEASED);
    fill(&config.url).await;
    let (store, _writer) = Store::open(&config, at(1)).await.unwrap();
    let directory = store.directory();
    let scope = TenantScope::of(TenantId(Uuid::from_u128(1)));
    let user = directory.sign_in.users_by_email("ann@acme.test").await.unwrap().remove(0);
    assert_eq!((user.tenant, user.custom_roles.len(), user.must_change_password), (scope.tenant(), 0, false));
    let campaigns = directory.campaigns.list(scope, &Default::default(), &PageRequest::number(1, 10)).await.unwrap();
    assert_eq!(campaigns.items[0].name, "Roofs");
    // A key of the JSON column became a field.
    assert_eq!(campaigns.items[0].intro_audio.as_deref(), Some("tone:440"));
    let calls = directory
        .calls
        .list_calls(scope, &operations::CallFilter::default(), &PageRequest::number(1, 10))
        .await
        .unwrap();
    assert_eq!(calls.items.len(), 1);
    // What is about a call is found by it.
    let about = operations::AuditFilter { call: Some(ABOUT.parse::<Uuid>().unwrap().into()), ..Default::default() };
    let entries = directory.audit.search_audit(scope, &about, &PageRequest::number(1, 10)).await.unwrap();
    assert_eq!(entries.items.len(), 1);
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    migrate_to(&config, Some(RELEASED), NOW).await.unwrap();
    let connection = Database::connect(&config.url).await.unwrap();
    let newer = "INSERT INTO schema_versions (version, name, applied_at) VALUES (999999, 'later', 1)";
    connection.execute_unprepared(newer).await.unwrap();
    let error = migrate_to(&config, None, at(1)).await.unwrap_err().to_string();
    assert!(error.contains("start a newer release"), "{error}");
    let versions = schema_versions(&config).await.unwrap();
    assert_eq!(versions.iter().filter(|version| version.applied_at.is_some()).count(), 3, "nothing was run");
}
