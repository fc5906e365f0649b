//! Periodic work, as operators see it.

use std::time::Duration;

use operations::{Pace, Schedules as _, Turn};
use serde_json::{Value, json};

use crate::support::Platform;

#[tokio::test]
async fn operators_see_when_it_is_due_and_why_it_failed() {
    let platform = Platform::new().await;
    let (store, now) = (&platform.store, platform.now());
    let half_minute = Pace::Every(Duration::from_secs(30));
    store.register_schedule("sweep", half_minute, now).await.unwrap();
    store.register_schedule("nightly", Pace::DailyAt(8 * 3_600 + 5 * 60), now).await.unwrap();
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let path = "/admin/api/v1/schedules";
    let listed = operator.get(path).await.expect(200).json();
    let [nightly, sweep] = listed["data"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&nightly["dailyAt"], &nightly["everySeconds"]), (&json!("08:05:00"), &Value::Null));
    assert_eq!((&sweep["name"], &sweep["everySeconds"]), (&json!("sweep"), &json!(30.0)));
    assert_eq!((&sweep["missedRuns"], &sweep["lastRunAt"]), (&json!("run-once"), &Value::Null));
    let due = half_minute.next_after(now);
    assert_eq!(sweep["nextRunAt"], json!(due));
    assert_eq!(store.take_run("sweep", due, Duration::from_secs(60)).await.unwrap(), Turn::Taken);
    let later = due.after(Duration::from_secs(300));
    assert!(store.finish_run("sweep", due, later, Some("the disk is full")).await.unwrap());
    let sweep = &operator.get(path).await.expect(200).json()["data"][1];
    assert_eq!((&sweep["lastError"], &sweep["lastRunAt"]), (&json!("the disk is full"), &json!(due)));
    assert_eq!((&sweep["nextRunAt"], &sweep["leasedUntil"]), (&json!(later), &Value::Null));
    platform.admin().await.get(path).await.expect(403);
}
