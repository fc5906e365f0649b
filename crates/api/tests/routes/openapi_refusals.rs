//! The codes of refusals: the document tells every one the routes have, and none besides.

use std::{collections::BTreeSet, path::Path};

use crate::openapi::document;

/// Texts that are written as codes are, and are none.
const NO_CODES: &[(&str, &str)] = &[("CARGO_PKG_VERSION", "an environment variable of the build")];

fn is_code(text: &str) -> bool {
    text.len() > 2
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|character| character.is_ascii_uppercase() || matches!(character, '_' | '0'..='9'))
}

/// Codes in a source: texts of several words, and whatever follows a status.
fn codes_in(source: &str, codes: &mut BTreeSet<String>) {
    let source = source.split("#[cfg(test)]").next().unwrap_or(source);
    let lines =
        source.lines().filter(|line| !line.trim_start().starts_with("//") && !line.trim_start().starts_with("#["));
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut parts = text.split('"');
    let mut before = parts.next().unwrap_or("");
    while let (Some(quoted), Some(after)) = (parts.next(), parts.next()) {
        let follows_status = before.trim_end().strip_suffix(',').is_some_and(|before| {
            before.rsplit("StatusCode::").next().is_some_and(|status| status.len() < before.len() && is_code(status))
        });
        if is_code(quoted) && (quoted.contains('_') || follows_status) {
            codes.insert(quoted.to_owned());
        }
        before = after;
    }
}

fn read(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "examples" {
            read(&path, codes);
        } else if name.ends_with(".rs") && name != "refusals.rs" {
            codes_in(&std::fs::read_to_string(&path).unwrap(), codes);
        }
    }
}

#[test]
fn the_document_tells_every_code_and_no_other() {
    let mut written = BTreeSet::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut written);
    for (text, _) in NO_CODES {
        assert!(written.remove(*text), "{text} is not there any more");
    }
    let told = document()["components"]["schemas"]["ErrorBody"]["properties"]["code"]["description"].as_str().unwrap();
    let told: BTreeSet<String> =
        told.split('`').skip(1).step_by(2).filter(|text| is_code(text)).map(ToOwned::to_owned).collect();
    assert!(written.len() > 40, "{written:?}");
    let (untold, vain): (Vec<_>, Vec<_>) = (written.difference(&told).collect(), told.difference(&written).collect());
    assert!(
        untold.is_empty() && vain.is_empty(),
        "MEANINGS of crates/api/src/refusals.rs lacks {untold:?}, and has {vain:?}, which no route answers"
    );
}

#[test]
fn a_code_is_found_wherever_it_is_written() {
    let mut found = BTreeSet::new();
    codes_in(
        "// \"NOT_ONE\"\nnew(StatusCode::CONFLICT, \"TAKEN\", \"of MANY\");\nSelf { code: \"NO_ROOM\", kind: \"ACTIVE\" }\n\
         #[cfg(test)]\n\"NOT_HERE\"",
        &mut found,
    );
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["NO_ROOM", "TAKEN"]);
}
