//! Session descriptions (RFC 8866) and offer/answer (RFC 3264). What is not understood is kept, in its place.

mod codec;
mod negotiate;
mod session;

pub use codec::{AudioCodec, Codec};
pub use negotiate::{Agreed, Answer, Local, accept, answer, offer};
pub use session::{Direction, Line, Media, Origin, Session};

/// Media type of a session description.
pub const CONTENT_TYPE: &str = "application/sdp";

/// Why a session description cannot be used: 400 where it is malformed, 488 where nothing fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    #[error("not a session description: line {0}")]
    Line(usize),
    #[error("no version 0")]
    Version,
    #[error("no usable origin")]
    Origin,
    #[error("unusable media line")]
    Media,
    #[error("no address to send media to")]
    Connection,
    #[error("more than {0} {1}")]
    TooMany(usize, &'static str),
    #[error("no media or codec in common")]
    NothingInCommon,
    #[error("the answer does not fit the offer")]
    Mismatch,
}

impl SdpError {
    /// The status to refuse the offer with.
    pub fn status(self) -> u16 {
        match self {
            SdpError::NothingInCommon | SdpError::Connection => 488,
            _ => 400,
        }
    }
}
