//! The history in `codegen/history`: its command, and the library's minimum versions against it.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use support::{Repository, Result, help, tree};

/// The repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// `codegen/history/newer.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Newer {
    /// The minimum version of each system with a history.
    minimum: BTreeMap<String, Minimum>,
    /// The symbols that the oldest headers lack.
    #[serde(default)]
    newer: Vec<Symbol>,
}

/// The minimum version of a system.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Minimum {
    /// The oldest version that the library supports, as the README spells it; empty if the library
    /// states none.
    version: String,
    /// The oldest version whose headers were read.
    read: String,
    /// Why the symbols exist between the two, or why the library states no version.
    reason: String,
}

/// A symbol that the oldest headers lack.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Symbol {
    /// The system.
    system: String,
    /// The names.
    names: Vec<String>,
    /// The first version that has them.
    since: String,
    /// Why the library may use them: it looks them up at run time, or a kernel without them reports
    /// an error for them.
    reason: String,
}

/// The history of a system.
struct History {
    /// The name of each version, and the targets that were read.
    versions: Vec<(String, BTreeSet<String>)>,
    /// The first and last version of each run, its targets and its name.
    runs: Vec<(usize, usize, BTreeSet<String>, String)>,
}

impl History {
    /// Reads the file of a system.
    fn read(system: &str) -> Result<History> {
        let path = Path::new(ROOT).join(format!("codegen/history/{system}.json"));
        let json: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let index = |value: &Value| -> Result<usize> {
            Ok(usize::try_from(value.as_u64().ok_or("no index")?)?)
        };
        let targets: Vec<String> = list(&json["targets"]).iter().map(text).collect();
        let sets = list(&json["sets"]);
        let mut history = History {
            versions: Vec::new(),
            runs: Vec::new(),
        };
        for version in list(&json["versions"]) {
            let mut read: BTreeSet<String> = targets.iter().cloned().collect();
            if version["not_read"].is_string() {
                read.clear();
            }
            for unread in version["unread"]
                .as_object()
                .into_iter()
                .flat_map(|map| map.keys())
            {
                assert!(read.remove(unread), "{unread}");
            }
            let name = match version["describes"].as_str() {
                Some(describes) => describes,
                None => version["pack"].as_str().ok_or("no pack")?,
            };
            history.versions.push((name.to_owned(), read));
        }
        for run in list(&json["runs"]) {
            let item = run["is"]
                .as_object()
                .and_then(|is| is.values().next().cloned());
            let name = text(&item.ok_or("no declaration")?["name"]);
            let mut on = BTreeSet::new();
            for target in list(&sets[index(&run["on"])?]) {
                on.insert(targets[index(&target)?].clone());
            }
            history
                .runs
                .push((index(&run["from"])?, index(&run["to"])?, on, name));
        }
        Ok(history)
    }

    /// The index of the oldest version that was read.
    fn oldest(&self) -> Result<usize> {
        let position = self.versions.iter().position(|(_, read)| !read.is_empty());
        Ok(position.ok_or("no version was read")?)
    }

    /// The targets of a version that lack the symbol.
    fn lacking(&self, version: usize, name: &str) -> BTreeSet<String> {
        let mut lacking = self.versions[version].1.clone();
        for (from, to, on, known) in &self.runs {
            if known == name && *from <= version && version <= *to {
                lacking.retain(|target| !on.contains(target));
            }
        }
        lacking
    }

    /// The first version from the oldest one on whose targets all have the symbol.
    fn since(&self, name: &str) -> Option<&str> {
        let mut versions = self.versions.iter().enumerate();
        let found = versions
            .find(|(index, (_, read))| !read.is_empty() && self.lacking(*index, name).is_empty());
        found.map(|(_, (version, _))| version.as_str())
    }
}

/// The symbols of a list that headers of a pack declare on every target.
fn required(system: &str) -> Result<Vec<String>> {
    let path = Path::new(ROOT).join(format!("codegen/symbols/{system}.txt"));
    let mut names = Vec::new();
    for line in fs::read_to_string(path)?.lines() {
        let words: Vec<&str> = line
            .split(" # ")
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let [name, kind, .., source] = words[..] else {
            continue;
        };
        if name.starts_with('#') || !source.starts_with('<') || kind.ends_with('?') {
            continue;
        }
        if ["record", "fn", "const"].contains(&kind) {
            names.push(name.to_owned());
        }
    }
    assert!(!names.is_empty(), "{system}");
    Ok(names)
}

/// The systems with a history.
fn systems() -> Result<BTreeSet<String>> {
    let files = tree(&Path::new(ROOT).join("codegen/history"))?;
    let names = files.keys().filter_map(|path| {
        let name = path.to_string_lossy();
        name.strip_suffix(".json").map(str::to_owned)
    });
    Ok(names.collect())
}

#[test]
fn minimum_versions_have_all_symbols_or_an_entry_with_a_reason() -> Result {
    let path = Path::new(ROOT).join("codegen/history/newer.toml");
    let newer: Newer = toml::from_str(&fs::read_to_string(path)?)?;
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md"))?;
    let listed: BTreeSet<String> = newer.minimum.keys().cloned().collect();
    assert_eq!(
        listed,
        systems()?,
        "a minimum for each system with a history"
    );
    let mut wrong = Vec::new();
    for (system, minimum) in &newer.minimum {
        assert!(!minimum.reason.trim().is_empty(), "{system}");
        assert!(
            minimum.version.is_empty()
                || readme.contains(&format!("{} and later", minimum.version)),
            "README does not state {} and later",
            minimum.version
        );
        let history = History::read(system)?;
        let oldest = history.oldest()?;
        let read = &history.versions[oldest].0;
        if *read != minimum.read {
            wrong.push(format!("{system}: the oldest headers are of {read}"));
        }
        let entries = || newer.newer.iter().filter(|entry| entry.system == *system);
        for name in required(system)? {
            let lacking = history.lacking(oldest, &name);
            let entry = entries().find(|entry| entry.names.contains(&name));
            let since = history.since(&name).unwrap_or("no version");
            match (lacking.is_empty(), entry) {
                (true, None) => {}
                (true, Some(_)) => wrong.push(format!("{system}: {read} has {name}; remove it")),
                (false, None) => wrong.push(format!(
                    "{system}: {read} lacks {name} on {lacking:?}; {since} has it"
                )),
                (false, Some(entry)) => {
                    assert!(!entry.reason.trim().is_empty(), "{name}");
                    if entry.since != since {
                        wrong.push(format!("{system}: {name} is there since {since}"));
                    }
                }
            }
        }
        let names: BTreeSet<String> = required(system)?.into_iter().collect();
        for name in entries().flat_map(|entry| &entry.names) {
            if !names.contains(name) {
                wrong.push(format!("{system}: {name} is in no list of symbols"));
            }
        }
    }
    let known = |entry: &&Symbol| newer.minimum.contains_key(&entry.system);
    assert!(
        newer.newer.iter().all(|entry| known(&entry)),
        "every entry has its system"
    );
    assert!(
        wrong.is_empty(),
        "codegen/history/newer.toml:\n{}",
        wrong.join("\n")
    );
    Ok(())
}

/// A repository with the history.
fn with_history() -> Result<Repository> {
    let repository = Repository::new()?;
    let folder = repository.path("codegen/history");
    fs::create_dir(&folder)?;
    for (path, bytes) in tree(&Path::new(ROOT).join("codegen/history"))? {
        fs::write(folder.join(path), bytes)?;
    }
    Ok(repository)
}

#[test]
fn history_of_kevent_has_the_change_of_netbsd_11() -> Result {
    let repository = with_history()?;
    let text = repository.succeed(&["history", "kevent"])?;
    let (_, netbsd) = text.split_once("netbsd\n").ok_or("no NetBSD")?;
    for wanted in [
        "NetBSD 10.1 (ziglang 0.15.1)",
        "oldest: fn (c_int, *const kevent,",
        "NetBSD 11.0 (ziglang 0.17.0)",
        "changed: fn link name __kevent50 → __kevent100 (all 8 targets)",
        "size 40 → 72; field ext: [u64; 4] new at 40 (aarch64-unknown-netbsd, ",
    ] {
        assert!(netbsd.contains(wanted), "{wanted:?} is not in {netbsd}");
    }
    let one = repository.succeed(&["history", "kevent", "--os", "netbsd"])?;
    assert!(
        one.starts_with("netbsd\n") && !one.contains("freebsd\n"),
        "{one}"
    );
    Ok(())
}

#[test]
fn unknown_symbol_or_system_has_a_suggestion() -> Result {
    let repository = with_history()?;
    let message = repository.fail(&["history", "kevnt"])?;
    assert!(
        message.contains("no history has `kevnt`; did you mean `kevent`?"),
        "{message}"
    );
    assert_eq!(help(&message), "cargo codegen history kevent");
    let message = repository.fail(&["history", "kevent", "--os", "netbds"])?;
    assert_eq!(help(&message), "cargo codegen history kevent --os netbsd");
    let message = repository.fail(&["history", "entirely_unknown_name"])?;
    assert!(
        help(&message).contains("codegen/headers have no history"),
        "{message}"
    );
    Ok(())
}

#[test]
fn damaged_file_is_named() -> Result {
    let repository = with_history()?;
    repository.edit("codegen/history/netbsd.json", "\"on\":", "\"upon\":")?;
    let message = repository.fail(&["history", "kevent"])?;
    assert!(
        message.contains("codegen/history/netbsd.json:") && message.contains("this is no history"),
        "{message}"
    );
    Ok(())
}
