//! The stage `bench-gate`: fails when this library's instructions or system calls exceed
//! expected.toml, or when it misses a goal of [`goals::own`]. Of upstream's counts, the bytes of a
//! source can fail the stage; the others are published and cannot.

use std::collections::BTreeMap;
use std::fs;
use std::panic;
use std::process::Command;
use std::thread;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::results::Results;
use crate::worker::Worker;
use crate::{Folders, calls, counts, goals, idle, memory, publish};

/// The contents of expected.toml.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Expected {
    /// `rustc --version`.
    compiler: String,
    /// The allowed growth with the same compiler, as a fraction of the count.
    margin: f64,
    /// The allowed growth with another compiler.
    margin_of_others: f64,
    /// The allowed growth in instructions, in addition.
    instructions_on_top: f64,
    /// The allowed growth in system calls an operation: a run makes some calls once, which are
    /// divided by its operations.
    calls_on_top: f64,
    /// Instructions an operation, by `backend/case`.
    instructions: BTreeMap<String, f64>,
    /// System calls an operation, by `backend/case`, of cases that do not depend on scheduling.
    calls: BTreeMap<String, f64>,
}

const HEAD: &str = "\
# Instructions in user space and system calls of one operation of this library, counted by callgrind
# and by strace. `cargo xtask test --only bench-gate` fails when a count exceeds its entry and the
# margin. `cargo xtask bench --update-gate` writes the current counts. The C library runs its
# variants for the oldest x86-64 (src/counts.rs), so that counts do not depend on the processor. The
# margin allows for other versions of the C library, and the wider one for other compilers.

";

/// The peers whose counts can fail the stage, see [`goals::own`].
const PEERS: [&str; 2] = ["ours", "bare"];

/// Whether every system can run a case. The one that is left out needs 50,256 file descriptors,
/// which many do not allow, and counts what `ready-1-of-4096` does.
fn runs_everywhere(case: &str) -> bool {
    case != "ready-1-of-50000"
}

/// Takes all counts of a backend.
fn count(folders: &Folders, worker: &Worker) -> Result<Results> {
    let mut results = Results::default();
    let mut cases = worker.select(&[])?;
    cases.retain(|case| runs_everywhere(&case.case));
    counts::run(folders, worker, &cases, &PEERS, &mut results)?;
    calls::run(folders, worker, &cases, &PEERS, &mut results)?;
    memory::run(worker, &cases, &mut results)?;
    idle::run(folders, worker, &["ours"], 1, &mut results)?;
    Ok(results)
}

/// Takes the counts and compares them with the file, or with `update` writes the file. No count
/// depends on the clock, so all backends run at once.
pub(crate) fn run(folders: &Folders, update: bool) -> Result<()> {
    let workers = Worker::build_all(folders)?;
    let counted = thread::scope(|scope| {
        let count = |worker| scope.spawn(move || count(folders, worker));
        let threads: Vec<_> = workers.iter().map(count).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined
            .map(|result| result.unwrap_or_else(|panic| panic::resume_unwind(panic)))
            .collect::<Result<Vec<Results>>>()
    })?;
    let mut results = Results::default();
    for each in counted {
        results.rows.extend(each.rows);
        results.registered.extend(each.registered);
        results.idle.extend(each.idle);
    }
    let file = folders.bench.join("expected.toml");
    if update {
        let mut expected: Expected = match fs::read_to_string(&file) {
            Ok(text) => toml::from_str(&text)?,
            Err(_) => Expected {
                margin: 0.05,
                margin_of_others: 0.3,
                instructions_on_top: 4.0,
                calls_on_top: 0.05,
                ..Expected::default()
            },
        };
        expected.compiler = compiler()?;
        expected.instructions = ours(&results);
        expected.calls = own_calls(&results);
        publish::replace(&file, format!("{HEAD}{}", toml::to_string(&expected)?))?;
        println!("written: {}", file.display());
        return Ok(());
    }
    let text = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
    let expected: Expected = toml::from_str(&text)?;
    let mut failed = compare(&expected, &compiler()?, &ours(&results));
    failed.extend(compare_calls(&expected, &own_calls(&results)));
    let goals = goals::own(&results);
    for goal in &goals {
        if !goal.is_met() {
            failed.push(format!(
                "{}: {:.2}, at most {:.2}",
                goal.name, goal.found, goal.most
            ));
        }
    }
    println!(
        "{} instruction counts, {} counts of system calls and {} goals compared",
        expected.instructions.len(),
        expected.calls.len(),
        goals.len()
    );
    if failed.is_empty() {
        return Ok(());
    }
    bail!("{}", failed.join("\n"))
}

fn ours(results: &Results) -> BTreeMap<String, f64> {
    results
        .rows
        .iter()
        .filter_map(|(name, row)| {
            let count = row.instructions.get("ours")?;
            Some((name.clone(), (count * 10.0).round() / 10.0))
        })
        .collect()
}

fn own_calls(results: &Results) -> BTreeMap<String, f64> {
    let steady = results
        .rows
        .iter()
        .filter(|(name, _)| goals::is_steady(name));
    steady
        .filter_map(|(name, row)| {
            let count = row.calls("ours")?;
            Some((name.clone(), (count * 1000.0).round() / 1000.0))
        })
        .collect()
}

/// The cases that make more system calls than allowed, or that are missing.
fn compare_calls(expected: &Expected, counted: &BTreeMap<String, f64>) -> Vec<String> {
    let mut failed = Vec::new();
    for (name, before) in &expected.calls {
        match counted.get(name) {
            Some(now) if *now <= before + expected.calls_on_top => {}
            Some(now) => failed.push(format!("{name}: {now} system calls, were {before}")),
            None => failed.push(format!("{name}: its system calls were not counted")),
        }
    }
    for name in counted.keys() {
        if !expected.calls.contains_key(name) {
            failed.push(format!("{name}: its system calls are not in expected.toml"));
        }
    }
    failed
}

/// The cases that execute more instructions than allowed, or that are missing.
fn compare(expected: &Expected, compiler: &str, counted: &BTreeMap<String, f64>) -> Vec<String> {
    let margin = if compiler == expected.compiler {
        expected.margin
    } else {
        println!("the compiler is `{compiler}`, so the wider margin applies");
        expected.margin_of_others
    };
    let mut failed = Vec::new();
    for (name, before) in &expected.instructions {
        let most = before * (1.0 + margin) + expected.instructions_on_top;
        match counted.get(name) {
            Some(now) if *now <= most => {}
            Some(now) => failed.push(format!(
                "{name}: {now:.1} instructions, were {before:.1}, at most {most:.1}"
            )),
            None => failed.push(format!("{name} was not counted")),
        }
    }
    for name in counted.keys() {
        if !expected.instructions.contains_key(name) {
            failed.push(format!("{name} is not in expected.toml"));
        }
    }
    failed
}

fn compiler() -> Result<String> {
    let output = Command::new("rustc").arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Expected, compare, compare_calls, runs_everywhere};

    fn expected() -> Expected {
        Expected {
            compiler: "one".to_owned(),
            margin: 0.1,
            margin_of_others: 0.5,
            instructions_on_top: 0.0,
            calls_on_top: 0.05,
            instructions: [("epoll/wake".to_owned(), 100.0)].into(),
            calls: [("epoll/wake".to_owned(), 2.0)].into(),
        }
    }

    #[test]
    fn growth_beyond_the_margin_fails() {
        let counted = |count| [("epoll/wake".to_owned(), count)].into();
        assert!(compare(&expected(), "one", &counted(109.0)).is_empty());
        assert_eq!(compare(&expected(), "one", &counted(111.0)).len(), 1);
        assert!(compare(&expected(), "other", &counted(111.0)).is_empty());
    }

    #[test]
    fn one_more_system_call_fails() {
        let counted = |count| [("epoll/wake".to_owned(), count)].into();
        assert!(compare_calls(&expected(), &counted(2.001)).is_empty());
        assert_eq!(compare_calls(&expected(), &counted(3.0)).len(), 1);
        assert_eq!(compare_calls(&expected(), &[].into()).len(), 1);
        let new = [
            ("epoll/wake".to_owned(), 2.0),
            ("epoll/new".to_owned(), 1.0),
        ];
        assert_eq!(compare_calls(&expected(), &new.into()).len(), 1);
    }

    /// Otherwise the stage fails where the limit of descriptors is another one than where
    /// expected.toml was written.
    #[test]
    fn expected_counts_do_not_depend_on_the_limit_of_descriptors() {
        assert!(!runs_everywhere("ready-1-of-50000"));
        let expected = include_str!("../expected.toml");
        let expected: Expected = toml::from_str(expected).unwrap();
        let names = expected.instructions.keys().chain(expected.calls.keys());
        for name in names {
            assert!(runs_everywhere(name.split('/').nth(1).unwrap()), "{name}");
        }
    }

    #[test]
    fn missing_or_new_case_fails() {
        assert_eq!(compare(&expected(), "one", &[].into()).len(), 1);
        let both = [
            ("epoll/wake".to_owned(), 1.0),
            ("epoll/new".to_owned(), 1.0),
        ]
        .into();
        assert_eq!(compare(&expected(), "one", &both).len(), 1);
    }
}
