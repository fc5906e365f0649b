//! How many events, reservations and settlements a second the store takes, each call as the voice path writes it.
//!
//! `cargo run --release -p store --example group_commit -- [calls at once] [calls in all] [file]`

use std::{sync::Arc, time::Instant};

use domain::*;
use operations::*;
use routing::{
    Caps,
    lease::{Claim, Holder},
};
use store::{MemoryBus, Store, StoreConfig};

/// Events of a sold call with a menu, as the switch writes them.
const EVENTS_PER_CALL: usize = 17;

#[expect(clippy::disallowed_methods, reason = "a benchmark measures with a clock")]
fn clock() -> Instant {
    Instant::now()
}

fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    // utime and stime, proc(5); USER_HZ is 100.
    (ticks(11) + ticks(12)) / 100.0
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let at_once: usize = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let calls: usize = arguments.next().map_or(Ok(5_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let file = arguments.next().unwrap_or_else(|| folder.path().join("bench.db").display().to_string());
    let now = Timestamp::from_secs(1_800_000_000);
    let (store, _writer) = Store::open(&StoreConfig::new(format!("sqlite://{file}"), [1; 32]), now).await?;
    let store = Arc::new(store);
    let ids = Arc::new(Ids::new(Seed::from_number(1)));
    let live = Arc::new(MemoryBus::new(1_024));
    let recorder = Recorder::new(store.clone(), live.clone(), None);

    let (began, cpu) = (clock(), processor_seconds());
    let mut tasks = tokio::task::JoinSet::new();
    let per_task = calls / at_once.max(1);
    for _ in 0..at_once {
        let (recorder, store, ids) = (recorder.clone(), store.clone(), ids.clone());
        tasks.spawn(async move {
            for _ in 0..per_task {
                if let Err(error) = one_call(&recorder, &store, &ids, now).await {
                    tracing::error!(%error, "a call failed");
                }
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    let done = per_task * at_once;
    report("calls (17 events, 1 lease each)", done, done * EVENTS_PER_CALL, began, cpu);

    let (began, cpu) = (clock(), processor_seconds());
    let settle = Settle::new(store.clone(), live, ids);
    let mut settled = 0;
    loop {
        let jobs = store
            .take_jobs(now.after(std::time::Duration::from_secs(600)), std::time::Duration::from_secs(60), 100)
            .await?;
        if jobs.is_empty() {
            break;
        }
        settled += settle.settle(&jobs, now).await?.settled;
    }
    report("settlements", settled, settled, began, cpu);
    Ok(())
}

fn report(what: &str, count: usize, events: usize, began: Instant, cpu: f64) {
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), processor_seconds() - cpu);
    let (per_second, events_per_second) = (count as f64 / seconds, events as f64 / seconds);
    let millis = cpu * 1_000.0 / count.max(1) as f64;
    println!(
        "{what}: {count} in {seconds:.2} s, {per_second:.0}/s, {events_per_second:.0} events/s, {millis:.3} ms CPU each"
    );
}

async fn one_call(
    recorder: &Recorder,
    store: &Store,
    ids: &Ids,
    now: Timestamp,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (tenant, call, leg, lease) = (TenantId(uuid::Uuid::from_u128(1)), ids.next(now), ids.next(now), ids.next(now));
    let (buyer, endpoint) = (BuyerId(uuid::Uuid::from_u128(2)), EndpointId(uuid::Uuid::from_u128(3)));
    let mut sequence = 0;
    let mut event = |what| {
        sequence += 1;
        CallEvent {
            tenant,
            call,
            sequence: sequence - 1,
            at: now.after(std::time::Duration::from_secs(u64::from(sequence))),
            what,
        }
    };
    let entered = |node: &str| What::NodeEntered { node: node.into(), kind: "ivr".into() };
    let left = |node: &str| What::NodeLeft { node: node.into(), outcome: "1".into() };
    let batch = vec![event(started(call)), event(entered("menu")), event(What::Answered)];
    recorder.record(batch).await?;
    recorder.record(vec![event(What::DigitReceived { digit: '1', source: DigitSource::Rtp })]).await?;
    recorder.record(vec![event(left("menu")), event(entered("buyers"))]).await?;
    let windows = routing::windows(now, &jiff::tz::TimeZone::UTC);
    let caps = Caps { concurrency: Some(1_000_000), ..Caps::NONE };
    let claims = vec![
        Claim { holder: Holder::Buyer(buyer), caps, windows },
        Claim { holder: Holder::Endpoint(endpoint), caps, windows },
    ];
    let until = now.after(std::time::Duration::from_secs(90));
    store.reserve(LeaseRequest { lease, tenant, call, claims, is_committed: false, now, until }).await?;
    let ranking = Box::new(RankingRecord::default());
    let dialled = What::LegStarted {
        leg,
        role: LegRole::Buyer,
        destination: "sip:buyer@127.0.0.1:5090".into(),
        buyer: Some(buyer),
        endpoint: Some(endpoint),
        lease: Some(lease),
        terms: Some(terms()),
        trunk: None,
        agent: None,
    };
    recorder.record(vec![event(What::Ranked { node: "buyers".into(), ranking }), event(dialled)]).await?;
    recorder.record(vec![event(What::LegRinging { leg, early_media: false })]).await?;
    let recording = ids.next(now);
    let key = "recordings/2027/01/15/x.wav".into();
    let answered =
        [What::LegAnswered { leg }, What::Bridged { leg }, What::RecordingStarted { recording, key, channels: 2 }];
    recorder.record(answered.map(&mut event).into()).await?;
    let over = [
        What::LegEnded { leg, by: Party::Callee },
        left("buyers"),
        What::Ended { cause: EndCause::Normal, by: Party::Callee, sip_status: None, detail: None },
        What::QualityMeasured { leg: Some(leg), quality: MediaQuality::default() },
        What::RecordingFinished { recording, duration_ms: 60_000, bytes: 1_000_000 },
    ];
    recorder.record(over.map(&mut event).into()).await?;
    Ok(())
}

fn terms() -> SaleTerms {
    SaleTerms {
        currency: Currency::USD,
        revenue: Micros::from_units(20),
        revenue_after_ms: 0,
        payout: Micros::from_units(12),
        payout_after_ms: 0,
    }
}

fn started(call: CallId) -> What {
    What::Started(Box::new(StartedCall {
        publisher: Some(PublisherId(uuid::Uuid::from_u128(4))),
        ..StartedCall::unrouted(
            "+12125550100",
            "+15551234567",
            format!("{call}@bench"),
            SwitchId(uuid::Uuid::from_u128(5)),
        )
    }))
}
