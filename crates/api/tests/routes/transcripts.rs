//! What was said in calls: kept, read, found.

use serde_json::{Value, json};

use crate::{calls::sold_call, support::Platform};

fn said(words: &[&str]) -> Value {
    let segments: Vec<Value> = words
        .iter()
        .zip(0_u32..)
        .map(|(text, at)| json!({"start": at, "end": f64::from(at) + 0.5, "speaker": "caller", "text": text}))
        .collect();
    json!({"engine": "faster-whisper", "durationSec": 93.5, "segments": segments,
        "analysis": {"billable": true, "applicationSubmitted": false, "reasoning": "asked for a quote"}})
}

#[tokio::test]
async fn a_transcript_is_kept_and_replaced() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let call = sold_call(&platform, 0).await.call;
    let path = format!("/api/v1/calls/{call}/transcript");
    admin.get(&path).await.expect(404);
    let mut heard =
        operations::LiveBus::subscribe(&*platform.bus, operations::TenantScope::of(platform.tenant), None).stream;
    let kept = admin.put(&path, said(&["Good morning,", "I need a new roof."])).await.expect(200).json();
    assert_eq!(kept["fullText"], "Good morning, I need a new roof.");
    assert_eq!((&kept["durationSec"], &kept["language"]), (&json!(93.5), &json!("en")));
    let second = json!({"idx": 1, "start": 1.0, "end": 1.5, "speaker": "caller", "text": "I need a new roof."});
    assert_eq!(kept["segments"][1], second);
    assert_eq!(kept["analysis"]["reasoning"], "asked for a quote");
    let Some(operations::LiveItem::Update(update)) = heard.next().await else { panic!("nothing heard") };
    assert_eq!(update.update.name(), "transcription.ready");

    let again = json!({"engine": "other", "durationSec": 1, "language": "de", "fullText": "Guten Morgen"});
    let replaced = admin.put(&path, again).await.expect(200).json();
    assert_eq!(
        (&replaced["id"], &replaced["segments"], &replaced["analysis"]),
        (&kept["id"], &json!([]), &Value::Null)
    );
    assert_eq!(admin.get(&path).await.expect(200).json(), replaced);
    // What was said before is found no more.
    assert_eq!(admin.get("/api/v1/transcripts?q=roof").await.expect(200).json()["meta"]["total"], 0);

    let stranger = platform.client(platform.other, &["admin:*"]).await;
    stranger.get(&path).await.expect(404);
    stranger.put(&path, said(&["x"])).await.expect(404);
    let reader = platform.client(platform.tenant, &["recordings:read"]).await;
    reader.put(&path, said(&["x"])).await.expect(403);
    reader.get(&path).await.expect(200);
    let scope = operations::TenantScope::of(platform.tenant);
    let log = platform.directory.audit.list_audit(scope, &operations::PageRequest::number(1, 100)).await.unwrap();
    let entries: Vec<_> = log.items.iter().filter(|entry| entry.action == "transcript.put").collect();
    assert_eq!(entries.len(), 2);
    assert!(
        entries.iter().all(|entry| !entry.changes.to_string().contains("roof")),
        "what was said stays out of the log"
    );
}

#[tokio::test]
async fn transcripts_are_found_by_every_word_and_shown_short() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let call = sold_call(&platform, 0).await.call;
    let long = format!("My zip code is 10001 and {}", "blah ".repeat(100));
    let body = json!({"engine": "x", "durationSec": 1, "fullText": long});
    admin.put(&format!("/api/v1/calls/{call}/transcript"), body).await.expect(200);
    for (query, found) in
        [("", 1), ("q=ZIP", 1), ("q=code+zip,+10001!", 1), ("q=zip+roof", 0), ("q=zi", 0), ("q=%25", 1)]
    {
        let listed = admin.get(&format!("/api/v1/transcripts?{query}")).await.expect(200).json();
        assert_eq!(listed["meta"]["total"], found, "{query}");
    }
    let shown = admin.get("/api/v1/transcripts?q=zip").await.expect(200).json();
    let text = shown["data"][0]["fullText"].as_str().unwrap();
    assert_eq!((text.chars().count(), text.chars().last()), (201, Some('…')));
    assert_eq!(shown["data"][0]["callId"], call.to_string());
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    assert_eq!(stranger.get("/api/v1/transcripts?q=zip").await.expect(200).json()["meta"]["total"], 0);
    let words = "q=a+b+c+d+e+f+g+h+i+j+k";
    assert_eq!(admin.get(&format!("/api/v1/transcripts?{words}")).await.expect(422).fields(), ["q"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_transcript_is_named() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let sold = sold_call(&platform, 0).await;
    let path = format!("/api/v1/calls/{}/transcript", sold.call);
    let wrong =
        json!({"engine": "", "durationSec": -1, "language": "x", "segments": [{"start": -1, "end": 1, "text": "x"}]});
    let fields = admin.put(&path, wrong).await.expect(422).fields();
    assert_eq!(fields, ["durationSec", "engine", "language", "segments[0].start"]);
    let backwards = json!({"engine": "x", "durationSec": 1, "segments": [{"start": 2, "end": 1, "text": "x"}]});
    assert_eq!(admin.put(&path, backwards).await.expect(422).fields(), ["segments[0].end"]);
    let nobody = "01890000-0000-7000-8000-000000000000";
    admin.put(&path, json!({"engine": "x", "durationSec": 1, "recordingId": nobody})).await.expect(404);
    let with = json!({"engine": "x", "durationSec": 1, "recordingId": sold.recording});
    assert_eq!(admin.put(&path, with).await.expect(200).json()["recordingId"], sold.recording.to_string());
    admin.put(&format!("/api/v1/calls/{nobody}/transcript"), said(&["x"])).await.expect(404);
}
