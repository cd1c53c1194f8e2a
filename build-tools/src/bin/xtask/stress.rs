//! `cargo xtask stress`: repeats the tests of every backend while other threads keep the processors
//! busy. With `--only windows` it repeats each test program of Windows under Wine.

use std::hint;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cli;
use crate::counts::Counts;
use crate::project::{BACKENDS, Backend, Project};
use crate::report;
use crate::step::{Context, Step};
use crate::wine::{self, Wine};

/// The name for the programs of Windows on the command line and in the table.
const WINDOWS: &str = "windows";

/// The arguments of Cargo that select the tests.
const TESTS: &str = "test --no-fail-fast --lib --tests --all-features";

/// Tests to repeat. Under Wine all tests take minutes, so each program is repeated alone.
enum Suite<'a> {
    Here(Backend),
    Windows {
        wine: &'a Wine,
        name: String,
        program: PathBuf,
    },
}

impl Suite<'_> {
    fn name(&self) -> &str {
        match self {
            Suite::Here(backend) => backend.name,
            Suite::Windows { name, .. } => name,
        }
    }

    /// The command of one run.
    fn step(&self, context: &Context<'_>, release: bool) -> Step {
        match self {
            Suite::Here(backend) => here(context, *backend, release).limit(1200),
            Suite::Windows { wine, program, .. } => wine.test_program(program),
        }
    }
}

fn here(context: &Context<'_>, backend: Backend, release: bool) -> Step {
    in_profile(Step::cargo(context.project, backend, TESTS), release)
}

fn in_profile(step: Step, release: bool) -> Step {
    if release {
        return step.words("--release");
    }
    step
}

/// The results of a suite.
struct Runs {
    name: String,
    failed: u32,
    counts: Counts,
    slowest: Duration,
    total: Duration,
}

/// Runs the tests; `true` if no run failed.
pub(crate) fn run(project: &Project, options: &cli::Stress) -> Result<bool> {
    for name in &options.only {
        if name != WINDOWS && !BACKENDS.iter().any(|backend| backend.name == name) {
            let names = BACKENDS.map(|backend| backend.name).join(", ");
            bail!("there is no backend `{name}`; there are {names}, {WINDOWS}");
        }
    }
    let is_selected = |backend: &&Backend| {
        options.only.is_empty() || options.only.iter().any(|name| name == backend.name)
    };
    let mut results = Vec::new();
    for backend in BACKENDS.iter().filter(is_selected) {
        built(project, backend.name, |context| {
            let build = here(context, *backend, options.release).words("--no-run");
            context.run(build.limit(40 * 60)).map(drop)
        })?;
        results.push(suite_runs(project, &Suite::Here(*backend), options)?);
    }
    if options.only.iter().any(|name| name == WINDOWS) {
        windows(project, options, &mut results)?;
    }

    let mut table = report::table(
        &[
            "backend",
            "runs",
            "failed runs",
            "tests passed",
            "tests failed",
            "slowest run",
            "time",
        ],
        &[1, 2, 3, 4, 5, 6],
    );
    let mut sum = Counts::default();
    let mut failed_runs = 0;
    for runs in &results {
        failed_runs += runs.failed;
        sum.add(runs.counts);
        table.add_row([
            runs.name.clone(),
            options.times.to_string(),
            runs.failed.to_string(),
            runs.counts.passed.to_string(),
            runs.counts.failed.to_string(),
            report::seconds(runs.slowest),
            report::seconds(runs.total),
        ]);
    }
    println!("\n{table}\n");
    let failed = sum.failed.max(failed_runs.into());
    println!("{} passed, {failed} failed", sum.passed);
    Ok(failed_runs == 0)
}

/// Builds before the load starts, so that it slows the tests alone.
fn built<T>(
    project: &Project,
    name: &str,
    build: impl FnOnce(&mut Context<'_>) -> Result<T>,
) -> Result<T> {
    let bar = report::bar(name);
    let log = project.logs.join(format!("stress-{name}-0.log"));
    let mut context = Context::new(project, &log, bar.clone())?;
    let outcome = build(&mut context);
    bar.finish_and_clear();
    if outcome.is_err() {
        report::show_log(&log, project);
    }
    outcome
}

/// Repeats the test programs of Windows, one after the other.
fn windows(project: &Project, options: &cli::Stress, results: &mut Vec<Runs>) -> Result<()> {
    let (wine, programs) = built(project, WINDOWS, |context| {
        let wine = Wine::started(context)?;
        let build = in_profile(wine.cargo(context, TESTS), options.release).words("--no-run");
        let output = context.run(build)?;
        Ok((wine, wine::programs(&output)))
    })?;
    let is_selected =
        |name: &str| options.suite.is_empty() || options.suite.iter().any(|suite| suite == name);
    let mut some = false;
    for (name, program) in programs {
        if is_selected(&name) {
            some = true;
            let name = format!("{WINDOWS} {name}");
            let suite = Suite::Windows {
                wine: &wine,
                name,
                program,
            };
            results.push(suite_runs(project, &suite, options)?);
        }
    }
    if !some {
        bail!("there is no test program of that name");
    }
    Ok(())
}

fn suite_runs(project: &Project, suite: &Suite<'_>, options: &cli::Stress) -> Result<Runs> {
    let name = suite.name();
    let mut runs = Runs {
        name: name.to_owned(),
        failed: 0,
        counts: Counts::default(),
        slowest: Duration::ZERO,
        total: Duration::ZERO,
    };
    let bar = report::bar(name);
    let words = name.replace(' ', "-");
    let log = |run: u32| project.logs.join(format!("stress-{words}-{run}.log"));
    let processors = thread::available_parallelism().map_or(2, usize::from);
    let load = options.load.unwrap_or(2 * processors);

    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..load {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        for run in 1..=options.times {
            bar.set_prefix(format!("{name} run {run} of {}", options.times));
            let outcome = one_run(project, suite, options.release, &log(run), &bar, &mut runs);
            if let Err(error) = outcome {
                runs.failed += 1;
                bar.suspend(|| {
                    println!("FAILED  {name} run {run}: {error:#}");
                    report::show_log(&log(run), project);
                });
            } else if bar.is_hidden() {
                println!("passed  {name} run {run} of {}", options.times);
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    bar.finish_and_clear();
    println!(
        "{name}: {} of {} runs passed under a load of {load} threads",
        options.times - runs.failed,
        options.times
    );
    Ok(runs)
}

fn one_run(
    project: &Project,
    suite: &Suite<'_>,
    release: bool,
    log: &Path,
    bar: &indicatif::ProgressBar,
    runs: &mut Runs,
) -> Result<()> {
    let start = Instant::now();
    let mut context = Context::new(project, log, bar.clone())?;
    let outcome = context.run(suite.step(&context, release));
    let time = start.elapsed();
    runs.counts.add(context.counts);
    runs.slowest = runs.slowest.max(time);
    runs.total += time;
    outcome.map(drop)
}
