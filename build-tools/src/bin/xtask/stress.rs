//! The tests of every backend, many times, while other threads keep the processors busy.

use std::hint;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cli;
use crate::project::{BACKENDS, Backend, Project};
use crate::report;
use crate::step::{Context, Counts, Step};

/// What became of one backend's runs.
struct Runs {
    backend: Backend,
    failed: u32,
    counts: Counts,
    slowest: Duration,
    total: Duration,
}

/// Runs the tests; `true` if no run failed.
pub(crate) fn run(project: &Project, options: &cli::Stress) -> Result<bool> {
    for name in &options.only {
        if !BACKENDS.iter().any(|backend| backend.name == name) {
            let names = BACKENDS.map(|backend| backend.name).join(", ");
            bail!("there is no backend `{name}`; there are {names}");
        }
    }
    let chosen = |backend: &&Backend| {
        options.only.is_empty() || options.only.iter().any(|name| name == backend.name)
    };
    let processors = thread::available_parallelism().map_or(2, usize::from);
    let load = options.load.unwrap_or(2 * processors);

    let mut results = Vec::new();
    for backend in BACKENDS.iter().filter(chosen) {
        results.push(backend_runs(project, *backend, options, load)?);
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
            runs.backend.name.to_owned(),
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

fn backend_runs(
    project: &Project,
    backend: Backend,
    options: &cli::Stress,
    load: usize,
) -> Result<Runs> {
    let arguments = if options.release {
        "test --no-fail-fast --lib --tests --all-features --release"
    } else {
        "test --no-fail-fast --lib --tests --all-features"
    };
    let mut runs = Runs {
        backend,
        failed: 0,
        counts: Counts::default(),
        slowest: Duration::ZERO,
        total: Duration::ZERO,
    };
    let bar = report::bar(backend.name);
    let log = |run: u32| {
        project
            .logs
            .join(format!("stress-{}-{run}.log", backend.name))
    };

    // Built before the load begins: what is tried is the tests, not the compiler.
    let mut context = Context::new(project, &log(0), bar.clone())?;
    if let Err(error) = context.run(Step::cargo(project, backend, arguments).words("--no-run")) {
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
            bar.set_prefix(format!("{} run {run} of {}", backend.name, options.times));
            let outcome = one_run(project, backend, arguments, &log(run), &bar, &mut runs);
            if let Err(error) = outcome {
                runs.failed += 1;
                bar.suspend(|| {
                    println!("FAILED  {} run {run}: {error:#}", backend.name);
                    report::show_log(&log(run), project);
                });
            } else if bar.is_hidden() {
                println!("passed  {} run {run} of {}", backend.name, options.times);
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    bar.finish_and_clear();
    println!(
        "{}: {} of {} runs passed under a load of {load} threads",
        backend.name,
        options.times - runs.failed,
        options.times
    );
    Ok(runs)
}

fn one_run(
    project: &Project,
    backend: Backend,
    arguments: &str,
    log: &std::path::Path,
    bar: &indicatif::ProgressBar,
    runs: &mut Runs,
) -> Result<()> {
    let start = Instant::now();
    let mut context = Context::new(project, log, bar.clone())?;
    let outcome = context.run(Step::cargo(project, backend, arguments).limit(1200));
    let time = start.elapsed();
    runs.counts.add(context.counts);
    runs.slowest = runs.slowest.max(time);
    runs.total += time;
    outcome.map(drop)
}
