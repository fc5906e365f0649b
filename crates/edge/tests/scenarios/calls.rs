//! Calls that do what they should.

use crate::bench::{
    BUYER, Bench, CARRIER, NODE_A, NODE_B, SECRET, address, described, reply, requests, responses, sides, statuses,
};
use edge::verdict::{self, Verdict};
use edge::{Event, Fate};
use sip::message::{Method, Name};
use sip::seal::Seal;
use std::time::Duration;

#[test]
fn a_call_in_from_invite_to_bye() {
    let mut bench = Bench::new();
    let invite = bench.invite(CARRIER);
    let sent = bench.receive(CARRIER, &invite);
    assert_eq!(described(&sent), [format!("{CARRIER} 100"), format!("{NODE_B} INVITE")]);
    let (_, forwarded) = requests(&sent).remove(0);
    assert_eq!(forwarded.uri_bytes(), invite.uri_bytes());
    assert_eq!(forwarded.max_forwards(), Some(69));
    assert_eq!(forwarded.vias().count(), 2);
    let verdict = Verdict::verify(&Seal::from_secret(SECRET), &forwarded, bench.now.since_epoch()).unwrap();
    assert_eq!(
        (verdict.direction, verdict.trunk.unwrap().as_u128(), verdict.tenant.as_u128()),
        (verdict::Direction::Inbound, 1, 1001)
    );
    assert_eq!(verdict.attestation, verdict::Attestation::B);
    assert!(matches!(bench.events[..], [Event::Admitted { .. }]));

    assert_eq!(described(&bench.receive(NODE_B, &reply(&forwarded, 100, NODE_B))), Vec::<String>::new());
    assert_eq!(described(&bench.receive(NODE_B, &reply(&forwarded, 180, NODE_B))), [format!("{CARRIER} 180")]);
    let sent = bench.receive(NODE_B, &reply(&forwarded, 200, NODE_B));
    let (_, ok) = responses(&sent).remove(0);
    assert_eq!(ok.vias().count(), 1);
    let (caller, callee) = sides(&ok, &format!("sip:c@{CARRIER}"), &format!("sip:s@{NODE_B}"));

    let ack = bench.within(Method::Ack, CARRIER, &caller, 1);
    let sent = bench.receive(CARRIER, &ack);
    assert_eq!(described(&sent), [format!("{NODE_B} ACK")]);
    assert_eq!(requests(&sent)[0].1.header(Name::Route), None);
    let again = bench.receive(NODE_B, &reply(&forwarded, 200, NODE_B));
    assert_eq!(statuses(&again), [200], "a retransmitted 2xx passes");

    let hold = bench.within(Method::Invite, CARRIER, &caller, 2);
    let sent = bench.receive(CARRIER, &hold);
    assert_eq!(described(&sent), [format!("{CARRIER} 100"), format!("{NODE_B} INVITE")]);
    assert_eq!(requests(&sent)[0].1.header(verdict::HEADER), None, "a verdict is for new calls");
    bench.receive(NODE_B, &reply(&requests(&sent)[0].1, 200, NODE_B));

    let bye = bench.within(Method::Bye, NODE_B, &callee, 1);
    let sent = bench.receive(NODE_B, &bye);
    assert_eq!(described(&sent), [format!("{CARRIER} BYE")]);
    let sent = bench.receive(CARRIER, &reply(&requests(&sent)[0].1, 200, CARRIER));
    assert_eq!(described(&sent), [format!("{NODE_B} 200")]);

    assert_eq!(described(&bench.wait(Duration::from_secs(40))), Vec::<String>::new());
    assert_eq!(bench.edge.contexts(), 0);
    assert_eq!(bench.edge.next_timeout(), None, "nothing is left behind");
    assert_eq!(bench.counters().fate(Fate::Forwarded), 9);
    bench.check_accounts();
}

#[test]
fn a_retransmitted_invite_is_absorbed() {
    let mut bench = Bench::new();
    let invite = bench.invite(CARRIER);
    bench.receive(CARRIER, &invite);
    assert_eq!(described(&bench.receive(CARRIER, &invite)), [format!("{CARRIER} 100")]);
    assert_eq!(bench.counters().fate(Fate::Repeated), 1);
    assert_eq!(bench.counters().admitted, 1);
    bench.check_accounts();
}

#[test]
fn the_caller_gives_up() {
    let mut bench = Bench::new();
    let invite = bench.invite(CARRIER);
    let sent = bench.receive(CARRIER, &invite);
    let (node, forwarded) = requests(&sent).remove(0);
    let node = node.to_string();
    bench.receive(&node, &reply(&forwarded, 180, &node));
    let text = String::from_utf8(invite.bytes().to_vec()).unwrap();
    let cancel = text.replace("INVITE sip", "CANCEL sip").replace("1 INVITE", "1 CANCEL");
    let sent = bench.raw(CARRIER, cancel);
    assert_eq!(described(&sent), [format!("{CARRIER} 200"), format!("{node} CANCEL")]);
    let cancel = requests(&sent).remove(0).1;
    bench.receive(&node, &reply(&cancel, 200, &node));
    let sent = bench.receive(&node, &reply(&forwarded, 487, &node));
    assert_eq!(described(&sent), [format!("{node} ACK"), format!("{CARRIER} 487")]);
    let ack = text.replace("INVITE sip", "ACK sip").replace("1 INVITE", "1 ACK");
    assert_eq!(described(&bench.raw(CARRIER, ack)), Vec::<String>::new());
    bench.wait(Duration::from_secs(40));
    assert_eq!((bench.edge.contexts(), bench.edge.next_timeout()), (0, None));
    bench.check_accounts();
}

#[test]
fn a_failure_comes_back_and_is_acknowledged_by_each_hop() {
    let mut bench = Bench::new();
    let invite = bench.invite(CARRIER);
    let sent = bench.receive(CARRIER, &invite);
    let (node, forwarded) = requests(&sent).remove(0);
    let node = node.to_string();
    assert_eq!(
        described(&bench.receive(&node, &reply(&forwarded, 486, &node))),
        [format!("{node} ACK"), format!("{CARRIER} 486")]
    );
    let repeated: Vec<u16> = statuses(&bench.wait(Duration::from_secs(2)));
    assert_eq!(repeated, [486, 486], "until the caller acknowledges");
}

#[test]
fn options_are_answered_here() {
    let mut bench = Bench::new();
    for source in [CARRIER, NODE_A, BUYER] {
        let options = bench.request(Method::Options, source, "sip:192.0.2.1").build().unwrap();
        let sent = bench.receive(source, &options);
        assert_eq!(described(&sent), [format!("{source} 200")]);
        assert!(responses(&sent)[0].1.header(Name::Allow).is_some());
    }
    assert_eq!(bench.edge.contexts(), 0);
    bench.check_accounts();
}

#[test]
fn keep_alives_are_no_fault() {
    let mut bench = Bench::new();
    for bytes in [&b"\r\n\r\n"[..], b"", b"\0"] {
        assert_eq!(described(&bench.raw(BUYER, bytes.to_vec())), Vec::<String>::new());
    }
    assert_eq!(bench.counters().fate(Fate::KeepAlive), 3);
}

#[test]
fn a_caller_behind_nat_is_answered_where_it_is() {
    let mut bench = Bench::new();
    let inside = "10.9.9.9:5070";
    let seen = "203.0.113.9:41000";
    let invite = bench.request(Method::Invite, inside, "sip:+15550100@192.0.2.1").build().unwrap();
    let sent = bench.receive(seen, &invite);
    assert_eq!(sent[0].0, address(seen), "the 100 goes where the request came from");
    let forwarded = requests(&sent).remove(0).1;
    assert_eq!(forwarded.header(Name::Contact), Some(&b"<sip:c@203.0.113.9:41000>"[..]));
}
