//! The cost of a clean build of an empty program that depends on the crate, when std is built
//! already: processor time, and instructions of rustc.
//!
//! Processor time contains Cargo and the build script of `libc`; it depends on the load of the
//! machine, so the subjects take turns and the median counts. Instructions do not depend on it. The
//! row of the echo server has the instructions for the crate and the program together: rustc
//! generates the code of a crate's inline and generic functions in the program that calls them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use comfy_table::Table;

use crate::build_cost::{Platform, Subject, Written};
use crate::report;
use crate::step::{Context, Step, succeeds};

/// The arguments of Cargo for a profile, and its name.
const PROFILES: [(&str, &str); 2] = [("", "debug"), ("--release", "release")];

/// The cost of one subject's builds in one profile.
#[derive(Default)]
struct Cost {
    /// Processor time of each build, and of rustc for the crate alone.
    builds: Vec<Duration>,
    alone: Vec<Duration>,
    instructions: Option<Instructions>,
}

/// Instructions of rustc.
struct Instructions {
    /// Of all crates, Cargo's build scripts included.
    build: u64,
    alone: u64,
    /// Of the crate and the echo server.
    echo: u64,
}

/// A subject's project, and what the compiler read for it.
struct Read {
    written: Written,
    crates: Vec<String>,
    files: BTreeSet<PathBuf>,
}

/// Measures both subjects on a platform.
pub(super) fn table(context: &mut Context<'_>, platform: &Platform, rounds: u8) -> Result<Table> {
    let has_valgrind = succeeds(&["valgrind", "--version"]);
    let mut table = report::table(&["", "this library", "mio 1.2.5", "ratio"], &[1, 2, 3]);
    let mut read = Vec::new();
    for subject in &Subject::both(context.project) {
        read.push(prepare(context, platform, subject)?);
    }
    for (flag, profile) in PROFILES {
        let mut costs = [Cost::default(), Cost::default()];
        for _ in 0..rounds {
            for (read, cost) in read.iter_mut().zip(&mut costs) {
                let folder = clean(context, platform, read, flag)?;
                let before = children_time()?;
                context.run(measured(context, platform, read, flag, &folder).words("--lib"))?;
                cost.builds.push(children_time()?.saturating_sub(before));
                cost.alone.push(seconds(&folder.join("mio.time"))?);
                if read.files.is_empty() {
                    read.files = sources(&platform.deps(context.project), &read.crates)?;
                }
            }
        }
        if has_valgrind {
            for (read, cost) in read.iter().zip(&mut costs) {
                cost.instructions = Some(instructions(context, platform, read, flag)?);
            }
        }
        add_rows(&mut table, profile, &mut costs);
    }
    let [ours, theirs] = &read[..] else {
        bail!("there are two subjects");
    };
    let counts = |count: fn(&Read) -> Result<usize>| anyhow::Ok((count(ours)?, count(theirs)?));
    for (name, (ours, theirs)) in [
        ("crates", counts(|read| Ok(read.crates.len()))?),
        ("files", counts(|read| Ok(read.files.len()))?),
        ("lines, with comments", counts(|read| lines(&read.files))?),
    ] {
        table.add_row(row(name, ours as f64, theirs as f64, 0, ""));
    }
    table.add_row([
        "the crates",
        &ours.crates.join(", "),
        &theirs.crates.join(", "),
        "",
    ]);
    Ok(table)
}

fn add_rows(table: &mut Table, profile: &str, costs: &mut [Cost; 2]) {
    let mut seconds = |name: &str, of: fn(&mut Cost) -> &mut Vec<Duration>| {
        let [ours, theirs] = costs.each_mut().map(|cost| median(of(cost)).as_secs_f64());
        table.add_row(row(&format!("{profile}: {name}"), ours, theirs, 2, " s"));
    };
    seconds("time of the build", |cost| &mut cost.builds);
    seconds("time of rustc for mio alone", |cost| &mut cost.alone);
    let [Some(ours), Some(theirs)] = costs.each_ref().map(|cost| cost.instructions.as_ref()) else {
        let name = format!("{profile}: instructions");
        table.add_row([&name, "not run", "valgrind is not installed", ""]);
        return;
    };
    let millions = |count: u64| count as f64 / 1e6;
    for (name, ours, theirs) in [
        ("of the build", ours.build, theirs.build),
        ("for mio alone", ours.alone, theirs.alone),
        ("for mio and the echo server", ours.echo, theirs.echo),
    ] {
        let name = format!("{profile}: instructions {name}");
        table.add_row(row(&name, millions(ours), millions(theirs), 0, ""));
    }
}

/// A row with the values of both subjects and their ratio.
fn row(name: &str, ours: f64, theirs: f64, digits: usize, unit: &str) -> [String; 4] {
    [
        name.to_owned(),
        format!("{ours:.digits$}{unit}"),
        format!("{theirs:.digits$}{unit}"),
        format!("{:.2}", ours / theirs),
    ]
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Writes a subject's project, builds std for it, and lists its crates.
fn prepare(context: &mut Context<'_>, platform: &Platform, subject: &Subject) -> Result<Read> {
    let features = "\"os-poll\", \"os-ext\", \"net\"";
    let written = subject.write(context.project, "build", features)?;
    written.set_manifest(&written.without_dependency)?;
    for (flag, _) in PROFILES {
        let build = platform.build(context, flag).words("--lib");
        context.run(build.folder(&written.folder))?;
    }
    written.set_manifest(&written.manifest)?;
    let fetch = platform.cargo(context, "fetch").folder(&written.folder);
    context.run(fetch.limit(600))?;
    let tree = platform.cargo(context, "tree").folder(&written.folder);
    let tree = tree.words("--prefix none --no-dedupe --edges normal");
    let crates = names(&context.run(platform.for_target(tree))?)?;
    Ok(Read {
        written,
        crates,
        files: BTreeSet::new(),
    })
}

/// Removes all crates from the build folder but std. Returns an empty folder for the costs.
fn clean(
    context: &mut Context<'_>,
    platform: &Platform,
    read: &Read,
    flag: &str,
) -> Result<PathBuf> {
    let clean = platform.cargo(context, "clean").words(flag);
    let mut clean = platform.for_target(clean.folder(&read.written.folder));
    // std depends on a crate of this name. Cleaning it would rebuild std.
    for name in read.crates.iter().filter(|name| *name != "windows-link") {
        clean = clean.words("--package").words(name);
    }
    context.run(clean.words("--package cost"))?;
    let folder = read.written.folder.join("costs");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

/// A build whose compiler writes the cost of each crate into a folder.
fn measured(
    context: &Context<'_>,
    platform: &Platform,
    read: &Read,
    flag: &str,
    folder: &Path,
) -> Step {
    let wrapper = context.project.path("build-tools/cost/rustc.sh");
    platform
        .build(context, flag)
        .folder(&read.written.folder)
        .set("RUSTC_WRAPPER", wrapper)
        .set("MIO_COST_FOLDER", folder)
}

fn instructions(
    context: &mut Context<'_>,
    platform: &Platform,
    read: &Read,
    flag: &str,
) -> Result<Instructions> {
    let folder = clean(context, platform, read, flag)?;
    let build = || {
        let step = measured(context, platform, read, flag, &folder);
        step.set("MIO_COST_INSTRUCTIONS", "1")
    };
    let (empty, program) = (build().words("--lib"), build().words("--bin echo"));
    context.run(empty)?;
    let mut sum = 0;
    for entry in fs::read_dir(&folder)? {
        sum += counted(&entry?.path())?;
    }
    context.run(program)?;
    let alone = counted(&folder.join("mio.instructions"))?;
    Ok(Instructions {
        build: sum,
        alone,
        echo: alone + counted(&folder.join("echo.instructions"))?,
    })
}

/// The number of instructions in a report of cachegrind: `==7== I refs: 1,214,280,030`.
fn counted(report: &Path) -> Result<u64> {
    let text = fs::read_to_string(report).with_context(|| format!("{}", report.display()))?;
    let count = text.lines().find_map(|line| {
        let (_, count) = line.split_once("refs:")?;
        count.trim().replace(',', "").parse().ok()
    });
    count.with_context(|| format!("{} has no count", report.display()))
}

/// The sum of the times in user mode and in the kernel: `0.412 0.061`.
fn seconds(file: &Path) -> Result<Duration> {
    let text = fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
    let mut sum = 0.0;
    for word in text.split_whitespace() {
        let seconds: f64 = word
            .parse()
            .with_context(|| format!("{}", file.display()))?;
        sum += seconds;
    }
    Ok(Duration::try_from_secs_f64(sum)?)
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

fn lines(files: &BTreeSet<PathBuf>) -> Result<usize> {
    let mut lines = 0;
    for file in files {
        let text = fs::read(file).with_context(|| format!("{}", file.display()))?;
        lines += text.iter().filter(|byte| **byte == b'\n').count();
    }
    Ok(lines)
}
