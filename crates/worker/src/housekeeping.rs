//! Keeping house: signs of life, leases, dead switches, the journal, routing data.

use std::{sync::Arc, time::Duration};

use operations::{Dead, Heartbeat};
use tokio::sync::watch;

use crate::{Worker, WorkerHealth, pause};

/// One beat. Routing data is looked at on each; everything else on every so many.
const BEAT: Duration = Duration::from_millis(250);
const SECOND: u64 = 4;
const EVERY_RECOVERY: u64 = 5 * SECOND;
/// A third of a committed lease's span at most, so that none ends by itself while its call runs.
const EVERY_LEASES: u64 = 5 * SECOND;
const EVERY_SCORES: u64 = 30 * SECOND;
/// Leases ended in one transaction.
const LEASES_AT_ONCE: u32 = 1_000;

pub(crate) async fn run(worker: Arc<Worker>, health: Arc<WorkerHealth>, mut stopped: watch::Receiver<bool>) {
    let mut beat = 0_u64;
    loop {
        worker.beat(beat, &health).await;
        beat = beat.wrapping_add(1);
        if pause(BEAT, &mut stopped).await {
            return;
        }
    }
}

impl Worker {
    async fn beat(&self, beat: u64, health: &WorkerHealth) {
        let now = (self.clock)();
        let mut is_well = true;
        // Without a sign of life of our own we do not judge others, nor end leases our calls may hold.
        let mut is_known_alive = true;
        let mut note = |what: &'static str, error: &dyn std::fmt::Display| {
            is_well = false;
            health.add_error();
            tracing::warn!(what, %error, "housekeeping");
        };
        if let Err(error) = self.voice.refresh().await {
            note("routing data", &error);
        }
        self.voice.serve_queues(now);
        if let Err(error) = self.voice.refresh_gate(now).await {
            note("compliance data", &error);
        }
        if beat.is_multiple_of(SECOND) {
            if let Some(switch) = self.switch {
                match self.recovery.heartbeat(switch, now).await {
                    Ok(Heartbeat::Alive) => {}
                    Ok(Heartbeat::Fenced) => {
                        health.add_fenced();
                        tracing::error!(%switch, "this switch was silent for too long; its calls were closed");
                    }
                    Err(error) => {
                        is_known_alive = false;
                        note("heartbeat", &error);
                    }
                }
                // Before any lease ends: after an outage those of running calls are overdue.
                if is_known_alive
                    && beat.is_multiple_of(EVERY_LEASES)
                    && let Err(error) = self.recovery.renew_leases(switch, now).await
                {
                    is_known_alive = false;
                    note("lease renewal", &error);
                }
            }
            if is_known_alive && beat.is_multiple_of(EVERY_LEASES) {
                match self.leases.expire_leases(now, LEASES_AT_ONCE).await {
                    Ok(expired) => health.add_expired(expired.len()),
                    Err(error) => note("leases", &error),
                }
            }
            match self.recorder.replay_journal().await {
                Ok(0) => {}
                Ok(replayed) => {
                    health.add_replayed(replayed);
                    // The store was away: what was counted in memory alone gives way to what it knows.
                    if let Err(error) = self.voice.refresh_counters().await {
                        note("counters", &error);
                    }
                }
                Err(error) => note("journal", &error),
            }
        }
        if is_known_alive && beat.is_multiple_of(EVERY_RECOVERY) {
            match self.recovery.recover(now, Dead::Silent).await {
                Ok(closed) => health.add_recovered(closed),
                Err(error) => note("recovery", &error),
            }
            if let Err(error) = self.recovery.close_recordings(now).await {
                note("recordings", &error);
            }
        }
        if beat.is_multiple_of(EVERY_SCORES)
            && let Err(error) = self.voice.refresh_scores(now).await
        {
            note("scores", &error);
        }
        if beat.is_multiple_of(EVERY_SCORES)
            && let Err(error) = self.voice.refresh_minutes(now).await
        {
            note("minutes", &error);
        }
        if is_well {
            health.housekeeping_round(now);
        }
    }
}
