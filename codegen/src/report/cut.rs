//! Texts that are cut to a length.

/// The text, or its start with an ellipsis if it has more than `most` characters.
pub(super) fn to_chars(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most.saturating_sub(1)).collect();
    start + "…"
}

/// A fence for code: longer than every run of backticks in the text.
pub(super) fn fence(text: &str) -> String {
    let runs = text.split(|sign| sign != '`').map(str::len);
    "`".repeat(runs.max().unwrap_or(0).max(2) + 1)
}
