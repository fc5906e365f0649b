//! Reports over calls, in the tenant's time zone (New York, five hours behind in November).

use domain::*;
use operations::EventLog as _;
use serde_json::{Value, json};

use crate::{
    directory::make,
    support::{Platform, START},
};

struct Told<'a> {
    at: &'a str,
    campaign: Option<CampaignId>,
    answered_secs: Option<i64>,
    is_over: bool,
}

fn moment(text: &str) -> Timestamp {
    Timestamp::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

/// A call that rang for ten seconds, was answered or not, and ended or runs.
async fn call(platform: &Platform, tenant: TenantId, told: Told<'_>) {
    let (call, at): (CallId, Timestamp) = (platform.id(), moment(told.at));
    let after = |secs: i64| at.after(std::time::Duration::from_secs(secs.unsigned_abs()));
    let started = StartedCall {
        direction: Direction::Inbound,
        from: "+15551230001".to_owned(),
        to: "+15551234567".to_owned(),
        caller_name: None,
        trunk: None,
        attestation: Attestation::A,
        identity_claim: None,
        agent: None,
        number: None,
        campaign: told.campaign,
        publisher: None,
        flow: None,
        flow_version: None,
        sip_call_id: "abc@example".to_owned(),
        switch: platform.id(),
    };
    let mut steps = vec![(at, What::Started(Box::new(started)))];
    if told.answered_secs.is_some() {
        steps.push((after(10), What::Answered));
    }
    if told.is_over {
        let end = after(10 + told.answered_secs.unwrap_or(0));
        steps.push((end, What::Ended { cause: EndCause::Normal, by: Party::Caller, sip_status: None, detail: None }));
    }
    let events =
        steps.into_iter().zip(1..).map(|((at, what), sequence)| CallEvent { call, sequence, tenant, at, what });
    platform.store.append(events.collect()).await.unwrap();
}

async fn filled() -> (Platform, String) {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let (publisher, _) = make(&admin, "/api/v1/publishers", json!({"name": "P", "code": "P1"})).await;
    let (campaign, _) = make(&admin, "/api/v1/campaigns", json!({"publisherId": publisher, "name": "Roofs"})).await;
    let own: Option<CampaignId> = Some(campaign.parse().unwrap());
    let (mine, other) = (platform.tenant, platform.other);
    // The 22nd in New York, though the 23rd in UTC.
    call(&platform, mine, Told { at: "2026-11-23T04:30:00Z", campaign: own, answered_secs: Some(90), is_over: true })
        .await;
    call(&platform, mine, Told { at: "2026-11-23T05:00:00Z", campaign: own, answered_secs: Some(31), is_over: true })
        .await;
    call(&platform, mine, Told { at: "2026-11-23T15:59:00Z", campaign: None, answered_secs: None, is_over: true })
        .await;
    call(&platform, mine, Told { at: "2026-11-23T15:59:30Z", campaign: None, answered_secs: Some(0), is_over: false })
        .await;
    call(&platform, other, Told { at: "2026-11-23T15:00:00Z", campaign: None, answered_secs: Some(60), is_over: true })
        .await;
    (platform, campaign)
}

fn counts(breakdown: &Value, name: &str, count: &str) -> Vec<(String, u64)> {
    let all = breakdown.as_array().unwrap().iter();
    let pairs = all.map(|one| (one[name].as_str().unwrap().to_owned(), one.pointer(count).unwrap().as_u64().unwrap()));
    pairs.filter(|(_, count)| *count > 0).collect()
}

fn named(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[tokio::test]
async fn the_last_day_by_the_hour_is_what_is_shown_unasked() {
    let (platform, _) = filled().await;
    let admin = platform.admin().await;
    assert_eq!(START, moment("2026-11-23T16:00:00Z"));
    let report = admin.get("/api/v1/reporting/metrics").await.expect(200).json();
    assert_eq!(report["period"], json!({"start": "2026-11-22T16:00:00.000000Z", "end": "2026-11-23T16:00:00.000000Z"}));
    assert_eq!(report["timeZone"], "America/New_York");
    let metrics = &report["metrics"];
    for (name, value) in [
        ("totalCalls", json!(4)),
        ("answeredCalls", json!(3)),
        ("completedCalls", json!(2)),
        ("failedCalls", json!(1)),
        ("totalDuration", json!(151)),
        ("totalBillableMinutes", json!(2)),
        ("averageDuration", json!(37)),
        ("asr", json!(0.75)),
        ("aht", json!(60)),
        ("conversionRate", json!(0.0)),
        ("completionRate", json!(0.5)),
        ("totalCost", json!("0.0000")),
    ] {
        assert_eq!(metrics[name], value, "{name}: {metrics}");
    }
    assert_eq!(report["breakdown"].as_array().unwrap().len(), 24, "hours without calls too");
    let hours = counts(&report["breakdown"], "timestamp", "/totalCalls");
    let expected =
        [("2026-11-23T04:00:00.000000Z", 1), ("2026-11-23T05:00:00.000000Z", 1), ("2026-11-23T15:00:00.000000Z", 2)];
    assert_eq!(hours, named(&expected));
}

#[tokio::test]
async fn days_are_the_tenants_own() {
    let (platform, campaign) = filled().await;
    let admin = platform.admin().await;
    let period = "startDate=2026-11-22T05:00:00Z&endDate=2026-11-24T05:00:00Z";
    let report = admin.get(&format!("/api/v1/reporting/calls?{period}")).await.expect(200).json();
    let days = counts(&report["breakdown"], "value", "/metrics/totalCalls");
    assert_eq!(days, named(&[("2026-11-22", 1), ("2026-11-23", 3)]));
    assert_eq!((&report["metrics"]["totalCalls"], &report["breakdown"][0]["dimension"]), (&json!(4), &json!("day")));
    for (group, expected) in [
        ("week", vec![("2026-11-16", 1), ("2026-11-23", 3)]),
        ("month", vec![("2026-11", 4)]),
        ("status", vec![("COMPLETED", 2), ("ANSWERED", 1), ("FAILED", 1)]),
    ] {
        let report = admin.get(&format!("/api/v1/reporting/calls?{period}&groupBy={group}")).await.expect(200).json();
        let mut groups = counts(&report["breakdown"], "value", "/metrics/totalCalls");
        let mut expected = named(&expected);
        if group == "status" {
            groups.sort();
            expected.sort();
        }
        assert_eq!(groups, expected, "{group}");
        assert_eq!(report["metrics"]["totalCalls"], 4, "{group}");
    }
    let report = admin.get(&format!("/api/v1/reporting/calls?{period}&groupBy=campaign")).await.expect(200).json();
    assert_eq!(counts(&report["breakdown"], "value", "/metrics/totalCalls"), named(&[("", 2), ("Roofs", 2)]));
    let path = format!("/api/v1/reporting/calls?{period}&campaignId={campaign}");
    assert_eq!(admin.get(&path).await.expect(200).json()["metrics"]["totalCalls"], 2);
}

#[tokio::test]
async fn every_filter_narrows() {
    let (platform, campaign) = filled().await;
    let admin = platform.admin().await;
    let nobody = "01890000-0000-7000-8000-000000000000";
    for (query, calls) in [
        (format!("campaignId={campaign}"), 2),
        (format!("campaignId={nobody}"), 0),
        (format!("publisherId={nobody}"), 0),
        (format!("buyerId={nobody}"), 0),
        ("granularity=day".to_owned(), 4),
        ("endDate=2026-11-23T15:59:00Z".to_owned(), 2),
        ("startDate=2026-11-23T15:59:00Z".to_owned(), 2),
    ] {
        let report = admin.get(&format!("/api/v1/reporting/metrics?{query}")).await.expect(200).json();
        assert_eq!(report["metrics"]["totalCalls"], calls, "{query}");
    }
}

#[tokio::test]
async fn a_campaign_has_a_report_of_its_own() {
    let (platform, campaign) = filled().await;
    let admin = platform.admin().await;
    let path = format!("/api/v1/reporting/campaigns/{campaign}");
    let report = admin.get(&path).await.expect(200).json();
    assert_eq!((&report["campaignId"], &report["metrics"]["totalCalls"]), (&json!(campaign), &json!(2)));
    assert_eq!((&report["metrics"]["answerRate"], &report["metrics"]["completionRate"]), (&json!(1.0), &json!(1.0)));
    assert_eq!(report["breakdown"].as_array().unwrap().len(), 8, "seven days touch eight");
    platform.client(platform.other, &["admin:*"]).await.get(&path).await.expect(404);
}

#[tokio::test]
async fn a_period_is_bounded() {
    let (platform, _) = filled().await;
    let admin = platform.admin().await;
    for (path, fields) in [
        ("metrics?startDate=2026-11-24T00:00:00Z", vec!["endDate"]),
        ("metrics?startDate=2026-10-01T00:00:00Z", vec!["endDate"]),
        ("metrics?startDate=2025-10-01T00:00:00Z&granularity=day", vec!["endDate"]),
        ("metrics?granularity=minute", vec!["granularity"]),
        ("calls", vec!["endDate", "startDate"]),
        ("calls?startDate=2026-11-01T00:00:00Z&endDate=2026-11-01T00:00:00Z", vec!["endDate"]),
        ("calls?startDate=2026-11-01T00:00:00Z&endDate=2026-11-02T00:00:00Z&groupBy=caller", vec!["groupBy"]),
    ] {
        assert_eq!(admin.get(&format!("/api/v1/reporting/{path}")).await.expect(422).fields(), fields, "{path}");
    }
    admin.get("/api/v1/reporting/metrics?startDate=2026-10-01T00:00:00Z&granularity=day").await.expect(200);
    let caller = platform.client(platform.tenant, &["calls:read"]).await;
    caller.get("/api/v1/reporting/metrics").await.expect(403);
}
