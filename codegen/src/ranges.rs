//! Ranges of versions: the bindings come from the oldest headers of a system, and the further packs
//! that `also` in `sources.toml` names must declare the same. `codegen/ranges.toml` lists the
//! differences that do not matter, with the reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;

use crate::abi::TargetAbi;
use crate::abi_diff::{self, Severity};
use crate::error::Error;
use crate::generate::{Generator, say};
use crate::group::Group;
use crate::headers::Headers;
use crate::inputs::Inputs;
use crate::os_version;
use crate::read;
use crate::sources::Pack;
use crate::targets::{Os, Target, Version};
use crate::version_error::VersionError;

/// The file of known differences.
pub(crate) const FILE: &str = "codegen/ranges.toml";

/// The content of that file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ranges {
    /// The known differences.
    #[serde(default)]
    difference: Vec<Known>,
}

/// A difference that does not matter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// The pack with the newer headers.
    pack: String,
    /// The kind and the name of the symbol, as a report writes them: `fn kevent`.
    symbol: String,
    /// All facts that differ, on any target.
    facts: BTreeSet<String>,
    /// Why it does not matter.
    reason: String,
}

/// What a pack declares differently: the facts of each symbol, with the targets of each fact.
type Found = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

impl Ranges {
    /// Reads the file; empty if there is none.
    pub(crate) fn read(generator: &Generator) -> Result<Ranges, Error> {
        let path = generator.root.join(FILE);
        if !path.is_file() {
            return Ok(Ranges::default());
        }
        let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        Ranges::parse(&text)
    }

    /// Parses the text of the file.
    fn parse(text: &str) -> Result<Ranges, Error> {
        let ranges: Ranges = toml::from_str(text)
            .map_err(|error| Error::Version(VersionError::Ranges(error.to_string())))?;
        let without = ranges
            .difference
            .iter()
            .find(|known| known.reason.trim().is_empty());
        match without {
            Some(known) => Err(Error::Version(VersionError::Ranges(format!(
                "`{}` has no reason",
                known.symbol
            )))),
            None => Ok(ranges),
        }
    }

    /// Compares the differences of a pack with the known ones. Returns the symbols of those.
    fn compare(&self, os: &'static str, pack: &str, found: &Found) -> Result<Vec<String>, Error> {
        let mut errors = Vec::new();
        let of_pack = || self.difference.iter().filter(|known| known.pack == pack);
        for (symbol, facts) in found {
            let known = of_pack().find(|known| known.symbol == *symbol);
            let is_known = |fact: &String| known.is_some_and(|known| known.facts.contains(fact));
            for (fact, targets) in facts.iter().filter(|(fact, _)| !is_known(fact)) {
                errors.push(Error::Version(VersionError::Range {
                    os,
                    pack: pack.to_owned(),
                    symbol: symbol.clone(),
                    fact: fact.clone(),
                    targets: targets.iter().cloned().collect(),
                }));
            }
        }
        for known in of_pack() {
            let facts = found.get(&known.symbol);
            let is_found = |fact: &String| facts.is_some_and(|facts| facts.contains_key(fact));
            for fact in known.facts.iter().filter(|fact| !is_found(fact)) {
                errors.push(Error::Version(VersionError::Ranges(format!(
                    "`{}` of {pack} does not differ by `{fact}`",
                    known.symbol
                ))));
            }
        }
        Error::all(errors)?;
        Ok(of_pack().map(|known| known.symbol.clone()).collect())
    }
}

/// Compares the groups of a system with its further packs, and names these in the groups.
pub(crate) fn check(
    generator: &Generator,
    os: &'static Os,
    inputs: &Inputs,
    groups: &mut [Group],
) -> Result<(), Error> {
    let Some(name) = os.pack else {
        return Ok(());
    };
    let packs = &generator.sources.headers;
    // A tree of `[[tree]]` has no newer headers.
    let Some(pack) = packs.iter().find(|pack| pack.name == name) else {
        return Ok(());
    };
    let also = &pack.also;
    if also.is_empty() {
        return Ok(());
    }
    let ranges = Ranges::read(generator)?;
    let mut range = String::new();
    for name in also {
        let pack = generator.sources.headers(name)?;
        let (found, version) = differences(generator, os, pack, inputs, groups)?;
        let known = ranges.compare(os.name, name, &found)?;
        range.push_str(&format!(
            "; also {} {}{version}",
            pack.package, pack.version
        ));
        if !known.is_empty() {
            range.push_str(&format!(" but for {}", known.join(", ")));
        }
    }
    for group in groups {
        group.add_to_headers(&range);
    }
    Ok(())
}

/// What a further pack declares differently, and the version of the system that it describes.
fn differences(
    generator: &Generator,
    os: &'static Os,
    pack: &Pack,
    inputs: &Inputs,
    groups: &[Group],
) -> Result<(Found, String), Error> {
    let folder = pack.folder(&generator.cache, &say)?;
    let version = match os.version {
        Version::Stated(text) => os_version::described(text, &folder),
        Version::LinuxHeaders => None,
    };
    let version = version.map_or_else(String::new, |version| format!(" ({version})"));
    let targets: Vec<Target> = os
        .targets
        .iter()
        .map(|target| os_version::declared_as(os, target, &folder))
        .collect();
    let targets: Vec<&Target> = targets.iter().collect();
    let headers = Headers::Pack(pack, folder);
    let read = read::read_all(os, &targets, inputs, &headers, None, true);
    let (mut found, mut wrong) = (Found::new(), Vec::new());
    for (index, result) in read {
        let triple = targets[index].triple;
        let new = match result {
            Ok(new) => new,
            Err(error) if error.is_local() => {
                wrong.push((triple, error));
                continue;
            }
            Err(error) => return Err(error),
        };
        let of_triple = |group: &&Group| group.abi.targets.iter().any(|known| known == triple);
        if let Some(group) = groups.iter().find(of_triple) {
            add(&mut found, triple, &group.abi.abi, &new);
        }
    }
    Error::merged(wrong)?;
    Ok((found, version))
}

/// Adds what differs on a target and matters: what is only spelled differently does not, and what
/// the newer headers have in addition is not bound.
fn add(found: &mut Found, triple: &str, old: &TargetAbi, new: &TargetAbi) {
    let changes = abi_diff::changes(old, new).into_iter();
    for change in changes.filter(|change| change.severity == Severity::Breaking) {
        let symbol = format!("{} {}", change.kind.word(), change.symbol);
        let facts = found.entry(symbol).or_default();
        for fact in change.facts {
            facts
                .entry(fact.text)
                .or_default()
                .insert(triple.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one difference.
    const TEXT: &str = "[[difference]]\npack = \"new\"\nsymbol = \"fn f\"\n\
        facts = [\"link name a → b\"]\nreason = \"the library has both\"\n";

    /// Differences of `fn f`.
    fn found(facts: &[&str]) -> Found {
        let of = |fact: &&str| ((*fact).to_owned(), ["x".to_owned()].into());
        [("fn f".to_owned(), facts.iter().map(of).collect())].into()
    }

    #[test]
    fn differences_must_be_known_and_known_ones_must_exist() {
        let ranges = Ranges::parse(TEXT).expect("it is valid");
        let compare = |pack: &str, found: &Found| {
            let known = ranges.compare("netbsd", pack, found);
            known.map_err(|error| error.to_string())
        };
        let known = found(&["link name a → b"]);
        assert_eq!(compare("new", &known), Ok(vec!["fn f".to_owned()]));
        assert_eq!(compare("other", &Found::new()), Ok(Vec::new()));
        let error = compare("other", &known).unwrap_err();
        assert!(error.contains("fn f: link name a → b"), "{error}");
        let error = compare("new", &Found::new()).unwrap_err();
        assert!(
            error.contains("does not differ by `link name a → b`"),
            "{error}"
        );
        let both = found(&["link name a → b", "signature () → (c_int)"]);
        let error = compare("new", &both).unwrap_err();
        assert!(error.contains("signature () → (c_int)"), "{error}");
        assert!(!error.contains("link name"), "{error}");
        assert!(Ranges::parse(&TEXT.replace("the library has both", " ")).is_err());
        assert!(Ranges::parse(&TEXT.replace("reason", "why")).is_err());
    }
}
