//! What an expression sees of the call.

use std::collections::{BTreeMap, HashMap};

use domain::{Attestation, Timestamp};
use serde_json::{Map, Value, json};

use crate::Facts;
use crate::limits::VARIABLE_CHARS_MAX;

/// The call, as seen at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variables<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) tags: &'a BTreeMap<String, Value>,
    pub(crate) ivr_input: &'a str,
    pub(crate) now: Timestamp,
}

impl Variables<'_> {
    /// The variable, with each field in `paths` that is missing filled in as empty text.
    pub(super) fn value(&self, name: &str, paths: &[Vec<String>]) -> cel::Value {
        let mut value = self.root(name).unwrap_or_else(|| {
            if paths.iter().any(|path| !path.is_empty()) { Value::Object(Map::new()) } else { Value::from("") }
        });
        for path in paths {
            fill(&mut value, path);
        }
        to_cel(&value)
    }

    fn root(&self, name: &str) -> Option<Value> {
        let facts = self.facts;
        Some(match name {
            "caller" => {
                json!({ "number": facts.caller_number, "name": facts.caller_name.as_deref().unwrap_or_default() })
            }
            "called" | "callee" => json!({ "number": facts.called_number }),
            "hour" => json!(self.local().hour()),
            "minute" => json!(self.local().minute()),
            "weekday" => json!(self.local().weekday().to_monday_one_offset()),
            "weekdayName" => json!(self.local().strftime("%A").to_string().to_ascii_lowercase()),
            "date" => json!(self.local().date().to_string()),
            "timezone" => json!(facts.time_zone),
            "campaign" => match &facts.campaign {
                Some(campaign) => json!({ "id": campaign.id, "name": campaign.name }),
                None => json!({}),
            },
            "tags" => Value::Object(self.tags.iter().map(|(name, value)| (name.clone(), value.clone())).collect()),
            "ivrInput" => json!(self.ivr_input),
            "stirShaken" => json!({ "attestation": attestation(facts.attestation) }),
            "cnam" => json!({
                "callerName": facts.cnam_name.as_deref().unwrap_or_default(),
                "provider": facts.cnam_provider.as_deref().unwrap_or_default(),
            }),
            "carrier" => match &facts.carrier {
                Some(carrier) => json!({
                    "name": carrier.name, "lata": carrier.lata, "ocn": carrier.ocn, "provider": carrier.provider,
                }),
                None => json!({}),
            },
            other => return facts.variables.get(other).cloned(),
        })
    }

    fn local(&self) -> jiff::ZonedDateTime {
        let zone = jiff::tz::TimeZone::get(&self.facts.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let moment = jiff::Timestamp::from_microsecond(self.now.micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        moment.to_zoned_datetime(zone)
    }
}

fn attestation(attestation: Attestation) -> &'static str {
    match attestation {
        Attestation::A => "A",
        Attestation::B => "B",
        Attestation::C => "C",
        Attestation::None => "",
    }
}

/// Puts empty text where `path` leads nowhere. What is there already stays, so that `'text'.field` remains an error.
fn fill(value: &mut Value, path: &[String]) {
    let Some((field, below)) = path.split_first() else { return };
    let Value::Object(map) = value else { return };
    let missing = map.get(field).is_none_or(Value::is_null);
    if missing {
        let filler = if below.is_empty() { Value::from("") } else { Value::Object(Map::new()) };
        map.insert(field.clone(), filler);
    }
    if let Some(inner) = map.get_mut(field) {
        fill(inner, below);
    }
}

fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::from(""),
        Value::Bool(flag) => cel::Value::Bool(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(number) => cel::Value::Int(number),
            None => cel::Value::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => match text.char_indices().nth(VARIABLE_CHARS_MAX) {
            Some((end, _)) => cel::Value::from(&text[..end]),
            None => cel::Value::from(text.as_str()),
        },
        Value::Array(items) => cel::Value::from(items.iter().map(to_cel).collect::<Vec<_>>()),
        Value::Object(map) => {
            cel::Value::from(map.iter().map(|(name, value)| (name.clone(), to_cel(value))).collect::<HashMap<_, _>>())
        }
    }
}
