//! Lists, policies, consents, overrides, and what a call is told by them.

use serde_json::{Value, json};

use crate::people::signed_in;
use crate::support::{Client, Platform};

/// Of every kind of compliance one, as paths.
pub async fn everything(admin: &Client<'_>) -> Vec<String> {
    let list =
        admin.post("/api/v1/compliance/dnc-lists", json!({"name": "Own", "type": "GLOBAL"})).await.expect(201).json();
    admin.put("/api/v1/compliance/policies/default", json!({"allowOverride": true})).await.expect(200);
    let asked = json!({"phoneNumber": "+12125550100", "reason": "asked by mail"});
    let given = admin.post("/api/v1/compliance/override", asked).await.expect(201).json();
    let consent = json!({"phoneNumber": "+12125550100", "token": "good", "provider": "TRUSTEDFORM"});
    let consent = admin.post("/api/v1/compliance/consent", consent).await.expect(201).json();
    vec![
        format!("/api/v1/compliance/dnc-lists/{}", list["id"].as_str().unwrap()),
        format!("/api/v1/compliance/overrides/{}", given["overrideId"].as_str().unwrap()),
        format!("/api/v1/compliance/consents/{}", consent["consentId"].as_str().unwrap()),
    ]
}

async fn check(client: &Client<'_>, number: &str) -> Value {
    let body = json!({"phoneNumber": number});
    client.post("/api/v1/compliance/check", body).await.expect(200).json()
}

#[tokio::test]
async fn a_list_is_filled_searched_emptied_and_counts_at_once() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    admin.put("/api/v1/compliance/policies/default", json!({"enforceConsent": false})).await.expect(200);
    assert_eq!(check(&admin, "+12125550100").await["reason"], "cleared");
    let body =
        json!({"name": "Own", "type": "GLOBAL", "campaignId": crate::support::START.to_string(), "appliesToAll": true});
    assert_eq!(admin.post("/api/v1/compliance/dnc-lists", body).await.expect(422).fields(), ["campaignId"]);
    let wrong = json!({"name": "Own", "type": "CAMPAIGN", "appliesToAll": true});
    let fields = admin.post("/api/v1/compliance/dnc-lists", wrong).await.expect(422).fields();
    assert_eq!(fields, ["campaignId", "appliesToAll"]);
    let list =
        admin.post("/api/v1/compliance/dnc-lists", json!({"name": "Own", "type": "global"})).await.expect(201).json();
    assert_eq!((&list["status"], &list["type"]), (&json!("active"), &json!("GLOBAL")));
    let path = format!("/api/v1/compliance/dnc-lists/{}", list["id"].as_str().unwrap());
    let body = json!({"phoneNumbers": ["(212) 555-0100", "nonsense", "+13105550100", "1"]});
    let refused = admin.post(&format!("{path}/entries"), body).await.expect(422);
    assert_eq!(refused.fields(), ["phoneNumbers[1]", "phoneNumbers[3]"]);
    let body = json!({"phoneNumbers": ["(212) 555-0100", "+13105550100"], "reason": "asked"});
    let added = admin.post(&format!("{path}/entries"), body).await.expect(200).json();
    assert_eq!(added, json!({"added": 2, "version": 1}));
    let told = check(&admin, "2125550100").await;
    assert_eq!((&told["allowed"], &told["reason"]), (&json!(false), &json!("on_dnc_list")));
    assert_eq!(told["dncMatch"]["listName"], "Own");
    assert_eq!(told["checks"][1]["finding"], "failed");
    let found = admin.get(&format!("{path}/entries?search=%2B1212")).await.expect(200).json();
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&found["data"][0]["phoneNumber"], &found["data"][0]["reason"]),
        (&json!("+12125550100"), &json!("asked"))
    );
    admin.delete(&format!("{path}/entries/+12125550100")).await.expect(204);
    admin.delete(&format!("{path}/entries/+12125550100")).await.expect(404);
    assert_eq!(check(&admin, "2125550100").await["reason"], "cleared");
    let trail = admin.get("/api/v1/compliance/audit?phoneNumber=2125550100").await.expect(200).json();
    assert_eq!(trail["data"][0]["action"], "compliance.dnc_entry.remove");
    admin.delete(&path).await.expect(204);
    admin.get(&path).await.expect(404);
}

#[tokio::test]
async fn an_import_reports_each_bad_row_and_can_replace_the_list() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let list =
        admin.post("/api/v1/compliance/dnc-lists", json!({"name": "Own", "type": "GLOBAL"})).await.expect(201).json();
    let path = format!("/api/v1/compliance/dnc-lists/{}", list["id"].as_str().unwrap());
    let import = async |kind: &str, query: &str, text: &str| {
        admin.send("POST", &format!("{path}/import{query}"), Some((kind, text.as_bytes().to_vec()))).await
    };
    import("application/json", "", "{}").await.expect(415);
    let csv =
        "Phone Number,Reason\r\n+12125550100,\"asked, twice\"\r\n\r\nnonsense,x\r\n212-555-0101,\r\n+12125550100,again";
    let report = import("text/csv", "?source=web", csv).await.expect(200).json();
    assert_eq!((&report["rows"], &report["added"], &report["refused"]), (&json!(4), &json!(2), &json!(1)));
    assert_eq!(report["faults"][0]["line"], 4);
    let federal = import("text/plain", "", "212,5550102\n+442079460000\n").await.expect(200).json();
    assert_eq!(federal["added"], 2);
    let long = format!("+12125550103\n{}\n+12125550104\n", "9".repeat(5_000));
    let stopped = import("text/plain", "?onError=stop", &long).await.expect(200).json();
    assert_eq!(
        (&stopped["added"], &stopped["stopped"], &stopped["faults"][0]["line"]),
        (&json!(1), &json!(true), &json!(2))
    );
    let exported = admin.get(&format!("{path}/export")).await.expect(200).text();
    let rows: Vec<&str> = exported.lines().collect();
    assert_eq!(rows.len(), 6, "{exported}");
    assert!(rows[1].starts_with("+12125550100,\"asked, twice\",web,2026-11-23T16:00:00"), "{exported}");
    // What is exported can be read again, and replaces the list by itself.
    let again = import("text/csv", "?replace=true", &exported).await.expect(200).json();
    assert_eq!((&again["added"], &again["removed"], &again["unchanged"]), (&json!(0), &json!(0), &json!(5)));
    import("text/plain", "?replace=true", "\n").await.expect(422);
    let fewer = import("text/plain", "?replace=true", "+12125550100\n+12125550199\n").await.expect(200).json();
    assert_eq!((&fewer["added"], &fewer["removed"]), (&json!(1), &json!(4)));
    let list = admin.get(&path).await.expect(200).json();
    assert_eq!((&list["entryCount"], list["scrubbedAt"].is_string()), (&json!(2), true));
}

#[tokio::test]
async fn a_policy_has_defaults_versions_and_campaigns_of_its_own() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let built_in = admin.get("/api/v1/compliance/policies/default").await.expect(200).json();
    assert_eq!(
        (&built_in["version"], &built_in["enforceDnc"], &built_in["allowOverride"]),
        (&json!(0), &json!(true), &json!(false))
    );
    assert_eq!(built_in["inbound"], json!({"dnc": false, "consent": false, "callingHours": false}));
    assert_eq!(check(&admin, "+12125550100").await["reason"], "no_consent");
    let wrong = json!({"callingHours": {"mon": {"from": "21:00", "to": "08:00"}}});
    let fields = admin.put("/api/v1/compliance/policies/default", wrong).await.expect(422).fields();
    assert_eq!(fields, ["callingHours.mon.to"]);
    let night = json!({"enforceConsent": false, "callingHours": {"mon": {"from": "12:00", "to": "13:00"}}});
    let set = admin.put("/api/v1/compliance/policies/default", night).await.expect(200).json();
    assert_eq!(set["version"], 1);
    // It is Monday, 11:00 in New York.
    assert_eq!(check(&admin, "+12125550100").await["reason"], "outside_hours");
    let made = crate::directory::everything(&admin).await;
    let campaign = made.iter().find_map(|path| path.strip_prefix("/api/v1/campaigns/")).unwrap();
    let path = format!("/api/v1/compliance/policies/campaigns/{campaign}");
    assert_eq!(admin.get(&path).await.expect(200).json()["callingHours"]["mon"]["from"], "12:00", "the tenant's");
    admin.delete(&path).await.expect(404);
    admin.put(&path, json!({"enforceConsent": false})).await.expect(200);
    let body = json!({"phoneNumber": "+12125550100", "campaignId": campaign});
    let told = admin.post("/api/v1/compliance/check", body.clone()).await.expect(200).json();
    assert_eq!((&told["reason"], &told["policyCampaignId"]), (&json!("cleared"), &json!(campaign)));
    admin.delete(&path).await.expect(204);
    let told = admin.post("/api/v1/compliance/check", body).await.expect(200).json();
    assert_eq!((&told["reason"], &told["policyVersion"]), (&json!("outside_hours"), &json!(1)));
}

#[tokio::test]
async fn a_consent_counts_once_somebody_vouches_for_it() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let store = async |token: &str, provider: &str| {
        let body = json!({"phoneNumber": "+12125550100", "token": token, "provider": provider});
        admin.post("/api/v1/compliance/consent", body).await
    };
    let refused = store("bad", "TRUSTEDFORM").await.expect(422).json();
    assert_eq!(refused["error"]["code"], "TOKEN_VERIFICATION_FAILED");
    for (token, provider) in [("silent", "JORNAYA"), ("own", "CUSTOM")] {
        let stored = store(token, provider).await.expect(201).json();
        assert_eq!(stored["status"], "PENDING", "{stored}");
        assert_eq!(check(&admin, "+12125550100").await["consentStatus"], "missing");
    }
    let stored = store("good", "TRUSTEDFORM").await.expect(201).json();
    assert_eq!(stored["status"], "VERIFIED");
    store("good", "TRUSTEDFORM").await.expect(409);
    let told = check(&admin, "+12125550100").await;
    assert_eq!((&told["allowed"], &told["consentId"]), (&json!(true), &stored["consentId"]));
    let path = format!("/api/v1/compliance/consents/{}", stored["consentId"].as_str().unwrap());
    platform.clock.advance(std::time::Duration::from_hours(48));
    assert_eq!(admin.get(&path).await.expect(200).json()["status"], "EXPIRED");
    assert_eq!(check(&admin, "+12125550100").await["reason"], "no_consent");
    admin.post(&format!("{path}/verify"), json!({})).await.expect(409);
    let own = admin.get("/api/v1/compliance/consents?provider=CUSTOM").await.expect(200).json();
    let own = format!("/api/v1/compliance/consents/{}", own["data"][0]["id"].as_str().unwrap());
    admin.put("/api/v1/compliance/policies/default", json!({"trustCustomConsent": true})).await.expect(200);
    assert_eq!(admin.post(&format!("{own}/verify"), json!({})).await.expect(200).json()["status"], "VERIFIED");
    assert_eq!(check(&admin, "+12125550100").await["reason"], "cleared");
    assert_eq!(admin.post(&format!("{own}/revoke"), json!({})).await.expect(200).json()["status"], "REVOKED");
    assert_eq!(check(&admin, "+12125550100").await["reason"], "no_consent");
}

#[tokio::test]
async fn an_override_is_approved_by_another_person() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let asked = json!({"phoneNumber": "+12125550100", "reason": "asked by mail", "expiresAt": "2026-11-23T17:00:00Z"});
    let refused = admin.post("/api/v1/compliance/override", asked.clone()).await.expect(403).json();
    assert_eq!(refused["error"]["code"], "OVERRIDE_NOT_ALLOWED");
    admin.put("/api/v1/compliance/policies/default", json!({"allowOverride": true})).await.expect(200);
    platform.user(platform.tenant, "ana@acme.example", operations::Role::Admin).await;
    platform.user(platform.tenant, "ben@acme.example", operations::Role::Owner).await;
    platform.user(platform.tenant, "eve@acme.example", operations::Role::Analyst).await;
    let ana = signed_in(&platform, "ana@acme.example").await;
    let ben = signed_in(&platform, "ben@acme.example").await;
    let eve = signed_in(&platform, "eve@acme.example").await;
    let given = ana.post("/api/v1/compliance/override", asked).await.expect(201).json();
    assert_eq!(given["status"], "PENDING_APPROVAL");
    let path = format!("/api/v1/compliance/overrides/{}", given["overrideId"].as_str().unwrap());
    let approve = format!("{path}/approve");
    assert_eq!(check(&admin, "+12125550100").await["reason"], "no_consent");
    for whoever in [&ana, &admin, &eve] {
        whoever.post(&approve, json!({})).await.expect(403);
    }
    let approved = ben.post(&approve, json!({})).await.expect(200).json();
    assert_eq!(approved["status"], "ACTIVE");
    ben.post(&approve, json!({})).await.expect(409);
    let told = check(&admin, "+12125550100").await;
    assert_eq!((&told["reason"], &told["override"]["id"]), (&json!("overridden"), &given["overrideId"]));
    platform.clock.advance(std::time::Duration::from_hours(1));
    assert_eq!(admin.get(&path).await.expect(200).json()["status"], "EXPIRED");
    assert_eq!(check(&admin, "+12125550100").await["reason"], "no_consent");
    ben.post(&format!("{path}/revoke"), json!({})).await.expect(200);
    let trail = admin.get("/api/v1/compliance/audit?phoneNumber=%2B12125550100").await.expect(200).json();
    let actions: Vec<&str> =
        trail["data"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["compliance.override.update", "compliance.override.update", "compliance.override.create"]);
}
