//! What a decision must know about calls so far.

use std::collections::HashMap;

use domain::BuyerId;
use serde::{Deserialize, Serialize};

use crate::lease::{Book, Counters, Holder};

/// A buyer's calls over the last [`SCORE_HOURS`] hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Offered.
    pub total: u32,
    /// Answered by the buyer.
    pub answered: u32,
    /// Converted: the buyer pays.
    pub conversions: u32,
}

/// How far back scores look (inventory, section 3.4).
pub const SCORE_HOURS: u32 = 3;

impl Tally {
    /// Thousandths, 0-1000; `None` without calls. With answer rate `a` and conversion rate `c`: `0.4 a + 0.6 c` once anything
    /// converted, else `a` (inventory, section 3.4). Rounded down.
    pub fn score_permille(&self) -> Option<u16> {
        let total = u64::from(self.total);
        let answered = u64::from(self.answered.min(self.total));
        let conversions = u64::from(self.conversions.min(self.total));
        let thousandths = if conversions > 0 { 400 * answered + 600 * conversions } else { 1_000 * answered };
        thousandths.checked_div(total).and_then(|score| u16::try_from(score).ok())
    }
}

/// Looked up while ranking; must answer from memory.
pub trait Usage {
    /// Calls counted for a holder; `None` when there were none.
    fn counters(&self, holder: Holder) -> Option<&Counters>;
    /// A buyer's recent calls.
    fn tally(&self, buyer: BuyerId) -> Tally;
}

/// Read from the store for one decision or kept up to date in memory.
#[derive(Clone, Debug, Default)]
pub struct UsageTable {
    /// Missing: no calls.
    pub counters: HashMap<Holder, Counters>,
    /// Missing: no calls.
    pub tallies: HashMap<BuyerId, Tally>,
}

impl Usage for UsageTable {
    fn counters(&self, holder: Holder) -> Option<&Counters> {
        self.counters.get(&holder)
    }

    fn tally(&self, buyer: BuyerId) -> Tally {
        self.tallies.get(&buyer).copied().unwrap_or_default()
    }
}

/// Counts from the leases, without scores.
impl Usage for Book {
    fn counters(&self, holder: Holder) -> Option<&Counters> {
        Self::counters(self, holder)
    }

    fn tally(&self, _: BuyerId) -> Tally {
        Tally::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn score_is_the_inventorys_formula() {
        for (total, answered, conversions, score) in [
            (0, 0, 0, None),
            (10, 5, 0, Some(500)),
            (10, 5, 2, Some(320)),
            (10, 10, 10, Some(1_000)),
            (3, 1, 0, Some(333)),
            (u32::MAX, u32::MAX, u32::MAX, Some(1_000)),
            (2, 9, 9, Some(1_000)),
        ] {
            assert_eq!(
                Tally { total, answered, conversions }.score_permille(),
                score,
                "{total} {answered} {conversions}"
            );
        }
    }
}
