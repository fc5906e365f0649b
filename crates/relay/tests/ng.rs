//! The ng door, as rtpbench and Kamailio use it.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

mod world;

use std::net::SocketAddr;
use std::time::Duration;

use media::command::{Handling, MediaCommand};
use media::{Codec, LegKey, MediaEvent};
use proptest::prelude::*;
use relay::ng::bencode::Value;
use relay::ng::{Control, NgConfig};
use relay::ports::{PortConfig, PortPool};
use relay::{Channel, Config, Forward, Relay};
use world::{Phone, address};

const PROXY: &str = "127.0.0.1:5061";

struct Door {
    now: Duration,
    relay: Relay,
    ports: PortPool,
    control: Control,
    cookie: u32,
}

impl Door {
    fn new(pairs: u16) -> Self {
        let ports = PortConfig { first: 30_000, last: 30_000 + 2 * pairs - 1, ..PortConfig::default() };
        Self {
            now: Duration::from_secs(1_800_000_000),
            relay: Relay::new(Config { timeout_after: Duration::from_secs(60), ..Config::default() }),
            ports: PortPool::new(&ports).expect("a range"),
            control: Control::new(NgConfig { calls_max: 3, ..NgConfig::default() }),
            cookie: 0,
        }
    }

    fn raw(&mut self, request: &[u8]) -> Option<Vec<u8>> {
        self.control.handle(self.now, address(PROXY), request, &mut self.relay, &mut self.ports)
    }

    /// Sends a dictionary under a new cookie; returns the body of the answer.
    fn call(&mut self, fields: &[(&str, &[u8])]) -> Vec<u8> {
        self.cookie += 1;
        let cookie = format!("c_{}", self.cookie);
        let reply = self.raw(&request(&cookie, fields)).expect("an answer");
        let body = reply.strip_prefix(format!("{cookie} ").as_bytes()).expect("the same cookie");
        body.to_vec()
    }

    /// Sends and returns the SDP of the answer, `Err` with its reason.
    fn sdp(&mut self, fields: &[(&str, &[u8])]) -> Result<String, String> {
        let body = self.call(fields);
        let value = Value::parse(&body).expect("bencode");
        let text = |key: &str| String::from_utf8_lossy(value.string(key).unwrap_or_default()).into_owned();
        if value.string("result") == Some(b"ok") { Ok(text("sdp")) } else { Err(text("error-reason")) }
    }

    fn offer(&mut self, id: &str, sdp: &str) -> Result<String, String> {
        self.sdp(&[("command", b"offer"), ("call-id", id.as_bytes()), ("from-tag", b"a"), ("sdp", sdp.as_bytes())])
    }

    fn answer(&mut self, id: &str, sdp: &str) -> Result<String, String> {
        let id = id.as_bytes();
        self.sdp(&[
            ("to-tag", b"b"),
            ("command", b"answer"),
            ("sdp", sdp.as_bytes()),
            ("call-id", id),
            ("from-tag", b"a"),
        ])
    }

    fn delete(&mut self, id: &str) -> Vec<u8> {
        self.call(&[("command", b"delete"), ("call-id", id.as_bytes()), ("from-tag", b"a")])
    }

    /// A datagram on one of our ports.
    fn send(&mut self, port: u16, from: SocketAddr, datagram: &mut [u8]) -> Option<Forward> {
        let rtp = port & !1;
        let leg = (0..100)
            .map(|index| LegKey((1 << 63) + index))
            .find(|leg| self.relay.local(*leg).is_some_and(|local| local.port() == rtp))?;
        if port == rtp {
            self.relay.receive(self.now, leg, from, datagram)
        } else {
            self.relay.receive_rtcp(self.now, leg, from, datagram)
        }
    }
}

fn request(cookie: &str, fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = format!("{cookie} d").into_bytes();
    for (key, value) in fields {
        out.extend_from_slice(format!("{}:{key}{}:", key.len(), value.len()).as_bytes());
        out.extend_from_slice(value);
    }
    out.push(b'e');
    out
}

/// As rtpbench describes a side.
fn sdp(ip: &str, port: u16, extra: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\n\
         a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\na=ptime:20\r\n{extra}"
    )
}

fn port(sdp: &str) -> u16 {
    let line = sdp.lines().find_map(|line| line.strip_prefix("m=audio ")).expect("an audio section");
    line.split(' ').next().and_then(|port| port.parse().ok()).expect("a port")
}

/// Offer and answer; the ports facing A and B.
fn set_up(door: &mut Door, id: &str) -> (u16, u16) {
    let to_b = door.offer(id, &sdp("127.0.0.1", 41_000, "")).expect("offer");
    let to_a = door.answer(id, &sdp("127.0.0.1", 42_000, "")).expect("answer");
    assert!(to_a.contains("c=IN IP4 127.0.0.1\r\n") && to_a.contains("a=ptime:20\r\n"));
    (port(&to_a), port(&to_b))
}

#[test]
fn a_call_is_relayed_untouched_and_ended() {
    let mut door = Door::new(10);
    let (facing_a, facing_b) = set_up(&mut door, "call-1");
    let (mut a, mut b) = (
        Phone::new("127.0.0.1:41000", Codec::Pcmu, 0x1000_0000),
        Phone::new("127.0.0.1:42000", Codec::Pcmu, 0x1000_0001),
    );
    // Any payload type passes: a proxy's relay knows no codecs.
    b.header.payload_type = 111;
    for _ in 0..5 {
        for (phone, port, to) in [(&mut a, facing_a, "127.0.0.1:42000"), (&mut b, facing_b, "127.0.0.1:41000")] {
            let sent = phone.packet(&[100; 160]);
            let mut buffer = sent.clone();
            let forward = door.send(port, phone.address, &mut buffer).expect("forwarded");
            assert_eq!((forward.destination, forward.length, &buffer), (address(to), 172, &sent));
            assert_eq!(door.relay.local(forward.leg).map(|local| local.port()), Some(facing_a + facing_b - port));
        }
    }
    let mut report = [0x80, 201, 0, 1, 0, 0, 0, 1];
    let forward = door.send(facing_a + 1, address("127.0.0.1:41001"), &mut report).expect("RTCP too");
    assert_eq!((forward.channel, forward.destination), (Channel::Rtcp, address("127.0.0.1:42001")));

    let query = door.call(&[("command", b"query"), ("call-id", b"call-1")]);
    let query = Value::parse(&query).expect("bencode");
    let rtp = query.get("totals").and_then(|totals| totals.get("RTP")).expect("totals");
    assert_eq!((rtp.get("packets"), rtp.get("bytes")), (Some(&Value::Integer(10)), Some(&Value::Integer(1_720))));
    assert!(query.get("tags").and_then(|tags| tags.get("b")).is_some());

    assert_eq!((door.relay.legs(), door.ports.used()), (2, 2));
    let deleted = door.delete("call-1");
    assert_eq!(Value::parse(&deleted).expect("bencode").string("result"), Some(&b"ok"[..]));
    assert_eq!((door.relay.legs(), door.ports.used(), door.control.calls()), (0, 0, 0));
    let again = door.delete("call-1");
    assert!(Value::parse(&again).expect("bencode").string("warning").is_some());
}

#[test]
fn a_repeated_cookie_gets_the_same_answer_and_does_nothing() {
    let mut door = Door::new(10);
    let sdp = sdp("127.0.0.1", 41_000, "");
    let fields: [(&str, &[u8]); 4] =
        [("command", b"offer"), ("call-id", b"x"), ("from-tag", b"a"), ("sdp", sdp.as_bytes())];
    let first = door.raw(&request("same", &fields)).expect("an answer");
    door.delete("x");
    assert_eq!(door.raw(&request("same", &fields)), Some(first.clone()));
    assert_eq!(door.control.calls(), 0);
    // The same cookie of another proxy, and after a while, is a new request.
    door.now += Duration::from_secs(11);
    assert_ne!(door.raw(&request("same", &fields)), Some(first));
    assert_eq!(door.control.calls(), 1);
}

#[test]
fn re_invites_keep_their_ports() {
    let mut door = Door::new(10);
    let (facing_a, facing_b) = set_up(&mut door, "call-1");
    // The called side re-offers from a new port: tags are the other way round.
    let offer = sdp("127.0.0.1", 42_500, "");
    let fields: [(&str, &[u8]); 5] = [
        ("command", b"offer"),
        ("call-id", b"call-1"),
        ("from-tag", b"b"),
        ("to-tag", b"a"),
        ("sdp", offer.as_bytes()),
    ];
    assert_eq!(door.sdp(&fields).map(|sdp| port(&sdp)), Ok(facing_a));
    let answer = sdp("127.0.0.1", 41_000, "");
    let fields: [(&str, &[u8]); 5] = [
        ("command", b"answer"),
        ("call-id", b"call-1"),
        ("from-tag", b"b"),
        ("to-tag", b"a"),
        ("sdp", answer.as_bytes()),
    ];
    assert_eq!(door.sdp(&fields).map(|sdp| port(&sdp)), Ok(facing_b));
    let mut phone = Phone::new("127.0.0.1:41000", Codec::Pcmu, 1);
    let forward = door.send(facing_a, phone.address, &mut phone.packet(&[])).expect("forwarded");
    assert_eq!(forward.destination, address("127.0.0.1:42500"));
    assert_eq!(door.ports.used(), 2);
}

#[test]
fn multiplexed_rtcp_stays_on_the_rtp_port() {
    let mut door = Door::new(10);
    let to_b = door.offer("m", &sdp("127.0.0.1", 41_000, "a=rtcp:41001\r\na=rtcp-mux\r\n")).expect("offer");
    assert!(to_b.contains(&format!("a=rtcp:{}\r\na=rtcp-mux\r\n", port(&to_b) + 1)));
    let to_a = door.answer("m", &sdp("127.0.0.1", 42_000, "a=rtcp-mux\r\n")).expect("answer");
    let mut report = [0x80, 201, 0, 1, 0, 0, 0, 1];
    let forward = door.send(port(&to_a), address("127.0.0.1:41000"), &mut report).expect("forwarded");
    assert_eq!((forward.channel, forward.destination), (Channel::Rtp, address("127.0.0.1:42000")));
}

#[test]
fn limits_refuse_and_leave_nothing_behind() {
    let mut door = Door::new(3);
    set_up(&mut door, "one");
    assert_eq!(door.offer("two", &sdp("127.0.0.1", 41_000, "")), Err("Ran out of ports".into()));
    assert_eq!((door.control.calls(), door.ports.used(), door.relay.legs()), (1, 2, 2));
    let mut door = Door::new(50);
    for id in ["one", "two", "three"] {
        set_up(&mut door, id);
    }
    assert_eq!(door.offer("four", &sdp("127.0.0.1", 41_000, "")), Err("Parallel session limit reached".into()));
    assert_eq!(door.answer("ghost", &sdp("127.0.0.1", 1, "")), Err("Unknown call-id".into()));
}

#[test]
fn faults_are_answered_with_a_reason() {
    let mut door = Door::new(3);
    assert_eq!(door.raw(b"cookie d7:command4:pinge"), Some(b"cookie d6:result4:ponge".to_vec()));
    assert_eq!(door.raw(b"nocookie"), None);
    assert_eq!(door.raw(b" d7:command4:pinge"), None);
    let reply = door.raw(b"k1 d7:comm").expect("an answer");
    assert_eq!(reply, b"k1 d12:error-reason35:Could not decode bencode dictionary6:result5:errore");
    assert_eq!(door.control.malformed(), 3);
    assert_eq!(door.sdp(&[("command", b"dance")]), Err("Unrecognized command".into()));
    assert_eq!(door.sdp(&[("command", b"offer")]), Err("No call-id in message".into()));
    assert_eq!(door.offer("x", "v=0\r\n"), Err("No media in SDP".into()));
    assert_eq!(door.control.calls(), 0);
}

#[test]
fn refused_and_foreign_sections_are_refused_in_place() {
    let mut door = Door::new(10);
    let offer = sdp("127.0.0.1", 41_000, "m=image 4000 udptl t38\r\nm=video 0 RTP/AVP 96\r\n");
    let to_b = door.offer("v", &offer).expect("offer");
    assert!(to_b.contains("m=image 0 udptl t38\r\nm=video 0 RTP/AVP 96\r\n"), "{to_b}");
    assert_eq!(door.ports.used(), 2);
}

#[test]
fn a_silent_call_ends_by_itself() {
    let mut door = Door::new(10);
    let (facing_a, _) = set_up(&mut door, "quiet");
    let mut phone = Phone::new("127.0.0.1:41000", Codec::Pcmu, 1);
    let run = |door: &mut Door, seconds: u64, phone: Option<&mut Phone>| {
        let mut phone = phone;
        for _ in 0..seconds * 50 {
            if let Some(phone) = &mut phone {
                let mut packet = phone.packet(&[]);
                door.send(facing_a, phone.address, &mut packet);
            }
            door.relay.tick(door.now, &mut |_| ());
            while let Some(event) = door.relay.poll_event() {
                door.control.event(door.now, &event, &mut door.relay, &mut door.ports);
            }
            door.now += Duration::from_millis(20);
        }
    };
    run(&mut door, 90, Some(&mut phone));
    assert_eq!(door.control.calls(), 1, "one side still speaks");
    run(&mut door, 70, None);
    assert_eq!((door.control.calls(), door.relay.legs(), door.ports.used()), (0, 0, 0));
}

/// Pass-through and terminated legs share one engine and do not mix.
#[test]
fn the_doors_do_not_mix() {
    let mut door = Door::new(10);
    set_up(&mut door, "one");
    let ours = LegKey(1);
    let open = MediaCommand::Open {
        leg: ours,
        local: address("127.0.0.1:20000"),
        telephone_event: None,
        handling: Handling::Terminate,
    };
    door.relay.command(door.now, open).expect("opened");
    let theirs = LegKey(1 << 63);
    assert!(door.control.owns(theirs) && !door.control.owns(ours));
    assert!(door.relay.command(door.now, MediaCommand::Connect { a: ours, b: theirs }).is_err());
    assert!(door.relay.command(door.now, MediaCommand::Hold { leg: theirs }).is_err());
    let event = MediaEvent::Timeout { leg: ours, idle_ms: 1 };
    door.control.event(door.now, &event, &mut door.relay, &mut door.ports);
    assert_eq!(door.control.calls(), 1);
}

proptest! {
    #[test]
    fn no_datagram_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut door = Door::new(4);
        door.raw(&body);
        door.raw(&[b"c ", &body[..]].concat());
    }

    #[test]
    fn no_message_panics_or_leaks(
        messages in proptest::collection::vec(
            (0..4usize, 0..3usize, 0..3usize, 0..3usize, "(m=(audio|image) [0-9]{1,5} RTP/AVP 0\r\n|c=IN IP4 1.2.3.4\r\n|a=rtcp-mux\r\n){0,5}"),
            0..20,
        ),
    ) {
        let mut door = Door::new(4);
        for (command, id, from, to, sdp) in messages {
            let tags = [&b"a"[..], b"b", b"c"];
            let fields: [(&str, &[u8]); 5] = [
                ("command", [&b"offer"[..], b"answer", b"delete", b"query"][command]),
                ("call-id", [&b"1"[..], b"2", b"3"][id]),
                ("from-tag", tags[from]),
                ("to-tag", tags[to]),
                ("sdp", sdp.as_bytes()),
            ];
            door.call(&fields);
            prop_assert_eq!(door.relay.legs(), door.ports.used());
        }
        for id in [&b"1"[..], b"2", b"3"] {
            door.call(&[("command", b"delete"), ("call-id", id)]);
        }
        prop_assert_eq!((door.relay.legs(), door.ports.used(), door.control.calls()), (0, 0, 0));
    }
}
