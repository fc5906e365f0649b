//! A call's event as the wire shows it: ids named `...Id`, amounts as decimals.

use domain::{CallEvent, Micros};
use serde_json::{Map, Value};

use crate::convert::decimal;

/// Members that hold an id in the log and are named as such on the wire.
const IDS: [&str; 13] = [
    "buyer",
    "endpoint",
    "campaign",
    "publisher",
    "number",
    "flow",
    "trunk",
    "leg",
    "lease",
    "recording",
    "switch",
    "agent",
    "chosen",
];
const AMOUNTS: [&str; 2] = ["revenue", "payout"];

/// How a member of the log is named on the wire.
pub fn wire_name(name: &str) -> String {
    if IDS.contains(&name) { format!("{name}Id") } else { name.to_owned() }
}

/// The event's data; an empty object where it has none.
pub fn data_of(event: &CallEvent) -> Value {
    let whole = serde_json::to_value(&event.what).unwrap_or_default();
    match whole {
        Value::Object(mut members) => members.remove("data").map_or_else(|| Value::Object(Map::new()), rename),
        _ => Value::Object(Map::new()),
    }
}

fn rename(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.into_iter().map(|(name, value)| member(name, value)).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(rename).collect()),
        other => other,
    }
}

fn member(name: String, value: Value) -> (String, Value) {
    if IDS.contains(&name.as_str()) && !value.is_object() {
        return (wire_name(&name), value);
    }
    if let (true, Some(micros)) = (AMOUNTS.contains(&name.as_str()), value.as_i64()) {
        return (name, Value::String(decimal(Micros(micros))));
    }
    // A flow's tags are the tenant's own names and stay as they are.
    if name == "tags" { (name, value) } else { (name, rename(value)) }
}

#[cfg(test)]
mod tests {
    use domain::{BuyerId, CallId, Currency, LegId, LegRole, SaleTerms, TenantId, Timestamp, What};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn event(what: What) -> CallEvent {
        CallEvent {
            tenant: TenantId(Uuid::nil()),
            call: CallId(Uuid::nil()),
            sequence: 1,
            at: Timestamp::from_secs(0),
            what,
        }
    }

    #[test]
    fn ids_and_amounts_are_named_for_what_they_are() {
        let terms = SaleTerms {
            currency: Currency::USD,
            revenue: Micros::from_units(25),
            revenue_after_ms: 30_000,
            payout: Micros::from_units(10),
            payout_after_ms: 0,
        };
        let data = data_of(&event(What::LegStarted {
            leg: LegId(Uuid::nil()),
            role: LegRole::Buyer,
            destination: "sip:a@b".to_owned(),
            buyer: Some(BuyerId(Uuid::nil())),
            endpoint: None,
            lease: None,
            terms: Some(terms),
            trunk: None,
            agent: None,
        }));
        assert_eq!(data["buyerId"], json!(Uuid::nil()));
        assert_eq!(data["terms"]["revenue"], "25.0000");
        assert!(data.get("buyer").is_none());
        assert_eq!(data_of(&event(What::Answered)), json!({}));
    }

    #[test]
    fn tags_keep_their_names() {
        let tags = [("buyer".to_owned(), json!("acme")), ("revenue".to_owned(), json!(7))].into_iter().collect();
        assert_eq!(data_of(&event(What::Tagged { tags })), json!({"tags": {"buyer": "acme", "revenue": 7}}));
    }
}
