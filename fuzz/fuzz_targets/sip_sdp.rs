#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::sdp::{AudioCodec, Direction, Local, Session, answer};

fuzz_target!(|data: &[u8]| {
    let Ok(session) = Session::parse(data) else { return };
    assert_eq!(Session::parse(&session.to_bytes()).expect("what parsed parses"), session);
    let local = Local {
        session_id: 1,
        version: 1,
        address: "192.0.2.1".parse().expect("an address"),
        port: 10_000,
        rtcp_port: 10_001,
        codecs: vec![AudioCodec::Pcmu, AudioCodec::Pcma],
        telephone_event: true,
        direction: Direction::SendRecv,
    };
    if let Ok(answer) = answer(&session, &local) {
        assert_eq!(answer.session.media.len(), session.media.len());
        assert_eq!(Session::parse(&answer.session.to_bytes()).expect("ours parse"), answer.session);
    }
    let mut moved = session;
    moved.set_address("2001:db8::1".parse().expect("an address"));
    Session::parse(&moved.to_bytes()).expect("still a description");
});
