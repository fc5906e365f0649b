//! Prompt files and tone descriptions from outside: read or refused, never a panic.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Cursor;

use media::Codec;
use media::tone::Tone;
use media::wav::{Encoding, Writer, read};
use proptest::prelude::*;

fn file(encoding: Encoding, channels: u16) -> Vec<u8> {
    let mut writer = Writer::new(Cursor::new(Vec::new()), encoding, channels).unwrap();
    writer.append(&[100, -100, 3_000, -3_000].repeat(50)).unwrap();
    writer.finish().unwrap().into_inner()
}

fn encoding() -> impl Strategy<Value = Encoding> {
    prop_oneof![Just(Encoding::Pcm16), Just(Encoding::G711(Codec::Pcma)), Just(Encoding::G711(Codec::Pcmu))]
}

proptest! {
    #[test]
    fn damaged_files_do_not_panic(
        encoding in encoding(),
        channels in 1..3u16,
        damage in proptest::collection::vec((0..70usize, any::<u8>()), 0..6),
        cut in 0..500usize,
    ) {
        let mut file = file(encoding, channels);
        for (at, octet) in damage {
            file[at] = octet;
        }
        file.truncate(file.len().saturating_sub(cut));
        if let Ok(audio) = read(&file) {
            prop_assert!(audio.samples.len() <= file.len());
            let _ = audio.into_prompt();
        }
    }

    #[test]
    fn any_octets_do_not_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&octets);
        let _ = read(&[b"RIFF\0\0\0\0WAVEfmt ", &octets[..]].concat());
    }

    #[test]
    fn a_cut_recording_keeps_its_beginning(encoding in encoding(), cut in 0..300usize) {
        let whole = file(encoding, 1);
        let samples = read(&whole).unwrap().samples;
        let kept = whole.len() - cut.min(whole.len() - 100);
        let beginning = read(&whole[..kept]).unwrap().samples;
        prop_assert_eq!(&samples[..beginning.len()], &beginning[..]);
        prop_assert!(beginning.len() + cut >= samples.len());
    }

    #[test]
    fn tones_are_bounded(description in "(tone:)?[0-9]{1,4}(\\+[0-9]{1,4}){0,4}(,[0-9]{1,5}/[0-9]{1,5}){0,2}(,(level=-?[0-9]{1,3}|for=[0-9]{1,6})){0,2}") {
        if let Ok(tone) = Tone::parse(&description) {
            prop_assert!(tone.samples().len() <= 60 * 8_000);
        }
    }
}

#[test]
fn a_length_nobody_could_know_is_no_reason_to_refuse() {
    // As espeak-ng writes it into a pipe: 0x7ffff000 octets announced.
    let mut writer = Writer::new(Cursor::new(Vec::new()), Encoding::Pcm16, 1).unwrap();
    writer.append(&[100; 1_600]).unwrap();
    let mut file = writer.finish().unwrap().into_inner();
    let data = file.windows(4).position(|word| word == b"data").unwrap();
    file[data + 4..data + 8].copy_from_slice(&0x7fff_f000_u32.to_le_bytes());
    assert_eq!(read(&file).unwrap().samples, vec![100; 1_600]);
}
