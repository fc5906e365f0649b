#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use media::dtmf::{Receiver, parse_info};
use media::rtcp::{Compound, Item, Reporter};
use media::rtp::Packet;

// Datagrams of one source, each behind its length: RTP with telephone events, RTCP, and the digits of a SIP INFO.
fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    let mut now = Duration::from_secs(1_800_000_000);
    let (mut digits, mut reporter) = (Receiver::default(), Reporter::new(1, 2));
    while let Some((length, more)) = rest.split_first() {
        let (datagram, next) = more.split_at(usize::from(*length).min(more.len()));
        rest = next;
        now += Duration::from_millis(20);
        if let Ok(packet) = Packet::parse(datagram) {
            let payload = packet.payload(datagram);
            assert!(payload.len() <= datagram.len());
            let _ = (digits.receive(now, &packet.header, payload), digits.poll(now));
            let mut same = datagram.to_vec();
            assert!(packet.header.rewrite(&mut same).is_some(), "what parsed has room for its own header");
        }
        if let Ok(compound) = Compound::parse(datagram) {
            for item in compound {
                if let Item::SenderReport { blocks, .. } | Item::ReceiverReport { blocks, .. } = item {
                    let _ = blocks.count();
                }
            }
        }
        let _ = reporter.receive(now, datagram);
        let _ = parse_info(b"application/dtmf-relay", datagram);
        let _ = parse_info(b"application/dtmf", datagram);
    }
    let _ = digits.flush();
});
