//! Every list of the document: its pages, its orders, and that each order is one.

use std::{cmp::Ordering, collections::BTreeMap, time::Duration};

use domain::{Attestation, CallEvent, CallId, EndCause, Party, RecordingId, StartedCall, What};
use operations::{EventLog as _, Pace, Role, Schedules as _};
use serde_json::{Value, json};

use crate::{
    directory::make,
    openapi::Operation,
    support::{Client, PASSWORD, Platform},
};

/// Lists that are short by their nature, and whole: no page, no order.
const WHOLE: [&str; 3] = [
    // Of the program, not of a tenant.
    "/api/v1/permissions",
    // Asked of a provider, who has no second page; compared over all.
    "/api/v1/available-numbers",
    "/admin/api/v1/numbers/audit",
];

/// Three of each kind, in no order but that of time, some with members that others lack. Answers the paths of those that hold lists.
async fn fill(platform: &Platform, admin: &Client<'_>) -> BTreeMap<&'static str, String> {
    let mut held = BTreeMap::new();
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    platform.rate_card().await;
    let account = operator.get("/api/v1/billing/rate-cards").await.json()["data"].clone();
    let account = account.get(0).map(|card| card["billingAccountId"].clone());
    let account = match account {
        Some(account) => account,
        None => admin.get("/api/v1/billing/rate-cards").await.expect(200).json()["data"][0]["billingAccountId"].clone(),
    };
    admin.put("/api/v1/compliance/policies/default", json!({"allowOverride": true})).await.expect(200);
    for (index, word) in (0_u64..).zip(["mid", "top", "end"]) {
        platform.clock.advance(Duration::from_secs(7));
        let own = |text: &str| format!("{text}-{word}");
        let (publisher, _) = make(
            admin,
            "/api/v1/publishers",
            json!({"name": word, "code": own("P"), "status": if index == 1 { "INACTIVE" } else { "ACTIVE" }}),
        )
        .await;
        let buyer =
            json!({"publisherId": publisher, "name": word, "code": own("B"), "weight": 9 - index, "priority": index});
        let (buyer, _) = make(admin, "/api/v1/buyers", buyer).await;
        let endpoints = held.entry("/api/v1/buyers/{id}/endpoints").or_insert(buyer).clone();
        let terms = json!({"revenue": "25.5", "revenueAfterSeconds": 30, "payout": "10"});
        let endpoint = json!({"type": "SIP", "destination": format!("sip:{word}@127.0.0.1:5091"), "terms": terms,
            "priority": 5 - index});
        make(admin, &format!("/api/v1/buyers/{endpoints}/endpoints"), endpoint).await;
        let (carrier, _) = make(admin, "/api/v1/carriers", json!({"name": word, "code": own("C")})).await;
        let trunk = json!({"carrierId": carrier, "name": word, "host": format!("{word}.example"),
            "sourceCidrs": ["127.0.0.0/8"]});
        make(admin, "/api/v1/trunks", trunk).await;
        make(admin, "/api/v1/campaigns", json!({"publisherId": publisher, "name": word})).await;
        make(admin, "/api/v1/numbers", json!({"number": format!("+1555123000{}", 7 - index)})).await;
        make(admin, "/api/v1/numbers", json!({"areaCode": "917"})).await;
        make(admin, "/api/v1/tags", json!({"name": word})).await;
        let pace = Pace::Every(Duration::from_secs(90 - index * 30));
        platform.store.register_schedule(word, pace, platform.now()).await.unwrap();
        let kinds = ["phone_numbers", "concurrent_calls", "minutes_per_day"];
        let exception = json!({"quotaType": kinds[index as usize], "overrideValue": 900 - index, "reason": word});
        operator
            .post(&format!("/admin/api/v1/tenants/{}/quota/overrides", platform.tenant), exception)
            .await
            .expect(201);
        make(admin, "/api/v1/feature-flags", json!({"key": word, "value": true})).await;
        make(admin, "/api/v1/caller-id-pools", json!({"name": word})).await;
        make(admin, "/api/v1/queues", json!({"name": word})).await;
        let status = if index == 1 { "AVAILABLE" } else { "OFFLINE" };
        let agent = json!({"name": word, "destination": format!("sip:{word}@agents.example"), "status": status});
        make(admin, "/api/v1/agents", agent).await;
        make(admin, "/api/v1/roles", json!({"name": word, "permissions": ["calls:read"]})).await;
        let mut lead = json!({"phoneNumber": format!("+1555987000{}", 7 - index), "priority": 5 - index});
        let mut key = json!({"name": word, "scopes": ["calls:read"]});
        if index != 1 {
            lead["lastName"] = json!(word);
            key["expiresAt"] = json!(format!("2027-01-0{}T00:00:00Z", 9 - index));
        }
        let (lead, _) = make(admin, "/api/v1/leads", lead).await;
        held.insert("/api/v1/leads/{id}/calls", lead);
        make(admin, "/api/v1/api-keys", key).await;
        for version in ["1", "2", "10"] {
            admin.post("/api/v1/flows", crate::flows::document(version)).await.expect(201);
        }
        let mut flow = crate::flows::document("1");
        (flow["id"], flow["name"]) = (json!(own("flow")), json!(word));
        admin.post("/api/v1/flows", flow).await.expect(201);
        platform.user(platform.tenant, &format!("{word}@acme.example"), Role::Analyst).await;
        let card = json!({"tenantId": platform.tenant, "billingAccountId": account, "name": word,
            "effectiveFrom": format!("2026-03-0{}T00:00:00Z", 9 - index), "rates": {"inbound": {"perMinute": "0.05"}}});
        operator.post("/admin/api/v1/rate-cards", card).await.expect(201);
        let currency = ["USD", "EUR", "CAD"][index as usize];
        let another = json!({"tenantId": platform.tenant, "name": word, "currency": currency});
        let (another, _) = make(&operator, "/admin/api/v1/billing-accounts", another).await;
        let closed = json!({"status": if index == 1 { "CLOSED" } else { "SUSPENDED" }});
        operator.patch(&format!("/admin/api/v1/billing-accounts/{another}"), closed).await.expect(200);
        let (list, _) = make(admin, "/api/v1/compliance/dnc-lists", json!({"name": word, "type": "GLOBAL"})).await;
        let path = format!("/api/v1/compliance/dnc-lists/{list}/entries");
        let numbers: Vec<String> = (0..=index * 2).map(|number| format!("+1212555010{number}")).collect();
        admin.post(&path, json!({"phoneNumbers": numbers})).await.expect(200);
        held.insert("/api/v1/compliance/dnc-lists/{id}/entries", list);
        let number = format!("+1212555020{}", 7 - index);
        let asked = json!({"phoneNumber": number, "reason": "asked by mail"});
        admin.post("/api/v1/compliance/override", asked).await.expect(201);
        let token = if index == 1 { "good" } else { "else" };
        let consent = json!({"phoneNumber": number, "token": format!("{token}{}", "x".repeat(usize::from(index > 1))),
            "provider": "TRUSTEDFORM"});
        admin.post("/api/v1/compliance/consent", consent).await.expect(201);
        let call = call(platform).await;
        held.entry("/api/v1/calls/{id}/tags").or_insert(call.to_string());
        let said = json!({"engine": "other", "durationSec": 1, "fullText": word});
        admin.put(&format!("/api/v1/calls/{call}/transcript"), said).await.expect(200);
    }
    short(platform, admin, &mut held).await;
    held
}

/// Lists within something: a call's tags, a pool's numbers, a flow's versions, somebody's sessions.
async fn short(platform: &Platform, admin: &Client<'_>, held: &mut BTreeMap<&'static str, String>) {
    let ids = async |path: &str| -> Vec<String> {
        let listed = admin.get(path).await.expect(200).json();
        listed["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    for tag in ids("/api/v1/tags").await {
        let path = format!("/api/v1/calls/{}/tags/{tag}", held["/api/v1/calls/{id}/tags"]);
        admin.send("PUT", &path, None).await.expect(204);
    }
    let pool = ids("/api/v1/caller-id-pools").await.remove(0);
    for (number, priority) in ids("/api/v1/numbers").await.iter().zip([5, 1, 5]) {
        let path = format!("/api/v1/caller-id-pools/{pool}/numbers/{number}");
        admin.put(&path, json!({"priority": priority})).await.expect(204);
    }
    held.insert("/api/v1/caller-id-pools/{id}/numbers", pool);
    let flows = admin.get("/api/v1/flows").await.expect(200).json();
    let flow = flows["data"].as_array().unwrap().iter().find(|flow| flow["key"] == "direct").unwrap();
    held.insert("/api/v1/flows/{id}/versions", flow["id"].as_str().unwrap().to_owned());
    held.insert("/admin/api/v1/tenants/{id}/quota/overrides", platform.tenant.to_string());
    let many = platform.user(platform.tenant, MANY, Role::Analyst).await;
    for _ in 0..3 {
        platform.clock.advance(Duration::from_secs(7));
        crate::auth::sign_in(&platform.anonymous(), MANY, PASSWORD).await.expect(200);
    }
    held.insert("/api/v1/users/{id}/sessions", many.id.to_string());
}

/// Somebody with several sessions.
const MANY: &str = "many@acme.example";

/// A call that was recorded and is over; its settlement waits.
async fn call(platform: &Platform) -> CallId {
    let (call, recording): (CallId, RecordingId) = (platform.id(), platform.id());
    let started = StartedCall {
        attestation: Attestation::A,
        ..StartedCall::unrouted("+15551230001", "+15551234567", "abc@example", platform.id())
    };
    let what = [
        What::Started(Box::new(started)),
        What::Answered,
        What::RecordingStarted { recording, key: format!("{recording}.wav"), channels: 2 },
        What::RecordingFinished { recording, duration_ms: 2_000, bytes: 100 },
        What::Ended { cause: EndCause::Normal, by: Party::Callee, sip_status: None, detail: None },
    ];
    let events = what.into_iter().zip(0_u32..);
    let events = events.map(|(what, sequence)| CallEvent {
        tenant: platform.tenant,
        call,
        sequence,
        at: platform.now().after(Duration::from_secs(u64::from(sequence))),
        what,
    });
    platform.store.append(events.collect()).await.unwrap();
    call
}

/// As lists order: what has no value first, numbers as numbers.
fn compared(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Number(one), Value::Number(other)) => one.as_f64().partial_cmp(&other.as_f64()).unwrap(),
        (one, other) => one.as_str().unwrap().cmp(other.as_str().unwrap()),
    }
}

#[tokio::test]
async fn every_list_has_pages_and_orders_and_keeps_them() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let held = fill(&platform, &admin).await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let signed_in = crate::auth::sign_in(&platform.anonymous(), MANY, PASSWORD).await.expect(200).json();
    let person =
        platform.anonymous().with("authorization", &format!("Bearer {}", signed_in["token"].as_str().unwrap()));
    let (mut lists, mut long) = (0, 0);
    for operation in Operation::all() {
        if operation.method != "GET" || !operation.is_list() || WHOLE.contains(&operation.path.as_str()) {
            continue;
        }
        let path = &operation.path;
        for parameter in ["page", "limit", "cursor", "sort"] {
            assert!(operation.takes(parameter), "{path} has no {parameter}");
        }
        let address = match held.get(path.as_str()) {
            Some(id) => path.replace("{id}", id),
            None => path.clone(),
        };
        let client = match path.as_str() {
            "/auth/sessions" => &person,
            path if path.starts_with("/admin/") || path.starts_with("/api/v1/admin/billing/") => &operator,
            _ => &admin,
        };
        let refused = client.get(&format!("{address}?sort=colour")).await.expect(422);
        assert_eq!(refused.fields(), ["sort"], "{path}");
        let orders = operation.orders();
        let fields: Vec<&str> = orders.iter().map(String::as_str).filter(|order| !order.starts_with('-')).collect();
        assert!(refused.text().contains(&fields.join(", ")), "{path} does not say what it is ordered by");
        for field in fields {
            let whole = |order: &str| format!("{address}?limit=100&sort={order}");
            let up = client.get(&whole(field)).await.expect(200).json()["data"].as_array().unwrap().clone();
            let down = client.get(&whole(&format!("-{field}"))).await.expect(200).json();
            assert!(
                up.is_sorted_by(|one, other| compared(&one[field], &other[field]).is_le()),
                "{path}?sort={field}: {:?}",
                up.iter().map(|item| &item[field]).collect::<Vec<_>>()
            );
            let turned: Vec<Value> = up.iter().rev().cloned().collect();
            // The log grows by being looked at elsewhere, never here.
            assert_eq!(down["data"].as_array().unwrap(), &turned, "{path}?sort=-{field}");
            for (order, all) in [(field.to_owned(), &up), (format!("-{field}"), &turned)] {
                let mut next = format!("{address}?limit=2&sort={order}");
                let mut seen = Vec::new();
                loop {
                    let part = client.get(&next).await.expect(200).json();
                    seen.extend(part["data"].as_array().unwrap().clone());
                    let Some(cursor) = part["meta"]["nextCursor"].as_str() else { break };
                    next = format!("{address}?limit=2&sort={order}&cursor={cursor}");
                }
                assert_eq!(&seen, all, "{path}?sort={order}, page by page");
            }
            long += usize::from(up.len() > 2);
        }
        lists += 1;
    }
    assert!(lists >= 39 && long > 110, "{lists} lists, {long} orders of several items");
}

#[tokio::test]
async fn a_cursor_goes_on_only_in_the_order_it_came_from() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    fill(&platform, &admin).await;
    let page = admin.get("/api/v1/buyers?limit=1&sort=name").await.expect(200).json();
    let cursor = page["meta"]["nextCursor"].as_str().unwrap();
    for order in ["", "&sort=code", "&sort=priority"] {
        admin.get(&format!("/api/v1/buyers?limit=1&cursor={cursor}{order}")).await.expect(422);
    }
    admin.get(&format!("/api/v1/buyers?limit=1&cursor={cursor}&sort=-name")).await.expect(200);
}

#[tokio::test]
async fn lists_are_narrowed_by_what_people_know() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    fill(&platform, &admin).await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    for (path, found) in [
        ("/api/v1/buyers?code=B-top", 1),
        ("/api/v1/buyers?code=B-to", 0),
        ("/api/v1/publishers?code=P-end", 1),
        ("/api/v1/publishers?code=p-end", 0),
        ("/api/v1/publishers?search=p-END", 1),
        ("/api/v1/carriers?code=C-mid", 1),
        ("/api/v1/carriers?search=TO", 1),
        ("/api/v1/trunks?search=top.example", 1),
        ("/api/v1/caller-id-pools?search=en", 1),
        ("/api/v1/api-keys?search=mid", 1),
        ("/api/v1/users?email=TOP@acme.example", 1),
        ("/api/v1/users?email=op@acme.example", 0),
        ("/api/v1/billing/rate-cards?search=mid", 1),
        ("/admin/api/v1/tenants?search=GLOB", 1),
        ("/admin/api/v1/tenants?status=SUSPENDED", 0),
        ("/admin/api/v1/carriers?code=C-mid", 1),
    ] {
        let client = if path.starts_with("/admin/") { &operator } else { &admin };
        let list = client.get(path).await.expect(200).json();
        assert_eq!(list["meta"]["total"], found, "{path}: {list}");
    }
}
