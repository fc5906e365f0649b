//! `/ws/events`: what happens, as it happens, to whoever may see it (inventory, section 2.6).
//!
//! The bus keeps a bounded queue per client and never waits: a client that was too slow is told `lagged` and closed with
//! 1013, so that it asks again for what it shows instead of showing a hole.

use std::time::Duration;

use domain::{TenantId, Timestamp, UserId};
use operations::{CallRow, LiveUpdate, Side};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    access::{Grants, Permission, Principal},
    event_view,
    problem::ApiError,
    routes::calls::CallMoney,
    seals::{Seals, to_hex},
    sides,
    state::State,
};

/// What a client is sent as `payload`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payload {
    /// Of the catalogue: `call.started` ...
    pub event: String,
    /// Whose.
    pub tenant_id: TenantId,
    /// What: the event's own data with `callId` and `sequence`, and the call as it is now.
    pub data: Value,
    /// When, RFC 3339.
    pub timestamp: Timestamp,
    /// The same wherever the event is delivered, so that a client drops a repeat.
    pub id: String,
}

impl Payload {
    /// As one side may see it; none when the call is not theirs, or the event is about somebody else.
    pub(crate) fn for_side(update: &LiveUpdate, side: Side) -> Option<Self> {
        let mut payload = Self::of(update);
        if side.is_whole() {
            return Some(payload);
        }
        let (row, own) = match update {
            LiveUpdate::Event { event, row } if sides::shows(&event.what) => (row, sides::data(event)),
            LiveUpdate::Settled { row } => {
                (row, json!({"money": CallMoney::of(row).map(|money| money.for_side(side))}))
            }
            _ => return None,
        };
        if !side.has(row.publisher, row.buyer) {
            return None;
        }
        payload.data = own;
        if let Value::Object(members) = &mut payload.data {
            members.insert("callId".to_owned(), json!(row.id));
            members.insert("sequence".to_owned(), json!(row.last_sequence));
            members.insert("status".to_owned(), json!(row.status));
            members.insert("from".to_owned(), json!(row.from));
            members.insert("to".to_owned(), json!(row.to));
            members.insert("campaignId".to_owned(), json!(row.campaign));
        }
        // The id of a settlement holds what the buyer pays.
        payload.id = format!("{}:{}:{}", row.id, payload.event, row.last_sequence);
        Some(payload)
    }

    pub(crate) fn of(update: &LiveUpdate) -> Self {
        match update {
            LiveUpdate::Event { event, row } => {
                let data = with_call(event_view::data_of(event), row, event.sequence);
                let id = format!("{}:{}", event.call, event.sequence);
                Self { event: update.name().to_owned(), tenant_id: row.tenant, data, timestamp: event.at, id }
            }
            LiveUpdate::Notice { tenant, name, id, at, data } => {
                let (event, id) = (name.clone().into_owned(), id.clone());
                Self { event, tenant_id: *tenant, data: data.clone(), timestamp: *at, id }
            }
            LiveUpdate::Settled { row } => {
                let data = with_call(json!({"money": CallMoney::of(row)}), row, row.last_sequence);
                let timestamp = row.ended_at.unwrap_or(row.started_at);
                let revenue = row.money.map_or(0, |money| money.revenue.0);
                let id = format!("{}:settled:{}:{revenue}", row.id, row.last_sequence);
                Self { event: update.name().to_owned(), tenant_id: row.tenant, data, timestamp, id }
            }
        }
    }
}

fn with_call(mut data: Value, row: &CallRow, sequence: u32) -> Value {
    if let Value::Object(members) = &mut data {
        members.insert("callId".to_owned(), json!(row.id));
        members.insert("sequence".to_owned(), json!(sequence));
        members.insert("status".to_owned(), json!(row.status));
        members.insert("from".to_owned(), json!(row.from));
        members.insert("to".to_owned(), json!(row.to));
        members.entry("campaignId").or_insert(json!(row.campaign));
        // A failed leg's buyer is the event's own; else it is the one the call is with.
        if let Some(buyer) = row.buyer {
            members.entry("buyerId").or_insert(json!(buyer));
        }
    }
    data
}

/// Which permission a kind of event needs; none for kinds nobody may see.
fn needed_for(name: &str) -> Option<Permission> {
    match name.split('.').next()? {
        "call" | "agent" => Some(Permission::CallsRead),
        "recording" | "transcription" => Some(Permission::RecordingsRead),
        "billing" | "invoice" | "budget" | "quota" | "conversion" => Some(Permission::BillingRead),
        _ => None,
    }
}

/// The permission an event of this name needs, as roles and keys name it.
pub fn permission_of(name: &str) -> Option<&'static str> {
    needed_for(name).map(Permission::as_str)
}

/// `call.*`, `call.leg.*`, `call.ended` or `*`.
fn channel_covers(channel: &str, name: &str) -> bool {
    match channel.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => channel == name,
    }
}

/// A channel is lower-case words joined by dots, the last of which may be `*`.
fn is_channel(text: &str) -> bool {
    let plain = text.strip_suffix('*').unwrap_or(text);
    let is_whole = !text.ends_with('*') || plain.is_empty() || plain.ends_with('.');
    is_whole
        && text.len() <= 64
        && !text.is_empty()
        && plain.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_' | b'-'))
}

/// What one connection listens to, and what it may.
#[derive(Debug)]
pub(crate) struct Subscription {
    grants: Grants,
    channels: Vec<String>,
    channels_max: usize,
}

impl Subscription {
    pub(crate) fn new(grants: Grants, channels_max: usize) -> Self {
        Self { grants, channels: Vec::new(), channels_max }
    }

    /// The channel an event comes over, if any.
    pub(crate) fn channel_for(&self, name: &str) -> Option<&str> {
        let is_permitted = needed_for(name).is_some_and(|needed| self.grants.allow(needed));
        let channel = self.channels.iter().find(|channel| channel_covers(channel, name)).filter(|_| is_permitted);
        channel.map(String::as_str)
    }

    /// Listens to more channels; tells which one is not possible, and why. Answers them all.
    pub(crate) fn add(&mut self, wanted: Vec<String>) -> Result<&[String], String> {
        for channel in &wanted {
            if !is_channel(channel) {
                return Err(format!(
                    "{channel:?} is no channel; channels are call.*, recording.*, billing.* and the like"
                ));
            }
            let is_permitted = channel == "*" || needed_for(channel).is_some_and(|needed| self.grants.allow(needed));
            if !is_permitted {
                return Err(format!("channel {channel} is unknown or not permitted"));
            }
        }
        for channel in wanted {
            if self.channels.contains(&channel) {
                continue;
            }
            if self.channels.len() >= self.channels_max {
                return Err(format!("no more than {} channels", self.channels_max));
            }
            self.channels.push(channel);
        }
        Ok(&self.channels)
    }

    /// Listens to fewer.
    pub(crate) fn remove(&mut self, unwanted: &[String]) -> &[String] {
        self.channels.retain(|channel| !unwanted.contains(channel));
        &self.channels
    }
}

/// What a ticket says. It is sealed, short-lived and good once, because it stands in an address.
#[derive(Debug, Serialize, Deserialize)]
struct Ticket {
    tenant: TenantId,
    side: Side,
    who: String,
    /// Whose connection it is; none for a key's, and in tickets of an earlier release.
    #[serde(default)]
    user: Option<UserId>,
    grants: Vec<String>,
    expires: i64,
    nonce: String,
}

const TICKET: &str = "ws-ticket";
/// Clocks of processes are not further apart.
const CLOCKS_DIFFER_MAX: Duration = Duration::from_mins(1);

/// A new ticket.
pub(crate) fn issue_ticket(seals: &Seals, principal: &Principal, expires: Timestamp, nonce: [u8; 16]) -> String {
    let ticket = Ticket {
        tenant: principal.tenant,
        side: principal.side,
        who: principal.label(),
        user: principal.user(),
        grants: principal.grants.listed(),
        expires: expires.micros(),
        nonce: to_hex(&nonce),
    };
    seals.seal(TICKET, &ticket)
}

/// Who a ticket lets in: an event reader of its tenant, and nothing more.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub tenant: TenantId,
    pub side: Side,
    pub who: String,
    /// Whose connection it is; none for a key's.
    pub user: Option<UserId>,
    pub grants: Grants,
}

/// Lets in whoever holds a ticket that is good, once at all processes together.
pub(crate) async fn redeem_ticket(state: &State, text: &str) -> Result<Admitted, ApiError> {
    let refused = || ApiError::unauthorized("The ticket is not valid (any more)");
    let now = state.now();
    let ticket: Ticket = state.seals().open(TICKET, text).ok_or_else(refused)?;
    let expires = Timestamp::from_micros(ticket.expires);
    if expires <= now {
        return Err(refused());
    }
    // Processes' clocks differ a little: remembered for longer than it is good anywhere.
    let remembered = expires.since(now).saturating_add(CLOCKS_DIFFER_MAX);
    if !state.is_first(TICKET, &ticket.nonce, remembered).await {
        return Err(refused());
    }
    Ok(Admitted {
        tenant: ticket.tenant,
        side: ticket.side,
        who: ticket.who,
        user: ticket.user,
        grants: Grants::new(ticket.grants, false),
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::access::Who;

    fn principal(tenant: u128, granted: &[&str]) -> Principal {
        let who = Who::User { id: UserId(Uuid::nil()), email: String::new(), session: String::new(), by_cookie: false };
        let grants = Grants::new(granted.iter().map(|text| (*text).to_owned()).collect(), false);
        let tenant = TenantId(Uuid::from_u128(tenant));
        Principal {
            tenant,
            side: Side::Whole,
            who,
            grants,
            pending: None,
            proven_at: None,
            method: None,
            rate_limit: None,
        }
    }

    fn subscription(granted: &[&str], channels: &[&str]) -> Subscription {
        let mut subscription = Subscription::new(principal(1, granted).grants, 3);
        subscription.add(channels.iter().map(|text| (*text).to_owned()).collect()).unwrap();
        subscription
    }

    #[test]
    fn only_the_channels_asked_for() {
        let mut legs = subscription(&["calls:read"], &["call.leg.*"]);
        assert_eq!(legs.channel_for("call.leg.ended"), Some("call.leg.*"));
        assert_eq!(legs.channel_for("call.started"), None);
        legs.remove(&["call.leg.*".to_owned()]);
        assert_eq!(legs.channel_for("call.leg.ended"), None);
    }

    #[test]
    fn everything_means_everything_permitted() {
        let mut reader = subscription(&["calls:read"], &["*"]);
        assert_eq!(reader.channel_for("billing.charged"), None);
        assert_eq!(reader.channel_for("call.ended"), Some("*"));
        assert!(reader.add(vec!["billing.*".to_owned()]).is_err());
        assert!(reader.add(vec!["nonsense.*".to_owned()]).is_err());
    }

    #[test]
    fn channels_are_bounded() {
        let mut reader = subscription(&["calls:read"], &["call.a", "call.b", "call.c"]);
        assert!(reader.add(vec!["call.d".to_owned()]).is_err());
        assert!(reader.add(vec!["call.a".to_owned()]).is_ok(), "one it has already");
    }

    #[test]
    fn channels_are_words_and_a_star() {
        for (text, is) in [
            ("call.*", true),
            ("*", true),
            ("call.leg.ended", true),
            ("call*", false),
            ("", false),
            ("Call.*", false),
            ("a b", false),
        ] {
            assert_eq!(is_channel(text), is, "{text}");
        }
    }
}
