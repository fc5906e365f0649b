//! Calls the platform places: who may, what is looked at before anybody is called, and what comes of it.

use domain::CallId;
use operations::{PageRequest, TenantScope};
use serde_json::{Value, json};

use crate::{
    directory::make,
    support::{Client, Orders, Platform},
};

const PATH: &str = "/api/v1/calls";
const SOMEBODY: &str = "+12125550147";
const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

/// A campaign whose flow is published, a number of it, and a trunk that carries calls out.
struct Stage {
    campaign: String,
    number: String,
    trunk: String,
}

impl Stage {
    async fn set(admin: &Client<'_>) -> Self {
        // Whom the tests call need not have agreed, nor be awake.
        admin
            .put(
                "/api/v1/compliance/policies/default",
                json!({"outbound": {"dnc": true, "consent": false, "callingHours": false}}),
            )
            .await
            .expect(200);
        let flow = admin.post("/api/v1/flows", crate::flows::document("1")).await.expect(201).json();
        let flow = flow["flowId"].as_str().unwrap();
        admin.send("POST", &format!("/api/v1/flows/{flow}/versions/1/publish"), None).await.expect(200);
        let (publisher, _) = make(admin, "/api/v1/publishers", json!({"name": "P", "code": "P1"})).await;
        let body = json!({"publisherId": publisher, "name": "Solar", "flowId": flow, "status": "ACTIVE"});
        let (campaign, _) = make(admin, "/api/v1/campaigns", body).await;
        let body = json!({"number": "+12125550170", "campaignId": campaign});
        let (number, _) = make(admin, "/api/v1/numbers", body).await;
        let (carrier, _) = make(admin, "/api/v1/carriers", json!({"name": "C", "code": "C1"})).await;
        let body = json!({"carrierId": carrier, "name": "West", "host": "192.0.2.1", "outbound": {}});
        let (trunk, _) = make(admin, "/api/v1/trunks", body).await;
        Self { campaign, number, trunk }
    }

    fn body(&self) -> Value {
        json!({"toNumber": SOMEBODY, "campaignId": self.campaign, "fromNumberId": self.number})
    }
}

fn placed(platform: &Platform) -> usize {
    platform.switch.1.lock().unwrap().len()
}

async fn noted(platform: &Platform, action: &str) -> usize {
    let page = PageRequest::number(1, 100);
    let log = platform.directory.audit.list_audit(TenantScope::of(platform.tenant), &page).await.unwrap();
    log.items.iter().filter(|entry| entry.action == action).count()
}

#[tokio::test]
async fn a_call_is_placed_found_at_once_and_hung_up() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stage = Stage::set(&admin).await;
    let mut body = stage.body();
    body["metadata"] = json!({"offer": "solar", "consentToken": "t1"});
    let call = admin.post(PATH, body).await.expect(201).json();
    assert_eq!((&call["status"], &call["direction"]), (&json!("INITIATED"), &json!("OUTBOUND")));
    assert_eq!((&call["fromNumber"], &call["toNumber"]), (&json!("+12125550170"), &json!(SOMEBODY)));
    assert_eq!((&call["campaignName"], &call["callSid"]), (&json!("Solar"), &Value::Null));
    let id = call["id"].as_str().unwrap();
    assert_eq!(admin.get(&format!("{PATH}/{id}")).await.expect(200).json()["id"], id);
    let order = platform.switch.1.lock().unwrap()[0].clone();
    assert_eq!((order.call.to_string(), order.to.as_str()), (id.to_owned(), SOMEBODY));
    assert_eq!((order.consent_token(), &order.tags["offer"]), (Some("t1"), &json!("solar")));
    admin.post(&format!("{PATH}/{id}/hangup"), json!({})).await.expect(202);
    assert_eq!(platform.switch.0.lock().unwrap()[0].1.to_string(), id);
    assert_eq!(noted(&platform, "call.create").await, 1);
}

#[tokio::test]
async fn who_may_not_write_calls_places_none() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stage = Stage::set(&admin).await;
    let reader = platform.client(platform.tenant, &["calls:read"]).await;
    reader.post(PATH, stage.body()).await.expect(403);
    platform.anonymous().post(PATH, stage.body()).await.expect(401);
    let (publisher, _) = make(&admin, "/api/v1/publishers", json!({"name": "Q", "code": "Q1"})).await;
    let publisher = operations::Side::Publisher(publisher.parse().unwrap());
    platform.sided(&["calls:write"], publisher).await.post(PATH, stage.body()).await.expect(403);
    // Another tenant's campaign and number are nobody's.
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    let fields = stranger.post(PATH, stage.body()).await.expect(422).fields();
    assert_eq!((fields, placed(&platform)), (vec!["fromNumberId".to_owned()], 0));
    let caller = platform.client(platform.tenant, &["calls:write"]).await;
    caller.post(PATH, stage.body()).await.expect(201);
}

#[tokio::test]
async fn the_field_at_fault_is_named() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stage = Stage::set(&admin).await;
    let (lonely, _) = make(&admin, "/api/v1/numbers", json!({"number": "+12125550171"})).await;
    let (publisher, _) = make(&admin, "/api/v1/publishers", json!({"name": "Q", "code": "Q1"})).await;
    let body = json!({"publisherId": publisher, "name": "No flow", "status": "ACTIVE"});
    let (flowless, _) = make(&admin, "/api/v1/campaigns", body).await;
    for (member, value, field) in [
        ("toNumber", json!("four"), "toNumber"),
        ("toNumber", json!(""), "toNumber"),
        ("campaignId", json!(NOBODY), "campaignId"),
        ("campaignId", json!(flowless), "campaignId"),
        ("fromNumberId", json!(NOBODY), "fromNumberId"),
        // The campaign has no caller-ID pool.
        ("fromNumberId", Value::Null, "fromNumberId"),
        ("estimatedMinutes", json!(0), "estimatedMinutes"),
        ("estimatedCost", json!("-1"), "estimatedCost"),
        ("metadata", json!([]), "metadata"),
        ("toName", json!("x"), "toName"),
    ] {
        let mut body = stage.body();
        body[member] = value;
        let fields = admin.post(PATH, body.clone()).await.expect(422).fields();
        assert_eq!(fields, [field], "{body}");
    }
    // Without a campaign: that of the number, where it has one.
    let mut without = stage.body();
    without["campaignId"] = Value::Null;
    assert_eq!(admin.post(PATH, without.clone()).await.expect(201).json()["campaignId"], stage.campaign);
    without["fromNumberId"] = json!(lonely);
    assert_eq!(admin.post(PATH, without).await.expect(422).fields(), ["campaignId"]);
    admin.patch(&format!("/api/v1/numbers/{}", stage.number), json!({"status": "SUSPENDED"})).await.expect(200);
    assert_eq!(admin.post(PATH, stage.body()).await.expect(422).fields(), ["fromNumberId"]);
    admin.patch(&format!("/api/v1/campaigns/{}", stage.campaign), json!({"status": "PAUSED"})).await.expect(200);
    let mut paused = stage.body();
    paused["fromNumberId"] = json!(lonely);
    assert_eq!(admin.post(PATH, paused).await.expect(422).fields(), ["campaignId"]);
    assert_eq!(placed(&platform), 1);
}

#[tokio::test]
async fn the_campaigns_pool_has_its_turn_and_no_trunk_says_so() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stage = Stage::set(&admin).await;
    let (pool, _) = make(&admin, "/api/v1/caller-id-pools", json!({"name": "West"})).await;
    for number in ["+12125550180", "+12125550181"] {
        let (id, _) = make(&admin, "/api/v1/numbers", json!({"number": number})).await;
        admin.put(&format!("/api/v1/caller-id-pools/{pool}/numbers/{id}"), json!({"priority": 1})).await.expect(204);
    }
    let path = format!("/api/v1/campaigns/{}", stage.campaign);
    admin.patch(&path, json!({"callerIdPoolId": pool})).await.expect(200);
    let body = json!({"toNumber": SOMEBODY, "campaignId": stage.campaign});
    let mut shown = Vec::new();
    for _ in 0..2 {
        let call = admin.post(PATH, body.clone()).await.expect(201).json();
        shown.push(call["fromNumber"].as_str().unwrap().to_owned());
    }
    assert_eq!(shown, ["+12125550180", "+12125550181"]);
    admin.patch(&format!("/api/v1/trunks/{}", stage.trunk), json!({"outbound": null})).await.expect(200);
    let refused = admin.post(PATH, body).await.expect(422).json();
    assert_eq!(refused["error"]["code"], "NO_TRUNK");
}

#[tokio::test]
async fn compliance_has_its_word_first() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stage = Stage::set(&admin).await;
    let (list, _) = make(&admin, "/api/v1/compliance/dnc-lists", json!({"name": "own", "type": "GLOBAL"})).await;
    let entry = json!({"phoneNumbers": [SOMEBODY]});
    admin.post(&format!("/api/v1/compliance/dnc-lists/{list}/entries"), entry).await.expect(200);
    let refused = admin.post(PATH, stage.body()).await.expect(403);
    let error = refused.json()["error"].clone();
    assert_eq!((&error["code"], &error["details"][0]["code"]), (&json!("COMPLIANCE_BLOCKED"), &json!("on_dnc_list")));
    assert_eq!((refused.fields(), placed(&platform)), (vec!["toNumber".to_owned()], 0));
    assert_eq!(noted(&platform, "call.blocked").await, 1);
    // The built-in policy asks for consent as well: nothing is known of anybody, so nobody is called.
    admin.put("/api/v1/compliance/policies/default", json!({})).await.expect(200);
    let mut other = stage.body();
    other["toNumber"] = json!("+12125550199");
    let error = admin.post(PATH, other).await.expect(403).json()["error"].clone();
    assert_eq!(error["details"][0]["code"], "no_consent");
}

#[tokio::test]
async fn calls_at_once_and_minutes_of_the_day_are_kept() {
    let platform = Platform::new().await;
    let (admin, operator) = (platform.admin().await, platform.client(platform.tenant, &["platform:admin"]).await);
    let stage = Stage::set(&admin).await;
    let quota = format!("/admin/api/v1/tenants/{}/quota", platform.tenant);
    operator.patch(&quota, json!({"maxMinutesPerDay": 10, "maxConcurrentCalls": 2})).await.expect(200);
    let mut long = stage.body();
    long["estimatedMinutes"] = json!(11);
    let error = admin.post(PATH, long).await.expect(403).json()["error"].clone();
    assert_eq!((&error["code"], &error["current"], &error["limit"]), (&json!("QUOTA_EXCEEDED"), &json!(0), &json!(10)));

    // Five at the same moment: two of them, and not one more.
    let tries = (0..5).map(|_| admin.post(PATH, stage.body()));
    let answers = futures_util::future::join_all(tries).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 2, "{statuses:?}");
    let refused = answers.iter().find(|answer| answer.status == 403).unwrap().json()["error"].clone();
    assert_eq!((&refused["code"], &refused["limit"]), (&json!("QUOTA_EXCEEDED"), &json!(2)));
    assert_eq!((placed(&platform), noted(&platform, "quota.exceeded").await), (2, 4));
}

#[tokio::test]
async fn a_budget_refuses_what_would_break_it_unless_a_token_lets_it_pass() {
    let platform = Platform::new().await;
    let (admin, operator) = (platform.admin().await, platform.client(platform.tenant, &["platform:admin"]).await);
    let stage = Stage::set(&admin).await;
    let tenant = format!("/admin/api/v1/tenants/{}", platform.tenant);
    let budget = format!("{tenant}/budget");
    // Room for one call at once, which a refused one must not hold.
    operator.patch(&format!("{tenant}/quota"), json!({"maxConcurrentCalls": 1})).await.expect(200);
    operator.patch(&budget, json!({"dailyBudget": "0.05", "monthlyBudget": "1"})).await.expect(200);
    let mut dear = stage.body();
    dear["estimatedCost"] = json!("0.06");
    for _ in 0..2 {
        let error = admin.post(PATH, dear.clone()).await.expect(403).json()["error"].clone();
        assert_eq!(error["code"], "BUDGET_EXCEEDED");
        assert_eq!(error["budget"], json!({"current": "0.0000", "limit": "0.0500", "percentage": 0.0}));
    }
    assert_eq!((placed(&platform), noted(&platform, "budget.exceeded").await), (0, 2));
    let made = operator.post(&format!("{budget}/override-token"), json!({})).await.expect(201).json();
    let holder = admin.with("x-quota-override", made["token"].as_str().unwrap());
    holder.post(PATH, dear.clone()).await.expect(201);
    assert_eq!((placed(&platform), noted(&platform, "budget.override.used").await), (1, 1));

    // What fits the day may still break the month; and a budget that only tells stops nothing.
    operator.patch(&format!("{tenant}/quota"), json!({"maxConcurrentCalls": null})).await.expect(200);
    operator.patch(&budget, json!({"dailyBudget": null, "monthlyBudget": "0.01"})).await.expect(200);
    let error = admin.post(PATH, dear.clone()).await.expect(403).json()["error"].clone();
    assert_eq!(error["budget"]["limit"], "0.0100");
    operator.patch(&budget, json!({"hardStopEnabled": false})).await.expect(200);
    admin.post(PATH, dear).await.expect(201);
    assert_eq!(placed(&platform), 2);
}

#[tokio::test]
async fn an_order_nobody_takes_holds_no_room() {
    let platform = Platform::new().await;
    let (admin, operator) = (platform.admin().await, platform.client(platform.tenant, &["platform:admin"]).await);
    let stage = Stage::set(&admin).await;
    let quota = format!("/admin/api/v1/tenants/{}/quota", platform.tenant);
    operator.patch(&quota, json!({"maxConcurrentCalls": 1})).await.expect(200);
    for becomes in [Orders::Refused, Orders::Full] {
        *platform.switch.2.lock().unwrap() = becomes;
        let error = admin.post(PATH, stage.body()).await.expect(503).json()["error"].clone();
        assert_eq!((&error["code"], error["retryAfter"].is_number()), (&json!("UNAVAILABLE"), true), "{becomes:?}");
    }
    *platform.switch.2.lock().unwrap() = Orders::Taken;
    admin.post(PATH, stage.body()).await.expect(201);
    admin.post(PATH, stage.body()).await.expect(403);
}

#[tokio::test]
async fn a_switch_that_says_nothing_is_told_to_end_the_call() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stage = Stage::set(&admin).await;
    *platform.switch.2.lock().unwrap() = Orders::Lost;
    admin.post(PATH, stage.body()).await.expect(503);
    let order = platform.switch.1.lock().unwrap()[0].call;
    assert_eq!(*platform.switch.0.lock().unwrap(), [(platform.tenant, order)]);
}

#[tokio::test]
async fn a_request_with_a_key_places_one_call() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stage = Stage::set(&admin).await;
    let keyed = admin.with("idempotency-key", "call 1");
    let first = keyed.post(PATH, stage.body()).await.expect(201);
    let second = keyed.post(PATH, stage.body()).await.expect(201);
    assert_eq!((second.header("idempotency-replayed"), placed(&platform)), ("true", 1));
    assert_eq!(first.json()["id"], second.json()["id"]);

    // The answer was lost after the order was out: the next try finds the call.
    *platform.switch.2.lock().unwrap() = Orders::Refused;
    let lost = admin.with("idempotency-key", "call 2");
    lost.post(PATH, stage.body()).await.expect(503);
    *platform.switch.2.lock().unwrap() = Orders::Taken;
    let call = lost.post(PATH, stage.body()).await.expect(201).json();
    assert_eq!(placed(&platform), 2);
    let order = platform.switch.1.lock().unwrap()[1].call;
    assert_eq!(call["id"].as_str().unwrap().parse::<uuid::Uuid>().map(CallId).unwrap(), order);
}
