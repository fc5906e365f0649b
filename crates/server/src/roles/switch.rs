//! The switch role: call control and its media (the FreeSWITCH role).

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use domain::{IdSource, Seed, SwitchId};
use media::tone::Tone;
use operations::{Recorder as EventRecorder, Voice};
use sip::seal::Seal;
use sip::transaction::Timing;

use super::relay as relay_role;
use crate::clock::Clock;
use crate::config::Config;
use crate::secrets;
use crate::voice::prompts::Prompts;
use crate::voice::recorder::Recorder;
use crate::voice::switch_thread::{self, Desks, SwitchHandle, SwitchSetup};
use crate::voice::{ask_desk, event_desk};

/// Questions of a thread waiting for an answer; at the bound the call takes its failure path.
const QUESTIONS_MAX: usize = 16_384;
/// Events of a thread waiting for the log; at the bound they wait in the thread.
const EVENTS_MAX: usize = 65_536;
/// How long a call waits for the rest of the platform.
const ASK_MAX: Duration = Duration::from_secs(5);
/// Buyers tried for one node.
const ATTEMPTS_MAX: usize = 50;
/// What is heard while held, from the moment a party is put on hold.
const HOLD_TONE: &str = "tone:425,200/4800";
/// What is heard in a queue without music of its own.
const QUEUE_TONE: &str = "tone:350+440,400/3600";

/// A running switch.
#[derive(Debug)]
pub struct Running {
    pub id: SwitchId,
    pub handle: SwitchHandle,
    pub threads: Vec<JoinHandle<()>>,
    /// Ends when the thread is gone and all it logged is kept.
    pub events_kept: tokio::task::JoinHandle<()>,
}

/// Starts the thread, its recorder and its desks.
pub fn start(
    config: &Config,
    secret: &[u8],
    voice: Arc<Voice>,
    events: Arc<EventRecorder>,
    clock: Clock,
) -> anyhow::Result<Running> {
    let mut seed = Seed::new(secrets::entropy()?);
    let id: SwitchId = IdSource::new(seed.fork()).next(clock.now());
    let local = config.listen(config.switch.port);
    let tone = |text: &str| Tone::parse(text).map(|tone| tone.samples()).unwrap_or_default();
    let settings = switch::Config {
        switch: id,
        shard: 0,
        advertised: config.advertised(config.switch.port),
        local,
        edge: config.switch.edge.unwrap_or_else(|| config.advertised(config.edge.port)),
        seal: Seal::from_secret(secret),
        timing: Timing::default(),
        calls_max: config.switch.calls_max,
        call_max: Duration::from_secs(config.switch.call_seconds_max.into()),
        ring_max: Duration::from_secs(config.switch.ring_seconds.into()),
        ask_max: ASK_MAX,
        attempts_max: ATTEMPTS_MAX,
        ringback: tone("tone:ringback"),
        hold_music: tone(HOLD_TONE),
        queue_music: tone(QUEUE_TONE),
    };
    let ports = relay_role::port_pool(config, &mut seed)?;
    let relay = relay_role::engine(config, &mut seed);
    let setup = SwitchSetup {
        config: settings,
        relay,
        ports,
        media_listen: config.host,
        media_advertise: config.advertised_ip(),
        seed,
        clock,
    };
    let (questions, asked) = tokio::sync::mpsc::channel(QUESTIONS_MAX);
    let (log, logged) = tokio::sync::mpsc::channel(EVENTS_MAX);
    let recordings = config.objects();
    let mut recorder_thread = None;
    let (handle, thread) = switch_thread::start(setup, Desks { questions, events: log }, |handle| {
        let (recorder, thread) = Recorder::start(recordings, move |stored| {
            let input = switch::Input::RecordingStored { recording: stored.recording, outcome: stored.outcome };
            handle.give(input);
        })?;
        recorder_thread = Some(thread);
        Ok(recorder)
    })
    .with_context(|| format!("SIP on {local}: is another platform running? Try --port-offset 100"))?;
    let prompts = Arc::new(Prompts::new(&config.data, config.objects(), &config.speech)?);
    tokio::spawn(ask_desk::run(asked, voice, prompts, handle.clone(), clock));
    let events_kept = tokio::spawn(event_desk::run(logged, events, handle.clone()));
    let threads = [Some(thread), recorder_thread].into_iter().flatten().collect();
    Ok(Running { id, handle, threads, events_kept })
}
