//! The lines by which two texts differ.

/// The lines by which two texts differ, shortened.
pub(crate) fn difference(old: &str, new: &str) -> String {
    const LINES: usize = 12;
    let diff = similar::TextDiff::from_lines(old, new);
    let changed = diff
        .iter_all_changes()
        .filter(|change| change.tag() != similar::ChangeTag::Equal);
    let lines: Vec<String> = changed
        .map(|change| format!("    {}{}\n", change.tag(), change.value().trim_end()))
        .collect();
    let mut text: String = lines.iter().take(LINES).cloned().collect();
    if lines.len() > LINES {
        text.push_str(&format!("    … and {} more lines\n", lines.len() - LINES));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn long_differences_are_cut() {
        let old: String = (0..30).map(|number| format!("{number}\n")).collect();
        assert_eq!(difference(&old, &old), "");
        assert_eq!(difference("a\nb\n", "a\nc\n"), "    -b\n    +c\n");
        assert!(difference(&old, "").ends_with("    … and 18 more lines\n"));
    }
}
