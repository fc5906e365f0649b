use crate::mutation::{Almost, SEEDS, almost_a_message};
use bytes::Bytes;
use proptest::prelude::*;
use sip::digest::Challenge;
use sip::identity::Claim;
use sip::message::{
    self, CSeq, Envelope, Framed, Framer, Limits, Message, Method, Name, NameAddr, RequestBuilder, ResponseBuilder,
    Uri, Via,
};
use sip::sdp::Session;

/// Reads all that can be read.
fn read_everything(message: &Envelope) {
    for (name, value) in message.lines() {
        let _ = (Name::from_token(name), message::unfold(value), Challenge::parse(value, false));
    }
    let _ = (message.cseq(), message.top_via(), message.contact(), message.max_forwards(), message.from_tag());
    for via in message.vias().flatten() {
        let _ = (via.branch(), via.received(), via.rport());
    }
    for name in [Name::From, Name::To, Name::Contact, Name::Route, Name::RecordRoute] {
        for address in message.values(name).filter_map(NameAddr::parse) {
            let _ = (address.display_decoded(), address.tag(), address.params.iter().count());
            if let Some(uri) = address.uri() {
                let _ = (uri.user_decoded(), uri.host_ip(), uri.is_loose_router());
            }
        }
    }
}

fn unchanged(message: &Message) -> Bytes {
    match message {
        Message::Request(request) => request.edit().finish().unwrap(),
        Message::Response(response) => response.edit().finish().unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(parsed) = message::parse(Bytes::from(bytes.clone())) {
            read_everything(&parsed);
        }
        let _ = (Uri::parse(&bytes), Via::parse(&bytes), NameAddr::parse(&bytes), CSeq::parse(&bytes));
        let _ = (Challenge::parse(&bytes, true), Session::parse(&bytes).is_ok());
    }

    #[test]
    fn what_parses_goes_on_unchanged_and_parses_again(Almost(bytes) in almost_a_message()) {
        match message::parse(Bytes::from(bytes.clone())) {
            Ok(parsed) => {
                read_everything(&parsed);
                let _ = message::validate(&parsed);
                let same = unchanged(&parsed);
                prop_assert_eq!(&same, parsed.bytes());
                let again = message::parse(same).unwrap();
                prop_assert_eq!(again.bytes(), parsed.bytes());
                prop_assert!(again.lines().eq(parsed.lines()));
                prop_assert_eq!(again.body(), parsed.body());
            }
            Err(error) => {
                // A reply never carries a line that was not one line before.
                if let Some(rejection) = error.rejection {
                    let text = rejection.to_vec();
                    prop_assert!(text.ends_with(b"\r\n\r\n"));
                    prop_assert_eq!(text.windows(4).filter(|window| window == b"\r\n\r\n").count(), 1);
                }
            }
        }
    }

    #[test]
    fn a_proxy_hop_there_and_back_is_the_identity(Almost(bytes) in almost_a_message()) {
        if let Ok(Message::Request(request)) = message::parse(Bytes::from(bytes)) {
            let pushed = request.edit().push_front(Name::Via, "SIP/2.0/UDP p;branch=z9hG4bKp").finish_request().unwrap();
            prop_assert_eq!(pushed.top_via().unwrap().host, b"p");
            let popped = pushed.edit().pop(Name::Via, 1).finish().unwrap();
            prop_assert_eq!(&popped, request.bytes());
        }
    }

    #[test]
    fn a_response_copies_what_it_answers(Almost(bytes) in almost_a_message(), status in 101u16..700) {
        if let Ok(Message::Request(request)) = message::parse(Bytes::from(bytes))
            && let Ok(response) = ResponseBuilder::new(&request, status).build()
        {
            prop_assert_eq!(response.status(), status);
            prop_assert!(response.values(Name::Via).eq(request.values(Name::Via)));
            for name in [Name::From, Name::To, Name::CallId, Name::CSeq] {
                prop_assert_eq!(response.header(name), request.header(name));
            }
        }
    }

    #[test]
    fn nothing_given_to_a_builder_becomes_a_header(value in prop::collection::vec(any::<u8>(), 0..40)) {
        let built = RequestBuilder::new(Method::Options, b"sip:a@b")
            .header(Name::From, "<sip:x@y>;tag=1")
            .header(Name::To, "<sip:a@b>")
            .header(Name::CallId, "id")
            .cseq(1, Method::Options)
            .header("X-Given", &value)
            .build();
        if let Ok(request) = built {
            prop_assert_eq!(request.header_count(), 7);
            prop_assert_eq!(request.header("X-Given"), Some(message::trim(&value)));
        }
    }

    #[test]
    fn the_cut_of_a_stream_does_not_matter(cuts in prop::collection::vec(1usize..200, 1..40)) {
        let whole: Vec<u8> = SEEDS[..2].iter().cycle().take(6).flat_map(|seed| seed.bytes()).collect();
        let mut framer = Framer::new(Limits::DEFAULT);
        let mut found = Vec::new();
        let mut rest = &whole[..];
        for cut in cuts.iter().cycle() {
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            framer.push(now);
            while let Some(framed) = framer.next().unwrap() {
                if let Framed::Message(bytes) = framed {
                    found.push(bytes);
                }
            }
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(found.concat(), whole);
        prop_assert_eq!(found.len(), 6);
    }

    #[test]
    fn any_stream_ends_in_messages_or_an_error(Almost(bytes) in almost_a_message()) {
        let mut framer = Framer::new(Limits { message_bytes: 4096, ..Limits::DEFAULT });
        for chunk in bytes.chunks(97) {
            framer.push(chunk);
            while let Ok(Some(_)) = framer.next() {}
            prop_assert!(framer.buffered() <= 4096 + 97);
        }
    }

    #[test]
    fn sdp_that_parses_is_stable(text in "(v=0\r\n)(o=- 1 1 IN IP4 1\\.2\\.3\\.4\r\n)([a-z]=[ -~]{0,20}\r?\n){0,8}(m=audio [0-9]{1,5} RTP/AVP [0-9 ]{1,9}\r\n([a-z]=[ -~]{0,20}\n){0,6}){0,3}") {
        if let Ok(session) = Session::parse(text.as_bytes()) {
            let again = Session::parse(&session.to_bytes()).unwrap();
            for media in &again.media {
                let _ = (media.codecs().count(), media.rtcp_port(), media.ptime_ms(), again.address_of(media), again.direction_of(media));
            }
            prop_assert_eq!(again, session);
        }
    }

    #[test]
    fn identities_of_any_kind_are_bounded(
        head in "(\\{\"ppt\":\"shaken\",\"typ\":\"passport\"\\}|[ -~]{0,40})",
        claims in "(\\{\"attest\":\"[A-D]\",\"dest\":\\{\"tn\":[ -~]{0,20}\\}\\}|[ -~]{0,60})",
        rest in "[ -~]{0,40}",
        noise in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let encode = |text: &str| base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, text);
        let made = format!("{}.{}.c2ln{rest}", encode(&head), encode(&claims)).into_bytes();
        for value in [made, noise] {
            let request = RequestBuilder::new(Method::Invite, b"sip:a@b")
                .header(Name::From, [b"<sip:x;verstat=", value.as_slice(), b"@y>;tag=1"].concat())
                .header(Name::To, "<sip:a@b>")
                .header(Name::CallId, "c")
                .cseq(1, Method::Invite)
                .header(Name::Identity, &value)
                .header("P-Attestation-Indicator", &value)
                .build();
            let Some(claim) = request.ok().and_then(|request| Claim::of(&request)) else { continue };
            let texts = claim.dest.iter().chain(&claim.orig).chain(&claim.orig_id).chain(&claim.certificate).chain(&claim.identity);
            for text in texts {
                prop_assert!(!text.is_empty() && !text.contains(char::is_control));
            }
        }
    }
}
