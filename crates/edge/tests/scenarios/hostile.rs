//! Those who mean harm.

use crate::bench::{
    BUYER, Bench, CARRIER, DialogSide, NODE_A, NODE_B, STRANGER, address, config, described, reply, requests,
    responses, sides, statuses,
};
use edge::{Fate, FloodLimits, Reason, verdict};
use sip::message::{Method, Name};
use std::time::Duration;

/// A call through the edge; its caller's side.
fn established(bench: &mut Bench) -> (DialogSide, DialogSide) {
    let invite = bench.invite(CARRIER);
    let sent = bench.receive(CARRIER, &invite);
    let (node, forwarded) = requests(&sent).remove(0);
    let node = node.to_string();
    let sent = bench.receive(&node, &reply(&forwarded, 200, &node));
    sides(&responses(&sent)[0].1, &format!("sip:c@{CARRIER}"), &format!("sip:s@{node}"))
}

#[test]
fn a_verdict_from_outside_is_thrown_away() {
    let mut bench = Bench::new();
    let forged = "dir=in;trunk=none;tenant=00000000-0000-0000-0000-000000000001;attestation=A;at=1700000000;sig=00";
    let invite = bench
        .request(Method::Invite, CARRIER, "sip:+15550100@192.0.2.1")
        .header(verdict::HEADER, forged)
        .header("x-hopwhistle-VERDICT", forged)
        .header("X-Hopwhistle-Other", "1")
        .build()
        .unwrap();
    let sent = bench.receive(CARRIER, &invite);
    let forwarded = requests(&sent).remove(0).1;
    let values: Vec<_> = forwarded.headers(verdict::HEADER).collect();
    assert_eq!(values.len(), 1);
    assert!(!values[0].ends_with(b"sig=00"));
    assert_eq!(forwarded.header("X-Hopwhistle-Other"), None);
}

#[test]
fn a_captured_verdict_does_not_send_calls_out() {
    let mut bench = Bench::new();
    let outbound = bench.outbound(&format!("sip:+15559999@{BUYER}"));
    assert_eq!(statuses(&bench.receive(STRANGER, &outbound)), [403], "not from a switch's address");
    let forged = outbound.edit().set(Name::CallId, "another").finish_request().unwrap();
    assert_eq!(statuses(&bench.receive(NODE_A, &forged)), [403], "a forged address, a signature for another call");
    assert_eq!(bench.counters().refused(Reason::NoVerdict), 1);
    bench.now = bench.now.after(Duration::from_secs(61));
    assert_eq!(statuses(&bench.receive(NODE_A, &outbound)), [403], "expired");
    assert_eq!(bench.edge.contexts(), 0);
}

#[test]
fn a_to_tag_opens_nothing() {
    let mut bench = Bench::new();
    let (caller, _) = established(&mut bench);
    let cases: [(&str, Vec<Vec<u8>>, String, Reason); 6] = [
        ("no route", vec![], caller.target.clone(), Reason::NoDialog),
        ("a route to others", vec![b"<sip:198.51.100.1;lr>".to_vec()], caller.target.clone(), Reason::ForeignRoute),
        ("ours, unsigned", vec![b"<sip:192.0.2.1:5060;lr>".to_vec()], caller.target.clone(), Reason::ForgedRoute),
        (
            "ours, guessed",
            vec![format!("<sip:192.0.2.1:5060;lr;hw={}>", "0".repeat(32)).into_bytes()],
            caller.target.clone(),
            Reason::ForgedRoute,
        ),
        ("to the world", caller.routes.clone(), format!("sip:+1900@{BUYER}"), Reason::ForeignTarget),
        (
            "to the world by route",
            [caller.routes.clone(), vec![format!("<sip:{BUYER};lr>").into_bytes()]].concat(),
            caller.target.clone(),
            Reason::ForeignTarget,
        ),
    ];
    for (what, routes, target, reason) in cases {
        let side = DialogSide { routes, target, ..caller.clone() };
        for method in [Method::Invite, Method::Bye, Method::Refer] {
            let before = bench.counters().refused(reason);
            let request = bench.within(method, CARRIER, &side, 9);
            assert_eq!(statuses(&bench.receive(CARRIER, &request)), [403], "{what}");
            assert_eq!(bench.counters().refused(reason), before + 1, "{what}");
        }
        let ack = bench.within(Method::Ack, CARRIER, &side, 1);
        assert_eq!(described(&bench.receive(CARRIER, &ack)), Vec::<String>::new(), "{what}");
    }
    assert_eq!(bench.counters().fate(Fate::StrayAck), 6);
    bench.check_accounts();
}

#[test]
fn a_signed_route_is_good_for_its_own_dialog_only() {
    let mut bench = Bench::new();
    let (caller, _) = established(&mut bench);
    for side in [
        DialogSide { call_id: b"another".to_vec(), ..caller.clone() },
        DialogSide { from: b"<sip:x@y>;tag=thief".to_vec(), ..caller.clone() },
    ] {
        let bye = bench.within(Method::Bye, STRANGER, &side, 2);
        assert_eq!(statuses(&bench.receive(STRANGER, &bye)), [403]);
    }
    assert_eq!(bench.counters().refused(Reason::ForgedRoute), 2);
}

#[test]
fn a_route_to_elsewhere_is_no_open_relay() {
    let mut bench = Bench::new();
    for routes in [vec!["<sip:198.51.100.1;lr>"], vec!["<sip:192.0.2.1;lr>", "<sip:198.51.100.1;lr>"]] {
        let mut builder = bench.request(Method::Invite, CARRIER, "sip:+1900@198.51.100.1");
        for route in routes {
            builder = builder.header(Name::Route, route);
        }
        assert_eq!(statuses(&bench.receive(CARRIER, &builder.build().unwrap())), [403]);
    }
    assert_eq!(bench.counters().refused(Reason::ForeignRoute), 2);
    let own =
        bench.request(Method::Invite, CARRIER, "sip:+1@b").header(Name::Route, "<sip:192.0.2.1;lr>").build().unwrap();
    let sent = bench.receive(CARRIER, &own);
    assert_eq!(requests(&sent)[0].1.header(Name::Route), None, "a route to us alone is taken off");
}

#[test]
fn a_target_elsewhere_does_not_leave_the_platform() {
    let mut bench = Bench::new();
    let invite = bench.request(Method::Invite, CARRIER, &format!("sip:+1900@{BUYER}")).build().unwrap();
    let sent = bench.receive(CARRIER, &invite);
    assert_eq!(requests(&sent)[0].0, address(NODE_B), "calls go to switches, whatever the URI");
}

#[test]
fn loops_end() {
    let mut bench = Bench::new();
    let mut message = bench.invite(CARRIER);
    let mut statuses_seen = Vec::new();
    for _ in 0..5 {
        let sent = bench.receive(CARRIER, &message);
        match requests(&sent).into_iter().next() {
            Some((_, forwarded)) => {
                message = forwarded.edit().remove(verdict::HEADER).remove(Name::RecordRoute).finish_request().unwrap();
            }
            None => statuses_seen.extend(statuses(&sent)),
        }
    }
    assert_eq!(statuses_seen.first(), Some(&482));
    assert!(bench.counters().refused(Reason::Loop) >= 1);
}

#[test]
fn a_flood_is_refused_then_ignored() {
    let mut config = config();
    config.flood = FloodLimits { per_second: 1, burst: 5, sources_max: 100 };
    let mut bench = Bench::with(config, vec![crate::bench::trunk(1, &["203.0.113.0/24"], None)]);
    let mut seen = Vec::new();
    for _ in 0..20 {
        let invite = bench.invite(STRANGER);
        seen.extend(statuses(&bench.receive(STRANGER, &invite)));
    }
    assert_eq!(seen, [[403; 5], [503; 5]].concat());
    assert_eq!(bench.counters().fate(Fate::Flooded), 10);
    for _ in 0..50 {
        let invite = bench.invite(CARRIER);
        assert_eq!(bench.receive(CARRIER, &invite).len(), 2, "a trunk is not limited");
    }
    bench.check_accounts();
}

#[test]
fn garbage_is_counted_and_answered_where_it_can_be() {
    let mut bench = Bench::new();
    let good = String::from_utf8(bench.invite(STRANGER).bytes().to_vec()).unwrap();
    let answered = good.replace("Content-Length: 0", "Content-Length: 9");
    assert_eq!(described(&bench.raw(STRANGER, answered)), [format!("{STRANGER} 400")]);
    for garbage in [
        "hello".to_owned(),
        good.replace("Via: SIP", "Via: SAP"),
        "\u{0}\u{1}\u{2}".to_owned(),
        good.replace("INVITE sip", "SIP/2.0 999 sip"),
    ] {
        assert_eq!(described(&bench.raw(STRANGER, garbage)), Vec::<String>::new());
    }
    assert_eq!(bench.counters().fate(Fate::Unreadable), 4);
    assert_eq!(bench.counters().refused(Reason::Malformed), 1);
    bench.check_accounts();
}

#[test]
fn stray_responses_end_here() {
    let mut bench = Bench::new();
    let invite = bench.invite(CARRIER);
    let sent = bench.receive(CARRIER, &invite);
    let (_, forwarded) = requests(&sent).remove(0);
    let text = String::from_utf8(reply(&forwarded, 200, NODE_B).bytes().to_vec()).unwrap();
    let at = text.find("z9hG4bKhw").unwrap() + 12;
    let mut guessed = text.into_bytes();
    guessed[at] = if guessed[at] == b'0' { b'1' } else { b'0' };
    assert_eq!(described(&bench.raw(STRANGER, guessed)), Vec::<String>::new());
    assert_eq!(bench.counters().fate(Fate::Stray), 1);
    bench.check_accounts();
}
