//! The library builds without a warning with every set of features.

use anyhow::{Result, bail};

use crate::project::{BACKENDS, Backend};
use crate::step::{Context, Step};

const FEATURES: [&str; 5] = ["log", "os-poll", "os-ext", "net", "udp-quiet"];

/// All subsets of the features, as arguments of `--features`. `udp-quiet` selects `net`, so it is
/// not tried without.
fn subsets() -> impl Iterator<Item = String> {
    (0..1_usize << FEATURES.len()).filter_map(|bits| {
        let chosen = (0..FEATURES.len()).filter(|index| bits >> index & 1 == 1);
        let chosen: Vec<&str> = chosen.map(|index| FEATURES[index]).collect();
        let is_distinct = !chosen.contains(&"udp-quiet") || chosen.contains(&"net");
        is_distinct.then(|| chosen.join(","))
    })
}

/// Checks every subset, on the default backend and on poll(2) with a pipe.
pub(crate) fn run(context: &mut Context<'_>) -> Result<()> {
    for backend in [BACKENDS[0], BACKENDS[3]] {
        each(context, backend.name, |context, features| {
            check(context, backend, features)
        })?;
    }
    Ok(())
}

/// Calls `check` for every subset. The error names all subsets that fail.
pub(crate) fn each(
    context: &mut Context<'_>,
    system: &str,
    check: impl Fn(&mut Context<'_>, &str) -> Result<()>,
) -> Result<()> {
    let mut failed = Vec::new();
    for features in subsets() {
        if check(context, &features).is_err() {
            failed.push(format!("\"{features}\""));
        }
    }
    if !failed.is_empty() {
        bail!(
            "on {system} the library does not build cleanly with features {}",
            failed.join(", ")
        );
    }
    Ok(())
}

fn check(context: &mut Context<'_>, backend: Backend, features: &str) -> Result<()> {
    let flags = format!("-D warnings {}", backend.rustflags);
    let step = Step::cargo(
        context.project,
        backend,
        "check --lib --no-default-features --features",
    )
    .argument(features)
    .set("RUSTFLAGS", flags.trim())
    .set(
        "CARGO_TARGET_DIR",
        context.project.target(&format!("checked-{}", backend.name)),
    );
    context.run(step.limit(600)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::{FEATURES, subsets};
    use std::collections::HashSet;

    /// `default` is left out: it selects features that are in the list.
    #[test]
    fn features_are_those_of_the_library() {
        let manifest = include_str!("../../../../Cargo.toml");
        let (_, features) = manifest.split_once("\n[features]\n").unwrap();
        let (features, _) = features.split_once("\n[").unwrap();
        let names = features.lines().filter_map(|line| line.split_once(" = "));
        let names: HashSet<&str> = names.map(|(name, _)| name).collect();
        let expected = FEATURES.into_iter().chain(["default"]);
        assert_eq!(names, expected.collect());
    }

    #[test]
    fn every_subset_comes_once() {
        let all: Vec<String> = subsets().collect();
        assert_eq!(all.len(), 24);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 24);
        assert!(all.contains(&String::new()));
        assert!(all.contains(&"log,os-poll,os-ext,net".to_owned()));
    }
}
