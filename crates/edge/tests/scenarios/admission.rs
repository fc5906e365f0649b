//! Who gets in.

use crate::bench::{Bench, CARRIER, NODE_B, STRANGER, config, described, requests, responses, statuses, trunk};
use edge::{Event, Fate, Reason};
use sip::digest::{Credentials, respond};
use sip::message::{Method, Name, Request};

fn with_password(bench: &mut Bench, source: &str, password: &str) -> Request {
    let invite = bench.invite(source);
    let sent = bench.receive(source, &invite);
    let (_, challenge) = responses(&sent).remove(0);
    assert_eq!(challenge.status(), 407);
    let credentials = Credentials { username: b"pbx".to_vec(), password: password.into() };
    rebranched(&respond(&invite, &challenge, &credentials, "cnonce").unwrap(), "auth")
}

fn rebranched(request: &Request, branch: &str) -> Request {
    let text = String::from_utf8(request.bytes().to_vec()).unwrap().replace("z9hG4bKpeer", &format!("z9hG4bK{branch}"));
    sip::message::parse(text.into()).unwrap().request().unwrap()
}

#[test]
fn a_stranger_is_refused_and_leaves_nothing_behind() {
    let mut bench = Bench::new();
    let invite = bench.invite(STRANGER);
    assert_eq!(described(&bench.receive(STRANGER, &invite)), [format!("{STRANGER} 403")]);
    assert_eq!(bench.counters().refused(Reason::UnknownTrunk), 1);
    assert!(matches!(bench.events[..], [Event::Refused { reason: Reason::UnknownTrunk, status: 403, .. }]));
    assert_eq!((bench.edge.contexts(), bench.edge.next_timeout()), (0, None), "no state, no retransmissions");
    let text = String::from_utf8(invite.bytes().to_vec()).unwrap();
    bench.raw(STRANGER, text.replace("INVITE", "ACK"));
    assert_eq!(bench.counters().fate(Fate::StrayAck), 1);
    bench.check_accounts();
}

#[test]
fn a_disabled_trunk_is_refused() {
    let mut disabled = trunk(1, &["203.0.113.0/24"], None);
    disabled.enabled = false;
    let mut bench = Bench::with(config(), vec![disabled]);
    let invite = bench.invite(CARRIER);
    assert_eq!(statuses(&bench.receive(CARRIER, &invite)), [403]);
    assert_eq!(bench.counters().refused(Reason::TrunkDisabled), 1);
}

#[test]
fn a_trunk_with_a_password_may_call_from_anywhere() {
    let mut bench = Bench::with(config(), vec![trunk(2, &[], Some("secret"))]);
    let authorized = with_password(&mut bench, STRANGER, "secret");
    let sent = bench.receive(STRANGER, &authorized);
    assert_eq!(described(&sent), [format!("{STRANGER} 100"), format!("{NODE_B} INVITE")]);
    assert_eq!(requests(&sent)[0].1.header(Name::ProxyAuthorization), None, "credentials end here");
    assert_eq!(bench.counters().refused(Reason::Challenged), 1);
    assert_eq!(
        described(&bench.receive(STRANGER, &authorized)),
        [format!("{STRANGER} 100")],
        "a retransmission is no replay"
    );
    bench.check_accounts();
}

#[test]
fn replayed_credentials_are_challenged_again() {
    let mut bench = Bench::with(config(), vec![trunk(2, &[], Some("secret"))]);
    let authorized = with_password(&mut bench, STRANGER, "secret");
    bench.receive(STRANGER, &authorized);
    for source in [STRANGER, "198.51.100.99:5060"] {
        let replayed = rebranched(&authorized, "auth")
            .edit()
            .set(Name::Via, format!("SIP/2.0/UDP {source};branch=z9hG4bKr"))
            .finish_request()
            .unwrap();
        let sent = bench.receive(source, &replayed);
        assert_eq!(statuses(&sent), [407]);
        assert!(String::from_utf8_lossy(responses(&sent)[0].1.bytes()).contains("stale=true"));
    }
    assert_eq!(bench.counters().refused(Reason::ReplayedDigest), 2);
    assert_eq!(bench.counters().admitted, 1);
}

#[test]
fn wrong_passwords_are_refused() {
    let mut bench = Bench::with(config(), vec![trunk(2, &[], Some("secret"))]);
    let authorized = with_password(&mut bench, STRANGER, "guess");
    assert_eq!(statuses(&bench.receive(STRANGER, &authorized)), [403]);
    assert_eq!(bench.counters().refused(Reason::WrongPassword), 1);
}

#[test]
fn address_and_password_may_both_be_asked_for() {
    let mut bench = Bench::with(config(), vec![trunk(2, &["203.0.113.0/24"], Some("secret"))]);
    let invite = bench.invite(STRANGER);
    assert_eq!(statuses(&bench.receive(STRANGER, &invite)), [403], "no challenge from elsewhere");
    let authorized = with_password(&mut bench, CARRIER, "secret");
    assert_eq!(described(&bench.receive(CARRIER, &authorized)).len(), 2);
    assert_eq!(bench.counters().admitted, 1);
}

#[test]
fn what_is_no_call_is_refused_by_kind() {
    let mut bench = Bench::new();
    for (method, status) in
        [(Method::Register, 405), (Method::Subscribe, 405), (Method::Message, 405), (Method::Bye, 405)]
    {
        let request = bench.request(method, CARRIER, "sip:192.0.2.1").build().unwrap();
        let sent = bench.receive(CARRIER, &request);
        assert_eq!(statuses(&sent), [status], "{method:?}");
    }
    let cases = [
        (
            bench.request(Method::Invite, CARRIER, "sip:a@b").header(Name::MaxForwards, "0").build(),
            483,
            Reason::TooManyHops,
        ),
        (
            bench.request(Method::Invite, CARRIER, "sip:a@b").header(Name::MaxForwards, "x").build(),
            400,
            Reason::Malformed,
        ),
        (bench.request(Method::Invite, CARRIER, "http://a").build(), 416, Reason::Scheme),
        (
            bench.request(Method::Invite, CARRIER, "sip:a@b").header(Name::ProxyRequire, "magic").build(),
            420,
            Reason::Extension,
        ),
    ];
    for (request, status, reason) in cases {
        let sent = bench.receive(CARRIER, &request.unwrap());
        assert_eq!(statuses(&sent), [status], "{reason:?}");
        assert_eq!(bench.counters().refused(reason), 1, "{reason:?}");
    }
    bench.check_accounts();
}
