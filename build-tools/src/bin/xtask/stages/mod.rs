//! The stages of `cargo xtask test`, and how they are run.

mod checks;
mod fake_kernels;
mod queue;
mod stage_list;
mod suites;

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Result, bail};
use indicatif::{MultiProgress, ProgressBar};

use self::queue::{Needs, Next, Queue};
use self::stage_list::{seldom, stages};
use crate::project::Project;
use crate::report::{self, Outcome, Row};
use crate::step::{self, Context};

type Run = Box<dyn Fn(&mut Context<'_>) -> Result<()> + Send + Sync>;

struct Stage {
    name: String,
    what: String,
    needs: Needs,
    run: Run,
}

/// Prints the stages.
pub(crate) fn list() {
    for stage in stages().into_iter().chain(seldom()) {
        println!("{:<28} {}", stage.name, stage.what);
    }
}

/// Runs the stages named, or all of them, up to `jobs` at once; `true` if none failed.
pub(crate) fn run(project: &Project, only: &[String], all: bool, jobs: u8) -> Result<bool> {
    let mut stages = stages();
    let often = stages.len();
    stages.extend(seldom());
    let mut left = Vec::new();
    for name in only {
        if !stages.iter().any(|stage| is_meant(&stage.name, name)) {
            bail!("there is no stage `{name}`; see: cargo xtask test --list");
        }
    }
    if !only.is_empty() {
        stages.retain(|stage| only.iter().any(|name| is_meant(&stage.name, name)));
    } else if !all {
        left = stages.drain(often..).map(|stage| stage.name).collect();
    }

    let start = Instant::now();
    let rows = run_each(project, &stages, jobs)?;
    Ok(report::summary(
        &rows,
        &left,
        start.elapsed(),
        behaviour(project),
    ))
}

/// A name means its stage and all that belong to it: `tests` means `tests-epoll-eventfd-debug`.
fn is_meant(stage: &str, name: &str) -> bool {
    stage
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        && !(name == "codegen" && stage != name)
}

/// Runs all stages, each as soon as it has what it needs to itself; their rows, in their order.
fn run_each(project: &Project, stages: &[Stage], jobs: u8) -> Result<Vec<Row>> {
    let queue = Mutex::new(Queue::new(stages.iter().map(|stage| stage.needs).collect()));
    let has_ended = Condvar::new();
    let rows = Mutex::new(Vec::new());
    let bars = MultiProgress::new();
    let run_next = || -> Result<()> {
        let mut locked = queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if step::interrupted() {
                locked.stop();
            }
            let index = match locked.next() {
                Next::Run(index) => index,
                Next::Wait => {
                    let woken = has_ended.wait(locked);
                    locked = woken.unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                Next::Done => return Ok(()),
            };
            drop(locked);
            let stage = &stages[index];
            let bar = bars.add(report::bar(&stage.name));
            let log = project.logs.join(format!("{}.log", stage.name));
            let stage = AssertUnwindSafe(|| run_stage(project, stage, &log, bar.clone()));
            let row = panic::catch_unwind(stage);
            bar.finish_and_clear();
            locked = queue.lock().unwrap_or_else(PoisonError::into_inner);
            locked.end(index);
            if !matches!(row, Ok(Ok(_))) {
                locked.stop();
            }
            has_ended.notify_all();
            drop(locked);
            let row = row.unwrap_or_else(|panic| panic::resume_unwind(panic))?;
            if step::interrupted() {
                // Its failure is the interrupt's.
                bail!("interrupted");
            }
            bars.suspend(|| report::line(&row, &log, project));
            let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
            rows.push((index, row));
            drop(rows);
            locked = queue.lock().unwrap_or_else(PoisonError::into_inner);
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(run_next)).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined
            .map(|result| result.unwrap_or_else(|panic| panic::resume_unwind(panic)))
            .fold(Ok(()), Result::and)
    })?;
    let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_by_key(|(index, _)| *index);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn run_stage(
    project: &Project,
    stage: &Stage,
    log: &std::path::Path,
    bar: ProgressBar,
) -> Result<Row> {
    let start = Instant::now();
    let mut context = Context::new(project, log, bar)?;
    let outcome = Outcome::from((stage.run)(&mut context));
    Ok(Row {
        stage: stage.name.clone(),
        outcome,
        counts: context.counts,
        reasons: context.reasons,
        time: start.elapsed(),
    })
}

/// How many rows of `tests/requirements.md` are tested and how many are not run.
fn behaviour(project: &Project) -> Option<(usize, usize)> {
    let text = fs::read_to_string(project.path("tests/requirements.md")).ok()?;
    Some(behaviour_counts(&text))
}

fn behaviour_counts(text: &str) -> (usize, usize) {
    let (mut tested, mut not_run) = (0, 0);
    for line in text.lines() {
        let Some((requirement, rest)) = line.split_once(" | ") else {
            continue;
        };
        if requirement == "| Requirement" {
            continue;
        }
        if rest.starts_with("not run:") {
            not_run += 1;
        } else {
            tested += 1;
        }
    }
    (tested, not_run)
}

#[cfg(test)]
mod tests {
    use super::{behaviour_counts, is_meant, seldom, stages};
    use std::collections::HashSet;

    #[test]
    fn names_of_stages_differ() {
        let all = stages().into_iter().chain(seldom());
        let names: Vec<String> = all.map(|stage| stage.name).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    }

    #[test]
    fn a_name_means_its_group() {
        assert!(is_meant("tests-poll-pipe-debug", "tests"));
        assert!(is_meant("tests-poll-pipe-debug", "tests-poll-pipe"));
        assert!(is_meant("codegen", "codegen"));
        assert!(!is_meant("codegen-tests", "codegen"));
        assert!(!is_meant("tests-poll-pipe-debug", "test"));
    }

    #[test]
    fn rows_not_run_are_counted() {
        let text = "| Requirement | Tests | Platforms |\n|---|---|---|\n| It echoes. | tcp::echo | all |\n\
             | It ends. | not run: needs Windows | - |\n\n";
        assert_eq!(behaviour_counts(text), (1, 1));
    }
}
