//! From SQLite to another database: whole, resumable, compared.
#![allow(clippy::allow_attributes, clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use operations::{Calls as _, Directory, PageRequest, Recorder, TenantScope};
use sea_orm::ConnectionTrait;
use store::{CopyError, MemoryBus, Store, StoreConfig, copy};
use support::{NOW, World, at, beside, config};
use tempfile::TempDir;

/// Rows of a batch: every table takes several.
const ROWS: u32 = 7;

/// A world kept in SQLite, whatever database the tests run on, with calls in it.
async fn filled() -> (StoreConfig, TempDir, TenantScope, Vec<domain::CallEvent>) {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let lite = StoreConfig::new(format!("sqlite://{}", folder.path().join("from.db").display()), [7; 32]);
    let (store, writer) = Store::open(&lite, NOW).await.unwrap();
    let directory: Directory = store.directory();
    directory.tenants.insert_tenant(&world.tenant).await.unwrap();
    directory.publishers.insert(world.scope, &world.publisher).await.unwrap();
    let recorder = Recorder::new(Arc::new(store.clone()), Arc::new(MemoryBus::new(8)), None);
    let mut last = Vec::new();
    for _ in 0..20 {
        last = world.call(None);
        recorder.record(last.clone()).await.unwrap();
    }
    drop((recorder, directory, store));
    writer.finished().await;
    (lite, folder, world.scope, last)
}

#[tokio::test]
async fn a_copy_that_was_cut_off_goes_on_and_holds_everything() {
    let (from, _folder, scope, events) = filled().await;
    let folder = tempfile::tempdir().unwrap();
    let to = config(&folder);
    // Cut off after a few batches, twice.
    for batches in [3, 9] {
        let mut left = batches;
        let stopped = copy(&from, &to, ROWS, NOW, |_| {
            left -= 1;
            left > 0
        });
        assert!(matches!(stopped.await, Err(CopyError::Stopped)));
    }
    let mut seen = Vec::new();
    let (tables, rows) = copy(&from, &to, ROWS, NOW, |progress| {
        seen.push(progress.clone());
        true
    })
    .await
    .unwrap();
    assert!(tables > 40 && rows > 20 * events.len() as u64, "{tables} tables, {rows} rows");
    let last = seen.last().unwrap();
    assert_eq!((last.rows, last.rows_total, last.is_comparing), (rows * 2, rows * 2, true));

    let (store, _writer) = Store::open(&to, at(1)).await.unwrap();
    assert_eq!(store.events_of_call(scope, events[0].call).await.unwrap(), events);
    let (directory, page) = (store.directory(), PageRequest::number(1, 10));
    assert_eq!(directory.publishers.list(scope, &Default::default(), &page).await.unwrap().items.len(), 1);
    // What is there is not copied over.
    assert!(matches!(copy(&from, &to, ROWS, NOW, |_| true).await, Err(CopyError::NotEmpty(_))));
}

#[tokio::test]
async fn a_difference_is_found_and_named() {
    let (from, _folder, ..) = filled().await;
    let folder = tempfile::tempdir().unwrap();
    let to = config(&folder);
    let stopped = copy(&from, &to, ROWS, NOW, |progress| !progress.is_comparing).await;
    assert!(matches!(stopped, Err(CopyError::Stopped)));
    let target = beside(&to).await;
    target.execute_unprepared("UPDATE publishers SET name = 'Somebody else'").await.unwrap();
    let error = copy(&from, &to, ROWS, NOW, |_| true).await.unwrap_err();
    assert!(matches!(&error, CopyError::Differs { table, .. } if table == "publishers"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_copied_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let lite = |name: &str| StoreConfig::new(format!("sqlite://{}", folder.path().join(name).display()), [7; 32]);
    let to = config(&folder);
    assert!(matches!(copy(&lite("none.db"), &to, ROWS, NOW, |_| true).await, Err(CopyError::NoSource)));
    store::migrate_to(&lite("old.db"), Some(3), NOW).await.unwrap();
    assert!(
        matches!(copy(&lite("old.db"), &to, ROWS, NOW, |_| true).await, Err(CopyError::Behind(count)) if count > 0)
    );
}
