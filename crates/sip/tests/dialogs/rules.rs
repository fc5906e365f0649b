//! Dialogs: RFC 3261 §12, §13.2.2.4, §14.

use sip::Identifiers;
use sip::dialog::{Dialog, DialogError, DialogId, Forks, InviteLock, Phase, Refusal, glare_delay};
use sip::message::{Method, Name, Request, RequestBuilder, Response, ResponseBuilder};
use std::time::Duration;

fn invite() -> Request {
    invite_with(&[])
}

fn invite_with(record_routes: &[&str]) -> Request {
    let mut builder = RequestBuilder::new(Method::Invite, b"sip:bob@b.example")
        .header(Name::From, "Alice <sip:alice@a.example>;tag=a")
        .header(Name::To, "<sip:bob@b.example>")
        .header(Name::CallId, "id")
        .header(Name::Contact, "<sip:alice@10.0.0.1>")
        .cseq(10, Method::Invite);
    for route in record_routes {
        builder = builder.header(Name::RecordRoute, route);
    }
    builder.build().unwrap()
}

fn response(request: &Request, status: u16, tag: &str) -> Response {
    ResponseBuilder::new(request, status)
        .tag(tag.as_bytes())
        .header(Name::Contact, format!("<sip:bob@10.0.0.{}>", tag.len()))
        .build()
        .unwrap()
}

fn from_peer(method: Method, cseq: u32) -> Request {
    RequestBuilder::new(method, b"sip:alice@10.0.0.1")
        .header(Name::From, "<sip:bob@b.example>;tag=bb")
        .header(Name::To, "Alice <sip:alice@a.example>;tag=a")
        .header(Name::CallId, "id")
        .header(Name::Contact, "<sip:bob@10.9.9.9>")
        .cseq(cseq, method)
        .build()
        .unwrap()
}

fn confirmed(record_routes: &[&str]) -> Dialog {
    let request = invite_with(record_routes);
    Dialog::from_response(&request, &response(&request, 200, "bb")).unwrap()
}

fn routes(request: &Request) -> Vec<String> {
    request.values(Name::Route).map(|route| String::from_utf8_lossy(route).into_owned()).collect()
}

#[test]
fn the_caller_sends_within_it() {
    let mut dialog = confirmed(&["<sip:p2;lr>", "<sip:p1;lr>"]);
    assert_eq!(dialog.phase(), Phase::Confirmed);
    assert_eq!(dialog.next_hop(), b"sip:p1;lr", "the caller's route set is reversed");
    let ack = dialog.ack(10).build().unwrap();
    assert_eq!((ack.uri_bytes(), ack.cseq().unwrap().number), (&b"sip:bob@10.0.0.2"[..], 10));
    assert_eq!(routes(&ack), ["<sip:p1;lr>", "<sip:p2;lr>"]);
    let info = dialog.request(Method::Info).unwrap().build().unwrap();
    assert_eq!((info.cseq().unwrap().number, info.to_tag(), info.from_tag()), (11, Some(&b"bb"[..]), Some(&b"a"[..])));
    assert_eq!(info.header(Name::Contact), None);
    let again = dialog.request(Method::Invite).unwrap().build().unwrap();
    assert_eq!(again.header(Name::Contact), Some(&b"<sip:alice@10.0.0.1>"[..]));
    let bye = dialog.request(Method::Bye).unwrap().build().unwrap();
    assert_eq!(bye.cseq().unwrap().number, 13);
    assert_eq!(dialog.request(Method::Info).unwrap_err(), DialogError::Terminated);
}

#[test]
fn the_callee_sends_within_it() {
    let request = invite_with(&["<sip:p2;lr>", "<sip:p1;lr>"]);
    let mut dialog = Dialog::from_request(&request, b"bb", b"<sip:bob@10.0.0.2>").unwrap();
    assert_eq!((dialog.phase(), dialog.invite_lock()), (Phase::Early, InviteLock::Theirs));
    dialog.confirm();
    let bye = dialog.request(Method::Bye).unwrap().build().unwrap();
    assert_eq!(bye.uri_bytes(), b"sip:alice@10.0.0.1");
    assert_eq!(routes(&bye), ["<sip:p2;lr>", "<sip:p1;lr>"], "in the order of the request");
    assert_eq!((bye.from_tag(), bye.to_tag()), (Some(&b"bb"[..]), Some(&b"a"[..])));
    assert_eq!(DialogId::of_request(&from_peer(Method::Info, 1)).unwrap().local_tag, "a");
}

#[test]
fn a_strict_router_gets_its_own_uri() {
    let mut dialog = confirmed(&["<sip:loose;lr>", "<sip:strict>"]);
    let bye = dialog.request(Method::Bye).unwrap().build().unwrap();
    assert_eq!(bye.uri_bytes(), b"sip:strict");
    assert_eq!(routes(&bye), ["<sip:loose;lr>", "<sip:bob@10.0.0.2>"]);
}

#[test]
fn forks_are_kept_apart() {
    let request = invite();
    let mut forks = Forks::default();
    assert!(forks.receive(&request, &ResponseBuilder::new(&request, 100).build().unwrap()).unwrap().is_none());
    for (status, tag, phase) in [
        (180, "b", Phase::Early),
        (183, "cc", Phase::Early),
        (180, "b", Phase::Early),
        (200, "cc", Phase::Confirmed),
        (200, "b", Phase::Confirmed),
    ] {
        let dialog = forks.receive(&request, &response(&request, status, tag)).unwrap().unwrap();
        assert_eq!((dialog.phase(), &*dialog.id().remote_tag), (phase, tag.as_bytes()));
    }
    assert_eq!(forks.dialogs().len(), 2);
    let winner = forks.take(b"cc").unwrap();
    assert_eq!(winner.remote_target(), b"sip:bob@10.0.0.2");
    assert_eq!(forks.dialogs().len(), 1, "the other one gets ACK and BYE");
    for number in 0..40 {
        forks.receive(&request, &response(&request, 180, &format!("x{number}"))).unwrap();
    }
    assert!(forks.dialogs().len() <= 16, "bounded");
}

#[test]
fn the_route_set_of_the_2xx_counts() {
    let request = invite();
    let early = ResponseBuilder::new(&request, 180).tag(b"b").build().unwrap();
    let mut dialog = Dialog::from_response(&request, &early).unwrap();
    assert_eq!(dialog.next_hop(), b"sip:bob@b.example", "no Contact yet");
    let routed =
        response(&request, 200, "b").edit().append(Name::RecordRoute, "<sip:p9;lr>").finish_response().unwrap();
    dialog.receive_response(&routed);
    assert_eq!((dialog.phase(), dialog.next_hop()), (Phase::Confirmed, &b"sip:p9;lr"[..]));
}

#[test]
fn requests_out_of_order_are_refused() {
    let mut dialog = confirmed(&[]);
    assert_eq!(dialog.receive(&from_peer(Method::Info, 5)), Ok(()));
    assert_eq!(dialog.receive(&from_peer(Method::Info, 4)), Err(Refusal::OutOfOrder));
    assert_eq!(dialog.receive(&from_peer(Method::Info, 9)), Ok(()), "gaps are fine");
    assert_eq!(Refusal::OutOfOrder.status(), 500);
    assert_eq!(dialog.receive(&from_peer(Method::Bye, 10)), Ok(()));
    assert_eq!(dialog.receive(&from_peer(Method::Info, 11)), Err(Refusal::Terminated));
}

#[test]
fn glare() {
    let mut dialog = confirmed(&[]);
    dialog.request(Method::Invite).unwrap();
    assert_eq!(dialog.receive(&from_peer(Method::Invite, 1)).unwrap_err().status(), 491);
    assert_eq!(dialog.request(Method::Invite).unwrap_err(), DialogError::InvitePending);
    dialog.invite_finished();
    assert_eq!(dialog.receive(&from_peer(Method::Invite, 2)), Ok(()));
    assert_eq!(dialog.receive(&from_peer(Method::Invite, 3)), Err(Refusal::InviteUnanswered));
    dialog.confirm();
    assert_eq!(dialog.receive(&from_peer(Method::Invite, 4)), Ok(()));
    assert_eq!(dialog.remote_target(), b"sip:bob@10.9.9.9", "target refresh");
    let mut identifiers = Identifiers::new([1; 32], 0);
    for _ in 0..200 {
        let ours = glare_delay(true, &mut identifiers);
        let theirs = glare_delay(false, &mut identifiers);
        assert!((Duration::from_millis(2100)..=Duration::from_secs(4)).contains(&ours));
        assert!(theirs <= Duration::from_secs(2));
    }
}

#[test]
fn some_failures_end_the_dialog() {
    for (status, phase) in
        [(408, Phase::Terminated), (481, Phase::Terminated), (488, Phase::Confirmed), (500, Phase::Confirmed)]
    {
        let mut dialog = confirmed(&[]);
        let again = dialog.request(Method::Invite).unwrap().build().unwrap();
        dialog.receive_response(&ResponseBuilder::new(&again, status).build().unwrap());
        assert_eq!(dialog.phase(), phase, "{status}");
        assert_eq!(dialog.invite_lock(), InviteLock::Idle);
    }
}

#[test]
fn what_makes_no_dialog() {
    let request = invite();
    let no_contact = ResponseBuilder::new(&request, 200).tag(b"b").build().unwrap();
    assert_eq!(Dialog::from_response(&request, &no_contact).unwrap_err(), DialogError::Contact);
    let no_tag = ResponseBuilder::new(&request, 200).header(Name::Contact, "<sip:b@c>").build().unwrap();
    assert_eq!(Dialog::from_response(&request, &no_tag).unwrap_err(), DialogError::Tag);
    let mailto = request.edit().set(Name::Contact, "<mailto:a@b>").finish_request().unwrap();
    assert_eq!(Dialog::from_request(&mailto, b"t", b"<sip:me>").unwrap_err(), DialogError::Contact);
    let many = request.edit().append(Name::RecordRoute, vec!["<sip:p;lr>"; 40].join(", ")).finish_request().unwrap();
    assert_eq!(Dialog::from_request(&many, b"t", b"<sip:me>").unwrap_err(), DialogError::Route);
}
