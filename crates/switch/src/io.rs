//! What goes into the switch and what comes out.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use domain::{CallEvent, CallId, OutboundCall, RecordingId, TenantId};
use media::{LegKey, MediaCommand, MediaEvent, RecordingKey};
use sip::transaction::Destination;

use crate::ask::{Answer, Ask, Token};

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// A SIP message arrived. `source.local` is our socket.
    Sip { source: Destination, bytes: Bytes },
    /// Nothing can be sent there any more.
    SipUnreachable { destination: Destination },
    /// The answer to an [`Output::Ask`].
    Answer { token: Token, answer: Answer },
    /// The events up to the one that carried this token are durable; `false` when they could not be made so.
    Persisted { token: Token, durable: bool },
    /// The media leg is open under this address.
    MediaOpened { leg: LegKey, address: SocketAddr },
    /// No port is free.
    MediaRefused { leg: LegKey },
    /// From the media engine, but for recorded audio, which goes to the disk without us.
    Media(MediaEvent),
    /// The recording is on disk, `duration_ms` long and `bytes` large; or what went wrong.
    RecordingStored { recording: RecordingKey, outcome: Result<(u64, u64), String> },
    /// Somebody, through the API, wants the call to end. Refused silently for calls of other tenants.
    HangUp { tenant: TenantId, call: CallId },
    /// Somebody, through the API, wants a call placed. A switch that takes no calls keeps it as one that failed by congestion; an
    /// order that comes too late or twice is left alone.
    Place(Box<OutboundCall>),
    /// The switch is about to stop: every call ends now, and its parties are told.
    EndAll,
    /// No more new calls: refuse them with 503. Calls in progress go on.
    Drain,
    /// While true, new calls are refused with 503: what calls report cannot be kept fast enough.
    Congested(bool),
}

/// Something to be done.
#[derive(Debug)]
pub enum Output {
    /// Put these bytes on the wire.
    Sip { destination: Destination, bytes: Bytes },
    /// Answer this by [`Input::Answer`].
    Ask { token: Token, ask: Ask },
    /// Append this event to the log. With a token: answer by [`Input::Persisted`] once it is durable.
    Event { event: CallEvent, durable: Option<Token> },
    /// Open a port for this leg; answered by [`Input::MediaOpened`] or [`Input::MediaRefused`].
    OpenMedia { leg: LegKey, telephone_event: u8 },
    /// For the media engine.
    Media(MediaCommand),
    /// A recording is about to begin: make its file. Answered at its end by [`Input::RecordingStored`].
    RecordingFile { recording: RecordingKey, id: RecordingId, key: Arc<str>, channels: u16 },
}
