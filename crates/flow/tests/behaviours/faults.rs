//! What is wrong with a document, and how it is told.

use flow::{check, parse_json, parse_yaml};

use crate::script::{document_of, told};

const END: &str = r#"{"id":"end","type":"hangup"}"#;

/// Faults of form or meaning of a document around these nodes.
fn faults(nodes: &str) -> Vec<String> {
    let result = document_of("a", nodes).and_then(|document| check(&document).map(|_| ()));
    told(&result.err().unwrap_or_default())
}

#[test]
fn each_fault_names_node_field_and_remedy() {
    let buyer = r#"{"id":"a","type":"buyer","buyers":[{"id":"p"}],"#;
    let table: &[(&str, &str)] = &[
        // References
        (
            r#"{"id":"a","type":"tag","tags":{"x":1},"next":"gone"}"#,
            r#"node "a", next: leads to "gone", and there is no such node; add it or lead elsewhere. [unknown-node]"#,
        ),
        (
            r#"{"id":"a","type":"ivr","prompt":"p","choices":[{"digits":"1","target":"gone"}],"default":"end"},{"id":"end","type":"hangup"}"#,
            r#"node "a", choices[0].target: leads to "gone", and there is no such node; add it or lead elsewhere. [unknown-node]"#,
        ),
        (
            r#"{"id":"a","type":"fallback","targets":["gone"]}"#,
            r#"node "a", targets[0]: leads to "gone", and there is no such node; add it or lead elsewhere. [unknown-node]"#,
        ),
        (
            r#"{"id":"b","type":"hangup"}"#,
            r#"entry.target: leads to "a", and there is no such node; add it or lead elsewhere. [unknown-node]"#,
        ),
        (
            r#"{"id":"a","type":"hangup"},{"id":"a","type":"hangup"}"#,
            r#"node "a", id: "a" names more than one node; give each its own id. [duplicate]"#,
        ),
        // The flow as a whole
        (
            r#"{"id":"a","type":"hangup"},{"id":"b","type":"hangup"}"#,
            r#"node "b", id: is not reached from the entry; lead an edge to it or remove it. [unreachable]"#,
        ),
        (
            r#"{"id":"a","type":"timeout","duration":1,"next":"a"}"#,
            r#"nodes: never ends: no hangup node is reached and no node is without a next; add a hangup. [no-end]"#,
        ),
        // Contents
        (
            r#"{"id":"a","type":"ivr","prompt":"p","choices":[],"default":"end"},{"id":"end","type":"hangup"}"#,
            r#"node "a", choices: is empty; add a choice. [empty]"#,
        ),
        (
            r#"{"id":"a","type":"ivr","prompt":"p","choices":[{"digits":"1","target":"end"}]},{"id":"end","type":"hangup"}"#,
            r#"node "a", default: is missing, and so is next: a caller who presses something else or nothing would be stuck; add one. [missing]"#,
        ),
        (
            r#"{"id":"a","type":"ivr","prompt":"p","choices":[{"digits":"1","target":"end"},{"digits":"1","target":"end"}],"default":"end"},{"id":"end","type":"hangup"}"#,
            r#"node "a", choices[1].digits: "1" is a choice already; give each its own digits. [duplicate]"#,
        ),
        (
            r#"{"id":"a","type":"ivr","prompt":"p","choices":[{"digits":"x","target":"end"}],"default":"end"},{"id":"end","type":"hangup"}"#,
            r#"node "a", choices[0].digits: must be 1 to 64 of 0-9, *, #, A-D, not "x". [digits]"#,
        ),
        (
            r##"{"id":"a","type":"ivr","prompt":"p","finishOnKey":"#","choices":[{"digits":"1#","target":"end"}],"default":"end"},{"id":"end","type":"hangup"}"##,
            r#"node "a", choices[0].digits: contains the key of finishOnKey, which is never part of the input; change one of them. [conflict]"#,
        ),
        (
            r#"{"id":"a","type":"ivr","prompt":"p","maxDigits":1,"choices":[{"digits":"12","target":"end"}],"default":"end"},{"id":"end","type":"hangup"}"#,
            r#"node "a", choices[0].digits: is longer than maxDigits and cannot be reached; raise maxDigits. [conflict]"#,
        ),
        (
            r#"{"id":"a","type":"ivr","prompt":"http://x.example/p.wav","choices":[{"digits":"1","target":"end"}],"default":"end"},{"id":"end","type":"hangup"}"#,
            r#"node "a", prompt: http: is not protected against tampering; use https:. [prompt]"#,
        ),
        (
            r#"{"id":"a","type":"buyer","buyers":[]}"#,
            r#"node "a", buyers: is empty; add a buyer, or set source to campaign. [empty]"#,
        ),
        (
            r#"{"id":"a","type":"buyer"}"#,
            r#"node "a", buyers: is empty; add a buyer, or set source to campaign. [empty]"#,
        ),
        (
            r#"{"id":"a","type":"buyer","source":"campaign","buyers":[{"id":"p"}]}"#,
            r#"node "a", buyers: is not used with source campaign; remove one of them. [conflict]"#,
        ),
        (
            r#"{"id":"a","type":"buyer","buyers":[{"id":"p"},{"id":"p"}]}"#,
            r#"node "a", buyers[1].id: "p" is listed already for this destination; use weight instead. [duplicate]"#,
        ),
        (
            r#"{"id":"a","type":"buyer","buyers":[{"id":"p","destination":"p at example"}]}"#,
            r#"node "a", buyers[0].destination: must be a SIP URI (sip:sales@example.com) or a number (+15551234567); calls leave over UDP and TCP, not TLS. [destination]"#,
        ),
        (r#"{"id":"a","type":"fallback","targets":[]}"#, r#"node "a", targets: is empty; add a node to try. [empty]"#),
        (
            r#"{"id":"a","type":"fallback","targets":["end","end"]},{"id":"end","type":"hangup"}"#,
            r#"node "a", targets[1]: "end" is listed already; a branch is tried once. [duplicate]"#,
        ),
        (r#"{"id":"a","type":"tag","tags":{}}"#, r#"node "a", tags: is empty; add a tag or remove the node. [empty]"#),
        (
            r#"{"id":"a","type":"if","condition":"hour >","then":"end"},{"id":"end","type":"hangup"}"#,
            r#"node "a", condition: is no valid expression"#,
        ),
        (
            r#"{"id":"a","type":"if","condition":"'${hour}' == '9'","then":"end"},{"id":"end","type":"hangup"}"#,
            r#"node "a", condition: has ${...} inside quotes, where it means itself; take it out of '${hour}'. [expression]"#,
        ),
        (
            r#"{"id":"a","type":"whisper","timeout":1,"next":"b"},{"id":"b","type":"queue","queueId":"q"}"#,
            r#"node "a", calleePrompt: is missing, and so is callerPrompt; say what is heard. [missing]"#,
        ),
        (
            r#"{"id":"a","type":"whisper","calleePrompt":"x"}"#,
            r#"node "a", next: is missing; lead to the buyer or queue node whose callee hears this. [missing]"#,
        ),
        (
            r#"{"id":"a","type":"whisper","calleePrompt":"x","next":"end"},{"id":"end","type":"hangup"}"#,
            r#"node "a", next: no buyer or queue node follows, so nobody would hear it; lead to one or remove it. [whisper-unheard]"#,
        ),
        // Form
        (
            r#"{"id":"a","type":"timeout","duration":0}"#,
            r#"node "a", duration: must be more than 0 and at most 86400 seconds, not 0. [range]"#,
        ),
        (
            r#"{"id":"a","type":"timeout","duration":-1}"#,
            r#"node "a", duration: must be more than 0 and at most 86400 seconds, not -1. [range]"#,
        ),
        (
            r#"{"id":"a","type":"timeout","duration":1e300}"#,
            r#"node "a", duration: must be more than 0 and at most 86400 seconds, not 1e+300. [range]"#,
        ),
        (
            r#"{"id":"a","type":"timeout","duration":"5"}"#,
            r#"node "a", duration: must be a number of seconds, not text. [type]"#,
        ),
        (r#"{"id":"a","type":"timeout"}"#, r#"node "a", duration: is missing; add "duration". [missing]"#),
        (
            r#"{"id":"a","type":"queue","queueId":"q","maxSize":0}"#,
            r#"node "a", maxSize: must be a whole number from 1 to 1000000, not 0. [range]"#,
        ),
        (
            r#"{"id":"a","type":"queue","queueId":"q","maxSize":1.5}"#,
            r#"node "a", maxSize: must be a whole number from 1 to 1000000, not 1.5. [range]"#,
        ),
        (
            r#"{"id":"a","type":"buyer","buyers":[{"id":"p","weight":0}]}"#,
            r#"node "a", buyers[0].weight: must be a whole number from 1 to 1000000, not 0. [range]"#,
        ),
        (r#"{"id":"a","type":"buyer","buyers":["p"]}"#, r#"node "a", buyers[0]: must be an object, not text. [type]"#),
        (
            r#"{"id":"a","type":"hangup","reason":"tired"}"#,
            r#"node "a", reason: must be one of normal, busy, rejected, timeout, error, not "tired". [value]"#,
        ),
        (
            r#"{"id":"a","type":"dance"}"#,
            r#"node "a", type: "dance" is no kind of node; use one of entry, ivr, if, queue, buyer, record, tag, whisper, timeout, fallback, hangup. [value]"#,
        ),
        (
            r#"{"id":"a","type":"buyer","buyers":[{"id":"p"}],"onallbusy":"a"}"#,
            r#"node "a", onallbusy: is not a field here; did you mean "onAllBusy"? [unknown-field]"#,
        ),
        (
            r#"{"id":"a","type":"tag","tags":{"x":[1]}}"#,
            r#"node "a", tags.x: must be text, a number, true or false, not a list. [type]"#,
        ),
        (
            r#"{"id":"a","type":"ivr","prompt":"p","choices":[{"digits":1,"target":"end"}],"default":"end"},{"id":"end","type":"hangup"}"#,
            r#"node "a", choices[0].digits: must be text; put it in quotes: "1". [type]"#,
        ),
        (r#"{"type":"hangup"}"#, r#"nodes[0].id: is missing; add "id". [missing]"#),
        (r#"7"#, r#"nodes[0]: must be an object, not a number. [type]"#),
    ];
    for (nodes, expected) in table {
        let told = faults(nodes);
        assert!(
            told.len() == 1 && told[0].starts_with(expected),
            "{nodes}\nwanted {expected}\ngot    {}",
            told.join("\n       ")
        );
    }
    assert!(faults(&format!("{buyer}\"next\":\"end\"}},{END}")).is_empty());
}

#[test]
fn rings_without_a_wait_are_refused_and_others_are_not() {
    let tag = |id: &str, next: &str| format!(r#"{{"id":"{id}","type":"tag","tags":{{"x":1}},"next":"{next}"}}"#);
    let ring = format!("{},{}", tag("a", "b"), tag("b", "a"));
    let told = faults(&ring);
    assert!(
        told.iter().any(|fault| fault
            == r#"node "b", next: leads back to "a" without waiting (a -> b); put an ivr, queue or timeout node between. [cycle-without-wait]"#),
        "{told:?}"
    );
    // Buyers who are all at their caps answer at once.
    let buyers = r#"{"id":"a","type":"buyer","source":"campaign","onAllBusy":"a","onNoBuyers":"end"},{"id":"end","type":"hangup"}"#;
    assert_eq!(faults(buyers).len(), 1);
    for waiting in [
        format!(
            r#"{{"id":"a","type":"if","condition":"hour > 1","then":"b","else":"end"}},{{"id":"b","type":"timeout","duration":1,"next":"a"}},{END}"#
        ),
        format!(
            r#"{{"id":"a","type":"ivr","prompt":"p","choices":[{{"digits":"9","target":"a"}}],"default":"end"}},{END}"#
        ),
        format!(r#"{{"id":"a","type":"queue","queueId":"q","timeout":9,"onTimeout":"a","onFull":"end"}},{END}"#),
    ] {
        assert_eq!(faults(&waiting), Vec::<String>::new(), "{waiting}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let json = r#"{"id":"","name":3,"entry":{"id":"e","type":"start","target":"a"},"extra":1,
        "nodes":[{"id":"a","type":"timeout","duration":-1,"nxt":"b"},{"id":"b","type":"dance"},{"id":"c","type":"ivr"}]}"#;
    let faults = parse_json(json.as_bytes()).unwrap_err();
    let places: Vec<(Option<&str>, &str, &str)> =
        faults.iter().map(|fault| (fault.node.as_deref(), fault.field.as_str(), fault.code)).collect();
    assert_eq!(
        places,
        [
            (None, "id", "empty"),
            (None, "name", "type"),
            (None, "version", "missing"),
            (None, "extra", "unknown-field"),
            (None, "entry.type", "value"),
            (Some("a"), "duration", "range"),
            (Some("a"), "nxt", "unknown-field"),
            (Some("b"), "type", "value"),
            (Some("c"), "choices", "missing"),
            (Some("c"), "prompt", "missing"),
        ]
    );
}

#[test]
fn what_is_no_document_is_told() {
    for (bytes, expected) in [
        (&b"{"[..], "Invalid JSON"),
        (b"", "Invalid JSON"),
        (b"\xff\xfe", "Invalid JSON"),
        (b"[]", "A flow is an object, not a list."),
        (b"null", "A flow is an object, not null."),
    ] {
        let faults = parse_json(bytes).unwrap_err();
        assert!(faults[0].message.starts_with(expected), "{faults:?}");
    }
    for bytes in [&b"a: [1"[..], b"\xff\xfe\x00", b"a: &x 1\nb: *x", b"", b"- 1", b"a: 1\na: 2", b"--- a\n--- b"] {
        assert!(parse_yaml(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn size_and_nesting_are_bounded() {
    let pad = " ".repeat(1024 * 1024);
    assert_eq!(
        parse_json(pad.as_bytes()).unwrap_err()[0].message,
        "Invalid JSON: EOF while parsing a value at line 1 column 1048576"
    );
    let pad = " ".repeat(1024 * 1024 + 1);
    for faults in [parse_json(pad.as_bytes()).unwrap_err(), parse_yaml(pad.as_bytes()).unwrap_err()] {
        assert_eq!(faults[0].code, "too-large");
    }
    for depth in [40, 100, 5_000, 100_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse_json(nested.as_bytes()).is_err());
        assert!(parse_yaml(nested.as_bytes()).is_err());
    }
    let many = format!("[{}1]", "1,".repeat(200_000));
    assert_eq!(parse_json(many.as_bytes()).unwrap_err()[0].code, "too-large");
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n";
    assert_eq!(parse_yaml(bomb.as_bytes()).unwrap_err()[0].code, "syntax");
    let nodes: Vec<String> = (0..1_001).map(|at| format!(r#"{{"id":"n{at}","type":"hangup"}}"#)).collect();
    assert_eq!(
        told(&document_of("n0", &nodes.join(",")).unwrap_err()),
        ["nodes: has 1001 entries; at most 1000. [too-many]"]
    );
    let long = format!(r#"{{"id":"a","type":"hangup","prompt":"{}"}}"#, "x".repeat(4_001));
    assert_eq!(faults(&long), [r#"node "a", prompt: is too long; at most 4000 characters. [too-long]"#]);
}
