//! Whatever is read, nothing panics, and what is read can be written.

use flow::{Document, check, parse_json, parse_value, parse_yaml};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

const IDS: [&str; 6] = ["a", "b", "c", "d", "entry", "gone"];
const KINDS: [&str; 12] =
    ["entry", "ivr", "if", "queue", "buyer", "record", "tag", "whisper", "timeout", "fallback", "hangup", "dance"];
const FIELDS: [&str; 38] = [
    "target",
    "prompt",
    "timeout",
    "maxDigits",
    "finishOnKey",
    "choices",
    "default",
    "retries",
    "condition",
    "then",
    "else",
    "queueId",
    "waitUrl",
    "maxSize",
    "onTimeout",
    "onFull",
    "onConnect",
    "source",
    "buyers",
    "strategy",
    "ringTimeout",
    "onNoBuyers",
    "onAllBusy",
    "format",
    "channels",
    "beep",
    "maxDuration",
    "onComplete",
    "onError",
    "tags",
    "callerPrompt",
    "calleePrompt",
    "onAccept",
    "onReject",
    "duration",
    "targets",
    "onAllFailed",
    "reason",
];

fn id() -> impl Strategy<Value = Value> {
    select(&IDS[..]).prop_map(Value::from)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-5..100_i64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[0-9*#]{0,3}".prop_map(Value::from),
        "[a-z.$ {}()'=!&|<>0-9\\[\\]\"+-]{0,30}".prop_map(Value::from),
        select(vec![
            "hour > 9",
            "${tags.x} == 'y'",
            "campaign",
            "round-robin",
            "wav",
            "busy",
            "say:x",
            "https://e.example/x"
        ])
        .prop_map(Value::from),
        id(),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![4 => id(), 6 => scalar()].prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((select(vec!["digits", "target", "id", "weight", "x"]), inner), 0..4).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            )),
        ]
    })
}

prop_compose! {
    fn node()(id in id(), kind in select(&KINDS[..]), next in option::of(id()),
              fields in vec((select(&FIELDS[..]), anything()), 0..8)) -> Value {
        let mut map: Map<String, Value> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        map.insert("id".into(), id);
        map.insert("type".into(), kind.into());
        if let Some(next) = next {
            map.insert("next".into(), next);
        }
        Value::Object(map)
    }
}

fn document() -> impl Strategy<Value = Value> {
    (id(), vec(prop_oneof![9 => node().boxed(), 1 => anything().boxed()], 0..6)).prop_map(|(target, nodes)| {
        json!({ "id": "f", "name": "F", "version": "1", "entry": { "id": "entry", "target": target }, "nodes": nodes })
    })
}

fn survives(document: &Document) -> Result<(), TestCaseError> {
    let _ = check(document);
    let again = parse_json(document.to_json().as_bytes());
    prop_assert_eq!(again.as_ref(), Ok(document));
    let again = parse_yaml(document.to_yaml().as_bytes());
    prop_assert_eq!(again.as_ref(), Ok(document), "{}", document.to_yaml());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..400)) {
        let _ = parse_json(&bytes);
        let _ = parse_yaml(&bytes);
    }

    #[test]
    fn any_text(text in "[-\\[\\]{}:,&*!|>'\"%@` \na-c0-9#~?]{0,200}") {
        let _ = parse_yaml(text.as_bytes());
    }

    #[test]
    fn any_value(value in anything()) {
        let _ = parse_value(&value);
    }

    #[test]
    fn any_nodes(value in document()) {
        if let Ok(document) = parse_value(&value) {
            survives(&document)?;
        }
    }

    #[test]
    fn any_text_in_a_sound_document(text in "\\PC{1,40}", key in "[ -~]{1,12}", number in any::<f64>()) {
        let value = json!({
            "id": "f", "name": "F", "version": "1", "description": text, "entry": { "id": "entry", "target": "a" },
            "metadata": { key.clone(): text, "number": number },
            "nodes": [{ "id": "a", "type": "tag", "tags": { key: text } }],
        });
        if let Ok(document) = parse_value(&value) {
            survives(&document)?;
        }
    }

    #[test]
    fn any_expression(text in "[a-c.$ {}()'=!&|<>0-9?:,\\[\\]\"+*/%-]{1,60}") {
        let value = json!({
            "id": "f", "name": "F", "version": "1", "entry": { "id": "entry", "target": "a" },
            "nodes": [{ "id": "a", "type": "if", "condition": text, "then": "b" }, { "id": "b", "type": "hangup" }],
        });
        let Ok(document) = parse_value(&value) else { return Ok(()) };
        if let Ok(program) = check(&document) {
            let mut run = flow::Run::new(std::sync::Arc::new(program), flow::Facts::default());
            run.resume(domain::Timestamp::from_secs(0), flow::FlowEvent::Started);
            prop_assert!(run.is_over());
        }
    }
}
