#![no_main]

use libfuzzer_sys::fuzz_target;
use media::wav::{MEASURED_OCTETS, measure, read};

// Prompts and recordings of others: what is read has its channels, and its length can be told from its beginning.
fuzz_target!(|data: &[u8]| {
    let beginning = &data[..data.len().min(MEASURED_OCTETS)];
    let _ = measure(beginning, data.len() as u64);
    let Ok(audio) = read(data) else { return };
    assert_eq!(audio.samples.len() % usize::from(audio.channels), 0);
    for channel in 0..usize::from(audio.channels) {
        assert_eq!(audio.channel(channel).len(), audio.samples.len() / usize::from(audio.channels));
    }
    let _ = audio.into_prompt();
});
