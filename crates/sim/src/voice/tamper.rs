//! Hands on the wire: what a scenario does to single messages.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

/// What becomes of a datagram: `None` leaves it as it is, else these go on in its place.
type Hand = Box<dyn FnMut(SocketAddr, SocketAddr, &Bytes) -> Option<Vec<Bytes>>>;

/// At most one hand.
#[derive(Default)]
pub(super) struct Tamper(Option<Hand>);

impl fmt::Debug for Tamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tamper").field(&self.0.is_some()).finish()
    }
}

impl Tamper {
    pub(super) fn set(&mut self, hand: Hand) {
        self.0 = Some(hand);
    }

    pub(super) fn pass(&mut self, from: SocketAddr, to: SocketAddr, bytes: Bytes) -> Vec<Bytes> {
        match self.0.as_mut().and_then(|hand| hand(from, to, &bytes)) {
            Some(instead) => instead,
            None => vec![bytes],
        }
    }
}
