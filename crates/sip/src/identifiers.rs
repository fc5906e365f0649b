//! Branches, tags and Call-IDs: unguessable, from a seed, carrying the shard that owns them.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Duration;

/// Behind the magic cookie of RFC 3261 §8.1.1.7, tells our branches from others'.
const BRANCH_PREFIX: &str = "z9hG4bKhw";
const TAG_PREFIX: &str = "hw";
const SERIAL_DIGITS: usize = 16;

/// Source of identifiers for one shard.
#[derive(Debug)]
pub struct Identifiers {
    random: ChaCha12Rng,
    shard: u8,
}

impl Identifiers {
    pub fn new(seed: [u8; 32], shard: u8) -> Self {
        let mut random = ChaCha12Rng::from_seed(seed);
        random.set_stream(u64::from(shard));
        Identifiers { random, shard }
    }

    pub fn shard(&self) -> u8 {
        self.shard
    }

    /// A From or To tag: 64 bits of randomness (RFC 3261 §19.3 asks for 32).
    pub fn tag(&mut self) -> String {
        format!("{TAG_PREFIX}{:02x}{:016x}", self.shard, self.random.next_u64())
    }

    /// A Call-ID of 128 random bits, without a host.
    pub fn call_id(&mut self) -> String {
        format!("{TAG_PREFIX}{:02x}{:016x}{:016x}", self.shard, self.random.next_u64(), self.random.next_u64())
    }

    pub(crate) fn serial(&mut self) -> u64 {
        self.random.next_u64()
    }

    pub(crate) fn branch(&self, serial: u64) -> String {
        format!("{BRANCH_PREFIX}{:02x}{serial:016x}", self.shard)
    }

    /// A duration below `limit`, in whole milliseconds.
    pub fn jitter(&mut self, limit: Duration) -> Duration {
        let milliseconds = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX).max(1);
        Duration::from_millis(self.random.next_u64() % milliseconds)
    }
}

/// The shard that made this branch; `None` if it is not ours. For handing a response to the thread that owns it.
pub fn shard_of_branch(branch: &[u8]) -> Option<u8> {
    serial_of_branch(branch).map(|(shard, _)| shard)
}

/// The shard that made this tag or Call-ID; `None` if it is not ours.
pub fn shard_of_tag(tag: &[u8]) -> Option<u8> {
    let rest = tag.strip_prefix(TAG_PREFIX.as_bytes())?;
    (rest.len() == 2 + SERIAL_DIGITS || rest.len() == 2 + 2 * SERIAL_DIGITS).then_some(())?;
    u8::try_from(hex(&rest[..2])?).ok()
}

pub(crate) fn serial_of_branch(branch: &[u8]) -> Option<(u8, u64)> {
    let rest = branch.strip_prefix(BRANCH_PREFIX.as_bytes())?;
    if rest.len() != 2 + SERIAL_DIGITS {
        return None;
    }
    Some((u8::try_from(hex(&rest[..2])?).ok()?, hex(&rest[2..])?))
}

fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number: u64, &digit| Some(number << 4 | u64::from(char::from(digit).to_digit(16)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_carry_their_shard() {
        let mut identifiers = Identifiers::new([7; 32], 0xa3);
        let serial = identifiers.serial();
        let branch = identifiers.branch(serial);
        assert_eq!(serial_of_branch(branch.as_bytes()), Some((0xa3, serial)));
        assert_eq!(shard_of_branch(branch.as_bytes()), Some(0xa3));
        assert_eq!(shard_of_tag(identifiers.tag().as_bytes()), Some(0xa3));
        assert_eq!(shard_of_tag(identifiers.call_id().as_bytes()), Some(0xa3));
        assert_eq!(shard_of_branch(b"z9hG4bKhwxx0123456789abcdef"), None);
        assert_eq!(shard_of_tag(b"other"), None);
    }

    #[test]
    fn one_seed_one_sequence_and_shards_differ() {
        let tag = |seed, shard| Identifiers::new(seed, shard).tag();
        assert_eq!(tag([1; 32], 0), tag([1; 32], 0));
        assert_ne!(tag([1; 32], 0)[4..], tag([1; 32], 1)[4..]);
        assert_ne!(tag([1; 32], 0), tag([2; 32], 0));
    }
}
