//! What bad input gets: a refusal that says what is wrong, a counter, and no harm to what comes next.

use std::net::UdpSocket;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use interop::expect::Finished;
use interop::figures::Figures;
use interop::platform::Platform;
use interop::sipp::Sipp;
use serde_json::{Value, json};

use crate::{SECOND, callers};

const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// Changed trunks are in force at the edge that soon, on a busy machine.
const TRUNKS_WITHIN: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const DATAGRAM_MAX: usize = 4_096;

pub fn unknown_number(platform: &mut Platform) -> anyhow::Result<()> {
    let caller = callers(1);
    let before = Figures::read(&platform.api)?;
    Sipp::one("caller_is_turned_away", "+19995550000", caller, SECOND).call(platform.demo.sip_host())?;
    let status = invite(platform.demo.sip_host(), "+19995550000")?;
    ensure!(status == Some(404), "an unknown number got {status:?}");
    // It belongs to no number, and so to nobody's list but the trunk's tenant's: the event is the call's end.
    let detail = platform.api.settled_call(&format!("+{caller}"))?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.ended("FAILED", &["unknown_number"])?;
    ensure!(detail["cdr"]["sipStatus"] == 404, "the record says {}", detail["cdr"]);
    ensure!(detail["charges"].as_array().is_none_or(Vec::is_empty), "charged: {}", detail["charges"]);
    Figures::settled(&platform.api, &before, 2).map(drop)
}

pub fn malformed_sip(platform: &mut Platform) -> anyhow::Result<()> {
    let host = platform.demo.sip_host().to_owned();
    let before = Figures::read(&platform.api)?;
    // No Call-ID, no CSeq; but a Via that says whom to answer.
    let answerable = "INVITE sip:+12125550101@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKbad1\r\n\
                      From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n\r\n";
    ensure!(ask(&host, answerable)? == Some(400), "a request without CSeq and Call-ID did not get 400");
    let bad_length = "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKbad2\r\nFrom: <sip:a@b>;tag=1\r\n\
                      To: <sip:c@d>\r\nCall-ID: 1@x\r\nCSeq: 1 OPTIONS\r\nContent-Length: -7\r\n\r\n";
    ensure!(ask(&host, bad_length)? == Some(400), "a negative Content-Length did not get 400");
    for nobody_to_tell in ["\u{0}\u{1}\u{2}\u{fffd} not SIP at all", "INVITE\r\n\r\n", "SIP/2.0 999999 What\r\n\r\n"] {
        ensure!(ask(&host, nobody_to_tell)?.is_none(), "{nobody_to_tell:?} was answered");
    }
    let counted = |after: &Figures| -> anyhow::Result<(f64, f64)> {
        let unreadable = after.grew(&before, "edge_messages_total{fate=\"unreadable\"}")?;
        Ok((after.grew(&before, "edge_refusals_total{reason=\"malformed\"}")?, unreadable))
    };
    let mut waited = Duration::ZERO;
    loop {
        let is = counted(&Figures::read(&platform.api)?)?;
        if is == (2.0, 3.0) {
            return Ok(());
        }
        ensure!(waited < ANSWERS_WITHIN, "2 refused and 3 dropped messages are counted as {is:?}");
        sleep(LOOK_AGAIN);
        waited += LOOK_AGAIN;
    }
}

pub fn unknown_trunk(platform: &mut Platform) -> anyhow::Result<()> {
    let number = platform.demo.number("direct")?.to_owned();
    let list = platform.api.get("/api/v1/trunks")?;
    // The one calls come in over; others may only carry calls out.
    let is_inbound = |trunk: &&Value| trunk["sourceCidrs"].as_array().is_some_and(|sources| !sources.is_empty());
    let trunk = list["data"].as_array().and_then(|trunks| trunks.iter().find(is_inbound)).context("no trunk")?.clone();
    let path = format!("/api/v1/trunks/{}", trunk["id"].as_str().context("no trunk")?);
    let before = Figures::read(&platform.api)?;
    let set = |sources: &Value| -> anyhow::Result<()> {
        let (status, body) = platform.api.send("PATCH", &path, &json!({ "sourceCidrs": sources }).to_string())?;
        ensure!(status == 200, "changing the trunk: {status} {body}");
        Ok(())
    };
    set(&json!(["192.0.2.0/24"]))?;
    let refused = until(platform.demo.sip_host(), &number, 403);
    // As it was, whatever came of it: the scenarios behind this one call from here.
    set(&trunk["sourceCidrs"])?;
    refused?;
    until(platform.demo.sip_host(), "+19995550000", 404)?;
    sleep(SECOND);
    let counted = Figures::read(&platform.api)?.grew(&before, "edge_refusals_total{reason=\"unknown_trunk\"}")?;
    ensure!(counted >= 1.0, "no request of an unknown trunk was counted");
    Ok(())
}

pub fn no_verdict(platform: &mut Platform) -> anyhow::Result<()> {
    let (host, port) = platform.demo.sip_host().rsplit_once(':').context("no port")?;
    // The switch is 20 above the edge (5080 and 5060).
    let switch = format!("{host}:{}", port.parse::<u16>()? + 20);
    let before = Figures::read(&platform.api)?;
    let status = invite(&switch, platform.demo.number("direct")?)?;
    ensure!(status == Some(403), "an INVITE past the edge got {status:?}");
    sleep(SECOND);
    let after = Figures::read(&platform.api)?;
    ensure!(after.grew(&before, "switch_requests_refused_total")? >= 1.0, "the refusal was not counted");
    ensure!(after.grew(&before, "calls_started_total")? == 0.0, "the call was taken");
    Ok(())
}

pub fn invalid_flow(platform: &mut Platform) -> anyhow::Result<()> {
    // What is not in the language, and what is but leads nowhere: the second can be told only of a document that can be read.
    let unreadable = json!([
        { "id": "menu", "type": "ivr", "prompt": "say:Press 1", "choices": [{ "digits": "1", "nextt": "done" }] },
        { "id": "odd", "type": "no-such-type" },
        { "id": "done", "type": "hangup", "reason": "bored" }
    ]);
    let misled = json!([
        { "id": "menu", "type": "ivr", "prompt": "say:Press 1", "choices": [{ "digits": "1", "target": "missing" }] },
        { "id": "done", "type": "hangup" },
        { "id": "done", "type": "hangup" }
    ]);
    faults_of(platform, &unreadable, &["nextt", "no-such-type", "bored"])?;
    faults_of(platform, &misled, &["nowhere", "missing", "done"])?;
    let kept = platform.api.get("/api/v1/flows?search=faulty")?;
    ensure!(kept["data"].as_array().is_some_and(Vec::is_empty), "the flow was kept: {kept}");
    Ok(())
}

/// Sends a flow of these nodes, whose entry leads nowhere; each of `wanted` is in a fault that names a field.
fn faults_of(platform: &Platform, nodes: &Value, wanted: &[&str]) -> anyhow::Result<()> {
    let entry = json!({ "id": "entry", "type": "entry", "target": "nowhere" });
    let flow = json!({ "id": "faulty", "name": "Faulty", "version": "1", "entry": entry, "nodes": nodes });
    for path in ["/api/v1/flows/validate", "/api/v1/flows"] {
        let (status, body) = platform.api.send("POST", path, &flow.to_string())?;
        ensure!(status == 422, "{path}: {status} {body}");
        let faults = body["errors"].as_array().context("no list of faults")?;
        for wanted in wanted {
            let told = faults.iter().any(|fault| fault["field"].is_string() && fault.to_string().contains(wanted));
            ensure!(told, "{path}: no fault names '{wanted}': {body}");
        }
    }
    Ok(())
}

pub fn wrong_json(platform: &mut Platform) -> anyhow::Result<()> {
    let cases = [
        (r#"{"name": 7, "code": "X"}"#, "name"),
        (r#"{"name": "No code"}"#, "code"),
        (r#"{"name": "X", "code": "X", "colour": "red"}"#, "colour"),
    ];
    for (body, field) in cases {
        let (status, problem) = platform.api.send("POST", "/api/v1/publishers", body)?;
        ensure!(status == 422, "{body}: {status} {problem}");
        ensure!(problem["status"] == status && problem["title"].is_string(), "{body}: no problem document: {problem}");
        ensure!(problem.to_string().contains(field), "{body}: '{field}' is not named: {problem}");
    }
    let (status, problem) = platform.api.send("POST", "/api/v1/publishers", "{\"name\": ")?;
    ensure!(status == 400 && problem["detail"].is_string(), "broken JSON: {status} {problem}");
    Ok(())
}

/// Calls until the final answer is `wanted`.
fn until(host: &str, number: &str, wanted: u16) -> anyhow::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        let status = invite(host, number)?;
        if status == Some(wanted) {
            return Ok(());
        }
        ensure!(waited < TRUNKS_WITHIN, "{number} gets {status:?}, wanted {wanted}");
        sleep(LOOK_AGAIN);
        waited += LOOK_AGAIN;
    }
}

/// The final answer to an INVITE that is given up at once. The number is one that is not answered.
fn invite(host: &str, number: &str) -> anyhow::Result<Option<u16>> {
    let tag = callers(1);
    ask(
        host,
        &format!(
            "INVITE sip:{number}@{host} SIP/2.0\r\nVia: SIP/2.0/UDP {{me}};branch=z9hG4bK{tag}\r\n\
             From: <sip:+{tag}@127.0.0.1>;tag={tag}\r\nTo: <sip:{number}@{host}>\r\nCall-ID: {tag}@127.0.0.1\r\n\
             CSeq: 1 INVITE\r\nContact: <sip:{{me}}>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        ),
    )
}

/// Sends one datagram and returns the status of the first final answer; a refused INVITE is acknowledged.
fn ask(host: &str, text: &str) -> anyhow::Result<Option<u16>> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(SECOND))?;
    let text = text.replace("{me}", &socket.local_addr()?.to_string());
    socket.send_to(text.as_bytes(), host)?;
    let mut buffer = [0; DATAGRAM_MAX];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let status = answer.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
        if let Some(status @ 200..) = status {
            if text.contains("CSeq: 1 INVITE") {
                socket.send_to(acknowledgement(&text, &answer).as_bytes(), from)?;
            }
            return Ok(Some(status));
        }
    }
    Ok(None)
}

/// RFC 3261, 17.1.1.3: the request's own Via, Call-ID and From; the answer's To.
fn acknowledgement(request: &str, answer: &str) -> String {
    let line = |text: &str, name: &str| {
        text.lines().find(|line| line.to_lowercase().starts_with(name)).unwrap_or_default().trim_end().to_owned()
    };
    let uri = request.split(' ').nth(1).unwrap_or_default();
    let kept = ["via:", "from:", "call-id:"].map(|name| line(request, name)).join("\r\n");
    format!(
        "ACK {uri} SIP/2.0\r\n{kept}\r\n{}\r\nCSeq: 1 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        line(answer, "to:")
    )
}
