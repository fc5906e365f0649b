//! RTP data packets (RFC 3550 section 5.1): parse by borrowing, write in place.

/// Octets of the fixed header.
pub const HEADER_LEN: usize = 12;

/// Why a datagram is no RTP packet we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    #[error("shorter than its header says")]
    Truncated,
    #[error("not RTP version 2")]
    Version,
    #[error("padding longer than the payload")]
    Padding,
}

/// The fixed header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub marker: bool,
    /// 0..=127.
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

impl Header {
    /// Writes the 12 octets of a header without padding, extension and CSRC. `None` when there is no room.
    pub fn write(&self, buffer: &mut [u8]) -> Option<usize> {
        let header = buffer.get_mut(..HEADER_LEN)?;
        header[0] = 0x80;
        header[1] = (self.payload_type & 0x7f) | (u8::from(self.marker) << 7);
        header[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        header[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        header[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        Some(HEADER_LEN)
    }

    /// Puts these values into an existing packet and leaves the rest (CSRC, extension, padding) as it is.
    /// `None` when the packet is shorter than a header.
    pub fn rewrite(&self, packet: &mut [u8]) -> Option<()> {
        let first = *packet.first()?;
        self.write(packet)?;
        packet[0] = first;
        Some(())
    }
}

/// A parsed packet: the header and where its payload lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    pub header: Header,
    /// Offset of the payload in the datagram.
    pub payload_start: usize,
    /// End of the payload, padding excluded.
    pub payload_end: usize,
}

impl Packet {
    /// Checks and reads a datagram. CSRC list, header extension and padding are measured and skipped.
    ///
    /// # Errors
    /// [`RtpError`] for anything RFC 3550 A.1 would throw away.
    pub fn parse(datagram: &[u8]) -> Result<Self, RtpError> {
        let fixed: &[u8; HEADER_LEN] = datagram.first_chunk().ok_or(RtpError::Truncated)?;
        if fixed[0] >> 6 != 2 {
            return Err(RtpError::Version);
        }
        let mut start = HEADER_LEN + usize::from(fixed[0] & 0x0f) * 4;
        if fixed[0] & 0x10 != 0 {
            let extension = datagram.get(start..start + 4).ok_or(RtpError::Truncated)?;
            start += 4 + usize::from(u16::from_be_bytes([extension[2], extension[3]])) * 4;
        }
        if start > datagram.len() {
            return Err(RtpError::Truncated);
        }
        let mut end = datagram.len();
        if fixed[0] & 0x20 != 0 {
            let padding = usize::from(datagram[end - 1]);
            if padding == 0 || padding > end - start {
                return Err(RtpError::Padding);
            }
            end -= padding;
        }
        let header = Header {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        };
        Ok(Self { header, payload_start: start, payload_end: end })
    }

    /// The payload inside the datagram this packet was parsed from; empty for any other, shorter one.
    #[must_use]
    pub fn payload<'a>(&self, datagram: &'a [u8]) -> &'a [u8] {
        datagram.get(self.payload_start..self.payload_end).unwrap_or_default()
    }

    /// As [`Packet::payload`], to be changed in place.
    pub fn payload_mut<'a>(&self, datagram: &'a mut [u8]) -> &'a mut [u8] {
        datagram.get_mut(self.payload_start..self.payload_end).unwrap_or_default()
    }
}

/// Is this datagram RTCP, where both share a port (RFC 5761 section 4)?
#[must_use]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, kind, ..] if first >> 6 == 2 && (192..=223).contains(kind))
}

/// Extends 16-bit sequence numbers to 64 bits: the value nearest to the highest seen so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct SequenceExtender {
    highest: Option<u64>,
}

impl SequenceExtender {
    /// The first value starts in cycle 1, so that a packet before it has a place.
    pub fn extend(&mut self, sequence: u16) -> u64 {
        let Some(highest) = self.highest else {
            let first = (1 << 16) + u64::from(sequence);
            self.highest = Some(first);
            return first;
        };
        let step = i64::from(sequence.wrapping_sub(highest as u16) as i16);
        let extended = highest.saturating_add_signed(step);
        self.highest = Some(highest.max(extended));
        extended
    }

    /// The highest value so far.
    #[must_use]
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }
}

/// Extends 32-bit timestamps to 64 bits, in the same way.
#[derive(Debug, Clone, Copy, Default)]
pub struct TimestampExtender {
    highest: Option<u64>,
}

impl TimestampExtender {
    pub fn extend(&mut self, timestamp: u32) -> u64 {
        let Some(highest) = self.highest else {
            let first = (1 << 32) + u64::from(timestamp);
            self.highest = Some(first);
            return first;
        };
        let step = i64::from(timestamp.wrapping_sub(highest as u32) as i32);
        let extended = highest.saturating_add_signed(step);
        self.highest = Some(highest.max(extended));
        extended
    }
}
