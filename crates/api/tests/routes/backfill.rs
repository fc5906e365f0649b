//! A recording's file is read whole and what it is is kept.

use serde_json::{Value, json};
use sha2::Digest as _;

use crate::{calls::sold_call, support::Platform};

#[tokio::test]
async fn size_length_and_checksum_are_read_from_the_file() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let sold = sold_call(&platform, 0).await;
    let path = format!("/api/v1/recordings/{}", sold.recording);
    let shown = admin.get(&path).await.expect(200).json();
    assert_eq!(shown["checksum"], Value::Null);
    let file = platform.folder.path().join(shown["storageKey"].as_str().unwrap());
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    // One and a half seconds at 16,000 bytes a second.
    let mut wav =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x07\0\x02\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x08\0data\0\0\0\0".to_vec();
    assert_eq!(wav.len(), 44);
    wav.extend(vec![0xff; 24_000]);
    std::fs::write(&file, &wav).unwrap();
    let read = admin.send("POST", &format!("{path}/backfill"), None).await.expect(200).json();
    assert_eq!((&read["size"], &read["durationMs"]), (&json!("24044"), &json!(1_500)));
    let expected: String = sha2::Sha256::digest(&wav).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(read["checksum"], expected);
    let again = admin.send("POST", &format!("{path}/backfill"), None).await.expect(200).json();
    assert_eq!(again["checksum"], read["checksum"], "the same file");
    wav.push(0);
    std::fs::write(&file, &wav).unwrap();
    let changed = admin.send("POST", &format!("{path}/backfill"), None).await.expect(200).json();
    assert_ne!(changed["checksum"], read["checksum"]);
    std::fs::remove_file(&file).unwrap();
    admin.send("POST", &format!("{path}/backfill"), None).await.expect(404);
    let reader = platform.client(platform.tenant, &["recordings:read"]).await;
    reader.send("POST", &format!("{path}/backfill"), None).await.expect(403);
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    stranger.send("POST", &format!("{path}/backfill"), None).await.expect(404);
}
