//! Reads Rust source for the rules of `tidy.rs` and `bindings.rs`: code without comments, literals
//! and unit tests.

/// The code of a file, as numbered lines. Comments, the contents of literals, and items that only
/// unit tests compile are blank.
pub(crate) fn code(text: &str) -> Vec<(usize, String)> {
    let text = without_tests(&without_comments(text));
    let lines = text.lines().enumerate();
    lines
        .map(|(index, line)| (index + 1, line.to_owned()))
        .collect()
}

/// Whether `function` is a test, or a test of the same file calls it.
#[allow(dead_code)] // `bindings.rs` does not call it.
pub(crate) fn is_tested(text: &str, function: &str) -> bool {
    let all: Vec<char> = without_comments(text).chars().collect();
    let text: String = all.iter().collect();
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices("#[test]").any(|(at, _)| {
        let at = text[..at].chars().count();
        let test: String = all[at..end_of_item(&all, at)].iter().collect();
        test.match_indices(function).any(|(at, _)| {
            let behind = &test[at + function.len()..];
            !test[..at].ends_with(is_letter) && behind.starts_with(['(', '<', ':'])
        })
    })
}

/// Replaces each character of a comment or of a string, byte or character literal by a space.
/// Quotes and line breaks stay.
fn without_comments(text: &str) -> String {
    let all: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < all.len() {
        let end = end_of_blank(&all, at);
        match end {
            Some(end) => {
                let blanked = all[at..end].iter();
                out.extend(blanked.map(|c| match c {
                    '\n' | '"' => *c,
                    _ => ' ',
                }));
                at = end;
            }
            None => {
                out.push(all[at]);
                at += 1;
            }
        }
    }
    out
}

/// The end of the comment or literal that begins at `at`, if one does.
fn end_of_blank(all: &[char], at: usize) -> Option<usize> {
    let next = |offset: usize| all.get(at + offset).copied();
    let is_in_word = at > 0 && (all[at - 1].is_alphanumeric() || all[at - 1] == '_');
    match (all[at], next(1)) {
        ('/', Some('/')) => {
            let length = all[at..].iter().position(|c| *c == '\n');
            Some(length.map_or(all.len(), |length| at + length))
        }
        ('/', Some('*')) => Some(end_of_block_comment(all, at)),
        ('"', _) => Some(end_of_string(all, at)),
        ('r', Some('"' | '#')) if !is_in_word => end_of_raw_string(all, at + 1),
        ('b' | 'c', Some('r')) if !is_in_word && matches!(next(2), Some('"' | '#')) => {
            end_of_raw_string(all, at + 2)
        }
        // A lifetime or a label has no second quote behind one character.
        ('\'', Some('\\')) => {
            let close = all.iter().skip(at + 3).position(|c| *c == '\'');
            close.map(|close| at + 3 + close + 1)
        }
        ('\'', Some(_)) if next(2) == Some('\'') => Some(at + 3),
        _ => None,
    }
}

/// The end of a block comment. Block comments nest.
fn end_of_block_comment(all: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at < all.len() {
        match (all[at], all.get(at + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                at += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn end_of_string(all: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < all.len() {
        match all[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    all.len()
}

/// The end of the raw string whose `r` is before `start`. A raw identifier (`r#fn`) is no string.
fn end_of_raw_string(all: &[char], start: usize) -> Option<usize> {
    let hashes = all[start..].iter().take_while(|c| **c == '#').count();
    if all.get(start + hashes) != Some(&'"') {
        return None;
    }
    let mut close = vec!['"'];
    close.resize(hashes + 1, '#');
    let body = start + hashes + 1;
    let length = all[body..]
        .windows(close.len())
        .position(|window| window == close);
    Some(length.map_or(all.len(), |length| body + length + close.len()))
}

/// Attributes of items that only unit tests compile.
const TEST_ONLY: [&str; 3] = ["#[cfg(test)]", "#[cfg(all(test,", "#[test]"];

/// Blanks each test-only item, and nothing after it. `text` has no comments.
fn without_tests(text: &str) -> String {
    let mut all: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < all.len() {
        let is_test_only = || {
            let rest = all[at..].iter().take(20).filter(|c| **c != ' ');
            let rest: String = rest.collect();
            TEST_ONLY
                .iter()
                .any(|attribute| rest.starts_with(attribute))
        };
        if all[at] == '#' && is_test_only() {
            let end = end_of_item(&all, at);
            for c in all[at..end].iter_mut().filter(|c| **c != '\n') {
                *c = ' ';
            }
            at = end;
        } else {
            at += 1;
        }
    }
    all.into_iter().collect()
}

/// Words that begin an item or a statement. Anything else is a field, a variant or an arm, which
/// ends with a comma.
const BEGIN_ITEM: [&str; 16] = [
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "let",
    "macro_rules",
    "mod",
    "static",
    "struct",
    "trait",
    "type",
    "union",
    "unsafe",
    "use",
];

/// The end of the item whose first attribute begins at `at`.
fn end_of_item(all: &[char], mut at: usize) -> usize {
    let skip_spaces = |mut at: usize| {
        while all.get(at).is_some_and(|c| c.is_whitespace()) {
            at += 1;
        }
        at
    };
    // Its attributes.
    while all.get(at) == Some(&'#') {
        at = skip_spaces(end_of_group(all, at + 1));
    }
    // Its visibility.
    let word_at = |at: usize| -> String {
        let letters = all[at.min(all.len())..].iter();
        letters
            .take_while(|c| c.is_alphanumeric() || **c == '_')
            .collect()
    };
    let mut word = word_at(at);
    if word == "pub" {
        at = skip_spaces(at + 3);
        if all.get(at) == Some(&'(') {
            at = skip_spaces(end_of_group(all, at));
        }
        word = word_at(at);
    }
    let is_item = BEGIN_ITEM.contains(&word.as_str());
    while let Some(c) = all.get(at) {
        match c {
            '(' | '[' => at = end_of_group(all, at),
            '{' if word == "use" || word == "let" => at = end_of_group(all, at),
            '{' => return end_of_group(all, at),
            ';' => return at + 1,
            ',' if !is_item => return at + 1,
            // The end of the enclosing group.
            ')' | ']' | '}' => return at,
            _ => at += 1,
        }
    }
    all.len()
}

/// The end of the group of brackets that opens at `at`.
fn end_of_group(all: &[char], at: usize) -> usize {
    let mut depth = 0_i32;
    for (offset, c) in all[at.min(all.len())..].iter().enumerate() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth <= 0 {
            return at + offset + 1;
        }
    }
    all.len()
}

#[cfg(test)]
mod tests {
    use super::{code, is_tested};

    fn joined(text: &str) -> String {
        let lines = code(text).into_iter();
        let words = lines.flat_map(|(_, line)| {
            let words = line.split_whitespace();
            words.map(str::to_owned).collect::<Vec<_>>()
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_literals_are_blank() {
        let text = "a // b\n/* c /* d */ e */ \
            f(\"g \\\" h\", 'i', '\\'', b\"j\", r#\"k \" l\"#) r#m &'n o";
        let blank = joined(text);
        for word in ["b", "c", "d", "e", "g", "h", "i", "j", "k", "l"] {
            assert!(
                !blank
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|w| w == word && w != "b"),
                "{word}: {blank}"
            );
        }
        for word in ["a", "f", "m", "n", "o"] {
            assert!(blank.contains(word), "{word}: {blank}");
        }
    }

    #[test]
    fn only_the_test_item_is_skipped() {
        for item in [
            "fn skipped<A, B>() -> [A; 2] { gone(); }",
            "mod skipped { fn gone() { if a { b } } }",
            "mod skipped;",
            "use skipped::{gone, b};",
            "#[path = \"x\"] pub(crate) mod skipped;",
            "pub(crate) fn skipped(&self) {}",
            "let skipped = if a { b } else { gone() };",
        ] {
            let text = format!("before(); #[cfg(test)] {item} fn after() {{ panic!(\"x\") }}");
            let left = joined(&text);
            assert!(
                !left.contains("skipped") && !left.contains("gone"),
                "{left}"
            );
            assert!(
                left.starts_with("before();") && left.contains("fn after() { panic!("),
                "{left}"
            );
        }
        let field = joined("S { #[cfg(test)] skipped: f(a, b), after: 1 }");
        assert_eq!(field, "S { after: 1 }");
        let last = joined("S { before: 1, #[cfg(test)] skipped: 2 } after");
        assert_eq!(last, "S { before: 1, } after");
        let both = joined("#[cfg(any(test, x))] fn kept() {}");
        assert!(both.contains("kept"));
    }

    #[test]
    fn only_attributed_tests_and_their_callees_are_tested() {
        let text = "#[cfg(x)]\n#[test]\nfn one() { four(); }\nfn two() {}\n\
            // #[test]\nfn three() {}\nfn four() {}";
        for tested in ["one", "four"] {
            assert!(is_tested(text, tested), "{tested}");
        }
        for other in ["on", "two", "three", "fou", "five"] {
            assert!(!is_tested(text, other), "{other}");
        }
    }

    #[test]
    fn lines_keep_their_numbers() {
        let lines = code("a\n#[cfg(test)]\nmod b {\n}\nc\n");
        assert_eq!(lines[4], (5, "c".to_owned()));
    }
}
