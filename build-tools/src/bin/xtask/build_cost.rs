//! `cargo xtask build-cost`: compares builds of the library and of mio 1.2.5, for this machine and
//! for Windows.
//!
//! It builds an empty program that depends on the crate, when std is built already. It measures the
//! processor time, which does not depend on other processes, the crates, and the lines of the files
//! that the compiler reads, with comments.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::cross::{self, Compiler};
use crate::project::{PLAIN, Project};
use crate::report::{self, NotRun};
use crate::step::{Context, Step};
use crate::wine::{self, LINKER, STD, TARGET};

/// Builds of each subject; the fastest counts.
const TIMES: usize = 3;

/// A crate under test.
struct Subject {
    name: &'static str,
    dependency: String,
}

/// The system to build for: this machine with its default compiler, or Windows with a compiler
/// whose std is built from source.
enum Platform {
    Host,
    Windows(Compiler),
}

/// The cost of a build.
struct Cost {
    crates: Vec<String>,
    files: usize,
    lines: usize,
    /// Of the debug build and of the release build.
    times: [Duration; 2],
}

/// Measures all builds and prints the tables.
pub(crate) fn run(project: &Project) -> Result<bool> {
    let bar = report::bar("build-cost");
    let log = project.logs.join("build-cost.log");
    let mut context = Context::new(project, &log, bar.clone())?;
    let windows = wine::install(&mut context).and_then(|()| Compiler::fetched(&mut context));
    let mut tables = vec![(
        "this machine".to_owned(),
        table(&mut context, &Platform::Host)?,
    )];
    match windows {
        Ok(compiler) => {
            let table = table(&mut context, &Platform::Windows(compiler))?;
            tables.push((TARGET.to_owned(), table));
        }
        Err(error) => match error.downcast::<NotRun>() {
            Ok(NotRun(reason)) => bar.suspend(|| println!("{TARGET} not run: {reason}")),
            Err(error) => return Err(error),
        },
    }
    bar.finish_and_clear();
    for (name, table) in tables {
        println!(
            "{name}; features os-poll, os-ext and net; the fastest of {TIMES} builds\n{table}\n"
        );
    }
    Ok(true)
}

fn table(context: &mut Context<'_>, platform: &Platform) -> Result<comfy_table::Table> {
    let ours = Subject {
        name: "this library",
        dependency: format!("path = \"{}\"", context.project.root.display()),
    };
    let upstream = Subject {
        name: "mio 1.2.5",
        dependency: "version = \"=1.2.5\"".to_owned(),
    };
    let mut table = report::table(
        &["", "debug", "release", "crates", "files", "lines"],
        &[1, 2, 3, 4, 5],
    );
    let mut costs = Vec::new();
    for subject in [ours, upstream] {
        let cost = cost(context, platform, &subject)?;
        let [debug, release] = cost
            .times
            .map(|time| format!("{:.2} s", time.as_secs_f64()));
        table.add_row([
            subject.name.to_owned(),
            debug,
            release,
            format!("{} ({})", cost.crates.len(), cost.crates.join(", ")),
            cost.files.to_string(),
            cost.lines.to_string(),
        ]);
        costs.push(cost);
    }
    if let [ours, theirs] = &costs[..] {
        let time =
            |index: usize| ours.times[index].as_secs_f64() / theirs.times[index].as_secs_f64();
        let ratio = |ours: usize, theirs: usize| format!("{:.2}", ours as f64 / theirs as f64);
        table.add_row([
            "ratio".to_owned(),
            format!("{:.2}", time(0)),
            format!("{:.2}", time(1)),
            ratio(ours.crates.len(), theirs.crates.len()),
            ratio(ours.files, theirs.files),
            ratio(ours.lines, theirs.lines),
        ]);
    }
    Ok(table)
}

impl Platform {
    /// The build folder. For Windows it is that of the tests, which already has std.
    fn target(&self, project: &Project) -> PathBuf {
        match self {
            Platform::Host => project.target("build-cost").join("target"),
            Platform::Windows(_) => project.target("windows"),
        }
    }

    /// The folder of the dep-info files, in which the compiler lists the files that it read.
    fn deps(&self, project: &Project) -> PathBuf {
        let target = self.target(project);
        match self {
            Platform::Host => target.join("debug/deps"),
            Platform::Windows(_) => target.join(TARGET).join("debug/deps"),
        }
    }

    fn cargo(&self, context: &Context<'_>, words: &str) -> Step {
        let step = match self {
            Platform::Host => Step::cargo(context.project, PLAIN, words),
            Platform::Windows(compiler) => compiler
                .cargo(context, words)
                .set(cross::variable(TARGET, "LINKER"), LINKER)
                .set("RUSTFLAGS", ""),
        };
        step.set("CARGO_TARGET_DIR", self.target(context.project))
    }

    /// Adds the arguments that select the target.
    fn for_target(&self, step: Step) -> Step {
        match self {
            Platform::Host => step,
            Platform::Windows(_) => step.words("--target").words(TARGET),
        }
    }

    fn build(&self, context: &Context<'_>, flag: &str) -> Step {
        let step = self.cargo(context, "build").words(flag);
        match self {
            Platform::Host => step,
            Platform::Windows(_) => step.words(STD).words(TARGET),
        }
    }
}

fn cost(context: &mut Context<'_>, platform: &Platform, subject: &Subject) -> Result<Cost> {
    let folder = context
        .project
        .target("build-cost")
        .join(subject.name.replace(' ', "-"));
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
    let mut times = [Duration::MAX; 2];
    let mut crates = Vec::new();
    for (flag, time) in ["", "--release"].into_iter().zip(&mut times) {
        // Builds std, which is the same for both subjects.
        fs::write(&manifest, head)?;
        context.run(platform.build(context, flag).folder(&folder))?;
        fs::write(&manifest, &with)?;
        context.run(platform.cargo(context, "fetch").folder(&folder).limit(600))?;
        let tree = platform.cargo(context, "tree").folder(&folder);
        let tree = tree.words("--prefix none --no-dedupe --edges normal");
        crates = names(&context.run(platform.for_target(tree))?)?;
        for _ in 0..TIMES {
            let clean = platform.cargo(context, "clean").words(flag).folder(&folder);
            let mut clean = platform.for_target(clean);
            // std depends on a crate of this name. Cleaning it would rebuild std.
            for name in crates.iter().filter(|name| *name != "windows-link") {
                clean = clean.words("--package").words(name);
            }
            context.run(clean)?;
            let step = platform.build(context, flag).folder(&folder);
            let before = children_time()?;
            context.run(step)?;
            *time = children_time()?.saturating_sub(before).min(*time);
        }
    }
    let files = sources(&platform.deps(context.project), &crates)?;
    let mut lines = 0;
    for file in &files {
        let text = fs::read(file).with_context(|| format!("{}", file.display()))?;
        lines += text.iter().filter(|byte| **byte == b'\n').count();
    }
    Ok(Cost {
        crates,
        files: files.len(),
        lines,
        times,
    })
}

/// The processor time of all children that have exited.
fn children_time() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The program's name, in parentheses, may contain spaces. `cutime` and `cstime` are fields 16
    // and 17: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>.
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

/// The crates that Cargo builds for the program, without std's.
fn names(output: &str) -> Result<Vec<String>> {
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

/// The files that the compiler read for these crates, by its dep-info files.
fn sources(deps: &Path, crates: &[String]) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(deps).with_context(|| format!("{}", deps.display()))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        // `windows_sys-0123456789abcdef.d`
        let name = name
            .and_then(|name| name.rsplit_once('-'))
            .map(|(name, _)| name);
        let is_listed = crates
            .iter()
            .any(|wanted| name == Some(&wanted.replace('-', "_")));
        if !is_listed || path.extension().is_none_or(|extension| extension != "d") {
            continue;
        }
        for line in fs::read_to_string(&path)?.lines() {
            // A line `source.rs:` for each file.
            let source = line.strip_suffix(".rs:").map(|name| format!("{name}.rs"));
            files.extend(source.map(PathBuf::from));
        }
    }
    if files.is_empty() {
        bail!("there is no dep-info file for the crates");
    }
    Ok(files)
}
