//! The workers: programs that run the cases. Each backend has one, because the backend is selected
//! when the library is built.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;

use crate::Folders;

/// The flags of each backend.
const BACKENDS: [(&str, &str); 2] = [
    ("epoll", ""),
    (
        "poll",
        "--cfg mio_unsupported_force_poll_poll --cfg polling_test_poll_backend",
    ),
];

/// A built worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) backend: &'static str,
    folder: PathBuf,
    /// The program that runs the worker, if it is a program of Windows.
    wine: Option<PathBuf>,
}

/// A line of `worker list`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) case: String,
    pub(crate) backend: String,
    pub(crate) about: String,
    pub(crate) threads: bool,
    pub(crate) peers: Vec<String>,
}

impl Case {
    /// Whether this is its name, with or without its backend.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        let of_backend = name.strip_prefix(&*self.backend);
        let short = of_backend.and_then(|rest| rest.strip_prefix('/'));
        short.unwrap_or(name) == self.case
    }
}

impl Worker {
    /// Builds the workers of this machine.
    pub(crate) fn build_all(folders: &Folders) -> Result<Vec<Worker>> {
        BACKENDS
            .iter()
            .map(|(backend, flags)| {
                let target = folders.target.join(format!("cases-{backend}"));
                let mut command = Command::new("cargo");
                command
                    .args(["build", "--release", "--locked", "--package"])
                    .arg("mio-bench-cases")
                    .current_dir(&folders.bench);
                build(
                    &mut command,
                    &format!("the cases for {backend}"),
                    &target,
                    flags,
                )?;
                Ok(Worker {
                    backend,
                    folder: target.join("release"),
                    wine: None,
                })
            })
            .collect()
    }

    /// The worker for Windows, which `cargo xtask bench` has built.
    pub(crate) fn for_windows(folder: &Path, wine: &Path) -> Worker {
        Worker {
            backend: "afd",
            folder: folder.to_owned(),
            wine: Some(wine.to_owned()),
        }
    }

    /// Whether valgrind and strace can run its programs.
    pub(crate) fn is_countable(&self) -> bool {
        self.wine.is_none()
    }

    /// The default number of rounds. Wine is slow.
    pub(crate) fn rounds(&self, quick: bool) -> usize {
        match (&self.wine, quick) {
            (None, false) => 31,
            (None, true) => 7,
            (Some(_), false) => 7,
            (Some(_), true) => 3,
        }
    }

    /// The path of one of its programs.
    pub(crate) fn program(&self, name: &str) -> OsString {
        self.folder.join(name).into_os_string()
    }

    /// A command that runs one of its programs.
    pub(crate) fn command(&self, name: &str) -> Command {
        match &self.wine {
            None => Command::new(self.program(name)),
            Some(wine) => {
                let mut command = Command::new(wine);
                command.arg(self.folder.join(format!("{name}.exe")));
                command
            }
        }
    }

    /// Its cases of these names, or all cases.
    pub(crate) fn select(&self, words: &[String]) -> Result<Vec<Case>> {
        let mut cases = Vec::new();
        let mut command = self.command("worker");
        lines(command.arg("list"), |line| {
            let case: Case = serde_json::from_str(line)?;
            if words.is_empty() || words.iter().any(|word| case.is_named(word)) {
                cases.push(case);
            }
            Ok(())
        })?;
        Ok(cases)
    }
}

/// Runs a command, and passes each line of its output to `take`.
pub(crate) fn lines(command: &mut Command, mut take: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{:?}", command.get_program()))?;
    let errors = child.stderr.take().map(|errors| {
        std::thread::spawn(move || std::io::read_to_string(errors).unwrap_or_default())
    });
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            take(&line?)?;
        }
    }
    let status = child.wait()?;
    if !status.success() {
        let errors = errors
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default();
        bail!("{:?} ended with {status}:\n{errors}", command.get_program());
    }
    Ok(())
}

/// Runs a build of Cargo with these flags of rustc.
pub(crate) fn build(command: &mut Command, what: &str, target: &Path, flags: &str) -> Result<()> {
    let bar = spinner(&format!("building {what}"));
    let output = command
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTFLAGS", flags)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stdin(Stdio::null())
        .output()
        .context("cargo")?;
    bar.finish_and_clear();
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("cannot build {what}:\n{text}");
    }
    Ok(())
}

/// A spinner with a text, if standard error is a terminal.
pub(crate) fn spinner(text: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(text.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A progress bar, if standard error is a terminal.
pub(crate) fn bar(text: &str, steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64).with_prefix(text.to_owned());
    let template = "{prefix} [{bar:30}] {pos}/{len} {eta} {wide_msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
