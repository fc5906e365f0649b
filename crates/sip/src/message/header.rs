//! Header names. Those the stack reads have a [`Name`]; the first line of the hot ones is found without a scan.

macro_rules! names {
    ($($variant:ident $text:literal $($compact:literal)?;)*) => {
        /// A header the stack knows. `Other` stands for all the rest, which are found by their text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Name { $($variant,)* Other }

        impl Name {
            /// The full name as it is written.
            pub const fn text(self) -> &'static str {
                match self { $(Name::$variant => $text,)* Name::Other => "" }
            }

            const LONG: &[Name] = &[$(Name::$variant,)*];

            fn from_compact(letter: u8) -> Name {
                match letter.to_ascii_lowercase() {
                    $($($compact => Name::$variant,)?)*
                    _ => Name::Other,
                }
            }
        }
    };
}

// The hot ones first: `HOT_NAMES` of them have slots.
names! {
    Via "Via" b'v';
    From "From" b'f';
    To "To" b't';
    CallId "Call-ID" b'i';
    CSeq "CSeq";
    MaxForwards "Max-Forwards";
    Contact "Contact" b'm';
    ContentLength "Content-Length" b'l';
    ContentType "Content-Type" b'c';
    Route "Route";
    RecordRoute "Record-Route";
    Authorization "Authorization";
    ProxyAuthorization "Proxy-Authorization";
    Supported "Supported" b'k';
    Require "Require";
    ProxyRequire "Proxy-Require";
    Allow "Allow";
    Expires "Expires";
    UserAgent "User-Agent";
    Server "Server";
    Accept "Accept";
    Reason "Reason";
    RetryAfter "Retry-After";
    Timestamp "Timestamp";
    Unsupported "Unsupported";
    WwwAuthenticate "WWW-Authenticate";
    ProxyAuthenticate "Proxy-Authenticate";
    Identity "Identity" b'y';
    PAssertedIdentity "P-Asserted-Identity";
    Privacy "Privacy";
    Diversion "Diversion";
    Subject "Subject" b's';
    ContentEncoding "Content-Encoding" b'e';
    ReferTo "Refer-To" b'r';
    ReferredBy "Referred-By" b'b';
    Event "Event" b'o';
    AllowEvents "Allow-Events" b'u';
    SessionExpires "Session-Expires" b'x';
    MinSe "Min-SE";
    RSeq "RSeq";
    RAck "RAck";
    Replaces "Replaces";
    AcceptContact "Accept-Contact" b'a';
    RejectContact "Reject-Contact" b'j';
    RequestDisposition "Request-Disposition" b'd';
    Date "Date";
}

/// How many names, from the first, have a slot.
pub(super) const HOT_NAMES: usize = 16;
pub(super) const NO_SLOT: u16 = u16::MAX;

/// Slots of the table below.
const BUCKETS: usize = 256;

/// Where a token of this length, first and last letter is. The factors were searched for so that no two names share a
/// bucket; [`BY_BUCKET`] does not compile if a new name breaks that.
const fn bucket(token: &[u8]) -> usize {
    let (first, last) = (token[0].to_ascii_lowercase() as usize, token[token.len() - 1].to_ascii_lowercase() as usize);
    (token.len() + first * 9 + last * 14) % BUCKETS
}

static BY_BUCKET: [Name; BUCKETS] = {
    let mut table = [Name::Other; BUCKETS];
    let mut index = 0;
    while index < Name::LONG.len() {
        let name = Name::LONG[index];
        let at = bucket(name.text().as_bytes());
        assert!(matches!(table[at], Name::Other), "two names in one bucket: search for other factors");
        table[at] = name;
        index += 1;
    }
    table
};

impl Name {
    pub(super) fn slot(self) -> Option<usize> {
        let index = self as usize;
        (index < HOT_NAMES).then_some(index)
    }

    /// The name of a token in any case, long or compact (RFC 3261 §7.3.3).
    pub fn from_token(token: &[u8]) -> Name {
        match token {
            [letter] => Name::from_compact(*letter),
            [] => Name::Other,
            _ => {
                let name = BY_BUCKET[bucket(token)];
                if token.eq_ignore_ascii_case(name.text().as_bytes()) { name } else { Name::Other }
            }
        }
    }

    /// Headers of which a second line makes the message ambiguous (RFC 3261 §7.3.1).
    pub(super) fn is_single(self) -> bool {
        matches!(
            self,
            Name::From
                | Name::To
                | Name::CallId
                | Name::CSeq
                | Name::MaxForwards
                | Name::ContentLength
                | Name::ContentType
        )
    }
}

/// How a header is asked for: by [`Name`], or by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    Known(Name),
    Other(&'a [u8]),
}

impl<'a> Named<'a> {
    pub(super) fn text(self) -> &'a [u8] {
        match self {
            Named::Known(name) => name.text().as_bytes(),
            Named::Other(token) => token,
        }
    }
}

impl From<Name> for Named<'_> {
    fn from(name: Name) -> Self {
        Named::Known(name)
    }
}

impl<'a> From<&'a [u8]> for Named<'a> {
    fn from(token: &'a [u8]) -> Self {
        match Name::from_token(token) {
            Name::Other => Named::Other(token),
            known => Named::Known(known),
        }
    }
}

impl<'a> From<&'a str> for Named<'a> {
    fn from(token: &'a str) -> Self {
        Named::from(token.as_bytes())
    }
}

/// One header line: where its name, value and end are. Lines are contiguous, so that the end of one starts the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub name: Name,
    pub line_start: u16,
    pub name_end: u16,
    pub value_start: u16,
    pub value_end: u16,
    /// One past the CRLF.
    pub line_end: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_compact() {
        for (token, name) in [
            ("via", Name::Via),
            ("V", Name::Via),
            ("CALL-id", Name::CallId),
            ("i", Name::CallId),
            ("l", Name::ContentLength),
            ("Proxy-Require", Name::ProxyRequire),
            ("X-Foo", Name::Other),
            ("", Name::Other),
            ("z", Name::Other),
        ] {
            assert_eq!(Name::from_token(token.as_bytes()), name, "{token}");
        }
    }

    #[test]
    fn the_last_hot_name_has_the_last_slot() {
        assert_eq!(Name::ProxyRequire.slot(), Some(HOT_NAMES - 1));
        assert_eq!(Name::Allow.slot(), None);
    }
}
