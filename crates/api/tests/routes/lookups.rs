//! Numbers looked up: who is asked, what is kept, and what a tenant says itself.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::PhoneNumber;
use operations::{LookupKind, LookupProvider, NumberFacts, ProviderError};
use serde_json::{Value, json};

use crate::support::{Client, Platform};

/// Knows everybody whose number does not end in 0, and counts how often it is asked.
pub struct Informant {
    pub has_account: AtomicBool,
    pub asked: Mutex<Vec<(LookupKind, String)>>,
}

impl Default for Informant {
    fn default() -> Self {
        Self { has_account: AtomicBool::new(true), asked: Mutex::default() }
    }
}

impl Informant {
    fn times(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[async_trait]
impl LookupProvider for Informant {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn is_configured(&self) -> bool {
        self.has_account.load(Ordering::Relaxed)
    }

    async fn look_up(&self, kind: LookupKind, number: &PhoneNumber) -> Result<NumberFacts, ProviderError> {
        self.asked.lock().unwrap().push((kind, number.to_string()));
        match number.as_str().chars().last() {
            Some('0') => Ok(NumberFacts::default()),
            Some('8') => Err(ProviderError::Refused("no such number".to_owned())),
            Some('9') => Err(ProviderError::Unavailable("timed out".to_owned())),
            _ => Ok(NumberFacts {
                caller_name: (kind == LookupKind::CallerName).then(|| " ROSA\u{7} DELGADO ".to_owned()),
                carrier: (kind == LookupKind::Carrier).then(|| "Example Wireless".to_owned()),
                ..NumberFacts::default()
            }),
        }
    }
}

fn cnam(number: &str) -> String {
    format!("/api/v1/admin/cnam/lookup?phoneNumber=%2B{number}")
}

async fn actions(admin: &Client<'_>) -> Vec<String> {
    let listed = admin.get("/api/v1/audit-logs?entityId=%2B12125550147").await.expect(200).json();
    listed["data"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_answer_is_paid_once_a_day_for_the_whole_platform() {
    let platform = Platform::new().await;
    let (admin, other) = (platform.admin().await, platform.client(platform.other, &["admin:*"]).await);
    let first = admin.get(&cnam("12125550147")).await.expect(200).json();
    assert_eq!((&first["callerName"], &first["provider"]), (&json!("ROSA DELGADO"), &json!("twilio")));
    assert_eq!((&first["cached"], &first["phoneNumber"]), (&json!(false), &json!("+12125550147")));
    let again = other.get(&cnam("12125550147")).await.expect(200).json();
    assert_eq!((&again["cached"], &again["lookedUpAt"]), (&json!(true), &first["lookedUpAt"]));
    assert_eq!(platform.informant.times(), 1);
    other.get(&format!("{}&useCache=false", cnam("12125550147"))).await.expect(200);
    other.get(&format!("{}&provider=twilio", cnam("12125550147"))).await.expect(200);
    assert_eq!(platform.informant.times(), 2);
    platform.clock.advance(Duration::from_secs(86_400));
    assert_eq!(admin.get(&cnam("12125550147")).await.expect(200).json()["cached"], false);
    assert_eq!(platform.informant.times(), 3);
    // What is not known is an answer too, and was paid for.
    for _ in 0..2 {
        assert_eq!(admin.get(&cnam("12125550140")).await.expect(200).json()["callerName"], Value::Null);
    }
    assert_eq!(platform.informant.times(), 4);
    // The other question has an answer of its own.
    let carrier = admin.get("/api/v1/admin/carrier/lookup?phoneNumber=2125550147").await.expect(200).json();
    assert_eq!(
        (&carrier["carrier"], &carrier["lata"], &carrier["ocn"]),
        (&json!("Example Wireless"), &json!(null), &json!(null))
    );
    assert_eq!(platform.informant.times(), 5);
    assert_eq!(
        actions(&admin).await,
        ["carrier_lookup.lookup", "cnam.lookup", "cnam.lookup"],
        "what was paid for this tenant"
    );
}

#[tokio::test]
async fn what_the_tenant_says_goes_first_and_stays_the_tenants() {
    let platform = Platform::new().await;
    let (admin, other) = (platform.admin().await, platform.client(platform.other, &["admin:*"]).await);
    let path = "/api/v1/admin/cnam/override";
    let body = |name: Value| json!({"phoneNumber": "(212) 555-0147", "callerName": name, "reason": "They told us"});
    let said = admin.post(path, body(json!("Rosa's roofs"))).await.expect(200).json()["override"].clone();
    assert_eq!((&said["callerName"], &said["reason"]), (&json!("Rosa's roofs"), &json!("They told us")));
    assert!(said["setBy"].as_str().unwrap().starts_with("key:"));
    let known = admin.get(&format!("{}&useCache=false", cnam("12125550147"))).await.expect(200).json();
    assert_eq!((&known["callerName"], &known["provider"]), (&json!("Rosa's roofs"), &json!("override")));
    assert_eq!((platform.informant.times(), &known["cachedUntil"]), (0, &Value::Null));
    assert_eq!(other.get(&cnam("12125550147")).await.expect(200).json()["callerName"], "ROSA DELGADO");
    platform.clock.advance(Duration::from_secs(1));
    let changed = admin.post(path, body(json!("Delgado Roofing"))).await.expect(200).json()["override"].clone();
    assert_eq!((&changed["id"], &changed["callerName"]), (&said["id"], &json!("Delgado Roofing")));
    platform.clock.advance(Duration::from_secs(1));

    let carrier = json!({"phoneNumber": "+12125550147", "carrier": "Example Telecom", "lata": "132", "ocn": "600a", "reason": "ported"});
    let carrier = admin.post("/api/v1/admin/carrier/override", carrier).await.expect(200).json()["override"].clone();
    assert_eq!((&carrier["lata"], &carrier["ocn"]), (&json!("132"), &json!("600A")));
    let found = admin.get("/api/v1/admin/carrier/lookup?phoneNumber=%2B12125550147").await.expect(200).json();
    assert_eq!((&found["ocn"], &found["carrier"]), (&json!("600A"), &json!("Example Telecom")));
    let lists = async |client: &Client<'_>, kind: &str, number: &str| {
        let path = format!("/api/v1/admin/{kind}/overrides?phoneNumber={number}");
        client.get(&path).await.expect(200).json()["data"].as_array().unwrap().len()
    };
    assert_eq!((lists(&admin, "cnam", "").await, lists(&admin, "carrier", "2125550147").await), (1, 1));
    assert_eq!((lists(&other, "cnam", "").await, lists(&admin, "cnam", "2125550148").await), (0, 0));

    platform.clock.advance(Duration::from_secs(1));
    assert_eq!(admin.post(path, body(Value::Null)).await.expect(200).json()["override"], Value::Null);
    assert_eq!(admin.post(path, body(Value::Null)).await.expect(200).json()["override"], Value::Null);
    assert_eq!(lists(&admin, "cnam", "").await, 0);
    assert_eq!(admin.get(&cnam("12125550147")).await.expect(200).json()["callerName"], "ROSA DELGADO");
    let noted = ["cnam.override", "carrier_lookup.override", "cnam.override", "cnam.override"];
    assert_eq!(actions(&admin).await, noted, "taking back what is not there is no change");
    let log = admin.get("/api/v1/audit-logs?entityId=%2B12125550147").await.expect(200).json();
    let change = &log["data"][0]["changes"];
    assert_eq!(change["callerName"], json!({"before": "Delgado Roofing", "after": null}));
    assert_eq!(change["reason"], json!({"after": "They told us"}));
}

#[tokio::test]
async fn who_cannot_be_asked_is_named() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let code = |answer: crate::support::Answer| answer.json()["error"]["code"].as_str().unwrap().to_owned();
    assert_eq!(code(admin.get(&cnam("12125550148")).await.expect(422)), "LOOKUP_FAILED");
    assert_eq!(code(admin.get(&cnam("12125550149")).await.expect(503)), "UNAVAILABLE");
    for (query, fields) in [
        ("", vec!["phoneNumber"]),
        ("?phoneNumber=what", vec!["phoneNumber"]),
        ("?phoneNumber=2125550147&provider=mock", vec!["provider"]),
        ("?phoneNumber=2125550147&useCache=perhaps", vec!["useCache"]),
    ] {
        let path = format!("/api/v1/admin/cnam/lookup{query}");
        assert_eq!(admin.get(&path).await.expect(422).fields(), fields, "{query}");
    }
    platform.informant.has_account.store(false, Ordering::Relaxed);
    let refused = admin.get(&cnam("12125550147")).await.expect(422);
    assert!(refused.text().contains("lookups.twilio_api_key"), "{}", refused.text());
    assert_eq!(code(refused), "LOOKUPS_NOT_CONFIGURED");
    let own = json!({"phoneNumber": "+12125550147", "callerName": "Rosa", "reason": "known"});
    admin.post("/api/v1/admin/cnam/override", own).await.expect(200);
    assert_eq!(admin.get(&cnam("12125550147")).await.expect(200).json()["callerName"], "Rosa");
    for (path, body, fields) in [
        ("cnam", json!({"phoneNumber": "+12125550147", "reason": "r"}), vec!["callerName"]),
        ("cnam", json!({"phoneNumber": "x", "callerName": "", "reason": ""}), vec!["callerName", "reason"]),
        (
            "carrier",
            json!({"phoneNumber": "+12125550147", "carrier": null, "lata": "1", "ocn": "12", "reason": "r"}),
            vec!["lata", "ocn"],
        ),
    ] {
        let answer = admin.post(&format!("/api/v1/admin/{path}/override"), body.clone()).await.expect(422);
        assert_eq!(answer.fields(), fields, "{body}");
    }
}

#[tokio::test]
async fn looking_up_spends_money_and_is_for_few() {
    let platform = Platform::new().await;
    let reader = platform.client(platform.tenant, &["numbers:read"]).await;
    reader.get(&cnam("12125550147")).await.expect(403);
    reader.get("/api/v1/admin/cnam/overrides").await.expect(200);
    let writer = platform.client(platform.tenant, &["numbers:write"]).await;
    for line in 0..30 {
        writer.get(&cnam(&format!("1212555{line:03}1"))).await.expect(200);
    }
    let refused = writer.get(&cnam("12125559991")).await.expect(429);
    assert!(!refused.header("retry-after").is_empty());
    writer.get(&cnam("12125550001")).await.expect(200);
    assert_eq!(platform.informant.times(), 30, "what is kept costs nothing");
    platform.client(platform.other, &["numbers:write"]).await.get(&cnam("12125559991")).await.expect(200);
}
