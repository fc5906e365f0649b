//! The listeners of this process, and the last updates for those who come back.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use domain::TenantId;
use operations::{LiveItem, LivePosition, LiveStream, LiveUpdate, Placed, Subscribed};
use tokio::sync::broadcast::{
    self,
    error::{RecvError, TryRecvError},
};

use super::LiveKept;

/// One bounded channel per tenant somebody listens to, so that nobody is woken by the updates of others.
#[derive(Debug)]
pub(crate) struct Fanout {
    limits: LiveKept,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The newest last. What a listener that comes back has missed.
    kept: VecDeque<Arc<Placed>>,
    /// Behind this, nothing is missing in `kept`.
    horizon: LivePosition,
    /// Something is missing right behind `horizon`, so that it is itself no place to go on from.
    is_cut: bool,
    last: LivePosition,
    is_whole: bool,
    tenants: HashMap<TenantId, broadcast::Sender<LiveItem>>,
}

impl Fanout {
    /// Nothing was said before `start`.
    pub(crate) fn new(limits: LiveKept, start: LivePosition) -> Self {
        let (kept, tenants) = (VecDeque::new(), HashMap::new());
        Self {
            limits,
            state: Mutex::new(State { kept, horizon: start, is_cut: false, last: start, is_whole: true, tenants }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In the next place.
    pub(crate) fn publish_next(&self, update: LiveUpdate) {
        let mut state = self.state();
        let position = state.last.next();
        state.place(position, update, self.limits.kept_max);
    }

    /// In the place another gave it. One that is not behind the last is a repeat.
    pub(crate) fn publish_at(&self, position: LivePosition, update: LiveUpdate) {
        let mut state = self.state();
        if position > state.last {
            state.place(position, update, self.limits.kept_max);
        }
    }

    /// To the listeners of this process only, in no place.
    pub(crate) fn publish_unplaced(&self, update: LiveUpdate) {
        let mut state = self.state();
        let item = Arc::new(Placed::new(None, update));
        state.send(item);
        // Whoever comes back would not find it.
        state.cut();
    }

    /// Updates are missing here: every listener is told, and nobody goes on from before.
    pub(crate) fn gap(&self, at: LivePosition, missing: u64) {
        let mut state = self.state();
        state.last = state.last.max(at);
        state.cut();
        state.tell(&LiveItem::Lagged(missing));
    }

    /// Fills `kept` with what was said before this process began.
    pub(crate) fn remember(&self, earlier: Vec<(LivePosition, LiveUpdate)>) {
        let mut state = self.state();
        if let Some((first, _)) = earlier.first() {
            (state.horizon, state.last, state.is_cut) = (*first, *first, false);
        }
        for (position, update) in earlier {
            state.last = position;
            state.keep(Arc::new(Placed::new(Some(position), update)), self.limits.kept_max);
        }
    }

    /// Whether updates of every process arrive; listeners are told of a change.
    pub(crate) fn set_whole(&self, is_whole: bool) {
        let mut state = self.state();
        if state.is_whole != is_whole {
            state.is_whole = is_whole;
            state.tell(&LiveItem::Whole(is_whole));
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.state().is_whole
    }

    /// The newest place, if it is one to go on from.
    pub(crate) fn position(&self) -> Option<LivePosition> {
        let state = self.state();
        state.is_place(state.last).then_some(state.last)
    }

    /// The newest place there was.
    pub(crate) fn last(&self) -> LivePosition {
        self.state().last
    }

    /// A tenant's updates behind `after`, or from now on.
    pub(crate) fn subscribe(&self, tenant: TenantId, after: Option<LivePosition>) -> Subscribed {
        let mut state = self.state();
        // Under one lock with the channel, so that nothing is between what was kept and what comes.
        let is_gapless = after.is_none_or(|after| state.is_place(after));
        let missed = match after {
            Some(after) if is_gapless => state.behind(tenant, after),
            _ => VecDeque::new(),
        };
        let updates = match state.tenants.get(&tenant) {
            Some(channel) => channel.subscribe(),
            None => {
                state.tenants.retain(|_, channel| channel.receiver_count() > 0);
                let (channel, updates) = broadcast::channel(self.limits.behind_max.max(1));
                state.tenants.insert(tenant, channel);
                updates
            }
        };
        Subscribed { stream: Box::new(Listener { missed, updates }), is_gapless }
    }
}

impl State {
    fn place(&mut self, position: LivePosition, update: LiveUpdate, kept_max: usize) {
        self.last = position;
        let item = Arc::new(Placed::new(Some(position), update));
        self.keep(Arc::clone(&item), kept_max);
        self.send(item);
    }

    fn keep(&mut self, item: Arc<Placed>, kept_max: usize) {
        self.kept.push_back(item);
        while self.kept.len() > kept_max {
            if let Some(position) = self.kept.pop_front().and_then(|dropped| dropped.position) {
                self.horizon = position;
                self.is_cut = false;
            }
        }
    }

    fn send(&self, item: Arc<Placed>) {
        if let Some(channel) = self.tenants.get(&item.update.tenant()) {
            // Nobody listens any more: nothing to do.
            let _ = channel.send(LiveItem::Update(item));
        }
    }

    fn tell(&self, item: &LiveItem) {
        for channel in self.tenants.values() {
            let _ = channel.send(item.clone());
        }
    }

    fn cut(&mut self) {
        self.kept.clear();
        self.horizon = self.last;
        self.is_cut = true;
    }

    /// Whether somebody can go on behind it.
    fn is_place(&self, position: LivePosition) -> bool {
        let is_kept = if self.is_cut { position > self.horizon } else { position >= self.horizon };
        is_kept && position <= self.last
    }

    fn behind(&self, tenant: TenantId, after: LivePosition) -> VecDeque<Arc<Placed>> {
        let from = self.kept.partition_point(|item| item.position.is_some_and(|position| position <= after));
        self.kept.iter().skip(from).filter(|item| item.update.tenant() == tenant).cloned().collect()
    }
}

struct Listener {
    missed: VecDeque<Arc<Placed>>,
    updates: broadcast::Receiver<LiveItem>,
}

#[async_trait]
impl LiveStream for Listener {
    async fn next(&mut self) -> Option<LiveItem> {
        if let Some(missed) = self.missed.pop_front() {
            return Some(LiveItem::Update(missed));
        }
        match self.updates.recv().await {
            Ok(item) => Some(item),
            Err(RecvError::Lagged(lost)) => Some(LiveItem::Lagged(lost)),
            Err(RecvError::Closed) => None,
        }
    }

    fn next_now(&mut self) -> Option<LiveItem> {
        if let Some(missed) = self.missed.pop_front() {
            return Some(LiveItem::Update(missed));
        }
        match self.updates.try_recv() {
            Ok(item) => Some(item),
            Err(TryRecvError::Lagged(lost)) => Some(LiveItem::Lagged(lost)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use uuid::Uuid;

    use super::*;

    const LIMITS: LiveKept = LiveKept { behind_max: 8, kept_max: 4 };

    fn tenant(number: u128) -> TenantId {
        TenantId(Uuid::from_u128(number))
    }

    fn notice(of: u128, id: &str) -> LiveUpdate {
        let (name, data) = ("agent.status.changed".into(), serde_json::Value::Null);
        LiveUpdate::Notice { tenant: tenant(of), name, id: id.to_owned(), at: Timestamp::default(), data }
    }

    fn ids(subscribed: &mut Subscribed) -> Vec<String> {
        let mut ids = Vec::new();
        while let Some(item) = subscribed.stream.next_now() {
            ids.push(match item {
                LiveItem::Update(item) => match &item.update {
                    LiveUpdate::Notice { id, .. } => id.clone(),
                    other => panic!("{other:?}"),
                },
                LiveItem::Lagged(lost) => format!("lagged {lost}"),
                LiveItem::Whole(whole) => format!("whole {whole}"),
            });
        }
        ids
    }

    #[test]
    fn who_comes_back_misses_nothing_and_gets_nothing_twice() {
        let fanout = Fanout::new(LIMITS, LivePosition { millis: 7, number: 0 });
        let start = fanout.last();
        let mut first = fanout.subscribe(tenant(1), None);
        for id in ["a", "b"] {
            fanout.publish_next(notice(1, id));
        }
        assert_eq!(ids(&mut first), ["a", "b"]);
        let heard = fanout.last();
        fanout.publish_next(notice(2, "another tenant's"));
        fanout.publish_next(notice(1, "c"));
        let mut again = fanout.subscribe(tenant(1), Some(heard));
        fanout.publish_next(notice(1, "d"));
        assert!(again.is_gapless);
        assert_eq!(ids(&mut again), ["c", "d"]);
        let mut late = fanout.subscribe(tenant(1), Some(start));
        assert!(!late.is_gapless, "five were said and four are kept");
        assert_eq!(ids(&mut late), Vec::<String>::new());
    }

    #[test]
    fn a_place_of_another_run_or_of_the_future_is_no_place() {
        let fanout = Fanout::new(LIMITS, LivePosition { millis: 7, number: 0 });
        fanout.publish_next(notice(1, "a"));
        for (millis, number) in [(6, 1), (7, 2), (8, 0)] {
            assert!(!fanout.subscribe(tenant(1), Some(LivePosition { millis, number })).is_gapless);
        }
        assert!(fanout.subscribe(tenant(1), Some(LivePosition { millis: 7, number: 0 })).is_gapless);
    }

    #[test]
    fn a_gap_is_told_and_nobody_goes_on_from_before_it() {
        let fanout = Fanout::new(LIMITS, LivePosition { millis: 7, number: 0 });
        let mut listener = fanout.subscribe(tenant(1), None);
        fanout.publish_next(notice(1, "a"));
        let before = fanout.last();
        fanout.set_whole(false);
        fanout.publish_unplaced(notice(1, "here only"));
        fanout.gap(before, 3);
        fanout.set_whole(true);
        assert_eq!(ids(&mut listener), ["a", "whole false", "here only", "lagged 3", "whole true"]);
        assert!(!fanout.subscribe(tenant(1), Some(before)).is_gapless);
        assert_eq!(fanout.position(), None, "nothing was placed since");
        fanout.publish_next(notice(1, "b"));
        assert!(fanout.subscribe(tenant(1), fanout.position()).is_gapless);
    }

    #[test]
    fn a_repeat_is_passed_over() {
        let fanout = Fanout::new(LIMITS, LivePosition::default());
        let mut listener = fanout.subscribe(tenant(1), None);
        let at = |number| LivePosition { millis: 9, number };
        fanout.publish_at(at(0), notice(1, "a"));
        fanout.publish_at(at(0), notice(1, "a"));
        fanout.publish_at(at(1), notice(1, "b"));
        assert_eq!(ids(&mut listener), ["a", "b"]);
    }

    #[test]
    fn a_position_reads_as_it_is_written() {
        let position = LivePosition { millis: 1_764_400_000_000, number: 12 };
        assert_eq!(position.to_string().parse(), Ok(position));
        for text in ["", "1", "-", "1-", "a-1", "1-1-1", "99999999999999999999999-1"] {
            assert!(text.parse::<LivePosition>().is_err(), "{text}");
        }
    }
}
