//! CSV (RFC 4180) as spreadsheets write and read it.

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
/// What may stand between fields; a heading shows which one does.
pub const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// One of [`SEPARATORS`]; a comma for anything else.
pub fn only(separator: char) -> &'static [char] {
    match separator {
        ';' => &[';'],
        '\t' => &['\t'],
        _ => &[','],
    }
}

/// One cell. What a spreadsheet would run as a formula gets an apostrophe, which makes it text there and which [`Record`] takes off
/// again: other people choose part of what is exported. A sign with nothing but digits and a point behind it is a number and no
/// formula, so telephone numbers stay as they are.
pub fn cell(text: &str) -> String {
    let is_formula = !is_number(text) && text.trim_start_matches('\'').starts_with(FORMULA_STARTS);
    let needs_quotes =
        is_formula || text.contains(['"', '\r', '\n']) || text.contains(SEPARATORS) || text.trim() != text;
    if !needs_quotes {
        return text.to_owned();
    }
    format!("\"{}{}\"", if is_formula { "'" } else { "" }, text.replace('"', "\"\""))
}

/// One row with its end.
pub fn line(cells: impl IntoIterator<Item = String>) -> String {
    let mut line = cells.into_iter().collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
}

/// What [`cell`] wrote, without its apostrophe.
fn unguarded(text: &str) -> String {
    match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA_STARTS) => rest.to_owned(),
        _ => text.to_owned(),
    }
}

/// A row that is being read, line by line: a quoted field may go over several.
#[derive(Debug)]
pub struct Record {
    separators: &'static [char],
    fields: Vec<Field>,
    in_quotes: bool,
}

#[derive(Debug, Default)]
struct Field {
    text: String,
    was_quoted: bool,
}

impl Record {
    /// Nothing read yet.
    pub fn new(separators: &'static [char]) -> Self {
        Self { separators, fields: vec![Field::default()], in_quotes: false }
    }

    /// Whether the row goes on in the next line.
    pub fn is_open(&self) -> bool {
        self.in_quotes
    }

    /// Reads a line, its end included.
    pub fn read(&mut self, line: &str) {
        let mut characters = line.chars().peekable();
        while let Some(character) = characters.next() {
            let Some(field) = self.fields.last_mut() else { break };
            match character {
                '"' if self.in_quotes && characters.peek() == Some(&'"') => {
                    characters.next();
                    field.text.push('"');
                }
                '"' if self.in_quotes => self.in_quotes = false,
                '"' if field.text.trim().is_empty() && !field.was_quoted => {
                    field.text.clear();
                    field.was_quoted = true;
                    self.in_quotes = true;
                }
                '\r' | '\n' if !self.in_quotes => {}
                other if !self.in_quotes && self.separators.contains(&other) => self.fields.push(Field::default()),
                // Blanks between a closing quotation mark and the separator.
                ' ' | '\t' if !self.in_quotes && field.was_quoted => {}
                other => field.text.push(other),
            }
        }
    }

    /// The fields, and ready for the next row.
    pub fn take(&mut self) -> Vec<String> {
        let fields = std::mem::replace(&mut self.fields, vec![Field::default()]);
        self.in_quotes = false;
        let text = |field: Field| unguarded(if field.was_quoted { &field.text } else { field.text.trim() });
        fields.into_iter().map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(lines: &[&str]) -> Vec<String> {
        let mut record = Record::new(&SEPARATORS);
        for line in lines {
            record.read(line);
        }
        assert!(!record.is_open(), "{lines:?}");
        record.take()
    }

    #[test]
    fn a_row_is_split_as_spreadsheets_write_it() {
        for (lines, fields) in [
            (&["+12125550100\r\n"][..], vec!["+12125550100"]),
            (&["a,\"b, \"\"c\"\"\","], vec!["a", "b, \"c\"", ""]),
            (&["a;b\tc"], vec!["a", "b", "c"]),
            (&[" a , \" b \" ,5\" pipe"], vec!["a", " b ", "5\" pipe"]),
            (&["\"one\n", "two\",x\n"], vec!["one\ntwo", "x"]),
        ] {
            assert_eq!(split(lines), fields, "{lines:?}");
        }
        let mut record = Record::new(&SEPARATORS);
        record.read("\"a\n");
        assert!(record.is_open());
    }

    #[test]
    fn no_cell_is_a_formula_and_every_cell_is_read_back() {
        for (text, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"\n", "\"say \"\"hi\"\"\n\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("+1-1", "\"'+1-1\""),
            ("-cmd|' /C calc'!A0", "\"'-cmd|' /C calc'!A0\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("'=1", "\"''=1\""),
            ("'tis", "'tis"),
            ("+", "\"'+\""),
            ("+15551234567", "+15551234567"),
            ("-0.2500", "-0.2500"),
            ("-1.2.3", "\"'-1.2.3\""),
            (" padded ", "\" padded \""),
        ] {
            assert_eq!(cell(text), written, "{text:?}");
            assert_eq!(split(&[&cell(text)]), [text], "{text:?}");
        }
    }
}
