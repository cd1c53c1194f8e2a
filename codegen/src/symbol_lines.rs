//! Inserts lines into a symbol file, sorted and in the columns of the other lines.

use std::collections::BTreeMap;

use crate::symbols::Symbol;

/// The line of a symbol. `name` and `source` are the columns where kind and source begin.
pub(crate) fn text_of(symbol: &Symbol, name: usize, source: usize) -> String {
    let kind = symbol.kind_text();
    let wide = source.saturating_sub(name + 2);
    let left = format!("{:<name$} {kind:<wide$} {}", symbol.name, symbol.source);
    format!("{left} # {}", symbol.why)
}

/// Inserts the lines of `symbols` where they sort, in the columns that most lines have.
pub(crate) fn insert(text: &str, symbols: &[Symbol]) -> String {
    // The generator refuses the mark, which must not get into the middle of the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for symbol in symbols {
        let name_of = |line: &String| {
            line.split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let is_comment = |line: &String| line.is_empty() || line.starts_with('#');
        let after = lines
            .iter()
            .position(|line| !is_comment(line) && name_of(line) > symbol.name)
            .unwrap_or(lines.len());
        let columns = columns(&lines);
        let mut line = text_of(symbol, columns.0, columns.1);
        if let Some((left, why)) = line.clone().split_once(" # ") {
            let wide = columns.2.saturating_sub(1);
            line = format!("{left:<wide$} # {why}");
        }
        lines.insert(after, line);
    }
    lines.join("\n") + "\n"
}

/// The columns where kind (less one), source and `#` begin in most lines.
fn columns(lines: &[String]) -> (usize, usize, usize) {
    let mut counts: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.starts_with('#')) {
        let Some(reason) = line.find('#') else {
            continue;
        };
        let words: Vec<&str> = line[..reason].split_whitespace().collect();
        let (Some(name), Some(source)) = (words.first(), words.last()) else {
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let name_end = indent + name.len();
        let kind = line[name_end..]
            .find(|letter: char| !letter.is_whitespace())
            .map_or(0, |gap| name_end + gap);
        let source = line[..reason].rfind(source).unwrap_or(0);
        *counts
            .entry((kind.saturating_sub(1), source, reason))
            .or_default() += 1;
    }
    let best = counts.into_iter().max_by_key(|(_, count)| *count);
    best.map_or((0, 0, 0), |(columns, _)| columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::Kind;

    #[test]
    fn inserted_line_is_sorted_and_aligned() {
        let text = "# head\n\
            EV_ADD      const kevent_flags   <sys/event.h>    # register\n\
            kevent      fn                   <sys/event.h>    # waits\n";
        let symbol = Symbol {
            name: "EV_CLEAR".to_owned(),
            kind: Kind::Constant(Some("kevent_flags".to_owned())),
            partial: false,
            line: 0,
            source: "<sys/event.h>".to_owned(),
            why: "edges".to_owned(),
        };
        let changed = insert(text, std::slice::from_ref(&symbol));
        let lines: Vec<&str> = changed.lines().collect();
        assert_eq!(
            lines[2],
            "EV_CLEAR    const kevent_flags   <sys/event.h>    # edges"
        );
        assert_eq!(lines.len(), 4);
    }

    #[test]
    fn a_line_may_begin_with_a_space() {
        let text = " \u{e9} fn s # w\n";
        let symbol = Symbol {
            name: "zz".to_owned(),
            kind: Kind::Function,
            partial: false,
            line: 0,
            source: "s".to_owned(),
            why: "w".to_owned(),
        };
        let changed = insert(text, &[symbol]);
        // Names are sorted by their bytes.
        assert_eq!(changed, format!("zz  fn s # w\n{text}"));
    }
}
