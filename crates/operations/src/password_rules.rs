//! Which passwords are taken (after NIST SP 800-63B, 3.1.1.2): long enough, not one of those tried first, not one's own address. No rules
//! about kinds of letters, and no forced change by the calendar.

use crate::credentials::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};

/// Passwords that are tried first.
const COMMON: &str = include_str!("passwords_common.txt");
/// A name shorter than this says nothing when it is part of a password.
const NAME_CHARS_MIN: usize = 4;

/// Why a password is not taken, for whoever chose it.
pub fn password_fault(password: &str, email: &str) -> Option<&'static str> {
    let folded = password.trim().to_lowercase();
    let letters: std::collections::BTreeSet<char> = folded.chars().collect();
    let (name, _) = email.split_once('@').unwrap_or((email, ""));
    let (name, email) = (name.to_lowercase(), email.to_lowercase());
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Some("must have at least 8 characters");
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Some("must have at most 1024 bytes");
    }
    if letters.len() < 4 {
        return Some("repeats the same few characters; choose another one");
    }
    if folded.contains(&email) || (name.chars().count() >= NAME_CHARS_MIN && folded.contains(&name)) {
        return Some("holds your own address; choose another one");
    }
    COMMON.lines().any(|common| common == folded).then_some("is among the passwords tried first; choose another one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_not_taken() {
        for (password, taken) in [
            ("short", false),
            ("Password123", false),
            ("aaaabbbb", false),
            ("ana.smith@acme.example", false),
            ("I am ana.smith", false),
            ("correct horse battery", true),
            ("пароль на сегодня", true),
        ] {
            assert_eq!(password_fault(password, "Ana.Smith@acme.example").is_none(), taken, "{password}");
        }
        assert!(password_fault(&"abcdefg ".repeat(200), "a@b.c").is_some());
        assert!(password_fault("a good one", "a@b.c").is_none(), "one letter says nothing");
    }
}
