//! What the store and the switches say to each other.

use std::time::Duration;

use domain::{CallId, LeaseId, SwitchId, Timestamp};
use routing::lease::ReserveError;

use super::{Address, Message, Reply, Request, Tick, World};
use crate::{
    Fault, Refused,
    call::{Stage, Step},
    store::LEASE,
};

impl World {
    pub(super) fn deliver(&mut self, now: Timestamp, to: Address, message: Message) -> Result<(), Fault> {
        match (to, message) {
            (None, Message::ToStore { run, request }) if !self.store_away => {
                if let Some(reply) = self.serve(now, run, request)? {
                    self.network.send(now, Some(run), Message::ToSwitch(reply));
                }
            }
            (Some(run), Message::ToSwitch(reply)) => self.hear(now, run, reply),
            _ => {}
        }
        Ok(())
    }

    fn serve(&mut self, now: Timestamp, run: SwitchId, request: Request) -> Result<Option<Reply>, Fault> {
        Ok(match request {
            Request::Append(events) => {
                let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(None) };
                let (call, first, sequence) = (first.call, first.sequence, last.sequence);
                match self.store.append(run, &events, now) {
                    Ok(()) => Some(Reply::Logged { call, sequence }),
                    Err(Refused::Fenced) => Some(Reply::Fenced),
                    Err(Refused::LeaseEnded) => {
                        self.report.answers_refused += 1;
                        Some(Reply::AnswerRefused { call, sequence: first })
                    }
                    // A late repeat of an answer that was refused.
                    Err(Refused::Conflict | Refused::Stale) => None,
                }
            }
            Request::Reserve { call, lease, claims, until } => {
                self.store.book.expire(now, usize::MAX);
                self.auditor.observe(&self.store)?;
                let known = self.store.book.lease(lease).is_some();
                let granted = match self.store.book.reserve(lease, call, &claims, until) {
                    Ok(()) => true,
                    Err(ReserveError::Full(_) | ReserveError::Ended) => false,
                };
                if granted && !known {
                    self.auditor.reserved(&self.store, lease, &claims)?;
                }
                self.report.full += u64::from(!granted);
                Some(Reply::Reserved { call, lease, granted })
            }
            Request::Heartbeat(leases) => match self.store.heartbeat(run, now) {
                Ok(()) => {
                    for lease in leases {
                        // One that ended is found out when its answer is logged.
                        self.store.book.renew(lease, now, now.after(LEASE)).unwrap_or_default();
                    }
                    None
                }
                Err(_) => Some(Reply::Fenced),
            },
        })
    }

    fn hear(&mut self, now: Timestamp, run: SwitchId, reply: Reply) {
        match reply {
            Reply::Fenced => {
                if self.switches.contains_key(&run) {
                    self.lose(run);
                    self.boot(now);
                }
            }
            Reply::Logged { call, sequence } => self.logged(now, run, call, sequence),
            Reply::AnswerRefused { call, sequence } => {
                if self.call(run, call).is_some_and(|live| live.answer_refused(sequence, now)) {
                    self.search(now, run, call);
                    self.send_next(now, run, call);
                }
            }
            Reply::Reserved { call, lease, granted } => self.reserved(now, run, call, lease, granted),
        }
    }

    fn logged(&mut self, now: Timestamp, run: SwitchId, call: CallId, sequence: u32) {
        let record = (self.seed.below(3) > 0).then(|| self.ids.next(now));
        let Some(live) = self.call(run, call) else { return };
        let connected = live.logged(sequence, now, record);
        if live.is_done() {
            let truth = live.truth.clone();
            self.auditor.call_over(call, truth);
            self.switches.entry(run).or_default().remove(&call);
            return;
        }
        if connected {
            self.report.connected += 1;
            let at = self.within(now, Duration::from_secs(150));
            self.agenda.put(at, Tick::Step(run, call, Step::HangUp));
        }
        self.send_next(now, run, call);
    }

    fn reserved(&mut self, now: Timestamp, run: SwitchId, call: CallId, lease: LeaseId, granted: bool) {
        let Some(live) = self.switches.get_mut(&run).and_then(|calls| calls.get_mut(&call)) else { return };
        let Stage::Reserving { leg, .. } = live.stage else { return };
        if leg.lease != lease {
            return;
        }
        if granted {
            live.dial(&self.market, leg, now);
            let patience_secs = if self.seed.below(8) == 0 { 90 } else { 20 };
            let at = self.within(now, Duration::from_secs(patience_secs));
            self.agenda.put(at, Tick::Step(run, call, Step::RingEnds));
        } else {
            live.rule_out(leg.endpoint);
            self.search(now, run, call);
        }
        self.send_next(now, run, call);
    }
}
