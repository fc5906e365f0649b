#![no_main]

use billing::Rates;
use libfuzzer_sys::fuzz_target;

// Prices: what is read is written out and read again to the same.
fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(rates) = Rates::parse(text) else { return };
    assert_eq!(Rates::parse(&rates.to_json()).as_ref(), Ok(&rates));
});
