//! A command of a stage. Its output goes to the stage's log, it has a time limit, and its test
//! results are counted.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use indicatif::ProgressBar;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::counts::{self, Counts};
use crate::project::{Backend, Project};

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Handles interrupts: one ends the running steps, and no other step starts.
pub(crate) fn watch_for_interrupts() -> Result<()> {
    let flag = INTERRUPTED.get_or_init(Arc::default);
    for signal in [
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGHUP,
    ] {
        signal_hook::flag::register(signal, Arc::clone(flag))?;
    }
    Ok(())
}

/// Whether the process was interrupted.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED
        .get()
        .is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// Whether a command runs and exits with status 0.
pub(crate) fn succeeds(command: &[impl AsRef<OsStr>]) -> bool {
    let Some((program, arguments)) = command.split_first() else {
        return false;
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A command to run.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(String, OsString)>,
    removed: Vec<&'static str>,
    folder: Option<PathBuf>,
    limit: Duration,
    status: i32,
}

impl Step {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Step {
        Step {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            removed: Vec::new(),
            folder: None,
            limit: Duration::from_secs(25 * 60),
            status: 0,
        }
    }

    /// A command of Cargo that builds for `backend` in its shared folder.
    pub(crate) fn cargo(project: &Project, backend: Backend, arguments: &str) -> Step {
        Step::new("cargo")
            .words(arguments)
            .set("CARGO_TARGET_DIR", project.target(backend.name))
            .set("RUSTFLAGS", backend.rustflags)
            .remove("CARGO_ENCODED_RUSTFLAGS")
            // A failing test needs line numbers in its backtrace. Full debug information would take
            // more time and disk space.
            .set("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
            .set("CARGO_INCREMENTAL", "0")
            .set("CARGO_TERM_COLOR", "never")
            .set("RUST_BACKTRACE", "1")
    }

    /// Adds arguments, separated by spaces.
    pub(crate) fn words(mut self, arguments: &str) -> Step {
        self.arguments
            .extend(arguments.split_whitespace().map(OsString::from));
        self
    }

    pub(crate) fn argument(mut self, argument: impl AsRef<OsStr>) -> Step {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub(crate) fn set(mut self, name: impl Into<String>, value: impl AsRef<OsStr>) -> Step {
        let name = name.into();
        self.environment.retain(|(present, _)| *present != name);
        self.environment.push((name, value.as_ref().to_owned()));
        self
    }

    pub(crate) fn remove(mut self, name: &'static str) -> Step {
        self.removed.push(name);
        self
    }

    pub(crate) fn folder(mut self, folder: impl AsRef<Path>) -> Step {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    pub(crate) fn limit(mut self, seconds: u64) -> Step {
        self.limit = Duration::from_secs(seconds);
        self
    }

    /// Expects this exit status instead of 0.
    pub(crate) fn status(mut self, status: i32) -> Step {
        self.status = status;
        self
    }

    /// The command as a user types it, without the variables that do not change the result.
    fn shown(&self) -> String {
        let mut line = String::new();
        for (name, value) in &self.environment {
            let is_shown = matches!(&**name, "RUSTFLAGS" | "RUSTDOCFLAGS" | "RUSTC");
            if is_shown && !value.is_empty() {
                line += &format!("{name}=\"{}\" ", value.to_string_lossy());
            }
        }
        line += &self.program.to_string_lossy();
        for argument in &self.arguments {
            line += " ";
            line += &argument.to_string_lossy();
        }
        line
    }

    fn command(&self, project: &Project) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(self.folder.as_ref().unwrap_or(&project.root))
            .stdin(Stdio::null());
        // `cargo run` sets these for xtask alone.
        for (name, _) in std::env::vars_os() {
            if let Some(text) = name.to_str() {
                if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                    command.env_remove(text);
                }
            }
        }
        for name in &self.removed {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The state of a stage: its log, the tests counted so far, and the reasons why tests did not run.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) project: &'a Project,
    pub(crate) counts: Counts,
    pub(crate) reasons: Vec<String>,
    log_file: File,
    bar: ProgressBar,
}

impl<'a> Context<'a> {
    pub(crate) fn new(project: &'a Project, log: &Path, bar: ProgressBar) -> Result<Context<'a>> {
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
        }
        let log = File::options()
            .create(true)
            .truncate(true)
            .write(true)
            .read(true)
            .open(log)
            .with_context(|| format!("{}", log.display()))?;
        Ok(Context {
            project,
            counts: Counts::default(),
            reasons: Vec::new(),
            log_file: log,
            bar,
        })
    }

    /// Writes a line to the log, and shows it beside the spinner.
    pub(crate) fn log(&mut self, text: &str) -> Result<()> {
        self.bar.set_message(text.to_owned());
        writeln!(self.log_file, "{text}")?;
        Ok(())
    }

    /// Runs all steps, also after one has failed. Returns the last error.
    pub(crate) fn run_each(&mut self, steps: impl IntoIterator<Item = Step>) -> Result<()> {
        let mut outcome = Ok(());
        for step in steps {
            if let Err(error) = self.run(step) {
                outcome = Err(error);
            }
        }
        outcome
    }

    /// Runs a command and returns its output. An unexpected exit status is an error.
    pub(crate) fn run(&mut self, step: Step) -> Result<String> {
        let (shown, expected) = (step.shown(), step.status);
        let (output, status) = self.run_through(step)?;
        if status.code() != Some(expected) {
            bail!("`{shown}` ended with {}", describe(status));
        }
        Ok(output)
    }

    /// Runs a command that may fail. Returns its output, and whether it had the expected status.
    pub(crate) fn run_either(&mut self, step: Step) -> Result<(String, bool)> {
        let expected = step.status;
        let (output, status) = self.run_through(step)?;
        Ok((output, status.code() == Some(expected)))
    }

    fn run_through(&mut self, step: Step) -> Result<(String, ExitStatus)> {
        let shown = step.shown();
        if interrupted() {
            bail!("`{shown}` was not started: interrupted");
        }
        self.log(&format!("$ {shown}"))?;
        let start = self.log_file.stream_position()?;
        let mut child = step
            .command(self.project)
            .stdout(self.log_file.try_clone()?)
            .stderr(self.log_file.try_clone()?)
            .process_group(0)
            .spawn()
            .with_context(|| shown.clone())?;
        let status = wait(&mut child, step.limit);

        let mut output = Vec::new();
        self.log_file.seek(SeekFrom::Start(start))?;
        self.log_file.read_to_end(&mut output)?;
        let output = String::from_utf8_lossy(&output).into_owned();
        self.counts.add(Counts::read(&output));
        self.reasons.extend(counts::reasons(&output));

        let Some(status) = status? else {
            bail!("`{shown}` took longer than {} s", step.limit.as_secs());
        };
        Ok((output, status))
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (_, Some(signal)) => format!("signal {signal}"),
        _ => status.to_string(),
    }
}

/// Waits for a child that leads a process group. Kills it after `limit`, and returns `None`.
fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if interrupted() {
            end_group(child);
            bail!("interrupted");
        }
        if start.elapsed() > limit {
            end_group(child);
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Kills a child. If it leads a process group, also kills all processes of the group.
pub(crate) fn end_group(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // The group may have exited meanwhile.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
