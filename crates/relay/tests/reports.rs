//! RTCP between two engines: loss, jitter, round trip, and the score at the end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod world;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use media::command::{Handling, MediaCommand, RemoteMedia};
use media::rtcp::{Compound, Item};
use media::{Codec, LegKey, MediaEvent, MediaStats, PreparedPrompt, PromptKey};
use relay::{Channel, Config, Relay};
use world::{STEP, address};

const LEG: LegKey = LegKey(1);

struct End {
    relay: Relay,
    address: SocketAddr,
    /// Datagrams on the way here.
    coming: VecDeque<(Duration, Channel, Vec<u8>)>,
    seen: Vec<Vec<u8>>,
}

fn end(seed: u64, local: &str, remote: &str, now: Duration) -> End {
    let mut relay = Relay::new(Config { seed, ..Config::default() });
    let local = address(local);
    let open = MediaCommand::Open { leg: LEG, local, telephone_event: Some(101), handling: Handling::Terminate };
    relay.command(now, open).unwrap();
    let remote = RemoteMedia::new(address(remote), Codec::Pcma);
    relay.command(now, MediaCommand::Configure { leg: LEG, remote }).unwrap();
    let prompt = PreparedPrompt { key: PromptKey(1), samples: vec![500; 800].into(), looping: true };
    relay.command(now, MediaCommand::Play { leg: LEG, prompt }).unwrap();
    End { relay, address: local, coming: VecDeque::new(), seen: Vec::new() }
}

/// Plays both ways for `ticks`, losing every `lose`th packet from `a` to `b`, each way taking `delay` (a whole
/// number of milliseconds).
fn talk(ticks: usize, lose: Option<usize>, delay: Duration, jitter: impl Fn(usize) -> Duration) -> (End, End) {
    let mut now = Duration::from_secs(1_800_000_000);
    let mut a = end(1, "192.0.2.1:4000", "192.0.2.2:5000", now);
    let mut b = end(2, "192.0.2.2:5000", "192.0.2.1:4000", now);
    let mut count = 0;
    for _ in 0..ticks {
        let mut sent = Vec::new();
        a.relay.tick(now, &mut |out| sent.push((out.channel, out.datagram.to_vec())));
        for (channel, datagram) in sent.drain(..) {
            count += 1;
            if channel == Channel::Rtcp || lose.is_none_or(|lose| count % lose != 0) {
                b.coming.push_back((now + delay + jitter(count), channel, datagram));
            }
        }
        b.relay.tick(now, &mut |out| sent.push((out.channel, out.datagram.to_vec())));
        for (channel, datagram) in sent {
            a.coming.push_back((now + delay, channel, datagram));
        }
        for millisecond in 0..STEP.as_millis() as u64 {
            let at = now + Duration::from_millis(millisecond);
            let (from_a, from_b) = (a.address, b.address);
            deliver(&mut a, from_b, at);
            deliver(&mut b, from_a, at);
        }
        now += STEP;
    }
    for end in [&mut a, &mut b] {
        end.relay.command(now, MediaCommand::Close { leg: LEG }).unwrap();
        end.relay.tick(now, &mut |out| end.seen.push(out.datagram.to_vec()));
    }
    (a, b)
}

fn deliver(end: &mut End, source: SocketAddr, at: Duration) {
    while let Some((_, channel, mut datagram)) = end.coming.pop_front_if(|(due, ..)| *due <= at) {
        match channel {
            Channel::Rtp => end.relay.receive(at, LEG, source, &mut datagram),
            Channel::Rtcp => {
                let source = SocketAddr::new(source.ip(), source.port() + 1);
                end.relay.receive_rtcp(at, LEG, source, &mut datagram)
            }
        };
    }
}

fn stats(end: &mut End) -> MediaStats {
    std::iter::from_fn(|| end.relay.poll_event())
        .find_map(|event| match event {
            MediaEvent::Stats { stats, .. } => Some(stats),
            _ => None,
        })
        .unwrap()
}

#[test]
fn a_clean_line_scores_high() {
    let (mut a, mut b) = talk(1_500, None, Duration::from_millis(15), |_| Duration::ZERO);
    for end in [&mut a, &mut b] {
        let stats = stats(end);
        assert_eq!((stats.lost, stats.jitter_us), (0, 0));
        assert!((29_000..=31_000).contains(&stats.round_trip_us), "{} us", stats.round_trip_us);
        assert!(stats.mos_x100 >= 435, "{}", stats.mos_x100);
    }
    let bye = a.seen.iter().any(|datagram| {
        Compound::parse(datagram).is_ok_and(|mut items| items.any(|item| matches!(item, Item::Bye { .. })))
    });
    assert!(bye, "a closed leg says BYE");
}

#[test]
fn loss_and_jitter_show_on_both_sides() {
    let swing = |count: usize| Duration::from_millis(if count.is_multiple_of(2) { 8 } else { 0 });
    let (mut a, mut b) = talk(1_500, Some(10), Duration::from_millis(40), swing);
    let (sender, receiver) = (stats(&mut a), stats(&mut b));
    assert!((145..=152).contains(&receiver.lost), "{} lost", receiver.lost);
    // 8 ms between neighbours, none across a lost packet: eight ninths of it on average.
    assert!((6_000..=8_000).contains(&receiver.jitter_us), "{} us", receiver.jitter_us);
    // A tenth of 256, as the other side reported it.
    assert!((22..=30).contains(&sender.remote_loss_256), "{}/256", sender.remote_loss_256);
    assert_eq!(sender.lost, 0);
    assert!(receiver.mos_x100 < 200 && sender.mos_x100 > 400, "{} {}", receiver.mos_x100, sender.mos_x100);
}
