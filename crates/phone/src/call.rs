//! One call: where it stands, and what is done in it next.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use sip::dialog::{Dialog, Forks};
use sip::message::Request;
use sip::transaction::{ClientKey, Destination, ServerKey};

use crate::audio::Audio;
use crate::config::Dial;
use crate::report::{CallKey, CallReport, End};
use crate::session::Description;
use crate::voice::{Sound, Step};

/// An INVITE that came in and has no final answer.
#[derive(Debug)]
pub(crate) struct Ringing {
    pub server: ServerKey,
    pub request: Request,
    pub tag: String,
    /// `None`: never.
    pub answer_at: Option<Duration>,
    pub early: Option<Sound>,
    /// The answer a 183 carried; the 200 repeats it (RFC 3261 section 13.3.1.1).
    pub answered_sdp: Option<Bytes>,
}

/// An INVITE of ours without a final answer.
#[derive(Debug)]
pub(crate) struct Calling {
    pub client: ClientKey,
    pub request: Request,
    pub forks: Forks,
    pub gives_up_at: Duration,
    pub cancelled: bool,
}

/// What remains of an answered INVITE of ours, to acknowledge repeated answers.
#[derive(Debug)]
pub(crate) struct Answered {
    pub request: Request,
    pub remote_tag: Bytes,
    pub ack: Bytes,
}

#[derive(Debug)]
pub(crate) enum Stage {
    /// Waiting for the media socket before the INVITE leaves.
    Preparing(Box<Dial>),
    Ringing(Box<Ringing>),
    Calling(Box<Calling>),
    Up,
    /// Our BYE is on its way.
    Closing(End),
}

/// What is being done at the moment in an answered call.
#[derive(Debug, Default)]
pub(crate) enum Doing {
    #[default]
    Nothing,
    Waiting {
        until: Duration,
    },
    /// Until nothing is said or pressed.
    Sounding,
    /// Keys by INFO: one request at a time, the next one not before `next_at`.
    Pressing {
        left: VecDeque<char>,
        next_at: Duration,
        unanswered: bool,
    },
    /// A re-INVITE of ours is under way.
    Agreeing {
        held: bool,
        gives_up_at: Duration,
    },
    /// Refused for glare (RFC 3261 section 14.1): tried again later.
    Retrying {
        at: Duration,
        held: bool,
    },
}

#[derive(Debug)]
pub(crate) struct Call {
    pub key: CallKey,
    pub stage: Stage,
    /// Where requests go when the dialog's next hop is no address.
    pub hop: Destination,
    pub description: Option<Description>,
    pub audio: Option<Audio>,
    pub dialog: Option<Dialog>,
    pub answered: Option<Answered>,
    /// An INVITE of theirs we answered with 2xx and that waits for its ACK.
    pub unacknowledged: Option<ServerKey>,
    pub challenged: bool,
    pub steps: VecDeque<Step>,
    pub doing: Doing,
    pub report: CallReport,
}

impl Call {
    pub(crate) fn new(now: Duration, key: CallKey, stage: Stage, hop: Destination, steps: Vec<Step>) -> Self {
        Self {
            key,
            stage,
            hop,
            description: None,
            audio: None,
            dialog: None,
            answered: None,
            unacknowledged: None,
            challenged: false,
            steps: steps.into(),
            doing: Doing::Nothing,
            report: CallReport {
                began_at: now,
                rang_at: None,
                answered_at: None,
                ended_at: now,
                end: End::Failed,
                from: String::new(),
                to: String::new(),
                call_id: String::new(),
                headers: Vec::new(),
                held: 0,
                digits: String::new(),
                heard: Vec::new(),
                stats: media::MediaStats::default(),
            },
        }
    }

    /// When something is due in this call, SIP's own timers aside.
    pub(crate) fn next_timeout(&self) -> Option<Duration> {
        let of_stage = match &self.stage {
            Stage::Ringing(ringing) => ringing.answer_at.filter(|_| self.description.is_some()),
            Stage::Calling(calling) if !calling.cancelled => Some(calling.gives_up_at),
            _ => None,
        };
        let of_doing = match &self.doing {
            Doing::Waiting { until } => Some(*until),
            Doing::Pressing { next_at, unanswered: false, .. } => Some(*next_at),
            Doing::Retrying { at, .. } => Some(*at),
            Doing::Agreeing { gives_up_at, .. } => Some(*gives_up_at),
            _ => None,
        };
        let of_audio = self.audio.as_ref().map(Audio::next_timeout);
        [of_stage, of_doing, of_audio].into_iter().flatten().min()
    }
}
