//! Webhooks that tenants name.

use providers::{WebhookError, Webhooks};
use serde_json::json;

use crate::stub::Stub;

#[tokio::test]
async fn a_webhook_is_told_as_json_and_nothing_is_followed() {
    let stub = Stub::new(&[(200, "ok"), (404, "no_service"), (302, ""), (500, "secrets of the inner network")]).await;
    let webhooks = Webhooks::new(true, "X_ALLOW_PRIVATE").unwrap();
    let address = format!("{}/hook/secret", stub.address);
    let tell = async || webhooks.tell(&address, "1", &json!({"text": "hello"})).await;
    tell().await.unwrap();
    for status in [404, 302, 500] {
        let error = tell().await.unwrap_err();
        assert!(matches!(error, WebhookError::Refused(found) if found.as_u16() == status), "{error:?}");
        let said = error.to_string();
        assert!(!said.contains("secret") && !said.contains("no_service"), "{said}");
    }
    let seen = stub.seen();
    assert_eq!(seen.len(), 4, "{seen:?}");
    assert_eq!((&*seen[0].line, &*seen[0].content_type), ("POST /hook/secret", "application/json"));
    assert_eq!(seen[0].body, r#"{"text":"hello"}"#);
}

#[tokio::test]
async fn private_networks_are_asked_only_where_the_installation_allows_it() {
    let stub = Stub::new(&[(200, "ok")]).await;
    let webhooks = Webhooks::new(false, "X_ALLOW_PRIVATE").unwrap();
    let local = stub.address.replace("127.0.0.1", "localhost").replace("http:", "https:");
    for address in
        [&stub.address, &local, "https://169.254.169.254/latest", "https://[::1]/", "ftp://x.example", "hooks"]
    {
        let error = webhooks.tell(address, "1", &json!({})).await.unwrap_err();
        assert!(matches!(error, WebhookError::Address(_)), "{address}: {error:?}");
        assert!(!error.to_string().contains(address), "{error}");
    }
    let error = webhooks.tell("https://10.0.0.1/", "1", &json!({})).await.unwrap_err().to_string();
    assert!(error.contains("X_ALLOW_PRIVATE"), "{error}");
    assert_eq!(stub.seen().len(), 0);
}
