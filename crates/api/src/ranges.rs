//! Range requests (RFC 9110, section 14): one byte range, with `If-Range`.

use axum::http::{HeaderMap, header};

/// Which part of something is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Whole,
    /// From `first` to `last`, both included and within.
    Part { first: u64, last: u64 },
    /// Nothing of what is asked for is there.
    Beyond,
}

/// What the headers ask for, of something with this entity tag and so many bytes. A `Range` that cannot be read, or that
/// asks for several parts, is ignored, as section 14.2 allows.
pub fn wanted(headers: &HeaderMap, entity_tag: &str, bytes: u64) -> Wanted {
    let Some(range) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else { return Wanted::Whole };
    // Section 13.1.5: with another tag (or a date, which we send none of) the whole is wanted.
    let is_same = headers.get(header::IF_RANGE).is_none_or(|value| value.as_bytes() == entity_tag.as_bytes());
    if is_same { parse(range, bytes) } else { Wanted::Whole }
}

fn parse(range: &str, bytes: u64) -> Wanted {
    let Some((unit, spec)) = range.split_once('=') else { return Wanted::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Wanted::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") || spec.contains(',') {
        return Wanted::Whole;
    }
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    match (first.trim(), last.trim()) {
        ("", suffix) => match number(suffix) {
            Some(length) if length > 0 && bytes > 0 => {
                Wanted::Part { first: bytes.saturating_sub(length), last: bytes - 1 }
            }
            Some(_) => Wanted::Beyond,
            None => Wanted::Whole,
        },
        (first, last) => {
            let Some(first) = number(first) else { return Wanted::Whole };
            let last = if last.is_empty() { Some(u64::MAX) } else { number(last) };
            match last {
                Some(last) if last < first => Wanted::Whole,
                Some(_) if first >= bytes => Wanted::Beyond,
                Some(last) => Wanted::Part { first, last: last.min(bytes - 1) },
                None => Wanted::Whole,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn one_range_is_cut_to_what_is_there() {
        for (range, wanted) in [
            ("bytes=0-0", Wanted::Part { first: 0, last: 0 }),
            ("bytes=10-", Wanted::Part { first: 10, last: 99 }),
            ("bytes=90-200", Wanted::Part { first: 90, last: 99 }),
            ("bytes=-10", Wanted::Part { first: 90, last: 99 }),
            ("bytes=-1000", Wanted::Part { first: 0, last: 99 }),
            ("bytes=100-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=0-1,5-6", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("lines=0-1", Wanted::Whole),
            ("bytes", Wanted::Whole),
            ("bytes=99999999999999999999-", Wanted::Whole),
        ] {
            assert_eq!(parse(range, 100), wanted, "{range}");
        }
        assert_eq!(parse("bytes=0-", 0), Wanted::Beyond);
    }

    #[test]
    fn if_range_with_another_tag_wants_the_whole() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-9"));
        assert_eq!(wanted(&headers, "\"a\"", 100), Wanted::Part { first: 0, last: 9 });
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"a\""));
        assert_eq!(wanted(&headers, "\"a\"", 100), Wanted::Part { first: 0, last: 9 });
        assert_eq!(wanted(&headers, "\"b\"", 100), Wanted::Whole);
    }
}
