//! Holds what was reached: instructions against a file, system calls and allocations against upstream in the same run.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::results::Results;
use crate::worker::Worker;
use crate::{Places, calls, counts, goals, memory};

/// The file: what was counted, by which compiler.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Expected {
    /// `rustc --version`.
    compiler: String,
    /// How much more is allowed with the same compiler: a part of the count.
    margin: f64,
    /// The same with another compiler.
    margin_of_others: f64,
    /// And so many instructions on top.
    instructions_on_top: f64,
    /// Instructions an operation, by `backend/case`.
    instructions: BTreeMap<String, f64>,
}

const HEAD: &str = "\
# Instructions in user space that one operation takes, counted by callgrind. `cargo xtask test --only bench-gate` fails when
# there are more than these and the margin; `cargo xtask bench --update-gate` writes what is counted now.

";

/// Counts and compares; or writes the file anew.
pub(crate) fn run(places: &Places, update: bool) -> Result<()> {
    let mut results = Results::default();
    for worker in Worker::build_all(places)? {
        let cases = worker.chosen(&[])?;
        counts::run(places, &worker, &cases, &mut results)?;
        calls::run(places, &worker, &cases, &mut results)?;
        memory::run(&worker, &cases, &mut results)?;
    }
    let file = places.bench.join("expected.toml");
    if update {
        let mut expected: Expected = match fs::read_to_string(&file) {
            Ok(text) => toml::from_str(&text)?,
            Err(_) => Expected {
                margin: 0.05,
                margin_of_others: 0.3,
                instructions_on_top: 4.0,
                ..Expected::default()
            },
        };
        expected.compiler = compiler()?;
        expected.instructions = ours(&results);
        fs::write(&file, format!("{HEAD}{}", toml::to_string(&expected)?))?;
        println!("written: {}", file.display());
        return Ok(());
    }
    let text = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
    let expected: Expected = toml::from_str(&text)?;
    let mut failed = compare(&expected, &compiler()?, &ours(&results));
    let goals = goals::counted(&results);
    for goal in &goals {
        if !goal.is_met() {
            failed.push(format!(
                "{}: {:.2}, at most {:.2}",
                goal.what, goal.found, goal.most
            ));
        }
    }
    println!(
        "{} instruction counts and {} goals looked at",
        expected.instructions.len(),
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

/// All cases that take more than they may, or are not there.
fn compare(expected: &Expected, compiler: &str, counted: &BTreeMap<String, f64>) -> Vec<String> {
    let margin = if compiler == expected.compiler {
        expected.margin
    } else {
        println!("`{compiler}` counts with the wider margin");
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
    use super::{Expected, compare};

    fn expected() -> Expected {
        Expected {
            compiler: "one".to_owned(),
            margin: 0.1,
            margin_of_others: 0.5,
            instructions_on_top: 0.0,
            instructions: [("epoll/wake".to_owned(), 100.0)].into(),
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
    fn a_case_that_is_missing_or_new_fails() {
        assert_eq!(compare(&expected(), "one", &[].into()).len(), 1);
        let both = [
            ("epoll/wake".to_owned(), 1.0),
            ("epoll/new".to_owned(), 1.0),
        ]
        .into();
        assert_eq!(compare(&expected(), "one", &both).len(), 1);
    }
}
