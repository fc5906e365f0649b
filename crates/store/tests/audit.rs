//! The audit chain: whatever is done to it behind our back is noticed.
#![expect(clippy::unwrap_used, reason = "what fails here is the test's to report")]

mod support;

use domain::TenantId;
use operations::{AuditEntry, AuditFilter, PageRequest, TenantScope, Total};
use sea_orm::ConnectionTrait;
use serde_json::json;
use support::{NOW, World, at, beside, config};

async fn append(world: &World, tenant: TenantId, seconds: i64, action: &str) {
    let entry = AuditEntry {
        id: world.ids.next(at(seconds)),
        tenant,
        user: Some(world.ids.next(NOW)),
        api_key: None,
        action: action.to_owned(),
        entity: action.split('.').next().unwrap().to_owned(),
        entity_id: Some(seconds.to_string()),
        changes: json!({"name": {"before": "ä", "after": null}}),
        address: Some("192.0.2.7".to_owned()),
        user_agent: None,
        request_id: Some("r".to_owned()),
        success: seconds % 2 == 0,
        at: at(seconds),
    };
    world.directory.audit.append_audit(&entry).await.unwrap();
}

async fn chain() -> World {
    let world = World::new().await;
    let other: TenantId = world.ids.next(NOW);
    for seconds in 1..=5 {
        append(&world, world.tenant.id, seconds, "number.update").await;
        append(&world, other, seconds, "buyer.create").await;
    }
    world
}

#[tokio::test]
async fn an_untouched_chain_holds() {
    let world = chain().await;
    let check = world.directory.audit.verify_audit(world.scope).await.unwrap();
    assert_eq!((check.entries, check.unchained, check.broken), (5, 0, None));
    let (all, page) = (AuditFilter::default(), PageRequest::default());
    let newest = world.directory.audit.search_audit(world.scope, &all, &page).await.unwrap();
    assert_eq!((newest.items[0].sequence, newest.items[0].hash.clone()), (Some(5), check.head));
    let nobody = TenantScope::of(world.ids.next(NOW));
    let check = world.directory.audit.verify_audit(nobody).await.unwrap();
    assert_eq!((check.entries, check.head, check.broken), (0, None, None));
}

#[tokio::test]
async fn every_way_to_cheat_is_noticed() {
    let tampered = [
        ("UPDATE audit_log SET action = 'number.read' WHERE sequence = 3", 3, "changed"),
        ("UPDATE audit_log SET changes = '{}' WHERE sequence = 3", 3, "changed"),
        ("UPDATE audit_log SET success = (1 = 1) WHERE sequence = 3", 3, "changed"),
        ("DELETE FROM audit_log WHERE sequence = 3", 3, "missing"),
        ("DELETE FROM audit_log WHERE sequence = 5", 5, "missing"),
        ("UPDATE audit_log SET hash = previous_hash WHERE sequence = 2", 2, "changed"),
        ("UPDATE audit_heads SET sequence = 4", 4, "does not end"),
        ("UPDATE audit_log SET sequence = 30 WHERE sequence = 3", 3, "missing"),
        // An entry of another call's, so that it is not found by its own.
        ("UPDATE audit_log SET call_id = 'x' WHERE sequence = 3", 3, "changed"),
    ];
    for (sql, place, reason) in tampered {
        let world = chain().await;
        let thief = beside(&config(&world.folder)).await;
        thief.execute_unprepared(sql).await.unwrap();
        let broken = world.directory.audit.verify_audit(world.scope).await.unwrap().broken.unwrap();
        assert_eq!(broken.sequence, place, "{sql}: {broken:?}");
        assert!(broken.reason.contains(reason), "{sql}: {broken:?}");
    }
}

#[tokio::test]
async fn the_log_is_searched() {
    let world = chain().await;
    append(&world, world.tenant.id, 6, "numbers.read").await;
    let page = PageRequest::number(1, 10);
    let filters = [
        (AuditFilter { action: Some("number.*".into()), ..AuditFilter::default() }, 5),
        (AuditFilter { action: Some("number.update".into()), ..AuditFilter::default() }, 5),
        (AuditFilter { action: Some("number".into()), ..AuditFilter::default() }, 0),
        (AuditFilter { entity: Some("numbers".into()), ..AuditFilter::default() }, 1),
        (AuditFilter { entity_id: Some("4".into()), ..AuditFilter::default() }, 1),
        (AuditFilter { success: Some(false), ..AuditFilter::default() }, 3),
        (AuditFilter { from: Some(at(2)), to: Some(at(4)), ..AuditFilter::default() }, 2),
        (AuditFilter { user: Some(world.ids.next(NOW)), ..AuditFilter::default() }, 0),
    ];
    for (filter, expected) in filters {
        let found = world.directory.audit.search_audit(world.scope, &filter, &page).await.unwrap();
        assert_eq!((found.items.len(), found.total), (expected, Some(Total::known(expected as u64))), "{filter:?}");
    }
}

#[tokio::test]
async fn many_at_once_make_one_chain() {
    let world = World::new().await;
    let writes = (0..40).map(|seconds| append(&world, world.tenant.id, seconds, "call.hangup"));
    futures_util::future::join_all(writes).await;
    let check = world.directory.audit.verify_audit(world.scope).await.unwrap();
    assert_eq!((check.entries, check.broken), (40, None));
}
