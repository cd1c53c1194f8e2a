//! Wraps text to the width of the terminal.

use std::io::{IsTerminal, stderr, stdout};

use terminal_size::{Width, terminal_size_of};
use textwrap::{Options, WordSeparator, WordSplitter};

/// The columns of the terminal at standard output. None if it is no terminal.
pub(crate) fn width() -> Option<usize> {
    let out = stdout();
    columns(out.is_terminal().then(|| terminal_size_of(&out)).flatten())
}

/// The columns of the terminal at standard error. None if it is no terminal.
pub(crate) fn width_of_errors() -> Option<usize> {
    let out = stderr();
    columns(out.is_terminal().then(|| terminal_size_of(&out)).flatten())
}

/// The columns of a terminal that is wide enough to wrap text in.
fn columns(size: Option<(Width, terminal_size::Height)>) -> Option<usize> {
    let (Width(columns), _) = size?;
    (columns >= 20).then_some(usize::from(columns))
}

/// Breaks long lines between words. The rest of a line is indented by four columns more than its
/// start. Lines with box-drawing characters stay as they are.
pub(crate) fn wrap(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else {
        return text.to_owned();
    };
    let is_drawn = |line: &str| line.contains(['│', '─', '┌', '└']);
    let mut wrapped = String::new();
    for line in text.split_inclusive('\n') {
        let plain = line.trim_end_matches('\n');
        if textwrap::core::display_width(plain) <= width || is_drawn(plain) {
            wrapped.push_str(line);
            continue;
        }
        let body = plain.trim_start();
        let indent = &plain[..plain.len() - body.len()];
        let further = format!("{indent}    ");
        let options = Options::new(width)
            .initial_indent(indent)
            .subsequent_indent(&further)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation);
        wrapped.push_str(&textwrap::fill(body, options));
        wrapped.push_str(&line[plain.len()..]);
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_break_between_words_and_keep_their_indentation() {
        let text = "head\n      to do: remove its line from codegen/symbols/linux.txt today\n";
        for width in 40..90 {
            let wrapped = wrap(text, Some(width));
            let long = wrapped.lines().find(|line| line.chars().count() > width);
            assert_eq!(long, None, "{width}");
            let words = |text: &str| {
                text.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            assert_eq!(words(&wrapped), words(text), "{width}");
            assert!(
                wrapped
                    .lines()
                    .skip(2)
                    .all(|line| line.starts_with("          "))
            );
        }
        assert_eq!(wrap(text, None), text);
    }

    #[test]
    fn drawings_are_not_wrapped() {
        let text = "│      ident: usize      │      data: i64       │\n";
        assert_eq!(wrap(text, Some(20)), text);
    }
}
