//! The scenario files fit each other: callers and buyers of SIPp without a platform between them.
#![expect(clippy::unwrap_used, reason = "a phone that does not start ends the test")]

use std::time::Duration;

use interop::sipp::Sipp;

const TALKS: Duration = Duration::from_millis(1_200);

fn pair(caller: &'static str, buyer: &'static str) {
    let buyers = Sipp { calls: 2, at_once: 2, rate: 2, ..Sipp::one(buyer, "any", 12_005_550_100, TALKS) };
    let waiting = buyers.start(None).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let callers = Sipp { calls: 2, at_once: 2, rate: 2, ..Sipp::one(caller, "any", 12_005_550_200, TALKS) };
    let counts = callers.call(&format!("127.0.0.1:{}", waiting.port)).unwrap();
    assert_eq!((counts.succeeded, counts.out_of_call), (2, 0), "{counts:?}");
    waiting.finish(2).unwrap();
}

#[test]
fn a_caller_talks_to_a_buyer() {
    pair("caller_talks", "buyer_answers");
}

#[test]
fn a_caller_presses_1_by_info() {
    pair("caller_presses_1_info", "buyer_answers");
}

#[test]
fn a_caller_presses_1_by_telephone_event() {
    pair("caller_presses_1_rfc4733", "buyer_answers");
}

#[test]
fn a_buyer_hangs_up() {
    pair("caller_is_hung_up_on", "buyer_hangs_up");
}

#[test]
fn a_caller_gives_up() {
    pair("caller_cancels", "buyer_never_answers");
}

#[test]
fn a_caller_is_refused() {
    pair("caller_is_turned_away", "buyer_fails");
    pair("caller_is_turned_away", "buyer_is_busy");
}

#[test]
fn a_caller_is_answered_and_hung_up_on() {
    pair("caller_is_turned_away", "buyer_hangs_up");
}

#[test]
fn a_pair_that_does_not_fit_fails() {
    let buyers = Sipp::one("buyer_is_busy", "any", 12_005_550_100, TALKS);
    let waiting = buyers.start(None).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let callers = Sipp { patience: Duration::from_secs(4), ..Sipp::one("caller_talks", "any", 12_005_550_200, TALKS) };
    let error = callers.call(&format!("127.0.0.1:{}", waiting.port));
    assert!(error.unwrap_err().to_string().contains("caller_talks ended"));
}
