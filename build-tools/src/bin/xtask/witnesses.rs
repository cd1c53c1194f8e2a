//! `cargo xtask witnesses`: the bindings of each target, held against three witnesses.
//!
//! clang wrote the tables in `tests/snapshots/abi@….snap`, and `cargo codegen --check` asks it anew. Here rustc lays out the
//! generated records for the target, and the `libc` crate, compiled for it, is asked for each fact that it has, too: sizes,
//! alignments, offsets, values, signatures. Link names are proven by linking (`cargo xtask targets`).
//!
//! A fact in which `libc` differs stops the run, unless `codegen/disagreements.txt` says why. The outcome is
//! `tests/snapshots/witnesses.txt`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use mio_targets::{Os, Proof, Target};

use crate::foreign::Compiler;
use crate::report::{self, Mend, NotRun};
use crate::step::Context;
use crate::{cli, project::Project};

/// Where the outcome stands.
const TABLE: &str = "tests/snapshots/witnesses.txt";

/// Where `libc`'s known differences stand.
const DISAGREEMENTS: &str = "codegen/disagreements.txt";

/// One thing that the table says and that `libc` may say, too.
struct Fact {
    /// What it is: `const EPOLLIN`, `offset of pollfd.fd`.
    name: String,
    /// An item that compiles if `libc` says the same.
    item: String,
}

/// What `libc` calls otherwise than the headers.
const CALLED: &[(&str, &str)] = &[
    ("epoll_event.data", "u64"),
    ("__NR_epoll_pwait2", "SYS_epoll_pwait2"),
];

/// `libc`'s name for one of ours.
fn called<'a>(known: &str, name: &'a str) -> &'a str {
    let other = CALLED.iter().find(|(ours, _)| *ours == known);
    other.map_or(name, |(_, theirs)| theirs)
}

/// The facts of a table.
fn facts(table: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut record = "";
    let mut add = |name: String, item: String| facts.push(Fact { name, item });
    // The lengths of arrays are compared: what differs is then told by rustc with both values.
    let equal = |ours: &str, theirs: &str| format!("const _: [(); {ours}] = [(); {theirs}];");
    for line in table.lines() {
        let words: Vec<&str> = line
            .split([' ', ',', ':'])
            .filter(|word| !word.is_empty())
            .collect();
        match words[..] {
            ["struct" | "union", name, "size", size, "align", align, ..] => {
                record = name;
                let of = |what: &str| format!("core::mem::{what}::<libc::{name}>()");
                add(format!("size of {name}"), equal(size, &of("size_of")));
                add(format!("align of {name}"), equal(align, &of("align_of")));
            }
            ["offset", offset, "size", _, field, ..] => add(
                format!("offset of {record}.{field}"),
                equal(
                    offset,
                    &format!(
                        "core::mem::offset_of!(libc::{record}, {})",
                        called(&format!("{record}.{field}"), field)
                    ),
                ),
            ),
            ["const", name, _, "=", value, _] => add(
                format!("const {name}"),
                equal(
                    &format!("({value}_i128) as usize"),
                    &format!("libc::{} as usize", called(name, name)),
                ),
            ),
            _ => {
                if let Some((name, signature)) = line.strip_prefix("fn ").and_then(function) {
                    let item =
                        format!("const _: unsafe extern \"C\" fn{signature} = libc::{name};");
                    add(format!("fn {name}"), item);
                }
            }
        }
    }
    facts
}

/// `poll(*mut pollfd, c_uint, c_int) -> c_int [link poll]`: the name, and the signature in `libc`'s types.
fn function(line: &str) -> Option<(&str, String)> {
    let (name, rest) = line.split_once('(')?;
    let (signature, _) = rest.rsplit_once(" [link ")?;
    let mut text = String::from("(");
    let mut word = String::new();
    for letter in signature.chars().chain([' ']) {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        let primitive = matches!(
            &*word,
            "mut" | "const" | "usize" | "isize" | "u8" | "u16" | "u32" | "u64" | "i32" | "i64"
        );
        if word.starts_with("c_") {
            text.push_str("core::ffi::");
        } else if !word.is_empty() && !primitive {
            text.push_str("libc::");
        }
        text.push_str(&word);
        text.push(letter);
        word.clear();
    }
    Some((name, text.trim_end().to_owned()))
}

/// What became of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Says {
    Equal,
    Absent,
    Differs(String),
}

/// Reads rustc's messages: which lines of the facts failed, and how.
fn read(output: &str, file: &str) -> Vec<(usize, String)> {
    let mut failed = Vec::new();
    let mut message = "";
    for line in output.lines() {
        if line.starts_with("error") {
            message = line;
        } else if let Some(place) = line.trim_start().strip_prefix("--> ") {
            let mut parts = place.rsplitn(3, ':');
            let (_, number, path) = (parts.next(), parts.next(), parts.next());
            if message.starts_with("error") && path.is_some_and(|path| path.ends_with(file)) {
                if let Some(number) = number.and_then(|number| number.parse().ok()) {
                    failed.push((number, message.to_owned()));
                }
            }
            message = "";
        } else if let Some(last) = failed.last_mut() {
            // `expected an array with a size of 8, found one with a size of 16`
            if line.contains("expected ")
                && line.contains(", found ")
                && !last.1.contains(", found ")
            {
                let told = line.trim_matches([' ', '|', '^', '-']).trim();
                last.1 = format!("{}: {told}", last.1);
            }
        }
    }
    failed
}

/// Whether `libc` does not have the thing: a name, a field or an import is not found.
fn is_absent(message: &str) -> bool {
    [
        "E0425", "E0412", "E0433", "E0609", "E0560", "E0616", "E0603",
    ]
    .iter()
    .any(|code| message.contains(&format!("[{code}]")))
}

/// The third witness's known differences: triples, fact, reason.
struct Disagreements(Vec<(Vec<String>, String, String)>);

impl Disagreements {
    fn read(project: &Project) -> Result<Disagreements> {
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

    fn reason(&self, triple: &str, fact: &str) -> Option<&str> {
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

/// Whether Debian's rustc cannot even lay out records for it.
pub(crate) fn cannot_be_asked(target: &Target) -> bool {
    target.triple.starts_with("csky-")
}

/// The row of a target in the outcome.
pub(crate) fn row(
    context: &mut Context<'_>,
    compiler: &Compiler,
    os: &Os,
    target: &Target,
) -> Result<String> {
    let triple = target.triple;
    if cannot_be_asked(target) {
        return Err(NotRun("this rustc has no code generator for it".to_owned()).into());
    }
    if os.name == "windows" {
        // rustc meets the assertions when the library is checked, which needs windows-link besides.
        let rustc = match os.proof(target) {
            Proof::NotChecked(_) => "not asked",
            _ => "yes",
        };
        return Ok(format!(
            "{triple:<40} clang yes, rustc {rustc}, libc not asked: it has nothing of what is bound"
        ));
    }
    let disagreements = Disagreements::read(context.project)?;
    let table = context.project.path(format!(
        "tests/snapshots/abi@{}-{}.snap",
        os.name, target.group
    ));
    let table = fs::read_to_string(&table).with_context(|| table.display().to_string())?;
    let facts = facts(&table);
    let mut says = vec![Says::Equal; facts.len()];
    let mut done = compile(context, compiler, os, target, &facts, &says)?;
    // Names that are not there hide what else is wrong, so it is asked again without them.
    for _ in 0..4 {
        if done.is_empty() {
            break;
        }
        for (index, message) in done {
            says[index] = if is_absent(&message) {
                Says::Absent
            } else {
                Says::Differs(message)
            };
        }
        done = compile(context, compiler, os, target, &facts, &says)?;
    }
    if let Some((index, message)) = done.first() {
        bail!("{triple}: {}: {message}", facts[*index].name);
    }
    outcome(triple, &facts, &says, &disagreements)
}

fn outcome(
    triple: &str,
    facts: &[Fact],
    says: &[Says],
    disagreements: &Disagreements,
) -> Result<String> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut unknown = Vec::new();
    for (fact, said) in facts.iter().zip(says) {
        let Says::Differs(message) = said else {
            continue;
        };
        match disagreements.reason(triple, &fact.name) {
            Some(reason) => reasons.entry(reason).or_default().push(&fact.name),
            None => unknown.push(format!("{} ({message})", fact.name)),
        }
    }
    if !unknown.is_empty() {
        bail!(
            "{triple}: libc differs, and {DISAGREEMENTS} does not say why: {}",
            unknown.join("; ")
        );
    }
    let count = |wanted: &Says| says.iter().filter(|said| *said == wanted).count();
    let (equal, absent) = (count(&Says::Equal), count(&Says::Absent));
    let differ = says.len() - equal - absent;
    let mut text = format!(
        "{triple:<40} clang yes, rustc yes, libc {equal} equal, {absent} absent, {differ} differ"
    );
    for (reason, names) in reasons {
        text.push_str(&format!("\n    {}: {reason}", names.join(", ")));
    }
    Ok(text)
}

/// Compiles the facts that are still thought equal, and the generated file with its assertions; returns those that are not.
fn compile(
    context: &mut Context<'_>,
    compiler: &Compiler,
    os: &Os,
    target: &Target,
    facts: &[Fact],
    says: &[Says],
) -> Result<Vec<(usize, String)>> {
    let project = context.project;
    let folder = project.target("witness");
    fs::create_dir_all(&folder)?;
    let file = format!("{}.rs", target.triple);
    let bindings = project
        .path("generated")
        .join(os.name)
        .join(format!("{}.rs", target.group));
    let mut text = format!(
        "#[path = {bindings:?}]\n#[allow(dead_code, non_camel_case_types, non_upper_case_globals, clippy::all)]\npub mod bindings;\n#[allow(deprecated)]\nmod facts {{\n"
    );
    let first = text.lines().count() + 1;
    for (fact, said) in facts.iter().zip(says) {
        match said {
            Says::Equal => text.push_str(&fact.item),
            Says::Absent | Says::Differs(_) => text.push_str("//"),
        }
        text.push('\n');
    }
    text.push_str("}\n");
    let path = folder.join(&file);
    write_if_other(&path, &text)?;
    let step = compiler
        .checker(context, "check -Zbuild-std=core")
        .words("--target")
        .argument(target.triple)
        .words("--manifest-path")
        .argument(project.path("build-tools/witness/Cargo.toml"))
        .set("MIO_WITNESS", &path);
    let (output, ok) = context.run_either(step)?;
    let failed = read(&output, &file);
    let failed: Vec<(usize, String)> = failed
        .into_iter()
        .filter_map(|(line, message)| Some((line.checked_sub(first)?, message)))
        .filter(|(index, _)| *index < facts.len())
        .collect();
    if !ok && failed.is_empty() {
        bail!("{}: the bindings do not compile", target.triple);
    }
    Ok(failed)
}

fn write_if_other(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}

/// The rows that stand in the repository, by triple.
fn known(project: &Project) -> BTreeMap<String, String> {
    let text = fs::read_to_string(project.path(TABLE)).unwrap_or_default();
    let mut rows: BTreeMap<String, String> = BTreeMap::new();
    let mut triple = String::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if line.starts_with(' ') {
            if let Some(row) = rows.get_mut(&triple) {
                row.push('\n');
                row.push_str(line);
            }
        } else {
            triple = line.split(' ').next().unwrap_or_default().to_owned();
            rows.insert(triple.clone(), line.to_owned());
        }
    }
    rows
}

/// Fails if a target's row is not the one in the repository.
pub(crate) fn check(
    context: &mut Context<'_>,
    compiler: &Compiler,
    os: &Os,
    target: &Target,
) -> Result<()> {
    let row = row(context, compiler, os, target)?;
    context.say(&row)?;
    let known = known(context.project).remove(target.triple);
    if known.as_deref().is_none_or(|known| known == row) {
        if known.is_none() {
            context.say("it has no row yet: cargo xtask witnesses")?;
        }
        return Ok(());
    }
    let command = format!("cargo xtask witnesses --only {}", target.triple);
    Err(
        anyhow::anyhow!("{TABLE} has another row for {}", target.triple)
            .context(Mend::new("the witnesses say something else", command)),
    )
}

const HEAD: &str = "\
# What three witnesses say about the bindings of each target; written by `cargo xtask witnesses`.
# clang: its layouts are what the group's table `abi@….snap` says. rustc: every assertion on them holds when it compiles for the target.
# libc: that crate, compiled for the target, says the same (equal), has no such thing (absent), or says something else (differ, with the
# reason from codegen/disagreements.txt). A target without a row has not been asked yet.

";

/// The subcommand; `true` if nothing failed.
pub(crate) fn run(project: &Project, options: &cli::Witnesses) -> Result<bool> {
    let log = project.logs.join("witnesses.log");
    let bar = report::bar("witnesses");
    let mut context = Context::new(project, &log, bar.clone())?;
    let compiler = Compiler::fetched(&mut context)?;
    let mut rows = known(project);
    let before = rows.clone();
    let mut failed = 0;
    for (os, target) in mio_targets::all() {
        if !options.only.is_empty() && !options.only.iter().any(|name| name == target.triple) {
            continue;
        }
        context.say(target.triple)?;
        let row = row(&mut context, &compiler, os, target).or_else(|error| {
            match error.downcast::<NotRun>() {
                Ok(NotRun(reason)) => Ok(format!(
                    "{:<40} clang yes, rustc not asked, libc not asked: {reason}",
                    target.triple
                )),
                Err(error) => Err(error),
            }
        });
        match row {
            Ok(row) => {
                println!("{row}");
                rows.insert(target.triple.to_owned(), row);
            }
            Err(error) => {
                println!("FAILED {error:#}");
                failed += 1;
            }
        }
    }
    bar.finish_and_clear();
    rows.retain(|triple, _| mio_targets::all().any(|(_, target)| target.triple == triple));
    if options.check {
        if rows != before {
            println!("{TABLE} is out of date; mend: cargo xtask witnesses");
            failed += 1;
        }
    } else {
        let text: String = rows.values().map(|row| format!("{row}\n")).collect();
        fs::write(project.path(TABLE), format!("{HEAD}{text}"))?;
    }
    println!("{} rows, {failed} failed", rows.len());
    Ok(failed == 0)
}

#[cfg(test)]
mod tests {
    use super::{facts, function, is_absent, matches, read};

    #[test]
    fn facts_of_a_table() {
        let table = "\
struct pollfd: size 8, align 4, repr(C)
    offset  0, size  4  fd: c_int

fn poll(*mut pollfd, c_uint, c_int) -> c_int [link poll]

const EVFILT_READ: c_short = -1 (0xff)
";
        let names: Vec<String> = facts(table).into_iter().map(|fact| fact.name).collect();
        assert_eq!(
            names,
            [
                "size of pollfd",
                "align of pollfd",
                "offset of pollfd.fd",
                "fn poll",
                "const EVFILT_READ"
            ]
        );
    }

    #[test]
    fn signatures_are_in_the_crates_types() {
        assert_eq!(
            function("poll(*mut pollfd, c_uint, ...) -> c_int [link __poll]"),
            Some((
                "poll",
                "(*mut libc::pollfd, core::ffi::c_uint, ...) -> core::ffi::c_int".to_owned()
            ))
        );
    }

    #[test]
    fn messages_are_read_with_both_values() {
        let output = "\
error[E0425]: cannot find value `EV_X` in crate `libc`
   --> src/../t.rs:3:7
error[E0308]: mismatched types
 --> /w/t.rs:5:22
  |
5 | const _: [(); 8] = [(); 16];
  |          ------- ^ expected an array with a size of 8, found one with a size of 16
";
        let failed = read(output, "t.rs");
        assert_eq!(failed.len(), 2);
        assert!(is_absent(&failed[0].1) && failed[0].0 == 3);
        assert!(!is_absent(&failed[1].1) && failed[1].1.ends_with("found one with a size of 16"));
    }

    #[test]
    fn stars_stand_for_anything() {
        assert!(matches("mips64*", "mips64el-unknown-linux-gnuabi64"));
        assert!(matches("*-netbsd*", "armv6-unknown-netbsd-eabihf"));
        assert!(!matches("mips64*", "mips-unknown-linux-gnu"));
    }
}
