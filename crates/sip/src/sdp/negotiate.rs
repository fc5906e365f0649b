//! Offer and answer (RFC 3264) for one audio stream.

use super::SdpError;
use super::codec::{AudioCodec, Codec};
use super::session::{Direction, Line, Media, Session, connection_value};
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};

/// The payload type we offer telephone-event with.
const TELEPHONE_EVENT: u8 = 101;
/// Packet times we accept, in milliseconds; others become the default.
const PTIME_MS: std::ops::RangeInclusive<u32> = 10..=60;
const PTIME_MS_DEFAULT: u32 = 20;

/// Our side of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Same for the whole dialog.
    pub session_id: u64,
    /// One higher for each description that differs from the one before (RFC 3264 §8).
    pub version: u64,
    /// Where we receive RTP.
    pub address: IpAddr,
    pub port: u16,
    pub rtcp_port: u16,
    /// In order of preference, for offers. An answer follows the offerer's order.
    pub codecs: Vec<AudioCodec>,
    pub telephone_event: bool,
    /// What we are willing to do.
    pub direction: Direction,
}

/// What two descriptions agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Index of the media section.
    pub media: usize,
    pub codec: AudioCodec,
    /// The number to send this codec with.
    pub send_payload_type: u8,
    /// The number it arrives with.
    pub receive_payload_type: u8,
    /// The numbers of telephone-event, where both sides have it.
    pub send_telephone_event: Option<u8>,
    pub receive_telephone_event: Option<u8>,
    /// Where to send RTP and RTCP.
    pub remote: SocketAddr,
    pub remote_rtcp: SocketAddr,
    /// Seen from us: on hold by the peer, it does not include receiving, or not sending.
    pub direction: Direction,
    /// Milliseconds of audio in each packet we send.
    pub ptime_ms: u32,
}

/// Our answer and what it settles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub session: Session,
    pub agreed: Agreed,
}

/// Writes an offer of one audio stream.
pub fn offer(local: &Local) -> Session {
    let mut formats = Vec::new();
    let mut lines = Vec::new();
    for codec in &local.codecs {
        formats.push(Bytes::from(codec.payload_type().to_string()));
        lines.push(attribute(format!("rtpmap:{} {}/{}", codec.payload_type(), codec.name(), codec.clock_rate())));
    }
    if local.telephone_event {
        formats.push(Bytes::from(TELEPHONE_EVENT.to_string()));
        push_telephone_event(&mut lines, TELEPHONE_EVENT);
    }
    let mut media = Media {
        kind: Bytes::from_static(b"audio"),
        port: local.port,
        port_count: None,
        protocol: Bytes::from_static(b"RTP/AVP"),
        formats,
        lines,
    };
    finish_media(&mut media, local, PTIME_MS_DEFAULT, local.direction);
    Session { lines: session_lines(local), media: vec![media] }
}

/// Answers an offer: the first audio stream with a codec of ours is taken, all others are refused with port 0 (§6).
///
/// # Errors
/// Nothing fits, or the offer has no address.
pub fn answer(offer: &Session, local: &Local) -> Result<Answer, SdpError> {
    let mut accepted = None;
    let mut sections = Vec::with_capacity(offer.media.len());
    for (index, offered) in offer.media.iter().enumerate() {
        let choice = if accepted.is_none() { choose(offered, local) } else { None };
        let Some((codec, payload_type, event)) = choice else {
            sections.push(refused(offered));
            continue;
        };
        let direction = offer.direction_of(offered).reversed().and(local.direction);
        let ptime_ms = ptime_of(offered);
        sections.push(taken(offered, local, codec, payload_type, event, direction, ptime_ms));
        let (remote, remote_rtcp) = remote_of(offer, offered)?;
        accepted = Some(Agreed {
            media: index,
            codec,
            send_payload_type: payload_type,
            receive_payload_type: payload_type,
            send_telephone_event: event,
            receive_telephone_event: event,
            remote,
            remote_rtcp,
            direction,
            ptime_ms,
        });
    }
    let agreed = accepted.ok_or(SdpError::NothingInCommon)?;
    Ok(Answer { session: Session { lines: session_lines(local), media: sections }, agreed })
}

/// Reads the answer to an offer of ours.
///
/// # Errors
/// It refuses the stream, does not fit the offer, or has no address.
pub fn accept(offer: &Session, answer: &Session, local: &Local) -> Result<Agreed, SdpError> {
    if answer.media.len() != offer.media.len() {
        return Err(SdpError::Mismatch);
    }
    let (index, answered) = answer.audio().ok_or(SdpError::NothingInCommon)?;
    let offered = offer.media.get(index).filter(|media| media.is_audio()).ok_or(SdpError::Mismatch)?;
    let (codec, send_payload_type, send_event) = choose(answered, local).ok_or(SdpError::NothingInCommon)?;
    let ours = |test: &dyn Fn(&Codec) -> bool| offered.codecs().find(|c| test(c)).map(|c| c.payload_type);
    let receive_payload_type = ours(&|c| c.is(codec)).ok_or(SdpError::Mismatch)?;
    let (remote, remote_rtcp) = remote_of(answer, answered)?;
    Ok(Agreed {
        media: index,
        codec,
        send_payload_type,
        receive_payload_type,
        send_telephone_event: send_event,
        receive_telephone_event: send_event.and(ours(&|c| c.is_telephone_event(codec.clock_rate()))),
        remote,
        remote_rtcp,
        direction: answer.direction_of(answered).reversed().and(offer.direction_of(offered)),
        ptime_ms: ptime_of(answered),
    })
}

fn choose(media: &Media, local: &Local) -> Option<(AudioCodec, u8, Option<u8>)> {
    let plain_rtp = &*media.protocol == b"RTP/AVP" || &*media.protocol == b"RTP/AVPF";
    if !media.is_audio() || media.port == 0 || !plain_rtp {
        return None;
    }
    let (codec, payload_type) = media.codecs().find_map(|offered| {
        let ours = local.codecs.iter().find(|codec| offered.is(**codec))?;
        Some((*ours, offered.payload_type))
    })?;
    let event = media.codecs().find(|offered| local.telephone_event && offered.is_telephone_event(codec.clock_rate()));
    Some((codec, payload_type, event.map(|event| event.payload_type)))
}

fn ptime_of(media: &Media) -> u32 {
    media.ptime_ms().filter(|ptime| PTIME_MS.contains(ptime)).unwrap_or(PTIME_MS_DEFAULT)
}

fn remote_of(session: &Session, media: &Media) -> Result<(SocketAddr, SocketAddr), SdpError> {
    let address = session.address_of(media).ok_or(SdpError::Connection)?;
    Ok((SocketAddr::new(address, media.port), SocketAddr::new(address, media.rtcp_port())))
}

/// §6: refused by port 0, its formats repeated because the line needs some.
fn refused(offered: &Media) -> Media {
    Media { port: 0, port_count: None, lines: Vec::new(), ..offered.clone() }
}

fn taken(
    offered: &Media,
    local: &Local,
    codec: AudioCodec,
    payload_type: u8,
    event: Option<u8>,
    direction: Direction,
    ptime_ms: u32,
) -> Media {
    let mut formats = vec![Bytes::from(payload_type.to_string())];
    let mut lines = vec![attribute(format!("rtpmap:{payload_type} {}/{}", codec.name(), codec.clock_rate()))];
    if let Some(event) = event {
        formats.push(Bytes::from(event.to_string()));
        push_telephone_event(&mut lines, event);
    }
    // RFC 5888: a section that is named keeps its name.
    if let Some(mid) = offered.attribute("mid") {
        lines.push(attribute([b"mid:", mid].concat()));
    }
    let (kind, protocol) = (offered.kind.clone(), offered.protocol.clone());
    let mut media = Media { kind, port: local.port, port_count: None, protocol, formats, lines };
    finish_media(&mut media, local, ptime_ms, direction);
    media
}

fn push_telephone_event(lines: &mut Vec<Line>, payload_type: u8) {
    lines.push(attribute(format!("rtpmap:{payload_type} telephone-event/8000")));
    lines.push(attribute(format!("fmtp:{payload_type} 0-16")));
}

fn finish_media(media: &mut Media, local: &Local, ptime_ms: u32, direction: Direction) {
    media.lines.push(attribute(format!("ptime:{ptime_ms}")));
    if local.rtcp_port != local.port.saturating_add(1) {
        media.lines.push(attribute(format!("rtcp:{}", local.rtcp_port)));
    }
    media.set_direction(direction);
}

fn session_lines(local: &Local) -> Vec<Line> {
    let connection = connection_value(local.address);
    let origin = [format!("- {} {} ", local.session_id, local.version).as_bytes(), &connection].concat();
    let line = |kind, value: Bytes| Line { kind, value };
    vec![
        line(b'v', Bytes::from_static(b"0")),
        line(b'o', Bytes::from(origin)),
        line(b's', Bytes::from_static(b"-")),
        line(b'c', connection),
        line(b't', Bytes::from_static(b"0 0")),
    ]
}

fn attribute(value: impl Into<Vec<u8>>) -> Line {
    Line { kind: b'a', value: Bytes::from(value.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Local {
        Local {
            session_id: 1,
            version: 1,
            address: "192.0.2.9".parse().unwrap(),
            port: 10_000,
            rtcp_port: 10_001,
            codecs: vec![AudioCodec::Pcmu, AudioCodec::Pcma],
            telephone_event: true,
            direction: Direction::SendRecv,
        }
    }

    fn session(text: &str) -> Session {
        Session::parse(text.replace('\n', "\r\n").as_bytes()).unwrap()
    }

    const OFFER: &str = "v=0\no=a 1 1 IN IP4 198.51.100.7\ns=x\nc=IN IP4 198.51.100.7\nt=0 0\na=odd:kept\n\
        m=video 4000 RTP/AVP 31\nm=audio 4002 RTP/AVP 18 8 0 97\na=rtpmap:97 telephone-event/8000\na=mid:2\na=sendonly\n\
        m=audio 4004 RTP/AVP 0\n";

    #[test]
    fn what_is_not_understood_survives_in_its_place() {
        let text = OFFER.replace('\n', "\r\n");
        assert_eq!(Session::parse(text.as_bytes()).unwrap().to_bytes(), text.as_bytes());
    }

    #[test]
    fn an_answer_takes_one_audio_stream_and_refuses_the_rest() {
        let Answer { session, agreed } = answer(&session(OFFER), &local()).unwrap();
        assert_eq!(session.media.iter().map(|media| media.port).collect::<Vec<_>>(), [0, 10_000, 0]);
        assert_eq!(agreed.codec, AudioCodec::Pcma, "the offerer's order decides");
        assert_eq!((agreed.send_payload_type, agreed.send_telephone_event), (8, Some(97)));
        assert_eq!(agreed.remote, "198.51.100.7:4002".parse().unwrap());
        assert_eq!(agreed.remote_rtcp.port(), 4003);
        assert_eq!(agreed.direction, Direction::RecvOnly, "held by the peer");
        assert_eq!(session.media[1].attribute("recvonly"), Some(&b""[..]));
        assert_eq!(session.media[1].attribute("mid"), Some(&b"2"[..]));
        assert_eq!(session.media[1].formats, ["8", "97"].map(Bytes::from));
    }

    #[test]
    fn offer_and_answer_agree_on_numbers() {
        let ours = offer(&local());
        let mut peer = local();
        peer.codecs = vec![AudioCodec::Pcma];
        peer.port = 20_000;
        peer.rtcp_port = 20_005;
        let reply = answer(&ours, &peer).unwrap();
        let agreed = accept(&ours, &Session::parse(&reply.session.to_bytes()).unwrap(), &local()).unwrap();
        assert_eq!((agreed.codec, agreed.send_payload_type, agreed.receive_payload_type), (AudioCodec::Pcma, 8, 8));
        assert_eq!((agreed.send_telephone_event, agreed.receive_telephone_event), (Some(101), Some(101)));
        assert_eq!((agreed.remote.port(), agreed.remote_rtcp.port()), (20_000, 20_005));
        assert_eq!(agreed.direction, Direction::SendRecv);
    }

    #[test]
    fn directions() {
        use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
        for (offered, willing, answered) in [
            (SendRecv, SendRecv, SendRecv),
            (SendOnly, SendRecv, RecvOnly),
            (RecvOnly, SendRecv, SendOnly),
            (Inactive, SendRecv, Inactive),
            (SendRecv, SendOnly, SendOnly),
            (SendOnly, SendOnly, Inactive),
        ] {
            assert_eq!(offered.reversed().and(willing), answered, "{offered:?} {willing:?}");
        }
        let held = session("v=0\no=a 1 1 IN IP4 1.2.3.4\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\nm=audio 4 RTP/AVP 0\n");
        assert_eq!(held.direction_of(&held.media[0]), SendOnly, "the hold of RFC 2543");
    }

    #[test]
    fn refusals() {
        let base = "v=0\no=a 1 1 IN IP4 1.2.3.4\ns=-\nc=IN IP4 1.2.3.4\nt=0 0\n";
        for (media, error) in [
            ("m=audio 4 RTP/AVP 18\n", SdpError::NothingInCommon),
            ("m=audio 0 RTP/AVP 0\n", SdpError::NothingInCommon),
            ("m=audio 4 RTP/SAVP 0\n", SdpError::NothingInCommon),
            ("", SdpError::NothingInCommon),
        ] {
            assert_eq!(answer(&session(&format!("{base}{media}")), &local()), Err(error), "{media}");
        }
        let no_address = base.replace("c=IN IP4 1.2.3.4\n", "") + "m=audio 4 RTP/AVP 0\n";
        assert_eq!(answer(&session(&no_address), &local()), Err(SdpError::Connection));
    }

    #[test]
    fn malformed_descriptions() {
        for bad in [
            "",
            "v=1\n",
            "v=0\n",
            "v=0\no=a\n",
            "v=0\no=a 1 1 IN IP4 1.2.3.4\nx\n",
            "v=0\no=a 1 1 IN IP4 h\nm=audio\n",
            "v=0\no=a 1 1 IN IP4 h\nm=audio 99999 RTP/AVP 0\n",
            "v=0\no=a 1 1 IN IP4 h\nm=audio 1 RTP/AVP\n",
        ] {
            assert!(Session::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        let many = "v=0\no=a 1 1 IN IP4 h\n".to_owned() + &"m=audio 1 RTP/AVP 0\n".repeat(17);
        assert_eq!(Session::parse(many.as_bytes()), Err(SdpError::TooMany(16, "media sections")));
    }

    #[test]
    fn rewriting_points_everything_elsewhere() {
        let mut changed = session(
            "v=0\no=a 1 1 IN IP4 1.2.3.4\ns=-\nt=0 0\nm=audio 4 RTP/AVP 0\na=rtcp:9\nm=audio 6 RTP/AVP 0\nc=IN IP4 5.6.7.8\n",
        );
        let address = "2001:db8::1".parse().unwrap();
        changed.set_address(address);
        changed.set_origin_address(address);
        changed.media[0].set_port(7000, 7001);
        let text = String::from_utf8(changed.to_bytes().to_vec()).unwrap();
        assert_eq!(
            text,
            "v=0\r\no=a 1 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\n\
            m=audio 7000 RTP/AVP 0\r\na=rtcp:7001\r\nm=audio 6 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n"
        );
    }
}
