use super::error::Fault;
use super::header::Name;
use super::start_line::StartLine;
use super::values::parse_u32;
use super::{Envelope, Message, NameAddr, Scheme, Uri};

/// Largest Max-Forwards (RFC 3261 §20.22).
const MAX_FORWARDS_MAX: u32 = 255;

/// Reads in full what a border or a user agent acts on, as [`super::parse()`] does not: addresses, paths and numbers.
///
/// # Errors
/// The first fault found; all of them deserve a 400 (416 is the user agent's to give for schemes it does not serve).
pub fn validate(message: &Message) -> Result<(), Fault> {
    if let StartLine::Request { uri_start, uri_end, .. } = message.start {
        let uri = Uri::parse(message.slice(uri_start, uri_end)).ok_or(Fault::Invalid("Request-URI"))?;
        // RFC 3261 §19.1.1: headers are not allowed in a Request-URI (RFC 4475 §3.1.2.11).
        if uri.headers.is_some() {
            return Err(Fault::Invalid("Request-URI"));
        }
    }
    for via in message.vias() {
        via.ok_or(Fault::Invalid("Via"))?;
    }
    for name in [Name::From, Name::To] {
        let value = message.header(name).ok_or(Fault::Missing(name.text()))?;
        check_address(value).ok_or(Fault::Invalid(name.text()))?;
    }
    for value in message.values(Name::Contact).filter(|value| *value != b"*") {
        check_address(value).ok_or(Fault::Invalid("Contact"))?;
    }
    for name in [Name::Route, Name::RecordRoute] {
        for value in message.values(name) {
            let address = NameAddr::parse(value).ok_or(Fault::Invalid(name.text()))?;
            let uri = address.uri().ok_or(Fault::Invalid(name.text()))?;
            if !matches!(uri.scheme, Scheme::Sip | Scheme::Sips) {
                return Err(Fault::Invalid(name.text()));
            }
        }
    }
    check_numbers(message)
}

fn check_address(value: &[u8]) -> Option<()> {
    NameAddr::parse(value)?.uri().map(|_| ())
}

fn check_numbers(message: &Envelope) -> Result<(), Fault> {
    for (name, limit) in [(Name::MaxForwards, MAX_FORWARDS_MAX), (Name::Expires, u32::MAX)] {
        if let Some(value) = message.header(name) {
            parse_u32(value).filter(|&number| number <= limit).ok_or(Fault::Invalid(name.text()))?;
        }
    }
    Ok(())
}
