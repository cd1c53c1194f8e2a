//! `cargo codegen bump`: moves a header pack to another version.

use std::path::Path;

use toml_edit::{DocumentMut, value};

use crate::abi_diff;
use crate::accepted::{self, Accepted, FILE};
use crate::destination::Destination;
use crate::error::Error;
use crate::gate;
use crate::generate::{Generator, say};
use crate::help::Help;
use crate::history;
use crate::operand;
use crate::pip::Index;
use crate::plan::Plan;
use crate::project;
use crate::report::{self, Format};
use crate::snapshot::AbiSnapshot;
use crate::sources::{Pack, Sources};
use crate::targets::SYSTEMS;
use crate::usage;
use crate::version_error::VersionError;
use crate::write::Single;

/// The texts of a renewal.
#[derive(Debug)]
pub(crate) struct Renewed {
    /// The report, in the requested format.
    pub(crate) report: String,
    /// The written files and the new pin.
    pub(crate) closing: String,
}

/// Moves the pack `name` to `version`, or to the newest version.
pub(crate) fn bump(
    generator: &Generator,
    name: &str,
    version: Option<&str>,
    accept_breaking: bool,
    destination: &mut Destination<'_>,
) -> Result<Renewed, Error> {
    let root = &generator.root;
    let pack = find(generator, name)?;
    let mut index = None;
    let version = match version {
        Some(version) => version.to_owned(),
        None => {
            say(format!("looking up the newest version of {}", pack.package));
            let index = index.insert(Index::of(&[&pack.package])?);
            index.newest(&pack.package, &pack.platform)?.version.clone()
        }
    };
    let new = pack.at(&version, &generator.cache, &say)?;
    // The wheel spells it in full: `0.16` is `0.16.0`.
    let version = new.version.clone();
    if version == pack.version {
        return Ok(Renewed {
            report: String::new(),
            closing: format!(
                "{name} is at {} {version} already; nothing to do\n",
                pack.package
            ),
        });
    }
    let index = match index {
        Some(index) => index,
        None => Index::of(&[&pack.package])?,
    };
    confirm(&new, &index, &generator.cache)?;
    new.folder(&generator.cache, &say)?;
    let path = root.join(project::input("sources.toml"));
    let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    let mut plan = Plan::new(
        root,
        vec![Single {
            path: project::input("sources.toml"),
            text: repin(&text, name, &new)?,
        }],
    )?;
    let systems = readers(&generator.sources, name);
    say(format!(
        "reading {} from {} {version}",
        systems.join(", "),
        pack.package
    ));
    let title = format!("{name}@{version}");
    let finished = plan
        .finish(root, &title, |os| generator.sources.is_read_by(name, os))
        .map_err(|error| {
            // The report shows the changes that can be read besides the one that stops the run.
            match lenient(&plan.generator, name, &title, root) {
                Ok(report) => Error::Renewal {
                    report: report::write(
                        &report,
                        Format::Terminal,
                        destination.output.unfold,
                        None,
                    ),
                    what: format!("{name} ({} → {version})", pack.version),
                    why: plan.without_copy(&error.to_string()),
                    help: Box::new(match error.help() {
                        Some(Help::Text(text)) => Help::Text(plan.without_copy(&text)),
                        _ => Help::text("keep the pack, or correct what the error names"),
                    }),
                },
                Err(_) => error,
            }
        })?;
    if !accept_breaking {
        let what = format!("{name} ({} → {version})", pack.version);
        refuse_breaking(&finished.report, root, what, destination.output.unfold)?;
    }
    let report = destination.prepare(&finished.report)?;
    plan.singles.extend(history::extended(generator, &new)?);
    let mut closing = plan.write(&finished, root)?;
    closing.push_str(&format!(
        "{name}: {} → {version}, sha256 {}\n",
        pack.version, new.sha256
    ));
    Ok(Renewed { report, closing })
}

/// An error if the index has another file of the wheel's version. The wheel may be an old one in
/// the cache.
fn confirm(pack: &Pack, index: &Index, cache: &Path) -> Result<(), Error> {
    match index.file(&pack.package, &pack.file) {
        Some(wheel) if wheel.sha256 == pack.sha256 => Ok(()),
        Some(wheel) if !wheel.sha256.is_empty() => Err(Error::Hash {
            path: cache.join(&pack.file),
            wanted: wheel.sha256.clone(),
            found: pack.sha256.clone(),
        }),
        _ => Err(Error::Version(VersionError::Index {
            packages: pack.package.clone(),
            why: format!("it does not have {} with a SHA-256", pack.file),
        })),
    }
}

/// An error if the report has breaking changes that are not accepted.
fn refuse_breaking(
    report: &abi_diff::Report,
    root: &Path,
    what: String,
    unfold: bool,
) -> Result<(), Error> {
    let accepted = Accepted::of_folder(root)?;
    // Entries about other changes are no reason to stop.
    let mut verdict = gate::judge(report, &accepted, &accepted, accepted::today());
    verdict
        .failures
        .retain(|failure| failure.reason == gate::Reason::NotAccepted);
    let open = match verdict.failures.len() {
        0 => return Ok(()),
        1 => "1 breaking change is not accepted".to_owned(),
        many => format!("{many} breaking changes are not accepted"),
    };
    verdict.passed = false;
    let mut report = report.clone();
    report.gate = Some(verdict);
    Err(Error::Renewal {
        report: report::write(&report, Format::Terminal, unfold, None),
        what,
        why: format!("{open}; paste the entries into {FILE}, or write without them"),
        help: Box::new(Help::Append(vec!["--accept-breaking".to_owned()])),
    })
}

/// The header pack of this name.
fn find<'a>(generator: &'a Generator, name: &str) -> Result<&'a Pack, Error> {
    let packs = &generator.sources.headers;
    packs.iter().find(|pack| pack.name == name).ok_or_else(|| {
        let known = packs.iter().map(|pack| pack.name.clone()).collect();
        Error::UnknownPack {
            name: name.to_owned(),
            known,
        }
    })
}

/// The systems that read a pack.
pub(crate) fn readers(sources: &Sources, pack: &str) -> Vec<&'static str> {
    let read = SYSTEMS.iter().filter(|os| sources.is_read_by(pack, os));
    read.map(|os| os.name).collect()
}

/// `sources.toml` with the new version, file and hash of the pack.
pub(crate) fn repin(text: &str, name: &str, new: &Pack) -> Result<String, Error> {
    let invalid = |why: String| Error::Sources(why);
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| invalid(error.to_string()))?;
    let packs = document["headers"]
        .as_array_of_tables_mut()
        .ok_or_else(|| invalid("there is no [[headers]] entry".to_owned()))?;
    let pack = packs
        .iter_mut()
        .find(|pack| pack.get("name").and_then(|name| name.as_str()) == Some(name))
        .ok_or_else(|| invalid(format!("there is no header pack `{name}`")))?;
    for (key, text) in [
        ("version", &new.version),
        ("file", &new.file),
        ("sha256", &new.sha256),
    ] {
        pack[key] = value(text);
    }
    Ok(document.to_string())
}

/// Compares the tables of the tree with the new headers, as far as these can be read.
fn lenient(
    generator: &Generator,
    name: &str,
    title: &str,
    root: &Path,
) -> Result<abi_diff::Report, Error> {
    let pack = find(generator, name)?;
    let new = operand::of_one(generator, pack, title)?;
    let mut old = AbiSnapshot::of_folder("the tree as it is".to_owned(), root)?;
    old.systems.clone_from(&new.systems);
    let describes = |os: &str| new.describes(os);
    old.targets.retain(|_, seen| describes(&seen.os));
    Ok(abi_diff::compare(&old, &new, &usage::of(root)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repin_changes_version_file_and_hash() {
        let text = include_str!("../sources.toml");
        let sources = crate::sources::Sources::parse(text).expect("sources.toml is valid");
        let old = sources.headers("ziglang-netbsd").expect("the pack exists");
        let new = Pack {
            version: "9.9".to_owned(),
            file: "nine.whl".to_owned(),
            sha256: "99".to_owned(),
            ..old.clone()
        };
        let changed = repin(text, "ziglang-netbsd", &new).expect("the pack exists");
        let differing: Vec<(&str, &str)> = text
            .lines()
            .zip(changed.lines())
            .filter(|(a, b)| a != b)
            .collect();
        assert_eq!(text.lines().count(), changed.lines().count());
        assert_eq!(differing.len(), 3, "{differing:?}");
        assert!(differing.iter().any(|(_, new)| *new == "version = \"9.9\""));
        let back = repin(&changed, "ziglang-netbsd", old).expect("the pack exists");
        assert_eq!(back, text);
    }
}
