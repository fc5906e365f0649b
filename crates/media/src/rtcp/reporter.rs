//! Writing reports, and measuring the round trip from the peer's.

use std::time::Duration;

use super::compound::{Compound, Item, ReportBlock, RtcpError};
use super::reception::Reception;
use super::{ntp, ntp_middle};

/// The longest report we write: sender report, one block, source description, BYE.
pub const REPORT_LEN_MAX: usize = 28 + 24 + 8 + 2 + CNAME_LEN + 4 + 8;
const CNAME_LEN: usize = 16;
/// A round trip beyond this comes from a wrong clock or a forged report.
const ROUND_TRIP_MAX: u32 = 10 << 16;

/// What we sent, for the sender's part of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent {
    /// The timestamp `now` stands for on our stream.
    pub rtp_timestamp: u32,
    pub packets: u32,
    /// Payload octets.
    pub octets: u32,
}

/// One side of an RTCP conversation about one RTP stream in each direction.
#[derive(Debug, Clone)]
pub struct Reporter {
    ssrc: u32,
    cname: [u8; CNAME_LEN],
    /// Middle NTP bits of the peer's last sender report, and when it came.
    last_report: Option<(u32, Duration)>,
    packets_reported: u32,
    round_trip: Option<Duration>,
    remote: Option<ReportBlock>,
    left: bool,
}

impl Reporter {
    /// `random` makes the CNAME, which shall not tell who we are (RFC 7022 section 4.2).
    #[must_use]
    pub fn new(ssrc: u32, random: u64) -> Self {
        let mut cname = [0; CNAME_LEN];
        for (index, octet) in cname.iter_mut().enumerate() {
            *octet = b"0123456789abcdef"[(random >> (index * 4)) as usize & 0xf];
        }
        Self { ssrc, cname, last_report: None, packets_reported: 0, round_trip: None, remote: None, left: false }
    }

    /// Takes a datagram of the peer.
    ///
    /// # Errors
    /// [`RtcpError`] when it is malformed; nothing of it is used then.
    pub fn receive(&mut self, now: Duration, datagram: &[u8]) -> Result<(), RtcpError> {
        for item in Compound::parse(datagram)? {
            let blocks = match item {
                Item::SenderReport { info, blocks, .. } => {
                    self.last_report = Some((ntp_middle(info.ntp), now));
                    blocks
                }
                Item::ReceiverReport { blocks, .. } => blocks,
                Item::Bye { .. } => {
                    self.left = true;
                    continue;
                }
                Item::SourceDescription { .. } | Item::Other { .. } => continue,
            };
            let ours = self.ssrc;
            for block in blocks.filter(|block| block.ssrc == ours) {
                self.remote = Some(block);
                self.measure(now, &block);
            }
        }
        Ok(())
    }

    /// The round trip of the last report that told one.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// What the peer last reported of our stream.
    #[must_use]
    pub fn remote(&self) -> Option<&ReportBlock> {
        self.remote.as_ref()
    }

    /// Has the peer said BYE?
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.left
    }

    /// Writes a compound report: SR when something was sent since the last one, else RR; SDES; BYE when leaving
    /// (sections 6.1, 6.4, 6.5, 6.6). Returns its length, `None` when `buffer` is shorter than [`REPORT_LEN_MAX`].
    pub fn write(
        &mut self,
        now: Duration,
        sent: Sent,
        reception: &mut Reception,
        bye: bool,
        buffer: &mut [u8],
    ) -> Option<usize> {
        let mut out = Out { buffer: buffer.get_mut(..REPORT_LEN_MAX)?, length: 0 };
        let account = reception.report();
        let is_sender = sent.packets != self.packets_reported;
        self.packets_reported = sent.packets;
        let words = (if is_sender { 6 } else { 1 }) + (if account.is_some() { 6 } else { 0 });
        out.header(account.is_some().into(), if is_sender { 200 } else { 201 }, words);
        out.word(self.ssrc);
        if is_sender {
            let time = ntp(now);
            out.word((time >> 32) as u32);
            out.word(time as u32);
            out.word(sent.rtp_timestamp);
            out.word(sent.packets);
            out.word(sent.octets);
        }
        if let Some(account) = account {
            let (last_report, delay) = match self.last_report {
                Some((middle, at)) => (middle, to_65536(now.saturating_sub(at))),
                None => (0, 0),
            };
            out.word(account.ssrc);
            out.word((u32::from(account.fraction_lost) << 24) | (account.cumulative_lost as u32 & 0xff_ffff));
            out.word(account.extended_highest);
            out.word(account.jitter);
            out.word(last_report);
            out.word(delay);
        }
        // SDES: header, SSRC, CNAME item, end of items padded to a word.
        out.header(1, 202, 1 + (2 + CNAME_LEN as u16 + 1).div_ceil(4));
        out.word(self.ssrc);
        out.octets(&[1, CNAME_LEN as u8]);
        out.octets(&self.cname);
        out.octets(&[0, 0]);
        if bye {
            out.header(1, 203, 1);
            out.word(self.ssrc);
        }
        Some(out.length)
    }

    /// Round trip = arrival - LSR - DLSR (section 6.4.1, figure 2).
    fn measure(&mut self, now: Duration, block: &ReportBlock) {
        if block.last_report == 0 {
            return;
        }
        let arrival = ntp_middle(ntp(now));
        let round_trip = arrival.wrapping_sub(block.last_report).wrapping_sub(block.delay);
        // A peer that rounds its delay up can make a tiny round trip negative.
        let round_trip = if round_trip > u32::MAX - 66 { 0 } else { round_trip };
        if round_trip <= ROUND_TRIP_MAX {
            self.round_trip = Some(Duration::from_nanos(u64::from(round_trip) * 1_000_000_000 / 65_536));
        }
    }
}

fn to_65536(span: Duration) -> u32 {
    u32::try_from(span.as_nanos() * 65_536 / 1_000_000_000).unwrap_or(u32::MAX)
}

struct Out<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl Out<'_> {
    fn octets(&mut self, octets: &[u8]) {
        let end = self.length + octets.len();
        if let Some(room) = self.buffer.get_mut(self.length..end) {
            room.copy_from_slice(octets);
            self.length = end;
        }
    }

    fn word(&mut self, word: u32) {
        self.octets(&word.to_be_bytes());
    }

    /// `words` is the length field: 32-bit words after the header.
    fn header(&mut self, count: u8, kind: u8, words: u16) {
        let [high, low] = words.to_be_bytes();
        self.octets(&[0x80 | count, kind, high, low]);
    }
}
