//! Lines of a list of symbols: written in the columns of their neighbours, at their place.

use std::collections::BTreeMap;

use crate::symbols::Symbol;

/// A line of the list, its columns as wide as those of its neighbours.
pub(crate) fn text_of(symbol: &Symbol, name: usize, source: usize) -> String {
    let kind = symbol.kind_text();
    let wide = source.saturating_sub(name + 2);
    let left = format!("{:<name$} {kind:<wide$} {}", symbol.name, symbol.source);
    format!("{left} # {}", symbol.why)
}

/// Puts the symbols in their places. The columns follow the line before.
pub(crate) fn insert(text: &str, symbols: &[Symbol]) -> String {
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

/// Where kind, source and reason begin in most lines: widths of the name, of what is left of the
/// source, of what is left of `#`.
fn columns(lines: &[String]) -> (usize, usize, usize) {
    let mut votes: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.starts_with('#')) {
        let Some(reason) = line.find('#') else {
            continue;
        };
        let words: Vec<&str> = line[..reason].split_whitespace().collect();
        let (Some(name), Some(source)) = (words.first(), words.last()) else {
            continue;
        };
        let kind = line[name.len()..]
            .find(|letter: char| !letter.is_whitespace())
            .map_or(0, |gap| name.len() + gap);
        let source = line[..reason].rfind(source).unwrap_or(0);
        *votes
            .entry((kind.saturating_sub(1), source, reason))
            .or_default() += 1;
    }
    let best = votes.into_iter().max_by_key(|(_, count)| *count);
    best.map_or((0, 0, 0), |(columns, _)| columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::Kind;

    #[test]
    fn a_line_goes_to_its_place_in_the_columns_of_the_others() {
        let text = "# head\nEV_ADD      const kevent_flags   <sys/event.h>    # register\nkevent      fn                   <sys/event.h>    # waits\n";
        let symbol = Symbol {
            name: "EV_CLEAR".to_owned(),
            kind: Kind::Constant(Some("kevent_flags".to_owned())),
            partial: false,
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
}
