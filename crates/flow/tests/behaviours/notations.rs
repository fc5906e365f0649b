//! JSON, YAML and the schema tell the same document.

use std::collections::BTreeSet;

use flow::{Document, parse_json, parse_yaml, schema};
use serde_json::{Value, json};

/// One node of each kind with every field set.
fn full() -> Value {
    json!({
        "id": "full", "name": "Everything", "version": "3.1-beta", "description": "no: yes # not a comment\n- nor a list",
        "entry": { "id": "start", "type": "entry", "target": "r", "next": "r", "metadata": { "x": 1 } },
        "metadata": { "yes": "no", "1": 1.5, "deep": [[{ "a": null }], "~", "0x1f", "1e3", " padded ", "é\u{1F4DE}", ""], "big": 9007199254740993_u64, "neg": -3 },
        "nodes": [
            { "id": "start", "type": "entry", "target": "r" },
            { "id": "r", "type": "record", "format": "mp3", "channels": "single", "beep": true, "maxDuration": 9, "onComplete": "i", "onError": "h", "next": "i", "metadata": { "x": 10, "y": -4.5 } },
            { "id": "i", "type": "ivr", "prompt": "Say: \"hello\" 'there'", "timeout": 2.5, "maxDigits": 3, "finishOnKey": "*", "choices": [{ "digits": "01", "target": "w" }, { "digits": "#", "target": "f" }], "default": "t", "retries": 2 },
            { "id": "f", "type": "fallback", "targets": ["b", "q"], "onAllFailed": "h" },
            { "id": "w", "type": "whisper", "callerPrompt": "a", "calleePrompt": "https://x.example/a.wav", "timeout": 4, "acceptDigit": "9", "onAccept": "t", "onReject": "h", "next": "b" },
            { "id": "b", "type": "buyer", "source": "list", "buyers": [{ "id": "1", "destination": "sip:a@b", "weight": 2, "maxConcurrency": 3, "maxDailyCalls": 4, "enabled": false }], "strategy": "hybrid", "ringTimeout": 20, "onNoBuyers": "q", "onAllBusy": "q", "next": "h" },
            { "id": "q", "type": "queue", "queueId": "on", "waitUrl": "tone:wait", "timeout": 60, "maxSize": 5, "onTimeout": "h", "onFull": "h", "onConnect": "h" },
            { "id": "t", "type": "tag", "tags": { "s": "true", "n": 1.25, "b": false, "date": "2026-11-23" }, "next": "c" },
            { "id": "c", "type": "if", "condition": "${tags.n > 1}", "then": "p", "else": "h" },
            { "id": "p", "type": "timeout", "duration": 0.001, "next": "h" },
            { "id": "h", "type": "hangup", "reason": "busy", "prompt": "bye" },
        ],
    })
}

fn document() -> Document {
    parse_json(full().to_string().as_bytes())
        .unwrap_or_else(|faults| panic!("{}", crate::script::told(&faults).join("\n")))
}

#[test]
fn nothing_is_lost_in_either_notation() {
    let document = document();
    crate::script::program(&document);
    assert_eq!(document.to_value(), full());
    assert_eq!(parse_json(document.to_json().as_bytes()).as_ref(), Ok(&document));
    let yaml = document.to_yaml();
    let read = parse_yaml(yaml.as_bytes())
        .unwrap_or_else(|faults| panic!("{}\n{yaml}", crate::script::told(&faults).join("\n")));
    assert_eq!(read.to_value(), full(), "{yaml}");
    assert_eq!(serde_json::from_value::<Document>(full()).unwrap(), document);
}

/// Property names of every object in the schema, with `$ref`s resolved as they come.
fn described(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Object(properties)) = map.get("properties") {
                found.extend(properties.keys().cloned());
            }
            if let Some(Value::String(reference)) = map.get("$ref") {
                found.insert(format!("ref {reference}"));
            }
            map.values().for_each(|inner| described(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| described(inner, found)),
        _ => {}
    }
}

fn written(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                found.insert(name.clone());
                if !matches!(name.as_str(), "metadata" | "tags") {
                    written(inner, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| written(inner, found)),
        _ => {}
    }
}

#[test]
fn the_schema_describes_the_fields_that_are_read() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let (mut in_schema, mut in_document) = (BTreeSet::new(), BTreeSet::new());
    described(&schema, &mut in_schema);
    written(&full(), &mut in_document);
    let references: Vec<String> =
        in_schema.iter().filter_map(|name| name.strip_prefix("ref ").map(str::to_owned)).collect();
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(schema.pointer(pointer).is_some(), "{reference} dangles");
    }
    in_schema.retain(|name| !name.starts_with("ref "));
    assert_eq!(in_schema, in_document);
}

#[test]
fn the_schema_knows_every_kind_of_node() {
    let text = schema().to_string();
    for kind in ["entry", "ivr", "if", "queue", "buyer", "record", "tag", "whisper", "timeout", "fallback", "hangup"] {
        assert!(text.contains(&format!(r#""const":"{kind}""#)), "{kind}");
    }
}

#[test]
fn versions_are_the_number_they_start_with() {
    for (text, number) in [("1", 1), ("2.4", 2), ("10-beta", 10), ("beta", 1), ("0.1", 1), ("99999999999", 1)] {
        let document = Document { version: text.to_owned(), ..document() };
        assert_eq!(document.version_number(), number, "{text}");
    }
}
