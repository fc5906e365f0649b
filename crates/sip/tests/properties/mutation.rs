//! Messages that are almost right: more of the parser is reached by them than by noise.

use proptest::prelude::*;

pub const SEEDS: &[&str] = &[
    "INVITE sip:+15550100@edge.example:5060;transport=udp SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.5:5070;branch=z9hG4bK1;rport\r\n\
     Max-Forwards: 70\r\nFrom: \"Caller, One\" <sip:+15550001@carrier.example>;tag=a1\r\nTo: <sip:+15550100@edge.example>\r\n\
     Call-ID: 77@carrier\r\nCSeq: 314159 INVITE\r\nContact: <sip:c@192.0.2.5:5070>\r\nRecord-Route: <sip:p1;lr>, <sip:p2;lr>\r\n\
     Content-Type: application/sdp\r\nContent-Length: 9\r\n\r\nv=0\r\no=x\r\n",
    "SIP/2.0 183 Session Progress\r\nv: SIP/2.0/TCP a.example;branch=z9hG4bK1,\r\n SIP/2.0/UDP [2001:db8::1]:5060;received=10.0.0.1\r\n\
     f: sip:x@y;tag=1\r\nt: sip:a@b;tag=2\r\ni: id\r\nCSeq: 1 INVITE\r\nm: *\r\nl: 0\r\n\r\n",
    "REGISTER sips:r.example SIP/2.0\r\nVia: SIP/2.0/TLS h\r\nFrom: <tel:+1555>\r\nTo: Bob <sip:b@r.example>\r\nCall-ID: 1\r\n\
     CSeq: 1 REGISTER\r\nAuthorization: Digest username=\"b\", realm=\"r\", nonce=\"n\\\"x\", uri=\"sips:r\", response=\"00\", \
     qop=auth, nc=00000001, cnonce=\"c\"\r\nX-Fold: a\r\n\tb\r\n  c\r\n\r\nbody without a length",
];

/// One change: overwrite, insert, remove or repeat some bytes.
#[derive(Clone, Debug)]
pub struct Change {
    at: prop::sample::Index,
    length: usize,
    kind: u8,
    with: Vec<u8>,
}

fn change() -> impl Strategy<Value = Change> {
    let interesting = prop::collection::vec(
        prop_oneof![
            4 => prop::sample::select(b"\r\n :;,<>\"\\@=[]%/?*0\0\xff".to_vec()),
            1 => any::<u8>(),
        ],
        0..4,
    );
    (any::<prop::sample::Index>(), 0usize..12, 0u8..4, interesting).prop_map(|(at, length, kind, with)| Change {
        at,
        length,
        kind,
        with,
    })
}

/// Bytes that a failure shows as text.
#[derive(Clone)]
pub struct Almost(pub Vec<u8>);

impl std::fmt::Debug for Almost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

pub fn almost_a_message() -> impl Strategy<Value = Almost> {
    (prop::sample::select(SEEDS), prop::collection::vec(change(), 0..6)).prop_map(|(seed, changes)| {
        let mut bytes = seed.as_bytes().to_vec();
        for change in changes {
            if bytes.is_empty() {
                break;
            }
            let at = change.at.index(bytes.len());
            let end = (at + change.length).min(bytes.len());
            match change.kind {
                0 => drop(bytes.splice(at..end, change.with)),
                1 => drop(bytes.splice(at..at, change.with)),
                2 => drop(bytes.drain(at..end)),
                _ => {
                    let piece = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, piece));
                }
            }
        }
        Almost(bytes)
    })
}
