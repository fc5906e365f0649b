//! An agent with a real phone takes a call of a queue: how it is shown, as everybody hears it.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use interop::expect::Finished;
use interop::figures::Figures;
use interop::platform::Platform;
use interop::sipp::Sipp;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::stream::MaybeTlsStream;
use tokio_tungstenite::tungstenite::{Message, WebSocket, connect};

use crate::carrier::{first_of, id_of, send};
use crate::{SECOND, callers};

/// Longest a change of an agent may take to be heard.
const HEARD_WITHIN: Duration = Duration::from_secs(20);
/// How long it stays quiet when there is nothing more to hear.
const QUIET: Duration = Duration::from_secs(3);

/// A listener to `agent.*`.
struct Ear(WebSocket<MaybeTlsStream<TcpStream>>);

impl Ear {
    fn open(platform: &Platform) -> anyhow::Result<Self> {
        let (_, body) = platform.api.send("POST", "/auth/ws-ticket", "")?;
        let ticket = body["ticket"].as_str().with_context(|| format!("no ticket: {body}"))?;
        let (mut socket, _) = connect(platform.api.events_url(ticket))?;
        socket.send(Message::text(json!({ "type": "subscribe", "channels": ["agent.*"] }).to_string()))?;
        let mut ear = Self(socket);
        // What comes before it is few.
        for _ in 0..10 {
            if ear.message(HEARD_WITHIN)?.is_some_and(|message| message["type"] == "subscribed") {
                return Ok(ear);
            }
        }
        anyhow::bail!("not subscribed")
    }

    fn message(&mut self, within: Duration) -> anyhow::Result<Option<Value>> {
        let MaybeTlsStream::Plain(stream) = self.0.get_ref() else { anyhow::bail!("not a plain connection") };
        stream.set_read_timeout(Some(within))?;
        match self.0.read() {
            Ok(Message::Text(text)) => Ok(Some(serde_json::from_str(&text)?)),
            Ok(_) => Ok(Some(Value::Null)),
            Err(_) => Ok(None),
        }
    }

    /// What is said of this agent, until so much was said, or nothing for so long.
    fn hears(&mut self, agent: &str, count: usize, within: Duration) -> anyhow::Result<Vec<(String, Value)>> {
        let mut silent = Duration::ZERO;
        let mut heard = Vec::new();
        while heard.len() < count && silent < within {
            let Some(message) = self.message(SECOND)? else {
                silent += SECOND;
                continue;
            };
            let data = &message["payload"]["data"];
            if data["agentId"] == agent {
                let status = data["status"].as_str().context("no status")?.to_owned();
                heard.push((status, data["currentCallId"].clone()));
            }
        }
        Ok(heard)
    }
}

/// The demo's number without buyers leads to the queue. Undone when dropped.
struct Stage<'a> {
    platform: &'a Platform,
    campaign: String,
    flow: Value,
}

impl<'a> Stage<'a> {
    fn set(platform: &'a Platform, queue: &str) -> anyhow::Result<Self> {
        let document = json!({
            "id": format!("to-{queue}"), "name": format!("To {queue}"), "version": "1",
            "entry": { "id": "entry", "type": "entry", "target": "desk" },
            "nodes": [
                { "id": "desk", "type": "queue", "queueId": queue, "timeout": 20, "next": "done" },
                { "id": "done", "type": "hangup" },
            ],
        });
        let saved = send(platform, "POST", "/api/v1/flows", &document)?;
        let flow = saved["flowId"].as_str().with_context(|| format!("no flow: {saved}"))?.to_owned();
        send(platform, "POST", &format!("/api/v1/flows/{flow}/versions/1/publish"), &json!({}))?;
        let number = platform.demo.number("none")?.to_owned();
        let number = first_of(platform, "/api/v1/numbers?limit=100", |row| row["number"] == number.as_str())?;
        let campaign = number["campaign"]["id"].as_str().with_context(|| format!("no campaign: {number}"))?.to_owned();
        let before = platform.api.get(&format!("/api/v1/campaigns/{campaign}"))?;
        send(platform, "PATCH", &format!("/api/v1/campaigns/{campaign}"), &json!({ "flowId": flow }))?;
        Ok(Self { platform, campaign, flow: before["flowId"].clone() })
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        let _ = send(
            self.platform,
            "PATCH",
            &format!("/api/v1/campaigns/{}", self.campaign),
            &json!({ "flowId": self.flow }),
        );
    }
}

pub fn on_call(platform: &mut Platform) -> anyhow::Result<()> {
    let caller = callers(1);
    let phone = Sipp::one("buyer_answers", "agent", 1, SECOND).start(None)?;
    let agent = json!({
        "name": format!("Ivy {caller}"), "destination": format!("sip:ivy@127.0.0.1:{}", phone.port),
    });
    let agent = id_of(&send(platform, "POST", "/api/v1/agents", &agent)?)?;
    let queue = format!("desk-{caller}");
    send(platform, "POST", "/api/v1/queues", &json!({ "name": queue, "agentIds": [agent] }))?;
    let stage = Stage::set(platform, &queue)?;
    let path = format!("/api/v1/agents/{agent}");
    let mut ear = Ear::open(platform)?;
    send(platform, "PATCH", &path, &json!({ "status": "available" }))?;
    ensure!(ear.hears(&agent, 1, HEARD_WITHIN)? == [("available".to_owned(), Value::Null)]);
    // The routing snapshot is read several times a second.
    std::thread::sleep(SECOND * 2);

    let before = Figures::quiet(&platform.api)?;
    let calling = Sipp::one("caller_talks", platform.demo.number("none")?, caller, SECOND * 4);
    let calling = calling.start(Some(platform.demo.sip_host()))?;
    let heard = ear.hears(&agent, 1, HEARD_WITHIN)?;
    let shown = platform.api.get("/api/v1/agents?presence=on-call")?;
    ensure!(shown["data"][0]["id"] == agent.as_str(), "on-call are {shown}");
    let call = shown["data"][0]["presence"]["currentCallId"].clone();
    ensure!(heard == [("on-call".to_owned(), call.clone())], "{heard:?}, shown is {call}");
    calling.finish(1)?;
    phone.finish(1)?;
    let heard = ear.hears(&agent, 1, HEARD_WITHIN)?;
    ensure!(heard == [("available".to_owned(), Value::Null)], "{heard:?}");
    let more = ear.hears(&agent, 1, QUIET)?;
    ensure!(more.is_empty(), "said again: {more:?}");

    let detail = platform.api.settled_call(&format!("+{caller}"))?;
    ensure!(detail["id"] == call, "the call is {}", detail["id"]);
    Finished { detail: &detail }.sound()?;
    send(platform, "PATCH", &path, &json!({ "status": "offline" }))?;
    drop(stage);
    Figures::settled(&platform.api, &before, 1)?;
    Ok(())
}
