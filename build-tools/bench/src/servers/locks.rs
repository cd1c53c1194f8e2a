//! Compares the lock files of the two servers: they may differ in mio alone.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::Folders;
use crate::servers::PEERS;

/// The version that the library is compared with.
const UPSTREAM: &str = "1.2.5";

#[derive(Debug, Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    /// The registry; `None` for a package of this repository.
    source: Option<String>,
}

/// Fails if the servers do not use the two libraries, or differ in another crate.
pub(crate) fn compare(folders: &Folders) -> Result<()> {
    let read = |peer: &str| {
        let file = folders.bench.join("server").join(peer).join("Cargo.lock");
        fs::read_to_string(&file).with_context(|| file.display().to_string())
    };
    check(&read(PEERS[0])?, &read(PEERS[1])?)
}

fn check(ours: &str, upstream: &str) -> Result<()> {
    let [ours, upstream] = [versions(ours)?, versions(upstream)?];
    let help = "help: cargo update -p mio, in build-tools/bench/server";
    let mio = ours.get("mio").context("ours does not use mio")?;
    // If a patch does not apply, Cargo warns and uses the crate of the registry.
    ensure!(
        mio.iter().all(|(_, is_of_registry)| !is_of_registry),
        "ours: {mio:?}; {help}/ours"
    );
    let mio = upstream.get("mio").context("upstream does not use mio")?;
    let expected = [(UPSTREAM.to_owned(), true)];
    ensure!(
        *mio == expected,
        "upstream: {mio:?} instead of {UPSTREAM}; {help}/upstream"
    );
    for (name, versions) in &ours {
        // A dependency of one mio only is in one lock file only.
        let Some(others) = upstream.get(name).filter(|_| name != "mio") else {
            continue;
        };
        ensure!(
            versions == others,
            "{name}: ours {versions:?}, upstream {others:?}"
        );
    }
    Ok(())
}

/// The versions of each crate, and whether they come from a registry.
fn versions(lock: &str) -> Result<BTreeMap<String, Vec<(String, bool)>>> {
    let lock: Lock = toml::from_str(lock)?;
    let mut versions: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for package in lock.package {
        let found = versions.entry(package.name).or_default();
        found.push((package.version, package.source.is_some()));
    }
    Ok(versions)
}

#[cfg(test)]
mod tests {
    use super::{check, compare};
    use crate::Folders;

    #[test]
    fn servers_differ_in_mio_alone() {
        compare(&Folders::find().unwrap()).unwrap();
    }

    fn lock(packages: &[(&str, &str, bool)]) -> String {
        let mut text = String::from("version = 4\n");
        for (name, version, is_of_registry) in packages {
            text += &format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
            text += if *is_of_registry {
                "source = \"registry\"\n"
            } else {
                ""
            };
        }
        text
    }

    #[test]
    fn other_differences_are_errors() {
        let ours = lock(&[("mio", "1.3.0", false), ("tokio", "1.2.0", true)]);
        let upstream = lock(&[
            ("mio", "1.2.5", true),
            ("tokio", "1.2.0", true),
            ("wasi", "0.1.0", true),
        ]);
        check(&ours, &upstream).unwrap();
        for (ours, upstream, expected) in [
            // The patch does not apply.
            (&upstream, &upstream, "ours: "),
            (&ours, &ours, "upstream: "),
            (&ours, &upstream.replace("1.2.0", "1.2.1"), "tokio: "),
            (&ours, &lock(&[("mio", "1.2.6", true)]), "upstream: "),
            (
                &lock(&[("tokio", "1.2.0", true)]),
                &upstream,
                "ours does not use mio",
            ),
        ] {
            let error = check(ours, upstream).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
