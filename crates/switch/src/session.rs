//! Offer and answer for one leg: what our SDP says, and what the media engine is told of the peer's.

use std::net::SocketAddr;

use bytes::Bytes;
use media::Codec;
use media::command::{AudioFormat, Direction, RemoteMedia, RtcpTarget};
use media::latch::LatchPolicy;
use sip::sdp::{self, Agreed, AudioCodec, Local, SdpError, Session};

/// Media type of our bodies.
pub(crate) const SDP: &str = sdp::CONTENT_TYPE;
/// Payload type of telephone events in our offers (RFC 4733 has no static one; 101 is what everybody uses).
pub(crate) const TELEPHONE_EVENT: u8 = 101;

/// Where the offer/answer exchange of a leg stands.
#[derive(Debug)]
enum Stage {
    /// The peer offered; we have not answered.
    Offered(Session),
    /// We are to offer, since the peer did not.
    OfferWanted,
    /// We offered; the peer's answer is to come.
    Offering(Session),
    /// Both have spoken.
    Settled,
}

/// The exchange of one leg.
#[derive(Debug)]
pub(crate) struct Negotiation {
    stage: Stage,
    session_id: u64,
    version: u64,
    codecs: Vec<AudioCodec>,
    agreed: Option<AudioCodec>,
    receive_event: u8,
    /// What a 183 settled for now. A 2xx without a body leaves it at that (RFC 3261 §13.2.1).
    early: Option<Box<Agreed>>,
}

impl Negotiation {
    /// The peer's INVITE came with this body; empty for a delayed offer.
    ///
    /// # Errors
    /// The offer cannot be read, or has nothing we can do.
    pub(crate) fn of_invite(body: &[u8], session_id: u64) -> Result<Self, SdpError> {
        let mut negotiation = Self::new(Stage::OfferWanted, session_id, vec![AudioCodec::Pcmu, AudioCodec::Pcma]);
        if body.is_empty() {
            return Ok(negotiation);
        }
        let offer = Session::parse(body)?;
        // Tried with a placeholder address, so that what cannot work is refused before anything is set up for it.
        let trial = sdp::answer(&offer, &negotiation.local(SocketAddr::from(([127, 0, 0, 1], 9))))?;
        negotiation.receive_event = trial.agreed.receive_telephone_event.unwrap_or(TELEPHONE_EVENT);
        negotiation.agreed = Some(trial.agreed.codec);
        negotiation.stage = Stage::Offered(offer);
        Ok(negotiation)
    }

    /// We call; `preferred` is what the other leg speaks, so that nothing needs transcoding.
    pub(crate) fn for_callee(session_id: u64, preferred: Option<AudioCodec>) -> Self {
        let mut codecs = vec![AudioCodec::Pcmu, AudioCodec::Pcma];
        if preferred == Some(AudioCodec::Pcma) {
            codecs.reverse();
        }
        Self::new(Stage::OfferWanted, session_id, codecs)
    }

    fn new(stage: Stage, session_id: u64, codecs: Vec<AudioCodec>) -> Self {
        Self { stage, session_id, version: 0, codecs, agreed: None, receive_event: TELEPHONE_EVENT, early: None }
    }

    fn local(&self, address: SocketAddr) -> Local {
        Local {
            session_id: self.session_id,
            version: self.version,
            address: address.ip(),
            port: address.port(),
            rtcp_port: address.port().saturating_add(1),
            codecs: self.codecs.clone(),
            telephone_event: true,
            direction: sdp::Direction::SendRecv,
        }
    }

    /// The payload type telephone events arrive under.
    pub(crate) fn receive_event(&self) -> u8 {
        self.receive_event
    }

    /// The codec both sides speak.
    pub(crate) fn codec(&self) -> Option<AudioCodec> {
        self.agreed
    }

    /// Whether the peer's INVITE carried an offer (early media needs one).
    pub(crate) fn has_offer(&self) -> bool {
        matches!(self.stage, Stage::Offered(_) | Stage::Settled)
    }

    /// Whether our offer waits for the peer's answer.
    pub(crate) fn awaits_answer(&self) -> bool {
        matches!(self.stage, Stage::Offering(_))
    }

    /// Our SDP: the answer to what was offered, with what was agreed; or our own offer.
    pub(crate) fn describe(&mut self, address: SocketAddr) -> Option<(Bytes, Option<RemoteMedia>)> {
        let local = self.local(address);
        match &self.stage {
            Stage::Offered(offer) => {
                let answer = sdp::answer(offer, &local).ok()?;
                let remote = remote_media(&answer.agreed);
                self.settle(&answer.agreed);
                Some((answer.session.to_bytes(), Some(remote)))
            }
            Stage::OfferWanted => {
                let offer = sdp::offer(&local);
                let bytes = offer.to_bytes();
                self.stage = Stage::Offering(offer);
                Some((bytes, None))
            }
            Stage::Offering(_) | Stage::Settled => None,
        }
    }

    /// The peer's answer to our offer. `None` when it does not fit.
    pub(crate) fn accept(&mut self, body: &[u8]) -> Option<RemoteMedia> {
        let agreed = match self.early.take() {
            Some(early) if body.is_empty() => *early,
            _ => self.judge(body)?,
        };
        self.settle(&agreed);
        Some(remote_media(&agreed))
    }

    /// An early answer (183): what it settles for now. The final answer may differ.
    pub(crate) fn accept_early(&mut self, body: &[u8]) -> Option<RemoteMedia> {
        let agreed = self.judge(body)?;
        let remote = remote_media(&agreed);
        self.early = Some(Box::new(agreed));
        Some(remote)
    }

    fn judge(&self, body: &[u8]) -> Option<Agreed> {
        let Stage::Offering(offer) = &self.stage else { return None };
        let answer = Session::parse(body).ok()?;
        sdp::accept(offer, &answer, &self.local(SocketAddr::from(([127, 0, 0, 1], 9)))).ok()
    }

    /// A re-INVITE: our answer, and what it changes. An empty body asks for our offer, which stays as it was.
    pub(crate) fn renegotiate(&mut self, body: &[u8], address: SocketAddr) -> Option<(Bytes, Option<RemoteMedia>)> {
        self.version += 1;
        let local = self.local(address);
        if body.is_empty() {
            let offer = sdp::offer(&local);
            let bytes = offer.to_bytes();
            self.stage = Stage::Offering(offer);
            return Some((bytes, None));
        }
        let offer = Session::parse(body).ok()?;
        let answer = sdp::answer(&offer, &local).ok()?;
        self.settle(&answer.agreed);
        Some((answer.session.to_bytes(), Some(remote_media(&answer.agreed))))
    }

    fn settle(&mut self, agreed: &Agreed) {
        self.agreed = Some(agreed.codec);
        self.stage = Stage::Settled;
    }
}

/// What was agreed, in the media engine's words.
fn remote_media(agreed: &Agreed) -> RemoteMedia {
    let codec = match agreed.codec {
        AudioCodec::Pcmu => Codec::Pcmu,
        AudioCodec::Pcma => Codec::Pcma,
    };
    let direction = match (agreed.direction.sends(), agreed.direction.receives()) {
        (true, true) => Direction::SendReceive,
        (true, false) => Direction::SendOnly,
        (false, true) => Direction::ReceiveOnly,
        (false, false) => Direction::Inactive,
    };
    RemoteMedia {
        rtp: agreed.remote,
        rtcp: RtcpTarget::At(agreed.remote_rtcp),
        audio: AudioFormat { codec, payload_type: agreed.send_payload_type },
        telephone_event: agreed.send_telephone_event,
        direction,
        latch: LatchPolicy::Learn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 3], 10_000))
    }

    fn callee_answer(offer: &[u8]) -> Bytes {
        let mut callee = Negotiation::of_invite(offer, 7).unwrap();
        callee.describe(SocketAddr::from(([10, 0, 0, 4], 20_000))).unwrap().0
    }

    #[test]
    fn an_answer_without_a_body_leaves_what_the_early_one_settled() {
        let mut ours = Negotiation::for_callee(1, Some(AudioCodec::Pcma));
        let (offer, _) = ours.describe(address()).unwrap();
        assert_eq!(ours.accept(b""), None, "no early answer");
        let early = ours.accept_early(&callee_answer(&offer)).unwrap();
        assert_eq!((early.audio.codec, ours.codec()), (Codec::Pcma, None));
        assert_eq!(ours.accept(b""), Some(early));
        assert_eq!(ours.codec(), Some(AudioCodec::Pcma));
    }

    #[test]
    fn what_cannot_be_done_is_refused_before_anything_is_set_up() {
        let video =
            b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=video 4000 RTP/AVP 96\r\n";
        assert_eq!(Negotiation::of_invite(video, 1).unwrap_err().status(), 488);
        assert_eq!(Negotiation::of_invite(b"hello", 1).unwrap_err().status(), 400);
    }
}
