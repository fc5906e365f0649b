//! What a run asks of the switch, and what the switch reports back.

use std::{collections::BTreeMap, sync::Arc};

use domain::{EndCause, Party};
use serde_json::Value;

use crate::document::{RecordChannels, RecordFormat};
use crate::program::BuyerOffer;

/// One thing the switch does for the flow, in the order given. When the list is used up, the run waits for an event.
///
/// There is at most one prompt and one timer. A new `Play` replaces the prompt, a new `StartTimer` the timer; of a replaced
/// or stopped one no event is reported any more.
#[derive(Clone, Debug, PartialEq)]
pub enum Instruction {
    /// The call came to a node. For the event log.
    EnterNode {
        /// Its id.
        node: Arc<str>,
        /// Its type, as in the document: `ivr`, `buyer` ...
        kind: &'static str,
    },
    /// The call left a node. For the event log.
    LeaveNode {
        /// Its id.
        node: Arc<str>,
        /// By which outcome: the digits of a choice, `default`, `true`, `false`, `connected`, `timeout`, `full`, `no-buyers`,
        /// `all-busy`, `complete`, `error`, `reject`, `all-failed`, `target-1`, `next`, `hangup`, `caller-gone`.
        outcome: Arc<str>,
    },
    /// Tags for the call; later ones win.
    Tag {
        /// Text, number or boolean by name.
        tags: Arc<BTreeMap<String, Value>>,
    },
    /// Play to the caller. Reported: `PromptFinished` or `PromptFailed`.
    Play {
        /// Always with a scheme: `say:`, `tone:`, `file:`, `object:` or `https:`.
        prompt: Arc<str>,
    },
    /// Cut the prompt short.
    StopPlay,
    /// Start the flow's only timer. Reported: `TimerFired`.
    StartTimer {
        /// From now, milliseconds; 1 or more.
        millis: u64,
    },
    /// Stop the timer.
    StopTimer,
    /// Find a buyer and bridge. The switch tries one candidate after another. Reported: `OfferConnected`, then `BridgeEnded`; or
    /// `OfferFailed` when nobody is left.
    Offer {
        /// Who, and how they are put in order.
        offer: Arc<BuyerOffer>,
        /// What the callee hears before the bridge, and whether it may decline.
        whisper: Option<Arc<WhisperTerms>>,
    },
    /// Stop looking for a buyer: drop ringing legs, release leases. Not answered.
    CancelOffer,
    /// Put the caller into a queue. Reported: `QueueConnected`, then `QueueEnded`; or `QueueFull`. The wait is timed by the
    /// flow's timer.
    JoinQueue {
        /// Its id in the tenant.
        queue: Arc<str>,
        /// Looped while waiting; with a scheme, as for `Play`.
        wait_prompt: Option<Arc<str>>,
        /// Most callers waiting at once.
        size_max: Option<u32>,
        /// As for `Offer`.
        whisper: Option<Arc<WhisperTerms>>,
    },
    /// Take the caller out of the queue, and drop an agent's leg that rings. Not answered.
    LeaveQueue,
    /// Record the call from here on. Goes on through bridges until `StopRecording` or the end of the call. Reported:
    /// `RecordingCompleted` or `RecordingFailed`. One that is under way already goes on as it is.
    StartRecording {
        /// File format.
        format: RecordFormat,
        /// Mixed, or caller and callee apart.
        channels: RecordChannels,
        /// A beep first.
        beep: bool,
    },
    /// End the recording.
    StopRecording,
    /// End the call. The run is over.
    HangUp {
        /// Why.
        cause: EndCause,
        /// For people, where the cause does not say it all.
        detail: Option<&'static str>,
    },
}

/// What a callee hears before it is connected. Made by a whisper node, carried by the next [`Instruction::Offer`] or
/// [`Instruction::JoinQueue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhisperTerms {
    /// The whisper node.
    pub node: Arc<str>,
    /// Played to the caller meanwhile; with a scheme, as for `Play`.
    pub caller_prompt: Option<Arc<str>>,
    /// Played to the callee when it answers. Without one the callee is connected at once.
    pub callee_prompt: Option<Arc<str>>,
    /// How long the callee may take to decide, counted from the end of its prompt, milliseconds. Then it has declined.
    pub timeout_ms: u64,
    /// The digit by which the callee accepts. Any other digit declines.
    pub accept_digit: char,
    /// True: when a callee declines, the switch stops looking and reports `WhisperRejected`. False: it tries the next candidate,
    /// as after any failed leg.
    pub reject_ends_offer: bool,
}

/// What happened to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowEvent {
    /// The caller is answered. The first event of a run.
    Started,
    /// The caller pressed a key: `0`-`9`, `*`, `#`, `A`-`D`.
    Digit(char),
    /// The prompt came to its end.
    PromptFinished,
    /// The prompt could not be played.
    PromptFailed,
    /// The timer ran out.
    TimerFired,
    /// Caller and buyer hear each other.
    OfferConnected,
    /// No buyer, and none left to try.
    OfferFailed(OfferFailure),
    /// The buyer's conversation is over and the caller is still there.
    BridgeEnded {
        /// Who ended it.
        by: Party,
        /// How long they heard each other.
        connected_ms: u64,
    },
    /// Caller and agent hear each other.
    QueueConnected,
    /// The queue takes nobody more, or there is no such queue.
    QueueFull,
    /// The agent's conversation is over and the caller is still there.
    QueueEnded {
        /// Who ended it.
        by: Party,
        /// How long they heard each other.
        connected_ms: u64,
    },
    /// The recording is complete.
    RecordingCompleted,
    /// The recording could not be written.
    RecordingFailed,
    /// The callee pressed the accepting digit. `OfferConnected` or `QueueConnected` follows.
    WhisperAccepted,
    /// The callee declined, and [`WhisperTerms::reject_ends_offer`] was set.
    WhisperRejected,
    /// The caller hung up. The last event of a run.
    CallerGone,
}

/// Why an offer failed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfferFailure {
    /// There is no buyer for this call: `onNoBuyers`.
    NoBuyers,
    /// There are some, but all are at a cap or were tried in vain: `onAllBusy`.
    AllBusy,
    /// The last one tried did not answer in time: `onAllBusy`.
    NoAnswer,
    /// The last one tried declined: `onAllBusy`.
    Declined,
    /// The question could not be answered: storage, or a limit of ours: `onNoBuyers`.
    Error,
}
