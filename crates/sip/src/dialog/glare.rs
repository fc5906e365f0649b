use crate::identifiers::Identifiers;
use std::time::Duration;

/// Which INVITE of a dialog is under way (RFC 3261 §14.1, §14.2): one at a time, in either direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InviteLock {
    #[default]
    Idle,
    /// Ours has no final response yet.
    Ours,
    /// The peer's has no final response of ours yet.
    Theirs,
}

/// How long to wait after a 491 before the next try (§14.1): 2.1 to 4 s for who chose the Call-ID, else 0 to 2 s, in
/// steps of 10 ms, so that one of the two goes first.
pub fn glare_delay(owns_call_id: bool, identifiers: &mut Identifiers) -> Duration {
    const STEP: Duration = Duration::from_millis(10);
    let (from, until) = if owns_call_id { (210, 400) } else { (0, 200) };
    let steps = identifiers.serial() % (until - from + 1) + from;
    STEP * u32::try_from(steps).unwrap_or(0)
}
