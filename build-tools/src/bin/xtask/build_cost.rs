//! `cargo xtask build-cost`: what a build for Windows costs, against the registry's mio 1.2.5.
//!
//! A program that uses nothing but the crate is built, std being there already: the time (of the processors, so that others on the
//! machine do not count), the crates, and the lines of the files that the compiler read for them, comments and all.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::foreign::{self, Compiler};
use crate::project::Project;
use crate::report;
use crate::step::{Context, Step};
use crate::wine::{self, LINKER, STD, TARGET};

/// The best of so many builds is told.
const TIMES: usize = 3;

/// A crate under test.
struct Subject {
    name: &'static str,
    dependency: String,
}

/// What its build costs.
struct Cost {
    crates: Vec<String>,
    files: usize,
    lines: usize,
    debug: Duration,
    release: Duration,
}

/// Measures and prints.
pub(crate) fn run(project: &Project) -> Result<bool> {
    let subjects = [
        Subject {
            name: "this library",
            dependency: format!("path = \"{}\"", project.root.display()),
        },
        Subject {
            name: "mio 1.2.5",
            dependency: "version = \"=1.2.5\"".to_owned(),
        },
    ];
    let bar = report::bar("build-cost");
    let log = project.logs.join("build-cost.log");
    let mut context = Context::new(project, &log, bar.clone())?;
    wine::install(&mut context)?;
    let compiler = Compiler::fetched(&mut context)?;
    let mut table = report::table(
        &["", "debug", "release", "crates", "files", "lines"],
        &[1, 2, 3, 4, 5],
    );
    for subject in &subjects {
        let cost = cost(&mut context, &compiler, subject)?;
        table.add_row([
            subject.name.to_owned(),
            format!("{:.2} s", cost.debug.as_secs_f64()),
            format!("{:.2} s", cost.release.as_secs_f64()),
            format!("{} ({})", cost.crates.len(), cost.crates.join(", ")),
            cost.files.to_string(),
            cost.lines.to_string(),
        ]);
    }
    bar.finish_and_clear();
    println!("{TARGET}, features os-poll, os-ext and net; the best of {TIMES} builds\n{table}");
    Ok(true)
}

fn cost(context: &mut Context<'_>, compiler: &Compiler, subject: &Subject) -> Result<Cost> {
    let folder = context
        .project
        .target("build-cost")
        .join(subject.name.replace(' ', "-"));
    // Where std lies from the tests.
    let target = context.project.target("windows");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    }
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let head =
        "[package]\nname = \"cost\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n";
    let manifest = folder.join("Cargo.toml");
    let features = "default-features = false, features = [\"os-poll\", \"os-ext\", \"net\"]";
    let with = format!(
        "{head}\n[dependencies]\nmio = {{ {}, {features} }}\n",
        subject.dependency
    );

    let cargo = |context: &Context<'_>, words: &str| {
        compiler
            .cargo(context, words)
            .folder(&folder)
            .set(foreign::variable(TARGET, "LINKER"), LINKER)
            .set("CARGO_TARGET_DIR", &target)
    };
    let build = |context: &Context<'_>, flag: &str| {
        cargo(context, "build").words(flag).words(STD).words(TARGET)
    };
    let mut times = [Duration::MAX; 2];
    let mut crates = Vec::new();
    for (flag, time) in ["", "--release"].into_iter().zip(&mut times) {
        // std, which is the same for both.
        fs::write(&manifest, head)?;
        context.run(build(context, flag))?;
        fs::write(&manifest, &with)?;
        context.run(cargo(context, "fetch").limit(600))?;
        crates = names(context, cargo(context, "tree"))?;
        for _ in 0..TIMES {
            let mut clean = cargo(context, "clean --target").words(TARGET).words(flag);
            // std has a crate of this name, and would be built again.
            for name in crates.iter().filter(|name| *name != "windows-link") {
                clean = clean.words("--package").words(name);
            }
            context.run(clean)?;
            let step = build(context, flag);
            let before = spent()?;
            context.run(step)?;
            *time = spent()?.saturating_sub(before).min(*time);
        }
    }
    let files = sources(&target.join(TARGET).join("debug/deps"), &crates)?;
    let mut lines = 0;
    for file in &files {
        let text = fs::read(file).with_context(|| format!("{}", file.display()))?;
        lines += text.iter().filter(|byte| **byte == b'\n').count();
    }
    let [debug, release] = times;
    Ok(Cost {
        crates,
        files: files.len(),
        lines,
        debug,
        release,
    })
}

/// The time of the processors that all children together have taken.
fn spent() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may have spaces; `cutime` and `cstime` are the 16th and 17th field.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = rest
        .split_whitespace()
        .skip(13)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    let second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_millis(ticks * 1000 / second))
}

/// The crates that are built for the program, besides std's.
fn names(context: &mut Context<'_>, tree: Step) -> Result<Vec<String>> {
    let tree = tree
        .words("--prefix none --no-dedupe --edges normal --target")
        .words(TARGET);
    let output = context.run(tree)?;
    let names: BTreeSet<String> = output
        .lines()
        .filter_map(|line| {
            let (name, version) = line.split_once(' ')?;
            let is_crate = version.starts_with('v') && name != "cost";
            is_crate.then(|| name.to_owned())
        })
        .collect();
    if !names.contains("mio") {
        bail!("the program does not depend on mio");
    }
    Ok(names.into_iter().collect())
}

/// The files that the compiler says it read for these crates.
fn sources(deps: &Path, crates: &[String]) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(deps).with_context(|| format!("{}", deps.display()))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        // `windows_sys-0123456789abcdef.d`
        let name = name
            .and_then(|name| name.rsplit_once('-'))
            .map(|(name, _)| name);
        let is_meant = crates
            .iter()
            .any(|wanted| name == Some(&wanted.replace('-', "_")));
        if !is_meant || path.extension().is_none_or(|extension| extension != "d") {
            continue;
        }
        for line in fs::read_to_string(&path)?.lines() {
            // `source.rs:`, for each of them.
            let source = line.strip_suffix(".rs:").map(|name| format!("{name}.rs"));
            files.extend(source.map(PathBuf::from));
        }
    }
    if files.is_empty() {
        bail!("the compiler does not say what it read");
    }
    Ok(files)
}
