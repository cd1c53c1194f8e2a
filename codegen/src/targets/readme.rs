//! The table of platforms in README.md, written from the table of targets.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Name, Os, Proof, Target, all};

/// The line before the table.
const BEGIN: &str = "<!-- Written by `cargo xtask readme` from codegen/src/targets. -->\n";
/// The line behind it.
const END: &str = "<!-- End of what `cargo xtask readme` writes. -->\n";

/// How many targets that are only checked are named; of more, the number stands there.
const NAMED: usize = 2;

/// The table: a row for each system.
pub fn platforms() -> String {
    let mut text = String::from(
        "| system | selector | waker | run | linked | checked | not checked |\n|---|---|---|---|---|---|---|\n",
    );
    let mut names: Vec<(&Name, Vec<(&Os, &Target)>)> = Vec::new();
    for (os, target) in all() {
        for name in os.names.iter().filter(|name| (name.is)(target.triple)) {
            match names
                .iter_mut()
                .find(|(known, _)| known.title == name.title)
            {
                Some((_, targets)) => targets.push((os, target)),
                None => names.push((name, vec![(os, target)])),
            }
        }
    }
    names.sort_by_key(|(name, _)| name.title.to_lowercase());
    for (name, targets) in names {
        let mut by_proof: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for (os, target) in targets {
            let proof = os.proof(target);
            let triple = format!("`{}`", target.triple);
            by_proof.entry(proof.word()).or_default().push(triple);
            let reason = match proof {
                Proof::NotChecked(reason) => reason,
                Proof::Checked | Proof::Linked { .. } | Proof::Run(_) => continue,
            };
            *reasons.entry(reason).or_default() += 1;
        }
        let named = |word: &str| {
            by_proof
                .get(word)
                .map_or_else(String::new, |triples| triples.join(", "))
        };
        let checked = match by_proof.get("checked").map_or(0, Vec::len) {
            0..=NAMED => named("checked"),
            count => count.to_string(),
        };
        let rest: Vec<String> = reasons
            .iter()
            .map(|(reason, count)| format!("{count}: {reason}"))
            .collect();
        let rest = rest.join("; ");
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {checked} | {rest} |",
            name.title,
            name.selector,
            name.waker,
            named("run"),
            named("linked"),
        )
        .expect("a string takes any text");
    }
    text
}

/// README's text with its table as it should be; none if it has no place for one.
pub fn replaced(readme: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", platforms()))
}

#[cfg(test)]
mod tests {
    use super::{platforms, replaced};
    use crate::DOCUMENTED;

    #[test]
    fn readme_has_the_table() {
        let readme = include_str!("../../../README.md");
        let wanted = replaced(readme).expect("README has the two marks");
        assert!(
            readme == wanted,
            "README is out of date: cargo xtask readme"
        );
        assert!(readme.contains(&platforms()));
    }

    #[test]
    fn docs_rs_builds_for_the_documented_targets() {
        let manifest = include_str!("../../../Cargo.toml");
        let (_, rest) = manifest
            .split_once("[package.metadata.docs.rs]")
            .expect("there is a section for docs.rs");
        let (_, rest) = rest.split_once("targets = [").expect("it has targets");
        let (list, _) = rest.split_once(']').expect("the list ends");
        let listed: Vec<&str> = list
            .split(',')
            .map(|item| item.trim().trim_matches('"'))
            .filter(|item| !item.is_empty())
            .collect();
        assert_eq!(listed, DOCUMENTED);
    }

    #[test]
    fn a_readme_without_the_marks_is_left_alone() {
        assert_eq!(replaced("# mio\n"), None);
    }
}
