//! `${...}` around expressions, as older flows write it.

/// Replaces each `${inner}` outside quotes by `(inner)`. `Err` says what is wrong.
pub(super) fn unwrap(text: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '\'' || c == '"' {
            let length = quoted(rest);
            let literal = &rest[..length];
            if literal.contains("${") {
                return Err(format!("has ${{...}} inside quotes, where it means itself; take it out of {literal}."));
            }
            plain.push_str(literal);
            rest = &rest[length..];
        } else if let Some(inner) = rest.strip_prefix("${") {
            let length = closing(inner).ok_or("has a ${ without its }; close it.")?;
            if inner[..length].contains("${") {
                return Err("has a ${...} inside another; leave out the inner one.".to_owned());
            }
            plain.push('(');
            plain.push_str(&inner[..length]);
            plain.push(')');
            rest = &inner[length + 1..];
        } else {
            plain.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    Ok(plain)
}

/// Bytes of the quoted text at the start of `text`, quotes included; all of it where it does not end.
fn quoted(text: &str) -> usize {
    let mut characters = text.char_indices();
    let Some((_, quote)) = characters.next() else { return 0 };
    while let Some((at, c)) = characters.next() {
        if c == '\\' {
            characters.next();
        } else if c == quote {
            return at + 1;
        }
    }
    text.len()
}

/// Where the `}` is that closes a `${`.
fn closing(text: &str) -> Option<usize> {
    let mut at = 0;
    let mut open = 0_usize;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '\'' | '"' => {
                at += quoted(&text[at..]);
                continue;
            }
            '{' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
        at += c.len_utf8();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_outside_quotes_only() {
        for (text, expected) in [
            ("${a.b == 'x'}", "(a.b == 'x')"),
            ("${a.b} == 'x'", "(a.b) == 'x'"),
            ("${a} && ${b}", "(a) && (b)"),
            ("${a == '}'} || b", "(a == '}') || b"),
            ("${{'k': 1}.k == 1}", "({'k': 1}.k == 1)"),
            ("a == '$' + '{'", "a == '$' + '{'"),
            ("a == 'it\\'s'", "a == 'it\\'s'"),
            ("a == 'ü'", "a == 'ü'"),
        ] {
            assert_eq!(unwrap(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["${a", "'${a}' == 'x'", "${a ${b}}", "${'a}"] {
            assert!(unwrap(text).is_err(), "{text}");
        }
    }
}
