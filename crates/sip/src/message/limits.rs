/// What a message may not exceed. Everything beyond is a [`super::Fault::TooLarge`] or [`super::Fault::TooMany`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Whole message, bytes. Offsets are 16 bits wide, so that [`Limits::MESSAGE_BYTES_MAX`] is the ceiling.
    pub message_bytes: usize,
    /// Header lines.
    pub headers: usize,
    /// Via values over all lines; a longer path is a loop.
    pub vias: usize,
    /// Request-URI, bytes.
    pub uri_bytes: usize,
    /// One header line with its folds, bytes.
    pub header_bytes: usize,
}

impl Limits {
    /// The largest message any configuration may accept: 64 KiB less one byte.
    pub const MESSAGE_BYTES_MAX: usize = u16::MAX as usize;
    pub const DEFAULT: Limits = Limits {
        message_bytes: Self::MESSAGE_BYTES_MAX,
        headers: 256,
        vias: 70,
        uri_bytes: 4096,
        header_bytes: 16 * 1024,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
