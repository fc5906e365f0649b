//! What is printed: lines, tables, and nothing that a terminal would obey.

use std::io::{self, Write as _};

use serde_json::Value;

/// Prints a line. Unlike `println!` it fails instead of panicking when nobody reads any more.
pub fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Whether it is that nobody reads any more.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Callers choose part of what is shown (names, tags): a terminal must not take it for orders.
pub fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

/// A member as a cell: `campaign.name` is within another. A dash where there is none.
pub fn cell(row: &Value, name: &str) -> String {
    match name.split('.').try_fold(row, |place, part| place.get(part)) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => plain(text),
        Some(other) => plain(&other.to_string()),
    }
}

/// Rows under titles, each column as wide as its widest cell.
pub fn table(titles: &[&str], rows: &[Vec<String>]) -> String {
    let titles: Vec<String> = titles.iter().map(|title| (*title).to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&titles).chain(rows).collect();
    let width = |column: usize| {
        all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    let lines = all.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_aligned_and_obey_nobody() {
        let row = json!({"name": "Zo\u{eb}\u{1b}[2J", "campaign": {"name": "Roofs"}, "count": 3, "none": null});
        let cells: Vec<String> =
            ["name", "campaign.name", "count", "none", "absent.name"].iter().map(|name| cell(&row, name)).collect();
        assert_eq!(cells, ["Zo\u{eb}\u{fffd}[2J", "Roofs", "3", "-", "-"]);
        let text = table(&["A", "LONG", "C"], &[vec!["\u{e9}\u{e9}\u{e9}".into(), "b".into(), "c".into()]]);
        assert_eq!(text, "A    LONG  C\n\u{e9}\u{e9}\u{e9}  b     c");
    }
}
