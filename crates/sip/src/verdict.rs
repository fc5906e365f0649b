//! The signed header by which edge and switch tell each other what was decided about a call, in one process or across
//! machines. It is bound to Call-ID and CSeq, and expires.

use crate::message::Request;
use crate::seal::{Seal, from_hex, to_hex};
use std::str::FromStr;
use std::time::Duration;
use uuid::Uuid;

/// Removed from whatever comes from outside.
pub const HEADER: &str = "X-Hopwhistle-Verdict";
/// Every header of ours starts like this.
pub const HEADER_PREFIX: &str = "X-Hopwhistle-";
/// How old a verdict may be; clocks may differ by as much. Longer than any retransmission of its request.
pub const AGE_MAX: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The edge admitted it.
    Inbound,
    /// The switch asks for it to be sent out.
    Outbound,
}

/// How far the carrier vouches for the caller (STIR/SHAKEN).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attestation {
    A,
    B,
    C,
    #[default]
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub direction: Direction,
    /// The trunk it came by, or is to leave by.
    pub trunk: Option<Uuid>,
    pub tenant: Uuid,
    pub attestation: Attestation,
    /// Whole seconds since the Unix epoch.
    pub at: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerdictError {
    #[error("no verdict, or more than one")]
    Missing,
    #[error("malformed verdict")]
    Malformed,
    #[error("signature does not fit")]
    Signature,
    #[error("verdict expired")]
    Expired,
}

impl Verdict {
    /// The header value for a request with this Call-ID and CSeq number.
    pub fn sign(&self, seal: &Seal, call_id: &[u8], cseq: u32) -> String {
        let text = self.text();
        format!("{text};sig={}", to_hex(&signature(seal, &text, call_id, cseq)))
    }

    /// Reads and checks the verdict of a request.
    ///
    /// # Errors
    /// It must not be believed; which one says why.
    pub fn verify(seal: &Seal, request: &Request, now: Duration) -> Result<Verdict, VerdictError> {
        let mut values = request.headers(HEADER);
        let (Some(value), None) = (values.next(), values.next()) else { return Err(VerdictError::Missing) };
        let cseq = request.cseq().ok_or(VerdictError::Malformed)?.number;
        let value = std::str::from_utf8(value).map_err(|_| VerdictError::Malformed)?;
        let (text, given) = value.rsplit_once(";sig=").ok_or(VerdictError::Malformed)?;
        let given = from_hex(given.as_bytes(), 32).filter(|sig| sig.len() == 32).ok_or(VerdictError::Malformed)?;
        if !seal.verify(&[b"verdict", text.as_bytes(), request.call_id(), &cseq.to_be_bytes()], &given) {
            return Err(VerdictError::Signature);
        }
        let verdict = Self::from_text(text).ok_or(VerdictError::Malformed)?;
        if now.abs_diff(verdict.at) > AGE_MAX { Err(VerdictError::Expired) } else { Ok(verdict) }
    }

    fn text(&self) -> String {
        let direction = match self.direction {
            Direction::Inbound => "in",
            Direction::Outbound => "out",
        };
        let trunk = self.trunk.map_or_else(|| "none".to_owned(), |trunk| trunk.to_string());
        let attestation = match self.attestation {
            Attestation::A => "A",
            Attestation::B => "B",
            Attestation::C => "C",
            Attestation::None => "none",
        };
        let (tenant, at) = (self.tenant, self.at.as_secs());
        format!("dir={direction};trunk={trunk};tenant={tenant};attestation={attestation};at={at}")
    }

    fn from_text(text: &str) -> Option<Verdict> {
        let mut fields = text.split(';').map(|field| field.split_once('='));
        let mut next = |name: &str| fields.next()?.filter(|(key, _)| *key == name).map(|(_, value)| value);
        let verdict = Verdict {
            direction: match next("dir")? {
                "in" => Direction::Inbound,
                "out" => Direction::Outbound,
                _ => return None,
            },
            trunk: match next("trunk")? {
                "none" => None,
                id => Some(Uuid::from_str(id).ok()?),
            },
            tenant: Uuid::from_str(next("tenant")?).ok()?,
            attestation: match next("attestation")? {
                "A" => Attestation::A,
                "B" => Attestation::B,
                "C" => Attestation::C,
                "none" => Attestation::None,
                _ => return None,
            },
            at: Duration::from_secs(next("at")?.parse().ok()?),
        };
        fields.next().is_none().then_some(verdict)
    }
}

fn signature(seal: &Seal, text: &str, call_id: &[u8], cseq: u32) -> [u8; 32] {
    seal.sign(&[b"verdict", text.as_bytes(), call_id, &cseq.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Method, Name, RequestBuilder};

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn verdict() -> Verdict {
        Verdict {
            direction: Direction::Inbound,
            trunk: Some(Uuid::from_u128(1)),
            tenant: Uuid::from_u128(2),
            attestation: Attestation::B,
            at: NOW,
        }
    }

    fn request(call_id: &str, cseq: u32, values: &[String]) -> Request {
        let mut builder = RequestBuilder::new(Method::Invite, b"sip:a@b")
            .header(Name::From, "<sip:x@y>;tag=1")
            .header(Name::To, "<sip:a@b>")
            .header(Name::CallId, call_id)
            .cseq(cseq, Method::Invite);
        for value in values {
            builder = builder.header(HEADER, value);
        }
        builder.build().unwrap()
    }

    #[test]
    fn bound_to_its_request_and_time() {
        let seal = Seal::from_secret(b"secret");
        let value = verdict().sign(&seal, b"id", 7);
        let check = |request: &Request, now| Verdict::verify(&seal, request, now);
        assert_eq!(check(&request("id", 7, std::slice::from_ref(&value)), NOW), Ok(verdict()));
        assert_eq!(check(&request("ie", 7, std::slice::from_ref(&value)), NOW), Err(VerdictError::Signature));
        assert_eq!(check(&request("id", 8, std::slice::from_ref(&value)), NOW), Err(VerdictError::Signature));
        let changed = value.replace("attestation=B", "attestation=A");
        assert_eq!(check(&request("id", 7, &[changed]), NOW), Err(VerdictError::Signature));
        assert_eq!(check(&request("id", 7, &[value.clone(), value.clone()]), NOW), Err(VerdictError::Missing));
        assert_eq!(check(&request("id", 7, &[]), NOW), Err(VerdictError::Missing));
        let late = NOW + AGE_MAX + Duration::from_secs(1);
        assert_eq!(check(&request("id", 7, std::slice::from_ref(&value)), late), Err(VerdictError::Expired));
        assert_eq!(check(&request("id", 7, &["x".into()]), NOW), Err(VerdictError::Malformed));
    }
}
