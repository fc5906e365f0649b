//! The examples of requests, sent: what the document shows is accepted.

use std::collections::BTreeMap;

use operations::Role;
use serde_json::{Value, json};

use crate::{
    openapi::{Operation, one_of_everything},
    support::{Client, PASSWORD, Platform},
};

/// What is answered 401, 403, 404, 409 or, of what it names, 422 although nothing is wrong with it, and why.
const REFUSED: &[(&str, u16, &str)] = &[
    ("createBudgetOverrideToken", 404, "the tenant has no budget before it is given one"),
    ("uploadRecording", 415, "a form needs a boundary, which an example has none of"),
    ("uploadRecording", 422, "the host of the example is not allowed"),
    ("fetchRecording", 422, "the host of the example is not allowed"),
    ("sendFlowEvent", 404, "a run is sealed, so its example is none"),
    ("hangUpCall", 409, "the call of the test is over"),
    ("initiateCall", 422, "the campaign of the test has no published flow"),
    ("inviteUserAgain", 409, "the user of the test has accepted"),
    ("confirmSecondFactor", 409, "a code is good for half a minute, so no example of one is"),
    ("renewRecoveryCodes", 409, "whoever asks has none"),
    ("checkLink", 404, "a link is secret, so its example is none"),
    ("redeemLink", 404, "a link is secret, so its example is none"),
    ("streamLinkedRecording", 404, "a link is secret, so its example is none"),
    ("startSingleSignOn", 404, "the tenant of the test signs in with passwords"),
    ("testSingleSignOn", 404, "the tenant of the test signs in with passwords"),
    ("finishSingleSignOn", 401, "only a provider gives what this takes"),
    ("addDemoCallEvent", 404, "the platform of the test has no demo"),
    ("runDemoCall", 404, "the platform of the test has no demo"),
    ("getDemoStats", 404, "the platform of the test has no demo"),
    ("toggleDemo", 404, "the platform of the test has no demo"),
    ("listenToEvents", 426, "it speaks WebSocket"),
];

/// The password of whoever signs in, in the examples.
const EXAMPLE_PASSWORD: &str = "four quiet boats at noon";

/// Ids of the examples, each with the id of something that is there.
async fn known(platform: &Platform, operations: &[Operation]) -> BTreeMap<String, String> {
    let mut known = BTreeMap::new();
    let made = one_of_everything(platform).await;
    let id_of = |kind: &str| made.iter().find(|(known, _)| *known == kind).map(|(_, id)| id.clone()).unwrap();
    let admin = platform.admin().await;
    let endpoints = admin.get(&format!("/api/v1/buyers/{}/endpoints", id_of("buyers"))).await.expect(200).json();
    let card =
        admin.get(&format!("/api/v1/billing/rate-cards/{}", id_of("billing/rate-cards"))).await.expect(200).json();
    known.insert(example_id("endpointId"), endpoints["data"][0]["id"].as_str().unwrap().to_owned());
    known.insert(example_id("billingAccountId"), card["billingAccountId"].as_str().unwrap().to_owned());
    known.insert(EXAMPLE_PASSWORD.to_owned(), PASSWORD.to_owned());
    for operation in operations {
        for parameter in
            operation.parameters().filter(|parameter| parameter["in"] == "path" && parameter["name"] == "id")
        {
            let kind = made.iter().find(|(kind, _)| operation.path.starts_with(&format!("/api/v1/{kind}/{{id}}")));
            let example = parameter["schema"]["examples"][0].as_str().unwrap().to_owned();
            if let Some((_, id)) = kind {
                known.insert(example, id.clone());
            } else if operation.path.starts_with("/admin/api/v1/tenants/{id}") {
                known.insert(example, platform.tenant.to_string());
            }
        }
    }
    known
}

/// The id that all examples have for what this parameter names.
fn example_id(name: &str) -> String {
    let operations = Operation::all();
    let mut parameters = operations.iter().flat_map(Operation::parameters);
    let parameter = parameters.find(|parameter| parameter["name"] == name).unwrap();
    parameter["schema"]["examples"][0].as_str().unwrap().to_owned()
}

fn about(text: &str, known: &BTreeMap<String, String>) -> String {
    known.iter().fold(text.to_owned(), |text, (example, id)| text.replace(example, id))
}

/// Who asks: a person for what only people do, else a key that may do everything.
async fn asks<'p>(platform: &'p Platform, operation: &Operation) -> Client<'p> {
    if operation.is_public() && operation.path != "/metrics" {
        return platform.anonymous();
    }
    let is_persons =
        ["/auth/", "/api/v1/agent/", "/api/v1/users/me"].iter().any(|start| operation.path.starts_with(start));
    if is_persons || operation.id() == "approveComplianceOverride" {
        // One for each, as some change the password.
        let email = format!("{}@acme.example", operation.id().to_lowercase());
        let person = platform.user(platform.tenant, &email, Role::Admin).await;
        let agent = json!({"name": email, "userId": person.id, "destination": format!("sip:{email}")});
        platform.admin().await.post("/api/v1/agents", agent).await.expect(201);
        let body = json!({"email": email, "password": PASSWORD});
        let session = platform.anonymous().post("/auth/login", body).await.expect(200).json();
        return platform.anonymous().with("authorization", &format!("Bearer {}", session["token"].as_str().unwrap()));
    }
    platform.client(platform.tenant, &["admin:*", "platform:admin"]).await
}

/// The address of an example, with all parameters that go together.
fn address(operation: &Operation) -> String {
    let mut path = operation.path.clone();
    let mut query = form_urlencoded::Serializer::new(String::new());
    for parameter in operation.parameters() {
        let name = parameter["name"].as_str().unwrap();
        let value = Operation::example_of(parameter);
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if parameter["in"] == "path" {
            path = path.replace(&format!("{{{name}}}"), &value);
        } else if name != "cursor" {
            // A cursor is only good where a list gave it.
            query.append_pair(name, &value);
        }
    }
    let query = query.finish();
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

#[tokio::test]
async fn every_example_of_a_request_is_accepted() {
    let mut operations = Operation::all();
    // What is made is read afterwards.
    operations.sort_by_key(|operation| ["POST", "PUT", "PATCH", "GET"].iter().position(|one| *one == operation.method));
    let platform = Platform::new().await;
    let ids = known(&platform, &operations).await;
    let mut wrong = Vec::new();
    let mut reasons: Vec<&str> = Vec::new();
    let mut sent = 0;
    for operation in operations.iter().filter(|operation| operation.method != "DELETE") {
        let bodies = operation.contents().into_iter().filter(|(place, _)| place.starts_with("body "));
        let bodies: Vec<_> = bodies.map(Some).collect();
        for body in if bodies.is_empty() { vec![None] } else { bodies } {
            let name = format!("{} {} {}", operation.method, operation.path, operation.id());
            let mut answer = send(&platform, operation, body.as_ref(), &ids).await;
            if answer.status == 409 {
                // Another example may have taken the name.
                let fresh = Platform::new().await;
                let ids = known(&fresh, &operations).await;
                answer = send(&fresh, operation, body.as_ref(), &ids).await;
            }
            sent += 1;
            let status = answer.status.as_u16();
            let reason = REFUSED.iter().find(|(id, refused, _)| *id == operation.id() && *refused == status);
            match reason {
                Some((id, ..)) => reasons.push(id),
                None if answer.status.is_success() => {}
                None => wrong.push(format!("{name}: {status} {}", answer.text())),
            }
        }
    }
    assert!(sent > 150, "{sent}");
    assert!(wrong.is_empty(), "{} examples are refused:\n{}", wrong.len(), wrong.join("\n"));
    let idle: Vec<_> = REFUSED.iter().filter(|(id, ..)| !reasons.contains(id)).collect();
    assert!(idle.is_empty(), "these are accepted, and need no reason: {idle:?}");
}

async fn send(
    platform: &Platform,
    operation: &Operation,
    body: Option<&(String, Value)>,
    ids: &BTreeMap<String, String>,
) -> crate::support::Answer {
    let client = asks(platform, operation).await;
    let path = about(&address(operation), ids);
    let body = body.map(|(place, content)| {
        let example = &content["example"];
        let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        let text = if operation.id() == "login" {
            text.replace("ana@example.com", "ana@acme.example").replace(r#""demo""#, r#""acme""#)
        } else {
            text
        };
        (place.trim_start_matches("body "), about(&text, ids).into_bytes())
    });
    client.send(&operation.method, &path, body).await
}
