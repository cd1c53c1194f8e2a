//! Runs that are interrupted: by Ctrl-C and SIGKILL, while headers are read, while files are
//! written, and between two renames. Every file is complete, an old or a new one. `check` names the
//! old ones, and the next run writes them.

#![cfg(target_os = "linux")]

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use support::{Repository, Result};

/// A file of the bindings and one of the tables.
const OLD: [&str; 2] = [
    "generated/dragonfly/all.rs",
    "codegen/snapshots/dragonfly-all.snap",
];

/// A repository with an outdated file in each of the two output folders.
fn outdated() -> Result<Repository> {
    let repository = Repository::whole()?;
    for name in OLD {
        fs::write(
            repository.path(name),
            "//! Written by `cargo codegen`; do not edit.\n",
        )?;
    }
    Ok(repository)
}

/// Whether the file is a temporary one of the tool.
fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with(".codegen-")
}

/// The temporary files in the repository.
fn leftovers(repository: &Repository) -> Result<Vec<PathBuf>> {
    let files = repository.tree()?.into_keys();
    Ok(files.filter(|path| is_temporary(path)).collect())
}

/// The arguments that write the outdated files.
const WRITES: [&str; 2] = ["--os", "dragonfly"];

/// Starts the tool.
fn start(repository: &Repository, arguments: &[&str]) -> Result<Child> {
    let mut tool = repository.tool();
    tool.args(arguments);
    Ok(tool.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
}

/// Sends a signal.
fn signal(child: &Child, name: &str) -> Result {
    let status = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()?;
    assert!(status.success(), "{name} is sent");
    Ok(())
}

/// Asserts that the tool has ended itself with the status of Ctrl-C.
fn assert_interrupted(output: Output, arguments: &[&str]) -> Result {
    let message = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(130), "{message}");
    let retry = [&["cargo", "codegen"], arguments].concat().join(" ");
    let wanted = format!("error: interrupted; nothing was written\nhelp: {retry}\n");
    assert_eq!(message, wanted);
    Ok(())
}

/// Asserts that the next run writes everything and leaves no temporary file.
fn assert_next_run_writes(repository: &Repository, new: &BTreeMap<PathBuf, Vec<u8>>) -> Result {
    repository.succeed(&WRITES)?;
    assert!(repository.tree()? == *new, "the next run writes all files");
    Ok(())
}

/// A pipe among the tables. The tool blocks when it reads the folder.
struct Pipe {
    /// Its path.
    path: PathBuf,
}

impl Pipe {
    /// Makes the pipe.
    fn new(repository: &Repository) -> Result<Pipe> {
        let path = repository.path("codegen/snapshots/pipe");
        let status = Command::new("mkfifo").arg(&path).status()?;
        assert!(status.success(), "a pipe is made");
        Ok(Pipe { path })
    }

    /// Waits for a minute at most until the tool blocks, which ends when the file is dropped.
    fn wait_for_reader(&self) -> Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(libc::O_NONBLOCK);
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(60) {
            if let Ok(file) = options.open(&self.path) {
                return Ok(file);
            }
            sleep(Duration::from_millis(1));
        }
        Err("the tool does not read the folder".into())
    }
}

#[test]
fn ctrl_c_while_headers_are_read_changes_nothing() -> Result {
    let repository = outdated()?;
    let before = repository.tree()?;
    for name in ["-INT", "-TERM"] {
        let child = start(&repository, &[])?;
        sleep(Duration::from_millis(700));
        signal(&child, name)?;
        assert_interrupted(child.wait_with_output()?, &[])?;
        assert!(repository.tree()? == before);
    }
    Ok(())
}

#[test]
fn second_ctrl_c_ends_the_run_immediately() -> Result {
    let repository = outdated()?;
    let pipe = Pipe::new(&repository)?;
    let child = start(&repository, &WRITES)?;
    let writer = pipe.wait_for_reader()?;
    signal(&child, "-INT")?;
    // The tool still blocks, so it has only recorded the first signal.
    sleep(Duration::from_millis(50));
    signal(&child, "-INT")?;
    let output = child.wait_with_output()?;
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    drop(writer);
    Ok(())
}

/// Whether strace can trace a process here. If not, prints that the test is not run.
fn strace() -> bool {
    let probe = Command::new("strace")
        .args(["-qq", "-e", "trace=none", "true"])
        .output();
    let reason = match probe {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => format!("strace: {error}"),
    };
    println!("not run: {}", reason.trim());
    false
}

/// The system call that follows the content of each temporary file.
const SYNC: &str = "fsync";
/// The system calls that rename a file.
const RENAME: &str = "rename,renameat,renameat2";

/// Runs the tool and sends a signal to it at call `number` (from 1) of a system call.
fn run_with_signal(
    repository: &Repository,
    (signal, calls, number): (&str, &str, u32),
    arguments: &[&str],
) -> Result<Output> {
    let tool = repository.tool();
    let inject = format!("inject={calls}:signal={signal}:when={number}");
    Ok(Command::new("strace")
        .args([
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            &format!("trace={calls}"),
        ])
        .args(["-e", &inject])
        .current_dir(tool.get_current_dir().ok_or("no folder")?)
        .arg(tool.get_program())
        .args(arguments)
        .output()?)
}

/// Runs the tool and kills it at call `number` (from 1) of a system call.
fn run_killed(repository: &Repository, (calls, number): (&str, u32), arguments: &[&str]) -> Result {
    let output = run_with_signal(repository, ("KILL", calls, number), arguments)?;
    assert_eq!(output.status.signal(), Some(9), "{output:?}");
    Ok(())
}

#[test]
fn ctrl_c_while_files_are_written_changes_nothing() -> Result {
    if !strace() {
        return Ok(());
    }
    let repository = outdated()?;
    let before = repository.tree()?;
    let output = run_with_signal(&repository, ("INT", SYNC, 1), &WRITES)?;
    assert_interrupted(output, &WRITES)?;
    assert!(repository.tree()? == before, "no temporary file is left");
    Ok(())
}

#[test]
fn run_killed_while_files_are_written_leaves_the_old_files() -> Result {
    if !strace() {
        return Ok(());
    }
    let new = Repository::whole()?.tree()?;
    let repository = outdated()?;
    let before = repository.tree()?;
    run_killed(&repository, (SYNC, 2), &WRITES)?;
    assert_eq!(leftovers(&repository)?.len(), 2, "two temporary files");
    let mut left = repository.tree()?;
    left.retain(|path, _| !is_temporary(path));
    assert!(left == before);
    assert_next_run_writes(&repository, &new)
}

#[test]
fn after_a_kill_between_renames_check_names_the_old_folder() -> Result {
    if !strace() {
        return Ok(());
    }
    let new = Repository::whole()?.tree()?;
    let repository = outdated()?;
    run_killed(&repository, (RENAME, 2), &WRITES)?;
    let message = repository.fail(&[&["check"], &WRITES[..]].concat())?;
    let wanted = "generated is up to date, codegen/snapshots is not: \
        an interrupted run leaves this\nhelp: cargo codegen\n";
    assert!(message.ends_with(wanted), "{message}");
    assert_next_run_writes(&repository, &new)
}

#[test]
fn after_a_kill_behind_the_symbol_file_the_next_run_writes_the_rest() -> Result {
    if !strace() {
        return Ok(());
    }
    let arguments = [
        "add",
        "EPOLLEXCLUSIVE",
        "--os",
        "linux",
        "--why",
        "one of several",
    ];
    let repository = Repository::whole()?;
    run_killed(&repository, (RENAME, 2), &arguments)?;
    let list = fs::read_to_string(repository.path("codegen/symbols/linux.txt"))?;
    assert!(list.contains("EPOLLEXCLUSIVE"), "the list is the new one");
    let message = repository.fail(&["check", "--os", "linux"])?;
    for folder in ["changed: generated/linux/", "changed: codegen/snapshots/"] {
        assert!(message.contains(folder), "{folder} is not in {message}");
    }
    repository.succeed(&["--os", "linux"])?;
    for name in [
        "generated/linux/x86_64.rs",
        "codegen/snapshots/linux-x86_64.snap",
    ] {
        let text = fs::read_to_string(repository.path(name))?;
        assert!(
            text.contains("const EPOLLEXCLUSIVE: u32 = 268435456"),
            "{name}"
        );
    }
    assert_eq!(leftovers(&repository)?, [] as [&Path; 0]);
    Ok(())
}
