//! What calls claim of their callers, and what a tenant says instead.

use std::time::Duration;

use domain::{
    Attestation, CallEvent, CallId, ClaimSource, Direction, IdentityClaim, StartedCall, TenantId, Timestamp, What,
};
use operations::{EventLog, Role};
use serde_json::{Value, json};

use crate::support::{PASSWORD, Platform, START};

fn claim(attestation: Attestation) -> IdentityClaim {
    IdentityClaim {
        source: ClaimSource::Passport,
        attestation,
        orig: Some("15551230001".to_owned()),
        dest: vec!["15551234567".to_owned()],
        orig_id: Some("123e4567-e89b-12d3-a456-426655440000".to_owned()),
        issued_at: Some(Timestamp::from_secs(1_443_208_345)),
        certificate: Some("https://certs.example/shaken.pem".to_owned()),
        verstat: None,
        header: Some("a.b.c;info=<https://certs.example/shaken.pem>".to_owned()),
        fault: None,
    }
}

/// A call that comes in from `from`.
async fn comes(platform: &Platform, tenant: TenantId, from: &str, claim: Option<IdentityClaim>) -> CallId {
    let call = platform.id();
    let unrouted = StartedCall::unrouted(from, "+15551234567", "abc@example", platform.id());
    let started = StartedCall { identity_claim: claim.map(Box::new), ..unrouted };
    let event = CallEvent { tenant, call, sequence: 0, at: START, what: What::Started(Box::new(started)) };
    platform.store.append(vec![event]).await.unwrap();
    call
}

fn path(call: CallId) -> String {
    format!("/api/v1/admin/stir-shaken/{call}")
}

#[tokio::test]
async fn a_claim_is_shown_as_one() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let call = comes(&platform, platform.tenant, "+15551230001", Some(claim(Attestation::A))).await;
    let known = admin.get(&path(call)).await.expect(200).json();
    for (name, value) in [
        ("callId", json!(call)),
        ("phoneNumber", json!("+15551230001")),
        ("attestation", json!("A")),
        ("claimedAttestation", json!("A")),
        ("source", json!("PASSPORT")),
        ("origNumber", json!("15551230001")),
        ("origMatches", json!(true)),
        ("destNumbers", json!(["15551234567"])),
        ("issuedAt", json!("2015-09-25T19:12:25.000000Z")),
        ("verifiedAt", Value::Null),
        ("verifiedBy", Value::Null),
        ("override", json!(false)),
    ] {
        assert_eq!(known[name], value, "{name}");
    }
    let detail = admin.get(&format!("/api/v1/calls/{call}")).await.expect(200).json();
    assert_eq!(detail["attestation"], "NONE", "nothing that is claimed is taken for true");
    assert_eq!(detail["timeline"][0]["data"]["identityClaim"]["origId"], "123e4567-e89b-12d3-a456-426655440000");
    // Another's number in the claim is seen.
    let forged = comes(&platform, platform.tenant, "+15559990000", Some(claim(Attestation::A))).await;
    assert_eq!(admin.get(&path(forged)).await.expect(200).json()["origMatches"], false);

    let silent = comes(&platform, platform.tenant, "+15551230001", None).await;
    let nothing = admin.get(&path(silent)).await.expect(200).json();
    assert_eq!((&nothing["attestation"], &nothing["source"]), (&json!("NONE"), &Value::Null));
    let listed = admin.get("/api/v1/admin/stir-shaken?phoneNumber=(555)%20123-0001").await.expect(200).json();
    assert_eq!((listed["data"].as_array().unwrap().len(), &listed["data"][0]["callId"]), (1, &json!(call)));
    assert_eq!(admin.get("/api/v1/admin/stir-shaken?limit=1").await.expect(200).json()["meta"]["total"], 2);
    admin.get(&path(platform.id())).await.expect(404);
    let other = platform.client(platform.other, &["admin:*"]).await;
    other.get(&path(call)).await.expect(404);
    assert_eq!(other.get("/api/v1/admin/stir-shaken").await.expect(200).json()["data"], json!([]));
    platform.client(platform.tenant, &["calls:read"]).await.get(&path(call)).await.expect(403);
}

#[tokio::test]
async fn what_somebody_says_is_noted_and_the_claim_stays() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let call = comes(&platform, platform.tenant, "+15551230001", Some(claim(Attestation::A))).await;
    let silent = comes(&platform, platform.tenant, "+15551230002", None).await;
    let body = |attestation: &str| json!({"attestation": attestation, "reason": "The carrier confirmed it"});
    let said = admin.post(&format!("{}/override", path(call)), body("NONE")).await.expect(200).json();
    assert_eq!((&said["attestation"], &said["claimedAttestation"]), (&json!("NONE"), &json!("A")));
    assert_eq!((&said["override"], &said["overrideReason"]), (&json!(true), &json!("The carrier confirmed it")));
    assert!(said["overrideBy"].as_str().unwrap().starts_with("key:"));
    assert_eq!(admin.get(&path(call)).await.expect(200).json(), said);
    // Once more, of a call that claimed nothing, by a person.
    let person = platform.user(platform.tenant, "ana@acme.example", Role::Admin).await;
    let login = json!({"email": "ana@acme.example", "password": PASSWORD});
    let session = platform.anonymous().post("/auth/login", login).await.expect(200).json();
    let ana = platform.anonymous().with("authorization", &format!("Bearer {}", session["token"].as_str().unwrap()));
    for attestation in ["B", "C"] {
        platform.clock.advance(Duration::from_secs(1));
        let said = ana.post(&format!("{}/override", path(silent)), body(attestation)).await.expect(200).json();
        assert_eq!((&said["attestation"], &said["claimedAttestation"]), (&json!(attestation), &json!("NONE")));
        assert_eq!(said["overrideBy"], format!("user:{}", person.id));
    }
    let log = admin.get("/api/v1/audit-logs?action=stir_shaken.override").await.expect(200).json();
    let changes: Vec<&Value> = log["data"].as_array().unwrap().iter().map(|entry| &entry["changes"]).collect();
    assert_eq!(changes[2]["attestation"], json!({"before": "A", "after": "NONE"}));
    assert_eq!(changes[0]["attestation"], json!({"before": "B", "after": "C"}));
    assert_eq!(changes[0]["reason"], json!({"after": "The carrier confirmed it"}));

    let overriding = format!("{}/override", path(call));
    for (body, fields) in [
        (json!({"attestation": "D", "reason": "r"}), vec!["attestation"]),
        (json!({"attestation": "A"}), vec!["reason"]),
        (json!({"attestation": "A", "reason": ""}), vec!["reason"]),
        (json!({"attestation": "A", "reason": "r", "verifiedBy": "me"}), vec!["verifiedBy"]),
    ] {
        assert_eq!(admin.post(&overriding, body.clone()).await.expect(422).fields(), fields, "{body}");
    }
    let reader = platform.client(platform.tenant, &["compliance:read"]).await;
    reader.post(&overriding, body("A")).await.expect(403);
    let other = platform.client(platform.other, &["admin:*"]).await;
    other.post(&overriding, body("A")).await.expect(404);
    platform.anonymous().post(&overriding, body("A")).await.expect(401);
}

#[tokio::test]
async fn a_call_of_the_platforms_own_claims_nothing() {
    let platform = Platform::new().await;
    let call: CallId = platform.id();
    let unrouted = StartedCall::unrouted("+15551234567", "+15551230001", "", platform.id());
    let started = StartedCall { direction: Direction::Outbound, ..unrouted };
    let event =
        CallEvent { tenant: platform.tenant, call, sequence: 0, at: START, what: What::Started(Box::new(started)) };
    platform.store.append(vec![event]).await.unwrap();
    let admin = platform.admin().await;
    admin.get(&path(call)).await.expect(404);
    let body = json!({"attestation": "A", "reason": "r"});
    admin.post(&format!("{}/override", path(call)), body).await.expect(404);
}
