//! Caller-ID pools: their numbers, their turns, the campaign that uses them.

use operations::{TenantScope, caller_id_of_campaign};
use serde_json::{Value, json};

use crate::{
    directory::make,
    support::{Client, Platform},
};

async fn pool_of(admin: &Client<'_>, numbers: &[(&str, i32)]) -> (String, Vec<String>) {
    let (pool, _) = make(admin, "/api/v1/caller-id-pools", json!({"name": "West"})).await;
    let mut ids = Vec::new();
    for (number, priority) in numbers {
        let (id, _) = make(admin, "/api/v1/numbers", json!({"number": number})).await;
        let path = format!("/api/v1/caller-id-pools/{pool}/numbers/{id}");
        admin.put(&path, json!({"priority": priority})).await.expect(204);
        ids.push(id);
    }
    (pool, ids)
}

async fn turns(platform: &Platform, pool: &str, count: usize) -> Vec<String> {
    let scope = TenantScope::of(platform.tenant);
    let mut shown = Vec::new();
    for _ in 0..count {
        let next = platform.directory.caller_ids.next_caller_id(scope, pool.parse().unwrap()).await.unwrap();
        shown.push(next.map_or_else(String::new, |(_, number)| number.to_string()));
    }
    shown
}

#[tokio::test]
async fn the_lowest_priority_takes_turns() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let numbers = [("+12125550001", 5), ("+12125550002", 1), ("+12125550003", 1)];
    let (pool, ids) = pool_of(&admin, &numbers).await;
    let listed = admin.get(&format!("/api/v1/caller-id-pools/{pool}/numbers")).await.expect(200).json();
    let order: Vec<&Value> = listed["data"].as_array().unwrap().iter().map(|one| &one["number"]).collect();
    assert_eq!(order, ["+12125550002", "+12125550003", "+12125550001"]);
    let expected = ["+12125550002", "+12125550003", "+12125550002", "+12125550003"];
    assert_eq!(turns(&platform, &pool, 4).await, expected);

    // Numbers that may not be used are passed over; when none of a priority is left, the next has its turn.
    admin.patch(&format!("/api/v1/numbers/{}", ids[1]), json!({"status": "SUSPENDED"})).await.expect(200);
    assert_eq!(turns(&platform, &pool, 2).await, ["+12125550003", "+12125550003"]);
    admin.delete(&format!("/api/v1/caller-id-pools/{pool}/numbers/{}", ids[2])).await.expect(204);
    assert_eq!(turns(&platform, &pool, 1).await, ["+12125550001"]);
    admin.patch(&format!("/api/v1/caller-id-pools/{pool}"), json!({"status": "INACTIVE"})).await.expect(200);
    assert_eq!(turns(&platform, &pool, 1).await, [""]);
}

#[tokio::test]
async fn a_campaign_shows_the_numbers_of_its_pool() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let (pool, _) = pool_of(&admin, &[("+12125550001", 0)]).await;
    let (publisher, _) = make(&admin, "/api/v1/publishers", json!({"name": "P", "code": "P1"})).await;
    let body = json!({"publisherId": publisher, "name": "K", "callerIdPoolId": pool, "introAudio": "ivr/hello.wav",
        "routingMode": "PERFORMANCE"});
    let (campaign, made) = make(&admin, "/api/v1/campaigns", body).await;
    assert_eq!((&made["callerIdPoolId"], &made["introAudio"]), (&json!(pool), &json!("ivr/hello.wav")));
    let path = format!("/api/v1/campaigns/{campaign}");
    assert_eq!(admin.get(&path).await.expect(200).json()["routingMode"], "PERFORMANCE");
    let scope = TenantScope::of(platform.tenant);
    let of_campaign =
        async || caller_id_of_campaign(&platform.directory, scope, campaign.parse().unwrap()).await.unwrap();
    assert_eq!(of_campaign().await.unwrap().1.to_string(), "+12125550001");
    admin.delete(&format!("/api/v1/caller-id-pools/{pool}")).await.expect(409);
    admin.patch(&path, json!({"status": "PAUSED"})).await.expect(200);
    assert_eq!(of_campaign().await, None, "a paused campaign calls nobody");
    admin.patch(&path, json!({"status": "ACTIVE", "callerIdPoolId": null, "introAudio": null})).await.expect(200);
    assert_eq!(of_campaign().await, None);
    admin.delete(&format!("/api/v1/caller-id-pools/{pool}")).await.expect(204);
}

#[tokio::test]
async fn pools_and_numbers_of_others_cannot_be_named() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    let (pool, ids) = pool_of(&admin, &[("+12125550001", 0)]).await;
    let (theirs, _) = make(&stranger, "/api/v1/caller-id-pools", json!({"name": "East"})).await;
    stranger.put(&format!("/api/v1/caller-id-pools/{theirs}/numbers/{}", ids[0]), json!({})).await.expect(404);
    stranger.put(&format!("/api/v1/caller-id-pools/{pool}/numbers/{}", ids[0]), json!({})).await.expect(404);
    stranger.delete(&format!("/api/v1/caller-id-pools/{pool}/numbers/{}", ids[0])).await.expect(404);
    let (publisher, _) = make(&stranger, "/api/v1/publishers", json!({"name": "P", "code": "P1"})).await;
    let body = json!({"publisherId": publisher, "name": "K", "callerIdPoolId": pool});
    stranger.post("/api/v1/campaigns", body).await.expect(404);
    let scope = TenantScope::of(platform.other);
    assert_eq!(platform.directory.caller_ids.next_caller_id(scope, pool.parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_wrong_with_a_pool_is_named() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let (pool, ids) = pool_of(&admin, &[("+12125550001", 0)]).await;
    admin.post("/api/v1/caller-id-pools", json!({"name": "West"})).await.expect(409);
    assert_eq!(admin.post("/api/v1/caller-id-pools", json!({"name": ""})).await.expect(422).fields(), ["name"]);
    let wrong = json!({"name": "x", "status": "ON"});
    assert_eq!(admin.post("/api/v1/caller-id-pools", wrong).await.expect(422).fields(), ["status"]);
    let path = format!("/api/v1/caller-id-pools/{pool}/numbers/{}", ids[0]);
    assert_eq!(admin.put(&path, json!({"priority": -1})).await.expect(422).fields(), ["priority"]);
    let reader = platform.client(platform.tenant, &["numbers:read"]).await;
    reader.put(&path, json!({})).await.expect(403);
}
