//! Numbers bought, given back, cut off half-way and repaired.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    directory::make,
    seller::Mood,
    support::{Client, Platform},
};

async fn orders(client: &Client<'_>) -> Vec<(String, String)> {
    let listed = client.get("/api/v1/number-orders").await.expect(200).json();
    let text = |order: &Value, name: &str| order[name].as_str().unwrap().to_owned();
    listed["data"].as_array().unwrap().iter().map(|order| (text(order, "kind"), text(order, "state"))).collect()
}

fn owned(words: &[(&str, &str)]) -> Vec<(String, String)> {
    words.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

async fn numbers(client: &Client<'_>) -> Vec<Value> {
    client.get("/api/v1/numbers").await.expect(200).json()["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_number_is_bought_and_given_back() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let (publisher, _) = make(&admin, "/api/v1/publishers", json!({"name": "P", "code": "P1"})).await;
    let (campaign, _) = make(&admin, "/api/v1/campaigns", json!({"publisherId": publisher, "name": "K"})).await;
    let body =
        json!({"areaCode": "917", "campaignId": campaign, "friendlyName": "Front desk", "features": {"voice": true}});
    let (id, bought) = make(&admin, "/api/v1/numbers", body).await;
    assert_eq!((&bought["number"], &bought["provider"]), (&json!("+19175550100"), &json!("telnyx")));
    assert_eq!((&bought["campaign"]["name"], &bought["monthlyPrice"]), (&json!("K"), &json!("1.5000")));
    assert_eq!((&bought["region"], &bought["friendlyName"]), (&json!("NY"), &json!("Front desk")));
    assert_eq!((&bought["capabilities"]["sms"], &bought["status"]), (&json!(true), &json!("ACTIVE")));
    assert_eq!(platform.seller.holds(), ["+19175550100"]);
    assert_eq!(*platform.seller.names.lock().unwrap(), [("id-+19175550100".to_owned(), "Front desk".to_owned())]);
    assert_eq!(orders(&admin).await, owned(&[("purchase", "done")]));
    assert_eq!(numbers(&platform.client(platform.other, &["admin:*"]).await).await, Vec::<Value>::new());

    let path = format!("/api/v1/numbers/{id}");
    platform.clock.advance(Duration::from_secs(1));
    admin.delete(&path).await.expect(204);
    let gone = admin.get(&path).await.expect(200).json();
    assert_eq!(gone["status"], "INACTIVE");
    assert!(gone["releasedAt"].is_string());
    assert!(platform.seller.holds().is_empty());
    assert_eq!(orders(&admin).await, owned(&[("release", "done"), ("purchase", "done")]));
    admin.delete(&path).await.expect(204);
    assert_eq!(orders(&admin).await.len(), 2, "given back once");
    // Bought again it is the row that calls know.
    let (again, _) = make(&admin, "/api/v1/numbers", json!({"number": "+19175550100", "purchase": true})).await;
    assert_eq!(again, id);
}

#[tokio::test]
async fn a_number_of_ones_own_is_added_without_buying() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let body = json!({"number": "+12125550177", "capabilities": ["SMS", "Voice"]});
    let (id, made) = make(&admin, "/api/v1/numbers", body).await;
    assert_eq!(made["provider"], "local");
    assert_eq!(made["capabilities"], json!({"voice": true, "sms": true, "mms": false, "fax": false}));
    assert!(platform.seller.holds().is_empty() && orders(&admin).await.is_empty());
    admin.delete(&format!("/api/v1/numbers/{id}")).await.expect(204);
    assert!(orders(&admin).await.is_empty());
    for (body, fields) in [
        (json!({"areaCode": "21"}), vec!["areaCode"]),
        (json!({"areaCode": "112"}), vec!["areaCode"]),
        (json!({"country": "USA", "region": "N"}), vec!["country", "region"]),
        (json!({"purchase": true}), vec!["number"]),
        (json!({"number": "what"}), vec!["number"]),
        (json!({"number": "+12125550178", "capabilities": ["Telex"]}), vec!["capabilities"]),
        (json!({"areaCode": "212", "provider": "acme"}), vec!["provider"]),
    ] {
        assert_eq!(admin.post("/api/v1/numbers", body.clone()).await.expect(422).fields(), fields, "{body}");
    }
}

#[tokio::test]
async fn what_cannot_be_bought_leaves_nothing_behind() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let code = |answer: crate::support::Answer| answer.json()["error"]["code"].as_str().unwrap().to_owned();
    assert_eq!(code(admin.post("/api/v1/numbers", json!({"areaCode": "999"})).await.expect(422)), "PURCHASE_FAILED");
    platform.seller.set(Mood::Refusing);
    assert_eq!(code(admin.post("/api/v1/numbers", json!({"areaCode": "212"})).await.expect(422)), "PURCHASE_FAILED");
    assert!(orders(&admin).await.iter().all(|(kind, state)| kind == "purchase" && state == "failed"));
    // What is named is looked at before money is spent.
    platform.seller.set(Mood::Willing);
    let nobody = "01890000-0000-7000-8000-000000000000";
    admin.post("/api/v1/numbers", json!({"areaCode": "212", "campaignId": nobody})).await.expect(404);
    assert!(platform.seller.holds().is_empty() && numbers(&admin).await.is_empty());
    let reader = platform.client(platform.tenant, &["numbers:read"]).await;
    reader.post("/api/v1/numbers", json!({"areaCode": "212"})).await.expect(403);
}

#[tokio::test]
async fn a_purchase_whose_answer_is_lost_is_found_again() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    platform.seller.set(Mood::LosesAnswers);
    let answer = admin.post("/api/v1/numbers", json!({"areaCode": "212"})).await.expect(503);
    assert_eq!(answer.json()["error"]["code"], "PURCHASE_PENDING");
    assert_eq!(platform.seller.holds(), ["+12125550100"], "it was sold all the same");
    assert!(numbers(&admin).await.is_empty());
    // The same number is not ordered twice meanwhile.
    platform.seller.set(Mood::Willing);
    let again = json!({"number": "+12125550100", "purchase": true});
    admin.post("/api/v1/numbers", again).await.expect(409);
    platform.provisioning.repair(platform.now()).await.unwrap();
    assert!(numbers(&admin).await.is_empty(), "young orders are left to whoever placed them");
    platform.clock.advance(Duration::from_secs(61));
    let repaired = platform.provisioning.repair(platform.now()).await.unwrap();
    assert_eq!((repaired.finished, repaired.failed, repaired.waiting), (1, 0, 0));
    let found = numbers(&admin).await;
    assert_eq!((found.len(), &found[0]["number"], &found[0]["status"]), (1, &json!("+12125550100"), &json!("ACTIVE")));
    assert_eq!(orders(&admin).await, owned(&[("purchase", "done")]));
    assert_eq!(platform.provisioning.repair(platform.now()).await.unwrap().finished, 0);
}

#[tokio::test]
async fn a_purchase_that_never_came_is_given_up() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    platform.seller.set(Mood::Away);
    admin.post("/api/v1/numbers", json!({"areaCode": "212"})).await.expect(503);
    platform.clock.advance(Duration::from_secs(61));
    assert_eq!(platform.provisioning.repair(platform.now()).await.unwrap().waiting, 1, "it still does not answer");
    platform.seller.set(Mood::Willing);
    assert_eq!(platform.provisioning.repair(platform.now()).await.unwrap().waiting, 1, "it may come yet");
    platform.clock.advance(Duration::from_secs(900));
    assert_eq!(platform.provisioning.repair(platform.now()).await.unwrap().failed, 1);
    assert_eq!(orders(&admin).await, owned(&[("purchase", "failed")]));
    assert!(numbers(&admin).await.is_empty());
}

#[tokio::test]
async fn a_release_whose_provider_is_away_is_told_later() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let (id, _) = make(&admin, "/api/v1/numbers", json!({"areaCode": "212"})).await;
    platform.seller.set(Mood::Away);
    let path = format!("/api/v1/numbers/{id}");
    admin.delete(&path).await.expect(204);
    let quiet = admin.get(&path).await.expect(200).json();
    assert_eq!((&quiet["status"], &quiet["releasedAt"]), (&json!("INACTIVE"), &Value::Null), "it takes no more calls");
    assert_eq!(platform.seller.holds().len(), 1);
    platform.seller.set(Mood::Willing);
    platform.clock.advance(Duration::from_secs(61));
    assert_eq!(platform.provisioning.repair(platform.now()).await.unwrap().finished, 1);
    assert!(platform.seller.holds().is_empty());
    assert!(admin.get(&path).await.expect(200).json()["releasedAt"].is_string());
}

#[tokio::test]
async fn the_audit_finds_and_repairs_what_differs() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let path = "/admin/api/v1/numbers/audit";
    make(&admin, "/api/v1/numbers", json!({"areaCode": "212"})).await;
    assert_eq!(operator.get(path).await.expect(200).json()["data"], json!([]));
    // A tenant's own number that names the provider is not compared.
    make(&admin, "/api/v1/numbers", json!({"number": "+13105550100", "provider": "telnyx"})).await;
    platform.seller.lose("+12125550100");
    platform.seller.put("+14155550100");
    let (third, _) = make(&admin, "/api/v1/numbers", json!({"areaCode": "917"})).await;
    admin.delete(&format!("/api/v1/numbers/{third}")).await.expect(204);
    platform.seller.put("+19175550100");
    platform.seller.set(Mood::LosesAnswers);
    admin.post("/api/v1/numbers", json!({"areaCode": "646"})).await.expect(503);
    platform.seller.set(Mood::Willing);

    let kinds = |answer: crate::support::Answer| -> Vec<(String, String, bool)> {
        let listed = answer.expect(200).json();
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        let all = listed["data"].as_array().unwrap();
        all.iter().map(|one| (text(one, "number"), text(one, "difference"), one["repaired"] == true)).collect()
    };
    let expected = |repaired: [bool; 4]| {
        let all = [
            ("+12125550100", "missing_there"),
            ("+14155550100", "missing_here"),
            ("+16465550100", "missing_here"),
            ("+19175550100", "still_held"),
        ];
        let with = all.iter().zip(repaired);
        with.map(|((number, kind), done)| ((*number).to_owned(), (*kind).to_owned(), done)).collect::<Vec<_>>()
    };
    assert_eq!(kinds(operator.get(path).await), expected([false; 4]));
    let repaired = operator.send("POST", path, None).await;
    assert_eq!(kinds(repaired), expected([true, false, true, true]), "nobody knows whose the second is");
    assert_eq!(kinds(operator.get(path).await), [("+14155550100".to_owned(), "missing_here".to_owned(), false)]);
    assert_eq!(platform.seller.holds(), ["+14155550100", "+16465550100"]);
    let tenant = format!("{path}?tenantId={}", platform.other);
    assert_eq!(operator.get(&tenant).await.expect(200).json()["data"], json!([]));
    assert_eq!(operator.get(&format!("{path}?provider=acme")).await.expect(422).fields(), ["provider"]);
}

#[tokio::test]
async fn the_tenants_own_choice_of_provider_comes_before_the_installations() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let offered = async |query: &str| {
        let found = admin.get(&format!("/api/v1/available-numbers?{query}")).await.expect(200).json();
        (found["provider"].as_str().unwrap().to_owned(), found["data"].as_array().unwrap().len())
    };
    assert_eq!(offered("areaCode=212&limit=3").await, ("telnyx".to_owned(), 3));
    assert_eq!(offered("provider=local").await, ("local".to_owned(), 10));
    let path = format!("/admin/api/v1/tenants/{}", platform.tenant);
    operator.patch(&path, json!({"metadata": {"defaultProvider": "local"}})).await.expect(200);
    assert_eq!(offered("areaCode=212").await.0, "local");
    let (_, made) = make(&admin, "/api/v1/numbers", json!({"areaCode": "646"})).await;
    assert_eq!(made["provider"], "local");
    assert!(made["number"].as_str().unwrap().starts_with("+1646"));
}

#[tokio::test]
async fn a_dialled_number_is_looked_up_in_every_tenant() {
    let platform = Platform::new().await;
    let (admin, other) = (platform.admin().await, platform.client(platform.other, &["admin:*"]).await);
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let (publisher, _) = make(&other, "/api/v1/publishers", json!({"name": "P", "code": "P1"})).await;
    let (flow, _) = make(&other, "/api/v1/flows", crate::flows::document("1")).await;
    let flows = other.get("/api/v1/flows").await.expect(200).json();
    let flow = flows["data"].as_array().unwrap().first().map_or(flow, |one| one["id"].as_str().unwrap().to_owned());
    let body = json!({"publisherId": publisher, "name": "K", "flowId": flow, "record": true});
    let (campaign, _) = make(&other, "/api/v1/campaigns", body).await;
    make(&other, "/api/v1/numbers", json!({"number": "+12125550177", "campaignId": campaign})).await;
    let dialled = json!({"number": "(212) 555-0177"});
    let found = operator.post("/api/v1/numbers/lookup", dialled.clone()).await.expect(200).json();
    assert_eq!((&found["tenantId"], &found["campaignId"]), (&json!(platform.other), &json!(campaign)));
    assert_eq!((&found["flowId"], &found["record"]), (&json!(flow), &json!(true)));
    other.patch(&format!("/api/v1/campaigns/{campaign}"), json!({"status": "PAUSED"})).await.expect(200);
    let paused = operator.post("/api/v1/numbers/lookup", dialled.clone()).await.expect(200).json();
    assert_eq!((&paused["flowId"], &paused["record"]), (&Value::Null, &json!(false)));
    operator.post("/api/v1/numbers/lookup", json!({"number": "+12125550199"})).await.expect(404);
    make(&admin, "/api/v1/numbers", json!({"number": "+12125550177"})).await;
    operator.post("/api/v1/numbers/lookup", dialled.clone()).await.expect(409);
    let one = json!({"number": "+12125550177", "tenantId": platform.tenant});
    assert_eq!(operator.post("/api/v1/numbers/lookup", one).await.expect(200).json()["campaignId"], Value::Null);
    admin.post("/api/v1/numbers/lookup", dialled).await.expect(403);
}

#[tokio::test]
async fn the_operator_gives_a_tenant_a_number() {
    let platform = Platform::new().await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let other = platform.client(platform.other, &["admin:*"]).await;
    let path = "/admin/api/v1/numbers/provision";
    let body = json!({"tenantId": platform.other, "number": "+12125550177", "capabilities": ["Voice"]});
    let made = operator.post(path, body.clone()).await.expect(201).json();
    assert_eq!((&made["tenantId"], &made["capabilities"]["sms"]), (&json!(platform.other), &json!(false)));
    assert_eq!(numbers(&other).await.len(), 1);
    operator.post(path, body).await.expect(409);
    let nobody = json!({"tenantId": "01890000-0000-7000-8000-000000000000", "number": "+12125550178"});
    operator.post(path, nobody).await.expect(404);
    other.post(path, json!({"tenantId": platform.other, "number": "+12125550179"})).await.expect(403);
}
