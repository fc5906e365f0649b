//! Numbers, campaigns, publishers, buyers, endpoints, carriers, trunks: made, read, changed, kept apart by tenant.

use std::time::Duration;

use jiff::tz::TimeZone;
use operations::{LeaseRequest, Leases as _};
use routing::lease::{Claim, Holder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Client, Platform, START};

pub async fn make(client: &Client<'_>, path: &str, body: Value) -> (String, Value) {
    let made = client.post(path, body).await.expect(201).json();
    (made["id"].as_str().unwrap().to_owned(), made)
}

/// One of everything, as path.
pub async fn everything(client: &Client<'_>) -> Vec<String> {
    let mut paths = Vec::new();
    let (publisher, _) = make(client, "/api/v1/publishers", json!({"name": "P", "code": "P1"})).await;
    let (buyer, _) = make(
        client,
        "/api/v1/buyers",
        json!({"publisherId": publisher, "name": "B", "code": "B1", "caps": {"daily": 10},
            "hours": {"mon": [{"from": "09:00", "to": "17:00"}]}, "filters": {"areaCodes": ["212"]}}),
    )
    .await;
    let terms = json!({"revenue": "25.5", "revenueAfterSeconds": 30, "payout": "10"});
    let endpoint = json!({"type": "SIP", "destination": "sip:b@127.0.0.1:5091", "terms": terms});
    let (endpoint, _) = make(client, &format!("/api/v1/buyers/{buyer}/endpoints"), endpoint).await;
    let (carrier, _) = make(client, "/api/v1/carriers", json!({"name": "C", "code": "C1"})).await;
    let trunk = json!({"carrierId": carrier, "name": "T", "host": "127.0.0.1", "sourceCidrs": ["127.0.0.0/8"],
        "username": "u", "password": "long enough"});
    let (trunk, shown) = make(client, "/api/v1/trunks", trunk).await;
    assert!(!shown.to_string().contains("long enough"), "{shown}");
    let (campaign, _) = make(
        client,
        "/api/v1/campaigns",
        json!({"publisherId": publisher, "name": "K", "buyerIds": [buyer], "payout": {"amount": "9", "afterSeconds": 60}}),
    )
    .await;
    let (number, _) =
        make(client, "/api/v1/numbers", json!({"number": "(555) 123-4567", "campaignId": campaign})).await;
    let (tag, _) = make(client, "/api/v1/tags", json!({"name": "callback", "color": "#3b82f6"})).await;
    let (flag, _) = make(client, "/api/v1/feature-flags", json!({"key": "beta", "value": true})).await;
    let (pool, _) = make(client, "/api/v1/caller-id-pools", json!({"name": "West"})).await;
    let agent = json!({"name": "Ana", "destination": "sip:ana@agents.example", "skills": ["spanish"]});
    let (agent, _) = make(client, "/api/v1/agents", agent).await;
    let (queue, _) = make(client, "/api/v1/queues", json!({"name": "sales", "agentIds": [agent]})).await;
    let lead = json!({"phoneNumber": "(555) 987-6543", "firstName": "Bo", "campaignId": campaign});
    let (lead, _) = make(client, "/api/v1/leads", lead).await;
    for (kind, id) in [
        ("agents", &agent),
        ("queues", &queue),
        ("leads", &lead),
        ("tags", &tag),
        ("feature-flags", &flag),
        ("caller-id-pools", &pool),
        ("publishers", &publisher),
        ("buyers", &buyer),
        ("carriers", &carrier),
        ("trunks", &trunk),
        ("campaigns", &campaign),
        ("numbers", &number),
    ] {
        paths.push(format!("/api/v1/{kind}/{id}"));
    }
    paths.push(format!("/api/v1/buyers/{buyer}/endpoints/{endpoint}"));
    paths
}

#[tokio::test]
async fn everything_is_made_read_and_kept_from_other_tenants() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    for path in everything(&admin).await {
        let seen = admin.get(&path).await.expect(200).json();
        assert!(seen["id"].is_string(), "{seen}");
        stranger.get(&path).await.expect(404);
        stranger.patch(&path, json!({})).await.expect(404);
        stranger.delete(&path).await.expect(404);
        admin.patch(&path, json!({})).await.expect(200);
    }
    for list in [
        "agents",
        "queues",
        "leads",
        "tags",
        "feature-flags",
        "caller-id-pools",
        "publishers",
        "buyers",
        "carriers",
        "trunks",
        "campaigns",
        "numbers",
    ] {
        let mine = admin.get(&format!("/api/v1/{list}")).await.expect(200).json();
        assert_eq!(mine["meta"]["total"], 1, "{list}: {mine}");
        let theirs = stranger.get(&format!("/api/v1/{list}")).await.expect(200).json();
        assert_eq!(theirs["data"], json!([]), "{list}");
    }
}

#[tokio::test]
async fn what_another_tenant_has_cannot_be_named() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    let (publisher, _) = make(&admin, "/api/v1/publishers", json!({"name": "P", "code": "P1"})).await;
    stranger.post("/api/v1/campaigns", json!({"publisherId": publisher, "name": "K"})).await.expect(404);
    stranger.post("/api/v1/buyers", json!({"publisherId": publisher, "name": "B", "code": "B"})).await.expect(404);
}

#[tokio::test]
async fn a_number_shows_its_campaign_and_forgets_it() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let paths = everything(&admin).await;
    let number = paths.iter().find(|path| path.contains("/numbers/")).unwrap();
    let shown = admin.get(number).await.expect(200).json();
    assert_eq!((&shown["number"], &shown["campaign"]["name"]), (&json!("+15551234567"), &json!("K")));
    let changed =
        admin.patch(number, json!({"campaignId": null, "capabilities": {"sms": true}})).await.expect(200).json();
    assert_eq!(changed["campaign"], Value::Null);
    assert_eq!((&changed["capabilities"]["sms"], &changed["capabilities"]["voice"]), (&json!(true), &json!(true)));
    admin.post("/api/v1/numbers", json!({"number": "+15551234567"})).await.expect(409);
    admin.delete(number).await.expect(204);
    assert_eq!(admin.get(number).await.expect(200).json()["status"], "INACTIVE");
}

#[tokio::test]
async fn a_buyer_shows_its_endpoints_and_price() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let paths = everything(&admin).await;
    let buyer = paths.iter().find(|path| path.contains("/buyers/")).unwrap();
    let shown = admin.get(buyer).await.expect(200).json();
    assert_eq!(shown["price"], json!({"amount": "25.5000", "afterSeconds": 30, "currency": "USD"}));
    assert_eq!(shown["endpoints"][0]["terms"]["payout"], "10.0000");
    assert_eq!(shown["caps"]["daily"], 10);
    assert_eq!(shown["timeZone"], "America/New_York", "the tenant's");
}

#[tokio::test]
async fn a_buyer_shows_what_counts_towards_its_caps() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let paths = everything(&admin).await;
    let path = paths.iter().find(|path| path.contains("/buyers/") && !path.contains("/endpoints/")).unwrap();
    let none = json!({"concurrency": 0, "hourly": 0, "daily": 0, "monthly": 0, "total": 0});
    assert_eq!(admin.get(path).await.expect(200).json()["usage"], none);

    let buyer: Uuid = path.rsplit('/').next().unwrap().parse().unwrap();
    let offer = |claims: Vec<Claim>| LeaseRequest {
        lease: platform.id(),
        tenant: platform.tenant,
        call: platform.id(),
        claims,
        is_committed: false,
        now: START,
        until: START.after(Duration::from_hours(2)),
    };
    let zone = TimeZone::get("America/New_York").unwrap();
    let windows = routing::windows(START, &zone);
    let claim = Claim { holder: Holder::Buyer(buyer.into()), caps: routing::Caps::NONE, windows };
    platform.store.reserve(offer(vec![claim])).await.unwrap();
    let one = json!({"concurrency": 1, "hourly": 1, "daily": 1, "monthly": 1, "total": 1});
    assert_eq!(admin.get(path).await.expect(200).json()["usage"], one);
    let listed = admin.get("/api/v1/buyers").await.expect(200).json();
    assert_eq!(listed["data"][0]["usage"], one);

    platform.clock.advance(Duration::from_hours(1));
    let next_hour = admin.get(path).await.expect(200).json();
    assert_eq!((&next_hour["usage"]["hourly"], &next_hour["usage"]["daily"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn every_fault_of_a_buyer_is_named() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let (publisher, _) = make(&admin, "/api/v1/publishers", json!({"name": "P", "code": "P1"})).await;
    let body = json!({"publisherId": publisher, "name": "B", "code": "B", "hours": {"mon": [{"from": "9", "to": "25:00"}],
        "closed": ["soon"]}, "filters": {"areaCodes": ["21"]}});
    let refused = admin.post("/api/v1/buyers", body).await.expect(422);
    assert_eq!(refused.fields(), ["hours.mon[0].from", "hours.mon[0].to", "hours.closed[0]", "filters.areaCodes[0]"]);
    let body = json!({"publisherId": publisher, "name": "", "code": "b b", "timeZone": "Mars"});
    assert_eq!(admin.post("/api/v1/buyers", body).await.expect(422).fields(), ["code", "name", "timeZone"]);
}

#[tokio::test]
async fn a_long_list_is_walked_by_cursor() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    for index in 0..5 {
        make(&admin, "/api/v1/publishers", json!({"name": "P", "code": format!("P{index}")})).await;
    }
    let mut codes = Vec::new();
    let mut path = "/api/v1/publishers?limit=2".to_owned();
    loop {
        let page = admin.get(&path).await.expect(200).json();
        codes.extend(page["data"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()));
        match page["meta"]["nextCursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/publishers?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    codes.sort();
    assert_eq!(codes, ["P0", "P1", "P2", "P3", "P4"]);
    let first = admin.get("/api/v1/publishers?limit=2").await.expect(200).json();
    assert_eq!((&first["meta"]["total"], &first["meta"]["totalPages"]), (&json!(5), &json!(3)));
}

#[tokio::test]
async fn changes_are_in_the_audit_log_without_secrets() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    everything(&admin).await;
    let scope = operations::TenantScope::of(platform.tenant);
    let log = platform.directory.audit.list_audit(scope, &operations::PageRequest::number(1, 100)).await.unwrap();
    let actions: Vec<&str> = log.items.iter().map(|entry| entry.action.as_str()).collect();
    for action in
        ["publisher.create", "buyer.create", "endpoint.create", "trunk.create", "campaign.create", "number.create"]
    {
        assert!(actions.contains(&action), "{actions:?}");
    }
    assert!(!log.items.iter().any(|entry| entry.changes.to_string().contains("long enough")));
}

#[tokio::test]
async fn the_operator_keeps_tenants() {
    let platform = Platform::new().await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let body = json!({"name": "New", "slug": "new-one", "domain": "calls.new.example", "timeZone": "Europe/Berlin"});
    let (id, _) = make(&operator, "/admin/api/v1/tenants", body.clone()).await;
    operator.post("/admin/api/v1/tenants", body).await.expect(409);
    let path = format!("/admin/api/v1/tenants/{id}");
    let changed = operator.patch(&path, json!({"status": "SUSPENDED", "domain": null})).await.expect(200).json();
    assert_eq!((&changed["status"], &changed["domain"]), (&json!("SUSPENDED"), &Value::Null));
    let bad = json!({"name": "x", "slug": "-x", "domain": "UPPER", "timeZone": "x"});
    assert_eq!(operator.post("/admin/api/v1/tenants", bad).await.expect(422).fields(), ["domain", "slug", "timeZone"]);
}
