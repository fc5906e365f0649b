//! RTCP (RFC 3550 section 6): what was received, what to report, what the peer reported.

mod compound;
mod reception;
mod reporter;

pub use compound::{Blocks, Compound, Item, ReportBlock, RtcpError, SenderInfo};
pub use reception::{Account, Reception};
pub use reporter::{REPORT_LEN_MAX, Reporter, Sent};

use std::time::Duration;

/// Seconds between the NTP epoch (1900) and the Unix epoch.
const NTP_TO_UNIX: u64 = 2_208_988_800;

/// A time since the Unix epoch as an NTP timestamp (RFC 3550 section 4), modulo 2^64.
#[must_use]
pub fn ntp(now: Duration) -> u64 {
    let seconds = now.as_secs().wrapping_add(NTP_TO_UNIX);
    let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
    (seconds << 32) | fraction
}

/// The middle 32 bits of an NTP timestamp, in 1/65536 s (section 4).
#[must_use]
pub fn ntp_middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}
