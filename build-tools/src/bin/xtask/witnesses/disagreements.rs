//! Where `libc` is known to say something else, and why.

use std::fs;

use anyhow::{Result, bail};

use crate::project::Project;

/// Where that stands.
pub(super) const DISAGREEMENTS: &str = "codegen/disagreements.txt";

/// The third witness's known differences: triples, fact, reason.
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

    pub(super) fn reason(&self, triple: &str, fact: &str) -> Option<&str> {
        let row = self.0.iter().find(|(targets, known, _)| {
            matches(known, fact) && targets.iter().any(|pattern| matches(pattern, triple))
        });
        row.map(|row| &*row.2)
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
    use super::matches;

    #[test]
    fn stars_stand_for_anything() {
        assert!(matches("mips64*", "mips64el-unknown-linux-gnuabi64"));
        assert!(matches("*-netbsd*", "armv6-unknown-netbsd-eabihf"));
        assert!(!matches("mips64*", "mips-unknown-linux-gnu"));
    }
}
