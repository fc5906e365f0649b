#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sip::message::{self, Message, Name, NameAddr, ResponseBuilder};

fuzz_target!(|data: &[u8]| {
    let parsed = match message::parse(Bytes::copy_from_slice(data)) {
        Ok(parsed) => parsed,
        Err(error) => {
            if let Some(bytes) = error.rejection {
                assert!(bytes.ends_with(b"\r\n\r\n"));
            }
            return;
        }
    };
    let _ = message::validate(&parsed);
    for name in [Name::From, Name::To, Name::Contact, Name::Route, Name::RecordRoute] {
        for address in parsed.values(name).filter_map(NameAddr::parse) {
            let _ = (address.display_decoded(), address.uri().and_then(|uri| uri.user_decoded()));
        }
    }
    let same = match &parsed {
        Message::Request(request) => request.edit().finish(),
        Message::Response(response) => response.edit().finish(),
    };
    let same = same.expect("no change is always possible");
    assert_eq!(&same, parsed.bytes());
    let again = message::parse(same).expect("what parsed parses");
    assert!(again.lines().eq(parsed.lines()));
    if let Message::Request(request) = &parsed {
        let pushed = request.edit().push_front(Name::Via, "SIP/2.0/UDP p").finish_request().expect("a Via fits");
        assert_eq!(pushed.edit().pop(Name::Via, 1).finish().expect("and comes off"), request.bytes());
        let _ = ResponseBuilder::new(request, 200).tag(b"t").build();
    }
});
