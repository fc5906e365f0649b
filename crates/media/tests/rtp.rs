//! RTP and RTCP on the wire: what is read, what is refused, and that nothing panics.

use std::time::Duration;

use media::rtcp::{Compound, Item, REPORT_LEN_MAX, Reception, Reporter, RtcpError, Sent, ntp, ntp_middle};
use media::rtp::{self, Header, Packet, RtpError, SequenceExtender, TimestampExtender};
use proptest::prelude::*;

fn header(sequence: u16, timestamp: u32) -> Header {
    Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 0xdead_beef }
}

#[test]
fn a_packet_with_everything() {
    // V=2 P X CC=2, marker, PT 101.
    let mut datagram = vec![0xb2, 0xe5, 0x12, 0x34, 0, 0, 0, 5, 1, 2, 3, 4];
    datagram.extend_from_slice(&[9; 8]);
    datagram.extend_from_slice(&[0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
    datagram.extend_from_slice(b"voice");
    datagram.extend_from_slice(&[0, 0, 3]);
    let packet = Packet::parse(&datagram).unwrap();
    let expected = Header { marker: true, payload_type: 101, sequence: 0x1234, timestamp: 5, ssrc: 0x0102_0304 };
    assert_eq!((packet.header, packet.payload(&datagram)), (expected, &b"voice"[..]));

    let other = Header { marker: false, payload_type: 8, sequence: 1, timestamp: 2, ssrc: 3 };
    other.rewrite(&mut datagram).unwrap();
    let again = Packet::parse(&datagram).unwrap();
    assert_eq!((again.header, again.payload(&datagram)), (other, &b"voice"[..]), "the rest stays");
}

#[test]
fn what_is_no_rtp() {
    let good = {
        let mut datagram = vec![0; 172];
        header(1, 1).write(&mut datagram).unwrap();
        datagram
    };
    let with = |at: usize, octet: u8| {
        let mut datagram = good.clone();
        datagram[at] = octet;
        Packet::parse(&datagram)
    };
    assert_eq!(Packet::parse(&good[..11]), Err(RtpError::Truncated));
    assert_eq!(with(0, 0x40), Err(RtpError::Version));
    assert_eq!(with(0, 0xa0), Err(RtpError::Padding), "padding of 0");
    let mut padded = good.clone();
    (padded[0], padded[171]) = (0xa0, 161);
    assert_eq!(Packet::parse(&padded), Err(RtpError::Padding), "padding into the header");
    let mut extended = good[..16].to_vec();
    (extended[0], extended[15]) = (0x90, 1);
    assert_eq!(Packet::parse(&extended), Err(RtpError::Truncated), "extension beyond the end");
    assert_eq!(Packet::parse(&[0x8f; 20]), Err(RtpError::Truncated), "CSRCs beyond the end");
}

#[test]
fn numbers_go_on_over_the_wrap() {
    let mut extender = SequenceExtender::default();
    let start = extender.extend(65_534);
    let steps = [65_535, 1, 0, 65_533, 2].map(|sequence| extender.extend(sequence) as i64 - start as i64);
    assert_eq!(steps, [1, 3, 2, -1, 4]);
    assert_eq!(extender.highest(), Some(start + 4));
    let mut extender = TimestampExtender::default();
    let start = extender.extend(u32::MAX - 159);
    assert_eq!([0, 160, u32::MAX - 319].map(|stamp| extender.extend(stamp) as i64 - start as i64), [160, 320, -160]);
}

/// RFC 3550 A.3 and A.8, checked by hand.
#[test]
fn reception_counts_and_measures() {
    let mut reception = Reception::default();
    let mut now = Duration::from_secs(100);
    // 20 packets; number 5 is lost, 9 and 10 swap, 12 comes twice; from 65,530 over the wrap.
    let order = [0, 1, 2, 3, 4, 6, 7, 8, 10, 9, 11, 12, 12, 13, 14, 15, 16, 17, 18, 19u16];
    for index in order {
        let sequence = 65_530u16.wrapping_add(index);
        reception.receive(now, &header(sequence, u32::from(index) * 160), 8_000);
        now += Duration::from_millis(20);
    }
    assert_eq!((reception.received(), reception.expected(), reception.lost()), (20, 20, 0));
    let account = reception.report().unwrap();
    assert_eq!((account.cumulative_lost, account.fraction_lost), (0, 0));
    assert_eq!(account.extended_highest, (1 << 16) | 13);
    assert!(account.jitter > 0);
    assert_eq!(reception.report(), None, "nothing came since");

    // A tenth lost in the next interval.
    for index in 20..120u16 {
        if index % 10 != 0 {
            reception.receive(now, &header(65_530u16.wrapping_add(index), u32::from(index) * 160), 8_000);
        }
        now += Duration::from_millis(20);
    }
    let account = reception.report().unwrap();
    assert_eq!((account.cumulative_lost, account.fraction_lost), (10, 25));
    assert!((reception.loss() - 10.0 / 120.0).abs() < 1e-9);
}

#[test]
fn jitter_follows_the_formula() {
    let mut reception = Reception::default();
    let start = Duration::from_secs(100);
    let mut expected = 0.0;
    for index in 0..400u32 {
        let swing = if index % 2 == 0 { 0 } else { 10 };
        let now = start + Duration::from_millis(u64::from(index) * 20 + swing);
        reception.receive(now, &header(index as u16, index * 160), 8_000);
        if index > 0 {
            expected += (80.0 - expected) / 16.0;
        }
    }
    let jitter = reception.jitter(8_000).as_secs_f64() * 8_000.0;
    assert!((jitter - expected).abs() < 1.0, "{jitter} units, expected {expected}");
}

#[test]
fn a_restart_is_no_loss() {
    let mut reception = Reception::default();
    let mut now = Duration::from_secs(1);
    for sequence in (100..200u16).chain(40_000..40_100) {
        reception.receive(now, &header(sequence, 0), 8_000);
        now += Duration::from_millis(20);
    }
    assert!(reception.lost() <= 1, "{} lost", reception.lost());
    // A change of SSRC neither.
    for sequence in 7..107u16 {
        reception.receive(now, &Header { ssrc: 1, ..header(sequence, 0) }, 8_000);
    }
    assert!(reception.lost() <= 1);
    assert_eq!(reception.received(), 300);
}

/// Two reporters, a path of 35 ms each way and a second between report and answer.
#[test]
fn the_round_trip_is_measured() {
    let (mut here, mut there) = (Reporter::new(1, 10), Reporter::new(2, 20));
    let (mut heard_here, mut heard_there) = (Reception::default(), Reception::default());
    let mut buffer = [0; REPORT_LEN_MAX];
    let start = Duration::new(1_800_000_000, 123_456_789);
    let path = Duration::from_millis(35);
    heard_there.receive(start, &Header { ssrc: 1, ..header(1, 1) }, 8_000);
    let sent = Sent { rtp_timestamp: 77, packets: 5, octets: 800 };
    let length = here.write(start, sent, &mut heard_here, false, &mut buffer).unwrap();
    there.receive(start + path, &buffer[..length]).unwrap();
    let answered = start + path + Duration::from_secs(1);
    let length = there.write(answered, Sent::default(), &mut heard_there, true, &mut buffer).unwrap();
    here.receive(answered + path, &buffer[..length]).unwrap();
    let round_trip = here.round_trip().unwrap().as_secs_f64();
    assert!((round_trip - 0.070).abs() < 0.000_1, "{round_trip} s");
    assert!(here.has_left() && !there.has_left());
    assert_eq!(here.remote().map(|block| block.extended_highest), Some(1));
    assert!(there.write(answered, Sent::default(), &mut heard_there, true, &mut [0; 20]).is_none());
}

#[test]
fn a_report_reads_as_written() {
    let mut reporter = Reporter::new(0x0102_0304, 0x0123_4567_89ab_cdef);
    let mut reception = Reception::default();
    let now = Duration::new(1_800_000_000, 500_000_000);
    reception.receive(now, &header(9, 1), 8_000);
    let mut buffer = [0; REPORT_LEN_MAX];
    let sent = Sent { rtp_timestamp: 7, packets: 5, octets: 800 };
    let length = reporter.write(now, sent, &mut reception, true, &mut buffer).unwrap();
    let items: Vec<Item<'_>> = Compound::parse(&buffer[..length]).unwrap().collect();
    let [Item::SenderReport { ssrc, info, mut blocks }, Item::SourceDescription { cname, .. }, Item::Bye { ssrc: bye }] =
        items[..]
    else {
        panic!("{items:?}")
    };
    assert_eq!((ssrc, bye, cname), (0x0102_0304, 0x0102_0304, Some(&b"fedcba9876543210"[..])));
    assert_eq!((info.ntp, info.rtp_timestamp, info.packets, info.octets), (ntp(now), 7, 5, 800));
    // 1,800,000,000 s after 1970 is 4,008,988,800 after 1900.
    assert_eq!(ntp(now), (4_008_988_800 << 32) | (1 << 31));
    assert_eq!(ntp_middle(ntp(now)), ((4_008_988_800u64 & 0xffff) << 16) as u32 | 0x8000);
    let block = blocks.next().unwrap();
    assert_eq!((block.ssrc, block.extended_highest, block.last_report, blocks.next()), (0xdead_beef, 9, 0, None));
    assert!(rtp::is_rtcp(&buffer[..length]));
}

#[test]
fn what_is_no_rtcp() {
    let parse = |octets: &[u8]| Compound::parse(octets).err();
    assert_eq!(parse(&[]), Some(RtcpError::Truncated));
    assert_eq!(parse(&[0x80, 200, 0]), Some(RtcpError::Truncated));
    assert_eq!(parse(&[0x80, 200, 0, 9, 0, 0, 0, 0]), Some(RtcpError::Truncated));
    assert_eq!(parse(&[0x40, 200, 0, 0]), Some(RtcpError::Version));
    assert_eq!(parse(&[0xa0, 201, 0, 1, 0, 0, 0, 9]), Some(RtcpError::Padding));
    assert_eq!(parse(&[0x80, 203, 0, 0].repeat(33)), Some(RtcpError::TooMany));
    // More blocks than fit is read as something unknown, not beyond the packet.
    let lies = [0x9f, 201, 0, 1, 0, 0, 0, 1];
    assert_eq!(Compound::parse(&lies).unwrap().collect::<Vec<_>>(), [Item::Other { kind: 201 }]);
}

proptest! {
    #[test]
    fn no_datagram_panics(datagram in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(packet) = Packet::parse(&datagram) {
            prop_assert!(packet.payload(&datagram).len() <= datagram.len());
        }
        if let Ok(items) = Compound::parse(&datagram) {
            for item in items {
                if let Item::SenderReport { blocks, .. } | Item::ReceiverReport { blocks, .. } = item {
                    prop_assert!(blocks.count() < 32);
                }
            }
        }
        let _ = Reporter::new(1, 1).receive(Duration::from_secs(1), &datagram);
    }

    #[test]
    fn no_compound_panics(packets in proptest::collection::vec((0x80..=0xbfu8, 200..=207u8, 0..12u16, any::<u8>()), 1..6)) {
        let mut datagram = Vec::new();
        for (first, kind, words, fill) in packets {
            datagram.extend_from_slice(&[first, kind, (words >> 8) as u8, words as u8]);
            datagram.extend(std::iter::repeat_n(fill, usize::from(words) * 4));
        }
        let _ = Reporter::new(0x0101_0101, 1).receive(Duration::from_secs(1), &datagram);
    }

    #[test]
    fn reception_never_loses_count(sequences in proptest::collection::vec(any::<u16>(), 1..300)) {
        let mut reception = Reception::default();
        for (index, sequence) in sequences.iter().enumerate() {
            reception.receive(Duration::from_millis(index as u64 * 20), &header(*sequence, index as u32), 8_000);
            if index % 50 == 0 {
                let _ = reception.report();
            }
        }
        prop_assert_eq!(reception.received(), sequences.len() as u64);
        prop_assert!(reception.loss() <= 1.0);
    }
}
