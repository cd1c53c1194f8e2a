//! The tests of every backend, many times, while other threads keep the processors busy. With `--only windows` those of Windows,
//! under Wine.

use std::hint;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cli;
use crate::project::{BACKENDS, Backend, Project};
use crate::report;
use crate::step::{Context, Counts, Step};
use crate::wine::Wine;

/// The name of what runs under Wine.
const WINDOWS: &str = "windows";

/// What is run again and again.
enum Suite {
    Here(Backend),
    Windows(Wine),
}

impl Suite {
    fn name(&self) -> &'static str {
        match self {
            Suite::Here(backend) => backend.name,
            Suite::Windows(_) => WINDOWS,
        }
    }

    /// The tests; with `--no-run` they are only built.
    fn step(&self, context: &Context<'_>, release: bool, only_build: bool) -> Step {
        let words = "test --no-fail-fast --lib --tests --all-features";
        let mut step = match self {
            Suite::Here(backend) => Step::cargo(context.project, *backend, words).limit(1200),
            Suite::Windows(wine) => wine.cargo(context, words),
        };
        if release {
            step = step.words("--release");
        }
        if only_build {
            return step.words("--no-run");
        }
        match self {
            Suite::Here(_) => step,
            Suite::Windows(_) => step.words("-- --test-threads=1"),
        }
    }
}

/// What became of one suite's runs.
struct Runs {
    name: &'static str,
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
    let chosen = |backend: &&Backend| {
        options.only.is_empty() || options.only.iter().any(|name| name == backend.name)
    };
    let processors = thread::available_parallelism().map_or(2, usize::from);
    let load = options.load.unwrap_or(2 * processors);

    let mut results = Vec::new();
    for backend in BACKENDS.iter().filter(chosen) {
        results.push(suite_runs(project, &Suite::Here(*backend), options, load)?);
    }
    if options.only.iter().any(|name| name == WINDOWS) {
        let log = project.logs.join("stress-windows-setup.log");
        let bar = report::bar(WINDOWS);
        let mut context = Context::new(project, &log, bar.clone())?;
        let wine = Wine::started(&mut context);
        bar.finish_and_clear();
        let suite = Suite::Windows(wine?);
        results.push(suite_runs(project, &suite, options, load)?);
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
            runs.name.to_owned(),
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

fn suite_runs(
    project: &Project,
    suite: &Suite,
    options: &cli::Stress,
    load: usize,
) -> Result<Runs> {
    let name = suite.name();
    let mut runs = Runs {
        name,
        failed: 0,
        counts: Counts::default(),
        slowest: Duration::ZERO,
        total: Duration::ZERO,
    };
    let bar = report::bar(name);
    let log = |run: u32| project.logs.join(format!("stress-{name}-{run}.log"));

    // Built before the load begins: what is tried is the tests, not the compiler.
    let mut context = Context::new(project, &log(0), bar.clone())?;
    let build = suite.step(&context, options.release, true).limit(40 * 60);
    if let Err(error) = context.run(build) {
        bar.finish_and_clear();
        report::show_log(&log(0), project);
        return Err(error);
    }

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
    suite: &Suite,
    release: bool,
    log: &std::path::Path,
    bar: &indicatif::ProgressBar,
    runs: &mut Runs,
) -> Result<()> {
    let start = Instant::now();
    let mut context = Context::new(project, log, bar.clone())?;
    let outcome = context.run(suite.step(&context, release, false));
    let time = start.elapsed();
    runs.counts.add(context.counts);
    runs.slowest = runs.slowest.max(time);
    runs.total += time;
    outcome.map(drop)
}
