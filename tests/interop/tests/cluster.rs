//! The roles as processes of their own: two switches, two workers and three of the API on one PostgreSQL and one Redis.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use domain::Seed;
use interop::api::{Api, is_settled};
use interop::cluster::Cluster;
use interop::expect::Finished;
use interop::platform::POSTGRES;
use interop::sipp::Sipp;
use libtest_mimic::{Arguments, Trial};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, connect};

const SECOND: Duration = Duration::from_secs(1);
/// A buyer of the demo pays for calls of five seconds.
const PAYS_AFTER_SECS: u64 = 5;
/// Processes killed, one after another.
const KILLS: usize = 8;
/// A switch that was killed is taken for dead after ten seconds; its calls are closed and settled soon after.
const CLOSES_WITHIN: Duration = Duration::from_secs(60);

type Scenario = fn(&mut Cluster) -> anyhow::Result<()>;

const SCENARIOS: [(&str, Scenario); 5] = [
    ("what_is_counted_or_used_once_is_so_at_all_api_processes_together", counted_together),
    ("who_is_connected_is_known_at_every_api_process_and_forgotten_with_a_killed_one", connected_anywhere),
    ("a_call_is_ended_at_every_api_process", ended_anywhere),
    ("a_call_is_placed_once_by_every_api_process", placed_once),
    ("processes_killed_at_random_lose_no_call_no_cent_and_no_cap", killed_at_random),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    // Only their names are asked for: none of these is run, and nothing is started for them.
    if arguments.list {
        return libtest_mimic::run(&arguments, SCENARIOS.map(|(name, _)| Trial::test(name, || Ok(()))).into())
            .exit_code();
    }
    if env::var_os(POSTGRES).is_none() {
        return with_postgres();
    }
    let cluster = match Cluster::start() {
        Ok(cluster) => std::sync::Arc::new(Mutex::new(cluster)),
        Err(error) => {
            eprintln!("no cluster to test: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let trials = SCENARIOS.map(|(name, scenario)| {
        let cluster = cluster.clone();
        Trial::test(name, move || {
            let mut cluster = cluster.lock().unwrap_or_else(PoisonError::into_inner);
            scenario(&mut cluster).map_err(|error| format!("{error:#}").into())
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.into());
    drop(cluster);
    conclusion.exit_code()
}

/// Runs this once more, with a PostgreSQL server of its own.
fn with_postgres() -> ExitCode {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/with-postgres");
    let error = env::current_exe().map(|test| Command::new(script).arg(test).args(env::args().skip(1)).exec());
    eprintln!("scripts/with-postgres: {error:?}");
    ExitCode::FAILURE
}

/// Whichever process is asked, the switch that holds the call is told.
fn ended_anywhere(cluster: &mut Cluster) -> anyhow::Result<()> {
    let number = cluster.demo.number("fast")?.to_owned();
    for (place, api) in cluster.apis.iter().enumerate() {
        let caller = 12_005_700_001 + place as u64;
        let running =
            Sipp::one("caller_is_hung_up_on", &number, caller, SECOND * 60).start(Some(cluster.demo.sip_host()))?;
        let caller = format!("+{caller}");
        api.answered_call(&caller)?;
        let calls = api.calls_from(&caller)?;
        let id = calls.first().and_then(|call| call["id"].as_str()).context("no call")?.to_owned();
        let (status, body) = api.send("POST", &format!("/api/v1/calls/{id}/hangup"), "{}")?;
        ensure!(status == 202, "api-{}: {status} {body}", place + 1);
        running.finish(1)?;
        let detail = api.settled_call(&caller)?;
        Finished { detail: &detail }.sound()?;
        Finished { detail: &detail }.ended_by("operator")?;
    }
    Ok(())
}

/// Sign-ins that fail at several processes wait together, and a ticket used at one is no good at another.
fn counted_together(cluster: &mut Cluster) -> anyhow::Result<()> {
    let guess = r#"{"email": "nobody@example.com", "password": "a wrong password"}"#;
    for (tried, api) in cluster.apis.iter().cycle().take(8).enumerate() {
        let (status, body) = api.send("POST", "/auth/login", guess)?;
        ensure!(status == if tried < 5 { 401 } else { 429 }, "try {tried}: {status} {body}");
    }
    for (place, api) in cluster.apis.iter().enumerate() {
        let (status, body) = api.send("POST", "/auth/ws-ticket", "")?;
        let ticket = body["ticket"].as_str().with_context(|| format!("{status} {body}"))?;
        let first = |api: &Api| -> anyhow::Result<Message> { Ok(connect(api.events_url(ticket))?.0.read()?) };
        for (used, other) in cluster.apis.iter().cycle().skip(place + 1).take(3).enumerate() {
            let is_let_in = first(other)?.is_text();
            ensure!(is_let_in == (used == 0), "api-{}'s ticket, used {used} times, is good: {is_let_in}", place + 1);
        }
    }
    Ok(())
}

/// Somebody connects to the first process; the others see so, and that it is over once that process was killed.
fn connected_anywhere(cluster: &mut Cluster) -> anyhow::Result<()> {
    let (first, other) = (cluster.apis[0].clone(), cluster.apis[1].clone());
    let send = |api: &Api, path: &str, body: Value| -> anyhow::Result<Value> {
        let (status, answer) = api.send("POST", path, &body.to_string())?;
        ensure!((200..300).contains(&status), "{path}: {status} {answer}");
        Ok(answer)
    };
    let (email, password) = (cluster.demo.email.clone(), cluster.demo.password.clone());
    let session = send(&first, "/auth/login", json!({ "email": email, "password": password }))?;
    let person = first.signed_in(session["token"].as_str().with_context(|| format!("no session: {session}"))?);
    let user = person.get("/api/v1/users/me")?["id"].clone();
    let agent = json!({ "name": "Ivy", "destination": "sip:ivy@127.0.0.1:5999", "userId": user });
    let agent = send(&first, "/api/v1/agents", agent)?["id"].as_str().context("no id")?.to_owned();
    let shows = |count: u64, within: u32| -> anyhow::Result<()> {
        let mut presence = Value::Null;
        for _ in 0..within * 5 {
            presence = other.get(&format!("/api/v1/agents/{agent}"))?["presence"].clone();
            if presence["connections"] == count {
                return Ok(());
            }
            sleep(SECOND / 5);
        }
        anyhow::bail!("{presence} after {within} s, not {count} connections")
    };
    shows(0, 1)?;
    let ticket = send(&person, "/auth/ws-ticket", json!({}))?["ticket"].as_str().context("no ticket")?.to_owned();
    let mut socket = connect(first.events_url(&ticket))?.0;
    ensure!(socket.read()?.is_text(), "not let in");
    shows(1, 5)?;
    // What a process says lasts for 15 seconds: it goes on saying so.
    sleep(SECOND * 17);
    shows(1, 1)?;
    let place = cluster.members.iter().position(|member| member.name == "api-1").context("no api-1")?;
    cluster.kill(place)?;
    shows(0, 20)?;
    cluster.ready(place)
}

/// Whichever process is asked, one switch calls, once.
fn placed_once(cluster: &mut Cluster) -> anyhow::Result<()> {
    let person = Sipp { calls: 6, at_once: 6, ..Sipp::one("buyer_is_busy", "person", 12_125_550_147, SECOND) };
    let person = person.start(None)?;
    let first = cluster.apis.first().context("no API")?;
    let send = |api: &Api, method: &str, path: &str, body: &Value| -> anyhow::Result<Value> {
        let (status, answer) = api.send(method, path, &body.to_string())?;
        ensure!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        Ok(answer)
    };
    let rules = json!({ "outbound": { "dnc": true, "consent": false, "callingHours": false } });
    send(first, "PUT", "/api/v1/compliance/policies/default", &rules)?;
    let carrier = first.get("/api/v1/carriers")?["data"][0]["id"].clone();
    let trunk = json!({
        "carrierId": carrier, "name": "Out", "host": "127.0.0.1", "port": person.port, "outbound": { "priority": 1 },
    });
    send(first, "POST", "/api/v1/trunks", &trunk)?;
    let number = cluster.demo.number("fast")?.to_owned();
    let numbers = first.get("/api/v1/numbers?limit=100")?;
    let number = numbers["data"].as_array().and_then(|rows| rows.iter().find(|row| row["number"] == number.as_str()));
    let number = number.with_context(|| format!("no number in {numbers}"))?["id"].clone();
    sleep(SECOND * 2);
    let mut switches = std::collections::BTreeSet::new();
    for round in 0..6 {
        let api = cluster.apis.get(round % cluster.apis.len()).context("no API")?;
        let order = json!({ "toNumber": "+12125550147", "fromNumberId": number });
        let id = send(api, "POST", "/api/v1/calls", &order)?["id"].as_str().context("no id")?.to_owned();
        let mut call = Value::Null;
        for _ in 0..50 {
            // Every process knows it at once.
            let other = cluster.apis.get((round + 1) % cluster.apis.len()).context("no API")?;
            call = other.get(&format!("/api/v1/calls/{id}"))?;
            if !call["endedAt"].is_null() {
                break;
            }
            sleep(SECOND / 10);
        }
        let finished = Finished { detail: &call };
        finished.sound()?;
        finished.ended("BUSY", &["busy"])?;
        finished.legs(&["BUSY"])?;
        switches.insert(call["timeline"][0]["data"]["switchId"].to_string());
    }
    // Six INVITEs, and not one more.
    let counts = person.finish(6)?;
    ensure!(counts.out_of_call == 0, "{counts:?}");
    ensure!(switches.len() == 2, "the switches take turns: {switches:?}");
    Ok(())
}

fn killed_at_random(cluster: &mut Cluster) -> anyhow::Result<()> {
    let chosen = env::var("INTEROP_SEED").ok().and_then(|seed| seed.parse().ok());
    let number = chosen.unwrap_or_else(|| u64::from(std::process::id()));
    eprintln!("processes are killed by seed {number}");
    let mut seed = Seed::from_number(number);
    let host = cluster.demo.sip_host().to_owned();
    let block = 12_005_710_000;
    let many = |number: &str, first_caller, calls, rate, seconds| Sipp {
        calls,
        at_once: calls,
        rate,
        ..Sipp::one("caller_talks", number, first_caller, SECOND * seconds)
    };
    let (fast, cap) = (cluster.demo.number("fast")?.to_owned(), cluster.demo.number("cap")?.to_owned());
    let calls = many(&fast, block, 200, 8, 7).start(Some(&host))?;
    // Its only buyer takes one call at once.
    let capped = many(&cap, block + 1_000, 100, 4, 3).start(Some(&host))?;
    // Of those that may die: everything but the demo's buyers and the edge, whose dialogs' routes nobody else knows.
    let mortal: Vec<usize> = (2..cluster.members.len()).collect();
    for _ in 0..KILLS {
        sleep(SECOND * 2);
        let place = usize::try_from(seed.below(mortal.len() as u64))?;
        let place = *mortal.get(place).context("nobody to kill")?;
        eprintln!("killed: {}", cluster.members[place].name);
        cluster.kill(place)?;
        cluster.ready(place)?;
    }
    // Those whose switch was killed fail for SIPp; what became of each is what the platform says.
    for (running, made) in [(calls, 200), (capped, 100)] {
        if let Err(error) = running.finish(made) {
            eprintln!("{}", error.to_string().lines().next().unwrap_or_default());
        }
    }

    let listed = settled(cluster, "+1200571")?;
    ensure!(listed.len() >= 150, "only {} calls came through", listed.len());
    let mut by_cause = std::collections::BTreeMap::<String, usize>::new();
    let mut held = Vec::new();
    for (at, row) in listed.iter().enumerate() {
        // Every process tells the same.
        let api = cluster.apis.get(at % cluster.apis.len()).context("no API")?;
        let detail = api.detail(row)?;
        let call = Finished { detail: &detail };
        *by_cause.entry(detail["endReason"].to_string()).or_default() += 1;
        whole(&call).map_err(|error| {
            error.context(format!("call {} of {}: {}", row["id"], row["fromNumber"], call.ladder()))
        })?;
        if detail["toNumber"] == cap.as_str() && !detail["connectedAt"].is_null() {
            let text = |name: &str| detail[name].as_str().unwrap_or_default().to_owned();
            held.push((text("connectedAt"), text("endedAt")));
        }
    }
    eprintln!("{} calls: {by_cause:?}", listed.len());
    held.sort();
    ensure!(held.len() > 1, "the buyer with a cap took {} calls", held.len());
    for pair in held.windows(2) {
        ensure!(pair[0].1 <= pair[1].0, "the buyer with a cap of one held two calls at once: {pair:?}");
    }
    Ok(())
}

/// All calls from these callers, once each is over and settled.
fn settled(cluster: &Cluster, callers: &str) -> anyhow::Result<Vec<Value>> {
    let api = cluster.apis.first().context("no API")?;
    let mut waited = Duration::ZERO;
    loop {
        let calls = api.calls_from(callers)?;
        let open: Vec<&Value> = calls.iter().filter(|call| !is_settled(call)).collect();
        if open.is_empty() {
            return Ok(calls);
        }
        ensure!(
            waited < CLOSES_WITHIN,
            "{} calls are open or not settled: {}\n{}",
            open.len(),
            open[0],
            cluster.log("worker-1")
        );
        sleep(SECOND);
        waited += SECOND;
    }
}

/// Its log is whole, and it was billed once for what it was.
fn whole(call: &Finished<'_>) -> anyhow::Result<()> {
    call.sound()?;
    if call.detail["connectedAt"].is_null() {
        return call.not_sold();
    }
    call.sold()?;
    let connected = call.detail["connectedDuration"].as_u64().context("a call without its length")?;
    call.billed(connected >= PAYS_AFTER_SECS)
}
