//! Digits: telephone events in RTP (RFC 4733) and SIP INFO bodies.

use std::collections::VecDeque;
use std::time::Duration;

use crate::rtp::Header;

/// Octets of a telephone-event payload (RFC 4733 section 2.3).
pub const EVENT_LEN: usize = 4;
/// Digits waiting to be sent on a leg.
pub const DIGITS_MAX: usize = 64;
/// The pause of a `,` between digits.
pub const PAUSE: Duration = Duration::from_millis(500);
/// A digit whose end was lost ends when nothing of it came for this long. RFC 4733 section 2.5.2.2 leaves it to the
/// receiver; three packets of 50 ms, the longest interval it recommends.
pub const LOST_END: Duration = Duration::from_millis(150);

/// The digit of an event code 0..=15 (RFC 4733 section 3.2).
#[must_use]
pub fn digit_of(event: u8) -> Option<char> {
    b"0123456789*#ABCD".get(usize::from(event)).map(|digit| char::from(*digit))
}

/// The event code of a digit, upper or lower case.
#[must_use]
pub fn event_of(digit: char) -> Option<u8> {
    let code = match digit.to_ascii_uppercase() {
        digit @ '0'..='9' => digit as u8 - b'0',
        '*' => 10,
        '#' => 11,
        letter @ 'A'..='D' => letter as u8 - b'A' + 12,
        _ => return None,
    };
    Some(code)
}

/// A telephone-event payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TelephoneEvent {
    pub event: u8,
    pub end: bool,
    /// Power of the tone, -dBm0, 0..=63.
    pub volume: u8,
    /// In timestamp units since the packet's timestamp.
    pub duration: u16,
}

impl TelephoneEvent {
    /// The first event of a payload; packed further events (RFC 4733 section 2.5.1.5) are not used for digits.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [event, flags, high, low] = *payload.first_chunk::<EVENT_LEN>()?;
        Some(Self { event, end: flags & 0x80 != 0, volume: flags & 0x3f, duration: u16::from_be_bytes([high, low]) })
    }

    #[must_use]
    pub fn to_bytes(self) -> [u8; EVENT_LEN] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, (u8::from(self.end) << 7) | (self.volume & 0x3f), high, low]
    }
}

/// A digit that was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digit {
    pub digit: char,
    pub duration_ms: u32,
}

#[derive(Debug, Clone, Copy)]
struct Pressed {
    ssrc: u32,
    timestamp: u32,
    event: u8,
    duration: u32,
    heard: Duration,
    ended: bool,
}

/// Makes one [`Digit`] of all packets of an event: updates, three copies of the end, a lost end, late duplicates.
#[derive(Debug, Clone, Default)]
pub struct Receiver {
    current: Option<Pressed>,
}

impl Receiver {
    /// Takes a telephone-event packet. Up to two digits come out: one whose end was lost and the one just ended.
    pub fn receive(&mut self, now: Duration, header: &Header, payload: &[u8]) -> [Option<Digit>; 2] {
        let Some(event) = TelephoneEvent::parse(payload) else { return [None, None] };
        let mut lost = None;
        if let Some(current) = &mut self.current {
            let same_source = current.ssrc == header.ssrc;
            let step = header.timestamp.wrapping_sub(current.timestamp) as i32;
            if same_source && step == 0 && current.event == event.event {
                if current.ended {
                    return [None, None];
                }
                current.duration = current.duration.max(u32::from(event.duration));
                current.heard = now;
                if event.end {
                    current.ended = true;
                    return [None, current.digit()];
                }
                return [None, None];
            }
            // An event longer than 65,535 units goes on as a new segment whose timestamp continues the old one's
            // (RFC 4733 section 2.5.1.3): one digit.
            if same_source && !current.ended && current.event == event.event && current.continues(step) {
                current.timestamp = header.timestamp;
                current.duration = current.duration.saturating_add(u32::from(event.duration));
                current.heard = now;
                current.ended = event.end;
                return [None, if event.end { current.digit() } else { None }];
            }
            // Reordered or retransmitted packets of an earlier event.
            if same_source && step < 0 {
                return [None, None];
            }
            if !current.ended {
                lost = current.digit();
            }
        }
        let pressed = Pressed {
            ssrc: header.ssrc,
            timestamp: header.timestamp,
            event: event.event,
            duration: u32::from(event.duration),
            heard: now,
            ended: event.end,
        };
        let ended = if event.end { pressed.digit() } else { None };
        self.current = Some(pressed);
        [lost, ended]
    }

    /// Ends a digit of which nothing came for [`LOST_END`].
    pub fn poll(&mut self, now: Duration) -> Option<Digit> {
        let current = self.current.as_mut()?;
        if current.ended || now.saturating_sub(current.heard) < LOST_END {
            return None;
        }
        current.ended = true;
        current.digit()
    }

    /// Ends an open digit at once, because the leg closes.
    pub fn flush(&mut self) -> Option<Digit> {
        let current = self.current.as_mut().filter(|current| !current.ended)?;
        current.ended = true;
        current.digit()
    }

    /// Is a digit open, so that [`Receiver::poll`] must be called?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.current.is_some_and(|current| !current.ended)
    }
}

impl Pressed {
    fn digit(&self) -> Option<Digit> {
        digit_of(self.event).map(|digit| Digit { digit, duration_ms: self.duration / 8 })
    }

    fn continues(&self, step: i32) -> bool {
        // Only a segment that ran to its limit is continued; the limit may be cut short by a packet interval.
        self.duration >= 0xf000 && step > 0 && step <= 0xffff
    }
}

/// What the sender wants sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPacket {
    /// Starts an event: marker set, a new timestamp is taken and kept until the event's end.
    pub start: bool,
    pub payload: [u8; EVENT_LEN],
}

#[derive(Debug, Clone, Copy)]
enum Sending {
    Idle { until: Duration },
    Tone { event: u8, since: Duration, started: bool },
    End { event: u8, duration: u16, left: u8 },
}

/// Sends digits as telephone events: a packet each tick while the tone lasts, then three with the end bit
/// (RFC 4733 section 2.5.1.4).
#[derive(Debug, Clone)]
pub struct Sender {
    waiting: VecDeque<char>,
    tone: Duration,
    gap: Duration,
    state: Sending,
    /// When the next packet of an event is due.
    next: Duration,
    volume: u8,
}

/// Time between packets of an event.
const INTERVAL: Duration = Duration::from_millis(20);
/// A poll may come this much before its packet is due.
const EARLY_MAX: Duration = Duration::from_millis(2);

impl Sender {
    /// `tone` and `gap` are held to 40..=5,000 ms, the least a receiver must detect and the most that is a digit.
    #[must_use]
    pub fn new(tone: Duration, gap: Duration) -> Self {
        let limit = |span: Duration| span.clamp(Duration::from_millis(40), Duration::from_secs(5));
        Self {
            waiting: VecDeque::new(),
            tone: limit(tone),
            gap: limit(gap),
            state: Sending::Idle { until: Duration::ZERO },
            next: Duration::ZERO,
            volume: 10,
        }
    }

    /// Adds digits; returns how many were not taken because they are none or the queue is full.
    pub fn push(&mut self, digits: &str) -> usize {
        let mut refused = 0;
        for digit in digits.chars() {
            if self.waiting.len() < DIGITS_MAX && (digit == ',' || event_of(digit).is_some()) {
                self.waiting.push_back(digit);
            } else {
                refused += 1;
            }
        }
        refused
    }

    /// Nothing left to send.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && matches!(self.state, Sending::Idle { .. })
    }

    /// Is an event on the wire, so that audio must wait?
    #[must_use]
    pub fn is_sending(&self) -> bool {
        !matches!(self.state, Sending::Idle { .. })
    }

    /// Called every 20 ms, or more often: what to send now.
    pub fn poll(&mut self, now: Duration) -> Option<EventPacket> {
        if let Sending::Idle { until } = self.state {
            if now < until {
                return None;
            }
            let digit = self.waiting.pop_front()?;
            let Some(event) = event_of(digit) else {
                self.state = Sending::Idle { until: now + PAUSE };
                return None;
            };
            self.state = Sending::Tone { event, since: now, started: false };
            self.next = now;
        }
        if now + EARLY_MAX < self.next {
            return None;
        }
        // After a stall the packets go on from now, not in a burst.
        self.next = self.next.max(now.saturating_sub(INTERVAL)) + INTERVAL;
        match self.state {
            Sending::Tone { event, since, started } => {
                let lasted = now.saturating_sub(since);
                let duration = units(lasted.min(self.tone)).max(160);
                if started && lasted >= self.tone {
                    self.state = Sending::End { event, duration, left: 2 };
                    return Some(self.packet(event, true, duration, false));
                }
                self.state = Sending::Tone { event, since, started: true };
                Some(self.packet(event, false, duration, !started))
            }
            Sending::End { event, duration, left } => {
                self.state = if left > 1 {
                    Sending::End { event, duration, left: left - 1 }
                } else {
                    Sending::Idle { until: now + self.gap }
                };
                Some(self.packet(event, true, duration, false))
            }
            Sending::Idle { .. } => None,
        }
    }

    fn packet(&self, event: u8, end: bool, duration: u16, start: bool) -> EventPacket {
        EventPacket { start, payload: TelephoneEvent { event, end, volume: self.volume, duration }.to_bytes() }
    }
}

fn units(span: Duration) -> u16 {
    u16::try_from(crate::samples_in(span)).unwrap_or(u16::MAX)
}

/// Reads the digit of a SIP INFO body: `application/dtmf-relay` (`Signal=5`, `Duration=160`) or `application/dtmf`
/// (the digit alone). Parameters of the content type are ignored; a flash (`!`, 16) is none of ours.
#[must_use]
pub fn parse_info(content_type: &[u8], body: &[u8]) -> Option<Digit> {
    const DURATION_MS_DEFAULT: u32 = 250;
    let kind = content_type.split(|byte| *byte == b';').next()?.trim_ascii();
    if kind.eq_ignore_ascii_case(b"application/dtmf-relay") {
        let mut signal = None;
        let mut duration_ms = DURATION_MS_DEFAULT;
        for line in body.split(|byte| matches!(byte, b'\r' | b'\n')).take(16) {
            let Some(equals) = line.iter().position(|byte| *byte == b'=') else { continue };
            let (name, value) = (line[..equals].trim_ascii(), line[equals + 1..].trim_ascii());
            if name.eq_ignore_ascii_case(b"signal") {
                signal = digit_in(value);
            } else if name.eq_ignore_ascii_case(b"duration") {
                duration_ms = number(value).unwrap_or(DURATION_MS_DEFAULT);
            }
        }
        return signal.map(|digit| Digit { digit, duration_ms });
    }
    if kind.eq_ignore_ascii_case(b"application/dtmf") {
        let digit = digit_in(body.trim_ascii())?;
        return Some(Digit { digit, duration_ms: DURATION_MS_DEFAULT });
    }
    None
}

/// A digit as itself, or as its event number (some senders write 10 for `*` and 11 for `#`).
fn digit_in(value: &[u8]) -> Option<char> {
    match value {
        [single] => event_of(char::from(*single)).and_then(digit_of),
        _ => number(value).and_then(|code| u8::try_from(code).ok()).and_then(digit_of),
    }
}

fn number(value: &[u8]) -> Option<u32> {
    if value.is_empty() || value.len() > 6 {
        return None;
    }
    value.iter().try_fold(0u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}
