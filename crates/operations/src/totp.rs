//! Codes that change every half minute (RFC 6238), as every authenticator app makes them: SHA-1, 6 digits, 30 seconds.
//!
//! Ten lines over ring's HMAC; the crates for it bring a second generation of hash crates (docs/adr/0139).

use domain::{Seed, Timestamp};
use ring::hmac;
use subtle::ConstantTimeEq as _;

/// Bytes of a secret (RFC 4226, section 4: at least 16, better 20).
const SECRET_BYTES: usize = 20;
/// Seconds of one step.
const STEP_SECS: u64 = 30;
/// A clock may be so many steps off, either way (RFC 6238, section 5.2).
const STEPS_OFF: u64 = 1;
/// Recovery codes made at a time.
pub const RECOVERY_CODES: usize = 10;

/// A secret to share with an app.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; SECRET_BYTES]);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(..)")
    }
}

impl TotpSecret {
    /// A new one.
    pub fn new(seed: &mut Seed) -> Self {
        let mut bytes = [0; SECRET_BYTES];
        seed.fill(&mut bytes);
        Self(bytes)
    }

    /// Back from base32.
    pub fn from_base32(text: &str) -> Option<Self> {
        data_encoding::BASE32_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// As people type it into an app.
    pub fn to_base32(&self) -> String {
        data_encoding::BASE32_NOPAD.encode(&self.0)
    }

    /// What an app reads from a QR code (Google's key URI format).
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (percent(issuer), percent(account));
        let secret = self.to_base32();
        format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30")
    }

    /// The code of a step.
    pub fn code(&self, step: u64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        // RFC 4226, section 5.3: four bytes from where the last nibble says, without the sign.
        let bytes = tag.as_ref();
        let offset = usize::from(bytes.last().copied().unwrap_or(0) & 15);
        let part = bytes.get(offset..offset + 4).and_then(|part| <[u8; 4]>::try_from(part).ok()).unwrap_or_default();
        format!("{:06}", (u32::from_be_bytes(part) & 0x7fff_ffff) % 1_000_000)
    }

    /// The step whose code this is: now's or a neighbour's, and later than `last_step`, which was taken before.
    pub fn step_of(&self, code: &str, now: Timestamp, last_step: u64) -> Option<u64> {
        let current = step_at(now);
        let steps = current.saturating_sub(STEPS_OFF)..=current + STEPS_OFF;
        let mut found = None;
        // Every step is compared, so that the time it takes does not tell which one fits.
        for step in steps.filter(|step| *step > last_step) {
            if bool::from(self.code(step).as_bytes().ct_eq(code.as_bytes())) {
                found = Some(step);
            }
        }
        found
    }
}

/// The step of a moment.
pub fn step_at(now: Timestamp) -> u64 {
    now.micros().max(0).unsigned_abs() / 1_000_000 / STEP_SECS
}

/// Codes for whoever lost the app, each good once: 80 bits in four groups of letters (RFC 4648, section 6), so that a plain hash of
/// one cannot be reversed by trying.
pub fn recovery_codes(seed: &mut Seed) -> Vec<String> {
    let code = |seed: &mut Seed| {
        let mut bytes = [0; 10];
        seed.fill(&mut bytes);
        let text = data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase();
        let groups: Vec<&str> = [0, 4, 8, 12].into_iter().filter_map(|from| text.get(from..from + 4)).collect();
        groups.join("-")
    };
    (0..RECOVERY_CODES).map(|_| code(seed)).collect()
}

fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B (SHA-1), the last six of its eight digits.
    #[test]
    fn makes_the_codes_of_the_rfc() {
        let secret = TotpSecret(*b"12345678901234567890");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(secret.code(step_at(Timestamp::from_secs(seconds))), code);
        }
        assert_eq!(secret.to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(TotpSecret::from_base32(&secret.to_base32()), Some(secret));
    }

    #[test]
    fn a_code_is_good_around_its_time_and_once() {
        let secret = TotpSecret::new(&mut Seed::from_number(1));
        let now = Timestamp::from_secs(1_800_000_000);
        let step = step_at(now);
        for (code_step, last, expected) in [
            (step, 0, Some(step)),
            (step - 1, 0, Some(step - 1)),
            (step + 1, 0, Some(step + 1)),
            (step - 2, 0, None),
            (step, step, None),
        ] {
            assert_eq!(secret.step_of(&secret.code(code_step), now, last), expected, "{code_step} {last}");
        }
        assert_eq!(secret.step_of("", now, 0), None);
    }

    #[test]
    fn the_uri_is_what_apps_read() {
        let uri = TotpSecret(*b"12345678901234567890").uri("Acme & Co", "ana@acme.example");
        assert!(uri.starts_with("otpauth://totp/Acme%20%26%20Co:ana%40acme.example?secret=GEZD"), "{uri}");
        let codes = recovery_codes(&mut Seed::from_number(1));
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), RECOVERY_CODES);
    }
}
