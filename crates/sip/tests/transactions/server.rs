//! Server transactions: RFC 3261 §17.2, RFC 6026, RFC 3581, with lost packets and a clock that jumps.

use crate::bench::{Bench, described, peer_request, sent_response};
use sip::Method;
use sip::message::Name;
use sip::transaction::{Config, Destination, Output, Role, Transport};
use std::time::Duration;

use Transport::{Tcp, Udp};

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_slow_user_gets_a_100_sent_after_200_ms() {
    let mut bench = Bench::new(Role::UserAgent);
    let (key, request) = bench.open(Method::Invite, Udp);
    assert_eq!(bench.run(), ["200 send 100"]);
    assert_eq!(described(&bench.receive(request.bytes().clone(), Udp)), ["send 100"], "retransmission");
    assert_eq!(described(&bench.respond(key, &request, 180)), ["send 180"]);
    assert_eq!(described(&bench.receive(request.bytes().clone(), Udp)), ["send 180"]);
}

#[test]
fn with_no_delay_the_100_goes_at_once() {
    let mut config = Config::new(Role::Proxy);
    config.timing.trying = Duration::ZERO;
    let mut bench = Bench::with(config);
    let outputs = bench.receive(peer_request(Method::Invite, "z9hG4bK1").bytes().clone(), Udp);
    assert_eq!(described(&outputs), ["send 100", "request INVITE"]);
}

#[test]
fn a_failure_is_repeated_until_its_ack() {
    let mut bench = Bench::new(Role::UserAgent);
    let (key, request) = bench.open(Method::Invite, Udp);
    bench.respond(key, &request, 486);
    for expected in ["500 send 486", "1500 send 486", "3500 send 486", "7500 send 486", "11500 send 486"] {
        let (at, outputs) = bench.step().unwrap();
        assert_eq!(format!("{at} {}", described(&outputs).join(",")), expected);
    }
    let ack = peer_request(Method::Ack, "z9hG4bKpeer").bytes().clone();
    assert_eq!(described(&bench.receive(ack.clone(), Udp)), none(), "it ends here");
    assert_eq!(described(&bench.receive(ack, Udp)), none());
    assert_eq!(bench.layer.stats().acks_absorbed, 2);
    assert_eq!(bench.run(), none());
    assert!(bench.layer.is_empty(), "timer I");
}

#[test]
fn a_failure_without_an_ack_is_given_up() {
    let mut bench = Bench::new(Role::UserAgent);
    let (key, request) = bench.open(Method::Invite, Tcp);
    bench.respond(key, &request, 486);
    assert_eq!(bench.run(), ["32000 no ack, success false"]);
    assert!(bench.layer.is_empty());
}

#[test]
fn a_user_agent_repeats_its_2xx_until_the_ack() {
    for transport in [Udp, Tcp] {
        let mut bench = Bench::new(Role::UserAgent);
        let (key, request) = bench.open(Method::Invite, transport);
        bench.respond(key, &request, 200);
        assert_eq!(bench.step().unwrap().0, 500);
        assert_eq!(bench.step().unwrap().0, 1500);
        assert_eq!(described(&bench.receive(request.bytes().clone(), transport)), none(), "absorbed");
        let ack = ack_of_2xx("z9hG4bKother");
        let outputs = bench.receive(ack.clone(), transport);
        assert_eq!(described(&outputs), ["ack matched"]);
        assert!(matches!(outputs[0], Output::Ack { key: Some(acked), .. } if acked == key));
        assert_eq!(bench.run(), none(), "no more 2xx");
        assert_eq!(described(&bench.receive(ack, transport)), ["ack alone"]);
    }
}

#[test]
fn the_ack_of_another_dialog_does_not_count() {
    let mut bench = Bench::new(Role::UserAgent);
    let (key, request) = bench.open(Method::Invite, Udp);
    bench.respond(key, &request, 200);
    for (from, to) in [("call-1", "call-2"), ("tag=local", "tag=else"), ("tag=f1", "tag=f2"), ("1 ACK", "2 ACK")] {
        let text = String::from_utf8(ack_of_2xx("z9hG4bKother").to_vec()).unwrap();
        assert!(text.contains(from));
        assert_eq!(described(&bench.receive(text.replace(from, to), Udp)), ["ack alone"]);
    }
    assert_eq!(bench.run().last().unwrap(), "32000 no ack, success true");
}

#[test]
fn a_proxy_leaves_2xx_and_ack_to_the_ends() {
    let mut bench = Bench::new(Role::Proxy);
    let (key, request) = bench.open(Method::Invite, Udp);
    bench.respond(key, &request, 200);
    assert_eq!(described(&bench.respond(key, &request, 200)), ["send 200"], "retransmitted by the far end");
    assert_eq!(described(&bench.receive(ack_of_2xx("z9hG4bKother"), Udp)), ["ack alone"]);
    assert_eq!(bench.run(), none());
    assert_eq!((bench.now - crate::bench::EPOCH).as_secs(), 32, "timer L");
}

#[test]
fn other_requests_are_answered_again_for_64_t1() {
    let mut bench = Bench::new(Role::UserAgent);
    let (key, request) = bench.open(Method::Bye, Udp);
    assert_eq!(described(&bench.receive(request.bytes().clone(), Udp)), none(), "nothing to say yet");
    bench.respond(key, &request, 200);
    assert_eq!(described(&bench.receive(request.bytes().clone(), Udp)), ["send 200"]);
    assert_eq!(bench.run(), none());
    assert_eq!((bench.now - crate::bench::EPOCH).as_secs(), 32, "timer J");
    assert!(bench.layer.is_empty());
    assert!(bench.layer.respond(bench.now, key, &sip_response(&request)).is_err());
}

#[test]
fn a_request_the_user_forgot_does_not_stay() {
    let mut bench = Bench::new(Role::UserAgent);
    bench.open(Method::Options, Udp);
    assert_eq!(bench.run(), none());
    assert!(bench.layer.is_empty());
}

#[test]
fn a_cancel_is_answered_and_told_once() {
    let mut bench = Bench::new(Role::UserAgent);
    let (key, request) = bench.open(Method::Invite, Udp);
    bench.respond(key, &request, 180);
    let cancel = peer_request(Method::Cancel, "z9hG4bKpeer").bytes().clone();
    let outputs = bench.receive(cancel.clone(), Udp);
    assert_eq!(described(&outputs), ["send 200", "cancelled"]);
    assert_eq!(sent_response(&outputs).to_tag(), Some(&b"local"[..]), "the tag of the 180");
    assert_eq!(described(&bench.receive(cancel.clone(), Udp)), ["send 200"]);
    assert_eq!(described(&bench.respond(key, &request, 487)), ["send 487"]);
    assert_eq!(described(&bench.receive(cancel, Udp)), ["send 200"], "too late, but it was found");
}

#[test]
fn a_cancel_after_the_2xx_changes_nothing() {
    let mut bench = Bench::new(Role::UserAgent);
    let (key, request) = bench.open(Method::Invite, Udp);
    bench.respond(key, &request, 200);
    let cancel = peer_request(Method::Cancel, "z9hG4bKpeer").bytes().clone();
    assert_eq!(described(&bench.receive(cancel, Udp)), ["send 200"]);
}

#[test]
fn a_cancel_of_nothing_is_answered_481() {
    let mut bench = Bench::new(Role::UserAgent);
    let outputs = bench.receive(peer_request(Method::Cancel, "z9hG4bKx").bytes().clone(), Udp);
    assert_eq!(described(&outputs), ["send 481"]);
    assert!(bench.layer.is_empty(), "without state");
}

#[test]
fn a_full_table_answers_503_without_state() {
    let mut bench = Bench::with(Config { servers_max: 1, ..Config::new(Role::UserAgent) });
    bench.open(Method::Options, Udp);
    let outputs = bench.receive(peer_request(Method::Invite, "z9hG4bK2").bytes().clone(), Udp);
    assert_eq!(described(&outputs), ["send 503"]);
    assert_eq!(sent_response(&outputs).header(Name::RetryAfter), Some(&b"5"[..]));
    assert_eq!(bench.layer.stats().overloaded, 1);
}

#[test]
fn the_via_says_where_the_request_came_from() {
    let source = Destination::udp("192.0.2.1:5060".parse().unwrap(), "203.0.113.5:33000".parse().unwrap());
    for (via, force, expected, reply_port) in [
        (
            "SIP/2.0/UDP 10.0.0.1:5066;rport;branch=z9hG4bK1",
            false,
            "SIP/2.0/UDP 10.0.0.1:5066;branch=z9hG4bK1;received=203.0.113.5;rport=33000",
            33000,
        ),
        (
            "SIP/2.0/UDP 10.0.0.1:5066;branch=z9hG4bK1",
            false,
            "SIP/2.0/UDP 10.0.0.1:5066;branch=z9hG4bK1;received=203.0.113.5",
            5066,
        ),
        (
            "SIP/2.0/UDP 10.0.0.1:5066;branch=z9hG4bK1",
            true,
            "SIP/2.0/UDP 10.0.0.1:5066;branch=z9hG4bK1;received=203.0.113.5;rport=33000",
            33000,
        ),
        ("SIP/2.0/UDP 203.0.113.5;branch=z9hG4bK1", false, "SIP/2.0/UDP 203.0.113.5;branch=z9hG4bK1", 5060),
        (
            "SIP/2.0/UDP 203.0.113.5:33000;branch=z9hG4bK1;received=1.2.3.4;rport=9",
            false,
            "SIP/2.0/UDP 203.0.113.5:33000;branch=z9hG4bK1;received=203.0.113.5;rport=33000",
            33000,
        ),
        (
            "SIP/2.0/UDP host.example;maddr=1.2.3.4;branch=z9hG4bK1",
            false,
            "SIP/2.0/UDP host.example;maddr=1.2.3.4;branch=z9hG4bK1;received=203.0.113.5",
            5060,
        ),
    ] {
        let mut bench = Bench::with(Config { force_rport: force, ..Config::new(Role::UserAgent) });
        let text = String::from_utf8(peer_request(Method::Options, "X").bytes().to_vec()).unwrap();
        let text = text.replace("SIP/2.0/UDP 198.51.100.2:5066;branch=X;rport", via);
        let message = sip::message::parse(text.into()).unwrap();
        bench.layer.receive(bench.now, source, message).unwrap();
        let Some(Output::Request { key, request, .. }) = bench.layer.poll() else { panic!("no request") };
        assert_eq!(String::from_utf8_lossy(request.header(Name::Via).unwrap()), expected);
        let outputs = bench.respond(key, &request, 200);
        let Output::Send { destination, .. } = outputs[0] else { panic!("nothing sent") };
        assert_eq!(destination.remote, std::net::SocketAddr::new(source.remote.ip(), reply_port), "{via}");
    }
}

#[test]
fn an_rfc_2543_peer_is_matched_without_a_cookie() {
    let mut bench = Bench::new(Role::UserAgent);
    let old = |method| peer_request(method, "1").bytes().clone();
    let outputs = bench.receive(old(Method::Invite), Udp);
    let Output::Request { key, request, .. } = outputs[0].clone() else { panic!("no request") };
    assert_eq!(described(&bench.receive(old(Method::Invite), Udp)), none(), "a retransmission");
    bench.respond(key, &request, 486);
    assert_eq!(described(&bench.receive(old(Method::Ack), Udp)), none());
    let other = String::from_utf8(old(Method::Invite).to_vec()).unwrap().replace("call-1", "call-2");
    assert_eq!(described(&bench.receive(other, Udp)), ["request INVITE"]);
}

fn ack_of_2xx(branch: &str) -> bytes::Bytes {
    let text = String::from_utf8(peer_request(Method::Ack, branch).bytes().to_vec()).unwrap();
    text.replace("To: <sip:a@b>", "To: <sip:a@b>;tag=local").into()
}

fn sip_response(request: &sip::Request) -> sip::Response {
    sip::message::ResponseBuilder::new(request, 200).build().unwrap()
}
