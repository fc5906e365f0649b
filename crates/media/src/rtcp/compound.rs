//! Reading compound packets (RFC 3550 section 6.1, validity as in appendix A.2).

/// Packets read of one datagram; a report needs three.
const ITEMS_MAX: usize = 32;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const BLOCK_LEN: usize = 24;

/// Why a datagram is no RTCP we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RtcpError {
    #[error("shorter than its lengths say")]
    Truncated,
    #[error("not RTCP version 2")]
    Version,
    #[error("padding where none may be")]
    Padding,
    #[error("more packets than a report needs")]
    TooMany,
}

/// The sender's part of a sender report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    pub ntp: u64,
    pub rtp_timestamp: u32,
    pub packets: u32,
    /// Payload octets.
    pub octets: u32,
}

/// One report block (section 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    pub ssrc: u32,
    /// In 1/256.
    pub fraction_lost: u8,
    pub cumulative_lost: i32,
    pub extended_highest: u32,
    /// In timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the last sender report's NTP time; 0 when none was received.
    pub last_report: u32,
    /// Time since then, in 1/65536 s.
    pub delay: u32,
}

/// One packet of a compound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    SenderReport {
        ssrc: u32,
        info: SenderInfo,
        blocks: Blocks<'a>,
    },
    ReceiverReport {
        ssrc: u32,
        blocks: Blocks<'a>,
    },
    /// The first chunk's source and its CNAME, if it has one.
    SourceDescription {
        ssrc: u32,
        cname: Option<&'a [u8]>,
    },
    /// The first source that leaves.
    Bye {
        ssrc: u32,
    },
    /// Feedback, extended reports, application packets: not ours to read.
    Other {
        kind: u8,
    },
}

/// The report blocks of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks<'a>(&'a [u8]);

impl Iterator for Blocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.0.split_first_chunk::<BLOCK_LEN>()?;
        self.0 = rest;
        let word = |at: usize| u32::from_be_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
        Some(ReportBlock {
            ssrc: word(0),
            fraction_lost: block[4],
            // 24 bits, signed.
            cumulative_lost: (word(4) << 8) as i32 >> 8,
            extended_highest: word(8),
            jitter: word(12),
            last_report: word(16),
            delay: word(20),
        })
    }
}

/// A datagram whose lengths were checked.
#[derive(Debug, Clone, Copy)]
pub struct Compound<'a> {
    rest: &'a [u8],
}

impl<'a> Compound<'a> {
    /// Checks every length before anything is believed. Reduced-size packets (RFC 5506) pass.
    ///
    /// # Errors
    /// [`RtcpError`] when a header or a length is wrong; nothing of such a datagram is used.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtcpError> {
        let mut rest = datagram;
        let mut count = 0;
        while !rest.is_empty() {
            let [first, _, high, low, ..] = *rest else { return Err(RtcpError::Truncated) };
            if first >> 6 != 2 {
                return Err(RtcpError::Version);
            }
            let length = 4 + usize::from(u16::from_be_bytes([high, low])) * 4;
            let packet = rest.get(..length).ok_or(RtcpError::Truncated)?;
            rest = &rest[length..];
            if first & 0x20 != 0 {
                let padding = packet.last().copied().map_or(0, usize::from);
                if !rest.is_empty() || padding == 0 || padding > length - 4 {
                    return Err(RtcpError::Padding);
                }
            }
            count += 1;
            if count > ITEMS_MAX {
                return Err(RtcpError::TooMany);
            }
        }
        if count == 0 { Err(RtcpError::Truncated) } else { Ok(Self { rest: datagram }) }
    }
}

impl<'a> Iterator for Compound<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        let [first, kind, high, low, ..] = *self.rest else { return None };
        let length = 4 + usize::from(u16::from_be_bytes([high, low])) * 4;
        let packet = self.rest.get(..length)?;
        self.rest = &self.rest[length..];
        let padding = if first & 0x20 != 0 { packet.last().copied().map_or(0, usize::from) } else { 0 };
        let body = packet.get(4..length - padding).unwrap_or_default();
        Some(read(kind, usize::from(first & 0x1f), body).unwrap_or(Item::Other { kind }))
    }
}

fn read(kind: u8, count: usize, body: &[u8]) -> Option<Item<'_>> {
    let word = |at: usize| {
        let octets = body.get(at..at + 4)?;
        Some(u32::from_be_bytes([octets[0], octets[1], octets[2], octets[3]]))
    };
    match kind {
        SENDER_REPORT => {
            let ntp = (u64::from(word(4)?) << 32) | u64::from(word(8)?);
            let info = SenderInfo { ntp, rtp_timestamp: word(12)?, packets: word(16)?, octets: word(20)? };
            let blocks = Blocks(body.get(24..24 + count * BLOCK_LEN)?);
            Some(Item::SenderReport { ssrc: word(0)?, info, blocks })
        }
        RECEIVER_REPORT => {
            let blocks = Blocks(body.get(4..4 + count * BLOCK_LEN)?);
            Some(Item::ReceiverReport { ssrc: word(0)?, blocks })
        }
        SOURCE_DESCRIPTION if count > 0 => Some(Item::SourceDescription { ssrc: word(0)?, cname: cname(&body[4..]) }),
        BYE if count > 0 => Some(Item::Bye { ssrc: word(0)? }),
        _ => None,
    }
}

/// The CNAME among the items of a chunk (section 6.5).
fn cname(mut items: &[u8]) -> Option<&[u8]> {
    while let [kind, length, rest @ ..] = items {
        if *kind == 0 {
            return None;
        }
        let value = rest.get(..usize::from(*length))?;
        if *kind == 1 {
            return Some(value);
        }
        items = &rest[usize::from(*length)..];
    }
    None
}
