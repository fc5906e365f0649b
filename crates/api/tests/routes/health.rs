//! Health, metrics, documentation.

use serde_json::json;

use crate::support::Platform;

#[tokio::test]
async fn health_is_a_real_check() {
    let platform = Platform::new().await;
    let anonymous = platform.anonymous();
    assert_eq!(anonymous.get("/health").await.expect(200).json()["status"], "ok");
    anonymous.get("/health/live").await.expect(200);
    let ready = anonymous.get("/health/ready").await.expect(200).json();
    assert_eq!((&ready["status"], &ready["checks"]["database"]["status"]), (&json!("healthy"), &json!("ok")));
}

#[tokio::test]
async fn metrics_are_not_for_everybody() {
    let platform = Platform::new().await;
    platform.anonymous().get("/metrics").await.expect(403);
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    operator.get("/api/v1/calls").await.expect(403);
    let text = operator.get("/metrics").await.expect(200).text();
    assert!(text.contains("http_requests_total{method=\"GET\",route=\"/api/v1/calls\",status_code=\"403\""), "{text}");
    assert!(
        text.contains("http_request_errors_total") && text.contains("http_request_duration_seconds_bucket"),
        "{text}"
    );
}

#[tokio::test]
async fn the_docs_page_comes_from_here() {
    let platform = Platform::new().await;
    let anonymous = platform.anonymous();
    assert_eq!(anonymous.get("/openapi.json").await.expect(200).json()["openapi"], "3.1.0");
    assert_eq!(anonymous.get("/docs").await.expect(308).header("location"), "/docs/");
    let page = anonymous.get("/docs/").await.expect(200);
    assert_eq!(page.header("content-type"), "text/html");
    assert!(page.text().contains("swagger-ui-bundle.js") && !page.text().contains("https://"), "{}", page.text());
    assert!(anonymous.get("/docs/swagger-initializer.js").await.expect(200).text().contains("/openapi.json"));
    assert!(anonymous.get("/docs/swagger-ui-bundle.js").await.expect(200).bytes.len() > 100_000);
    anonymous.get("/docs/nothing.js").await.expect(404);
}
