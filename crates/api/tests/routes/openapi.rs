//! The OpenAPI document: committed as it is, and true.

use std::{path::PathBuf, sync::LazyLock};

use serde_json::{Map, Value, json};

use crate::support::{Client, Platform};

fn committed() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../web/openapi.json")
}

/// The document, written once for all tests.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(api::openapi()).unwrap());
    &DOCUMENT
}

/// `UPDATE_OPENAPI=1 cargo test -p api openapi` writes it.
#[test]
fn the_committed_document_is_current() {
    let current = format!("{}\n", api::openapi().to_pretty_json().unwrap());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::create_dir_all(committed().parent().unwrap()).unwrap();
        std::fs::write(committed(), &current).unwrap();
    }
    let found = std::fs::read_to_string(committed()).unwrap_or_default();
    assert!(
        found == current,
        "web/openapi.json is not what the routes say; run: UPDATE_OPENAPI=1 cargo test -p api openapi"
    );
}

/// One operation of the document.
pub struct Operation {
    pub method: String,
    pub path: String,
    item: Value,
}

impl Operation {
    pub fn all() -> Vec<Self> {
        let document = document();
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                operations.push(Self { method: method.to_uppercase(), path: path.clone(), item: operation.clone() });
            }
        }
        operations
    }

    pub fn is_public(&self) -> bool {
        self.item["security"].as_array().is_none_or(Vec::is_empty)
    }

    /// Whether publishers and buyers may use it.
    pub fn has_sides(&self) -> bool {
        self.item["x-sides"].is_array()
    }

    /// Whether it names this parameter.
    pub fn takes(&self, name: &str) -> bool {
        self.item["parameters"].as_array().is_some_and(|all| all.iter().any(|parameter| parameter["name"] == name))
    }

    /// Whether it answers a list, in the envelope or without.
    pub fn is_list(&self) -> bool {
        let document = document();
        let schema = &self.item["responses"]["200"]["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
        let schema = name.map_or(schema, |name| &document["components"]["schemas"][name]);
        schema["properties"]["data"]["type"] == "array"
    }

    pub fn id(&self) -> &str {
        self.item["operationId"].as_str().unwrap()
    }

    pub fn description(&self) -> &str {
        self.item["description"].as_str().unwrap_or_default()
    }

    /// The example of one of its parameters.
    pub fn example_of(parameter: &Value) -> Value {
        let example = parameter["schema"]["examples"].get(0).cloned();
        example.unwrap_or_else(|| sample(&parameter["schema"], document(), NOBODY))
    }

    /// What it takes beside its body, headers aside.
    pub fn parameters(&self) -> impl Iterator<Item = &Value> {
        let all = self.item["parameters"].as_array().into_iter().flatten();
        all.filter(|parameter| parameter["in"] != "header")
    }

    /// Its bodies and answers with their places: `body application/json`, `200 text/csv`.
    pub fn contents(&self) -> Vec<(String, Value)> {
        let document = document();
        let mut contents = Vec::new();
        let answers = self.item["responses"].as_object().into_iter().flatten();
        let answers = answers.map(|(status, answer)| (status.as_str(), answer));
        for (place, described) in answers.chain([("body", &self.item["requestBody"])]) {
            let shared = described["$ref"].as_str().map(|reference| reference.rsplit('/').next().unwrap());
            let described = shared.map_or(described, |name| &document["components"]["responses"][name]);
            for (kind, content) in described["content"].as_object().into_iter().flatten() {
                contents.push((format!("{place} {kind}"), content.clone()));
            }
        }
        contents
    }

    /// What its `sort` may be.
    pub fn orders(&self) -> Vec<String> {
        let mut parameters = self.item["parameters"].as_array().into_iter().flatten();
        let sort = parameters.find(|parameter| parameter["name"] == "sort");
        let values = sort.and_then(|sort| sort["schema"]["enum"].as_array()).into_iter().flatten();
        values.map(|value| value.as_str().unwrap().to_owned()).collect()
    }

    pub fn permission(&self) -> Option<String> {
        let requirement = self.item["security"].as_array()?.first()?.as_object()?.values().next()?;
        requirement.as_array()?.first()?.as_str().map(str::to_owned)
    }

    /// The path with an id nobody has, and every query parameter that is required.
    fn address(&self, id: &str) -> String {
        let parts = self.path.split('/').map(|part| match part {
            "{version}" => "1".to_owned(),
            part if part.starts_with('{') => id.to_owned(),
            part => part.to_owned(),
        });
        let required = self.item["parameters"].as_array().into_iter().flatten();
        let required = required.filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
        let query: Vec<String> =
            required.map(|parameter| format!("{}={id}", parameter["name"].as_str().unwrap())).collect();
        let path = parts.collect::<Vec<_>>().join("/");
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// A body that fits the schema as far as its types go.
    fn body(&self, id: &str) -> Option<(&'static str, Vec<u8>)> {
        let content = &self.item["requestBody"]["content"]["application/json"];
        if content.is_null() {
            return None;
        }
        let sample = sample(&content["schema"], document(), id);
        Some(("application/json", sample.to_string().into_bytes()))
    }

    pub async fn send(&self, client: &Client<'_>, id: &str) -> crate::support::Answer {
        client.send(&self.method, &self.address(id), self.body(id)).await
    }
}

/// The smallest value of a schema; its example where it has one.
fn sample(schema: &Value, document: &Value, id: &str) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        return sample(&document["components"]["schemas"][name], document, id);
    }
    if schema["format"] == "uuid" {
        return Value::from(id);
    }
    let example = schema.get("example").or_else(|| schema["examples"].get(0)).or_else(|| schema["enum"].get(0));
    if let Some(example) = example {
        return example.clone();
    }
    match schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object") {
        "string" => Value::from("a"),
        "integer" | "number" => Value::from(1),
        "boolean" => Value::from(true),
        "array" => Value::Array(Vec::new()),
        _ => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let members = required.iter().map(|name| {
                let name = name.as_str().unwrap().to_owned();
                let value = sample(&schema["properties"][&name], document, id);
                (name, value)
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}

pub const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

#[tokio::test]
async fn nobody_comes_in_unnamed() {
    let platform = Platform::new().await;
    let mut guarded = 0;
    for operation in Operation::all() {
        if operation.is_public() {
            continue;
        }
        let answer = operation.send(&platform.anonymous(), NOBODY).await;
        assert_eq!(answer.status, 401, "{} {}", operation.method, operation.path);
        assert_eq!(answer.json()["error"]["code"], "UNAUTHORIZED");
        guarded += 1;
    }
    assert!(guarded > 50, "{guarded}");
}

#[tokio::test]
async fn only_these_are_open_to_everybody() {
    let open: Vec<String> = Operation::all()
        .iter()
        .filter(|one| one.is_public())
        .map(|one| format!("{} {}", one.method, one.path))
        .collect();
    let mut expected = [
        "POST /auth/login",
        "POST /auth/password/forgot",
        "POST /auth/links/check",
        "POST /auth/links/redeem",
        "POST /auth/sso/finish",
        "POST /auth/sso/options",
        "POST /auth/sso/start",
        "GET /health",
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
        "GET /ws/events",
        "GET /recordings/{link}",
    ];
    let mut open: Vec<&str> = open.iter().map(String::as_str).collect();
    open.sort_unstable();
    expected.sort_unstable();
    assert_eq!(open, expected);
}

#[tokio::test]
async fn a_key_without_the_permission_is_refused() {
    let platform = Platform::new().await;
    for operation in Operation::all() {
        let Some(permission) = operation.permission() else { continue };
        let other = if permission == "calls:read" { "numbers:read" } else { "calls:read" };
        let client = platform.client(platform.tenant, &[other]).await;
        let answer = operation.send(&client, NOBODY).await;
        assert_eq!(answer.status, 403, "{} {} with {other}: {}", operation.method, operation.path, answer.text());
        assert_eq!(answer.json()["error"]["code"], "FORBIDDEN");
    }
}

/// The other half: whoever holds the permission gets past the door, so the 403 above comes from the permission.
#[tokio::test]
async fn the_permission_named_is_the_one_that_opens() {
    let platform = Platform::new().await;
    for operation in Operation::all() {
        let Some(permission) = operation.permission() else { continue };
        let client = platform.client(platform.tenant, &[&permission]).await;
        let answer = operation.send(&client, NOBODY).await;
        let (status, text) = (answer.status.as_u16(), answer.text());
        let is_at_the_door = status == 401 || text.contains("Permission denied") || text.contains("x-csrf-token");
        let is_broken = status >= 500;
        assert!(!is_at_the_door && !is_broken, "{} {} with {permission}: {text}", operation.method, operation.path);
    }
}

#[tokio::test]
async fn tenants_are_for_the_operator_only() {
    let platform = Platform::new().await;
    for operation in Operation::all() {
        if operation.permission().as_deref() != Some("platform:admin") {
            continue;
        }
        let owner = platform.client(platform.tenant, &["admin:*"]).await;
        assert_eq!(operation.send(&owner, NOBODY).await.status, 403, "{}", operation.path);
        let stranger = platform.client(platform.other, &["platform:admin"]).await;
        assert_eq!(operation.send(&stranger, NOBODY).await.status, 403, "{}", operation.path);
    }
}

/// Of every kind one, in the first tenant: the path it is found under and its id.
pub async fn one_of_everything(platform: &Platform) -> Vec<(&'static str, String)> {
    let mut made = crate::directory::everything(&platform.admin().await).await;
    let sold = crate::calls::sold_call(platform, 0).await;
    let admin = platform.admin().await;
    let key = admin.post("/api/v1/api-keys", json!({"name": "x", "scopes": ["calls:read"]})).await.expect(201).json();
    let role = json!({"name": "Night", "permissions": ["calls:read"]});
    let role = admin.post("/api/v1/roles", role).await.expect(201).json();
    let flow = admin.post("/api/v1/flows", crate::flows::document("1")).await.expect(201).json();
    let user = platform.user(platform.tenant, "ana@acme.example", operations::Role::Admin).await;
    made.extend([
        format!("/api/v1/api-keys/{}", key["id"].as_str().unwrap()),
        format!("/api/v1/flows/{}", flow["id"].as_str().unwrap()),
        format!("/api/v1/users/{}", user.id),
        format!("/api/v1/roles/{}", role["id"].as_str().unwrap()),
        format!("/api/v1/calls/{}", sold.call),
        format!("/api/v1/recordings/{}", sold.recording),
        format!("/api/v1/billing/rate-cards/{}", platform.rate_card().await),
    ]);
    let accounts = admin.get("/api/v1/billing/accounts").await.expect(200).json();
    made.push(format!("/api/v1/billing/accounts/{}", accounts["data"][0]["id"].as_str().unwrap()));
    let jobs = admin.get("/api/v1/jobs").await.expect(200).json();
    made.push(format!("/api/v1/jobs/{}", jobs["data"][0]["id"].as_str().unwrap()));
    let campaign = made.iter().find_map(|path| path.strip_prefix("/api/v1/campaigns/")).unwrap().to_owned();
    made.push(format!("/api/v1/reporting/campaigns/{campaign}"));
    made.push(format!("/api/v1/compliance/policies/campaigns/{campaign}"));
    made.extend(crate::compliance::everything(&admin).await);
    let kinds = [
        "reporting/campaigns",
        "compliance/policies/campaigns",
        "compliance/dnc-lists",
        "compliance/overrides",
        "compliance/consents",
        "agents",
        "queues",
        "leads",
        "tags",
        "feature-flags",
        "caller-id-pools",
        "publishers",
        "carriers",
        "trunks",
        "campaigns",
        "numbers",
        "buyers",
        "api-keys",
        "flows",
        "users",
        "roles",
        "calls",
        "jobs",
        "recordings",
        "billing/rate-cards",
        "billing/accounts",
    ];
    let id_of = |kind: &str| {
        let prefix = format!("/api/v1/{kind}/");
        let path = made
            .iter()
            .find(|path| path.starts_with(&prefix) && path.matches('/').count() == prefix.matches('/').count());
        path.unwrap_or_else(|| panic!("no {kind}"))[prefix.len()..].to_owned()
    };
    kinds.map(|kind| (kind, id_of(kind))).into()
}

#[tokio::test]
async fn what_is_another_tenants_is_not_there() {
    let platform = Platform::new().await;
    let made = one_of_everything(&platform).await;
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    let mut tried = 0;
    for operation in Operation::all() {
        let is_tenants = operation.permission().is_some_and(|permission| permission != "platform:admin");
        if !is_tenants || !operation.path.contains("{id}") {
            continue;
        }
        let kind = made.iter().find(|(kind, _)| operation.path.starts_with(&format!("/api/v1/{kind}/{{id}}")));
        let (_, id) = kind.unwrap_or_else(|| panic!("nothing made for {}", operation.path));
        let answer = operation.send(&stranger, id).await;
        assert_eq!(answer.status, 404, "{} {}: {}", operation.method, operation.path, answer.text());
        let body = answer.text();
        assert!(!body.contains(&platform.tenant.to_string()), "{body}");
        tried += 1;
    }
    assert!(tried > 35, "{tried}");
}

#[test]
fn every_operation_is_described() {
    let document = document();
    let mut ids = std::collections::BTreeSet::new();
    for operation in Operation::all() {
        let name = format!("{} {}", operation.method, operation.path);
        let id = operation.item["operationId"].as_str().unwrap_or_default();
        assert!(!id.is_empty() && ids.insert(id.to_owned()), "{name}: operationId");
        assert!(operation.item["summary"].is_string() || operation.item["description"].is_string(), "{name}: summary");
        let responses = operation.item["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2') || status == "101"), "{name}: success");
        assert!(responses.contains_key("429") && responses.contains_key("500"), "{name}: refusals");
        if !operation.is_public() {
            assert!(responses.contains_key("401"), "{name}: 401");
        }
    }
    for reference in references(document) {
        let target = document.pointer(reference.trim_start_matches('#'));
        assert!(target.is_some(), "{reference} leads nowhere");
    }
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value.as_str() {
                Some(reference) if name == "$ref" => vec![reference.to_owned()],
                _ => references(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
