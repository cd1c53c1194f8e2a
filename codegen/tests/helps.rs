//! Each test causes an error, runs the command of its help as a user would, and checks that the
//! problem is gone. The help of other errors is a sentence, because the user has to edit or to
//! decide.

#![cfg(unix)]

mod support;

use std::fs;
use std::process::{Command, Output};

use support::{Repository, Result, help, path_with_cargo, program, real_cache};

/// A repository with programs and an environment for its commands.
struct Workspace {
    /// The repository.
    repository: Repository,
    /// The first folder of `PATH`.
    programs: tempfile::TempDir,
    /// Environment variables.
    variables: Vec<(&'static str, String)>,
}

impl Workspace {
    /// A workspace with a whole repository.
    fn new() -> Result<Workspace> {
        let programs = tempfile::tempdir()?;
        let path = path_with_cargo(programs.path())?;
        let empty = programs.path().join("gitconfig").display().to_string();
        let variables = vec![
            ("PATH", path),
            ("GIT_CONFIG_GLOBAL", empty),
            ("GIT_CONFIG_SYSTEM", "/dev/null".to_owned()),
        ];
        Ok(Workspace {
            repository: Repository::whole()?,
            programs,
            variables,
        })
    }

    /// Runs a shell command in the repository.
    fn shell(&self, line: &str) -> Result<Output> {
        let mut command = Command::new("sh");
        command
            .args(["-c", line])
            .current_dir(self.repository.path(""));
        command.envs(self.variables.iter().cloned());
        Ok(command.output()?)
    }

    /// Runs a shell command, which must succeed. Returns its output.
    fn succeed(&self, line: &str) -> Result<String> {
        let output = self.shell(line)?;
        let message = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        assert!(output.status.success(), "{line}: {message}");
        Ok(message)
    }

    /// Runs `cargo codegen` with these arguments, which must fail with `wanted`. Runs the command
    /// of the help, which must succeed, and returns it.
    fn obey_help(&self, arguments: &str, wanted: &str) -> Result<String> {
        let first = self.shell(&format!("cargo codegen {arguments}"))?;
        let message = String::from_utf8(first.stderr)?;
        assert!(!first.status.success(), "{message}");
        assert!(message.contains(wanted), "{wanted:?} is not in {message}");
        let command = help(&message).to_owned();
        self.succeed(&command)?;
        Ok(command)
    }

    /// The same as `obey_help`. Afterwards the arguments must succeed.
    fn obey_help_and_retry(&self, arguments: &str, wanted: &str) -> Result<String> {
        let help = self.obey_help(arguments, wanted)?;
        self.succeed(&format!("cargo codegen {arguments}"))?;
        Ok(help)
    }
}

/// One target is enough for most.
const ONE: &str = "--target x86_64-unknown-netbsd";

#[test]
fn unsorted_list_is_sorted() -> Result {
    let workspace = Workspace::new()?;
    let path = workspace.repository.path("codegen/symbols/linux.txt");
    let text = fs::read_to_string(&path)?;
    let reversed: String = text.lines().rev().map(|line| format!("{line}\n")).collect();
    fs::write(&path, reversed)?;
    workspace.obey_help_and_retry(ONE, "the file is sorted by byte")?;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(fs::read_to_string(&path)?, lines.join("\n") + "\n");
    Ok(())
}

#[test]
fn crlf_line_endings_are_replaced() -> Result {
    let workspace = Workspace::new()?;
    let list = "codegen/symbols/linux.txt";
    let path = workspace.repository.path(list);
    let text = fs::read_to_string(&path)?;
    fs::write(&path, text.replace('\n', "\r\n"))?;
    let wanted = format!("{list} has CRLF line endings");
    workspace.obey_help_and_retry(ONE, &wanted)?;
    assert_eq!(fs::read_to_string(&path)?, text);
    Ok(())
}

#[test]
fn file_of_another_origin_is_moved_and_not_deleted() -> Result {
    let workspace = Workspace::new()?;
    let notes = workspace.repository.path("generated/vita/it's mine.rs");
    fs::write(&notes, "notes")?;
    let wanted = "generated/vita/it's mine.rs is in a folder that `cargo codegen` manages";
    workspace.obey_help("--os vita", wanted)?;
    assert_eq!(
        fs::read_to_string(workspace.repository.path("it's mine.rs"))?,
        "notes"
    );
    Ok(())
}

#[test]
fn invalid_snapshot_is_written_again() -> Result {
    let workspace = Workspace::new()?;
    workspace
        .repository
        .edit("generated/linux/mips.rs", "//! ", "//! Changed. ")?;
    let snapshot = "codegen/snapshots/aix-all.json";
    workspace
        .repository
        .edit(snapshot, "\"name\"", "\"title\"")?;
    let help = workspace.obey_help_and_retry(
        "list symbols",
        "aix-all.json:11: this is no ABI snapshot: unknown field `title`",
    )?;
    assert_eq!(help, "cargo codegen");
    Ok(())
}

#[test]
fn misspelled_names_are_replaced() -> Result {
    let workspace = Workspace::new()?;
    for (arguments, wanted, help) in [
        (
            "show epol_event",
            "no ABI table has `epol_event` as a record; did you mean `epoll_event`?\n",
            "cargo codegen show epoll_event",
        ),
        (
            "show epoll_event --target x86_64-unknown-linux-gun",
            "`x86_64-unknown-linux-gun` is not a target of codegen/targets; did you mean",
            "cargo codegen show epoll_event --target x86_64-unknown-linux-gnu",
        ),
        (
            "explain EPOLRDHUP",
            "did you mean `EPOLLRDHUP`?\n",
            "cargo codegen explain EPOLLRDHUP",
        ),
        (
            "bump ziglang-netbds 0.16.0",
            "has no header pack `ziglang-netbds`",
            "cargo codegen bump ziglang-netbsd 0.16.0",
        ),
        (
            "bump ziglang-netbds 0.16",
            "has no header pack `ziglang-netbds`",
            "cargo codegen bump ziglang-netbsd 0.16",
        ),
    ] {
        assert_eq!(workspace.obey_help(arguments, wanted)?, help);
    }
    Ok(())
}

#[test]
fn misspelled_arguments_of_add_are_replaced() -> Result {
    let workspace = Workspace::new()?;
    let why = "--why 'wakes one of several'";
    let help = workspace.obey_help(
        &format!("add EFD_SEMAPHORE --os linx {why}"),
        "`linx` is no system",
    )?;
    assert_eq!(
        help,
        format!("cargo codegen add EFD_SEMAPHORE --os linux {why}")
    );
    let wanted = "declares `EPOLLEXCLUSIV`; did you mean `EPOLLEXCLUSIVE`?";
    let help = workspace.obey_help(&format!("add EPOLLEXCLUSIV --os linux {why}"), wanted)?;
    assert_eq!(
        help,
        format!("cargo codegen add EPOLLEXCLUSIVE --os linux {why}")
    );
    let help = workspace.obey_help(
        "add EPOLLWAKEUP --os linux",
        "`EPOLLWAKEUP` needs a purpose",
    )?;
    assert_eq!(
        help,
        "cargo codegen add EPOLLWAKEUP --os linux --why PURPOSE"
    );
    let help = workspace.obey_help(
        "add EPOLLWAKEUP --os linux --why x",
        "has `EPOLLWAKEUP` already",
    )?;
    assert_eq!(help, "cargo codegen explain EPOLLWAKEUP");
    Ok(())
}

#[test]
fn missing_home_is_replaced_by_xdg_cache_home() -> Result {
    let mut workspace = Workspace::new()?;
    workspace.variables.push(("HOME", String::new()));
    // The XDG Base Directory Specification has relative paths ignored.
    workspace
        .variables
        .push(("XDG_CACHE_HOME", "relative".to_owned()));
    let help = workspace.obey_help(
        "list packs",
        "neither XDG_CACHE_HOME nor HOME holds an absolute path",
    )?;
    assert_eq!(
        help,
        "XDG_CACHE_HOME=/var/tmp/cache cargo codegen list packs"
    );
    assert!(!workspace.repository.path("relative").exists());
    Ok(())
}

/// A workspace whose cache has only libclang. Its `pip` copies wheels from the real cache if the
/// file `network` exists beside it, and fails otherwise.
fn offline() -> Result<Workspace> {
    let mut workspace = Workspace::new()?;
    let real = real_cache()?;
    let cache = workspace.programs.path().join("a cache");
    fs::create_dir_all(cache.join("mio-build"))?;
    for entry in fs::read_dir(&real)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("libclang-1") && entry.path().is_dir() {
            std::os::unix::fs::symlink(entry.path(), cache.join("mio-build").join(name))?;
        }
    }
    workspace
        .variables
        .push(("XDG_CACHE_HOME", cache.display().to_string()));
    let network = workspace.programs.path().join("network");
    let script = format!(
        "test -e '{}' || {{ echo 'ERROR: no network' >&2; exit 1; }}\n\
         while test \"$1\" != --dest; do shift; done\n\
         name=$(echo \"$3\" | sed 's/==/-/'); cp '{}'/$name-*.whl \"$2\"",
        network.display(),
        real.display()
    );
    program(workspace.programs.path(), "python3", &script)?;
    Ok(workspace)
}

#[test]
fn failed_download_is_repeated_by_the_help() -> Result {
    let workspace = offline()?;
    let first = workspace.shell(&format!("cargo codegen {ONE}"))?;
    let message = String::from_utf8(first.stderr)?;
    assert!(
        message.contains("error: cannot fetch ziglang 0.16.0: ERROR: no network\n"),
        "{message}"
    );
    // The command puts the wheel into the cache, so the tool needs no network afterwards.
    fs::write(workspace.programs.path().join("network"), "")?;
    let command = help(&message);
    let (fetch, again) = command.split_once(" && ").ok_or("one command")?;
    for part in [
        "--platform manylinux_2_12_x86_64",
        "--dest '",
        "ziglang==0.16.0",
    ] {
        assert!(fetch.contains(part), "{part} is not in {fetch}");
    }
    workspace.succeed(fetch)?;
    fs::remove_file(workspace.programs.path().join("network"))?;
    workspace.succeed(again)?;
    Ok(())
}

#[test]
fn wheel_with_another_hash_is_downloaded_again() -> Result {
    let workspace = offline()?;
    fs::write(workspace.programs.path().join("network"), "")?;
    let toml = fs::read_to_string(workspace.repository.path("codegen/sources.toml"))?;
    let (_, entry) = toml
        .split_once("file = \"ziglang-0.16.0")
        .ok_or("no wheel")?;
    let file = format!("ziglang-0.16.0{}", entry.split_once('"').ok_or("no end")?.0);
    let wheel = workspace
        .programs
        .path()
        .join("a cache/mio-build")
        .join(file);
    fs::write(&wheel, "truncated")?;
    workspace.obey_help_and_retry(ONE, "is not the pinned wheel")?;
    Ok(())
}

/// git rejects a repository of another user:
/// <https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory>
#[test]
fn repository_of_another_user_becomes_a_safe_directory() -> Result {
    let workspace = Workspace::new()?;
    workspace.succeed(
        "git init --quiet --initial-branch main && git add . && \
         git -c user.name=a -c user.email=a@localhost commit --quiet --message one",
    )?;
    if !workspace.shell("chown -R 12345 .")?.status.success() {
        println!("not run: only root can change the owner of files");
        return Ok(());
    }
    let help =
        workspace.obey_help_and_retry("diff", "it belongs to another user (dubious ownership)")?;
    assert!(
        help.starts_with("git config --global --add safe.directory "),
        "{help}"
    );
    Ok(())
}

#[test]
fn shallow_clone_is_completed() -> Result {
    let workspace = Workspace::new()?;
    let commit = "git add . && git -c user.name=a -c user.email=a@localhost \
        commit --quiet --allow-empty --message";
    workspace.succeed(&format!(
        "git init --quiet --initial-branch main && {commit} one && \
         git switch --quiet --create topic && {commit} two && \
         git switch --quiet main && {commit} three"
    ))?;
    let clone = workspace.programs.path().join("clone");
    let (from, to) = (workspace.repository.path(""), clone.display());
    let options = "--quiet --depth 1 --no-single-branch --branch topic";
    workspace.succeed(&format!(
        "git clone {options} 'file://{}' '{to}'",
        from.display()
    ))?;
    let inside = format!("--root '{to}' diff");
    let first = workspace.shell(&format!("cargo codegen {inside}"))?;
    let message = String::from_utf8(first.stderr)?;
    assert!(
        message.contains("have no commit in common") && message.contains("this clone is shallow"),
        "{message}"
    );
    workspace.succeed(&format!("cd '{to}' && {}", help(&message)))?;
    Ok(())
}

#[test]
fn byte_order_mark_is_removed() -> Result {
    let workspace = Workspace::new()?;
    let list = "codegen/symbols/linux.txt";
    let path = workspace.repository.path(list);
    let text = fs::read_to_string(&path)?;
    fs::write(&path, format!("\u{feff}{text}"))?;
    let wanted = format!("error: {list} begins with a byte-order mark");
    workspace.obey_help_and_retry(ONE, &wanted)?;
    assert_eq!(fs::read_to_string(&path)?, text);
    Ok(())
}
