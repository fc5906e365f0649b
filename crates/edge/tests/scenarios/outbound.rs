//! Calls a switch sends out.

use crate::bench::{BUYER, Bench, NODE_A, address, described, reply, requests, responses, sides, statuses};
use edge::{Input, Reason, verdict};
use sip::message::{Method, Name};
use std::time::Duration;

#[test]
fn a_call_out_to_an_address() {
    let mut bench = Bench::new();
    let invite = bench.outbound(&format!("sip:+15559999@{BUYER}"));
    let sent = bench.receive(NODE_A, &invite);
    assert_eq!(described(&sent), [format!("{NODE_A} 100"), format!("{BUYER} INVITE")]);
    let forwarded = requests(&sent).remove(0).1;
    assert_eq!(forwarded.header(verdict::HEADER), None, "verdicts stay inside");
    let sent = bench.receive(BUYER, &reply(&forwarded, 200, BUYER));
    let (caller, callee) = sides(&responses(&sent)[0].1, &format!("sip:c@{NODE_A}"), &format!("sip:s@{BUYER}"));
    let ack = bench.within(Method::Ack, NODE_A, &caller, 1);
    assert_eq!(described(&bench.receive(NODE_A, &ack)), [format!("{BUYER} ACK")]);
    let bye = bench.within(Method::Bye, BUYER, &callee, 1);
    assert_eq!(
        described(&bench.receive(BUYER, &bye)),
        [format!("{NODE_A} BYE")],
        "a buyer is no trunk, but in a dialog"
    );
    bench.check_accounts();
}

#[test]
fn a_route_to_us_is_taken_off() {
    let mut bench = Bench::new();
    let invite = bench.outbound(&format!("sip:+15559999@{BUYER}"));
    let invite = invite.edit().append(Name::Route, "<sip:192.0.2.1:5060;lr>").finish_request().unwrap();
    let sent = bench.receive(NODE_A, &invite);
    assert_eq!(requests(&sent)[0].0, address(BUYER));
    assert_eq!(requests(&sent)[0].1.header(Name::Route), None);
}

#[test]
fn failures_of_the_buyer_are_the_switchs_business() {
    let mut bench = Bench::new();
    let invite = bench.outbound(&format!("sip:+15559999@{BUYER}"));
    let sent = bench.receive(NODE_A, &invite);
    let forwarded = requests(&sent).remove(0).1;
    let sent = bench.receive(BUYER, &reply(&forwarded, 503, BUYER));
    assert_eq!(described(&sent), [format!("{BUYER} ACK"), format!("{NODE_A} 503")]);
    assert_eq!(bench.counters().failovers, 0);
}

#[test]
fn a_silent_buyer_is_a_408() {
    let mut bench = Bench::new();
    let invite = bench.outbound(&format!("sip:+15559999@{BUYER}"));
    bench.receive(NODE_A, &invite);
    assert_eq!(statuses(&bench.wait(Duration::from_secs(33)))[0], 408);
}

#[test]
fn a_name_is_resolved_outside() {
    let mut bench = Bench::new();
    let invite = bench.outbound("sip:+15559999@buyer.example:5090;transport=tcp");
    assert_eq!(described(&bench.receive(NODE_A, &invite)), [format!("{NODE_A} 100")]);
    let (token, host) = bench.resolve.remove(0);
    assert_eq!(host, "buyer.example");
    let sent = bench.input(Input::Resolved { token, address: Some(address(BUYER).ip()) });
    assert_eq!(described(&sent), [format!("{BUYER} INVITE")]);
    assert_eq!(requests(&sent)[0].1.top_via().unwrap().transport, b"TCP");
    assert_eq!(
        described(&bench.input(Input::Resolved { token, address: Some(address(BUYER).ip()) })),
        Vec::<String>::new()
    );
    bench.check_accounts();
}

#[test]
fn names_that_lead_nowhere() {
    let mut bench = Bench::new();
    let invite = bench.outbound("sip:+15559999@nowhere.example");
    bench.receive(NODE_A, &invite);
    let (token, _) = bench.resolve.remove(0);
    assert_eq!(statuses(&bench.input(Input::Resolved { token, address: None })), [502]);

    let invite = bench.outbound("sip:+15559999@slow.example");
    bench.receive(NODE_A, &invite);
    assert_eq!(statuses(&bench.wait(Duration::from_secs(5)))[..1], [502]);

    let invite = bench.outbound("sip:+15559999@cancelled.example");
    bench.receive(NODE_A, &invite);
    let text = String::from_utf8(invite.bytes().to_vec()).unwrap();
    let cancel = text.replace("INVITE sip", "CANCEL sip").replace("1 INVITE", "1 CANCEL");
    assert_eq!(statuses(&bench.raw(NODE_A, cancel)), [200, 487]);
    let (token, _) = bench.resolve.pop().unwrap();
    let sent = bench.input(Input::Resolved { token, address: Some(address(BUYER).ip()) });
    assert!(requests(&sent).is_empty(), "nobody wants it any more");
    assert_eq!(bench.counters().refused(Reason::Unresolved), 2);
    bench.check_accounts();
}

#[test]
fn a_buyer_behind_nat_gets_the_ack() {
    let mut bench = Bench::new();
    let invite = bench.outbound(&format!("sip:+15559999@{BUYER}"));
    let sent = bench.receive(NODE_A, &invite);
    let forwarded = requests(&sent).remove(0).1;
    let sent = bench.receive(BUYER, &reply(&forwarded, 200, "192.168.1.50:5060"));
    assert_eq!(responses(&sent)[0].1.header(Name::Contact), Some(format!("<sip:s@{BUYER}>").as_bytes()));
}
