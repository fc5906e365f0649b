//! Our session description: offers, answers, and what they settle for the audio.

use std::net::SocketAddr;

use media::Codec;
use media::command::{AudioFormat, Direction as MediaDirection};
use sip::sdp::{self, Agreed, AudioCodec, Direction, Local, SdpError, Session};

use crate::audio::Remote;

/// The side of the description that is ours, over the life of a call.
#[derive(Debug)]
pub(crate) struct Description {
    local: Local,
    /// Our offer that waits for an answer.
    offered: Option<Session>,
}

impl Description {
    pub(crate) fn new(session_id: u64, address: SocketAddr, codecs: &[Codec]) -> Self {
        let codecs = codecs.iter().map(|codec| match codec {
            Codec::Pcmu => AudioCodec::Pcmu,
            Codec::Pcma => AudioCodec::Pcma,
        });
        let local = Local {
            // RFC 8866 section 5.2 wants digits; some peers read them as a signed number.
            session_id: session_id >> 2,
            version: 0,
            address: address.ip(),
            port: address.port(),
            rtcp_port: address.port().saturating_add(1),
            codecs: codecs.collect(),
            telephone_event: true,
            direction: Direction::SendRecv,
        };
        Self { local, offered: None }
    }

    /// From now on the other side is on hold, or no more.
    pub(crate) fn hold(&mut self, held: bool) {
        self.local.direction = if held { Direction::SendOnly } else { Direction::SendRecv };
    }

    pub(crate) fn offer(&mut self) -> bytes::Bytes {
        self.local.version += 1;
        let offer = sdp::offer(&self.local);
        let bytes = offer.to_bytes();
        self.offered = Some(offer);
        bytes
    }

    /// Answers the other side's offer.
    pub(crate) fn answer(&mut self, body: &[u8]) -> Result<(bytes::Bytes, Remote), SdpError> {
        self.local.version += 1;
        let answer = sdp::answer(&Session::parse(body)?, &self.local)?;
        Ok((answer.session.to_bytes(), remote(&answer.agreed)))
    }

    /// Reads the answer to our offer. An answer read already, as in a 200 after a 183, is `Mismatch`.
    pub(crate) fn accept(&mut self, body: &[u8]) -> Result<Remote, SdpError> {
        let offer = self.offered.as_ref().ok_or(SdpError::Mismatch)?;
        let agreed = sdp::accept(offer, &Session::parse(body)?, &self.local)?;
        Ok(remote(&agreed))
    }

    /// The offer was answered for good, or refused.
    pub(crate) fn settle(&mut self) {
        self.offered = None;
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.offered.is_some()
    }
}

fn remote(agreed: &Agreed) -> Remote {
    let codec = match agreed.codec {
        AudioCodec::Pcmu => Codec::Pcmu,
        AudioCodec::Pcma => Codec::Pcma,
    };
    let direction = match agreed.direction {
        Direction::SendRecv => MediaDirection::SendReceive,
        Direction::SendOnly => MediaDirection::SendOnly,
        Direction::RecvOnly => MediaDirection::ReceiveOnly,
        Direction::Inactive => MediaDirection::Inactive,
    };
    Remote {
        rtp: agreed.remote,
        format: AudioFormat { codec, payload_type: agreed.send_payload_type },
        event_out: agreed.send_telephone_event,
        event_in: agreed.receive_telephone_event,
        direction,
    }
}
