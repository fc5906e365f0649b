//! Many at once: what is exported can be imported, and what is wrong with a file is said by line and field.

use operations::{Role, Side};
use serde_json::{Value, json};

use crate::{
    directory::make,
    support::{Answer, Client, Platform},
};

async fn import(client: &Client<'_>, path: &str, kind: &str, text: &str) -> Answer {
    client.send("POST", path, Some((kind, text.as_bytes().to_vec()))).await
}

async fn csv(client: &Client<'_>, path: &str, text: &str) -> Value {
    import(client, path, "text/csv", text).await.expect(200).json()
}

/// `[rows, imported, unchanged, failed]`.
fn counts(report: &Value) -> [u64; 4] {
    ["rows", "imported", "unchanged", "failed"].map(|name| report[name].as_u64().unwrap())
}

fn errors(report: &Value) -> Vec<(u64, String)> {
    let errors = report["errors"].as_array().unwrap().iter();
    errors.map(|error| (error["line"].as_u64().unwrap(), error["field"].as_str().unwrap().to_owned())).collect()
}

const KINDS: [&str; 4] = ["publishers", "buyers", "numbers", "leads"];

/// Rows that try what files trip over: formulas, quotation marks, lines within cells, lists, objects, every member.
async fn fill(admin: &Client<'_>) {
    let (publisher, _) =
        make(admin, "/api/v1/publishers", json!({"name": "=cmd|' /C calc'!A0", "code": "P1", "metadata": {"a": [1]}}))
            .await;
    let buyer = json!({"publisherId": publisher, "name": "Sun, \"best\"", "code": "B1", "timeZone": "America/Chicago",
        "caps": {"daily": 7}, "hours": {"mon": [{"from": "09:00", "to": "17:00"}], "closed": ["2026-12-25"]},
        "filters": {"tags": [{"tag": "state", "anyOf": ["NY"]}], "areaCodes": ["212"]}, "weight": 3, "priority": -2});
    make(admin, "/api/v1/buyers", buyer).await;
    let (campaign, _) = make(admin, "/api/v1/campaigns", json!({"publisherId": publisher, "name": "Roofs"})).await;
    let number = json!({"number": "+15551234567", "campaignId": campaign, "friendlyName": "'=tricky",
        "capabilities": ["Voice", "SMS"], "status": "SUSPENDED"});
    make(admin, "/api/v1/numbers", number).await;
    make(admin, "/api/v1/numbers", json!({"number": "+442079460000"})).await;
    let lead = json!({"phoneNumber": "+15551230001", "campaignId": campaign, "firstName": "+1+1", "lastName": " Ray ",
        "notes": "first line\r\nsecond; \"line\"", "tags": ["solar", "hot, very"], "customFields": {"age": 40, "x": null},
        "status": "QUALIFIED", "priority": -5, "zipCode": "00501", "country": "US", "email": "ana@example.com"});
    make(admin, "/api/v1/leads", lead).await;
    for index in 0..205 {
        make(admin, "/api/v1/leads", json!({"phoneNumber": format!("+1555200{index:04}")})).await;
    }
}

/// What a list holds, without what is made anew.
async fn held(client: &Client<'_>, kind: &str) -> Vec<Value> {
    let exported = client.get(&format!("/api/v1/{kind}/export?format=jsonl")).await.expect(200).text();
    let mut rows: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for row in &mut rows {
        for made in ["id", "tenantId", "createdAt", "updatedAt", "purchasedAt", "publisherId", "campaignId", "campaign"]
        {
            row.as_object_mut().unwrap().remove(made);
        }
        if let Some(publisher) = row.get_mut("publisher") {
            publisher.as_object_mut().unwrap().remove("id");
        }
    }
    rows.sort_by_key(Value::to_string);
    rows
}

#[tokio::test]
async fn what_is_exported_is_imported_again() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    fill(&admin).await;
    for (format, kind) in [("csv", "text/csv"), ("jsonl", "application/x-ndjson")] {
        let copy = Platform::new().await;
        let copied = copy.admin().await;
        // Ids are another platform's: rows that name something name what has its name there.
        let mut ids: Vec<(String, String)> = Vec::new();
        for list in KINDS {
            let answer = admin.get(&format!("/api/v1/{list}/export?format={format}")).await.expect(200);
            assert_eq!(
                answer.header("content-disposition"),
                format!("attachment; filename=\"{list}.{format}\""),
                "{list}"
            );
            assert!(answer.header("content-type").starts_with(kind), "{list}");
            let mut text = answer.text();
            for (old, new) in &ids {
                text = text.replace(old, new);
            }
            let path = format!("/api/v1/{list}/import");
            let there = held(&admin, list).await;
            let count = there.len() as u64;
            let dry = import(&copied, &format!("{path}?dryRun=true"), kind, &text).await.expect(200).json();
            assert_eq!((counts(&dry), &dry["dryRun"]), ([count, count, 0, 0], &json!(true)), "{list}: {dry}");
            assert_eq!(held(&copied, list).await, Vec::<Value>::new(), "a dry run writes nothing");
            let report = import(&copied, &path, kind, &text).await.expect(200).json();
            assert_eq!((counts(&report), errors(&report)), ([count, count, 0, 0], vec![]), "{list} {format}");
            assert_eq!(held(&copied, list).await, there, "{list} {format}");
            let again = import(&copied, &path, kind, &text).await.expect(200).json();
            assert_eq!(counts(&again), [count, 0, count, 0], "{list}");
            if list == "publishers" {
                let id = async |client: &Client<'_>| {
                    client.get("/api/v1/publishers").await.json()["data"][0]["id"].as_str().unwrap().to_owned()
                };
                let new = id(&copied).await;
                let campaign = json!({"publisherId": new, "name": "Roofs"});
                let (campaign, _) = make(&copied, "/api/v1/campaigns", campaign).await;
                let old = admin.get("/api/v1/campaigns").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
                ids.extend([(id(&admin).await, new), (old, campaign)]);
            }
        }
    }
}

#[tokio::test]
async fn no_cell_of_an_export_is_a_formula_and_numbers_stay_numbers() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    fill(&admin).await;
    let text = admin.get("/api/v1/publishers/export").await.expect(200).text();
    assert!(text.contains("P1,\"'=cmd|' /C calc'!A0\",ACTIVE"), "{text}");
    let text = admin.get("/api/v1/leads/export?search=Ray").await.expect(200).text();
    assert!(text.starts_with("phoneNumber,firstName,"), "{text}");
    assert!(text.contains("\r\n+15551230001,\"'+1+1\",\" Ray \","), "{text}");
    assert_eq!(admin.get("/api/v1/leads/export?status=QUALIFIED&format=jsonl").await.text().lines().count(), 1);
    admin.get("/api/v1/leads/export?format=xlsx").await.expect(422);
    let log = admin.get("/api/v1/audit-logs?action=lead.export").await.expect(200).json();
    assert_eq!(log["meta"]["total"], 2, "exports are on record");
}

#[tokio::test]
async fn a_faulty_row_is_named_and_leaves_nothing_behind() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let stranger = platform.user(platform.other, "eve@globex.example", Role::Admin).await;
    let file = format!(
        "Phone Number;first_name;country;priority;assignedToId;tags\r\n\
         +15551230001;Ana;US;5;;solar | hot\r\n\
         call me;Bo;USA;x;;\r\n\
         \r\n\
         +15551230002;Cy;;;{};\r\n\
         (555) 123-0001;Again;;;;\r\n\
         ;Dee;;;;\r\n\
         +15551230003;Eve;;;;;too much\r\n\
         {}\r\n\
         ;;;;;\r\n\
         +15551230004;\"two\r\nlines\";;;;\r\n\
         +15551230005;;;2000;;\r\n",
        stranger.id,
        "x".repeat(70_000),
    );
    let report = csv(&admin, "/api/v1/leads/import", &file).await;
    assert_eq!(counts(&report), [9, 2, 1, 6], "{report}");
    let expected = [(3, "priority"), (5, "assignedToId"), (7, "phoneNumber"), (8, ""), (9, ""), (13, "priority")];
    assert_eq!(errors(&report), expected.map(|(line, field)| (line, field.to_owned())), "{report}");
    let leads = admin.get("/api/v1/leads").await.json();
    assert_eq!(leads["meta"]["total"], 2);
    let found = admin.get("/api/v1/leads?search=0001").await.json();
    assert_eq!((&found["data"][0]["tags"], &found["data"][0]["priority"]), (&json!(["solar", "hot"]), &json!(5)));
    let log = admin.get("/api/v1/audit-logs?action=lead.create").await.expect(200).json();
    assert_eq!(log["meta"]["total"], 2, "each row is on record as if it were posted");
    let log = admin.get("/api/v1/audit-logs?action=lead.import").await.expect(200).json();
    assert_eq!((&log["data"][0]["changes"]["imported"], &log["data"][0]["changes"]["failed"]), (&json!(2), &json!(6)));

    let stopped =
        csv(&admin, "/api/v1/leads/import?onError=stop", "phoneNumber\n+15551230010\n1\n+15551230011\n").await;
    assert_eq!((counts(&stopped), &stopped["stopped"]), ([2, 1, 0, 1], &json!(true)));
    assert_eq!(errors(&stopped), [(3, "phoneNumber".to_owned())]);
    let open =
        csv(&admin, "/api/v1/leads/import", "phoneNumber,notes\n+15551230012,\"never closed\n+15551230013,\n").await;
    assert_eq!(
        (counts(&open), errors(&open), &open["stopped"]),
        ([1, 0, 0, 1], vec![(2, String::new())], &json!(true))
    );

    let lines = "{\"phoneNumber\":\"+15551230020\",\"customFields\":{\"a\":1}}\n\n{\"phoneNumber\":\n[]\n{\"phoneNumber\":\"+15551230021\",\"colour\":\"red\"}";
    let report = import(&admin, "/api/v1/leads/import", "application/x-ndjson", lines).await.expect(200).json();
    assert_eq!(counts(&report), [4, 1, 0, 3], "{report}");
    assert_eq!(errors(&report).into_iter().map(|(line, _)| line).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(report["errors"][2]["field"], "colour");
}

#[tokio::test]
async fn a_file_that_cannot_be_meant_is_refused_whole() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    import(&admin, "/api/v1/leads/import", "application/json", "{}").await.expect(415);
    let wrong =
        import(&admin, "/api/v1/leads/import", "text/csv", "+15551230001,Ana\n+15551230002,Bo\n").await.expect(422);
    assert_eq!(wrong.fields(), ["+15551230001", "Ana"]);
    // A heading that is no text at all has no columns to name.
    let noise = Some(("text/csv", vec![0xff, 0xfe, b'\n']));
    let noise = admin.send("POST", "/api/v1/leads/import", noise).await.expect(400).json();
    assert_eq!(noise["error"]["code"], "BAD_REQUEST");
    let twice = import(&admin, "/api/v1/leads/import", "text/csv", "phoneNumber,phone_number\n").await.expect(422);
    assert_eq!(twice.fields(), ["phone_number"]);
    assert_eq!(counts(&csv(&admin, "/api/v1/leads/import", "\u{feff}phoneNumber\n").await), [0; 4]);
    let bought = csv(&admin, "/api/v1/numbers/import", "number,purchase\n+15551234567,true\n,\n").await;
    assert_eq!((counts(&bought), errors(&bought)), ([1, 0, 0, 1], vec![(2, "purchase".to_owned())]));
    let body = json!({"areaCode": "212", "purchase": false, "status": "ACTIVE"});
    assert_eq!(admin.post("/api/v1/numbers", body).await.expect(422).fields(), ["status"]);
}

/// More rows than are kept together, some of them there already and one at fault: each has its outcome and its place in the log.
#[tokio::test]
async fn rows_kept_together_are_told_one_by_one() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let numbers = |from: u32, to: u32| -> String { (from..to).map(|index| format!("+1555400{index:04}\n")).collect() };
    let first = csv(&admin, "/api/v1/leads/import", &format!("phoneNumber\n{}", numbers(0, 450))).await;
    assert_eq!(counts(&first), [450, 450, 0, 0]);
    let file = format!("phoneNumber\n{}{}1\n{}", numbers(300, 700), numbers(690, 695), numbers(700, 710));
    let dry = csv(&admin, "/api/v1/leads/import?dryRun=true", &file).await;
    assert_eq!((counts(&dry), errors(&dry)), ([416, 260, 155, 1], vec![(407, "phoneNumber".to_owned())]), "{dry}");
    let mixed = csv(&admin, "/api/v1/leads/import", &file).await;
    assert_eq!((counts(&mixed), errors(&mixed)), ([416, 260, 155, 1], vec![(407, "phoneNumber".to_owned())]));
    assert_eq!(admin.get("/api/v1/leads").await.json()["meta"]["total"], 710);
    let log = admin.get("/api/v1/audit-logs?action=lead.create").await.expect(200).json();
    assert_eq!(log["meta"]["total"], 710, "each row is on record once");
    let chain = admin.get("/api/v1/audit-logs/verify").await.expect(200).json();
    assert_eq!((&chain["valid"], &chain["entries"]), (&json!(true), &json!(712)), "{chain}");
    let stopped =
        csv(&admin, "/api/v1/leads/import?onError=stop", &format!("phoneNumber\n{}x\n", numbers(800, 805))).await;
    assert_eq!((counts(&stopped), &stopped["stopped"]), ([6, 5, 0, 1], &json!(true)));
}

#[tokio::test]
async fn a_quota_that_is_used_up_ends_an_import() {
    let platform = Platform::new().await;
    let operator = platform.client(platform.tenant, &["platform:admin"]).await;
    let path = format!("/admin/api/v1/tenants/{}/quota", platform.tenant);
    operator.patch(&path, json!({"maxPhoneNumbers": 2})).await.expect(200);
    let admin = platform.admin().await;
    let file = "number\n+15551234501\n+15551234502\n+15551234503\n+15551234504\n";
    let report = csv(&admin, "/api/v1/numbers/import", file).await;
    assert_eq!((counts(&report), &report["stopped"]), ([3, 2, 0, 1], &json!(true)), "{report}");
    assert_eq!(errors(&report), [(4, String::new())]);
}

#[tokio::test]
async fn the_same_file_twice_at_once_is_imported_once() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let rows: String = (0..40).map(|index| format!("+1555300{index:04}\n")).collect();
    let file = format!("phoneNumber\n{rows}");
    let (one, other) =
        tokio::join!(csv(&admin, "/api/v1/leads/import", &file), csv(&admin, "/api/v1/leads/import", &file));
    let (one, other) = (counts(&one), counts(&other));
    assert_eq!((one[1] + other[1], one[2] + other[2], one[3] + other[3]), (40, 40, 0), "{one:?} {other:?}");
}

#[tokio::test]
async fn a_request_with_a_key_imports_once() {
    let platform = Platform::new().await;
    let admin = platform.admin().await.with("idempotency-key", "file-1");
    let file = "phoneNumber\n+15551230001\n+15551230002\n";
    let first = csv(&admin, "/api/v1/leads/import", file).await;
    let again = import(&admin, "/api/v1/leads/import", "text/csv", file).await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!((counts(&first), &again.json()), ([2, 2, 0, 0], &first));
}

#[tokio::test]
async fn nobody_else_sees_it_and_not_everybody_may() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    fill(&admin).await;
    crate::calls::sold_call(&platform, 0).await;
    let other = platform.client(platform.other, &["admin:*"]).await;
    for kind in KINDS.into_iter().chain(["calls"]) {
        for format in ["csv", "jsonl"] {
            let path = format!("/api/v1/{kind}/export?format={format}");
            assert!(admin.get(&path).await.expect(200).text().lines().count() > usize::from(format == "csv"), "{kind}");
            let theirs = other.get(&path).await.expect(200).text();
            assert_eq!(theirs.lines().count(), usize::from(format == "csv"), "{kind}: {theirs}");
        }
        let (reader, writer) = (format!("{kind}:read"), format!("{kind}:write"));
        let reader = platform.client(platform.tenant, &[&reader]).await;
        let writer = platform.client(platform.tenant, &[&writer]).await;
        reader.get(&format!("/api/v1/{kind}/export")).await.expect(200);
        writer.get(&format!("/api/v1/{kind}/export")).await.expect(403);
        if kind != "calls" {
            import(&reader, &format!("/api/v1/{kind}/import"), "text/csv", "x\n").await.expect(403);
        }
    }
    // A row of theirs that names what is ours names nothing.
    let publisher = admin.get("/api/v1/publishers").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let file = format!("publisherId,name,code\n{publisher},Thief,T1\n");
    let report = csv(&other, "/api/v1/buyers/import", &file).await;
    assert_eq!((counts(&report), errors(&report)), ([1, 0, 0, 1], vec![(2, "publisherId".to_owned())]));
    let sided = platform.sided(&["admin:*", "*:*"], Side::Publisher(publisher.parse().unwrap())).await;
    sided.get("/api/v1/leads/export").await.expect(403);
    assert_eq!(sided.get("/api/v1/calls/export").await.expect(200).text().lines().count(), 1);
}

#[tokio::test]
async fn a_campaign_is_named_in_a_file() {
    let platform = Platform::new().await;
    let admin = platform.admin().await;
    let (publisher, _) = make(&admin, "/api/v1/publishers", json!({"name": "P", "code": "P1"})).await;
    let campaign =
        async |name: &str| make(&admin, "/api/v1/campaigns", json!({"publisherId": publisher, "name": name})).await.0;
    let roofs = campaign("Roofs").await;
    for _ in 0..2 {
        campaign("Twice").await;
    }
    let stranger = platform.client(platform.other, &["admin:*"]).await;
    let (theirs, _) = make(&stranger, "/api/v1/publishers", json!({"name": "P", "code": "P1"})).await;
    make(&stranger, "/api/v1/campaigns", json!({"publisherId": theirs, "name": "Theirs"})).await;
    let file = format!(
        "number,campaign,campaignId\n+15551234001,Roofs,\n+15551234002,{roofs},\n+15551234003,Twice,\n\
         +15551234004,Theirs,\n+15551234005,{publisher},\n+15551234006,Roofs,{roofs}\n+15551234007,roofs,\n+15551234008,,{roofs}\n"
    );
    for (dry, held) in [("?dryRun=true", 0), ("", 3)] {
        let report = csv(&admin, &format!("/api/v1/numbers/import{dry}"), &file).await;
        assert_eq!(counts(&report), [8, 3, 0, 5], "{report}");
        let wrong = ["campaign", "campaign", "campaignId", "campaign", "campaign"].map(ToOwned::to_owned);
        assert_eq!(errors(&report), (4..=8).zip(wrong).collect::<Vec<_>>());
        let said = |index: usize| report["errors"][index]["message"].as_str().unwrap().to_owned();
        assert!(said(0).starts_with("2 campaigns are called") && said(1).starts_with("names no campaign"), "{report}");
        let numbers = admin.get(&format!("/api/v1/numbers?campaignId={roofs}")).await.expect(200).json();
        assert_eq!(numbers["meta"]["total"], held);
    }
    let one = json!({"number": "+15551234009", "campaign": "Roofs"});
    assert_eq!(make(&admin, "/api/v1/numbers", one).await.1["campaignId"], json!(roofs));
    let none = json!({"number": "+15551234010", "campaign": "Twice"});
    assert_eq!(admin.post("/api/v1/numbers", none).await.expect(422).fields(), ["campaign"]);
}
