//! Two parsers that read the same bytes differently are how requests are smuggled. `sipx-sip` was written by others
//! from the same RFCs: where both take a message, they must see the same one.

use crate::mutation::{Almost, SEEDS, almost_a_message};
use bytes::Bytes;
use proptest::prelude::*;
use sip::message::{self, Message};
use sipx_sip::{Limits, Message as Other, parse_datagram};

fn other(bytes: &[u8]) -> Option<Other> {
    parse_datagram(Bytes::copy_from_slice(bytes), &Limits::datagram()).ok()
}

/// A value without its white space, of which any amount is as good as one (RFC 3261 §25.1, LWS).
fn words(value: &[u8]) -> Vec<&[u8]> {
    value.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty()).collect()
}

/// Start line, headers and body, as both see them.
fn compare(ours: &Message, theirs: &Other) -> Result<(), TestCaseError> {
    match (ours, theirs) {
        (Message::Request(ours), Other::Request(theirs)) => {
            prop_assert_eq!(ours.method_token(), theirs.method.as_bytes());
        }
        (Message::Response(ours), Other::Response(theirs)) => {
            prop_assert_eq!(ours.status(), theirs.status.code());
        }
        _ => prop_assert!(false, "a request to one is a response to the other"),
    }
    prop_assert_eq!(ours.body(), &theirs.body()[..]);
    prop_assert_eq!(ours.header_count(), theirs.headers().len());
    for ((name, value), theirs) in ours.lines().zip(theirs.headers().iter()) {
        let known = message::Name::from_token(name);
        let long = if known == message::Name::Other { name } else { known.text().as_bytes() };
        let their_name = theirs.name().canonical();
        prop_assert!(
            long.eq_ignore_ascii_case(their_name) || name.eq_ignore_ascii_case(their_name),
            "{:?} is {:?}",
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(their_name)
        );
        let (ours, theirs) = (message::unfold(value), theirs.value());
        prop_assert_eq!(words(&ours), words(&theirs));
    }
    Ok(())
}

#[test]
fn both_take_the_seeds_alike() {
    for seed in SEEDS {
        let ours = message::parse(Bytes::from_static(seed.as_bytes())).unwrap();
        compare(&ours, &other(seed.as_bytes()).unwrap()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_both_take_is_the_same(Almost(bytes) in almost_a_message()) {
        if let (Ok(ours), Some(theirs)) = (message::parse(Bytes::from(bytes.clone())), other(&bytes)) {
            compare(&ours, &theirs)?;
        }
    }
}
