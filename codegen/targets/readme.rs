//! The tables of platforms: a short one for README.md, and one with targets for
//! build-tools/README.md.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Name, Os, Proof, Target, all};

/// The line that begins a table.
const BEGIN: &str = "<!-- Written by `cargo xtask readme` from codegen/targets. -->\n";
/// The line that ends it.
const END: &str = "<!-- End of what `cargo xtask readme` writes. -->\n";

/// Up to this many checked targets are named. Of more, the table has the number.
const NAMED: usize = 2;

/// The tiers, best first.
const TIERS: [&str; 4] = ["run", "linked", "checked", "not checked"];

/// The systems by title, with their targets.
fn systems() -> Vec<(&'static Name, Vec<(&'static Os, &'static Target)>)> {
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
    names
}

/// The short table. Systems with the same selector, waker and tier share a row.
pub fn overview() -> String {
    let mut rows: BTreeMap<(&str, usize, &str), Vec<&str>> = BTreeMap::new();
    for (name, targets) in systems() {
        let words: Vec<&str> = targets
            .iter()
            .map(|(os, target)| os.proof(target).word())
            .collect();
        let tier = TIERS.iter().position(|tier| words.contains(tier));
        let tier = tier.unwrap_or(TIERS.len() - 1);
        rows.entry((name.selector, tier, name.waker))
            .or_default()
            .push(name.title);
    }
    let mut text = String::from("| system | selector | waker | tier |\n|---|---|---|---|\n");
    for ((selector, tier, waker), titles) in rows {
        let titles = titles.join(", ");
        writeln!(
            text,
            "| {titles} | {selector} | {waker} | {} |",
            TIERS[tier]
        )
        .expect("a string takes any text");
    }
    text
}

/// The long table. Each system has a row, with its targets by tier.
pub fn platforms() -> String {
    let mut text = String::from(
        "| system | selector | waker | run | linked | checked | not checked |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for (name, targets) in systems() {
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

/// The text of a page with its table replaced, or `None` if the page has no marks.
pub fn replaced(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::{overview, platforms, replaced};
    use crate::DOCUMENTED;

    #[test]
    fn pages_have_their_tables() {
        for (page, table) in [
            (include_str!("../../README.md"), overview()),
            (include_str!("../../build-tools/README.md"), platforms()),
        ] {
            let wanted = replaced(page, &table).expect("the page has the two marks");
            assert!(page == wanted, "out of date: cargo xtask readme");
            assert!(page.contains(&table));
        }
    }

    #[test]
    fn every_tier_has_a_word() {
        for (os, target) in super::all() {
            assert!(
                super::TIERS.contains(&os.proof(target).word()),
                "{}",
                target.triple
            );
        }
    }

    #[test]
    fn docs_rs_builds_for_the_documented_targets() {
        let manifest = include_str!("../../Cargo.toml");
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
        assert_eq!(replaced("# mio\n", ""), None);
    }
}
