//! From jitter, loss and delay to a mean opinion score: the E-model of ITU-T G.107, simplified.
//!
//! All parameters but three keep their defaults, which makes the rating R = 93.2 - Id - Ie,eff. Id, the delay
//! impairment, is the usual two-piece line through the G.107 curve with its knee at 177.3 ms (Cole and Rosenbluth,
//! 2001). Ie,eff = Ie + (95 - Ie) * Ppl / (Ppl + Bpl) with Ie = 0 for G.711 and Bpl = 4.3, the robustness of G.711
//! without loss concealment (G.113 appendix I), because we cannot know that the other side conceals.

use std::time::Duration;

/// R without delay and loss, all G.107 defaults.
const RATING_DEFAULT: f64 = 93.2;
const DELAY_KNEE_MS: f64 = 177.3;
const PACKET_LOSS_ROBUSTNESS: f64 = 4.3;
/// A playout buffer adapts to about twice the mean jitter.
const PLAYOUT_PER_JITTER: f64 = 2.0;
/// One packet to fill and one to play.
const PACKETISATION_MS: f64 = 40.0;

/// The rating R, 0..=93.2. `loss` is the share of packets lost (0..=1), `round_trip` zero where unknown.
#[must_use]
pub fn rating(jitter: Duration, loss: f64, round_trip: Duration) -> f64 {
    let one_way_ms =
        round_trip.as_secs_f64() * 500.0 + jitter.as_secs_f64() * 1_000.0 * PLAYOUT_PER_JITTER + PACKETISATION_MS;
    let delay = 0.024 * one_way_ms + 0.11 * (one_way_ms - DELAY_KNEE_MS).max(0.0);
    let loss_percent = loss.clamp(0.0, 1.0) * 100.0;
    let equipment = 95.0 * loss_percent / (loss_percent + PACKET_LOSS_ROBUSTNESS);
    (RATING_DEFAULT - delay - equipment).clamp(0.0, RATING_DEFAULT)
}

/// The score of a rating, times 100: 100..=450 (G.107 annex B).
#[must_use]
pub fn mos_x100(rating: f64) -> u16 {
    let r = rating.clamp(0.0, 100.0);
    let mos = 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6;
    // Annex B dips below 1 for R under 6.5.
    (mos.clamp(1.0, 4.5) * 100.0).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mos(jitter_ms: u64, loss: f64, round_trip_ms: u64) -> u16 {
        mos_x100(rating(Duration::from_millis(jitter_ms), loss, Duration::from_millis(round_trip_ms)))
    }

    /// Values of G.107 annex B, table B.1, and the well-known score of clean G.711.
    #[test]
    fn ratings_become_scores() {
        for (rating, score) in
            [(93.2, 441), (90.0, 434), (80.0, 403), (70.0, 360), (60.0, 310), (50.0, 258), (0.0, 100)]
        {
            assert!(mos_x100(rating).abs_diff(score) <= 1, "R {rating}: {}", mos_x100(rating));
        }
        assert!((435..=441).contains(&mos(0, 0.0, 0)));
    }

    #[test]
    fn everything_worse_scores_worse() {
        for pair in
            [(0, 0.0, 0), (10, 0.0, 100), (10, 0.01, 100), (30, 0.01, 300), (30, 0.05, 600), (80, 0.2, 900)].windows(2)
        {
            let [(a, b, c), (d, e, f)] = pair else { unreachable!() };
            assert!(mos(*a, *b, *c) > mos(*d, *e, *f), "{pair:?}");
        }
        assert_eq!(mos(1_000, 1.0, 10_000), 100);
    }
}
