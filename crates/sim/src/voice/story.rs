//! What came of a run, and what holds for every one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::net::SocketAddr;

use bytes::Bytes;
use domain::{CallEvent, CallId, Cdr, CdrRecording, Direction, LegId, LegRole, RecordingId, Timestamp, What};
use phone::CallReport;
use switch::{Counters, Footprint};

/// What came of it.
#[derive(Debug, Default)]
pub struct Story {
    /// In the order they were appended.
    pub events: Vec<CallEvent>,
    /// Events that could not be kept.
    pub unkept: Vec<CallEvent>,
    /// Of the carrier's phone, in the order the calls ended.
    pub reports: Vec<CallReport>,
    /// Of buyers and agents, by their place: the sellers first.
    pub answered: Vec<(usize, CallReport)>,
    /// What was recorded, left and right, where audio is kept.
    pub recorded: BTreeMap<RecordingId, (Vec<i16>, Vec<i16>)>,
    /// Storage keys of the recordings, in the order they began.
    pub recording_keys: Vec<String>,
    /// Final statuses and tags that the first INVITE of a dialog got from the switch, by Call-ID: repeated ones are one.
    pub finals: HashMap<Bytes, BTreeSet<(u16, Vec<u8>)>>,
    /// Times the switch died.
    pub restarts: u64,
    /// Calls lost in a restart of the switch: there is no end of them in this story.
    pub cut: BTreeSet<CallId>,
    /// What came to [`super::OUTSIDER`].
    pub outside: Vec<(SocketAddr, Bytes)>,
    /// Reservations never given back.
    pub leases_left: usize,
    /// Phones with calls that are not over: 0 is the carrier's.
    pub phones_left: Vec<usize>,
    /// Media legs still open.
    pub legs_left: usize,
    /// What the switch still holds.
    pub footprint: Footprint,
    /// What the switch counted.
    pub counters: Counters,
    /// When the last thing happened.
    pub ended_at: Timestamp,
}

fn is_outbound(event: &CallEvent) -> bool {
    matches!(&event.what, What::Started(started) if started.direction == Direction::Outbound)
}

impl Story {
    /// For people: the events of all calls, line by line.
    pub fn tell(&self) -> String {
        let start = self.events.first().map(|event| event.at);
        let mut text = String::new();
        for event in &self.events {
            let at = start.map(|start| event.at.since(start)).unwrap_or_default();
            let call = event.call.to_string();
            let call = call.get(call.len() - 4..).unwrap_or_default();
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{call} {:>3} {:>8.3} {:?}", event.sequence, at.as_secs_f64(), event.what);
        }
        let callees = self.answered.iter().map(|(place, report)| (place + 1, report));
        for (phone, report) in self.reports.iter().map(|report| (0, report)).chain(callees) {
            let (began, ended) = (Timestamp::from_epoch(report.began_at), Timestamp::from_epoch(report.ended_at));
            let since = |at: Timestamp| start.map(|start| at.since(start).as_secs_f64()).unwrap_or_default();
            let _ = writeln!(text, "phone {phone} {:.3} to {:.3}: {:?}", since(began), since(ended), report.end);
        }
        for event in &self.unkept {
            let _ = writeln!(text, "not kept: {event:?}");
        }
        text
    }

    /// The record of each call, in the order they began; or the first thing that is wrong.
    ///
    /// # Errors
    /// What must never be, with the call and the event it shows at.
    pub fn check(&self) -> Result<Vec<Cdr>, String> {
        let left = (self.legs_left, self.leases_left, &self.phones_left);
        if left != (0, 0, &Vec::new()) {
            return Err(format!("media legs, leases and phones with calls left over: {left:?}"));
        }
        if self.footprint != Footprint::default() {
            return Err(format!("the switch still holds something: {:?}", self.footprint));
        }
        self.check_finals()?;
        let mut order = Vec::new();
        let mut calls: HashMap<CallId, Vec<&CallEvent>> = HashMap::new();
        for event in &self.events {
            let events = calls.entry(event.call).or_default();
            if events.is_empty() {
                order.push(event.call);
            }
            events.push(event);
        }
        let whole = order.iter().filter(|call| !self.cut.contains(call));
        whole
            .map(|call| self.check_call(*call, &calls[call]).map_err(|fault| format!("call {call}: {fault}")))
            .collect()
    }

    /// One final answer for each caller. A new switch knows nothing of what the old one answered: it takes an INVITE that
    /// comes again for another call.
    fn check_finals(&self) -> Result<(), String> {
        let started = |event: &CallEvent| match &event.what {
            What::Started(started) => Some(started.sip_call_id.clone()),
            _ => None,
        };
        let cut = self.events.iter().filter(|event| self.cut.contains(&event.call));
        let cut: BTreeSet<String> = cut.filter_map(started).collect();
        // Whom the platform calls gives the final answer.
        for event in self.events.iter().filter(|event| !is_outbound(event)) {
            let Some(call_id) = started(event).filter(|call_id| !cut.contains(call_id)) else { continue };
            let finals = self.finals.get(call_id.as_bytes());
            if finals.is_none_or(|finals| finals.len() != 1) {
                return Err(format!("call {}: not one final answer but {finals:?}", event.call));
            }
        }
        Ok(())
    }

    fn check_call(&self, call: CallId, events: &[&CallEvent]) -> Result<Cdr, String> {
        self.check_sequence(call, events)?;
        let mut bridged: Option<LegId> = None;
        let mut open = BTreeSet::new();
        let mut ended = false;
        let mut consumer: Option<LegId> = None;
        for event in events {
            let may_follow = matches!(
                event.what,
                What::QualityMeasured { .. } | What::RecordingFinished { .. } | What::RecordingFailed { .. }
            );
            if ended && !may_follow {
                return Err(format!("{:?} after the end", event.what));
            }
            match &event.what {
                // Whom the platform called is the caller, and there as long as the call.
                What::LegAnswered { leg } if Some(*leg) == consumer => {
                    open.remove(leg);
                }
                What::LegEnded { leg, .. } if Some(*leg) == consumer && open.is_empty() => consumer = None,
                What::LegEnded { leg, .. } if Some(*leg) == consumer => {
                    return Err(format!("leg {leg} of the caller ends before another"));
                }
                What::LegStarted { leg, role, .. } => {
                    if *role == LegRole::Consumer {
                        consumer = Some(*leg);
                    }
                    if !open.is_empty() {
                        return Err(format!("leg {leg} while another is open"));
                    }
                    open.insert(*leg);
                }
                What::Bridged { leg } if !open.contains(leg) || bridged.replace(*leg).is_some() => {
                    return Err(format!("leg {leg} bridged while another is, or after its end"));
                }
                What::LegEnded { leg, .. } | What::LegFailed { leg, .. } => {
                    consumer.take_if(|consumer| consumer == leg);
                    if !open.remove(leg) {
                        return Err(format!("leg {leg} ends twice"));
                    }
                    let talked = matches!(event.what, What::LegEnded { .. });
                    if (bridged.take() == Some(*leg)) != talked {
                        return Err(format!("leg {leg} failed after it was bridged, or ended before"));
                    }
                }
                What::Ended { .. } => ended = true,
                _ => {}
            }
        }
        open.extend(consumer);
        if !ended || !open.is_empty() {
            return Err(format!("ended: {ended}, legs without an end: {open:?}"));
        }
        let events: Vec<CallEvent> = events.iter().map(|event| (*event).clone()).collect();
        let cdr = Cdr::from_events(&events).map_err(|error| error.to_string())?;
        let open = |recording: &&CdrRecording| recording.duration_ms.is_none() && recording.failure.is_none();
        // Who would have told of a file when the switch died, died with it.
        match cdr.recordings.iter().find(open).filter(|_| self.restarts == 0) {
            Some(open) => Err(format!("recording {} without an end", open.recording)),
            None => Ok(cdr),
        }
    }

    /// Counted from 0 without gaps, but for events that could not be kept.
    fn check_sequence(&self, call: CallId, events: &[&CallEvent]) -> Result<(), String> {
        if !events.windows(2).all(|pair| pair[0].sequence < pair[1].sequence && pair[0].at <= pair[1].at) {
            return Err("events out of order".to_owned());
        }
        let kept = events.iter().map(|event| event.sequence);
        let unkept = self.unkept.iter().filter(|event| event.call == call).map(|event| event.sequence);
        let mut all: Vec<u32> = kept.chain(unkept).collect();
        all.sort_unstable();
        let gap = all.iter().zip(0_u32..).find(|(sequence, expected)| **sequence != *expected);
        gap.map_or(Ok(()), |(sequence, expected)| Err(format!("sequence {sequence} where {expected} is due")))
    }
}
