//! Where `libc`, or a list of symbols, is known to say something else, and why.

use std::fs;

use anyhow::{Result, bail};

use super::Difference;
use crate::project::Project;

/// Where that stands.
pub(super) const DISAGREEMENTS: &str = "codegen/disagreements.txt";

/// The known differences: triples, fact, reason.
pub(super) struct Disagreements(Vec<(Vec<String>, String, String)>);

impl Disagreements {
    pub(super) fn read(project: &Project) -> Result<Disagreements> {
        let text = fs::read_to_string(project.path(DISAGREEMENTS))?;
        let mut rows = Vec::new();
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let fields: Vec<&str> = line.split(" | ").map(str::trim).collect();
            let [targets, fact, reason] = fields[..] else {
                bail!("{DISAGREEMENTS}: `{line}` is not `targets | fact | reason`");
            };
            let targets = targets.split_whitespace().map(str::to_owned).collect();
            rows.push((targets, fact.to_owned(), reason.to_owned()));
        }
        Ok(Disagreements(rows))
    }

    /// What is known of a difference, and its reason.
    ///
    /// A size, a sign or a symbol is known by both sides (`type of const EPOLLIN: u32, not i32`):
    /// any other difference of the same fact is none that is known.
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

/// `*` stands for anything.
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
    use super::{Difference, Disagreements, matches};

    fn differs(how: Option<&str>) -> Difference {
        Difference {
            fact: "type of const EPOLLIN".to_owned(),
            how: how.map(str::to_owned),
            message: String::new(),
        }
    }

    #[test]
    fn stars_stand_for_anything() {
        assert!(matches("mips64*", "mips64el-unknown-linux-gnuabi64"));
        assert!(matches("*-netbsd*", "armv6-unknown-netbsd-eabihf"));
        assert!(!matches("mips64*", "mips-unknown-linux-gnu"));
    }

    #[test]
    fn a_size_or_a_sign_is_known_with_both_sides() {
        let row = ["type of const EPOLL*: u32, not i32", "why"].map(str::to_owned);
        let [known, why] = row;
        let disagreements = Disagreements(vec![(vec!["*-linux-*".to_owned()], known, why)]);
        let reason = |triple, how| disagreements.reason(triple, &differs(how)).is_some();
        assert!(reason("i686-linux-android", Some("u32, not i32")));
        assert!(!reason("i686-linux-android", Some("u32, not i16")));
        assert!(!reason("i686-linux-android", None));
        assert!(!reason("x86_64-unknown-illumos", Some("u32, not i32")));
    }
}
