//! What a run is made of.

use std::sync::Arc;
use std::time::Duration;

use media::Codec;
use phone::hears::TonePair;
use phone::voice::Behaviour;

use crate::network::Conditions;

/// What an answered caller hears while a callee rings.
pub const RINGBACK: TonePair = TonePair(440, 480);
/// What a side hears while the other holds it.
pub const HOLD_MUSIC: TonePair = TonePair(630, 930);
/// What callers hear in a queue.
pub const QUEUE_MUSIC: TonePair = TonePair(710, 1_010);

/// What a run is made of.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub seed: u64,
    pub conditions: Conditions,
    pub flow: Arc<flow::Program>,
    /// In the order they are tried.
    pub sellers: Vec<Seller>,
    /// Of the tenant's one queue, in the order they are asked.
    pub agents: Vec<Behaviour>,
    /// Who answers calls of the platform's own: one behind each of its trunks, in the order these are tried.
    pub lines: Vec<Behaviour>,
    /// Codecs of the carrier's phone.
    pub codecs: Vec<Codec>,
    /// How long the platform takes to answer, at most.
    pub answer_max: Duration,
    /// Thousandths of questions the platform fails.
    pub failed_permille: u16,
    /// Thousandths of durable events that cannot be kept.
    pub unkept_permille: u16,
    /// Thousandths of recordings that cannot be written.
    pub unwritten_permille: u16,
    /// The number says that all of its calls are recorded.
    pub record: bool,
    /// What calls of the platform's own begin with.
    pub intro: Option<Arc<str>>,
    /// Recorded audio is kept for the story.
    pub keeps_audio: bool,
    pub calls_max: usize,
    pub call_max: Duration,
    pub ring_max: Duration,
    /// Silence after which the media engine calls for the end.
    pub media_timeout: Duration,
}

impl Scenario {
    /// On a good network, with a platform that answers quickly and keeps everything.
    pub fn new(flow: Arc<flow::Program>, sellers: Vec<Seller>) -> Self {
        Self {
            seed: 1,
            conditions: Conditions {
                delay_min: Duration::from_millis(1),
                delay_max: Duration::from_millis(3),
                ..Conditions::default()
            },
            flow,
            sellers,
            agents: Vec::new(),
            lines: Vec::new(),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            answer_max: Duration::from_millis(5),
            failed_permille: 0,
            unkept_permille: 0,
            unwritten_permille: 0,
            record: false,
            intro: None,
            keeps_audio: false,
            calls_max: 1_000,
            call_max: Duration::from_secs(600),
            ring_max: Duration::from_secs(20),
            media_timeout: Duration::from_secs(300),
        }
    }
}

/// A buyer.
#[derive(Clone, Debug)]
pub struct Seller {
    pub behaviour: Behaviour,
    /// Most calls at once.
    pub concurrency_max: usize,
    /// Longest a sale may last.
    pub duration_max: Option<Duration>,
    pub codecs: Vec<Codec>,
}

impl Seller {
    /// Ten calls at once, in either law, for as long as they like.
    pub fn new(behaviour: Behaviour) -> Self {
        Self { behaviour, concurrency_max: 10, duration_max: None, codecs: vec![Codec::Pcmu, Codec::Pcma] }
    }
}
