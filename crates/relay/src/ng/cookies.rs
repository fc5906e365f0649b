//! Answers kept for a while: a repeated request gets the same one and does nothing again.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Who asked, and under which cookie: two proxies may choose the same.
type Key = Arc<(SocketAddr, Vec<u8>)>;

#[derive(Debug)]
pub(super) struct Cookies {
    replies: HashMap<Key, Vec<u8>>,
    order: VecDeque<(Duration, Key)>,
    keep: Duration,
    max: usize,
}

impl Cookies {
    pub(super) fn new(keep: Duration, max: usize) -> Self {
        Self { replies: HashMap::new(), order: VecDeque::new(), keep, max }
    }

    pub(super) fn get(&mut self, now: Duration, source: SocketAddr, cookie: &[u8]) -> Option<&[u8]> {
        while let Some((at, _)) = self.order.front()
            && now.saturating_sub(*at) > self.keep
        {
            self.drop_oldest();
        }
        self.replies.get(&(source, cookie.to_vec())).map(Vec::as_slice)
    }

    /// Keeps a reply; the oldest makes room at the bound.
    pub(super) fn put(&mut self, now: Duration, source: SocketAddr, cookie: &[u8], reply: &[u8]) {
        if self.order.len() >= self.max {
            self.drop_oldest();
        }
        let key: Key = Arc::new((source, cookie.to_vec()));
        self.order.push_back((now, Arc::clone(&key)));
        self.replies.insert(key, reply.to_vec());
    }

    fn drop_oldest(&mut self) {
        if let Some((_, key)) = self.order.pop_front() {
            self.replies.remove(&key);
        }
    }
}
