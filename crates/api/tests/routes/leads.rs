//! Leads: kept, found, looked up by number.

use operations::Role;
use serde_json::{Value, json};

use crate::{directory::make, support::Platform};

async fn numbers_of(admin: &crate::support::Client<'_>, query: &str) -> Vec<String> {
    let listed = admin.get(&format!("/api/v1/leads?{query}")).await.expect(200).json();
    let mut numbers: Vec<String> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lead| lead["phoneNumber"].as_str().unwrap().to_owned())
        .collect();
    numbers.sort();
    numbers
}

#[tokio::test]
async fn leads_are_found_by_what_is_known_of_them() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let user = platform.user(platform.tenant, "ana@acme.example", Role::Admin).await;
    let (publisher, _) = make(&admin, "/api/v1/publishers", json!({"name": "P", "code": "P1"})).await;
    let (campaign, _) = make(&admin, "/api/v1/campaigns", json!({"publisherId": publisher, "name": "Roofs"})).await;
    let first = json!({"phoneNumber": "555 123 0001", "firstName": "Bo", "lastName": "Ng", "email": "bo@example.com",
        "campaignId": campaign, "assignedToId": user.id, "tags": ["solar", "hot"], "customFields": {"age": 40},
        "status": "QUALIFIED", "country": "US"});
    let (_, made) = make(&admin, "/api/v1/leads", first).await;
    assert_eq!(made["phoneNumber"], "+15551230001");
    assert_eq!((&made["campaignName"], &made["assignedToName"]), (&json!("Roofs"), &json!("Ana")));
    assert_eq!((&made["customFields"], &made["lastContactedAt"]), (&json!({"age": 40}), &Value::Null));
    make(&admin, "/api/v1/leads", json!({"phoneNumber": "+15551230002", "company": "Solar Inc"})).await;
    for (query, found) in [
        ("", vec!["+15551230001", "+15551230002"]),
        ("status=NEW", vec!["+15551230002"]),
        ("search=NG", vec!["+15551230001"]),
        ("search=solar", vec!["+15551230002"]),
        ("search=0002", vec!["+15551230002"]),
        ("tag=solar", vec!["+15551230001"]),
        ("tag=sol", vec![]),
        (&format!("campaignId={campaign}"), vec!["+15551230001"]),
        (&format!("assignedToId={}", user.id), vec!["+15551230001"]),
        (&format!("campaignId={campaign}&status=NEW"), vec![]),
    ] {
        assert_eq!(numbers_of(&admin, query).await, found, "{query}");
    }
    admin.delete(&format!("/api/v1/campaigns/{campaign}")).await.expect(409);
}

#[tokio::test]
async fn one_lead_for_a_number() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let (id, _) = make(&admin, "/api/v1/leads", json!({"phoneNumber": "+15551230001"})).await;
    admin.post("/api/v1/leads", json!({"phoneNumber": "(555) 123-0001"})).await.expect(409);
    let other = platform.client(platform.other, &["admin:*"]).await;
    make(&other, "/api/v1/leads", json!({"phoneNumber": "+15551230001"})).await;
    let path = format!("/api/v1/leads/{id}");
    let changed =
        admin.patch(&path, json!({"phoneNumber": "555-123-0009", "status": "recycled"})).await.expect(200).json();
    assert_eq!((&changed["phoneNumber"], &changed["status"]), (&json!("+15551230009"), &json!("RECYCLED")));
}

#[tokio::test]
async fn every_status_of_people_and_of_the_dialler_is_kept() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let (id, _) = make(&admin, "/api/v1/leads", json!({"phoneNumber": "+15551230001"})).await;
    for status in [
        "NEW",
        "CONTACTED",
        "QUALIFIED",
        "CONVERTED",
        "LOST",
        "DO_NOT_CALL",
        "RECYCLED",
        "DIALING",
        "IN_CALL",
        "TRANSFERRED",
        "NOT_INTERESTED",
        "NO_RESPONSE",
        "OTHER",
        "FAILED",
    ] {
        let changed = admin.patch(&format!("/api/v1/leads/{id}"), json!({"status": status})).await.expect(200).json();
        assert_eq!(changed["status"], status);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_lead_is_named() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stranger = platform.user(platform.other, "eve@globex.example", Role::Admin).await;
    let wrong =
        json!({"phoneNumber": "1", "email": "x", "country": "USA", "priority": 5000, "notes": "x".repeat(10_001)});
    let fields = admin.post("/api/v1/leads", wrong).await.expect(422).fields();
    assert_eq!(fields, ["country", "email", "notes", "phoneNumber", "priority"]);
    assert_eq!(
        admin.post("/api/v1/leads", json!({"phoneNumber": "call me"})).await.expect(422).fields(),
        ["phoneNumber"]
    );
    let body = json!({"phoneNumber": "+15551230001", "assignedToId": stranger.id});
    admin.post("/api/v1/leads", body).await.expect(404);
    let reader = platform.client(platform.tenant, &["leads:read"]).await;
    reader.post("/api/v1/leads", json!({"phoneNumber": "+15551230001"})).await.expect(403);
}

#[tokio::test]
async fn a_lead_is_looked_up_by_number() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let body = json!({"phoneNumber": "+15551230001", "fullName": "Bo Ng", "zipCode": "10001"});
    let (id, _) = make(&admin, "/api/v1/leads", body).await;
    let found = admin.get("/api/v1/agent/lead/lookup?phoneNumber=555-123-0001").await.expect(200).json();
    assert_eq!((&found["lead"]["id"], &found["lead"]["zipCode"]), (&json!(id), &json!("10001")));
    let code = |answer: crate::support::Answer| answer.json()["error"]["code"].as_str().unwrap().to_owned();
    assert_eq!(code(admin.get("/api/v1/agent/lead/lookup").await.expect(422)), "MISSING_PHONE");
    assert_eq!(code(admin.get("/api/v1/agent/lead/lookup?phoneNumber=5551239999").await.expect(404)), "LEAD_NOT_FOUND");
    admin.get("/api/v1/agent/lead/lookup?phoneNumber=what").await.expect(422);
    let other = platform.client(platform.other, &["admin:*"]).await;
    other.get("/api/v1/agent/lead/lookup?phoneNumber=5551230001").await.expect(404);
    assert_eq!(admin.get(&format!("/api/v1/leads/{id}/calls")).await.expect(200).json()["data"], json!([]));
    other.get(&format!("/api/v1/leads/{id}/calls")).await.expect(404);
}
