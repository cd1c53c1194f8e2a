//! Finds the sections of a changelog between two versions.

/// The sections for versions after `old`, up to `new`. A version that the changelog lists out of
/// order, for an older series, is not among them.
pub(super) fn between(text: &str, old: &str, new: &str) -> String {
    let (Some(old), Some(new)) = (version(old), version(new)) else {
        return String::new();
    };
    let mut taken = false;
    // The level of the headings that name versions; those below are parts of a section.
    let mut level = usize::MAX;
    let mut found = String::new();
    for line in text.lines() {
        if let Some((depth, heading)) = heading(line) {
            match heading.split([' ', '[', ']', '(', ')']).find_map(version) {
                Some(release) if depth <= level => {
                    level = depth;
                    taken = old < release && release <= new;
                }
                _ if depth <= level => taken = false,
                _ => {}
            }
        }
        if taken {
            found.push_str(line);
            found.push('\n');
        }
    }
    found.trim().to_owned()
}

/// The level and the text of a heading.
fn heading(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    (level > 0 && text.starts_with(' ')).then_some((level, text.trim()))
}

/// A version of three numbers, as `1.2.5` or `v1.2.5`. None for a preview.
pub(super) fn version(text: &str) -> Option<[u64; 3]> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    let version = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn sections_between_two_versions_are_taken() {
        let text = "# Changelog\n\n## [Unreleased]\nlater\n\n\
            ## [0.2.12](link) - 2026-03-01\n\n### Added\n- c\n\n## 0.2.10\n- b\n\n\
            ## [0.3.0-alpha.1]\n- preview\n\n## v0.2.9 - 2025-01-01\n- a\n";
        let wanted = "## [0.2.12](link) - 2026-03-01\n\n### Added\n- c\n\n## 0.2.10\n- b";
        assert_eq!(between(text, "0.2.9", "0.2.12"), wanted);
        assert_eq!(between(text, "0.2.12", "0.2.12"), "");
        assert!(between(text, "0.2.8", "0.2.9").ends_with("- a"));
        assert_eq!(between("no headings", "1.0.0", "2.0.0"), "");
    }
}
