//! RTCP of the legs we terminate.

use std::net::SocketAddr;
use std::time::Duration;

use media::LegKey;
use media::command::Handling;
use media::rtcp::REPORT_LEN_MAX;

use super::{Channel, Outgoing, Relay};
use crate::leg::Leg;

/// Farewells waiting for a tick; more calls ending within one tick go without.
const FAREWELLS_MAX: usize = 4_096;

/// A last report with BYE. The leg is gone when it is sent.
#[derive(Debug)]
pub(super) struct Farewell {
    leg: LegKey,
    channel: Channel,
    destination: SocketAddr,
    report: [u8; REPORT_LEN_MAX],
    length: usize,
}

impl Relay {
    /// Sends the report of a leg when it is due.
    pub(super) fn report(&mut self, now: Duration, at: usize, sink: &mut dyn FnMut(Outgoing<'_>)) {
        let pause = self.until_report();
        let Some(leg) = self.legs.get_mut(at).filter(|leg| now >= leg.next_report) else { return };
        leg.next_report = now + pause;
        if let Some(Farewell { leg, channel, destination, report, length }) = compose(now, leg, false) {
            sink(Outgoing { leg, channel, destination, datagram: &report[..length] });
        }
    }

    /// Prepares the BYE of a closing leg.
    pub(super) fn farewell(&mut self, now: Duration, leg: &mut Leg) {
        if self.farewells.len() < FAREWELLS_MAX {
            self.farewells.extend(compose(now, leg, true));
        }
    }

    /// Sends the last reports of closed legs, for a caller that closes their sockets before the next tick.
    pub fn send_farewells(&mut self, sink: &mut dyn FnMut(Outgoing<'_>)) {
        for farewell in self.farewells.drain(..) {
            let Farewell { leg, channel, destination, report, length } = &farewell;
            let datagram = &report[..*length];
            sink(Outgoing { leg: *leg, channel: *channel, destination: *destination, datagram });
        }
    }

    /// Half to one and a half intervals, so that reports of many legs do not come together (RFC 3550 section 6.3.1).
    pub(super) fn until_report(&mut self) -> Duration {
        let thousandths = 500 + self.random() % 1_001;
        self.config.rtcp_interval.saturating_mul(thousandths as u32) / 1_000
    }
}

fn compose(now: Duration, leg: &mut Leg, bye: bool) -> Option<Farewell> {
    // A side that neither sent nor heard anything has nothing to say.
    let silent = leg.counters.packets_in == 0 && leg.counters.packets_out == 0;
    if leg.handling != Handling::Terminate || silent {
        return None;
    }
    let destination = leg.rtcp_destination()?;
    let channel = if leg.is_muxed() { Channel::Rtp } else { Channel::Rtcp };
    let mut report = [0; REPORT_LEN_MAX];
    let sent = leg.sent(now);
    let length = leg.reporter.write(now, sent, &mut leg.reception, bye, &mut report)?;
    Some(Farewell { leg: leg.key, channel, destination, report, length })
}
