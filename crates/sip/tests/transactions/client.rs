//! Client transactions: RFC 3261 §17.1, RFC 6026, with lost packets and a clock that jumps.

use crate::bench::{Bench, described, hop, own_request, reply, sent_request};
use sip::Method;
use sip::message::Name;
use sip::transaction::{Config, Output, Role, SendError, Transport};
use std::time::Duration;

use Transport::{Tcp, Udp};

#[test]
fn an_invite_nobody_answers_is_sent_seven_times_in_32_seconds() {
    let mut bench = Bench::new(Role::UserAgent);
    bench.send(Method::Invite, Udp);
    assert_eq!(
        bench.run(),
        [
            "500 send INVITE",
            "1500 send INVITE",
            "3500 send INVITE",
            "7500 send INVITE",
            "15500 send INVITE",
            "31500 send INVITE",
            "32000 timeout"
        ]
    );
    assert!(bench.layer.is_empty());
}

#[test]
fn other_requests_settle_at_t2() {
    let mut bench = Bench::new(Role::UserAgent);
    bench.send(Method::Options, Udp);
    let expected: Vec<String> = [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
        .iter()
        .map(|at| format!("{at} send OPTIONS"))
        .chain(["32000 timeout".to_owned()])
        .collect();
    assert_eq!(bench.run(), expected);
}

#[test]
fn nothing_is_repeated_on_a_reliable_transport() {
    for method in [Method::Invite, Method::Options] {
        let mut bench = Bench::new(Role::UserAgent);
        bench.send(method, Tcp);
        assert_eq!(bench.run(), ["32000 timeout"]);
    }
}

#[test]
fn a_provisional_stops_the_invite_and_slows_the_others() {
    let mut bench = Bench::new(Role::UserAgent);
    let (_, request) = bench.send(Method::Invite, Udp);
    assert_eq!(described(&bench.receive(reply(&request, 180, "t"), Udp)), ["response 180"]);
    assert_eq!(bench.run(), Vec::<String>::new(), "how long it rings is the user's business");

    let mut bench = Bench::new(Role::UserAgent);
    let (_, request) = bench.send(Method::Bye, Udp);
    bench.receive(reply(&request, 100, "t"), Udp);
    assert_eq!(bench.run()[..2], ["4000 send BYE", "8000 send BYE"]);
}

#[test]
fn a_failure_is_acknowledged_as_often_as_it_comes() {
    let mut bench = Bench::new(Role::UserAgent);
    let (_, request) = bench.send(Method::Invite, Udp);
    let busy = reply(&request, 486, "t");
    let outputs = bench.receive(busy.clone(), Udp);
    assert_eq!(described(&outputs), ["send ACK", "response 486"]);
    let ack = sent_request(&outputs);
    assert_eq!(ack.top_via().unwrap().branch(), request.top_via().unwrap().branch());
    assert_eq!(ack.to_tag(), Some(&b"t"[..]));
    assert_eq!(ack.cseq().unwrap().number, 1);
    assert_eq!(described(&bench.receive(busy.clone(), Udp)), ["send ACK"], "the user hears of it once");
    assert_eq!(bench.run(), Vec::<String>::new());
    assert_eq!((bench.now - crate::bench::EPOCH).as_secs(), 32, "timer D");
    assert!(bench.layer.is_empty());
    assert_eq!(described(&bench.receive(busy, Udp)), Vec::<String>::new());
    assert_eq!(bench.layer.stats().stray_responses, 1);
}

#[test]
fn on_tcp_a_failure_ends_it_at_once() {
    let mut bench = Bench::new(Role::UserAgent);
    let (_, request) = bench.send(Method::Invite, Tcp);
    assert_eq!(described(&bench.receive(reply(&request, 486, "t"), Tcp)), ["send ACK", "response 486"]);
    assert!(bench.layer.is_empty());
}

#[test]
fn every_2xx_reaches_the_user_for_64_t1() {
    let mut bench = Bench::new(Role::UserAgent);
    let (_, request) = bench.send(Method::Invite, Udp);
    for tag in ["one", "one", "two"] {
        assert_eq!(described(&bench.receive(reply(&request, 200, tag), Udp)), ["response 200"], "{tag}");
    }
    assert_eq!(described(&bench.receive(reply(&request, 486, "three"), Udp)), Vec::<String>::new());
    bench.run();
    assert_eq!((bench.now - crate::bench::EPOCH).as_secs(), 32, "timer M");
}

#[test]
fn other_final_responses_are_absorbed_for_t4() {
    let mut bench = Bench::new(Role::UserAgent);
    let (_, request) = bench.send(Method::Bye, Udp);
    assert_eq!(described(&bench.receive(reply(&request, 200, "t"), Udp)), ["response 200"]);
    assert_eq!(described(&bench.receive(reply(&request, 200, "t"), Udp)), Vec::<String>::new());
    bench.run();
    assert_eq!((bench.now - crate::bench::EPOCH).as_secs(), 5, "timer K");
}

#[test]
fn a_cancel_waits_for_the_first_provisional() {
    let mut bench = Bench::new(Role::UserAgent);
    let (key, request) = bench.send(Method::Invite, Udp);
    bench.layer.cancel(bench.now, key);
    assert_eq!(described(&bench.outputs()), Vec::<String>::new());
    let outputs = bench.receive(reply(&request, 100, "t"), Udp);
    assert_eq!(described(&outputs), ["send CANCEL", "response 100"]);
    let cancel = sent_request(&outputs);
    assert_eq!(cancel.top_via().unwrap().branch(), request.top_via().unwrap().branch());
    assert_eq!(cancel.uri_bytes(), request.uri_bytes());
    assert_eq!(cancel.header(Name::CSeq), Some(&b"1 CANCEL"[..]));
    bench.layer.cancel(bench.now, key);
    assert_eq!(described(&bench.outputs()), Vec::<String>::new(), "once");
    assert_eq!(described(&bench.receive(reply(&cancel, 200, "t"), Udp)), Vec::<String>::new());
    assert_eq!(described(&bench.receive(reply(&request, 487, "t"), Udp)), ["send ACK", "response 487"]);
    bench.run();
    assert!(bench.layer.is_empty());
}

#[test]
fn a_cancel_that_leads_nowhere_ends_in_a_timeout() {
    let mut bench = Bench::new(Role::UserAgent);
    let (key, request) = bench.send(Method::Invite, Udp);
    bench.receive(reply(&request, 180, "t"), Udp);
    bench.layer.cancel(bench.now, key);
    let ladder = bench.run();
    assert_eq!(ladder.last().unwrap(), "32000 timeout");
    assert_eq!(ladder.iter().filter(|line| line.ends_with("timeout")).count(), 1, "not one for the CANCEL too");
    assert!(bench.layer.is_empty());
}

#[test]
fn a_2xx_that_crosses_the_cancel_wins() {
    let mut bench = Bench::new(Role::UserAgent);
    let (key, request) = bench.send(Method::Invite, Udp);
    bench.receive(reply(&request, 180, "t"), Udp);
    bench.layer.cancel(bench.now, key);
    bench.outputs();
    assert_eq!(described(&bench.receive(reply(&request, 200, "t"), Udp)), ["response 200"]);
}

#[test]
fn a_response_must_name_our_branch_our_shard_and_the_method() {
    let mut bench = Bench::new(Role::UserAgent);
    let (_, request) = bench.send(Method::Invite, Udp);
    let good = String::from_utf8(reply(&request, 200, "t").to_vec()).unwrap();
    for bad in [
        good.replace("z9hG4bKhw03", "z9hG4bKhw04"),
        good.replace("z9hG4bKhw03", "z9hG4bKhw03f"),
        good.replace("1 INVITE", "1 BYE"),
    ] {
        assert_ne!(bad, good);
        assert_eq!(described(&bench.receive(bad, Udp)), Vec::<String>::new());
    }
    assert_eq!(bench.layer.stats().stray_responses, 3);
    assert_eq!(described(&bench.receive(good, Udp)), ["response 200"]);
}

#[test]
fn a_broken_transport_ends_what_waits_on_it() {
    let mut bench = Bench::new(Role::UserAgent);
    bench.send(Method::Invite, Tcp);
    bench.send(Method::Options, Tcp);
    bench.send(Method::Options, Udp);
    bench.layer.transport_failed(&hop(Tcp));
    assert_eq!(described(&bench.outputs()), ["transport error", "transport error"]);
    assert_eq!(bench.layer.len().0, 1);
}

#[test]
fn the_table_is_bounded() {
    let mut bench = Bench::with(Config { clients_max: 1, ..Config::new(Role::UserAgent) });
    bench.send(Method::Options, Udp);
    let refused = bench.layer.send_request(bench.now, &own_request(Method::Options), hop(Udp));
    assert_eq!(refused, Err(SendError::Full));
}

#[test]
fn a_late_clock_does_not_cause_a_burst() {
    let mut bench = Bench::new(Role::UserAgent);
    bench.send(Method::Invite, Udp);
    bench.now += Duration::from_secs(10);
    bench.layer.handle_timeout(bench.now);
    assert_eq!(described(&bench.outputs()), ["send INVITE"]);
}

#[test]
fn the_ack_of_a_2xx_has_a_branch_of_its_own() {
    let mut bench = Bench::new(Role::UserAgent);
    let (_, request) = bench.send(Method::Invite, Udp);
    bench.layer.send_ack(&own_request(Method::Ack), hop(Udp)).unwrap();
    let outputs = bench.outputs();
    assert!(matches!(outputs[..], [Output::Send { .. }]));
    assert_ne!(sent_request(&outputs).top_via().unwrap().branch(), request.top_via().unwrap().branch());
}
