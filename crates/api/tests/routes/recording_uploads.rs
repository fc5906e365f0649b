//! Recordings from outside: sent as a file, fetched from another media server.

use axum::{Router, http::StatusCode, routing::get};
use operations::{LiveBus as _, LiveItem, TenantScope};
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::{
    calls::sold_call,
    support::{Answer, Client, Platform},
};

const UPLOAD: &str = "/api/v1/recordings/upload";
const FETCH: &str = "/api/v1/recordings/uploaded";

/// One and a half seconds of u-law in two channels.
fn wav() -> Vec<u8> {
    let mut wav =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x07\0\x02\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x08\0data\xc0\x5d\0\0".to_vec();
    wav.extend(vec![0x5f; 24_000]);
    wav
}

fn part(name: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a.wav\"\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

/// Of a form: names and contents.
type Parts<'a> = &'a [(&'a str, &'a [u8])];

async fn send(client: &Client<'_>, parts: Parts<'_>) -> Answer {
    let mut body: Vec<u8> = parts.iter().flat_map(|(name, content)| part(name, content)).collect();
    body.extend(b"--edge--\r\n");
    client.send("POST", UPLOAD, Some(("multipart/form-data; boundary=edge", body))).await
}

fn files(platform: &Platform) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
    }
    count(&platform.folder.path().join("recordings"))
}

#[tokio::test]
async fn a_file_becomes_a_recording_of_its_call() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let sold = sold_call(&platform, 0).await;
    let call = sold.call.to_string();
    let mut heard = platform.bus.subscribe(TenantScope::of(platform.tenant), None);
    let writer = platform.client(platform.tenant, &["recordings:write"]).await;
    let kept = send(&writer, &[("callId", call.as_bytes()), ("file", &wav())]).await.expect(201).json();
    let expected: String = sha2::Sha256::digest(wav()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        (&kept["callId"], &kept["checksum"], &kept["durationMs"], &kept["size"], &kept["channels"], &kept["status"]),
        (&json!(call), &json!(expected), &json!(1_500), &json!("24044"), &json!(2), &json!("COMPLETED"))
    );
    let update = loop {
        match heard.stream.next().await.unwrap() {
            LiveItem::Update(placed) if placed.update.name() == "recording.ready" => break placed,
            _ => {}
        }
    };
    let operations::LiveUpdate::Notice { data, .. } = &update.update else { panic!("a notice") };
    assert_eq!(
        (&data["recordingId"], &data["callId"], &data["durationMs"]),
        (&kept["id"], &json!(call), &json!(1_500))
    );

    // A second one of the call takes nothing from the first.
    let mut other = wav();
    other[100] = 0;
    let second = send(&admin, &[("callId", call.as_bytes()), ("file", &other)]).await.expect(201).json();
    assert_ne!(kept["storageKey"], second["storageKey"]);
    for (recording, content) in [(&kept, wav()), (&second, other)] {
        let path = recording["url"].as_str().unwrap();
        assert_eq!(admin.get(path).await.expect(200).bytes, content);
    }
    let list = admin.get(&format!("/api/v1/recordings?callId={call}")).await.expect(200).json();
    assert_eq!(list["meta"]["total"], 3, "with the one the platform made");
    let trail = admin.get("/api/v1/audit-logs?action=recording.create").await.expect(200).json();
    assert_eq!(trail["meta"]["total"], 2);
}

#[tokio::test]
async fn what_is_no_recording_leaves_nothing() {
    let platform = Platform::with(|config| config.recording_bytes_max = 30_000).await;
    let admin = platform.admin().await;
    let sold = sold_call(&platform, 0).await;
    let call = sold.call.to_string();
    let id = call.as_bytes();
    let mut mp3 = wav();
    mp3[20] = 0x55;
    let silent = wav()[..44].to_vec();
    let large = [wav(), vec![0; 10_000]].concat();
    let text = vec![b'x'; 20_000];
    let good = wav();
    let cases: [(Parts<'_>, u16, &str); 11] = [
        (&[("callId", id), ("file", &text)], 422, "file"),
        (&[("callId", id), ("file", b"RIFF")], 422, "file"),
        (&[("callId", id), ("file", &mp3)], 422, "file"),
        (&[("callId", id), ("file", &silent)], 422, "file"),
        (&[("callId", id)], 422, "file"),
        (&[("file", &good)], 422, "callId"),
        (&[("callId", b"x"), ("file", &good)], 422, "callId"),
        (&[("callId", id), ("callId", id), ("file", &good)], 422, "callId"),
        (&[("callId", id), ("file", &good), ("file", &good)], 422, "file"),
        (&[("callId", id), ("file", &good), ("volume", b"11")], 422, "volume"),
        (&[("callId", id), ("file", &large)], 413, ""),
    ];
    for (parts, status, field) in cases {
        let refused = send(&admin, parts).await;
        assert_eq!(refused.status, status, "{}", refused.text());
        let body = refused.json();
        if !field.is_empty() {
            assert_eq!(body["errors"][0]["field"], field, "{body}");
        }
        assert_eq!(files(&platform), 0, "{body}");
    }
    // Broken off amid the file.
    let cut = [part("callId", id), part("file", &good)].concat();
    let broken = admin.send("POST", UPLOAD, Some(("multipart/form-data; boundary=edge", cut))).await;
    assert_eq!((broken.status, files(&platform)), (StatusCode::BAD_REQUEST, 0), "{}", broken.text());
    admin.send("POST", UPLOAD, Some(("multipart/form-data", Vec::new()))).await.expect(415);
    admin.send("POST", UPLOAD, Some(("audio/wav", good.clone()))).await.expect(415);

    let stranger = platform.client(platform.other, &["admin:*"]).await;
    send(&stranger, &[("callId", id), ("file", &good)]).await.expect(404);
    let reader = platform.client(platform.tenant, &["recordings:read"]).await;
    send(&reader, &[("callId", id), ("file", &good)]).await.expect(403);
    assert_eq!(files(&platform), 0);
    let list = admin.get(&format!("/api/v1/recordings?callId={call}")).await.expect(200).json();
    assert_eq!(list["meta"]["total"], 1);
}

#[tokio::test]
async fn recordings_take_up_no_more_than_they_may() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let sold = sold_call(&platform, 0).await;
    let call = sold.call.to_string();
    let good = wav();
    let parts: [(&str, &[u8]); 2] = [("callId", call.as_bytes()), ("file", &good)];
    let operator = platform.client(platform.tenant, &["admin:*", "platform:admin"]).await;
    let quota = format!("/admin/api/v1/tenants/{}/quota", platform.tenant);
    operator.patch(&quota, json!({"maxStorageGB": 1})).await.expect(200);
    let kept = send(&admin, &parts).await.expect(201).json();
    let scope = TenantScope::of(platform.tenant);
    let id = kept["id"].as_str().unwrap().parse().unwrap();
    let recording = platform.directory.recordings.get(scope, id).await.unwrap();
    let huge = operations::Recording { bytes: Some(1_000_000_000), ..recording };
    platform.directory.recordings.save(scope, &huge, platform.now()).await.unwrap();
    let refused = send(&admin, &parts).await.expect(403).json();
    assert_eq!((&refused["error"]["code"], &refused["error"]["limit"]), (&json!("QUOTA_EXCEEDED"), &json!(1)));
    operator.patch(&quota, json!({"maxStorageGB": null})).await.expect(200);
    send(&admin, &parts).await.expect(201);
}

#[tokio::test]
async fn a_recording_is_fetched_from_another_media_server() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let elsewhere = Router::new()
        .route("/good.wav", get(async || wav()))
        .route("/text.wav", get(async || "not found, but 200"))
        .route("/away.wav", get(async || axum::response::Redirect::temporary("/good.wav")));
    tokio::spawn(async move { axum::serve(listener, elsewhere).await });
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let sold = sold_call(&platform, 0).await;
    let order =
        |name: &str| json!({"callId": sold.call, "url": format!("http://127.0.0.1:{port}/{name}"), "format": "wav"});
    let mut whole = order("good.wav");
    whole["size"] = json!(24_044);
    for path in [FETCH, UPLOAD] {
        let kept = admin.post(path, whole.clone()).await.expect(201).json();
        assert_eq!((&kept["durationMs"], &kept["size"]), (&json!(1_500), &json!("24044")));
        assert_eq!(admin.get(kept["url"].as_str().unwrap()).await.expect(200).bytes, wav());
    }
    let before = files(&platform);
    let mut short = order("good.wav");
    short["size"] = json!(24_000);
    let mut faults = vec![(short, "size")];
    for name in ["text.wav", "away.wav", "missing.wav"] {
        faults.push((order(name), "url"));
    }
    for url in [
        "https://evil.example/a.wav",
        "http://127.0.0.2:1/a.wav",
        "file:///etc/passwd",
        "https://127.0.0.1@evil.example/",
    ] {
        faults.push((json!({"callId": sold.call, "url": url}), "url"));
    }
    faults.push((json!({"callId": sold.call, "url": "https://media.example.com/a.mp3", "format": "mp3"}), "format"));
    for (body, field) in faults {
        let refused = admin.post(FETCH, body).await.expect(422).json();
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    assert_eq!(files(&platform), before, "nothing is left of what was refused");
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    stranger.post(FETCH, whole.clone()).await.expect(404);
    whole["callId"] = Value::from(platform.tenant.to_string());
    admin.post(FETCH, whole).await.expect(404);
}
