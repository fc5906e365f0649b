//! Keeps the layers (ARCHITECTURE.md, "Rooms"): who may depend on whom, and where time, chance and sockets are read.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Layer of each crate. `sim` and `interop` are for development and may use everything below the server.
const LAYERS: [(&str, u8); 19] = [
    ("domain", 0),
    ("sip", 0),
    ("media", 0),
    ("flow", 1),
    ("compliance", 1),
    ("routing", 1),
    ("billing", 1),
    ("edge", 2),
    ("switch", 2),
    ("relay", 2),
    ("phone", 2),
    ("operations", 3),
    ("store", 4),
    ("api", 4),
    ("worker", 4),
    ("providers", 4),
    ("server", 5),
    ("sim", 5),
    ("interop", 5),
];
/// What the layers without a runtime may not use.
const RUNTIMES: [&str; 7] = ["tokio", "sea-orm", "sqlx", "axum", "reqwest", "mio", "socket2"];
/// Lines above which a file has to be split.
const FILE_LINES_MAX: usize = 700;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every crate's normal dependencies (not those of its tests).
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let normal = |package: &Value| {
        let all = package["dependencies"].as_array().cloned().unwrap_or_default();
        all.iter().filter(|one| one["kind"].is_null()).map(|one| text(&one["name"])).collect()
    };
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    packages.iter().map(|package| (text(&package["name"]), normal(package))).collect()
}

/// Where a crate lies.
fn folder_of(name: &str) -> String {
    if name == "interop" { format!("tests/{name}") } else { format!("crates/{name}") }
}

fn layer(name: &str) -> Option<u8> {
    LAYERS.iter().find(|(crate_name, _)| *crate_name == name).map(|(_, layer)| *layer)
}

#[test]
fn crates_depend_on_lower_layers_only() {
    let crates = dependencies();
    assert!(crates.len() > 10, "cargo metadata found the workspace: {crates:?}");
    for (name, uses) in &crates {
        let own = layer(name).unwrap_or_else(|| panic!("{name} has no layer: add it to LAYERS and to ARCHITECTURE.md"));
        for used in uses.iter().filter(|used| crates.contains_key(*used)) {
            let theirs = layer(used).unwrap_or(u8::MAX);
            assert!(theirs < own, "{name} (layer {own}) may not use {used} (layer {theirs})");
        }
    }
    for name in ["api", "worker"] {
        assert!(!crates[name].contains(&"store".to_owned()), "{name} sees operations, never store");
    }
}

#[test]
fn pure_layers_have_no_runtime() {
    for (name, uses) in dependencies() {
        let own = layer(&name).unwrap_or(u8::MAX);
        let banned: &[&str] = if own <= 2 || name == "operations" { &RUNTIMES } else { &[] };
        for used in uses {
            assert!(!banned.contains(&used.as_str()), "{name} (layer {own}) may not use {used}");
        }
    }
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn sources() -> Vec<(String, PathBuf, String)> {
    let mut all = Vec::new();
    for (name, _) in LAYERS {
        let folder = root().join(folder_of(name)).join("src");
        if folder.exists() {
            let mut files = Vec::new();
            rust_files(&folder, &mut files);
            for file in files {
                let text = fs::read_to_string(&file).expect("the source is text");
                all.push((name.to_owned(), file, text));
            }
        }
    }
    all
}

#[test]
fn only_the_server_reads_clocks() {
    for (name, file, text) in sources() {
        if name == "server" && file.ends_with("clock.rs") {
            continue;
        }
        for banned in ["Instant::now(", "SystemTime::now(", "thread_rng(", "rand::random"] {
            assert!(!text.contains(banned), "{} uses {banned}): take time and chance as parameters", file.display());
        }
    }
}

#[test]
fn files_stay_short() {
    for (_, file, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines: split it by state or purpose", file.display());
    }
}

#[test]
fn unsafe_code_says_why() {
    for (_, file, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains("unsafe {") || code.contains("unsafe impl") || code.contains("unsafe fn") {
                let before: Vec<&str> = text.lines().skip(number.saturating_sub(4)).take(4).collect();
                let said = before.iter().any(|line| line.contains("SAFETY:"));
                assert!(said, "{}:{} has unsafe code without a SAFETY comment", file.display(), number + 1);
            }
        }
    }
}

#[test]
fn every_crate_is_in_the_map() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    for name in dependencies().keys() {
        let folder = folder_of(name);
        assert!(map.contains(&folder), "ARCHITECTURE.md does not name {folder}");
    }
}
