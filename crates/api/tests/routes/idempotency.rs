//! A request that is sent twice with one key is done once.

use std::time::Duration;

use operations::{Begun, KeyedRequest, PageRequest, TagFilter, TenantScope};
use serde_json::json;

use crate::{
    openapi::Operation,
    support::{Client, Platform},
};

fn keyed<'p>(client: &Client<'p>, key: &str) -> Client<'p> {
    client.with("idempotency-key", key)
}

async fn tags(platform: &Platform) -> u64 {
    let (filter, page) = (TagFilter::default(), PageRequest::default());
    let list = platform.directory.tags.list(TenantScope::of(platform.tenant), &filter, &page).await.unwrap();
    list.total.unwrap().count
}

#[tokio::test]
async fn the_second_request_is_answered_as_the_first_was() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let body = json!({"name": "callback"});
    let first = keyed(&admin, "order 1").post("/api/v1/tags", body.clone()).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    let second = keyed(&admin, "order 1").post("/api/v1/tags", body.clone()).await.expect(201);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.header("content-type"), first.header("content-type"));
    assert_eq!((second.bytes, tags(&platform).await), (first.bytes, 1));
    keyed(&admin, "order 2").post("/api/v1/tags", body).await.expect(409);

    let id = first_id(&platform).await;
    let path = format!("/api/v1/tags/{id}");
    keyed(&admin, "gone").delete(&path).await.expect(204);
    let again = keyed(&admin, "gone").delete(&path).await.expect(204);
    assert_eq!((again.header("idempotency-replayed"), again.bytes.len()), ("true", 0));
    admin.delete(&path).await.expect(404);
}

async fn first_id(platform: &Platform) -> String {
    let (filter, page) = (TagFilter::default(), PageRequest::default());
    let list = platform.directory.tags.list(TenantScope::of(platform.tenant), &filter, &page).await.unwrap();
    list.items[0].id.to_string()
}

#[tokio::test]
async fn a_key_means_one_request_of_one_caller_on_one_route() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    keyed(&admin, "k").post("/api/v1/tags", json!({"name": "one"})).await.expect(201);
    let other = keyed(&admin, "k").post("/api/v1/tags", json!({"name": "two"})).await.expect(422);
    assert_eq!(other.json()["error"]["code"], "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(other.fields(), ["Idempotency-Key"]);
    assert_eq!(tags(&platform).await, 1);
    keyed(&admin, "k").post("/api/v1/queues", json!({"name": "sales"})).await.expect(201);
    let colleague = platform.admin().await;
    keyed(&colleague, "k").post("/api/v1/tags", json!({"name": "two"})).await.expect(201);
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    let theirs = keyed(&stranger, "k").post("/api/v1/tags", json!({"name": "one"})).await.expect(201);
    assert_eq!(theirs.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn what_was_refused_has_done_nothing_and_frees_the_key() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    keyed(&admin, "k").post("/api/v1/tags", json!({"name": ""})).await.expect(422);
    keyed(&admin, "k").post("/api/v1/tags", json!({"name": "good"})).await.expect(201);
}

#[tokio::test]
async fn one_of_two_at_once_is_told_to_wait() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let body = || json!({"name": "once"});
    let (one, two) = (keyed(&admin, "k"), keyed(&admin, "k"));
    let (one, two) = tokio::join!(one.post("/api/v1/tags", body()), two.post("/api/v1/tags", body()));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert!(statuses == [201, 201] || statuses == [201, 409], "{statuses:?}");
    assert_eq!(tags(&platform).await, 1);
    keyed(&admin, "k").post("/api/v1/tags", body()).await.expect(201);
}

fn lost_try(platform: &Platform, id: uuid::Uuid) -> KeyedRequest {
    KeyedRequest {
        tenant: platform.tenant,
        who: "user:lost".to_owned(),
        route: "POST /api/v1/tags".to_owned(),
        key: "k".to_owned(),
        fingerprint: "f".to_owned(),
        id,
    }
}

#[tokio::test]
async fn a_lost_try_is_taken_over_with_its_id_and_forgotten_in_the_end() {
    let platform = Platform::new().await;
    let keys = &platform.directory.idempotency;
    let (now, minute) = (platform.now(), Duration::from_mins(1));
    let (locked, expires) = (now.after(minute), now.after(Duration::from_hours(24)));
    let (first, second) = (lost_try(&platform, platform.id()), lost_try(&platform, platform.id()));
    assert_eq!(keys.begin(&first, now, locked, expires).await.unwrap(), Begun::First);
    assert_eq!(keys.begin(&second, now, locked, expires).await.unwrap(), Begun::Running);
    let later = now.after(minute);
    let taken = keys.begin(&second, later, later.after(minute), expires).await.unwrap();
    assert_eq!(taken, Begun::Again(first.id));
    keys.unlock(&second).await.unwrap();
    assert_eq!(keys.begin(&second, later, later.after(minute), expires).await.unwrap(), Begun::Again(first.id));
    assert_eq!(keys.forget_keys(later, 10).await.unwrap(), 0);
    assert_eq!(keys.forget_keys(expires, 10).await.unwrap(), 1);
    assert_eq!(keys.begin(&second, expires, expires, expires.after(minute)).await.unwrap(), Begun::First);
}

/// The one secret an answer holds is not readable in the database.
#[tokio::test]
async fn answers_are_kept_sealed() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let body = json!({"name": "program", "scopes": ["calls:read"]});
    let made = keyed(&admin, "k").post("/api/v1/api-keys", body.clone()).await.expect(201).json();
    let again = keyed(&admin, "k").post("/api/v1/api-keys", body).await.expect(201).json();
    assert_eq!(made, again);
    let secret = made["key"].as_str().unwrap().as_bytes();
    let mut files = std::fs::read_dir(platform.folder.path()).unwrap();
    let held = files.any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        bytes.windows(secret.len()).any(|window| window == secret)
    });
    assert!(!held, "the key is in the database");
}

#[tokio::test]
async fn every_changing_route_reads_the_header() {
    let platform = Platform::new().await;
    let admin = platform.client(platform.tenant, &["admin:*", "platform:admin"]).await;
    let mut read = 0;
    for operation in Operation::all() {
        if operation.is_public() || operation.method == "GET" {
            continue;
        }
        let answer = operation.send(&admin.with("idempotency-key", &"k".repeat(256)), crate::openapi::NOBODY).await;
        let place = format!("{} {}: {}", operation.method, operation.path, answer.text());
        assert_eq!((answer.status.as_u16(), answer.fields()), (422, vec!["Idempotency-Key".to_owned()]), "{place}");
        read += 1;
    }
    assert!(read > 50, "{read}");
}
