//! Calls of the demo that nobody dials: each step is asked for, and written like a step of a dialled call. What load tests and
//! visitors use to see a busy platform without telephones.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{CallEvent, CallId, EndCause, Party, StartedCall, SwitchId, Timestamp, What};
use sha2::{Digest, Sha256};

use crate::{CallRow, Calls, EventLog, Heartbeat, Ids, LiveBus, LiveUpdate, StoreError, Switches, TenantScope};

/// What the demo's calls come from and go to: numbers kept for fiction (NANP, 555-0100 to 555-0199).
const CALLER_PREFIX: &str = "+1212555010";
const DIALLED: &str = "+15555550199";
/// Somebody else wrote the step we were about to write; so often it is tried anew.
const TRIES_MAX: usize = 8;

/// Where a call is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemoStep {
    /// It comes in.
    Started,
    /// The platform answers.
    Answered,
    /// The caller hangs up after an answer.
    Completed,
    /// It ends without one, through a fault.
    Failed,
    /// It ends without one: busy.
    Busy,
    /// It ends without one: nobody took it.
    NoAnswer,
}

/// Why a call was not taken there.
#[derive(Debug, thiserror::Error)]
pub enum DemoCallError {
    /// It has been there, or is over.
    #[error("the call {0}")]
    Past(&'static str),
    /// Others change it faster than we can.
    #[error("the call is changed by others at the same time; try again")]
    Contended,
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The run of a switch these calls belong to. Without its sign of life they would be taken for left over and closed.
#[derive(Debug)]
struct Run {
    switch: SwitchId,
    began: bool,
}

/// Takes the demo's calls from step to step.
pub struct DemoCalls {
    log: Arc<dyn EventLog>,
    calls: Arc<dyn Calls>,
    live: Arc<dyn LiveBus>,
    switches: Arc<dyn Switches>,
    ids: Arc<Ids>,
    run: Mutex<Run>,
}

impl fmt::Debug for DemoCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoCalls").field("run", &self.run).finish_non_exhaustive()
    }
}

impl DemoCalls {
    /// Over these stores, as a run of its own from `now` on.
    pub fn new(
        log: Arc<dyn EventLog>,
        calls: Arc<dyn Calls>,
        live: Arc<dyn LiveBus>,
        switches: Arc<dyn Switches>,
        ids: Arc<Ids>,
        now: Timestamp,
    ) -> Self {
        let run = Mutex::new(Run { switch: ids.next(now), began: false });
        Self { log, calls, live, switches, ids, run }
    }

    /// The call that goes by this name in the tenant: of any length, never another tenant's.
    pub fn named(scope: TenantScope, name: &str) -> CallId {
        let digest = Sha256::digest(format!("hopwhistle demo call {} {name}", scope.tenant()));
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(digest).for_each(|(byte, hashed)| *byte = hashed);
        CallId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Whether calls of this switch are the demo's, on which nobody speaks.
    pub fn runs(&self, switch: SwitchId) -> bool {
        self.run.lock().unwrap_or_else(PoisonError::into_inner).switch == switch
    }

    /// Takes the call there and answers its row; one that is not there yet begins. Durable on return.
    pub async fn advance(
        &self,
        scope: TenantScope,
        call: CallId,
        step: DemoStep,
        now: Timestamp,
    ) -> Result<Arc<CallRow>, DemoCallError> {
        let switch = self.begin(now).await?;
        for _ in 0..TRIES_MAX {
            let row = self.calls.find_call(scope, call).await?;
            let steps = steps(row.as_ref(), step).map_err(DemoCallError::Past)?;
            let next = row.as_ref().map_or(0, |row| row.last_sequence.saturating_add(1));
            let steps = steps.into_iter().map(|step| match step {
                Step::Start => What::Started(Box::new(started(call, switch))),
                Step::Answer => What::Answered,
                Step::End(cause, by) => What::Ended { cause, by, sip_status: None, detail: None },
            });
            let events: Vec<CallEvent> = (next..)
                .zip(steps)
                .map(|(sequence, what)| CallEvent { tenant: scope.tenant(), call, sequence, at: now, what })
                .collect();
            let wanted = events.len();
            let appended = self.log.append(events).await?;
            let Some(changed) = appended.calls.into_iter().find(|changed| changed.row.id == call) else { continue };
            for event in &changed.events {
                let update = LiveUpdate::Event { event: Arc::clone(event), row: Arc::clone(&changed.row) };
                self.live.publish(update);
            }
            if changed.events.len() == wanted {
                return Ok(changed.row);
            }
        }
        Err(DemoCallError::Contended)
    }

    /// A sign of life, once calls have begun here. To be called once a second.
    pub async fn keep(&self, now: Timestamp) -> Result<(), StoreError> {
        let (switch, began) = {
            let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
            (run.switch, run.began)
        };
        if began && self.switches.heartbeat(switch, now).await? == Heartbeat::Fenced {
            // Its calls were closed; those to come belong to another run.
            let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
            *run = Run { switch: self.ids.next(now), began: false };
        }
        Ok(())
    }

    async fn begin(&self, now: Timestamp) -> Result<SwitchId, StoreError> {
        let switch = {
            let run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
            if run.began {
                return Ok(run.switch);
            }
            run.switch
        };
        self.switches.heartbeat(switch, now).await?;
        self.run.lock().unwrap_or_else(PoisonError::into_inner).began = true;
        Ok(switch)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Start,
    Answer,
    End(EndCause, Party),
}

/// What leads there from where the call is, or what it has passed.
fn steps(row: Option<&CallRow>, wanted: DemoStep) -> Result<Vec<Step>, &'static str> {
    if row.is_some_and(|row| row.ended_at.is_some()) {
        return Err("is over");
    }
    let answered = row.is_some_and(|row| row.answered_at.is_some());
    let mut steps = if row.is_none() { vec![Step::Start] } else { Vec::new() };
    match wanted {
        DemoStep::Started if row.is_some() => return Err("has started"),
        DemoStep::Started => {}
        DemoStep::Answered if answered => return Err("has been answered"),
        DemoStep::Answered => steps.push(Step::Answer),
        DemoStep::Completed => {
            if !answered {
                steps.push(Step::Answer);
            }
            steps.push(Step::End(EndCause::Normal, Party::Caller));
        }
        DemoStep::Failed | DemoStep::Busy | DemoStep::NoAnswer if answered => return Err("has been answered"),
        DemoStep::Failed => steps.push(Step::End(EndCause::Error, Party::Platform)),
        DemoStep::Busy => steps.push(Step::End(EndCause::Busy, Party::Platform)),
        DemoStep::NoAnswer => steps.push(Step::End(EndCause::NoAnswer, Party::Platform)),
    }
    Ok(steps)
}

fn started(call: CallId, switch: SwitchId) -> StartedCall {
    StartedCall::unrouted(format!("{CALLER_PREFIX}{}", call.0.as_u128() % 10), DIALLED, format!("{call}@demo"), switch)
}

#[cfg(test)]
mod tests {
    use domain::TenantId;

    use super::*;

    #[test]
    fn a_name_is_a_tenants_own() {
        let [one, other] = [1, 2].map(|id| TenantScope::of(TenantId(uuid::Uuid::from_u128(id))));
        assert_eq!(DemoCalls::named(one, "a"), DemoCalls::named(one, "a"));
        assert_ne!(DemoCalls::named(one, "a"), DemoCalls::named(other, "a"));
        assert_ne!(DemoCalls::named(one, "a"), DemoCalls::named(one, "b"));
    }

    #[test]
    fn a_call_begins_wherever_it_is_taken_first() {
        assert_eq!(steps(None, DemoStep::Started), Ok(vec![Step::Start]));
        assert_eq!(steps(None, DemoStep::Answered), Ok(vec![Step::Start, Step::Answer]));
        assert_eq!(
            steps(None, DemoStep::Completed),
            Ok(vec![Step::Start, Step::Answer, Step::End(EndCause::Normal, Party::Caller)])
        );
        assert_eq!(steps(None, DemoStep::Busy), Ok(vec![Step::Start, Step::End(EndCause::Busy, Party::Platform)]));
    }
}
