//! The legs, found by key or by a stable index.

use std::collections::HashMap;

use media::LegKey;

use crate::leg::Leg;

/// Legs in slots: an index stays valid until its leg is removed.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    index: HashMap<LegKey, usize>,
    slots: Vec<Option<Box<Leg>>>,
    free: Vec<usize>,
}

impl Slots {
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// Slots in use and free: what a sweep has to visit.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn find(&self, key: LegKey) -> Option<usize> {
        self.index.get(&key).copied()
    }

    pub(crate) fn insert(&mut self, key: LegKey, leg: Box<Leg>) -> usize {
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at] = Some(leg);
                at
            }
            None => {
                self.slots.push(Some(leg));
                self.slots.len() - 1
            }
        };
        self.index.insert(key, at);
        at
    }

    pub(crate) fn remove(&mut self, key: LegKey) -> Option<Box<Leg>> {
        let at = self.index.remove(&key)?;
        self.free.push(at);
        self.slots[at].take()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Leg> {
        self.slots.get(at)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Leg> {
        self.slots.get_mut(at)?.as_deref_mut()
    }

    /// A leg and the one it is bridged to.
    pub(crate) fn with_peer(&mut self, at: usize) -> Option<(&mut Leg, Option<&mut Leg>)> {
        let peer = self.get(at)?.peer;
        match peer.filter(|peer| *peer != at) {
            None => Some((self.get_mut(at)?, None)),
            Some(peer) => {
                let [leg, other] = self.slots.get_disjoint_mut([at, peer]).ok()?;
                Some((leg.as_deref_mut()?, other.as_deref_mut()))
            }
        }
    }
}
