use super::session::Media;
use crate::message::parse_u32;
use bytes::Bytes;

/// Audio codecs that can be negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudioCodec {
    Pcmu,
    Pcma,
}

impl AudioCodec {
    pub const fn name(self) -> &'static str {
        match self {
            AudioCodec::Pcmu => "PCMU",
            AudioCodec::Pcma => "PCMA",
        }
    }

    /// The static payload type of RFC 3551.
    pub const fn payload_type(self) -> u8 {
        match self {
            AudioCodec::Pcmu => 0,
            AudioCodec::Pcma => 8,
        }
    }

    /// RTP clock rate in Hz.
    pub const fn clock_rate(self) -> u32 {
        8000
    }
}

/// One RTP format of a media section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codec {
    pub payload_type: u8,
    pub name: Bytes,
    /// Hz.
    pub clock_rate: u32,
    pub channels: u8,
    /// The `fmtp` parameters, as written.
    pub parameters: Option<Bytes>,
}

impl Codec {
    pub(super) fn of(media: &Media, format: &[u8]) -> Option<Codec> {
        let payload_type =
            parse_u32(format).and_then(|number| u8::try_from(number).ok()).filter(|&number| number < 128)?;
        let for_this = |value: &[u8]| -> Option<Bytes> {
            let space = memchr::memchr(b' ', value)?;
            (parse_u32(&value[..space]) == Some(u32::from(payload_type)))
                .then(|| Bytes::copy_from_slice(crate::message::trim(&value[space..])))
        };
        let parameters = media.attributes("fmtp").find_map(for_this);
        let (name, clock_rate, channels) = match media.attributes("rtpmap").find_map(for_this) {
            Some(map) => {
                let mut parts = map.split(|&byte| byte == b'/');
                let name = Bytes::copy_from_slice(parts.next()?);
                let clock_rate = parse_u32(parts.next()?)?;
                let channels = parts.next().map_or(Some(1), parse_u32)?;
                (name, clock_rate, u8::try_from(channels).ok()?)
            }
            // The static types of RFC 3551 need no rtpmap.
            None => match payload_type {
                0 => (Bytes::from_static(b"PCMU"), 8000, 1),
                8 => (Bytes::from_static(b"PCMA"), 8000, 1),
                9 => (Bytes::from_static(b"G722"), 8000, 1),
                18 => (Bytes::from_static(b"G729"), 8000, 1),
                _ => return None,
            },
        };
        Some(Codec { payload_type, name, clock_rate, channels, parameters })
    }

    pub fn is(&self, codec: AudioCodec) -> bool {
        self.name.eq_ignore_ascii_case(codec.name().as_bytes())
            && self.clock_rate == codec.clock_rate()
            && self.channels == 1
    }

    /// RFC 4733 events on this clock.
    pub fn is_telephone_event(&self, clock_rate: u32) -> bool {
        self.name.eq_ignore_ascii_case(b"telephone-event") && self.clock_rate == clock_rate
    }
}
