//! How late events are at many screens: WebSockets listen while SIPp calls, and each event's arrival is compared with when it happened.
//! Callers, switch, log, bus and sockets are those of the running platform; the screens share its machine, so the figures are on the safe side.
//!
//! `cargo run --release -p interop --example live_load -- demo.json [screens] [calls a second] [seconds]`

use std::env;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use domain::Timestamp;
use futures_util::{SinkExt as _, StreamExt as _};
use interop::demo::Demo;
use interop::sipp::Sipp;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// How long each caller talks.
const TALKS: Duration = Duration::from_millis(100);
/// For the last events to arrive.
const LAST_EVENTS: Duration = Duration::from_secs(3);
/// Screens that connect at once.
const CONNECTING_AT_ONCE: usize = 50;

fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    let demo = arguments.next().context("usage: live_load demo.json [screens] [calls a second] [seconds]")?;
    let mut number = |usual: usize| arguments.next().map_or(Ok(usual), |text| text.parse::<usize>());
    let (screens, rate, seconds) = (number(200)?, number(60)?, number(20)?);
    let demo = Demo::read(Path::new(&demo))?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(demo, screens, rate, seconds))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark compares with the clock of the machine")]
fn now_micros() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

async fn run(demo: Demo, screens: usize, rate: usize, seconds: usize) -> anyhow::Result<()> {
    let (sender, mut lags) = mpsc::unbounded_channel();
    let cut = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let mut listening = Vec::new();
    for from in (0..screens).step_by(CONNECTING_AT_ONCE) {
        let batch = (from..screens.min(from + CONNECTING_AT_ONCE)).map(|_| connect(&demo));
        for socket in futures_util::future::join_all(batch).await {
            listening.push(tokio::spawn(listen(socket?, sender.clone(), cut.clone(), over.clone())));
        }
    }
    drop(sender);
    println!("{screens} screens listen; {rate} calls a second for {seconds} s");
    let calls = rate * seconds;
    let sipp =
        Sipp { calls, at_once: rate, rate, ..Sipp::one("caller_talks", demo.number("fast")?, 12_005_800_000, TALKS) };
    let host = demo.sip_host().to_owned();
    tokio::task::spawn_blocking(move || sipp.call(&host)).await??;
    tokio::time::sleep(LAST_EVENTS).await;
    over.store(true, Ordering::Relaxed);
    for task in listening {
        task.await?;
    }
    let mut all = Vec::new();
    while let Some(mut some) = lags.recv().await {
        all.append(&mut some);
    }
    report(all, screens, seconds, cut.load(Ordering::Relaxed))
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn connect(demo: &Demo) -> anyhow::Result<Socket> {
    let url = format!("{}/ws/events", demo.api_url.replacen("http", "ws", 1));
    let mut request = url.into_client_request()?;
    request.headers_mut().insert("x-api-key", demo.api_key.parse()?);
    let (mut socket, _) = connect_async(request).await?;
    socket.send(Message::text(r#"{"type":"subscribe","channels":["call.*"]}"#)).await?;
    Ok(socket)
}

/// Notes for each event how many microseconds ago it happened, until there is nothing more to come.
async fn listen(mut socket: Socket, lags: mpsc::UnboundedSender<Vec<i64>>, cut: Arc<AtomicU64>, over: Arc<AtomicBool>) {
    let mut seen = Vec::new();
    while !over.load(Ordering::Relaxed) {
        match timeout(LAST_EVENTS, socket.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => {
                // What was settled has the time of the call's end, and quality comes when it is measured: neither is late.
                if let Some(at) = happened_at(&text) {
                    seen.push(now_micros() - at);
                }
            }
            Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => {
                cut.fetch_add(1, Ordering::Relaxed);
                break;
            }
            _ => {}
        }
    }
    // The receiver outlives every sender.
    let _ = lags.send(seen);
}

fn happened_at(text: &str) -> Option<i64> {
    if !text.starts_with(r#"{"type":"event""#) || text.contains(r#""event":"call.settled""#) {
        return None;
    }
    let (_, rest) = text.rsplit_once(r#""timestamp":""#)?;
    let (stamp, _) = rest.split_once('"')?;
    Timestamp::parse_rfc3339(stamp).map(Timestamp::micros)
}

fn report(mut lags: Vec<i64>, screens: usize, seconds: usize, cut: u64) -> anyhow::Result<()> {
    ensure!(!lags.is_empty(), "no event arrived");
    lags.sort_unstable();
    let at = |share: usize| lags[(lags.len() - 1) * share / 1_000] as f64 / 1_000.0;
    let each = lags.len() as f64 / screens as f64 / seconds as f64;
    println!(
        "{each:.0} events/s at each of {screens} screens, {:.0} deliveries/s; happened to heard p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, \
         longest {:.1} ms; {cut} screens were cut off",
        lags.len() as f64 / seconds as f64,
        at(500),
        at(950),
        at(990),
        at(1_000)
    );
    Ok(())
}
