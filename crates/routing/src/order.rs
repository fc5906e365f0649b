//! The six strategies (ADR 0036).

use std::cmp::Reverse;

use domain::{Seed, Strategy};
use serde::{Deserialize, Serialize};

use crate::{Buyer, Caps, Endpoint, Listed, Tally};

/// How [`Strategy::Hybrid`] keeps a share of the calls for buyers not yet known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Exploration {
    /// Of all calls, thousandths (0-1000).
    pub share_permille: u16,
    /// Calls in the score's window after which a buyer is known.
    pub volume_min: u32,
}

impl Default for Exploration {
    fn default() -> Self {
        Self { share_permille: 100, volume_min: 20 }
    }
}

/// One who may have the call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// In the snapshot, which is in order of name.
    pub index: u32,
    pub buyer: &'a Buyer,
    pub listed: Option<&'a Listed<'a>>,
    /// `None`: all tried; keeps its place until the rotation is done, then goes.
    pub endpoint: Option<&'a Endpoint>,
    pub weight: u32,
    /// Calls held now.
    pub active: u32,
    pub today: u32,
    pub tally: Tally,
}

impl<'a> Entry<'a> {
    pub fn new(index: u32, buyer: &'a Buyer, listed: Option<&'a Listed<'a>>, tally: Tally) -> Self {
        let weight = listed.and_then(|listed| listed.weight).unwrap_or(buyer.weight);
        Self { index, buyer, listed, endpoint: None, weight, active: 0, today: 0, tally }
    }

    pub fn buyer_caps(&self) -> Caps {
        self.listed.map_or(self.buyer.caps, |listed| self.buyer.caps.tightened_by(&listed.caps))
    }
}

/// Puts `entries`, given in the pool's order, into the order they are tried.
pub(crate) fn arrange(
    entries: &mut Vec<Entry<'_>>,
    strategy: Strategy,
    draw: u64,
    rotation: u64,
    exploration: Exploration,
) {
    match strategy {
        Strategy::RoundRobin => rotate(entries, rotation),
        // Rotated first, so that equals take turns: the sort is stable.
        Strategy::LeastCalls => {
            rotate(entries, rotation);
            entries.sort_by_key(|entry| (entry.active, entry.today));
        }
        Strategy::Weighted => weigh(entries, &mut Seed::from_number(draw)),
        Strategy::Priority => prioritise(entries, &mut Seed::from_number(draw)),
        Strategy::Performance => {
            entries.sort_by_key(|entry| (Reverse(entry.tally.score_permille()), entry.index));
        }
        Strategy::Hybrid => explore(entries, &mut Seed::from_number(draw), exploration),
    }
    entries.retain(|entry| entry.endpoint.is_some());
}

fn rotate(entries: &mut [Entry<'_>], rotation: u64) {
    if let Some(first) = rotation.checked_rem(entries.len() as u64) {
        entries.rotate_left(first as usize);
    }
}

/// Lowest priority number first; within one, drawn by weight (as RFC 2782 does with SRV records).
fn prioritise(entries: &mut [Entry<'_>], seed: &mut Seed) {
    entries.sort_by_key(|entry| entry.buyer.priority);
    for equals in entries.chunk_by_mut(|a, b| a.buyer.priority == b.buyer.priority) {
        weigh(equals, seed);
    }
}

/// Drawn without replacement, each time with probability proportional to weight. Weight 0 comes last, in the pool's order.
///
/// A Fenwick tree over the weights keeps it at O(n log n) in integers, so a decision repeats on any machine.
fn weigh(entries: &mut [Entry<'_>], seed: &mut Seed) {
    if entries.len() < 2 {
        return;
    }
    entries.sort_by_key(|entry| entry.weight == 0);
    let drawn = entries.iter().take_while(|entry| entry.weight > 0).count();
    let Some(entries) = entries.get_mut(..drawn) else { return };
    let mut tree = WeightTree::new(entries.iter().map(|entry| entry.weight));
    let before = entries.to_vec();
    for slot in entries {
        let position = tree.take(seed.below(tree.total));
        if let Some(entry) = before.get(position) {
            *slot = *entry;
        }
    }
}

/// Fenwick tree: prefix sums that follow removals.
struct WeightTree {
    /// `sums[i - 1]` is the sum of the `i & -i` weights that end at the `i`-th.
    sums: Vec<u64>,
    weights: Vec<u32>,
    total: u64,
}

impl WeightTree {
    fn new(weights: impl Iterator<Item = u32>) -> Self {
        let weights: Vec<u32> = weights.collect();
        let mut sums: Vec<u64> = weights.iter().copied().map(u64::from).collect();
        for position in 1..=sums.len() {
            let parent = position + (position & position.wrapping_neg());
            if parent <= sums.len() {
                sums[parent - 1] += sums[position - 1];
            }
        }
        Self { total: weights.iter().copied().map(u64::from).sum(), sums, weights }
    }

    /// Removes the one that `point` (below `total`) falls on, and says where it stood.
    fn take(&mut self, mut point: u64) -> usize {
        let mut position = 0;
        let mut step = self.sums.len().next_power_of_two();
        while step > 0 {
            if let Some(sum) = self.sums.get(position + step - 1)
                && *sum <= point
            {
                point -= sum;
                position += step;
            }
            step /= 2;
        }
        let weight = self.weights.get_mut(position).map_or(0, std::mem::take);
        self.total -= u64::from(weight);
        let mut at = position + 1;
        while let Some(sum) = self.sums.get_mut(at - 1) {
            *sum -= u64::from(weight);
            at += at & at.wrapping_neg();
        }
        position
    }
}

/// Known buyers by score, then the others, fewest calls first. For a share of the calls one of the others is put first.
fn explore(entries: &mut [Entry<'_>], seed: &mut Seed, exploration: Exploration) {
    let unknown = |entry: &Entry<'_>| entry.tally.total == 0 || entry.tally.total < exploration.volume_min;
    // Equals among the unknown take their turns at random: nothing is known that would tell them apart.
    for last in (1..entries.len()).rev() {
        entries.swap(last, seed.below(last as u64 + 1) as usize);
    }
    entries.sort_by_key(|entry| match unknown(entry) {
        false => (false, Reverse(entry.tally.score_permille()), entry.index),
        true => (true, Reverse(None), entry.tally.total),
    });
    let known = entries.partition_point(|entry| !unknown(entry));
    // The one explored keeps the front when it was tried, so that a failover goes on with the known.
    if seed.below(1_000) < u64::from(exploration.share_permille)
        && let Some(front) = entries.get_mut(..=known)
    {
        front.rotate_right(1);
    }
}
