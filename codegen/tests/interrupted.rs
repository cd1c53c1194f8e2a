//! Runs that end half-way: Ctrl-C and worse, while headers are read, while files are written, and between two folders. The tree is
//! the old one or the new one, never a mixture that nobody notices, and the next run finishes.

#![cfg(target_os = "linux")]

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use support::{Repository, Result};

/// A file of the bindings and one of the tables.
const OLD: [&str; 2] = [
    "generated/dragonfly/all.rs",
    "codegen/snapshots/dragonfly-all.snap",
];

/// A repository in which two files are to be written, in either folder one.
fn outdated() -> Result<Repository> {
    let repository = Repository::whole()?;
    for name in OLD {
        fs::write(repository.path(name), "old\n")?;
    }
    Ok(repository)
}

/// What an unfinished run has left in the repository.
fn leftovers(repository: &Repository) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(repository.path(""))?.flatten();
    let names = entries.map(|entry| entry.path());
    let ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(".codegen-")
    };
    Ok(names.filter(ours).collect())
}

/// Writes them.
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

/// Status, or the signal that ended it, and what was said.
fn end(child: Child) -> Result<(Option<i32>, Option<i32>, String)> {
    let output = child.wait_with_output()?;
    let said = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    Ok((output.status.code(), output.status.signal(), said))
}

/// The tool stops itself on Ctrl-C and says so.
fn assert_interrupted(child: Child, arguments: &[&str]) -> Result {
    let (status, _, said) = end(child)?;
    assert_eq!(status, Some(130), "{said}");
    let again = [&["cargo", "codegen"], arguments].concat().join(" ");
    let wanted = format!("error: interrupted; nothing was written\n{again}\n");
    assert_eq!(said, wanted);
    Ok(())
}

/// The next run writes everything and removes what was left.
fn assert_finishes(repository: &Repository, new: &BTreeMap<PathBuf, Vec<u8>>) -> Result {
    repository.succeed(&WRITES)?;
    assert!(repository.tree()? == *new, "the next run finishes");
    Ok(())
}

/// Waits until `done`, for a minute at most.
fn wait<T>(mut done: impl FnMut() -> Option<T>) -> Result<T> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        if let Some(value) = done() {
            return Ok(value);
        }
        sleep(Duration::from_millis(1));
    }
    Err("it takes too long".into())
}

/// A file among the tables that is not ours and that the tool waits for, whenever it reads it.
struct Gate {
    /// Its path.
    path: PathBuf,
}

impl Gate {
    /// Makes it.
    fn new(repository: &Repository) -> Result<Gate> {
        let path = repository.path("codegen/snapshots/theirs");
        let status = Command::new("mkfifo").arg(&path).status()?;
        assert!(status.success(), "a pipe is made");
        Ok(Gate { path })
    }

    /// Returns once the tool waits. It goes on when the file is dropped.
    fn reached(&self) -> Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(libc::O_NONBLOCK);
        wait(|| options.open(&self.path).ok())
    }
}

/// Starts the tool and returns when `generated` lies finished beside the old one and the tables are being written.
fn start_and_write(repository: &Repository) -> Result<(Child, Gate, File)> {
    let gate = Gate::new(repository)?;
    let child = start(repository, &WRITES)?;
    // First it reads what is there, to compare; then it takes along what is not its own.
    let (scratch, waits) = loop {
        let waits = gate.reached()?;
        if let Some(scratch) = leftovers(repository)?.pop() {
            break (scratch, waits);
        }
        drop(waits);
        sleep(Duration::from_millis(1));
    };
    assert!(
        scratch.join("0/mod.rs").is_file(),
        "the bindings are written"
    );
    Ok((child, gate, waits))
}

#[test]
fn ctrl_c_while_headers_are_read_changes_nothing() -> Result {
    let repository = outdated()?;
    let before = repository.tree()?;
    for name in ["-INT", "-TERM"] {
        let child = start(&repository, &[])?;
        sleep(Duration::from_millis(700));
        signal(&child, name)?;
        assert_interrupted(child, &[])?;
        assert!(repository.tree()? == before);
        assert_eq!(leftovers(&repository)?, [] as [&Path; 0]);
    }
    Ok(())
}

#[test]
fn ctrl_c_while_files_are_written_changes_nothing() -> Result {
    let repository = outdated()?;
    let before = repository.tree()?;
    let (child, gate, waits) = start_and_write(&repository)?;
    signal(&child, "-INT")?;
    drop(waits);
    assert_interrupted(child, &WRITES)?;
    assert_eq!(leftovers(&repository)?, [] as [&Path; 0]);
    fs::remove_file(gate.path)?;
    assert!(repository.tree()? == before);
    Ok(())
}

#[test]
fn a_second_ctrl_c_ends_it_at_once() -> Result {
    let repository = outdated()?;
    let (child, gate, waits) = start_and_write(&repository)?;
    signal(&child, "-INT")?;
    // It still waits for the file, so the first is only noted.
    sleep(Duration::from_millis(50));
    signal(&child, "-INT")?;
    let (status, _, said) = end(child)?;
    assert_eq!(status, Some(130), "{said}");
    drop((waits, gate));
    Ok(())
}

#[test]
fn a_run_killed_while_files_are_written_leaves_the_old_tree_and_the_next_one_cleans_up() -> Result {
    let new = Repository::whole()?.tree()?;
    let repository = outdated()?;
    let before = repository.tree()?;
    let (child, gate, waits) = start_and_write(&repository)?;
    signal(&child, "-KILL")?;
    assert_eq!(end(child)?.1, Some(9));
    drop(waits);
    fs::remove_file(gate.path)?;
    let [scratch] = &leftovers(&repository)?[..] else {
        return Err("one folder is left".into());
    };
    let mut left = repository.tree()?;
    let name = scratch.file_name().unwrap_or_default().to_owned();
    left.retain(|path, _| !path.starts_with(&name));
    assert!(left == before);
    assert_finishes(&repository, &new)
}

/// Whether strace can follow a process here; if not, says that the test is not run.
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

/// Runs the tool and kills it at the exchange of this number, the first being 1.
fn killed_at_exchange(repository: &Repository, number: u32, arguments: &[&str]) -> Result {
    let tool = repository.tool();
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2"])
        .args(["-e", &format!("inject=renameat2:signal=KILL:when={number}")])
        .current_dir(tool.get_current_dir().ok_or("no folder")?)
        .arg(tool.get_program())
        .args(tool.get_args())
        .args(arguments)
        .stdout(Stdio::null())
        .status()?;
    assert_eq!(status.signal(), Some(9), "{status}");
    Ok(())
}

#[test]
fn killed_between_two_folders_the_older_one_is_named_and_the_next_run_finishes() -> Result {
    if !strace() {
        return Ok(());
    }
    let new = Repository::whole()?.tree()?;
    let repository = outdated()?;
    killed_at_exchange(&repository, 2, &WRITES)?;
    let said = repository.fail(&[&["--check"], &WRITES[..]].concat())?;
    let wanted = "generated is what the inputs give, codegen/snapshots is not: after an interrupted run it is the older one\n\
        cargo codegen\n";
    assert!(said.ends_with(wanted), "{said}");
    assert_finishes(&repository, &new)
}

#[test]
fn killed_behind_the_list_of_symbols_the_next_run_finishes() -> Result {
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
    killed_at_exchange(&repository, 2, &arguments)?;
    let list = fs::read_to_string(repository.path("codegen/symbols/linux.txt"))?;
    assert!(list.contains("EPOLLEXCLUSIVE"), "the list is the new one");
    let said = repository.fail(&["--check", "--os", "linux"])?;
    for folder in ["changed: generated/linux/", "changed: codegen/snapshots/"] {
        assert!(said.contains(folder), "{folder} is not in {said}");
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
