#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::message::{Framed, Framer, Limits};

const LIMIT: usize = 4096;

fn messages(data: &[u8], chunk: usize) -> (Vec<u8>, bool) {
    let mut framer = Framer::new(Limits { message_bytes: LIMIT, ..Limits::DEFAULT });
    let mut out = Vec::new();
    for piece in data.chunks(chunk) {
        framer.push(piece);
        loop {
            match framer.next() {
                Ok(Some(Framed::Message(bytes))) => out.extend_from_slice(&bytes),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return (out, true),
            }
        }
        assert!(framer.buffered() <= LIMIT + chunk);
    }
    (out, false)
}

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    // A keep-alive that is cut reads as others, and a limit is noticed sooner in small pieces: compare what is whole.
    let (whole, failed) = messages(rest, rest.len().max(1));
    let (pieces, failed_too) = messages(rest, usize::from(*first).max(1));
    if !failed && !failed_too && !rest.starts_with(b"\r") {
        assert_eq!(whole, pieces);
    }
});
