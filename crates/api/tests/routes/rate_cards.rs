//! Rate cards and billing accounts, as the operator of the platform keeps them and tenants read them.

use serde_json::{Value, json};

use crate::{
    directory::make,
    support::{Client, Platform},
};

const RATES: &str = "/admin/api/v1/rate-cards";
/// The same by another name.
const BILLING: &str = "/api/v1/admin/billing/rate-cards";
const ACCOUNTS: &str = "/admin/api/v1/billing-accounts";

fn names(listed: &Value) -> Vec<&str> {
    listed["data"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

async fn list(client: &Client<'_>, path: &str) -> Value {
    client.get(path).await.expect(200).json()
}

/// An account of each tenant, both called alike.
async fn accounts(platform: &Platform, operator: &Client<'_>) -> [String; 2] {
    let mut ids = Vec::new();
    for tenant in [platform.tenant, platform.other] {
        platform.clock.advance(std::time::Duration::from_secs(1));
        ids.push(make(operator, ACCOUNTS, json!({"tenantId": tenant, "name": "Main"})).await.0);
    }
    ids.try_into().unwrap()
}

fn card(account: &str, name: &str) -> Value {
    json!({"billingAccountId": account, "name": name, "effectiveFrom": "2026-01-01T00:00:00Z",
        "rates": {"inbound": {"perMinute": "0.012345"}}})
}

#[tokio::test]
async fn the_operator_sees_and_sets_every_tenants_prices_by_either_path() {
    let platform = Platform::new().await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let [own, others] = accounts(&platform, &operator).await;
    let (first, made) = make(&operator, RATES, card(&own, "one")).await;
    assert_eq!(made["tenantId"], platform.tenant.to_string(), "the account says whose");
    platform.clock.advance(std::time::Duration::from_secs(1));
    let (second, made) = make(&operator, BILLING, card(&others, "two")).await;
    assert_eq!(made["tenantId"], platform.other.to_string());
    assert_eq!(made["rates"]["inbound"]["perMinute"], "0.012345");
    for path in [RATES, BILLING] {
        assert_eq!(names(&list(&operator, path).await), ["two", "one"], "{path}");
        assert_eq!(names(&list(&operator, &format!("{path}?tenantId={}", platform.other)).await), ["two"], "{path}");
        assert_eq!(names(&list(&operator, &format!("{path}?billingAccountId={own}")).await), ["one"], "{path}");
        assert_eq!(names(&list(&operator, &format!("{path}?status=INACTIVE")).await), [""; 0], "{path}");
        assert_eq!(names(&list(&operator, &format!("{path}?limit=1&page=2")).await), ["one"], "{path}");
        let page = list(&operator, &format!("{path}?limit=1")).await;
        let cursor = page["meta"]["nextCursor"].as_str().unwrap();
        assert_eq!(names(&list(&operator, &format!("{path}?limit=1&cursor={cursor}")).await), ["one"], "{path}");
        platform.admin().await.get(path).await.expect(403);
        platform.admin().await.post(path, card(&own, "mine")).await.expect(403);
    }
    let read = operator.get(&format!("{RATES}/{second}")).await.expect(200);
    let tag = read.header("etag").to_owned();
    assert_eq!((&read.json()["name"], &read.json()["billingAccountId"]), (&json!("two"), &json!(others)));
    platform.admin().await.get(&format!("{RATES}/{second}")).await.expect(403);
    platform.admin().await.get(&format!("/api/v1/billing/rate-cards/{second}")).await.expect(404);
    let change = json!({"status": "INACTIVE", "metadata": {"erp": 7}});
    let changed = operator.with("if-match", &tag).patch(&format!("{RATES}/{second}"), change).await.expect(200).json();
    assert_eq!((&changed["status"], &changed["metadata"]), (&json!("INACTIVE"), &json!({"erp": 7})));
    operator.with("if-match", &tag).patch(&format!("{RATES}/{second}"), json!({})).await.expect(412);
    assert_eq!(names(&list(&operator, &format!("{RATES}?status=INACTIVE")).await), ["two"]);
    // Whoever names a tenant means that one's.
    operator.patch(&format!("{RATES}/{first}?tenantId={}", platform.other), json!({})).await.expect(404);
    let mut foreign = card(&others, "three");
    foreign["tenantId"] = json!(platform.tenant);
    operator.post(RATES, foreign).await.expect(404);
    operator.post(BILLING, card(crate::openapi::NOBODY, "three")).await.expect(404);
    assert_eq!(
        operator.post(BILLING, json!({"name": "", "rates": {}})).await.expect(422).fields(),
        ["billingAccountId", "effectiveFrom"]
    );
    let log = platform.admin().await.get("/api/v1/audit-logs?action=rate_card.*").await.expect(200).json();
    assert_eq!(log["meta"]["total"], 3, "{log}");
}

#[tokio::test]
async fn a_tenant_has_accounts_the_operator_keeps() {
    let platform = Platform::new().await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let [own, others] = accounts(&platform, &operator).await;
    let listed = list(&operator, ACCOUNTS).await;
    let whose = |row: &Value| row["tenantName"].as_str().unwrap().to_owned();
    let tenants: Vec<String> = listed["data"].as_array().unwrap().iter().map(whose).collect();
    assert_eq!(tenants, ["globex", "acme"]);
    for (query, count) in [
        ("search=mai", 2),
        ("search=GLOB", 1),
        ("search=nobody", 0),
        ("search=%25", 0),
        ("status=CLOSED", 0),
        (&*format!("tenantId={}", platform.other), 1),
        (&*format!("tenantId={}&search=acme", platform.other), 0),
    ] {
        assert_eq!(list(&operator, &format!("{ACCOUNTS}?{query}")).await["meta"]["total"], count, "{query}");
    }
    let admin = platform.admin().await;
    let mine = list(&admin, "/api/v1/billing/accounts").await;
    assert_eq!((&mine["meta"]["total"], &mine["data"][0]["id"]), (&json!(1), &json!(own)));
    assert_eq!(list(&admin, "/api/v1/billing/accounts?search=globex").await["meta"]["total"], 0);
    assert_eq!(admin.get(&format!("/api/v1/billing/accounts/{own}")).await.expect(200).json()["currency"], "USD");
    admin.get(&format!("/api/v1/billing/accounts/{others}")).await.expect(404);
    admin.get(ACCOUNTS).await.expect(403);
    platform.client(platform.tenant, &["calls:read"]).await.get("/api/v1/billing/accounts").await.expect(403);
    let path = format!("{ACCOUNTS}/{others}");
    let changed = operator.patch(&path, json!({"name": "Closed", "status": "CLOSED"})).await.expect(200).json();
    assert_eq!((&changed["status"], &changed["tenantName"]), (&json!("CLOSED"), &json!("globex")));
    assert_eq!(operator.patch(&path, json!({"currency": "EUR"})).await.expect(422).fields(), ["currency"]);
    let wrong = json!({"tenantId": platform.tenant, "name": "", "currency": "euro"});
    assert_eq!(operator.post(ACCOUNTS, wrong).await.expect(422).fields(), ["currency", "name"]);
    operator.post(ACCOUNTS, json!({"tenantId": crate::openapi::NOBODY, "name": "x"})).await.expect(404);
}
