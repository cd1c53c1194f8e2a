//! The table of platforms in README.md, written from the table of targets.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Name, Os, Proof, Target, all};

/// The line before the table.
const BEGIN: &str = "<!-- Written by `cargo xtask readme` from codegen/src/targets. -->\n";
/// The line behind it.
const END: &str = "<!-- End of what `cargo xtask readme` writes. -->\n";

/// The table: a row for each system.
pub fn platforms() -> String {
    let mut text = String::from(
        "| system | selector | waker | run | linked | checked |\n|---|---|---|---|---|---|\n",
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
        let mut by_proof: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut reasons: Vec<&str> = Vec::new();
        for (os, target) in targets {
            let proof = os.proof(target);
            by_proof
                .entry(proof.word())
                .or_default()
                .push(target.triple);
            if let Proof::Generated(reason) = proof {
                reasons.push(reason);
            }
        }
        let triples = |word: &str| match by_proof.get(word) {
            None => "—".to_owned(),
            Some(triples) => {
                let triples = triples.iter().map(|triple| format!("`{triple}`"));
                triples.collect::<Vec<_>>().join(", ")
            }
        };
        let checked = match by_proof.get("checked").map_or(&[][..], Vec::as_slice) {
            [] => String::new(),
            [one] => format!("`{one}`"),
            [first, .., last] => {
                let count = by_proof["checked"].len();
                if count == 2 {
                    format!("`{first}`, `{last}`")
                } else {
                    format!("{count} targets")
                }
            }
        };
        reasons.dedup();
        let left: Vec<String> = match by_proof.get("generated") {
            None => Vec::new(),
            Some(triples) => vec![format!("not {}: {}", plural(triples), reasons.join("; "))],
        };
        let parts: Vec<String> = [checked]
            .into_iter()
            .filter(|text| !text.is_empty())
            .chain(left)
            .collect();
        let checked = if parts.is_empty() {
            "—".to_owned()
        } else {
            parts.join("; ")
        };
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {checked} |",
            name.title,
            name.selector,
            name.waker,
            triples("run"),
            triples("linked"),
        )
        .expect("a string takes any text");
    }
    text
}

/// One triple by name, more by number.
fn plural(triples: &[&str]) -> String {
    match triples {
        [one] => format!("`{one}`"),
        _ => format!("{} targets", triples.len()),
    }
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
