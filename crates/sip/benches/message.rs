//! What a message costs: `cargo bench -p sip`. Beside it, another parser on the same bytes.

use bytes::Bytes;
use sip::message::{self, Message, Name};

/// 1.1 kB, as a carrier sends it.
const INVITE: &str = "INVITE sip:+15550100@192.0.2.1:5060;user=phone SIP/2.0\r\n\
Via: SIP/2.0/UDP 203.0.113.5:5060;branch=z9hG4bK-524287-1---a1b2c3d4e5f60718;rport\r\n\
Via: SIP/2.0/UDP 203.0.113.77:5060;received=203.0.113.77;branch=z9hG4bK4ab1c2f8cd\r\n\
Record-Route: <sip:203.0.113.5;lr;ftag=gK0c8a7b1d>\r\n\
Max-Forwards: 67\r\n\
Contact: <sip:+15550001@203.0.113.77:5060;transport=udp>\r\n\
To: <sip:+15550100@192.0.2.1:5060;user=phone>\r\n\
From: \"CALLER NAME\" <sip:+15550001@203.0.113.5;user=phone>;tag=gK0c8a7b1d\r\n\
Call-ID: 2139416217_133861420@203.0.113.77\r\n\
CSeq: 834117 INVITE\r\n\
Allow: INVITE, ACK, CANCEL, BYE, REGISTER, REFER, INFO, SUBSCRIBE, NOTIFY, PRACK, UPDATE, OPTIONS\r\n\
Accept: application/sdp, application/isup, application/dtmf, application/dtmf-relay\r\n\
Supported: timer, 100rel, precondition\r\n\
P-Asserted-Identity: \"CALLER NAME\" <sip:+15550001@203.0.113.5>\r\n\
Session-Expires: 1800\r\n\
User-Agent: Carrier SBC 9.2\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 181\r\n\r\n\
v=0\r\no=Sonus_UAC 113487 541269 IN IP4 203.0.113.77\r\ns=SIP Media Capabilities\r\nc=IN IP4 203.0.113.78\r\nt=0 0\r\n\
m=audio 40122 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n";

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 200, sample_size = 1000)]
fn parse(bencher: divan::Bencher<'_, '_>) {
    let bytes = Bytes::from_static(INVITE.as_bytes());
    bencher.bench_local(|| message::parse(bytes.clone()));
}

#[divan::bench(sample_count = 200, sample_size = 1000)]
fn parse_by_sipx(bencher: divan::Bencher<'_, '_>) {
    let bytes = Bytes::from_static(INVITE.as_bytes());
    bencher.bench_local(|| sipx_sip::parse_datagram(bytes.clone(), &sipx_sip::Limits::datagram()));
}

#[divan::bench(sample_count = 200, sample_size = 1000)]
fn validate(bencher: divan::Bencher<'_, '_>) {
    let parsed = message::parse(Bytes::from_static(INVITE.as_bytes()));
    bencher.bench_local(|| parsed.as_ref().map(message::validate));
}

#[divan::bench(sample_count = 200, sample_size = 1000)]
fn proxy_hop(bencher: divan::Bencher<'_, '_>) {
    let Ok(Message::Request(request)) = message::parse(Bytes::from_static(INVITE.as_bytes())) else { return };
    bencher.bench_local(|| {
        request
            .edit()
            .set(Name::MaxForwards, "66")
            .push_front(Name::RecordRoute, "<sip:192.0.2.1:5060;lr;hw=00112233445566778899aabbccddeeff>")
            .push_front(Name::Via, "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKhw000011223344556677;rport")
            .finish()
    });
}
