//! What runs: a checked document with its references resolved.

use std::{collections::BTreeMap, sync::Arc};

use domain::{EndCause, Strategy};
use serde_json::Value;

use crate::document::{RecordChannels, RecordFormat};
use crate::expression::Expression;
use crate::instruction::WhisperTerms;
use crate::limits::Limits;

/// A checked flow, ready to run. Shared by all calls that run it.
#[derive(Debug)]
pub struct Program {
    pub(crate) id: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) version: u32,
    pub(crate) entry_id: Arc<str>,
    pub(crate) start: At,
    pub(crate) nodes: Vec<Compiled>,
    pub(crate) limits: Limits,
}

/// Place of a node in [`Program::nodes`]. Made by the check, so it always leads somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct At(pub(crate) usize);

/// A node, resolved.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) id: Arc<str>,
    pub(crate) kind: &'static str,
    pub(crate) next: Option<At>,
    pub(crate) action: Action,
}

/// What a node does, resolved.
#[derive(Debug)]
pub(crate) enum Action {
    Jump { target: At },
    Ivr(Menu),
    If { condition: Expression, then: At, otherwise: Option<At> },
    Queue(Waiting),
    Buyer { offer: Arc<BuyerOffer>, on_no_buyers: Option<At>, on_all_busy: Option<At> },
    Record(Recording),
    Tag(Arc<BTreeMap<String, Value>>),
    Whisper { terms: Arc<WhisperTerms>, on_accept: Option<At>, on_reject: Option<At> },
    Pause { millis: u64 },
    Fallback { targets: Vec<At>, on_all_failed: Option<At> },
    HangUp { cause: EndCause, prompt: Option<Arc<str>> },
}

#[derive(Debug)]
pub(crate) struct Menu {
    pub(crate) prompt: Arc<str>,
    pub(crate) timeout_ms: u64,
    pub(crate) digits_max: usize,
    pub(crate) finish_on_key: Option<char>,
    pub(crate) choices: Vec<(Arc<str>, At)>,
    pub(crate) default: Option<At>,
    pub(crate) retries: u32,
}

#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) queue: Arc<str>,
    pub(crate) wait_prompt: Option<Arc<str>>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) size_max: Option<u32>,
    pub(crate) on_timeout: Option<At>,
    pub(crate) on_full: Option<At>,
    pub(crate) on_connect: Option<At>,
}

#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) format: RecordFormat,
    pub(crate) channels: RecordChannels,
    pub(crate) beep: bool,
    pub(crate) message_ms_max: u64,
    pub(crate) on_complete: Option<At>,
    pub(crate) on_error: Option<At>,
}

/// A buyer node's buyers and strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuyerOffer {
    /// The node.
    pub node: Arc<str>,
    /// Who may have the call.
    pub candidates: Candidates,
    /// How they are put in order; `None`: as the campaign says.
    pub strategy: Option<Strategy>,
    /// How long each may ring, milliseconds; `None`: as the endpoint says.
    pub ring_timeout_ms: Option<u64>,
}

/// Who may have the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// Every ACTIVE buyer of the campaign's publisher.
    Campaign,
    /// These. At least one, in the order of the document, with no buyer twice for the same destination.
    List(Vec<OfferedBuyer>),
}

/// One who may have the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedBuyer {
    /// The tenant's buyer, as the document names it.
    pub buyer: Arc<str>,
    /// SIP URI or number, instead of the buyer's own endpoints.
    pub destination: Option<Arc<str>>,
    /// Share of calls under the weighted strategy; 1 or more.
    pub weight: u32,
    /// Most calls at once; tightens the buyer's own limit.
    pub concurrency_max: Option<u32>,
    /// Most calls a day; tightens the buyer's own limit.
    pub daily_calls_max: Option<u32>,
    /// False: left out, and the explanation says so.
    pub enabled: bool,
}

impl Program {
    /// The flow's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The flow's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole number the document's version starts with.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Buyers the flow names, each once, sorted. That the tenant has them is for the caller to check.
    pub fn buyer_ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self
            .nodes
            .iter()
            .filter_map(|node| match &node.action {
                Action::Buyer { offer, .. } => match &offer.candidates {
                    Candidates::List(buyers) => Some(buyers),
                    Candidates::Campaign => None,
                },
                _ => None,
            })
            .flatten()
            .map(|buyer| &*buyer.buyer)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Queues the flow names, each once, sorted. That the tenant has them is for the caller to check.
    pub fn queue_ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self
            .nodes
            .iter()
            .filter_map(|node| match &node.action {
                Action::Queue(waiting) => Some(&*waiting.queue),
                _ => None,
            })
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    pub(crate) fn node(&self, at: At) -> &Compiled {
        &self.nodes[at.0]
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn programs_cross_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<super::Program>();
        shared::<crate::Run>();
        shared::<crate::Instruction>();
    }
}
