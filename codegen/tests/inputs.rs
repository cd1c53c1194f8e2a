//! Inputs that lie: files that would shadow others, headers changed in the cache, versions that contradict the pack, files nobody
//! reads. Each is named, and nothing is written.

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
fn files_in_the_current_folder_shadow_nothing() -> Result {
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
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        assert_eq!(String::from_utf8(output.stdout)?, there);
    }
    Ok(())
}

/// A cache in which the pack with NetBSD's headers can be spoilt: the wheels and libclang are those of the real one.
struct Cache {
    /// For `XDG_CACHE_HOME`.
    base: tempfile::TempDir,
    /// The unpacked pack.
    pack: PathBuf,
}

impl Cache {
    /// A new one.
    fn new() -> Result<Cache> {
        let base = tempfile::tempdir()?;
        let kept = base.path().join("mio-build");
        fs::create_dir(&kept)?;
        let mut pack = None;
        for entry in fs::read_dir(real_cache()?)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let place = kept.join(&name);
            if name.starts_with("ziglang-0.16.0-") && entry.path().join("SHA256SUMS").is_file() {
                // Files are replaced below, so they can be shared.
                let copied = Command::new("cp")
                    .arg("-rl")
                    .args([&entry.path(), &place])
                    .status()?;
                assert!(copied.success());
                pack = Some(place);
            } else if name.ends_with(".whl") || name.starts_with("libclang-1") {
                symlink(entry.path(), place)?;
            }
        }
        Ok(Cache {
            base,
            pack: pack.ok_or("the pack is not unpacked")?,
        })
    }

    /// Puts a file into the pack.
    fn put(&self, name: &str, text: &str) -> Result {
        let path = self.pack.join(name);
        fs::remove_file(&path).ok();
        Ok(fs::write(path, text)?)
    }

    /// The table of one target, and what is said.
    fn run(&self, repository: &Repository) -> Result<(String, String)> {
        let output = repository
            .tool()
            .args(ONE)
            .env("XDG_CACHE_HOME", self.base.path())
            .output()?;
        let said = String::from_utf8(output.stderr)?;
        assert!(output.status.success(), "{said}");
        Ok((String::from_utf8(output.stdout)?, said))
    }
}

#[test]
fn what_changed_in_the_cache_is_named_and_mended() -> Result {
    let (repository, cache) = (Repository::new()?, Cache::new()?);
    let right = repository.succeed(&ONE)?;
    let include = "ziglang/lib/libc/include/generic-netbsd";
    let event = fs::read_to_string(cache.pack.join(include).join("sys/event.h"))?;
    let poll = fs::read_to_string(cache.pack.join(include).join("poll.h"))?;
    // A dead run's folder goes, a living one's stays.
    let (dead, alive) = (
        cache.base.path().join("mio-build/.new-dead"),
        cache.base.path().join("mio-build/.new-alive"),
    );
    for folder in [&dead, &alive] {
        fs::create_dir(folder)?;
        fs::write(folder.join("lock"), "")?;
    }
    let lock = File::open(alive.join("lock"))?;
    FileExt::lock(&lock)?;
    cache.put(
        &format!("{include}/sys/event.h"),
        &event.replace("0x0001U", "0x0007U"),
    )?;
    cache.put(&format!("{include}/poll.h"), &poll[..poll.len() / 2])?;
    fs::remove_file(cache.pack.join(include).join("time.h"))?;
    cache.put(&format!("{include}/extra.h"), "")?;
    let (table, said) = cache.run(&repository)?;
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
        assert!(said.contains(wanted), "{wanted:?} is not in {said}");
    }
    assert_eq!(table, right);
    assert!(!dead.exists() && alive.exists());
    let (table, said) = cache.run(&repository)?;
    assert_eq!((table, said.as_str()), (right, ""), "it is mended");
    Ok(())
}

#[test]
fn all_that_is_wrong_with_the_lists_is_said_at_once() -> Result {
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
    let said = failure(repository.tool().env("GITHUB_ACTIONS", "true").output()?)?;
    for wanted in [
        "\n::error file=codegen/symbols/vita.txt,line=1::codegen/symbols/vita.txt:1: the list is empty",
        "\n::error file=codegen/symbols/plan9.txt::codegen/symbols/plan9.txt is read by no system",
        "error: codegen/symbols/linux.txt:",
        "`# why` is ",
        "error: codegen/symbols/netbsd.txt:",
        "error: codegen/symbols/plan9.txt is read by no system of codegen/targets\n",
        "error: codegen/symbols/openbds.txt is read by no system of codegen/targets; did you mean `openbsd.txt`?\n",
        "error: codegen/symbols/vita.txt:1: the list is empty, so nothing would be bound\n",
    ] {
        assert!(said.contains(wanted), "{wanted:?} is not in {said}");
    }
    assert!(repository.tree()? == before);
    Ok(())
}

#[test]
fn sides_that_are_not_given_are_no_sides() -> Result {
    let repository = Repository::whole()?;
    for (side, wanted) in [
        ("", "`` is empty, as a variable that is not set"),
        ("ziglang@", "`ziglang@` is a header pack without a version"),
    ] {
        let output = repository.tool().args(["diff", side]).output()?;
        let said = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(wanted), "{said}");
    }
    Ok(())
}

/// The headers of the newer pack are NetBSD 11's (their sys/param.h is of its branch, `std/Target.zig` says so), and clang is told
/// that it reads 10.1.
#[test]
fn headers_of_another_version_than_clang_is_told_are_refused() -> Result {
    let repository = Repository::whole()?;
    let before = repository.tree()?;
    let said = repository.fail(&["bump", "ziglang-netbsd", "0.17.1"])?;
    for wanted in [
        "link name __kevent50 → __kevent100",
        "ziglang 0.17.1 has the headers of NetBSD 11.0, but codegen/targets/netbsd.rs tells clang that it reads NetBSD 10.1: \
         -D__NetBSD_Version__=1001000000;",
        "nothing was written",
    ] {
        assert!(said.contains(wanted), "{wanted:?} is not in {said}");
    }
    assert!(repository.tree()? == before);
    Ok(())
}

#[test]
fn a_version_is_what_the_wheel_calls_it() -> Result {
    let repository = Repository::new()?;
    let said = repository.succeed(&["bump", "ziglang-netbsd", "0.16"])?;
    assert!(said.contains("is at ziglang 0.16.0 already"), "{said}");
    repository.edit(
        "codegen/sources.toml",
        "version = \"0.16.0\"",
        "version = \"0.16\"",
    )?;
    let said = repository.fail(&ONE)?;
    assert!(
        said.contains("ziglang is pinned at version `0.16`, but ")
            && said.contains(" is version 0.16.0"),
        "{said}"
    );
    Ok(())
}

#[test]
fn a_report_that_cannot_be_written_stops_the_run_before_anything_is() -> Result {
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
        let said = repository.fail(&[&add[..], &[file]].concat())?;
        assert!(said.contains(wanted), "{wanted:?} is not in {said}");
        assert!(repository.tree()? == before, "{file}");
    }
    repository.succeed(&[&add[..], &["report.md", "--format", "markdown"]].concat())?;
    let report = fs::read_to_string(repository.path("report.md"))?;
    assert!(report.contains("| const `EFD_SEMAPHORE` |"), "{report}");
    Ok(())
}

#[test]
fn what_cannot_be_printed_is_an_error() -> Result {
    let repository = Repository::new()?;
    let full = || File::options().write(true).open("/dev/full");
    for arguments in [&["--list"][..], &["list", "packs"]] {
        let output = repository.tool().args(arguments).stdout(full()?).output()?;
        let said = failure(output)?;
        assert!(
            said.contains("cannot print: No space left on device"),
            "{said}"
        );
    }
    // A reader that has seen enough is none.
    let mut child = repository
        .tool()
        .arg("--list")
        .stdout(Stdio::piped())
        .spawn()?;
    drop(child.stdout.take());
    assert!(child.wait()?.success());
    Ok(())
}

/// Waits until the run says that it waits.
fn waits(child: &mut std::process::Child) -> Result {
    let mut said = Vec::new();
    let mut errors = child.stderr.take().ok_or("no errors")?;
    let mut byte = [0];
    while errors.read(&mut byte)? > 0 {
        said.extend(byte);
        if said.ends_with(b"; waiting for it\n") {
            child.stderr = Some(errors);
            return Ok(());
        }
    }
    Err(String::from_utf8_lossy(&said).into_owned().into())
}

/// The folder that a run of the tool locks.
fn lock(repository: &Repository) -> Result<File> {
    let file = File::open(repository.path("codegen"))?;
    FileExt::lock(&file)?;
    Ok(file)
}

#[test]
fn a_run_that_writes_waits_for_another_and_sees_what_it_wrote() -> Result {
    let repository = Repository::whole()?;
    let held = lock(&repository)?;
    // What only reads needs no turn.
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
        waits(&mut child)?;
        sleep(Duration::from_millis(200));
        assert!(child.try_wait()?.is_none());
        if arguments.first() == Some(&"add") {
            // The run that is waited for adds a symbol; it is not lost.
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
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
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

/// The lines of a list by their first word, comments first.
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
fn a_folder_without_git_can_be_compared_and_a_revision_cannot() -> Result {
    let repository = Repository::whole()?;
    let here = |program: &Path| -> Result<(Option<i32>, String)> {
        let output = repository
            .tool()
            .args(["diff", "HEAD"])
            .env("PATH", program)
            .output()?;
        Ok((output.status.code(), String::from_utf8(output.stderr)?))
    };
    let (status, said) = here(Path::new("/nonexistent"))?;
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("there is no program `git` in PATH"), "{said}");
    let git = std::env::var("PATH")?;
    let (status, said) = here(Path::new(&git))?;
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("is in no git repository"), "{said}");
    let output = repository
        .tool()
        .args(["diff", ".", "."])
        .env("PATH", "/nonexistent")
        .output()?;
    assert!(output.status.success());
    Ok(())
}
