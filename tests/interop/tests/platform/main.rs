//! Every scenario against one platform, one after another: the caps, buyers and ports of the demo are shared.

mod agents;
mod attested;
mod away;
mod bad_input;
mod budget;
mod carrier;
mod command_line;
mod crash;
mod first_day;
mod newcomer;
mod outbound;
mod sdk;

use std::env;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use anyhow::ensure;
use interop::baresip::Baresip;
use interop::browser;
use interop::expect::Finished;
use interop::figures::Figures;
use interop::platform::Platform;
use interop::sipp::Sipp;
use interop::sound;
use libtest_mimic::{Arguments, Trial};

const SECOND: Duration = Duration::from_secs(1);

/// Callers' numbers: +1 200 555 and four digits a scenario takes in blocks, so that each finds its own calls.
static NEXT_CALLER: AtomicU64 = AtomicU64::new(12_005_550_001);

type Scenario = fn(&mut Platform) -> anyhow::Result<()>;

/// In the order they run: the cheap ones first.
const SCENARIOS: [(&str, Scenario); 42] = [
    ("a_call_straight_to_a_buyer", straight_to_a_buyer),
    ("ivr_with_dtmf_by_rfc_4733", ivr_rfc4733),
    ("ivr_with_dtmf_by_info", ivr_info),
    ("the_next_buyer_gets_a_call_the_first_one_fails", failover),
    ("what_a_call_claims_of_its_caller_is_kept_with_it", attested::claims),
    ("all_buyers_are_busy", all_busy),
    ("no_buyers", no_buyers),
    ("the_caller_hangs_up_while_it_rings", caller_cancels),
    ("the_buyer_hangs_up", buyer_hangs_up),
    ("a_cap_is_reached_and_freed", cap_reached),
    ("nobody_is_open", nobody_open),
    ("a_carrier_asks_for_a_password", carrier::asks_for_a_password),
    ("the_next_trunk_gets_a_call_a_carrier_does_not_take", carrier::next_trunk),
    ("a_number_in_a_sip_uri_is_screened", carrier::number_in_a_uri),
    ("a_trunk_with_a_wrong_password_says_so", carrier::wrong_password),
    ("a_trunk_never_carries_more_calls_than_it_may", carrier::trunk_limit),
    ("who_is_called_presses_1_and_is_sold", outbound::sold),
    ("who_is_called_is_busy", outbound::busy),
    ("a_call_that_rings_is_hung_up", outbound::given_up),
    ("an_agent_is_on_call_while_it_talks_and_everybody_hears_so_once", agents::on_call),
    ("an_unknown_number_is_refused_with_404", bad_input::unknown_number),
    ("malformed_sip_gets_400_or_is_counted", bad_input::malformed_sip),
    ("an_unknown_trunk_gets_403_and_is_counted", bad_input::unknown_trunk),
    ("the_switch_refuses_calls_without_a_verdict", bad_input::no_verdict),
    ("an_invalid_flow_gets_422_with_every_fault", bad_input::invalid_flow),
    ("wrong_json_gets_a_problem_that_names_the_field", bad_input::wrong_json),
    ("a_file_goes_in_and_lists_come_out_on_the_command_line", command_line::files_and_lists),
    ("calls_are_listed_shown_and_followed_on_the_command_line", command_line::calls),
    ("the_command_line_says_what_went_wrong", command_line::what_goes_wrong),
    ("a_newcomer_sells_a_call_from_the_command_line", newcomer::sells_a_call),
    ("people_are_told_once_of_a_budget_that_calls_use_up", budget::is_told_of),
    ("a_program_with_the_sdk_makes_a_number_and_hears_of_a_call", sdk::first_steps),
    ("baresip_presses_1_and_hears_the_buyer", baresip),
    ("chromium_sees_a_call_live", chromium),
    ("people_sign_in_at_their_tenants_own_provider", single_sign_on),
    ("a_first_day_in_chromium_ends_with_a_sold_call", first_day::from_sign_in_to_a_sold_call),
    ("a_long_recording", long_recording),
    ("two_hundred_calls_at_once_with_media", concurrent),
    ("a_thousand_calls_one_after_another", sequential),
    ("the_database_goes_away_and_comes_back_amid_calls", away::amid_calls),
    ("a_crash_while_it_rings_closes_a_call_of_the_platforms_own", outbound::crashed),
    ("a_crash_amid_a_hundred_calls_loses_no_call_and_no_cent", crash::amid_calls),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    // Only their names are asked for: none of these is run, and nothing is started for them.
    if arguments.list {
        return libtest_mimic::run(&arguments, SCENARIOS.map(|(name, _)| Trial::test(name, || Ok(()))).into())
            .exit_code();
    }
    let platform = match Platform::start() {
        Ok(platform) => Arc::new(Mutex::new(platform)),
        Err(error) => {
            eprintln!("no platform to test: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let trials = SCENARIOS.map(|(name, scenario)| {
        let platform = platform.clone();
        Trial::test(name, move || {
            // One at a time, and a scenario that panicked leaves the platform as it is.
            let mut platform = platform.lock().unwrap_or_else(PoisonError::into_inner);
            scenario(&mut platform).map_err(|error| format!("{error:#}").into())
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.into());
    drop(platform);
    conclusion.exit_code()
}

/// The first of a block of callers' numbers.
fn callers(count: u64) -> u64 {
    NEXT_CALLER.fetch_add(count, Ordering::Relaxed)
}

/// A block of ten thousand numbers of its own, so that one prefix finds exactly these calls.
fn block_of_callers() -> u64 {
    let block = NEXT_CALLER.load(Ordering::Relaxed).div_ceil(10_000) * 10_000;
    NEXT_CALLER.store(block + 10_000, Ordering::Relaxed);
    block
}

fn setting(name: &str, usual: u64) -> u64 {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

/// Makes one call and returns everything about it.
fn one(
    platform: &Platform,
    scenario: &'static str,
    number: &str,
    talks: Duration,
) -> anyhow::Result<serde_json::Value> {
    let caller = callers(1);
    let before = Figures::quiet(&platform.api)?;
    let counts = Sipp::one(scenario, platform.demo.number(number)?, caller, talks).call(platform.demo.sip_host())?;
    ensure!(counts.out_of_call == 0, "messages of no call: {counts:?}");
    let detail = platform.api.settled_call(&format!("+{caller}"))?;
    Figures::settled(&platform.api, &before, 1)?;
    Ok(detail)
}

fn straight_to_a_buyer(platform: &mut Platform) -> anyhow::Result<()> {
    let detail = one(platform, "caller_talks", "direct", SECOND * 6)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.happened(&["call.started", "call.buyers.ranked", "call.leg.started", "call.bridged", "call.ended"])?;
    call.ended("COMPLETED", &["normal"])?;
    call.ended_by("caller")?;
    call.sold()?;
    call.heard_caller_for(6.0)?;
    call.billed(true)?;
    call.recorded(&platform.api, 4.0)
}

fn ivr_rfc4733(platform: &mut Platform) -> anyhow::Result<()> {
    let detail = one(platform, "caller_presses_1_rfc4733", "ivr", SECOND * 5)?;
    ivr(&detail)
}

fn ivr_info(platform: &mut Platform) -> anyhow::Result<()> {
    let detail = one(platform, "caller_presses_1_info", "ivr", SECOND * 6)?;
    ivr(&detail)
}

fn ivr(detail: &serde_json::Value) -> anyhow::Result<()> {
    let call = Finished { detail };
    call.sound()?;
    call.pressed("1")?;
    call.happened(&["call.answered", "call.digit.received", "call.leg.started", "call.bridged", "call.ended"])?;
    call.ended("COMPLETED", &["normal"])?;
    call.sold()
}

fn failover(platform: &mut Platform) -> anyhow::Result<()> {
    let detail = one(platform, "caller_talks", "failover", SECOND * 4)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    // One that fails, one that is busy, one that rings for too long, and one that answers.
    call.legs(&["FAILED", "BUSY", "NO_ANSWER", "COMPLETED"])?;
    let tried = ["call.leg.started", "call.leg.failed"];
    call.happened(&[&tried[..], &tried, &tried, &["call.leg.started", "call.leg.answered", "call.bridged"]].concat())?;
    ensure!(detail["legs"][0]["sipStatus"] == 503, "the first leg: {}", detail["legs"][0]);
    ensure!(detail["legs"][1]["sipStatus"] == 486, "the second leg: {}", detail["legs"][1]);
    call.billed(false)?;
    call.recorded(&platform.api, 3.0)?;
    call.ended("COMPLETED", &["normal"])?;
    call.sold()
}

fn all_busy(platform: &mut Platform) -> anyhow::Result<()> {
    let detail = one(platform, "caller_is_turned_away", "busy", SECOND)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.not_sold()?;
    call.happened(&["call.started", "call.leg.started", "call.leg.failed", "call.ended"])
}

fn no_buyers(platform: &mut Platform) -> anyhow::Result<()> {
    let detail = one(platform, "caller_is_turned_away", "none", SECOND)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.not_sold()?;
    call.legs(&[])
}

fn nobody_open(platform: &mut Platform) -> anyhow::Result<()> {
    let detail = one(platform, "caller_is_turned_away", "closed", SECOND)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.not_sold()?;
    call.legs(&[])?;
    ensure!(detail["routing"].to_string().contains("outside_hours"), "nobody is closed: {}", detail["routing"]);
    Ok(())
}

fn caller_cancels(platform: &mut Platform) -> anyhow::Result<()> {
    let detail = one(platform, "caller_cancels", "ringing", SECOND * 2)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.ended("CANCELLED", &["cancelled"])?;
    call.ended_by("caller")?;
    call.legs(&["CANCELLED"])?;
    call.not_sold()
}

fn buyer_hangs_up(platform: &mut Platform) -> anyhow::Result<()> {
    let detail = one(platform, "caller_is_hung_up_on", "cap", SECOND)?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.ended("COMPLETED", &["normal"])?;
    call.ended_by("callee")?;
    call.sold()
}

/// The number's only buyer takes one call at a time, and ends it after five seconds: a second caller is turned away, a third one after the first hung up
/// gets through, because the lease ended with the call.
fn cap_reached(platform: &mut Platform) -> anyhow::Result<()> {
    let number = platform.demo.number("cap")?;
    let (first, host) = (callers(1), platform.demo.sip_host());
    let running = Sipp::one("caller_is_hung_up_on", number, first, SECOND).start(Some(host))?;
    platform.api.answered_call(&format!("+{first}"))?;
    let second = callers(1);
    Sipp::one("caller_is_turned_away", number, second, SECOND).call(host)?;
    let turned_away = platform.api.settled_call(&format!("+{second}"))?;
    let call = Finished { detail: &turned_away };
    call.sound()?;
    call.not_sold()?;
    let capped = turned_away["routing"].to_string().contains("concurrency_cap");
    ensure!(capped, "no buyer was left out for its cap: {}", turned_away["routing"]);
    running.finish(1)?;
    Finished { detail: &platform.api.settled_call(&format!("+{first}"))? }.sold()?;
    let third = one(platform, "caller_talks", "cap", SECOND * 2)?;
    Finished { detail: &third }.sold()
}

fn baresip(platform: &mut Platform) -> anyhow::Result<()> {
    let caller = callers(1);
    let mut phone = Baresip::start(&format!("+{caller}"))?;
    phone.dial(&format!("sip:{}@{}", platform.demo.number("ivr")?, platform.demo.sip_host()))?;
    sleep(SECOND * 3);
    phone.press('1')?;
    sleep(SECOND * 8);
    let events = phone.events();
    let heard = phone.finish()?;
    ensure!(events.contains("CALL_ESTABLISHED"), "not answered: {events}");
    let buyer = sound::buyer_in(&heard);
    ensure!(buyer.is_some(), "no buyer's tones in {} samples: {events}", heard.len());
    let detail = platform.api.settled_call(&format!("+{caller}"))?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.pressed("1")?;
    call.sold()?;
    call.recorded(&platform.api, 3.0)
}

/// Through the login page of a certified OpenID provider, on the screen.
fn single_sign_on(platform: &mut Platform) -> anyhow::Result<()> {
    // Whoever runs another one decides whether it asks providers without TLS.
    if platform.is_ours() { browser::single_sign_on(&platform.demo) } else { Ok(()) }
}

fn chromium(platform: &mut Platform) -> anyhow::Result<()> {
    let caller = callers(1);
    let watching = browser::watch(&platform.demo, &format!("+{caller}"))?;
    sleep(SECOND * 8);
    Sipp::one("caller_talks", platform.demo.number("direct")?, caller, SECOND * 8).call(platform.demo.sip_host())?;
    watching.finish()
}

fn long_recording(platform: &mut Platform) -> anyhow::Result<()> {
    let seconds = setting("INTEROP_LONG_SECONDS", 15);
    let detail = one(platform, "caller_talks", "direct", Duration::from_secs(seconds))?;
    let call = Finished { detail: &detail };
    call.sound()?;
    call.heard_caller_for(seconds as f64)?;
    call.billed(true)?;
    call.recorded(&platform.api, seconds as f64 - 3.0)
}

fn concurrent(platform: &mut Platform) -> anyhow::Result<()> {
    let calls = usize::try_from(setting("INTEROP_CONCURRENT", 200))?;
    let talks = SECOND * 10;
    let many =
        |first_caller| Sipp { calls, at_once: calls, rate: 50, ..Sipp::one("caller_talks", "", first_caller, talks) };
    all_are_sold(platform, many, calls, |call| call.billed(true).and_then(|()| call.relayed(10.0)))
}

fn sequential(platform: &mut Platform) -> anyhow::Result<()> {
    let calls = usize::try_from(setting("INTEROP_SEQUENTIAL", 1_000))?;
    let many = |first_caller| Sipp {
        calls,
        at_once: 1,
        rate: 100,
        ..Sipp::one("caller_talks", "", first_caller, Duration::from_millis(40))
    };
    all_are_sold(platform, many, calls, |call| call.billed(false))
}

/// Makes many calls to the buyer that answers at once; each has its log, record and charge, and there is none besides.
fn all_are_sold(
    platform: &Platform,
    many: impl FnOnce(u64) -> Sipp,
    calls: usize,
    check: impl Fn(&Finished<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let block = block_of_callers();
    let sipp = Sipp { service: platform.demo.number("fast")?.to_owned(), ..many(block) };
    let before = Figures::quiet(&platform.api)?;
    let counts = sipp.call(platform.demo.sip_host())?;
    ensure!(counts.out_of_call == 0, "messages of no call: {counts:?}");
    Figures::settled(&platform.api, &before, calls)?;
    let listed = platform.api.settled_calls(&format!("+{}", block / 10_000), calls)?;
    for row in &listed {
        let detail = platform.api.detail(row)?;
        let call = Finished { detail: &detail };
        let checked = call.sound().and_then(|()| call.ended("COMPLETED", &["normal"])).and_then(|()| call.sold());
        checked.and_then(|()| check(&call)).map_err(|error| error.context(format!("call {}", row["id"])))?;
    }
    Ok(())
}
