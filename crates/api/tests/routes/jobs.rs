//! Background work over HTTP: listed, counted, and retried by hand.

use std::time::Duration;

use domain::JobId;
use operations::Jobs as _;
use serde_json::{Value, json};

use crate::{
    openapi::NOBODY,
    support::{Platform, START},
};

const LEASE: Duration = Duration::from_secs(60);

/// The job of a call that ended, taken by a worker at the platform's time.
async fn taken(platform: &Platform) -> JobId {
    crate::calls::sold_call(platform, 0).await;
    platform.clock.advance(Duration::from_secs(3_600));
    let jobs = platform.store.take_jobs(platform.now(), LEASE, 10).await.unwrap();
    assert_eq!(jobs.len(), 1);
    jobs[0].ticket.id
}

#[tokio::test]
async fn what_fails_is_seen_with_its_reason_and_retried_by_hand() {
    let platform = Platform::new().await;
    let id = taken(&platform).await;
    let admin = platform.admin().await;
    let path = format!("/api/v1/jobs/{id}");
    let job = admin.get(&path).await.expect(200).json();
    assert_eq!(
        (&job["status"], &job["kind"], &job["attempt"], &job["attemptsMax"], &job["error"]),
        (&json!("running"), &json!("settle"), &json!(1), &json!(12), &Value::Null)
    );
    let until = platform.now().after(LEASE).to_string();
    assert_eq!(job["leasedUntil"], json!(until));
    let refused = admin.post(&format!("{path}/retry"), json!({})).await.expect(409).json();
    assert_eq!(refused["error"]["code"], "CONFLICT");
    platform.store.fail_job(id, "no rate card is in force", None).await.unwrap();
    let listed = admin.get("/api/v1/jobs?status=dead&kind=settle").await.expect(200).json();
    assert_eq!(listed["meta"]["total"], 1);
    let dead = &listed["data"][0];
    assert_eq!((&dead["id"], &dead["error"]), (&json!(id), &json!("no rate card is in force")));
    assert_eq!(dead["leasedUntil"], Value::Null);
    admin.get(&format!("/api/v1/calls/{}", dead["callId"].as_str().unwrap())).await.expect(200);
    for _ in 0..2 {
        let retried = admin.post(&format!("{path}/retry"), json!({})).await.expect(200).json();
        assert_eq!((&retried["status"], &retried["attempt"]), (&json!("ready"), &json!(0)));
    }
    assert_eq!(admin.get("/api/v1/jobs?status=dead").await.expect(200).json()["meta"]["total"], 0);
    let noted = admin.get("/api/v1/audit-logs?action=job.*").await.expect(200).json();
    assert_eq!(noted["meta"]["total"], 1, "the second time there was nothing to do: {noted}");
    let entry = &noted["data"][0];
    assert_eq!((&entry["action"], &entry["entityId"]), (&json!("job.retry"), &json!(id)));
    assert_eq!(entry["changes"]["status"], json!({"before": "dead", "after": "ready"}));
    let jobs = platform.store.take_jobs(platform.now(), LEASE, 10).await.unwrap();
    platform.store.finish_job(jobs[0].ticket).await.unwrap();
    admin.get(&path).await.expect(404);
    admin.post(&format!("{path}/retry"), json!({})).await.expect(404);
}

#[tokio::test]
async fn counts_say_what_waits_and_since_when() {
    let platform = Platform::new().await;
    let id = taken(&platform).await;
    let admin = platform.admin().await;
    let counted = async || admin.get("/api/v1/jobs/counts").await.expect(200).json();
    let counts = counted().await;
    let expected = json!({"ready": 0, "waiting": 0, "running": 1, "dead": 0, "oldestReadyAt": null});
    assert_eq!(counts, expected);
    let retry_at = platform.now().after(Duration::from_secs(5));
    platform.store.fail_job(id, "no", Some(retry_at)).await.unwrap();
    assert_eq!(counted().await["waiting"], 1);
    platform.clock.advance(Duration::from_secs(5));
    let counts = counted().await;
    assert_eq!((&counts["ready"], &counts["oldestReadyAt"]), (&json!(1), &json!(retry_at)));
    let stranger = platform.client(platform.other, &["jobs:read", "jobs:write"]).await;
    assert_eq!(stranger.get("/api/v1/jobs/counts").await.expect(200).json()["ready"], 0);
    assert_eq!(stranger.get("/api/v1/jobs").await.expect(200).json()["data"], json!([]));
}

#[tokio::test]
async fn reading_does_not_let_one_retry_and_filters_are_checked() {
    let platform = Platform::new().await;
    let id = taken(&platform).await;
    platform.store.fail_job(id, "no", None).await.unwrap();
    let reader = platform.client(platform.tenant, &["jobs:read"]).await;
    reader.get(&format!("/api/v1/jobs/{id}")).await.expect(200);
    reader.post(&format!("/api/v1/jobs/{id}/retry"), json!({})).await.expect(403);
    assert_eq!(platform.store.job_counts(START.after(Duration::from_hours(2))).await.unwrap().dead, 1);
    for (query, status) in [("status=late", 422), ("kind=other", 422), ("limit=101", 422), ("cursor=nonsense", 422)] {
        reader.get(&format!("/api/v1/jobs?{query}")).await.expect(status);
    }
    reader.get(&format!("/api/v1/jobs/{NOBODY}")).await.expect(404);
}
