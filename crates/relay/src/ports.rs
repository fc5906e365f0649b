//! Port pairs for media: an even port for RTP and the odd one above it for RTCP (RFC 3550 section 11).

use std::collections::VecDeque;
use std::time::Duration;

/// Which ports may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortConfig {
    /// First and last port of the range, both included.
    pub first: u16,
    pub last: u16,
    /// How long a port rests after use: packets of the old call must not reach a new one.
    pub quarantine: Duration,
    /// Ports are taken in an order an outsider cannot foresee; the seed fixes it for tests.
    pub seed: u64,
}

impl Default for PortConfig {
    fn default() -> Self {
        Self { first: 10_000, last: 20_000, quarantine: Duration::from_secs(5), seed: 0 }
    }
}

/// The range holds no pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRangeError {
    pub first: u16,
    pub last: u16,
}

impl std::fmt::Display for PortRangeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no even port with the next one between {} and {}", self.first, self.last)
    }
}

impl std::error::Error for PortRangeError {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Used,
    Resting,
}

/// The pairs of a range: free, in use, or resting.
#[derive(Debug)]
pub struct PortPool {
    base: u16,
    states: Vec<State>,
    free: Vec<u16>,
    resting: VecDeque<(Duration, u16)>,
    quarantine: Duration,
    random: u64,
    used: usize,
    exhausted: u64,
}

impl PortPool {
    /// # Errors
    /// [`PortRangeError`] when the range holds no pair.
    pub fn new(config: &PortConfig) -> Result<Self, PortRangeError> {
        let error = PortRangeError { first: config.first, last: config.last };
        // Port 0 means "any" to the system.
        let base = config.first.max(2).checked_next_multiple_of(2).ok_or(error)?;
        let free: Vec<u16> = (base..=config.last).step_by(2).filter(|port| *port < config.last).collect();
        if free.is_empty() {
            return Err(error);
        }
        Ok(Self {
            base,
            states: vec![State::Free; free.len()],
            free,
            resting: VecDeque::new(),
            quarantine: config.quarantine,
            random: config.seed,
            used: 0,
            exhausted: 0,
        })
    }

    /// Takes a pair; returns its even port. `None`, and counted, when every pair is in use or resting.
    pub fn take(&mut self, now: Duration) -> Option<u16> {
        self.wake(now);
        if self.free.is_empty() {
            self.exhausted += 1;
            return None;
        }
        let at = crate::engine::split_mix(&mut self.random) as usize % self.free.len();
        let port = self.free.swap_remove(at);
        self.set(port, State::Used);
        self.used += 1;
        Some(port)
    }

    /// Gives a pair back, or one that could not be bound. It rests before it is used again. A port that is not in
    /// use is ignored.
    pub fn release(&mut self, now: Duration, port: u16) {
        if self.state(port) == Some(State::Used) {
            self.set(port, State::Resting);
            self.used -= 1;
            self.resting.push_back((now + self.quarantine, port));
        }
    }

    /// Pairs of the range.
    #[must_use]
    pub fn size(&self) -> usize {
        self.states.len()
    }

    /// Pairs in use.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used
    }

    /// How often no pair was left.
    #[must_use]
    pub fn exhausted(&self) -> u64 {
        self.exhausted
    }

    fn wake(&mut self, now: Duration) {
        while let Some((_, port)) = self.resting.pop_front_if(|(until, _)| *until <= now) {
            self.set(port, State::Free);
            self.free.push(port);
        }
    }

    fn index(&self, port: u16) -> Option<usize> {
        let offset = port.checked_sub(self.base)?;
        offset.is_multiple_of(2).then_some(usize::from(offset / 2))
    }

    fn state(&self, port: u16) -> Option<State> {
        self.states.get(self.index(port)?).copied()
    }

    fn set(&mut self, port: u16, state: State) {
        if let Some(slot) = self.index(port).and_then(|index| self.states.get_mut(index)) {
            *slot = state;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn pool(first: u16, last: u16, seed: u64) -> PortPool {
        PortPool::new(&PortConfig { first, last, quarantine: Duration::from_secs(5), seed }).unwrap()
    }

    #[test]
    fn every_pair_once_then_exhausted() {
        let mut pool = pool(10_001, 10_021, 7);
        let taken: HashSet<u16> = (0..10).map(|_| pool.take(Duration::ZERO).unwrap()).collect();
        assert_eq!(taken, (10_002..=10_020).step_by(2).collect());
        assert_eq!(pool.take(Duration::ZERO), None);
        assert_eq!((pool.used(), pool.size(), pool.exhausted()), (10, 10, 1));
    }

    #[test]
    fn a_pair_rests_before_it_is_used_again() {
        let mut pool = pool(10_000, 10_001, 0);
        let port = pool.take(Duration::ZERO).unwrap();
        pool.release(Duration::from_secs(10), port);
        pool.release(Duration::from_secs(10), port);
        assert_eq!(pool.take(Duration::from_millis(14_999)), None);
        assert_eq!(pool.take(Duration::from_secs(15)), Some(port));
        assert_eq!(pool.take(Duration::from_secs(15)), None, "released twice, there once");
    }

    #[test]
    fn the_seed_decides_the_order() {
        let order = |seed| {
            let mut pool = pool(10_000, 10_199, seed);
            (0..50).map(|_| pool.take(Duration::ZERO).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn ranges_without_a_pair_are_refused() {
        for (first, last) in [(10_001, 10_002), (10_002, 10_002), (20, 10), (65_535, 65_535)] {
            let config = PortConfig { first, last, ..PortConfig::default() };
            assert_eq!(PortPool::new(&config).err(), Some(PortRangeError { first, last }));
        }
        assert_eq!(pool(65_534, 65_535, 0).take(Duration::ZERO), Some(65_534));
    }
}
