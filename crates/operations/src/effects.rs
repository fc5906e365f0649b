//! What follows from a call's events: its row, its recordings, what becomes of its leases, and work to do. Pure: the store
//! calls it inside the transaction that appends the events.

use domain::{AgentId, CallEvent, CallId, Cdr, CdrRecording, LeaseId, LegId, LegRole, TenantId, Timestamp, What};

use crate::{CallRow, JobKind, NewJob, Recording, RecordingStatus, StirShaken};

/// What an event does to a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseChange {
    /// Answered: it counts for good.
    Commit(LeaseId),
    /// The leg is over.
    Release(LeaseId),
    /// The call is over, and with it every lease it holds, named by an event or not.
    ReleaseAll,
}

/// An agent's part in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentCall {
    /// Whose.
    pub tenant: TenantId,
    /// Who.
    pub agent: AgentId,
    /// In which call.
    pub call: CallId,
    /// When the call began.
    pub started_at: Timestamp,
    /// When the agent answered; none where it only had the call placed.
    pub answered_at: Option<Timestamp>,
    /// When the agent's leg was over; none while it is on it.
    pub ended_at: Option<Timestamp>,
}

/// What new events of one call change.
#[derive(Clone, Debug)]
pub struct Effects {
    /// The call's row after them.
    pub row: CallRow,
    /// Recordings they are about, after them.
    pub recordings: Vec<Recording>,
    /// What the call claims of its caller's number, where it claims anything and has just started.
    pub claim: Option<StirShaken>,
    /// In the order of the events.
    pub leases: Vec<(Timestamp, LeaseChange)>,
    /// What its agents do, where that changed.
    pub agents: Vec<AgentCall>,
    /// Work to do.
    pub job: Option<NewJob>,
}

/// What `new` events change, where `cdr` is the fold of all events of the call with them.
pub fn effects(cdr: &Cdr, new: &[&CallEvent]) -> Effects {
    let leases = new.iter().filter_map(|event| Some((event.at, lease_change(cdr, &event.what)?))).collect();
    let touched = |recording: &&CdrRecording| {
        new.iter().any(|event| {
            matches!(event.what,
                What::RecordingStarted { recording: id, .. } | What::RecordingFinished { recording: id, .. }
                | What::RecordingFailed { recording: id, .. } if id == recording.recording)
        })
    };
    let recordings = cdr.recordings.iter().filter(touched).map(|entry| recording(cdr, entry, new)).collect();
    Effects {
        row: row(cdr),
        recordings,
        claim: claim(cdr, new),
        leases,
        agents: agent_calls(cdr, new),
        job: settle_job(cdr, new),
    }
}

fn claim(cdr: &Cdr, new: &[&CallEvent]) -> Option<StirShaken> {
    let claim = cdr.started.identity_claim.as_deref()?;
    new.iter().any(|event| matches!(event.what, What::Started(_))).then(|| StirShaken {
        call: cdr.call,
        tenant: cdr.tenant,
        number: cdr.started.from.clone(),
        claim: Some(claim.clone()),
        verified_at: None,
        verified_by: None,
        said: None,
        created_at: cdr.started_at,
        updated_at: cdr.started_at,
    })
}

/// The parts of agents, where the events are about one.
fn agent_calls(cdr: &Cdr, new: &[&CallEvent]) -> Vec<AgentCall> {
    let is_about = |what: &What| {
        matches!(
            what,
            What::Started(_)
                | What::LegAnswered { .. }
                | What::LegEnded { .. }
                | What::LegFailed { .. }
                | What::Ended { .. }
        )
    };
    if !new.iter().any(|event| is_about(&event.what)) {
        return Vec::new();
    }
    let mut parts: Vec<AgentCall> = Vec::new();
    let part = |agent, answered_at, ended_at| AgentCall {
        tenant: cdr.tenant,
        agent,
        call: cdr.call,
        started_at: cdr.started_at,
        answered_at,
        ended_at,
    };
    for leg in &cdr.legs {
        let Some((agent, answered)) = leg.agent.zip(leg.answered_at) else { continue };
        match parts.iter_mut().find(|known| known.agent == agent) {
            // Asked again in the same call: what counts last is the last leg's.
            Some(known) => known.ended_at = leg.ended_at,
            None => parts.push(part(agent, Some(answered), leg.ended_at)),
        }
    }
    if let Some(agent) = cdr.started.agent
        && parts.iter().all(|known| known.agent != agent)
    {
        parts.push(part(agent, None, None));
    }
    parts
}

fn lease_change(cdr: &Cdr, what: &What) -> Option<LeaseChange> {
    let lease_of = |id: LegId| cdr.legs.iter().find(|leg| leg.leg == id)?.lease;
    match what {
        What::LegAnswered { leg } => lease_of(*leg).map(LeaseChange::Commit),
        What::LegFailed { leg, .. } | What::LegEnded { leg, .. } => lease_of(*leg).map(LeaseChange::Release),
        What::Ended { .. } => Some(LeaseChange::ReleaseAll),
        _ => None,
    }
}

/// Settling waits for the end; what comes after it (a recording's length, a late event) settles once more.
fn settle_job(cdr: &Cdr, new: &[&CallEvent]) -> Option<NewJob> {
    cdr.ended_at?;
    let latest = new.iter().max_by_key(|event| event.sequence)?;
    Some(NewJob {
        key: format!("settle:{}", cdr.call),
        kind: JobKind::Settle,
        tenant: cdr.tenant,
        call: cdr.call,
        run_at: latest.at,
    })
}

fn recording(cdr: &Cdr, entry: &CdrRecording, new: &[&CallEvent]) -> Recording {
    let status = match (&entry.failure, entry.duration_ms) {
        (Some(_), _) => RecordingStatus::Failed,
        (None, Some(_)) => RecordingStatus::Completed,
        (None, None) => RecordingStatus::Processing,
    };
    let latest = new.iter().map(|event| event.at).max().unwrap_or(cdr.started_at);
    Recording {
        id: entry.recording,
        tenant: cdr.tenant,
        call: cdr.call,
        storage_key: entry.key.clone(),
        format: "wav".into(),
        channels: entry.channels,
        status,
        duration_ms: entry.duration_ms,
        bytes: entry.bytes,
        failure: entry.failure.clone(),
        checksum: None,
        created_at: latest,
        updated_at: latest,
    }
}

/// The row of a call. Its money is not in its events: the store keeps what settling wrote.
pub fn row(cdr: &Cdr) -> CallRow {
    // Until somebody is connected, the row names who rings.
    let leg = cdr.sold_leg().or_else(|| cdr.legs.iter().rev().find(|leg| leg.role == LegRole::Buyer));
    let connected = cdr.legs.iter().filter_map(|leg| leg.bridged_at).min();
    CallRow {
        id: cdr.call,
        tenant: cdr.tenant,
        direction: cdr.started.direction,
        status: cdr.status,
        cause: cdr.cause,
        from: cdr.started.from.clone(),
        to: cdr.started.to.clone(),
        caller_name: cdr.started.caller_name.clone(),
        attestation: cdr.started.attestation,
        trunk: cdr.started.trunk,
        number: cdr.started.number,
        campaign: cdr.started.campaign,
        publisher: cdr.started.publisher,
        flow: cdr.started.flow,
        flow_version: cdr.started.flow_version,
        buyer: leg.and_then(|leg| leg.buyer),
        endpoint: leg.and_then(|leg| leg.endpoint),
        sip_call_id: cdr.started.sip_call_id.clone(),
        switch: cdr.started.switch,
        started_at: cdr.started_at,
        answered_at: cdr.answered_at,
        connected_at: connected,
        ended_at: cdr.ended_at,
        duration_ms: cdr.duration_ms(),
        answered_ms: cdr.answered_ms(),
        connected_ms: cdr.sold_leg().map_or(0, domain::CdrLeg::connected_ms),
        recorded: !cdr.recordings.is_empty(),
        tags: serde_json::Value::Object(cdr.tags.clone().into_iter().collect()),
        last_sequence: cdr.last_sequence,
        money: None,
    }
}
