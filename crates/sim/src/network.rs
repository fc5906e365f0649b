//! A network that loses, repeats, delays and so reorders, from a seed.
//!
//! [`crate::run`] carries the switches' requests to the store over it. A simulation of the protocols (edge, switch, relay and operations
//! exchanging datagrams) belongs in this module too, with `Network<SocketAddr, Vec<u8>>`.

use std::time::Duration;

use domain::{Seed, Timestamp};

use crate::Agenda;

/// How bad it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions {
    /// Never arrive, thousandths.
    pub lost_permille: u16,
    /// Arrive twice, thousandths.
    pub repeated_permille: u16,
    /// Quickest way.
    pub delay_min: Duration,
    /// Slowest way; what is sent later may arrive earlier.
    pub delay_max: Duration,
}

/// Messages `M` under way to addresses `A`.
#[derive(Clone, Debug)]
pub struct Network<A, M> {
    seed: Seed,
    /// As they are now.
    pub conditions: Conditions,
    under_way: Agenda<(A, M)>,
}

impl<A: Clone, M: Clone> Network<A, M> {
    /// An empty one.
    pub fn new(seed: Seed, conditions: Conditions) -> Self {
        Self { seed, conditions, under_way: Agenda::default() }
    }

    /// Sends, and perhaps it arrives.
    pub fn send(&mut self, now: Timestamp, to: A, message: M) {
        if self.happens(self.conditions.lost_permille) {
            return;
        }
        if self.happens(self.conditions.repeated_permille) {
            let at = self.arrival(now);
            self.under_way.put(at, (to.clone(), message.clone()));
        }
        let at = self.arrival(now);
        self.under_way.put(at, (to, message));
    }

    /// When the next message arrives.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.under_way.next_at()
    }

    /// The next message that arrives, whenever that is.
    pub fn take(&mut self) -> Option<(Timestamp, A, M)> {
        self.under_way.take().map(|(at, (to, message))| (at, to, message))
    }

    fn happens(&mut self, permille: u16) -> bool {
        permille > 0 && self.seed.below(1_000) < u64::from(permille)
    }

    fn arrival(&mut self, now: Timestamp) -> Timestamp {
        let Conditions { delay_min, delay_max, .. } = self.conditions;
        let spread = u64::try_from(delay_max.saturating_sub(delay_min).as_micros()).unwrap_or(u64::MAX);
        now.after(delay_min).after(Duration::from_micros(self.seed.below(spread.saturating_add(1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(conditions: Conditions) -> Vec<u32> {
        let mut network = Network::new(Seed::from_number(1), conditions);
        (0..1_000).for_each(|number| network.send(Timestamp::from_secs(i64::from(number)), (), number));
        std::iter::from_fn(|| network.take()).map(|(.., number)| number).collect()
    }

    #[test]
    fn a_good_network_delivers_all_in_order() {
        assert_eq!(arrivals(Conditions::default()), (0..1_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_bad_one_loses_repeats_and_reorders() {
        let lost = arrivals(Conditions { lost_permille: 100, ..Conditions::default() });
        assert!((850..950).contains(&lost.len()), "{}", lost.len());
        let repeated = arrivals(Conditions { repeated_permille: 100, ..Conditions::default() });
        assert!((1_050..1_150).contains(&repeated.len()), "{}", repeated.len());
        let delayed = arrivals(Conditions { delay_max: Duration::from_secs(5), ..Conditions::default() });
        assert!(delayed.len() == 1_000 && !delayed.is_sorted());
    }
}
