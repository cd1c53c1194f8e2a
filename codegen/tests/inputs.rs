//! Misleading inputs: files that would shadow headers, changed files in the cache, versions that
//! contradict the pack, files that no system reads. Each is named, and nothing is written.

#![cfg(unix)]

mod support;

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use fs4::FileExt;
use support::{Repository, Result, failure, real_cache};

/// One target is enough for most tests.
const ONE: [&str; 2] = ["--target", "x86_64-unknown-netbsd"];

#[test]
fn files_in_the_current_folder_shadow_no_headers() -> Result {
    let repository = Repository::new()?;
    let here = tempfile::tempdir()?;
    for name in ["linux.h", "wrapper.h", "poll.h", "limits.h"] {
        fs::write(
            here.path().join(name),
            "#error shadowed\n#define EPERM 99\n",
        )?;
    }
    let root = repository.path("").display().to_string();
    for triple in ["x86_64-unknown-linux-musl", "x86_64-pc-windows-gnu"] {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_mio-codegen"));
        tool.current_dir(here.path())
            .args(["--root", &root, "--target", triple]);
        let there = repository.succeed(&["--target", triple])?;
        let output = tool.output()?;
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{message}");
        assert_eq!(String::from_utf8(output.stdout)?, there);
    }
    Ok(())
}

/// A cache whose pack with NetBSD's headers can be changed. Wheels and libclang are links to those
/// of the real cache.
struct Cache {
    /// The value of `XDG_CACHE_HOME`.
    base: tempfile::TempDir,
    /// The unpacked pack.
    pack: PathBuf,
}

impl Cache {
    /// Copies the real cache.
    fn new() -> Result<Cache> {
        let base = tempfile::tempdir()?;
        let kept = base.path().join("mio-build");
        fs::create_dir(&kept)?;
        let mut pack = None;
        for entry in fs::read_dir(real_cache()?)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = kept.join(&name);
            let netbsd = entry.path().join("ziglang/lib/libc/include/generic-netbsd");
            if name.starts_with("ziglang-0.16.0-")
                && entry.path().join("SHA256SUMS").is_file()
                && netbsd.is_dir()
            {
                // Hard links: `put` replaces files and does not write into them.
                let copied = Command::new("cp")
                    .arg("-rl")
                    .args([&entry.path(), &path])
                    .status()?;
                assert!(copied.success());
                pack = Some(path);
            } else if name.ends_with(".whl") || name.starts_with("libclang-1") {
                symlink(entry.path(), path)?;
            }
        }
        Ok(Cache {
            base,
            pack: pack.ok_or("the pack is not unpacked")?,
        })
    }

    /// Replaces a file of the pack.
    fn put(&self, name: &str, text: &str) -> Result {
        let path = self.pack.join(name);
        fs::remove_file(&path).ok();
        Ok(fs::write(path, text)?)
    }

    /// Runs the tool for one target. Returns the table and the messages.
    fn run(&self, repository: &Repository) -> Result<(String, String)> {
        let output = repository
            .tool()
            .args(ONE)
            .env("XDG_CACHE_HOME", self.base.path())
            .output()?;
        let message = String::from_utf8(output.stderr)?;
        assert!(output.status.success(), "{message}");
        Ok((String::from_utf8(output.stdout)?, message))
    }
}

#[test]
fn changed_files_in_the_cache_are_named_and_replaced() -> Result {
    let (repository, cache) = (Repository::new()?, Cache::new()?);
    let right = repository.succeed(&ONE)?;
    let include = "ziglang/lib/libc/include/generic-netbsd";
    let event = fs::read_to_string(cache.pack.join(include).join("sys/event.h"))?;
    let poll = fs::read_to_string(cache.pack.join(include).join("poll.h"))?;
    // The unfinished folder of a killed run is removed, that of another run stays.
    let (killed, running) = (
        cache.base.path().join("mio-build/.new-killed"),
        cache.base.path().join("mio-build/.new-running"),
    );
    for folder in [&killed, &running] {
        fs::create_dir(folder)?;
        fs::write(folder.join("lock"), "")?;
    }
    let lock = File::open(running.join("lock"))?;
    FileExt::lock(&lock)?;
    cache.put(
        &format!("{include}/sys/event.h"),
        &event.replace("0x0001U", "0x0007U"),
    )?;
    cache.put(&format!("{include}/poll.h"), &poll[..poll.len() / 2])?;
    fs::remove_file(cache.pack.join(include).join("time.h"))?;
    cache.put(&format!("{include}/extra.h"), "")?;
    let (table, message) = cache.run(&repository)?;
    for wanted in [
        "changed: ",
        "/sys/event.h\n",
        "/poll.h\n",
        "missing: ",
        "/time.h\n",
        "not of the pack: ",
        "/extra.h\n",
        "unpacking ziglang 0.16.0",
    ] {
        assert!(message.contains(wanted), "{wanted:?} is not in {message}");
    }
    assert_eq!(table, right);
    assert!(!killed.exists() && running.exists());
    let (table, message) = cache.run(&repository)?;
    assert_eq!(
        (table, message.as_str()),
        (right, ""),
        "the pack is complete"
    );
    Ok(())
}

#[test]
fn all_errors_in_symbol_files_are_reported_at_once() -> Result {
    let repository = Repository::new()?;
    repository.edit("codegen/symbols/linux.txt", "# flag of eventfd", "")?;
    repository.edit("codegen/symbols/netbsd.txt", "const", "konst")?;
    fs::write(
        repository.path("codegen/symbols/plan9.txt"),
        "poll fn poll(2) # waits\n",
    )?;
    fs::write(repository.path("codegen/symbols/openbds.txt"), "")?;
    fs::write(repository.path("codegen/symbols/vita.txt"), "# nothing\n")?;
    let before = repository.tree()?;
    let message = failure(repository.tool().env("GITHUB_ACTIONS", "true").output()?)?;
    for wanted in [
        "\n::error file=codegen/symbols/vita.txt,line=1::codegen/symbols/vita.txt:1: the list has ",
        "\n::error file=codegen/symbols/plan9.txt::no system of codegen/targets reads ",
        "error: codegen/symbols/linux.txt:",
        "`# WHY` is ",
        "error: codegen/symbols/netbsd.txt:",
        "error: no system of codegen/targets reads codegen/symbols/plan9.txt\n\
         help: remove it, or add its system to codegen/targets\n",
        "error: no system of codegen/targets reads codegen/symbols/openbds.txt\n\
         help: rename it to `openbsd.txt`, or remove it\n",
        "error: codegen/symbols/vita.txt:1: the list has no symbol\n",
    ] {
        assert!(message.contains(wanted), "{wanted:?} is not in {message}");
    }
    assert!(repository.tree()? == before);
    Ok(())
}

#[test]
fn empty_operands_of_diff_are_rejected() -> Result {
    let repository = Repository::whole()?;
    for (side, wanted) in [
        ("", "`` is empty, as a variable that is not set"),
        ("ziglang@", "`ziglang@` is a header pack without a version"),
    ] {
        let output = repository.tool().args(["diff", side]).output()?;
        let message = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(wanted), "{message}");
    }
    Ok(())
}

/// The newer pack has the headers of NetBSD 11, by the list in its `std/Target.zig`. The flag of
/// clang declares 10.1.
#[test]
fn headers_of_another_version_than_the_flag_declares_are_rejected() -> Result {
    let repository = Repository::whole()?;
    let before = repository.tree()?;
    let message = repository.fail(&["bump", "ziglang-netbsd", "0.17.1"])?;
    for wanted in [
        "link name __kevent50 → __kevent100",
        "ziglang 0.17.1 has the headers of NetBSD 11.0, but codegen/targets/netbsd.rs declares \
         NetBSD 10.1 (-D__NetBSD_Version__=1001000000) to clang\n\
         help: change that flag together with the pack, or keep the pack\n",
        "nothing was written",
    ] {
        assert!(message.contains(wanted), "{wanted:?} is not in {message}");
    }
    assert!(repository.tree()? == before);
    Ok(())
}

#[test]
fn version_is_that_of_the_wheel() -> Result {
    let repository = Repository::new()?;
    let message = repository.succeed(&["bump", "ziglang-netbsd", "0.16"])?;
    assert!(
        message.contains("is at ziglang 0.16.0 already"),
        "{message}"
    );
    repository.edit(
        "codegen/sources.toml",
        "version = \"0.16.0\"",
        "version = \"0.16\"",
    )?;
    let message = repository.fail(&ONE)?;
    assert!(
        message.contains("ziglang is pinned at version `0.16`, but ")
            && message.contains(" is version 0.16.0"),
        "{message}"
    );
    Ok(())
}

#[test]
fn report_that_cannot_be_written_leaves_all_files_unchanged() -> Result {
    let repository = Repository::whole()?;
    let before = repository.tree()?;
    let add = [
        "add",
        "EFD_SEMAPHORE",
        "--os",
        "linux",
        "--why",
        "counts",
        "--output",
    ];
    for (file, wanted) in [
        (
            "missing/report.md",
            "cannot write missing/report.md: No such file or directory",
        ),
        ("codegen", "cannot write codegen: Is a directory"),
        (
            "/dev/full",
            "cannot write /dev/full: No space left on device",
        ),
    ] {
        let message = repository.fail(&[&add[..], &[file]].concat())?;
        assert!(message.contains(wanted), "{wanted:?} is not in {message}");
        assert!(repository.tree()? == before, "{file}");
    }
    repository.succeed(&[&add[..], &["report.md", "--format", "markdown"]].concat())?;
    let report = fs::read_to_string(repository.path("report.md"))?;
    assert!(report.contains("| const `EFD_SEMAPHORE` |"), "{report}");
    Ok(())
}

#[test]
fn full_standard_output_is_an_error() -> Result {
    let repository = Repository::new()?;
    let full = || File::options().write(true).open("/dev/full");
    for arguments in [&["--list"][..], &["list", "packs"]] {
        let output = repository.tool().args(arguments).stdout(full()?).output()?;
        let message = failure(output)?;
        assert!(
            message.contains("cannot print: No space left on device"),
            "{message}"
        );
    }
    // A closed pipe is no error.
    let mut child = repository
        .tool()
        .arg("--list")
        .stdout(Stdio::piped())
        .spawn()?;
    drop(child.stdout.take());
    assert!(child.wait()?.success());
    Ok(())
}

/// Waits until the run reports that it waits for the lock.
fn wait_until_blocked(child: &mut std::process::Child) -> Result {
    let mut message = Vec::new();
    let mut errors = child.stderr.take().ok_or("no errors")?;
    let mut byte = [0];
    while errors.read(&mut byte)? > 0 {
        message.extend(byte);
        if message.ends_with(b"; waiting for it\n") {
            child.stderr = Some(errors);
            return Ok(());
        }
    }
    Err(String::from_utf8_lossy(&message).into_owned().into())
}

/// Takes the lock of a repository.
fn lock(repository: &Repository) -> Result<File> {
    let file = File::open(repository.path("codegen"))?;
    FileExt::lock(&file)?;
    Ok(file)
}

#[test]
fn writing_run_waits_for_the_lock_and_reads_inputs_afterwards() -> Result {
    let repository = Repository::whole()?;
    let held = lock(&repository)?;
    // A run that only reads takes no lock.
    repository.succeed(&["list", "packs"])?;
    repository.succeed(&["show", "epoll_event"])?;
    for arguments in [
        &[][..],
        &["bump", "ziglang-netbsd", "0.16"],
        &["add", "EFD_SEMAPHORE", "--os", "linux", "--why", "x"],
    ] {
        let mut child = repository
            .tool()
            .args(arguments)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        wait_until_blocked(&mut child)?;
        sleep(Duration::from_millis(200));
        assert!(child.try_wait()?.is_none());
        if arguments.first() == Some(&"add") {
            // The holder of the lock adds a symbol, which must not be lost.
            let list = "codegen/symbols/linux.txt";
            repository.edit(
                list,
                "EPOLLERR ",
                "EPOLLEXCLUSIVE const __u32 <linux/eventpoll.h> # one\nEPOLLERR ",
            )?;
            let text = fs::read_to_string(repository.path(list))?;
            let sorted = sorted(&text);
            fs::write(repository.path(list), sorted)?;
            FileExt::unlock(&held)?;
            let output = child.wait_with_output()?;
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{message}");
            let text = fs::read_to_string(repository.path(list))?;
            assert!(
                text.contains("\nEPOLLEXCLUSIVE ") && text.contains("\nEFD_SEMAPHORE "),
                "{text}"
            );
        } else {
            child.kill()?;
            child.wait()?;
        }
    }
    Ok(())
}

/// The sorted lines of a list, comments first.
fn sorted(text: &str) -> String {
    let (comments, mut lines): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with('#'));
    lines.sort_unstable();
    comments
        .into_iter()
        .chain(lines)
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn folders_are_compared_without_git_and_revisions_are_not() -> Result {
    let repository = Repository::whole()?;
    let here = |program: &Path| -> Result<(Option<i32>, String)> {
        let output = repository
            .tool()
            .args(["diff", "HEAD"])
            .env("PATH", program)
            .output()?;
        Ok((output.status.code(), String::from_utf8(output.stderr)?))
    };
    let (status, message) = here(Path::new("/nonexistent"))?;
    assert_eq!(status, Some(2), "{message}");
    assert!(
        message.contains("there is no program `git` in PATH"),
        "{message}"
    );
    let git = std::env::var("PATH")?;
    let (status, message) = here(Path::new(&git))?;
    assert_eq!(status, Some(2), "{message}");
    assert!(message.contains("is in no git repository"), "{message}");
    let output = repository
        .tool()
        .args(["diff", ".", "."])
        .env("PATH", "/nonexistent")
        .output()?;
    assert!(output.status.success());
    Ok(())
}
