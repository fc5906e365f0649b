//! Takes the events of one switch thread to the log, in order and in batches, and tells the thread what is durable.

use std::sync::Arc;

use operations::Recorder;
use switch::Input;
use tokio::sync::mpsc::Receiver;

use super::switch_thread::{Logged, SwitchHandle};

/// Events written in one go at most.
const BATCH_MAX: usize = 1_024;

/// Runs until the thread is gone and everything it logged is kept.
pub async fn run(mut events: Receiver<Logged>, recorder: Arc<Recorder>, switch: SwitchHandle) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while events.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let tokens: Vec<_> = batch
            .iter()
            .filter_map(|logged| Some((logged.durable?, logged.event.call, logged.event.sequence)))
            .collect();
        let kept = recorder.record(batch.drain(..).map(|logged| logged.event).collect()).await;
        if let Err(error) = &kept {
            tracing::error!(%error, "call events not kept");
        }
        for (token, call, sequence) in tokens {
            let durable = kept.as_ref().is_ok_and(|kept| kept.holds(call, sequence));
            switch.give(Input::Persisted { token, durable });
        }
    }
}
