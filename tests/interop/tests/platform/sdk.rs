//! The TypeScript SDK against the platform, from Node.js as a program of somebody's.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use interop::platform::Platform;
use serde_json::{Value, json};

use crate::{SECOND, callers, one};

pub fn first_steps(platform: &mut Platform) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dist = tempfile::tempdir()?;
    let compiler = root.join("web/node_modules/.bin/tsc");
    let project = root.join("sdk/typescript");
    let built = Command::new(compiler).arg("-p").arg(&project).arg("--outDir").arg(dist.path()).output()?;
    ensure!(built.status.success(), "the SDK does not compile: {}", String::from_utf8_lossy(&built.stdout));
    // Node.js takes for modules what lies beside a package that says so.
    fs::write(dist.path().join("package.json"), r#"{"type":"module"}"#)?;

    let number = format!("+1646{:07}", callers(1) % 10_000_000);
    let mut child = Command::new("node")
        .arg(root.join("tests/interop/sdk/first_steps.mjs"))
        .arg(dist.path())
        .arg(&number)
        .env("HOPWHISTLE_API_URL", &platform.demo.api_url)
        .env("HOPWHISTLE_API_KEY", &platform.demo.api_key)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("a program without output")?).lines();
    let mut told = |what: &str| -> anyhow::Result<Value> {
        let line = lines.next().with_context(|| format!("it ended before it told of {what}"))??;
        let told: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
        ensure!(told["what"] == what, "{line} in place of {what}");
        Ok(told)
    };
    let publishers = told("publishers")?;
    ensure!(publishers["ordered"] == true && publishers["count"].as_u64() > Some(1), "{publishers}");
    let made = told("made")?;
    ensure!(made == json!({"what": "made", "once": true, "number": number, "campaign": true}), "{made}");
    let refused = told("refused")?;
    ensure!(refused["isApiError"] == true && refused["status"] == 422 && refused["fault"].is_string(), "{refused}");
    told("listening")?;
    let call = one(platform, "caller_talks", "direct", SECOND * 6)?;
    let ended = told("ended")?;
    ensure!(ended["callId"] == call["id"], "{ended} is not {}", call["id"]);
    let outcome = child.wait()?;
    ensure!(outcome.success(), "it ended with {outcome}");
    Ok(())
}
