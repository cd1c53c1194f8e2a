//! The known differences between the bindings and `libc` or a list of symbols, each with its
//! reason.

use std::fs;

use anyhow::{Result, bail};

use super::Difference;
use crate::project::Project;

/// The file that lists them.
pub(super) const KNOWN_DIFFERENCES: &str = "codegen/known_differences.txt";

/// The known differences: patterns of triples, pattern of a fact, reason.
pub(super) struct KnownDifferences(Vec<(Vec<String>, String, String)>);

impl KnownDifferences {
    /// Reads the file.
    pub(super) fn read(project: &Project) -> Result<KnownDifferences> {
        let text = fs::read_to_string(project.path(KNOWN_DIFFERENCES))?;
        let mut rows = Vec::new();
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let fields: Vec<&str> = line.split(" | ").map(str::trim).collect();
            let [targets, fact, reason] = fields[..] else {
                bail!("{KNOWN_DIFFERENCES}: `{line}` is not `targets | fact | reason`");
            };
            let targets = targets.split_whitespace().map(str::to_owned).collect();
            rows.push((targets, fact.to_owned(), reason.to_owned()));
        }
        Ok(KnownDifferences(rows))
    }

    /// The known fact that covers a difference, and its reason; `None` if the difference is new.
    ///
    /// The entry of a size, a sign or a symbol names both values (`type of const EPOLLIN: u32, not
    /// i32`), so another difference of the same fact is new.
    pub(super) fn reason(&self, triple: &str, difference: &Difference) -> Option<(&str, &str)> {
        let fact = match &difference.how {
            Some(how) => format!("{}: {how}", difference.fact),
            None => difference.fact.clone(),
        };
        let row = self.0.iter().find(|(targets, known, _)| {
            matches(known, &fact) && targets.iter().any(|pattern| matches(pattern, triple))
        });
        row.map(|row| (&*row.1, &*row.2))
    }
}

/// Whether a text matches a pattern in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| matches(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Difference, KnownDifferences, matches};

    fn differs(how: Option<&str>) -> Difference {
        Difference {
            fact: "type of const EPOLLIN".to_owned(),
            how: how.map(str::to_owned),
            message: String::new(),
        }
    }

    #[test]
    fn star_matches_any_text() {
        assert!(matches("mips64*", "mips64el-unknown-linux-gnuabi64"));
        assert!(matches("*-netbsd*", "armv6-unknown-netbsd-eabihf"));
        assert!(!matches("mips64*", "mips-unknown-linux-gnu"));
    }

    #[test]
    fn entry_of_a_type_covers_only_its_two_values() {
        let row = ["type of const EPOLL*: u32, not i32", "why"].map(str::to_owned);
        let [known, why] = row;
        let known_differences = KnownDifferences(vec![(vec!["*-linux-*".to_owned()], known, why)]);
        let reason = |triple, how| known_differences.reason(triple, &differs(how)).is_some();
        assert!(reason("i686-linux-android", Some("u32, not i32")));
        assert!(!reason("i686-linux-android", Some("u32, not i16")));
        assert!(!reason("i686-linux-android", None));
        assert!(!reason("x86_64-unknown-illumos", Some("u32, not i32")));
    }
}
