//! The torture messages of RFC 4475 and RFC 5118, and what is to become of each.
//!
//! In the data files, `<hex>` and `<repeat>` are the notation of RFC 4475 §2. Verdicts: `accept`; `parse FAULT`, refused
//! at once; `validate FAULT`, forwarded by nobody. What is accepted may still be refused for its meaning (an unknown
//! scheme, an unsupported extension): that is for who serves it.

use bytes::Bytes;
use sip::message::{self, Fault, Message, Name};

const RFC4475: &str = include_str!("rfc4475.txt");
const RFC5118: &str = include_str!("rfc5118.txt");

struct Case {
    name: &'static str,
    verdict: &'static str,
    bytes: Bytes,
}

fn cases(file: &'static str) -> impl Iterator<Item = Case> {
    file.split("#### ").skip(1).map(|entry| {
        let (title, text) = entry.split_once('\n').unwrap_or((entry, ""));
        let mut words = title.splitn(3, ' ');
        let (name, _section, verdict) = (words.next(), words.next(), words.next());
        Case { name: name.unwrap_or_default(), verdict: verdict.unwrap_or_default(), bytes: unescape(text) }
    })
}

fn unescape(text: &str) -> Bytes {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("<hex>").into_iter().chain(rest.find("<repeat count=")).min() {
        out.extend_from_slice(rest[..at].replace('\n', "\r\n").as_bytes());
        let (tag, after) = rest[at..].split_once('>').unwrap_or_default();
        let (content, after) = after.split_once("</").unwrap_or_default();
        match tag.strip_prefix("<repeat count=") {
            Some(count) => out.extend_from_slice(content.repeat(count.parse().unwrap_or(0)).as_bytes()),
            None => out.extend(sip::seal::from_hex(content.as_bytes(), 4096).unwrap_or_default()),
        }
        rest = after.split_once('>').unwrap_or_default().1;
    }
    out.extend_from_slice(rest.replace('\n', "\r\n").as_bytes());
    Bytes::from(out)
}

fn verdict_of(bytes: &Bytes) -> String {
    match message::parse(bytes.clone()) {
        Err(error) => format!("parse {}", error.fault),
        Ok(parsed) => match message::validate(&parsed) {
            Err(fault) => format!("validate {fault}"),
            Ok(()) => "accept".to_owned(),
        },
    }
}

#[test]
fn each_message_gets_its_verdict() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases(RFC4475).chain(cases(RFC5118)) {
        count += 1;
        let found = verdict_of(&case.bytes);
        // Which of several repeated headers is named does not matter.
        if !found.starts_with(case.verdict) || (case.verdict == "accept" && found != "accept") {
            wrong.push(format!("{}: {found}, not {}", case.name, case.verdict));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(count, 49 + 11);
}

#[test]
fn what_is_accepted_goes_on_byte_for_byte() {
    for case in cases(RFC4475).chain(cases(RFC5118)).filter(|case| case.verdict == "accept") {
        let parsed = message::parse(case.bytes.clone()).unwrap();
        assert!(case.bytes.starts_with(parsed.bytes()), "{}", case.name);
        let again = match &parsed {
            Message::Request(request) => request.edit().finish().unwrap(),
            Message::Response(response) => response.edit().finish().unwrap(),
        };
        assert_eq!(again, parsed.bytes(), "{}", case.name);
    }
}

#[test]
fn what_is_refused_is_answered_if_it_is_a_request_with_a_via() {
    for case in cases(RFC4475).filter(|case| case.verdict.starts_with("parse")) {
        let error = message::parse(case.bytes.clone()).unwrap_err();
        let expected = match error.fault {
            // Its Via is of another version too.
            Fault::Version => None,
            _ if case.bytes.starts_with(b"SIP/") => None,
            fault => Some(fault.status()),
        };
        let status = error.rejection.map(|bytes| String::from_utf8_lossy(&bytes[8..11]).parse::<u16>().unwrap());
        assert_eq!(status, expected, "{}", case.name);
    }
}

fn request(name: &str) -> sip::Request {
    let case = cases(RFC4475).chain(cases(RFC5118)).find(|case| case.name == name).unwrap();
    message::parse(case.bytes).unwrap().request().unwrap()
}

#[test]
fn the_tortuous_invite_is_understood() {
    let invite = request("wsinv");
    assert_eq!(invite.max_forwards(), Some(68));
    assert_eq!(invite.cseq().unwrap().number, 9);
    assert_eq!(invite.to_tag(), Some(&b"1918181833n"[..]));
    assert_eq!(invite.from_tag(), Some(&b"98asjd8"[..]));
    assert_eq!(invite.from().unwrap().display_decoded().unwrap(), b"J Rosenberg \\\"");
    assert_eq!(invite.header(Name::Subject), Some(&b""[..]));
    let vias: Vec<_> = invite.vias().map(|via| via.unwrap().branch().unwrap().to_vec()).collect();
    assert_eq!(vias, [&b"390skdjuw"[..], b"z9hG4bK9ikj8", b"z9hG4bK30239"]);
    assert_eq!(invite.contact().unwrap().params.value("newparam"), Some(&b"newvalue"[..]));
    assert_eq!(invite.body().len(), 150);
    assert_eq!(sip::sdp::Session::parse(invite.body()).unwrap().media.len(), 2);
}

#[test]
fn details_that_others_miss() {
    let double = request("dblreq");
    assert!(double.bytes().ends_with(b"Content-Length: 0\r\n\r\n"), "what follows is not forwarded");
    assert_eq!(request("esc02").values(Name::Contact).count(), 2, "C%6Fntact is no Contact");
    assert_eq!(request("esc02").method_token(), b"RE%47IST%45R");
    assert_eq!(request("escnull").to().unwrap().uri().unwrap().user_decoded().unwrap(), b"null-\0-null");
    assert_eq!(request("semiuri").uri().unwrap().user_decoded().unwrap(), b"user");
    assert_eq!(request("longreq").vias().flatten().count(), 22);
    assert!(!request("badbranch").top_via().unwrap().has_cookie());
    assert_eq!(request("cparam01").contact().unwrap().params.get("unknownparam"), Some(None));
    assert_eq!(request("cparam02").contact().unwrap().params.get("unknownparam"), None);
    let received = Some("2001:db8::9:255".parse().unwrap());
    assert_eq!(request("received-brackets").top_via().unwrap().received(), received);
    assert_eq!(request("received-bare").top_via().unwrap().received(), received);
    assert_eq!(request("port-ambiguous").uri().unwrap().port, None);
    assert_eq!(request("port-unambiguous").uri().unwrap().port, Some(5070));
    assert_eq!(request("three-colons").uri().unwrap().host_ip(), None, "accepted, but nowhere to send to");
}
