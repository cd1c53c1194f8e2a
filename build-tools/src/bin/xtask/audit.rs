//! `cargo xtask audit`: each file with unsafe code, how it is proved sound, and what tests it.
//!
//! The sites are counted in the sources. What they are for, the kind of proof and the tests are in
//! `build-tools/audit.toml`. The table in `src/sys/README.md` is made from both.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use serde::Deserialize;

use crate::project::Project;
use crate::stages;

const PAGE: &str = "src/sys/README.md";
const CLAIMS: &str = "build-tools/audit.toml";
const BEGIN: &str = "<!-- Written by `cargo xtask audit --write`. -->\n";
const END: &str = "<!-- End of what `cargo xtask audit --write` writes. -->\n";

/// How many lines above its site a proof begins at most.
const REACH: usize = 24;

/// The kinds of tests, as columns. Each has a prefix in `audit.toml` but the first.
const KINDS: [&str; 7] = [
    "unit",
    "property",
    "fault",
    "fuzz",
    "loom",
    "sanitizer",
    "miri",
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    group: Vec<Group>,
}

/// The names of ambient APIs, as `cargo acl` (cackle) has them and reviewers of `cargo vet` note
/// them: <https://github.com/cackle-rs/cackle/blob/main/CONFIG.md>.
const APIS: [&str; 5] = ["env", "fs", "net", "process", "terminate"];

/// Files with unsafe code of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    /// Files and folders.
    paths: Vec<String>,
    /// What the code can do: the capability that a reviewer grants.
    capability: String,
    /// The ambient APIs that the code reaches, of `APIS`.
    apis: Vec<String>,
    /// The kind of proof.
    proof: String,
    /// `KIND:WHAT`. WHAT is a file of tests, a fuzz target, or a stage of `cargo xtask test`.
    tests: Vec<String>,
    /// What no test covers.
    untested: String,
}

/// The unsafe sites of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sites {
    blocks: usize,
    /// Unsafe functions, implementations and traits.
    items: usize,
}

impl Sites {
    fn sum(self, other: Sites) -> Sites {
        Sites {
            blocks: self.blocks + other.blocks,
            items: self.items + other.items,
        }
    }
}

/// Prints the table; `false` if a site has no proof or no test, or if the page has another table.
pub(crate) fn run(project: &Project, write: bool) -> Result<bool> {
    let (table, mut faults, files) = examine(project)?;
    println!("{table}");

    let page = fs::read_to_string(project.path(PAGE)).context(PAGE)?;
    let new = replaced(&page, &table)
        .with_context(|| format!("{PAGE} has no marks around the table of unsafe code"))?;
    if page != new && write {
        fs::write(project.path(PAGE), new).context(PAGE)?;
        println!("{PAGE}: written");
    } else if page != new {
        faults.push(format!(
            "{PAGE} has another table; help: cargo xtask audit --write"
        ));
    }
    for fault in &faults {
        println!("error: {fault}");
    }
    println!("{files} files with unsafe code, {} errors", faults.len());
    Ok(faults.is_empty())
}

/// The table, what is wrong with the sources and the claims, and how many files have unsafe code.
fn examine(project: &Project) -> Result<(String, Vec<String>, usize)> {
    let text = fs::read_to_string(project.path(CLAIMS)).context(CLAIMS)?;
    let claims: Claims = toml::from_str(&text).context(CLAIMS)?;
    let mut faults = Vec::new();
    let mut files = Vec::new();
    for file in sources(&project.path("src"))? {
        let name = file.strip_prefix(&project.root).unwrap_or(&file);
        let name = name.to_string_lossy().into_owned();
        let source = fs::read_to_string(&file).with_context(|| name.clone())?;
        let sites = sites(&name, &source, &mut faults)?;
        if sites != Sites::default() {
            files.push((name, sites));
        }
    }
    let table = table(project, &claims, &files, &mut faults)?;
    Ok((table, faults, files.len()))
}

/// All Rust files in a folder, sorted.
fn sources(folder: &Path) -> Result<BTreeSet<std::path::PathBuf>> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.insert(path);
        }
    }
    Ok(files)
}

/// Counts the unsafe sites of a file, those in the bodies of macros too. A site without a proof is
/// a fault.
fn sites(name: &str, source: &str, faults: &mut Vec<String>) -> Result<Sites> {
    let tokens: TokenStream = source
        .parse()
        .map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
    let lines: Vec<&str> = source.lines().collect();
    let mut sites = Sites::default();
    count(tokens, &mut |line, is_block| {
        let above = &lines[line.saturating_sub(REACH + 1)..line];
        if is_block {
            sites.blocks += 1;
        } else {
            sites.items += 1;
        }
        if !above
            .iter()
            .any(|text| text.contains("SAFETY:") || text.contains("# Safety"))
        {
            faults.push(format!("{name}:{line}: unsafe code without a proof"));
        }
    });
    Ok(sites)
}

/// Calls `found` with the line of each unsafe site, and whether it is a block.
fn count(tokens: TokenStream, found: &mut impl FnMut(usize, bool)) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => count(group.stream(), found),
            TokenTree::Ident(ident) if ident == "unsafe" => {
                let line = ident.span().start().line;
                let next = tokens.next();
                match &next {
                    Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                        found(line, true);
                        count(group.stream(), found);
                    }
                    // An attribute, `#[unsafe(no_mangle)]`; the type of a function, which may have
                    // an ABI.
                    Some(TokenTree::Group(_)) => {}
                    Some(TokenTree::Ident(next)) if next == "extern" => {}
                    Some(TokenTree::Ident(next))
                        if next == "fn" && has_no_contract(tokens.peek()) => {}
                    _ => found(line, false),
                }
            }
            _ => {}
        }
    }
}

/// Whether `unsafe fn` has no name, or the name of a function of std's traits, whose contract is
/// std's.
fn has_no_contract(next: Option<&TokenTree>) -> bool {
    match next {
        Some(TokenTree::Ident(name)) => name.to_string().starts_with("from_raw_"),
        _ => true,
    }
}

/// The table of the page: a row for each group.
fn table(
    project: &Project,
    claims: &Claims,
    files: &[(String, Sites)],
    faults: &mut Vec<String>,
) -> Result<String> {
    let mut text = String::from("| files | blocks | items | capability | APIs | proof |");
    let mut line = String::from("|---|--:|--:|---|---|---|");
    for kind in KINDS {
        write!(text, " {kind} |")?;
        line.push_str("---|");
    }
    writeln!(text, " not tested |\n{line}---|")?;

    let mut claimed = BTreeSet::new();
    let mut all = Sites::default();
    for group in &claims.group {
        let is_of = |name: &str| group.paths.iter().any(|path| is_below(name, path));
        let mut sum = Sites::default();
        for (name, sites) in files.iter().filter(|(name, _)| is_of(name)) {
            if !claimed.insert(name.as_str()) {
                faults.push(format!("{CLAIMS}: {name} is in two groups"));
            }
            sum = sum.sum(*sites);
        }
        all = all.sum(sum);
        let paths = group.paths.join("`, `");
        if sum == Sites::default() {
            faults.push(format!("{CLAIMS}: `{paths}` has no unsafe code"));
        }
        write!(
            text,
            "| `{paths}` | {} | {} | {} | {} | {} |",
            sum.blocks,
            sum.items,
            group.capability,
            group.apis.join(", "),
            group.proof
        )?;
        if let Some(api) = group.apis.iter().find(|api| !APIS.contains(&&***api)) {
            faults.push(format!("{CLAIMS}: `{api}` is not one of {APIS:?}"));
        }
        for (what, text) in [
            ("capability", &group.capability),
            ("kind of proof", &group.proof),
            ("statement of what is not tested", &group.untested),
        ] {
            if text.trim().is_empty() {
                faults.push(format!("{CLAIMS}: `{paths}` has no {what}"));
            }
        }
        for kind in KINDS {
            let mut named = Vec::new();
            for test in &group.tests {
                let (of, what) = test.split_once(':').unwrap_or((test, ""));
                if !KINDS.contains(&of) {
                    bail!("{CLAIMS}: `{test}` does not begin with one of {KINDS:?}");
                }
                if of == kind {
                    named.push(what);
                }
            }
            for what in &named {
                if !exists(project, kind, what) {
                    faults.push(format!("{CLAIMS}: there is no {kind} test `{what}`"));
                }
            }
            write!(text, " {} |", if named.is_empty() { "" } else { "yes" })?;
        }
        writeln!(text, " {} |", group.untested)?;
        if group.tests.is_empty() {
            faults.push(format!("{CLAIMS}: `{paths}` has no test"));
        }
    }
    for (name, _) in files
        .iter()
        .filter(|(name, _)| !claimed.contains(name.as_str()))
    {
        faults.push(format!(
            "{name} has unsafe code, and {CLAIMS} has no group for it"
        ));
    }
    writeln!(
        text,
        "| all | {} | {} | | | |{} |",
        all.blocks,
        all.items,
        " |".repeat(KINDS.len())
    )?;
    Ok(text)
}

/// Whether a test exists: a file with tests, a fuzz target, or a stage.
fn exists(project: &Project, kind: &str, what: &str) -> bool {
    let has_tests = |text: String| text.contains("#[test]");
    let target = format!("build-tools/fuzz/fuzz_targets/{what}.rs");
    fs::read_to_string(project.path(what)).is_ok_and(has_tests)
        || (kind == "fuzz" && project.path(target).is_file())
        || stages::exists(what)
}

/// Whether a file is this path or in the folder of this path.
fn is_below(name: &str, path: &str) -> bool {
    name.strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || path.ends_with('/'))
}

/// The page with another table between the marks.
fn replaced(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use crate::project::Project;

    use super::{Sites, is_below, replaced, sites};

    const PROVED: &str = "\
macro_rules! call {
    () => {
        // SAFETY: it takes no pointer.
        unsafe { f() }
    };
}
/// # Safety
///
/// It is safe.
pub unsafe fn f() {}
// SAFETY: it has no state.
unsafe impl Send for X {}
type F = unsafe extern \"system\" fn();
";

    #[test]
    fn sites_are_counted_in_macros_too() {
        let mut faults = Vec::new();
        let sites = sites("x.rs", PROVED, &mut faults).unwrap();
        let expected = Sites {
            blocks: 1,
            items: 2,
        };
        assert_eq!((sites, faults.len()), (expected, 0));
    }

    #[test]
    fn site_without_a_proof_is_a_fault() {
        let mut faults = Vec::new();
        sites("x.rs", "fn f() {\n    unsafe { g() }\n}\n", &mut faults).unwrap();
        assert_eq!(faults, ["x.rs:2: unsafe code without a proof"]);
    }

    #[test]
    fn folders_end_with_a_slash() {
        assert!(is_below("src/sys/a.rs", "src/sys/"));
        assert!(is_below("src/a.rs", "src/a.rs"));
        assert!(!is_below("src/sys/a.rs", "src/sys"));
        assert!(!is_below("src/a.rs", "src/b.rs"));
    }

    #[test]
    fn table_is_replaced_between_its_marks() {
        let page = format!("a\n{}old\n{}b\n", super::BEGIN, super::END);
        let new = format!("a\n{}new\n{}b\n", super::BEGIN, super::END);
        assert_eq!(replaced(&page, "new\n"), Some(new));
        assert_eq!(replaced("a\n", "new\n"), None);
    }

    const CLAIMED: &str = "\
[[group]]
paths = [\"src/a.rs\"]
capability = \"a call\"
apis = [\"net\"]
proof = \"it takes no pointer\"
tests = [\"unit:tests/a.rs\"]
untested = \"nothing known\"
";

    /// A repository with one file of unsafe code.
    fn repository(source: &str, claims: &str) -> (tempfile::TempDir, Project) {
        let folder = tempfile::tempdir().unwrap();
        let page = format!("{}{}", super::BEGIN, super::END);
        for (file, text) in [
            ("src/a.rs", source),
            ("src/sys/README.md", &page),
            ("tests/a.rs", "#[test]\nfn a() {}\n"),
            (super::CLAIMS, claims),
        ] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let project = Project {
            root: folder.path().to_owned(),
            ..Project::find().unwrap()
        };
        (folder, project)
    }

    const SITE: &str = "fn f() {\n    // SAFETY: it takes no pointer.\n    unsafe { g() }\n}\n";

    #[test]
    fn claims_that_hold_pass_once_the_table_is_written() {
        let (_folder, project) = repository(SITE, CLAIMED);
        assert!(!super::run(&project, false).unwrap());
        assert!(super::run(&project, true).unwrap());
        assert!(super::run(&project, false).unwrap());
    }

    #[test]
    fn each_seeded_fault_is_reported() {
        let faults = |source: &str, claims: &str| {
            let (_folder, project) = repository(source, claims);
            super::examine(&project).unwrap().1
        };
        let assert_fault = |source: &str, claims: &str, expected: &str| {
            let found = faults(source, claims);
            assert!(
                found.iter().any(|fault| fault.contains(expected)),
                "{found:?}"
            );
        };
        let without = |line: &str, with: &str| CLAIMED.replace(line, with);
        assert!(faults(SITE, CLAIMED).is_empty());
        let unproved = SITE.replace("SAFETY:", "");
        assert_fault(
            &unproved,
            CLAIMED,
            "src/a.rs:3: unsafe code without a proof",
        );
        let untested = without("\"unit:tests/a.rs\"", "");
        assert_fault(SITE, &untested, "`src/a.rs` has no test");
        let gone = without("tests/a.rs", "tests/b.rs");
        assert_fault(SITE, &gone, "there is no unit test `tests/b.rs`");
        let elsewhere = without("src/a.rs", "src/b.rs");
        assert_fault(SITE, &elsewhere, "src/a.rs has unsafe code, and ");
        assert_fault(SITE, &elsewhere, "`src/b.rs` has no unsafe code");
        let twice = CLAIMED.repeat(2);
        assert_fault(SITE, &twice, "src/a.rs is in two groups");
        let unknown = without("\"net\"", "\"network\"");
        assert_fault(SITE, &unknown, "`network` is not one of");
        let silent = without("nothing known", "");
        assert_fault(
            SITE,
            &silent,
            "`src/a.rs` has no statement of what is not tested",
        );

        // What the file does not have at all, or what has an unknown kind, ends the command.
        for broken in [
            without("untested = \"nothing known\"\n", ""),
            without("proof = \"it takes no pointer\"\n", ""),
            without("unit:", "units:"),
        ] {
            let (_folder, project) = repository(SITE, &broken);
            assert!(super::examine(&project).is_err(), "{broken}");
        }
    }

    #[test]
    fn repository_passes() {
        assert!(super::run(&Project::find().unwrap(), false).unwrap());
    }
}
