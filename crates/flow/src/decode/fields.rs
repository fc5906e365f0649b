//! Takes the fields of one object, one after another, and tells what is wrong with them.

use serde_json::{Map, Value};

use crate::document::Seconds;
use crate::limits::WAIT_SECONDS_MAX;
use crate::{Fault, Limits};

/// One object being read.
pub(super) struct Fields<'a, 'f> {
    node: Option<&'a str>,
    path: String,
    map: &'a Map<String, Value>,
    asked: Vec<&'static str>,
    pub(super) limits: &'a Limits,
    faults: &'f mut Vec<Fault>,
}

impl<'a, 'f> Fields<'a, 'f> {
    pub(super) fn new(
        node: Option<&'a str>,
        path: String,
        map: &'a Map<String, Value>,
        limits: &'a Limits,
        faults: &'f mut Vec<Fault>,
    ) -> Self {
        Self { node, path, map, asked: Vec::new(), limits, faults }
    }

    /// The fields of an object inside this one.
    pub(super) fn inside<'b>(&'b mut self, path: &str, map: &'b Map<String, Value>) -> Fields<'b, 'b> {
        let path = format!("{}{path}.", self.path);
        Fields { node: self.node, path, map, asked: Vec::new(), limits: self.limits, faults: self.faults }
    }

    pub(super) fn fault(&mut self, field: &str, code: &'static str, message: impl Into<String>) {
        self.faults.push(Fault::new(self.node, format!("{}{field}", self.path), code, message));
    }

    /// Absent and `null` are the same.
    fn get(&mut self, field: &'static str) -> Option<&'a Value> {
        self.asked.push(field);
        self.map.get(field).filter(|value| !value.is_null())
    }

    pub(super) fn required(&mut self, field: &'static str) -> Option<&'a Value> {
        let value = self.get(field);
        if value.is_none() {
            self.fault(field, "missing", format!("is missing; add \"{field}\"."));
        }
        value
    }

    fn wrong_type(&mut self, field: &str, wanted: &str, got: &Value) {
        self.fault(field, "type", format!("must be {wanted}, not {}.", kind_of(got)));
    }

    fn as_text(&mut self, field: &str, value: &Value, chars_max: usize) -> Option<String> {
        let Some(text) = value.as_str() else {
            let message = match value {
                Value::Number(_) | Value::Bool(_) => format!("must be text; put it in quotes: \"{value}\"."),
                other => format!("must be text, not {}.", kind_of(other)),
            };
            self.fault(field, "type", message);
            return None;
        };
        // Bytes first: counting characters of a megabyte is not free.
        if text.len() > chars_max && text.chars().count() > chars_max {
            self.fault(field, "too-long", format!("is too long; at most {chars_max} characters."));
            return None;
        }
        Some(text.to_owned())
    }

    /// A short text that must be there: an id, a name, a reference.
    pub(super) fn id(&mut self, field: &'static str) -> String {
        let text = self.required(field).and_then(|value| self.as_text(field, value, self.limits.id_chars_max));
        if text.as_deref().is_some_and(|text| text.trim().is_empty()) {
            self.fault(field, "empty", "is empty; give it a value.");
        }
        text.unwrap_or_default()
    }

    /// A short text that may be absent.
    pub(super) fn id_optional(&mut self, field: &'static str) -> Option<String> {
        let value = self.get(field)?;
        let text = self.as_text(field, value, self.limits.id_chars_max)?;
        if text.trim().is_empty() {
            self.fault(field, "empty", "is empty; give it a value or leave it out.");
        }
        Some(text)
    }

    pub(super) fn text(&mut self, field: &'static str) -> String {
        self.required(field)
            .and_then(|value| self.as_text(field, value, self.limits.text_chars_max))
            .unwrap_or_default()
    }

    pub(super) fn text_optional(&mut self, field: &'static str) -> Option<String> {
        let value = self.get(field)?;
        self.as_text(field, value, self.limits.text_chars_max)
    }

    pub(super) fn flag_optional(&mut self, field: &'static str) -> Option<bool> {
        let value = self.get(field)?;
        if value.as_bool().is_none() {
            self.wrong_type(field, "true or false", value);
        }
        value.as_bool()
    }

    /// A whole number in `least..=most`.
    pub(super) fn count_optional(&mut self, field: &'static str, least: u32, most: u32) -> Option<u32> {
        let value = self.get(field)?;
        if !value.is_number() {
            self.wrong_type(field, "a whole number", value);
            return None;
        }
        // 2.0 is a whole number too: YAML and JavaScript write it so.
        let number = value.as_u64().or_else(|| whole(value.as_f64()?));
        let number =
            number.and_then(|number| u32::try_from(number).ok()).filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.fault(field, "range", format!("must be a whole number from {least} to {most}, not {value}."));
        }
        number
    }

    pub(super) fn seconds_optional(&mut self, field: &'static str) -> Option<Seconds> {
        let value = self.get(field)?;
        self.as_seconds(field, value)
    }

    pub(super) fn seconds(&mut self, field: &'static str) -> Seconds {
        self.required(field).and_then(|value| self.as_seconds(field, value)).unwrap_or(Seconds::from_millis(1))
    }

    fn as_seconds(&mut self, field: &str, value: &Value) -> Option<Seconds> {
        if !value.is_number() {
            self.wrong_type(field, "a number of seconds", value);
            return None;
        }
        let millis = value.as_f64().and_then(|seconds| whole((seconds * 1_000.0).round()));
        let millis = millis.filter(|millis| (1..=WAIT_SECONDS_MAX * 1_000).contains(millis));
        if millis.is_none() {
            self.fault(
                field,
                "range",
                format!("must be more than 0 and at most {WAIT_SECONDS_MAX} seconds, not {value}."),
            );
        }
        millis.map(Seconds::from_millis)
    }

    /// One of a few words.
    pub(super) fn word_optional<T: Copy>(&mut self, field: &'static str, words: &[(&str, T)]) -> Option<T> {
        let value = self.get(field)?;
        let meaning = value.as_str().and_then(|text| words.iter().find(|(word, _)| *word == text));
        if meaning.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(field, "value", format!("must be one of {}, not {}.", known.join(", "), shown(value)));
        }
        meaning.map(|(_, meaning)| *meaning)
    }

    /// A list that must be there. Empty where it is not, or is too long.
    pub(super) fn list(&mut self, field: &'static str, most: usize) -> &'a [Value] {
        match self.required(field) {
            Some(value) => self.as_list(field, value, most),
            None => &[],
        }
    }

    pub(super) fn list_optional(&mut self, field: &'static str, most: usize) -> Option<&'a [Value]> {
        let value = self.get(field)?;
        Some(self.as_list(field, value, most))
    }

    fn as_list(&mut self, field: &str, value: &'a Value, most: usize) -> &'a [Value] {
        let Some(items) = value.as_array() else {
            self.wrong_type(field, "a list", value);
            return &[];
        };
        if items.len() > most {
            self.fault(field, "too-many", format!("has {} entries; at most {most}.", items.len()));
            return &[];
        }
        items
    }

    pub(super) fn ids(&mut self, field: &'static str) -> Vec<String> {
        let items = self.list(field, self.limits.entries_max);
        let mut ids = Vec::with_capacity(items.len());
        for (position, item) in items.iter().enumerate() {
            let place = format!("{field}[{position}]");
            ids.extend(self.as_text(&place, item, self.limits.id_chars_max));
        }
        ids
    }

    /// The entries of a list that are objects, with their place.
    pub(super) fn objects(&mut self, field: &str, items: &'a [Value]) -> Vec<(String, &'a Map<String, Value>)> {
        let mut objects = Vec::with_capacity(items.len());
        for (position, item) in items.iter().enumerate() {
            let place = format!("{field}[{position}]");
            match item.as_object() {
                Some(map) => objects.push((place, map)),
                None => self.wrong_type(&place, "an object", item),
            }
        }
        objects
    }

    pub(super) fn object(&mut self, field: &'static str) -> Option<&'a Map<String, Value>> {
        let value = self.required(field)?;
        if !value.is_object() {
            self.wrong_type(field, "an object", value);
        }
        value.as_object()
    }

    pub(super) fn metadata(&mut self) -> Option<Map<String, Value>> {
        let value = self.get("metadata")?;
        if !value.is_object() {
            self.wrong_type("metadata", "an object", value);
        }
        value.as_object().cloned()
    }

    /// Everything that was not asked for is a fault: a misspelt edge must not be silently ignored.
    pub(super) fn finish(mut self) {
        for field in self.map.keys().take(self.limits.entries_max) {
            if self.asked.contains(&field.as_str()) {
                continue;
            }
            let shown: String = field.chars().take(80).collect();
            let close = self.asked.iter().find(|known| known.eq_ignore_ascii_case(&shown));
            let remedy = match close {
                Some(known) => format!("did you mean \"{known}\"?"),
                None => format!("known are {}; anything of your own goes into \"metadata\".", self.asked.join(", ")),
            };
            self.fault(&shown, "unknown-field", format!("is not a field here; {remedy}"));
        }
    }
}

/// A number that is whole and not negative.
#[expect(clippy::cast_sign_loss, reason = "negative numbers are filtered out")]
fn whole(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..9e15).contains(&number)).then_some(number as u64)
}

/// What a value is, for people.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", text.chars().take(80).collect::<String>()),
        other => kind_of(other).to_owned(),
    }
}
