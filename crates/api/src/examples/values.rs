//! What recurs: values by name, ids by what they name. `values.json` holds them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

static TABLE: LazyLock<Table> = LazyLock::new(|| serde_json::from_str(include_str!("values.json")).unwrap_or_default());

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Table {
    /// By the name of a property or parameter: the first that is of its type.
    names: BTreeMap<String, Vec<Value>>,
    /// Of one field (`Schema.field`, `operation.parameter`), or of all of a schema or an operation's body.
    fields: BTreeMap<String, Value>,
    /// What has an example and yet is left out of what is composed, as it excludes something else: `Schema.field`.
    left_out: BTreeSet<String>,
    /// What names differently the same kind of thing.
    kinds: BTreeMap<String, String>,
}

/// The moment in every example's id.
const MADE_AT_MILLIS: u64 = 1_795_449_600_000;

/// The id that stands for a kind of thing in all examples: a `UUIDv7`, so that what names the same has the same.
pub fn id(kind: &str) -> String {
    let digest = Sha256::digest(kind);
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    uuid::Builder::from_unix_timestamp_millis(MADE_AT_MILLIS, &random).into_uuid().to_string()
}

/// What an id property names: `buyerId` a buyer, `id` what its schema describes.
pub fn kind_of(owner: &str, name: &str) -> String {
    let name = name.strip_suffix("Ids").or_else(|| name.strip_suffix("Id")).unwrap_or(name);
    let words = match name {
        "id" | "" => owner.trim_start_matches("New").trim_end_matches("Summary").trim_end_matches("View"),
        name => name,
    };
    let kind = lower_first(words);
    TABLE.kinds.get(&kind).cloned().unwrap_or(kind)
}

/// What `{id}` names in a path: `/api/v1/dnc-lists/{id}` a `dncList`.
pub fn kind_in_path(path: &str) -> String {
    let list = path.split("/{id}").next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let mut words = list.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    let kind = words.fold(first, |kind, word| {
        let mut letters = word.chars();
        let start = letters.next().map(|letter| letter.to_ascii_uppercase());
        kind.chars().chain(start).chain(letters).collect()
    });
    kind.strip_suffix('s').unwrap_or(&kind).to_owned()
}

/// What recurs under this name.
pub fn by_name(name: &str) -> &'static [Value] {
    TABLE.names.get(name).map_or(&[], Vec::as_slice)
}

/// What this one field has.
pub fn of_field(owner: &str, name: &str) -> Option<Value> {
    if name.is_empty() { None } else { TABLE.fields.get(&format!("{owner}.{name}")).cloned() }
}

/// What a schema, or an operation's body, has as a whole.
pub fn whole(name: &str) -> Option<Value> {
    TABLE.fields.get(name).cloned()
}

/// The id or name of what is referred to as `role`.
pub fn of_reference(role: &str, member: &str) -> Option<Value> {
    match member {
        "id" => Some(Value::from(id(&kind_of(role, "id")))),
        _ => by_name(&format!("{role}Name")).first().cloned(),
    }
}

/// Whether it is no part of what is composed.
pub fn is_left_out(owner: &str, name: &str) -> bool {
    TABLE.left_out.contains(&format!("{owner}.{name}"))
}

/// A name in a map whose names are not described.
pub fn key_of(owner: &str, name: &str) -> String {
    let key = TABLE.fields.get(&format!("{owner}.{name}.*")).and_then(Value::as_str);
    key.unwrap_or("name").to_owned()
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|letter| letter.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_table_can_be_read() {
        let table: Table = serde_json::from_str(include_str!("values.json")).unwrap();
        assert!(!table.names.is_empty());
        assert!(table.names.values().all(|values| !values.is_empty()));
    }

    #[test]
    fn ids_are_of_version_7_and_of_their_kind() {
        assert_eq!(id("campaign").parse::<Uuid>().unwrap().get_version_num(), 7);
        assert_ne!(id("campaign"), id("buyer"));
        assert_eq!(kind_of("CreateNumberRequest", "campaignId"), "campaign");
        assert_eq!(kind_of("Campaign", "id"), kind_in_path("/api/v1/campaigns/{id}"));
        assert_eq!(kind_in_path("/api/v1/compliance/dnc-lists/{id}/import"), "dncList");
    }
}
