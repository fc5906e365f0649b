//! What a publisher or a buyer may know of a call's events: kinds by name, members by name. What is not listed here they are not
//! told, so an event that is added later is closed to them until somebody thought about it (docs/adr/0135).

use domain::{CallEvent, What};
use serde_json::{Map, Value};

use crate::event_view;

/// Members of an event's data that tell nothing of the other side.
const SHOWN: [&str; 10] =
    ["cause", "by", "digit", "recordingId", "durationMs", "duration_ms", "reason", "channels", "from", "to"];

/// Whether this kind of event is shown at all: how the call went, not who was asked and on which terms.
pub fn shows(what: &What) -> bool {
    matches!(
        what,
        What::Started(_)
            | What::Answered
            | What::DigitReceived { .. }
            | What::Bridged { .. }
            | What::Held { .. }
            | What::Resumed { .. }
            | What::RecordingStarted { .. }
            | What::RecordingFinished { .. }
            | What::RecordingFailed { .. }
            | What::Ended { .. }
    )
}

/// The event's data without anything that is not listed.
pub fn data(event: &CallEvent) -> Value {
    let members = match event_view::data_of(event) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    Value::Object(members.into_iter().filter(|(name, _)| SHOWN.contains(&name.as_str())).collect())
}

#[cfg(test)]
mod tests {
    use domain::{CallId, EndCause, Party, TenantId, Timestamp};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_what_is_listed_is_told() {
        let what =
            What::Ended { cause: EndCause::Normal, by: Party::Caller, sip_status: None, detail: Some("x".into()) };
        let tenant = TenantId(Uuid::nil());
        let event = CallEvent { tenant, call: CallId(Uuid::nil()), sequence: 1, at: Timestamp::from_secs(0), what };
        assert_eq!(data(&event), json!({"cause": "normal", "by": "caller"}));
        assert!(!shows(&What::NodeEntered { node: "a".into(), kind: "buyer".into() }));
    }
}
