//! Switches that fail.

use crate::bench::{Bench, CARRIER, NODE_A, NODE_B, address, described, reply, requests, statuses};
use edge::{Event, Input, Reason};
use sip::message::Name;
use sip::transaction::Destination;
use std::time::Duration;

#[test]
fn a_node_that_refuses_is_passed_over() {
    let mut bench = Bench::new();
    let invite = bench.invite(CARRIER);
    let sent = bench.receive(CARRIER, &invite);
    let (_, first) = requests(&sent).remove(0);
    let sent = bench.receive(NODE_B, &reply(&first, 503, NODE_B));
    assert_eq!(described(&sent), [format!("{NODE_B} ACK"), format!("{NODE_A} INVITE")]);
    let (_, second) = requests(&sent).remove(1);
    assert_eq!(statuses(&bench.receive(NODE_A, &reply(&second, 180, NODE_A))), [180]);
    assert!(bench.events.contains(&Event::NodeFailed { node: address(NODE_B) }));
    for _ in 0..4 {
        let invite = bench.invite(CARRIER);
        let sent = bench.receive(CARRIER, &invite);
        assert_eq!(requests(&sent)[0].0, address(NODE_A), "the failed one comes last for a while");
    }
    bench.check_accounts();
}

#[test]
fn a_silent_node_is_passed_over_after_two_seconds() {
    let mut bench = Bench::new();
    let invite = bench.invite(CARRIER);
    bench.receive(CARRIER, &invite);
    let sent = bench.wait(Duration::from_secs(2));
    assert_eq!(described(&sent), [format!("{NODE_B} INVITE"), format!("{NODE_B} INVITE"), format!("{NODE_A} INVITE")]);
    let (_, second) = requests(&sent).remove(2);
    assert_eq!(statuses(&bench.receive(NODE_A, &reply(&second, 200, NODE_A))), [200]);
    let sent = bench.wait(Duration::from_secs(40));
    assert!(statuses(&sent).is_empty(), "the silent one's timeout changes nothing: {:?}", described(&sent));
    assert_eq!((bench.edge.contexts(), bench.edge.next_timeout()), (0, None));
    bench.check_accounts();
}

#[test]
fn with_no_node_left_the_caller_is_told() {
    let mut bench = Bench::new();
    let invite = bench.invite(CARRIER);
    let sent = bench.receive(CARRIER, &invite);
    let (_, first) = requests(&sent).remove(0);
    let sent = bench.receive(NODE_B, &reply(&first, 503, NODE_B));
    let (_, second) = requests(&sent).remove(1);
    let sent = bench.receive(NODE_A, &reply(&second, 503, NODE_A));
    assert_eq!(described(&sent), [format!("{NODE_A} ACK"), format!("{CARRIER} 503")]);
    assert!(sent[1].1.header(Name::RetryAfter).is_some());
    assert_eq!(bench.counters().refused(Reason::NoNode), 1);
    assert_eq!(bench.counters().failovers, 2);
    bench.check_accounts();
}

#[test]
fn a_broken_connection_is_a_failed_node() {
    let mut bench = Bench::new();
    let invite = bench.invite(CARRIER);
    bench.receive(CARRIER, &invite);
    let hop = Destination::udp(address(crate::bench::EDGE), address(NODE_B));
    let sent = bench.input(Input::TransportFailed { hop });
    assert_eq!(described(&sent), [format!("{NODE_A} INVITE")]);
}

#[test]
fn a_refusal_that_is_no_503_is_the_answer() {
    let mut bench = Bench::new();
    let invite = bench.invite(CARRIER);
    let sent = bench.receive(CARRIER, &invite);
    let (_, first) = requests(&sent).remove(0);
    let sent = bench.receive(NODE_B, &reply(&first, 404, NODE_B));
    assert_eq!(described(&sent), [format!("{NODE_B} ACK"), format!("{CARRIER} 404")]);
}

#[test]
fn timer_c_ends_a_call_that_rings_on() {
    let mut bench = Bench::new();
    let invite = bench.invite(CARRIER);
    let sent = bench.receive(CARRIER, &invite);
    let (_, forwarded) = requests(&sent).remove(0);
    bench.receive(NODE_B, &reply(&forwarded, 180, NODE_B));
    assert!(bench.wait(Duration::from_secs(190)).is_empty());
    bench.receive(NODE_B, &reply(&forwarded, 180, NODE_B));
    assert!(bench.wait(Duration::from_secs(190)).is_empty(), "each provisional starts it anew");
    let sent = bench.wait(Duration::from_secs(11));
    assert_eq!(described(&sent)[0], format!("{NODE_B} CANCEL"));
    assert_eq!(statuses(&bench.receive(NODE_B, &reply(&forwarded, 487, NODE_B))), [487]);
}

#[test]
fn a_cancel_while_the_node_is_silent_ends_the_call() {
    let mut bench = Bench::new();
    let invite = bench.invite(CARRIER);
    bench.receive(CARRIER, &invite);
    let text = String::from_utf8(invite.bytes().to_vec()).unwrap();
    bench.raw(CARRIER, text.replace("INVITE sip", "CANCEL sip").replace("1 INVITE", "1 CANCEL"));
    let sent = bench.wait(Duration::from_secs(2));
    assert_eq!(statuses(&sent), [487]);
    assert!(requests(&sent).iter().all(|(node, _)| *node == address(NODE_B)), "no other node is tried");
}
