//! The stages, and their selection and execution.

mod checks;
mod fake_kernels;
mod properties;
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
use self::stage_list::{CHECK, stages};
use crate::cli::Jobs;
use crate::project::Project;
use crate::report::{self, Outcome, Row};
use crate::setup::{self, Downloads};
use crate::step::{self, Context};

type Run = Box<dyn Fn(&mut Context<'_>) -> Result<()> + Send + Sync>;

struct Stage {
    name: String,
    about: String,
    /// Whether `cargo xtask test` leaves it out.
    is_nightly: bool,
    needs: Needs,
    run: Run,
}

/// The stages to run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Selection<'a> {
    /// Those of `cargo xtask check`.
    Check,
    /// Those of `cargo xtask test`.
    Test,
    /// Those of `cargo xtask nightly`, and `setup`.
    Nightly,
    All,
    /// The stages and groups of these names.
    Only(&'a [String]),
}

impl Selection<'_> {
    fn contains(self, stage: &Stage) -> bool {
        match self {
            Selection::Check => CHECK.contains(&&*stage.name),
            Selection::Test => !stage.is_nightly,
            Selection::Nightly => stage.is_nightly || stage.name == SETUP,
            Selection::All => true,
            Selection::Only(names) => names.iter().any(|name| is_selected(&stage.name, name)),
        }
    }
}

const SETUP: &str = "setup";

/// Whether a stage has this name.
pub(crate) fn exists(name: &str) -> bool {
    stages().iter().any(|stage| stage.name == name)
}

/// Whether a name selects a stage or more.
pub(crate) fn has_selected(name: &str) -> bool {
    stages().iter().any(|stage| is_selected(&stage.name, name))
}

/// Prints the stages.
pub(crate) fn list() {
    for stage in stages() {
        let note = if stage.is_nightly { " (nightly)" } else { "" };
        println!("{:<28} {}{note}", stage.name, stage.about);
    }
}

/// Runs the selected stages, up to `jobs` at once; `true` if none failed.
pub(crate) fn run(project: &Project, selection: Selection<'_>, jobs: Jobs) -> Result<bool> {
    let stages = stages();
    if let Selection::Only(names) = selection {
        let is_unknown =
            |name: &&String| !stages.iter().any(|stage| is_selected(&stage.name, name));
        if let Some(name) = names.iter().find(is_unknown) {
            bail!("there is no stage `{name}`; to list the stages: cargo xtask test --list");
        }
    }
    let (selected, others): (Vec<Stage>, Vec<Stage>) = stages
        .into_iter()
        .partition(|stage| selection.contains(stage));
    let left_out: Vec<String> = match selection {
        Selection::Test => others.into_iter().map(|stage| stage.name).collect(),
        _ => Vec::new(),
    };
    if selected.iter().any(|stage| stage.name == SETUP) {
        let downloads = match selection {
            Selection::Test => Downloads::OfTest,
            Selection::Nightly | Selection::All => Downloads::OfNightly,
            Selection::Check | Selection::Only(_) => Downloads::None,
        };
        setup::print_plan(project, downloads)?;
    }

    let start = Instant::now();
    let rows = run_each(project, &selected, jobs.jobs)?;
    let time = start.elapsed();
    Ok(report::summary(
        &rows,
        &left_out,
        time,
        requirements(project),
    ))
}

/// Whether a name selects a stage: its own name, or the start of it as in `tests` for
/// `tests-epoll-eventfd-debug`.
fn is_selected(stage: &str, name: &str) -> bool {
    stage
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        && !(name == "codegen" && stage != name)
}

/// Runs the stages, each when its resource is free, and returns their rows in order.
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
                // The stage failed because of the interrupt.
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
    let failures = match &outcome {
        Outcome::Failed(_) => report::failures(log),
        Outcome::Passed | Outcome::NotRun(_) => Vec::new(),
    };
    Ok(Row {
        failures,
        stage: stage.name.clone(),
        outcome,
        counts: context.counts,
        reasons: context.reasons,
        time: start.elapsed(),
    })
}

/// The numbers of rows of `tests/requirements.md` that are tested, and that are not run.
fn requirements(project: &Project) -> Option<(usize, usize)> {
    let text = fs::read_to_string(project.path("tests/requirements.md")).ok()?;
    Some(count_rows(&text))
}

fn count_rows(text: &str) -> (usize, usize) {
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
    use super::{CHECK, count_rows, is_selected, stages};
    use std::collections::HashSet;

    #[test]
    fn names_of_stages_are_unique() {
        let names: Vec<String> = stages().into_iter().map(|stage| stage.name).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        assert!(
            CHECK
                .iter()
                .all(|name| names.iter().any(|stage| stage == name))
        );
    }

    #[test]
    fn name_selects_its_group() {
        assert!(is_selected("tests-poll-pipe-debug", "tests"));
        assert!(is_selected("tests-poll-pipe-debug", "tests-poll-pipe"));
        assert!(is_selected("codegen", "codegen"));
        assert!(!is_selected("codegen-tests", "codegen"));
        assert!(!is_selected("tests-poll-pipe-debug", "test"));
    }

    #[test]
    fn rows_are_counted() {
        let text = "| Requirement | Tests | Platforms |\n|---|---|---|\n\
             | It echoes. | tcp::echo | all |\n\
             | It ends. | not run: needs Windows | - |\n\n";
        assert_eq!(count_rows(text), (1, 1));
    }
}
