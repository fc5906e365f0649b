//! `hopwhistle calls tail`: the events of `/ws/events`, a line each, whatever becomes of the connection.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Method, StatusCode, Upgraded, header};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use tokio_tungstenite::tungstenite::protocol::{Message, Role, frame::coding::CloseCode};

use super::client::Client;
use super::{ApiArguments, output};

/// The server pings well within this; a line that says nothing for longer is dead.
const SILENCE_MAX: Duration = Duration::from_secs(120);
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Prints what happens. Comes again when the connection breaks, and goes on where it was.
#[derive(Debug, Args)]
pub struct TailArguments {
    #[command(flatten)]
    pub api: ApiArguments,
    /// Which events: call.*, call.ended, recording.*, billing.* ... May be given several times.
    #[arg(long = "channel", value_name = "CHANNEL", default_value = "call.*")]
    channels: Vec<String>,
    /// End after so many events.
    #[arg(long, value_name = "N")]
    events: Option<u64>,
}

/// What is known across connections.
#[derive(Debug, Default)]
struct Heard {
    /// Where to go on.
    position: Option<String>,
    events: u64,
    /// Of the last event: after a break one may come again.
    last_id: String,
    is_connected_once: bool,
}

/// How a connection ended.
enum End {
    /// As many events as wanted.
    Enough,
    Broken(String),
}

pub async fn tail(client: &Client, arguments: &TailArguments) -> anyhow::Result<bool> {
    let mut heard = Heard::default();
    let mut pause = PAUSE_FIRST;
    loop {
        let events_before = heard.events;
        let broken = match listen(client, arguments, &mut heard).await {
            Ok(End::Enough) => return Ok(true),
            Ok(End::Broken(why)) => why,
            Err(error) => return Err(error),
        };
        if heard.events > events_before {
            pause = PAUSE_FIRST;
        }
        eprintln!("hopwhistle: {broken}; trying again in {} s", pause.as_secs());
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn listen(client: &Client, arguments: &TailArguments, heard: &mut Heard) -> anyhow::Result<End> {
    let mut socket = match connect(client).await {
        Ok(socket) => socket,
        // The first time it is an address or a key that is wrong; later it is a platform that restarts.
        Err(error) if heard.is_connected_once => return Ok(End::Broken(format!("{error:#}"))),
        Err(error) => return Err(error),
    };
    let mut subscription = json!({"type": "subscribe", "channels": arguments.channels});
    if let Some(position) = &heard.position {
        subscription["after"] = json!(position);
    }
    if socket.send(Message::text(subscription.to_string())).await.is_err() {
        return Ok(End::Broken("the connection broke".to_owned()));
    }
    loop {
        let message = match timeout(SILENCE_MAX, socket.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(error))) => return Ok(End::Broken(error.to_string())),
            Ok(None) => return Ok(End::Broken("the server closed the connection".to_owned())),
            Err(_) => return Ok(End::Broken(format!("nothing was heard for {} s", SILENCE_MAX.as_secs()))),
        };
        match message {
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).context("the server sent what is not JSON")?;
                take(&message, arguments, heard)?;
                if arguments.events.is_some_and(|wanted| heard.events >= wanted) {
                    // Whoever closes says so; the answer is not waited for.
                    drop(socket.close(None).await);
                    return Ok(End::Enough);
                }
            }
            Message::Close(Some(frame)) if frame.code == CloseCode::Policy => {
                bail!("{} (is the key of --api-key or HOPWHISTLE_API_KEY this platform's, and active?)", frame.reason)
            }
            Message::Close(frame) => {
                let why = frame.map(|frame| output::plain(&frame.reason)).unwrap_or_default();
                return Ok(End::Broken(format!("the server closed the connection: {why}")));
            }
            _ => {}
        }
    }
}

fn take(message: &Value, arguments: &TailArguments, heard: &mut Heard) -> anyhow::Result<()> {
    if let Some(position) = message["position"].as_str()
        && (message["type"] == "event" || heard.position.is_none())
    {
        heard.position = Some(position.to_owned());
    }
    match message["type"].as_str().unwrap_or("") {
        "connected" => heard.is_connected_once = true,
        "subscribed" if message["resumed"] == false => {
            eprintln!("hopwhistle: the break was too long: some events are missing");
        }
        "event" => {
            let payload = &message["payload"];
            let id = payload["id"].as_str().unwrap_or("");
            if id.is_empty() || id != heard.last_id {
                output::line(&if arguments.api.json { payload.to_string() } else { told(payload) })?;
                heard.events += 1;
                heard.last_id = id.to_owned();
            }
        }
        "status" if message["degraded"] == true => {
            eprintln!("hopwhistle: events of other processes do not arrive for now")
        }
        "lagged" => eprintln!("hopwhistle: too slow: some events are missing"),
        "error" => bail!("{}", output::cell(message, "message")),
        _ => {}
    }
    Ok(())
}

fn told(payload: &Value) -> String {
    let cell = |name: &str| output::cell(payload, name);
    let mut line = format!("{}  {:<24}  {}", cell("timestamp"), cell("event"), cell("data.callId"));
    if payload["data"]["from"].is_string() {
        line = format!("{line}  {} -> {}  {}", cell("data.from"), cell("data.to"), cell("data.status"));
    }
    for (title, name) in
        [("cause", "data.cause"), ("destination", "data.destination"), ("revenue", "data.money.revenue")]
    {
        let value = cell(name);
        if value != "-" {
            line = format!("{line}  {title}={value}");
        }
    }
    line
}

/// The handshake of RFC 6455 over the client all commands use, so that TLS and addresses are the same.
async fn connect(client: &Client) -> anyhow::Result<WebSocketStream<Upgraded>> {
    let key = generate_key();
    let request = client.begin(Method::GET, client.address("/ws/events", &[])?);
    let request = request
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, &key);
    let response = timeout(SILENCE_MAX, client.send(request)).await.context("the API does not answer")??;
    ensure!(
        response.status() == StatusCode::SWITCHING_PROTOCOLS,
        "{} answered {} where a WebSocket should begin; is this the API's address?",
        response.url(),
        response.status()
    );
    let accepted = response.headers().get(header::SEC_WEBSOCKET_ACCEPT).map(header::HeaderValue::as_bytes);
    ensure!(accepted == Some(derive_accept_key(key.as_bytes()).as_bytes()), "that was no handshake of a WebSocket");
    let upgraded = response.upgrade().await?;
    Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, None).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line() {
        let payload = json!({"event": "call.ended", "timestamp": "t", "data": {"callId": "c", "from": "+1", "to": "+2",
            "status": "completed", "cause": "normal\n"}});
        assert_eq!(told(&payload), "t  call.ended                c  +1 -> +2  completed  cause=normal\u{fffd}");
        assert_eq!(told(&json!({"event": "x"})), "-  x                         -");
    }
}
