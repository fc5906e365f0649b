//! What `hopwhistle call` reports.

use std::fmt;
use std::time::Duration;

use phone::{CallReport, End, hears};
use serde::Serialize;

use super::buyers::{DemoBuyer, HEADER};

/// A finished call, for people (`Display`) and for programs (JSON).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub call_id: String,
    pub answered: bool,
    /// How it ended: `hung up by us`, `refused with 486`...
    pub end: String,
    /// From the INVITE to the first ringing, milliseconds.
    pub rang_after_ms: Option<u64>,
    /// From the INVITE to the answer, milliseconds.
    pub answered_after_ms: Option<u64>,
    /// From the answer to the end, milliseconds.
    pub talked_ms: u64,
    /// The demo buyer recognised by its tones.
    pub buyer: Option<String>,
    /// The demo buyer's own header, where the platform passes it on.
    pub buyer_header: Option<String>,
    /// Time that was not silence, milliseconds.
    pub sound_ms: u64,
    /// Level of each second heard, in dB of full scale; -99 is silence.
    pub levels_db: Vec<i32>,
    pub rtp: Rtp,
}

/// Packets of the call, both ways.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rtp {
    pub packets_in: u64,
    pub packets_out: u64,
    pub lost: u64,
    pub jitter_us: u32,
    pub mos: f64,
}

impl Outcome {
    pub(super) fn of(report: CallReport) -> Self {
        let after = |at: Option<Duration>| at.map(|at| millis(at.saturating_sub(report.began_at)));
        let header = report.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(HEADER));
        let levels = hears::level_per_second(&report.heard);
        Self {
            answered: report.answered_at.is_some(),
            end: match report.end {
                End::HungUpByUs => "hung up by us".to_owned(),
                End::HungUpByThem => "hung up by the far side".to_owned(),
                End::CancelledByUs => "given up before an answer".to_owned(),
                End::CancelledByThem => "given up by the caller".to_owned(),
                End::Refused(status) => format!("refused with {status}"),
                End::TimedOut => "no reply".to_owned(),
                End::Failed => "failed: the reply could not be used".to_owned(),
            },
            rang_after_ms: after(report.rang_at),
            answered_after_ms: after(report.answered_at),
            talked_ms: millis(report.talked()),
            buyer: DemoBuyer::heard_in(&report.heard).map(|buyer| buyer.name.to_owned()),
            buyer_header: header.map(|(_, value)| value.clone()),
            sound_ms: millis(hears::sound_lasts(&report.heard)),
            levels_db: levels.into_iter().map(decibels).collect(),
            rtp: Rtp {
                packets_in: report.stats.packets_in,
                packets_out: report.stats.packets_out,
                lost: report.stats.lost,
                jitter_us: report.stats.jitter_us,
                mos: f64::from(report.stats.mos_x100) / 100.0,
            },
            call_id: report.call_id,
        }
    }

    /// 0: answered and heard something; 2: answered, and nothing but silence; 1: not answered.
    pub fn exit_code(&self) -> u8 {
        match (self.answered, self.sound_ms) {
            (true, 1..) => 0,
            (true, 0) => 2,
            (false, _) => 1,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.answered_after_ms {
            Some(after) => writeln!(f, "answered   after {}, talked for {}", span(after), span(self.talked_ms))?,
            None => writeln!(f, "answered   no")?,
        }
        writeln!(f, "ended      {}", self.end)?;
        match (&self.buyer, &self.buyer_header) {
            (Some(buyer), _) => writeln!(f, "buyer      {buyer} (by its tones)")?,
            (None, Some(buyer)) => writeln!(f, "buyer      {buyer} (by its header; its tones were not heard)")?,
            (None, None) => writeln!(f, "buyer      none recognised")?,
        }
        let bars: String = self.levels_db.iter().map(|level| bar(*level)).collect();
        writeln!(f, "heard      {} of sound; each second: {bars}", span(self.sound_ms))?;
        let Rtp { packets_in, packets_out, lost, jitter_us, mos } = &self.rtp;
        let jitter_ms = f64::from(*jitter_us) / 1_000.0;
        writeln!(
            f,
            "RTP        {packets_out} out, {packets_in} in, {lost} lost, jitter {jitter_ms:.1} ms, MOS {mos:.2}"
        )?;
        write!(f, "call id    {}", self.call_id)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn span(millis: u64) -> String {
    format!("{:.1} s", millis as f64 / 1_000.0)
}

fn decibels(level: f64) -> i32 {
    if level < hears::SILENCE_LEVEL { -99 } else { (20.0 * level.log10()).round() as i32 }
}

/// A second as a bar: silence is a dot, full scale the highest.
fn bar(level_db: i32) -> char {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let step = usize::try_from((level_db + 54) / 7).unwrap_or(0);
    if level_db <= -99 { '·' } else { BARS[step.min(BARS.len() - 1)] }
}
