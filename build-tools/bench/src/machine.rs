//! The machine that figures belong to.

use std::fs;
use std::process::Command;
use std::thread;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::results::{Machine, Results};
use crate::worker::{Worker, lines};

#[derive(Debug, Deserialize)]
struct Line {
    null_call: f64,
    eventfd_write: f64,
}

/// The first line that a program prints.
fn first_line(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| program.to_owned())?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// The name of the processor in a text of `/proc/cpuinfo`. Only some architectures have one.
fn cpu(info: &str) -> &str {
    info.lines()
        .find_map(|line| line.strip_prefix("model name"))
        .and_then(|rest| rest.split_once(':'))
        .map_or(std::env::consts::ARCH, |(_, name)| name.trim())
}

/// Describes the machine, and measures two system calls.
pub(crate) fn run(worker: &Worker, results: &mut Results) -> Result<()> {
    let mut found = None;
    lines(worker.command("worker").arg("machine"), |line| {
        found = Some(serde_json::from_str::<Line>(line)?);
        Ok(())
    })?;
    let found = found.context("the worker printed no cost of system calls")?;
    results.machine = Some(Machine {
        cpu: cpu(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()).to_owned(),
        cores: thread::available_parallelism().map_or(1, usize::from),
        kernel: first_line("uname", &["-sr"])?,
        date: first_line("date", &["-u", "+%Y-%m-%d"])?,
        compiler: first_line("rustc", &["--version"])?,
        null_call: found.null_call,
        eventfd_write: found.eventfd_write,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::cpu;

    #[test]
    fn processor_without_a_name_is_its_architecture() {
        assert_eq!(cpu("processor\t: 0\nmodel name\t: A B\n"), "A B");
        assert_eq!(cpu("processor\t: 0\n"), std::env::consts::ARCH);
    }
}
