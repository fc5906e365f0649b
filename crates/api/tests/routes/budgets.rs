//! What tenants may spend: limits, tokens that let pass, who is told.

use std::{sync::Arc, time::Duration};

use operations::{Ids, Jobs as _, PageRequest, Settle, TenantScope, token_hash};
use serde_json::{Value, json};

use crate::{
    directory::make,
    openapi::NOBODY,
    support::{Client, Platform},
};

async fn actions(platform: &Platform, tenant: domain::TenantId) -> Vec<(String, Value)> {
    let log = platform.directory.audit.list_audit(TenantScope::of(tenant), &PageRequest::number(1, 100)).await.unwrap();
    log.items.into_iter().map(|entry| (entry.action, entry.changes)).collect()
}

async fn operator(platform: &Platform) -> Client<'_> {
    platform.client(platform.tenant, &["platform:admin"]).await
}

#[tokio::test]
async fn a_budget_is_made_changed_and_lifted_by_the_operator() {
    let platform = Platform::new().await;
    let operator = operator(&platform).await;
    let path = format!("/admin/api/v1/tenants/{}/budget", platform.other);
    operator.get(&path).await.expect(404);
    let body = json!({"dailyBudget": "12.345678", "monthlyBudget": "100", "alertEmails": ["b@x.example", "a@x.example", "b@x.example"],
        "alertSlackWebhook": "https://hooks.slack.example/services/T/B/secret"});
    let made = operator.patch(&path, body).await.expect(200).json();
    assert_eq!((&made["dailyBudget"], &made["monthlyBudget"]), (&json!("12.345678"), &json!("100.0000")));
    assert_eq!(
        (&made["alertThreshold"], &made["hardStopEnabled"], &made["enabled"]),
        (&json!(80), &json!(true), &json!(true))
    );
    assert_eq!((&made["currency"], &made["alertEmails"]), (&json!("USD"), &json!(["a@x.example", "b@x.example"])));
    assert_eq!((&made["currentDaySpend"], &made["alerts"]), (&json!("0.0000"), &json!([])));
    assert_eq!(made["hasAlertSlackWebhook"], true);
    assert!(!made.to_string().contains("secret"), "the webhook is a secret");
    let read = operator.get(&path).await.expect(200);
    assert_eq!(read.json(), made);
    let tag = read.header("etag").to_owned();
    let changed = operator.with("if-match", &tag).patch(&path, json!({"dailyBudget": null, "enabled": false})).await;
    let changed = changed.expect(200).json();
    assert_eq!(
        (&changed["dailyBudget"], &changed["monthlyBudget"]),
        (&Value::Null, &json!("100.0000")),
        "null lifts, absent stays"
    );
    operator.with("if-match", &tag).patch(&path, json!({})).await.expect(412);
    let wrong = json!({"dailyBudget": "0", "monthlyBudget": "-1", "currency": "usd", "alertThreshold": 101, "alertEmails": ["nobody"],
        "alertSlackWebhook": "ftp://x"});
    let faults = operator.patch(&path, wrong).await.expect(422).fields();
    let all = ["alertEmails[0]", "alertSlackWebhook", "alertThreshold", "currency", "dailyBudget", "monthlyBudget"];
    assert_eq!(faults, all);
    operator.patch(&path, json!({"dailyBudget": 5})).await.expect(422);
    for webhook in
        ["http://hooks.example/x", "http://127.0.0.1.hooks.example", "https://hooks.example/a b", "hooks.example"]
    {
        let faults = operator.patch(&path, json!({"alertSlackWebhook": webhook})).await.expect(422).fields();
        assert_eq!(faults, ["alertSlackWebhook"], "{webhook}");
    }
    let nobody = format!("/admin/api/v1/tenants/{NOBODY}/budget");
    operator.get(&nobody).await.expect(404);
    operator.patch(&nobody, json!({})).await.expect(404);
    platform.admin().await.patch(&path, json!({})).await.expect(403);
    let log = actions(&platform, platform.other).await;
    let (_, update) = log.iter().find(|(action, _)| action == "budget.update").unwrap();
    assert_eq!(update["dailyBudget"], json!({"before": "12.345678", "after": null}));
    assert!(update.get("monthlyBudget").is_none(), "{update}");
    assert!(!format!("{log:?}").contains("secret"), "nor in the log");
}

#[tokio::test]
async fn what_is_charged_is_spent_and_only_ones_own() {
    let platform = Platform::new().await;
    let (admin, operator) = (platform.admin().await, operator(&platform).await);
    platform.rate_card().await;
    let path = format!("/admin/api/v1/tenants/{}/budget", platform.tenant);
    operator.patch(&path, json!({"dailyBudget": "1", "monthlyBudget": "100"})).await.expect(200);
    crate::calls::sold_call(&platform, 0).await;
    let store = Arc::new(platform.store.clone());
    let settle = Settle::new(store.clone(), platform.bus.clone(), Arc::new(Ids::new(domain::Seed::from_number(9))));
    let now = platform.now().after(Duration::from_secs(60));
    let jobs = store.take_jobs(now, Duration::from_secs(60), 10).await.unwrap();
    assert_eq!(settle.settle(&jobs, now).await.unwrap().settled, 1);
    let balances = platform.directory.books.balances(TenantScope::of(platform.tenant)).await.unwrap();
    let charged = balances.iter().find(|balance| balance.account == operations::PLATFORM_EXPENSE).unwrap().amount;
    let own = admin.get("/api/v1/budget").await.expect(200).json();
    assert_eq!(own["currentDaySpend"], charged.exact());
    assert_ne!(own["currentDaySpend"], "0.0000");
    assert_eq!(own["currentMonthSpend"], own["currentDaySpend"]);
    let status =
        operator.get(&format!("/admin/api/v1/tenants/{}/quota/status", platform.tenant)).await.expect(200).json();
    assert_eq!(status["budget"]["daily"]["current"], own["currentDaySpend"]);
    let spent: f64 = own["currentDaySpend"].as_str().unwrap().parse().unwrap();
    assert!((status["budget"]["daily"]["percentage"].as_f64().unwrap() - spent * 100.0).abs() < 0.01, "{status}");
    platform.clock.advance(Duration::from_hours(24));
    let tomorrow = admin.get("/api/v1/budget").await.expect(200).json();
    assert_eq!(tomorrow["currentDaySpend"], "0.0000");
    assert_eq!(tomorrow["currentMonthSpend"], own["currentMonthSpend"]);
    platform.clock.advance(Duration::from_hours(24 * 10));
    assert_eq!(admin.get("/api/v1/budget").await.expect(200).json()["currentMonthSpend"], "0.0000");
    let other = platform.client(platform.other, &["admin:*"]).await;
    other.get("/api/v1/budget").await.expect(404);
    assert_eq!(other.get("/api/v1/quota/status").await.expect(200).json()["budget"], Value::Null);
}

#[tokio::test]
async fn a_tenant_chooses_who_is_told_but_no_limit() {
    let platform = Platform::new().await;
    let (admin, operator) = (platform.admin().await, operator(&platform).await);
    admin.patch("/api/v1/budget", json!({"alertThreshold": 50})).await.expect(404);
    let path = format!("/admin/api/v1/tenants/{}/budget", platform.tenant);
    operator.patch(&path, json!({"dailyBudget": "1"})).await.expect(200);
    let changed = admin.patch("/api/v1/budget", json!({"alertThreshold": 50, "alertEmails": ["a@x.example"]})).await;
    assert_eq!(changed.expect(200).json()["alertThreshold"], 50);
    assert_eq!(admin.patch("/api/v1/budget", json!({"dailyBudget": null})).await.expect(422).fields(), ["dailyBudget"]);
    let reader = platform.client(platform.tenant, &["billing:read"]).await;
    assert_eq!(reader.get("/api/v1/budget").await.expect(200).json()["alertEmails"], json!(["a@x.example"]));
    reader.patch("/api/v1/budget", json!({})).await.expect(403);
    platform.client(platform.tenant, &["calls:read"]).await.get("/api/v1/budget").await.expect(403);
}

#[tokio::test]
async fn a_token_lets_a_quota_pass_until_it_is_over() {
    let platform = Platform::new().await;
    let (admin, operator) = (platform.admin().await, operator(&platform).await);
    let budget = format!("/admin/api/v1/tenants/{}/budget", platform.tenant);
    let tokens = format!("{budget}/override-token");
    operator.post(&tokens, json!({})).await.expect(404);
    operator.delete(&tokens).await.expect(404);
    operator.patch(&budget, json!({})).await.expect(200);
    let quota = format!("/admin/api/v1/tenants/{}/quota", platform.tenant);
    operator.patch(&quota, json!({"maxPhoneNumbers": 1})).await.expect(200);
    make(&admin, "/api/v1/numbers", json!({"number": "+12125550170"})).await;

    let made = operator.post(&tokens, json!({"expiresInHours": 2})).await.expect(201).json();
    let token = made["token"].as_str().unwrap().to_owned();
    assert_eq!((token.len(), token.starts_with("qot_")), (68, true));
    assert_eq!((&made["expiresAt"], &made["expiresInHours"]), (&json!("2026-11-23T18:00:00.000000Z"), &json!(2)));
    let kept = platform.directory.budgets.budget_of(TenantScope::of(platform.tenant)).await.unwrap().unwrap();
    assert_eq!(kept.override_hash, Some(token_hash(&token)), "only its hash is kept");
    assert!(!operator.get(&budget).await.expect(200).text().contains("qot_"));

    let refused = async |token: &str| {
        let body = json!({"number": "+12125550172"});
        let answer = admin.with("x-quota-override", token).post("/api/v1/numbers", body).await.expect(403).json();
        assert_eq!(answer["error"]["code"], "QUOTA_EXCEEDED");
        answer["error"]["message"].as_str().unwrap().to_owned()
    };
    admin.post("/api/v1/numbers", json!({"number": "+12125550171"})).await.expect(403);
    assert!(refused("qot_wrong").await.contains("not known"));
    let holder = admin.with("x-quota-override", &token);
    holder.post("/api/v1/numbers", json!({"number": "+12125550171"})).await.expect(201);
    // Nobody else's.
    let other = platform.client(platform.other, &["admin:*"]).await;
    operator
        .patch(&format!("/admin/api/v1/tenants/{}/quota", platform.other), json!({"maxPhoneNumbers": 1}))
        .await
        .expect(200);
    make(&other, "/api/v1/numbers", json!({"number": "+12125550180"})).await;
    other.with("x-quota-override", &token).post("/api/v1/numbers", json!({"number": "+12125550181"})).await.expect(403);

    platform.clock.advance(Duration::from_secs(7_200));
    assert!(refused(&token).await.contains("expired"));
    let second = operator.post(&tokens, json!({})).await.expect(201).json();
    assert_eq!(second["expiresInHours"], 24);
    assert!(refused(&token).await.contains("not known"), "one per tenant");
    let second = second["token"].as_str().unwrap();
    assert_eq!(operator.delete(&tokens).await.expect(200).json(), json!({"success": true}));
    operator.delete(&tokens).await.expect(200);
    assert!(refused(second).await.contains("not known"), "taken back");
    for hours in [0, 8_761] {
        assert_eq!(
            operator.post(&tokens, json!({"expiresInHours": hours})).await.expect(422).fields(),
            ["expiresInHours"]
        );
    }
    let log = actions(&platform, platform.tenant).await;
    assert_eq!(log.iter().filter(|(action, _)| action == "quota.override.used").count(), 1);
    assert!(!format!("{log:?}").contains("qot_"), "no token in the log");
}

/// Where a token counts, the document says so, and nowhere else.
#[tokio::test]
async fn the_document_says_which_requests_take_a_token() {
    let operations = crate::openapi::Operation::all();
    let takes = operations.iter().filter(|operation| operation.takes("X-Quota-Override"));
    let mut named: Vec<&str> = takes.map(crate::openapi::Operation::id).collect();
    named.sort_unstable();
    assert_eq!(named, ["createNumber", "importNumbers", "initiateCall"]);
    let platform = Platform::new().await;
    let (admin, operator) = (platform.admin().await, operator(&platform).await);
    let tenant = format!("/admin/api/v1/tenants/{}", platform.tenant);
    operator.patch(&format!("{tenant}/budget"), json!({})).await.expect(200);
    operator.patch(&format!("{tenant}/quota"), json!({"maxPhoneNumbers": 1})).await.expect(200);
    let token = operator.post(&format!("{tenant}/budget/override-token"), json!({})).await.expect(201).json();
    let file = b"number\n+12125550170\n+12125550171\n".to_vec();
    let body = || Some(("text/csv", file.clone()));
    let report = admin.send("POST", "/api/v1/numbers/import", body()).await.json();
    assert_eq!((&report["imported"], &report["failed"]), (&json!(1), &json!(1)), "{report}");
    let holder = admin.with("x-quota-override", token["token"].as_str().unwrap());
    let report = holder.send("POST", "/api/v1/numbers/import", body()).await.json();
    assert_eq!((&report["imported"], &report["unchanged"]), (&json!(1), &json!(1)), "{report}");
}
