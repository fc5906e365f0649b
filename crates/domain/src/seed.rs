//! Randomness is a seed: the same seed makes the same ids, draws and tags.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use uuid::Uuid;

use crate::Timestamp;

/// A stream of random numbers drawn from 32 bytes.
#[derive(Clone, Debug)]
pub struct Seed(ChaCha12Rng);

impl Seed {
    /// From entropy of the operating system (in the server) or a fixed value (in tests).
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(bytes))
    }

    /// For tests and simulation, where one number names a run.
    pub fn from_number(number: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(number))
    }

    /// An independent stream, so that one part's draws do not shift another's.
    pub fn fork(&mut self) -> Self {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        Self::new(bytes)
    }

    /// Uniform over all values.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in `0..bound`; 0 when `bound` is 0. The bias is below 2^-32 for bounds under 2^32.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

/// Makes UUIDs of version 7 (RFC 9562, section 5.7): sorted by time, unguessable in 74 bits.
#[derive(Clone, Debug)]
pub struct IdSource(Seed);

impl IdSource {
    /// Draws from `seed`.
    pub fn new(seed: Seed) -> Self {
        Self(seed)
    }

    /// A new id of any kind.
    pub fn next<T: From<Uuid>>(&mut self, now: Timestamp) -> T {
        let mut random = [0; 10];
        self.0.fill(&mut random);
        let millis = u64::try_from(now.micros() / 1_000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().into()
    }
}
