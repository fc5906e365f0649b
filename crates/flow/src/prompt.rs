//! Where a prompt comes from.

use std::sync::Arc;

/// Endings by which a bare storage key is told from a sentence.
const AUDIO_ENDINGS: [&str; 6] = [".wav", ".mp3", ".ogg", ".opus", ".flac", ".ulaw"];

/// The prompt with its scheme spelt out: `say:`, `tone:`, `file:`, `object:` or `https:`. `Err` says what is wrong and how to put
/// it right.
pub(crate) fn normalise(text: &str) -> Result<Arc<str>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("is empty; write what to say, or where the audio is".to_owned());
    }
    match scheme(text) {
        Some(("say" | "tone", rest)) if rest.trim().is_empty() => Err("has nothing after its scheme".to_owned()),
        Some(("say" | "tone", _)) => Ok(text.into()),
        Some(("file" | "object", rest)) => key(rest).map(|()| text.into()),
        Some(("https", rest)) => address(rest).map(|()| text.into()),
        Some(("http", _)) => Err("http: is not protected against tampering; use https:".to_owned()),
        Some((other, _)) => Err(format!(
            "\"{other}:\" is no prompt scheme; use say:, tone:, file:, object: or https:, or write say:{text}"
        )),
        None if is_key(text) => key(text).map(|()| format!("object:{text}").into()),
        None => Ok(format!("say:{text}").into()),
    }
}

/// `scheme:rest`, where it reads as one: letters, digits, `+`, `-`, `.` up to a colon that no space follows.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    let known = matches!(scheme, "say" | "tone" | "file" | "object" | "https" | "http");
    (is_scheme && (known || !rest.starts_with(char::is_whitespace))).then_some((scheme, rest))
}

fn is_key(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    !text.contains(char::is_whitespace) && AUDIO_ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

fn key(key: &str) -> Result<(), String> {
    if key.trim_matches('/').is_empty() {
        Err("names no file".to_owned())
    } else if key.split(['/', '\\']).any(|part| part == "..") {
        Err("may not contain \"..\"".to_owned())
    } else if key.contains(|c: char| c.is_control()) {
        Err("may not contain control characters".to_owned())
    } else {
        Ok(())
    }
}

fn address(rest: &str) -> Result<(), String> {
    let host = rest.strip_prefix("//").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match host {
        None | Some("") => Err("https: needs a host: https://example.com/welcome.wav".to_owned()),
        Some(host) if host.contains('@') => Err("may not carry a user or password".to_owned()),
        Some(_) if rest.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            Err("may not contain spaces; write %20".to_owned())
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_the_scheme_out() {
        for (text, expected) in [
            ("Welcome. Press 1.", "say:Welcome. Press 1."),
            ("Note: we record calls", "say:Note: we record calls"),
            ("note: we record calls", "say:note: we record calls"),
            ("say:hello", "say:hello"),
            ("tone:dial", "tone:dial"),
            ("prompts/welcome.WAV", "object:prompts/welcome.WAV"),
            ("object:tenant/a b.wav", "object:tenant/a b.wav"),
            ("file:welcome.wav", "file:welcome.wav"),
            (" https://cdn.example.com/w.wav ", "https://cdn.example.com/w.wav"),
        ] {
            assert_eq!(normalise(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_it_cannot_fetch_safely() {
        for text in [
            "",
            "  ",
            "say:",
            "tone: ",
            "file:",
            "file:../etc/passwd",
            "object:a/../../b.wav",
            "../x.wav",
            "https:",
            "https:///x.wav",
            "https://user:secret@example.com/x.wav",
            "https://example.com/a b.wav",
            "http://example.com/x.wav",
            "ftp://example.com/x.wav",
            "s3://bucket/x.wav",
            "javascript:alert(1)",
            "file:a\u{0}.wav",
        ] {
            assert!(normalise(text).is_err(), "{text:?} was let through");
        }
    }
}
