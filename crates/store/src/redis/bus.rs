//! Live updates over a Redis stream: every process writes to it, those with screens read it.
//!
//! A place in the stream is a place on the bus, the same for every process, so a screen goes on at another API process where it
//! left off. While Redis is away a process goes on with its own updates, says that they are not all, and tells its screens to read
//! their lists again once it is back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use operations::{LiveBus, LivePosition, LiveUpdate, Subscribed, TenantScope};
use redis::{
    Client, RedisError as Cause,
    aio::MultiplexedConnection,
    from_redis_value,
    streams::{StreamId, StreamRangeReply, StreamReadReply},
};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{Pause, RedisConfig, RedisError, connect};
use crate::live::{Fanout, LiveKept};

/// Updates that wait to be written. Beyond, they go to this process's screens only, and the others are told of a gap.
const OUTBOX_MAX: usize = 16_384;
/// Updates written or read at once.
const BATCH_MAX: usize = 256;
/// How long Redis waits for an update before it answers that there is none.
const READ_WAIT_MS: u64 = 1_000;
/// Pause before Redis is tried again.
const AWAY_PAUSE: Duration = Duration::from_millis(500);
/// Fields of an entry: an update as JSON, or how many are missing before it.
const UPDATE: &str = "u";
const MISSING: &str = "gap";

/// Hands updates to listeners of every process.
#[derive(Debug)]
pub struct RedisBus {
    shared: Arc<Shared>,
    outbox: mpsc::Sender<LiveUpdate>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    config: RedisConfig,
    client: Client,
    fanout: Fanout,
    /// Whether the last attempt succeeded, of writing and of reading.
    writes: AtomicBool,
    reads: AtomicBool,
    /// Updates the other processes did not get.
    missing: AtomicU64,
}

impl RedisBus {
    /// Begins to write, and to read where `has_screens`. Redis may be away: then it is tried on. Must be called within a tokio runtime.
    pub fn start(config: RedisConfig, kept: LiveKept, has_screens: bool) -> Result<Self, RedisError> {
        let client = config.client()?;
        let fanout = Fanout::new(kept, LivePosition::default());
        let (writes, reads) = (AtomicBool::new(true), AtomicBool::new(true));
        let shared = Arc::new(Shared { config, client, fanout, writes, reads, missing: AtomicU64::new(0) });
        let (outbox, inbox) = mpsc::channel(OUTBOX_MAX);
        let mut tasks = vec![tokio::spawn(Arc::clone(&shared).write(inbox))];
        if has_screens {
            // Until the first answer nothing is known.
            shared.well(&shared.reads, false);
            tasks.push(tokio::spawn(Arc::clone(&shared).read(kept.kept_max)));
        }
        Ok(Self { shared, outbox, tasks })
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl LiveBus for RedisBus {
    fn publish(&self, update: LiveUpdate) {
        if let Err(refused) = self.outbox.try_send(update) {
            self.shared.missing.fetch_add(1, Ordering::Relaxed);
            self.shared.fanout.publish_unplaced(refused.into_inner());
        }
    }

    fn subscribe(&self, scope: TenantScope, after: Option<LivePosition>) -> Subscribed {
        self.shared.fanout.subscribe(scope.tenant(), after)
    }

    fn position(&self) -> Option<LivePosition> {
        self.shared.fanout.position()
    }

    fn is_whole(&self) -> bool {
        self.shared.fanout.is_whole()
    }
}

impl Shared {
    /// Notes whether reading or writing goes well, and tells screens when that changes what they can rely on.
    fn well(&self, what: &AtomicBool, is_well: bool) {
        what.store(is_well, Ordering::Relaxed);
        self.fanout.set_whole(self.writes.load(Ordering::Relaxed) && self.reads.load(Ordering::Relaxed));
    }

    async fn write(self: Arc<Self>, mut inbox: mpsc::Receiver<LiveUpdate>) {
        let mut link = None;
        let mut away = Pause::default();
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while inbox.recv_many(&mut batch, BATCH_MAX).await > 0 {
            let is_away = away.is_on();
            let wrote = if is_away { Ok(false) } else { self.add(&mut link, &batch).await.map(|()| true) };
            if let Err(error) = &wrote {
                tracing::warn!(%error, "live updates do not reach Redis; screens of this process go on with its own");
            }
            if let Ok(true) = wrote {
                self.well(&self.writes, true);
                batch.clear();
                continue;
            }
            if !is_away {
                link = None;
                away.begin(AWAY_PAUSE);
            }
            self.well(&self.writes, false);
            self.missing.fetch_add(batch.len() as u64, Ordering::Relaxed);
            batch.drain(..).for_each(|update| self.fanout.publish_unplaced(update));
        }
    }

    async fn add(&self, link: &mut Option<MultiplexedConnection>, batch: &[LiveUpdate]) -> Result<(), Cause> {
        let link = match link {
            Some(link) => link,
            None => link.insert(connect(&self.client).await?),
        };
        let key = self.config.key("live");
        let mut pipe = redis::pipe();
        let missing = self.missing.load(Ordering::Relaxed);
        let mut entry = |field: &str, value: &[u8]| {
            pipe.cmd("XADD").arg(&key).arg("MAXLEN").arg("~").arg(self.config.stream_max).arg("*");
            pipe.arg(field).arg(value).ignore();
        };
        if missing > 0 {
            entry(MISSING, missing.to_string().as_bytes());
        }
        for update in batch {
            match serde_json::to_vec(update) {
                Ok(text) => entry(UPDATE, &text),
                Err(error) => {
                    tracing::error!(%error, name = update.name(), "a live update that cannot be written down")
                }
            }
        }
        pipe.query_async::<()>(link).await?;
        self.missing.fetch_sub(missing, Ordering::Relaxed);
        Ok(())
    }

    async fn read(self: Arc<Self>, kept_max: usize) {
        let mut is_first = true;
        loop {
            if let Err(error) = self.follow(kept_max, is_first).await {
                tracing::warn!(%error, "live updates of other processes do not arrive");
            }
            is_first = false;
            self.well(&self.reads, false);
            tokio::time::sleep(AWAY_PAUSE).await;
        }
    }

    /// Reads on until something fails.
    async fn follow(&self, kept_max: usize, is_first: bool) -> Result<(), Cause> {
        let mut link = connect(&self.client).await?;
        let key = self.config.key("live");
        if is_first || self.fanout.last() == LivePosition::default() {
            let newest: StreamRangeReply = redis::cmd("XREVRANGE")
                .arg(&key)
                .arg("+")
                .arg("-")
                .arg("COUNT")
                .arg(kept_max)
                .query_async(&mut link)
                .await?;
            self.remember(&newest.ids);
        } else {
            // What other processes could not write meanwhile is not in the stream.
            let newest: StreamRangeReply =
                redis::cmd("XREVRANGE").arg(&key).arg("+").arg("-").arg("COUNT").arg(1).query_async(&mut link).await?;
            let newest = newest.ids.first().and_then(|entry| entry.id.parse().ok()).unwrap_or_default();
            self.fanout.gap(newest, 0);
        }
        self.well(&self.reads, true);
        loop {
            let after = self.fanout.last().to_string();
            let mut ask = redis::cmd("XREAD");
            ask.arg("COUNT").arg(BATCH_MAX).arg("BLOCK").arg(READ_WAIT_MS).arg("STREAMS").arg(&key).arg(after);
            let news: Option<StreamReadReply> = ask.query_async(&mut link).await?;
            for entry in news.into_iter().flat_map(|news| news.keys).flat_map(|stream| stream.ids) {
                self.arrived(&entry);
            }
        }
    }

    fn remember(&self, newest_first: &[StreamId]) {
        let mut earlier = Vec::with_capacity(newest_first.len());
        for entry in newest_first.iter().rev() {
            match read(entry) {
                Some((position, Entry::Update(update))) => earlier.push((position, *update)),
                // Behind a gap there is nothing to go on from.
                _ => earlier.clear(),
            }
        }
        if let Some(newest) = newest_first.first().and_then(|entry| entry.id.parse().ok()) {
            if earlier.is_empty() {
                self.fanout.gap(newest, 0);
            }
            self.fanout.remember(earlier);
        }
    }

    fn arrived(&self, entry: &StreamId) {
        match read(entry) {
            Some((position, Entry::Update(update))) => self.fanout.publish_at(position, *update),
            Some((position, Entry::Missing(missing))) => self.fanout.gap(position, missing),
            None => {
                tracing::warn!(id = entry.id, "a live update of another version of this program was passed over");
                self.fanout.gap(entry.id.parse().unwrap_or_default(), 1);
            }
        }
    }
}

enum Entry {
    Update(Box<LiveUpdate>),
    Missing(u64),
}

/// None when another version of this program wrote it and it means nothing here.
fn read(entry: &StreamId) -> Option<(LivePosition, Entry)> {
    let position = entry.id.parse().ok()?;
    if let Some(missing) = entry.map.get(MISSING) {
        return Some((position, Entry::Missing(from_redis_value(missing.clone()).ok()?)));
    }
    let text: Vec<u8> = from_redis_value(entry.map.get(UPDATE)?.clone()).ok()?;
    Some((position, Entry::Update(serde_json::from_slice(&text).ok()?)))
}
