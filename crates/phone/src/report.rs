//! What became of a call.

use std::time::Duration;

use media::MediaStats;

/// One call of a phone, for as long as the phone lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey(pub u64);

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// We sent BYE.
    HungUpByUs,
    /// The other side sent BYE.
    HungUpByThem,
    /// We gave up before an answer.
    CancelledByUs,
    /// The caller gave up before our answer.
    CancelledByThem,
    /// Refused with this final status; by us, where the call came in.
    Refused(u16),
    /// Nothing came back in time.
    TimedOut,
    /// The other side's answer could not be used, or media could not be opened.
    Failed,
}

/// Everything about a finished call. Times are spans since the Unix epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct CallReport {
    pub began_at: Duration,
    /// First 180 or 183 sent or received.
    pub rang_at: Option<Duration>,
    pub answered_at: Option<Duration>,
    pub ended_at: Duration,
    pub end: End,
    /// The user part of the caller's address.
    pub from: String,
    /// The called URI.
    pub to: String,
    pub call_id: String,
    /// `X-` headers of the INVITE that came in, or of the answer to ours; at most 16.
    pub headers: Vec<(String, String)>,
    /// Times the other side put us on hold.
    pub held: u32,
    /// Keys the other side pressed, by telephone event or INFO.
    pub digits: String,
    /// What was heard from the first SDP on: 8 kHz, mono, silence where nothing came.
    pub heard: Vec<i16>,
    pub stats: MediaStats,
}

impl CallReport {
    /// How long the call was up; zero when it never was.
    #[must_use]
    pub fn talked(&self) -> Duration {
        self.answered_at.map_or(Duration::ZERO, |answered| self.ended_at.saturating_sub(answered))
    }
}
