//! The switches: which one takes a call, and which are to be tried last.

use smallvec::SmallVec;
use std::net::SocketAddr;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Nodes {
    nodes: Vec<Node>,
    quarantine: Duration,
    next: usize,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    address: SocketAddr,
    /// Failed; not preferred before then.
    down_until: Duration,
}

impl Nodes {
    pub fn new(addresses: &[SocketAddr], quarantine: Duration) -> Self {
        let nodes = addresses.iter().map(|address| Node { address: *address, down_until: Duration::ZERO }).collect();
        Nodes { nodes, quarantine, next: 0 }
    }

    pub fn contains(&self, address: SocketAddr) -> bool {
        self.nodes.iter().any(|node| node.address == address)
    }

    /// All nodes in the order to try them: each call starts one further, those that failed come last.
    pub fn order(&mut self, now: Duration) -> SmallVec<[SocketAddr; 4]> {
        self.next = (self.next + 1) % self.nodes.len().max(1);
        let (later, first) = self.nodes.split_at(self.next);
        let (up, down): (SmallVec<[&Node; 4]>, SmallVec<[&Node; 4]>) =
            first.iter().chain(later).partition(|node| node.down_until <= now);
        up.into_iter().chain(down).map(|node| node.address).collect()
    }

    pub fn failed(&mut self, now: Duration, address: SocketAddr) {
        if let Some(node) = self.nodes.iter_mut().find(|node| node.address == address) {
            node.down_until = now + self.quarantine;
        }
    }

    pub fn answered(&mut self, address: SocketAddr) {
        if let Some(node) = self.nodes.iter_mut().find(|node| node.address == address) {
            node.down_until = Duration::ZERO;
        }
    }
}
