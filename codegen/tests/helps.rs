//! Each error that names a command is mended by that command: the test makes the error, runs its last line as a user would, and
//! sees the problem gone. Errors that want an edit or a decision name none.

#![cfg(unix)]

mod support;

use std::fs;
use std::process::{Command, Output};

use support::{Repository, Result, last, path_with_cargo, program, real_cache};

/// A repository, programs of the test's own, and an environment.
struct Desk {
    /// The repository.
    repository: Repository,
    /// Programs that come before those of the system.
    programs: tempfile::TempDir,
    /// Variables.
    variables: Vec<(&'static str, String)>,
}

impl Desk {
    /// A whole repository.
    fn new() -> Result<Desk> {
        let programs = tempfile::tempdir()?;
        let path = path_with_cargo(programs.path())?;
        let empty = programs.path().join("gitconfig").display().to_string();
        let variables = vec![
            ("PATH", path),
            ("GIT_CONFIG_GLOBAL", empty),
            ("GIT_CONFIG_SYSTEM", "/dev/null".to_owned()),
        ];
        Ok(Desk {
            repository: Repository::whole()?,
            programs,
            variables,
        })
    }

    /// Runs a line of shell in the repository.
    fn shell(&self, line: &str) -> Result<Output> {
        let mut command = Command::new("sh");
        command
            .args(["-c", line])
            .current_dir(self.repository.path(""));
        command.envs(self.variables.iter().cloned());
        Ok(command.output()?)
    }

    /// The line must succeed.
    fn succeed(&self, line: &str) -> Result<String> {
        let output = self.shell(line)?;
        let said = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        assert!(output.status.success(), "{line}: {said}");
        Ok(said)
    }

    /// `cargo codegen` with these arguments fails and says `wanted`; its last line is run and succeeds; then the arguments alone do.
    fn mended(&self, arguments: &str, wanted: &str) -> Result<String> {
        let first = self.shell(&format!("cargo codegen {arguments}"))?;
        let said = String::from_utf8(first.stderr)?;
        assert!(!first.status.success(), "{said}");
        assert!(said.contains(wanted), "{wanted:?} is not in {said}");
        let help = last(&said).to_owned();
        self.succeed(&help)?;
        Ok(help)
    }

    /// The same; afterwards what was asked for succeeds, too.
    fn mended_for_good(&self, arguments: &str, wanted: &str) -> Result<String> {
        let help = self.mended(arguments, wanted)?;
        self.succeed(&format!("cargo codegen {arguments}"))?;
        Ok(help)
    }
}

/// One target is enough for most.
const ONE: &str = "--target x86_64-unknown-netbsd";

#[test]
fn an_unsorted_list_is_sorted() -> Result {
    let desk = Desk::new()?;
    let path = desk.repository.path("codegen/symbols/linux.txt");
    let text = fs::read_to_string(&path)?;
    let reversed: String = text.lines().rev().map(|line| format!("{line}\n")).collect();
    fs::write(&path, reversed)?;
    desk.mended_for_good(ONE, "the file is sorted by byte")?;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(fs::read_to_string(&path)?, lines.join("\n") + "\n");
    Ok(())
}

#[test]
fn line_endings_of_windows_are_named_and_replaced() -> Result {
    let desk = Desk::new()?;
    let list = "codegen/symbols/linux.txt";
    let path = desk.repository.path(list);
    let text = fs::read_to_string(&path)?;
    fs::write(&path, text.replace('\n', "\r\n"))?;
    let wanted = format!("{list} is with line endings of Windows (CRLF)");
    desk.mended_for_good(ONE, &wanted)?;
    assert_eq!(fs::read_to_string(&path)?, text);
    Ok(())
}

#[test]
fn a_file_of_the_users_is_named_and_moved_not_deleted() -> Result {
    let desk = Desk::new()?;
    let notes = desk.repository.path("generated/vita/it's mine.rs");
    fs::write(&notes, "notes")?;
    let wanted = "generated/vita/it's mine.rs is in a folder that `cargo codegen` writes, but not written by it";
    desk.mended("--os vita", wanted)?;
    assert_eq!(
        fs::read_to_string(desk.repository.path("it's mine.rs"))?,
        "notes"
    );
    Ok(())
}

#[test]
fn a_tree_that_is_not_as_it_should_be_is_written_anew() -> Result {
    let desk = Desk::new()?;
    desk.repository
        .edit("generated/linux/mips.rs", "//! ", "//! Not so. ")?;
    let table = "codegen/snapshots/aix-all.json";
    desk.repository.edit(table, "\"name\"", "\"title\"")?;
    let help = desk.mended_for_good(
        "list symbols",
        "aix-all.json:11: this is no ABI snapshot: unknown field `title`",
    )?;
    assert_eq!(help, "cargo codegen");
    Ok(())
}

#[test]
fn names_that_are_nearly_right_are_put_right() -> Result {
    let desk = Desk::new()?;
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
        assert_eq!(desk.mended(arguments, wanted)?, help);
    }
    Ok(())
}

#[test]
fn a_symbol_is_added_as_it_was_meant() -> Result {
    let desk = Desk::new()?;
    let why = "--why 'wakes one of several'";
    let help = desk.mended(
        &format!("add EFD_SEMAPHORE --os linx {why}"),
        "`linx` is no system",
    )?;
    assert_eq!(
        help,
        format!("cargo codegen add EFD_SEMAPHORE --os linux {why}")
    );
    let wanted = "declares `EPOLLEXCLUSIV`; did you mean `EPOLLEXCLUSIVE`?";
    let help = desk.mended(&format!("add EPOLLEXCLUSIV --os linux {why}"), wanted)?;
    assert_eq!(
        help,
        format!("cargo codegen add EPOLLEXCLUSIVE --os linux {why}")
    );
    let help = desk.mended("add EPOLLWAKEUP --os linux", "`EPOLLWAKEUP` needs a reason")?;
    assert_eq!(
        help,
        "cargo codegen add EPOLLWAKEUP --os linux --why 'what the library wants it for'"
    );
    let help = desk.mended(
        "add EPOLLWAKEUP --os linux --why x",
        "has `EPOLLWAKEUP` already",
    )?;
    assert_eq!(help, "cargo codegen explain EPOLLWAKEUP");
    Ok(())
}

#[test]
fn without_a_home_there_is_a_place_for_packs() -> Result {
    let mut desk = Desk::new()?;
    desk.variables.push(("HOME", String::new()));
    // The XDG Base Directory Specification has relative paths ignored.
    desk.variables
        .push(("XDG_CACHE_HOME", "relative".to_owned()));
    let help = desk.mended(
        "list packs",
        "neither XDG_CACHE_HOME nor HOME holds an absolute path",
    )?;
    assert_eq!(
        help,
        "XDG_CACHE_HOME=/var/tmp/cache cargo codegen list packs"
    );
    assert!(!desk.repository.path("relative").exists());
    Ok(())
}

/// A cache with libclang alone, and a `pip` that finds wheels in the real one if `network` lies beside it.
fn offline() -> Result<Desk> {
    let mut desk = Desk::new()?;
    let real = real_cache()?;
    let cache = desk.programs.path().join("a cache");
    fs::create_dir_all(cache.join("mio-build"))?;
    for entry in fs::read_dir(&real)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("libclang-1") && entry.path().is_dir() {
            std::os::unix::fs::symlink(entry.path(), cache.join("mio-build").join(name))?;
        }
    }
    desk.variables
        .push(("XDG_CACHE_HOME", cache.display().to_string()));
    let network = desk.programs.path().join("network");
    let script = format!(
        "test -e '{}' || {{ echo 'ERROR: no network' >&2; exit 1; }}\n\
         while test \"$1\" != --dest; do shift; done\n\
         name=$(echo \"$3\" | sed 's/==/-/'); cp '{}'/$name-*.whl \"$2\"",
        network.display(),
        real.display()
    );
    program(desk.programs.path(), "python3", &script)?;
    Ok(desk)
}

#[test]
fn a_wheel_that_pip_did_not_fetch_is_fetched_by_the_command() -> Result {
    let desk = offline()?;
    let first = desk.shell(&format!("cargo codegen {ONE}"))?;
    let said = String::from_utf8(first.stderr)?;
    assert!(
        said.contains("error: cannot fetch ziglang 0.16.0: ERROR: no network\n"),
        "{said}"
    );
    // The network is back; the command puts the wheel where the tool looks for it, and the tool asks pip no more.
    fs::write(desk.programs.path().join("network"), "")?;
    let help = last(&said);
    let (fetch, again) = help.split_once(" && ").ok_or("one command")?;
    for part in [
        "--platform manylinux_2_12_x86_64",
        "--dest '",
        "ziglang==0.16.0",
    ] {
        assert!(fetch.contains(part), "{part} is not in {fetch}");
    }
    desk.succeed(fetch)?;
    fs::remove_file(desk.programs.path().join("network"))?;
    desk.succeed(again)?;
    Ok(())
}

#[test]
fn a_wheel_that_is_not_the_pinned_one_is_fetched_anew() -> Result {
    let desk = offline()?;
    fs::write(desk.programs.path().join("network"), "")?;
    let toml = fs::read_to_string(desk.repository.path("codegen/sources.toml"))?;
    let (_, entry) = toml
        .split_once("file = \"ziglang-0.16.0")
        .ok_or("no wheel")?;
    let file = format!("ziglang-0.16.0{}", entry.split_once('"').ok_or("no end")?.0);
    let wheel = desk.programs.path().join("a cache/mio-build").join(file);
    fs::write(&wheel, "cut short")?;
    desk.mended_for_good(ONE, "is not the pinned wheel")?;
    Ok(())
}

/// Git refuses folders of another user's.
#[test]
fn a_repository_of_another_user_is_made_readable() -> Result {
    let desk = Desk::new()?;
    desk.succeed("git init --quiet --initial-branch main && git add . && git -c user.name=a -c user.email=a@localhost commit --quiet --message one")?;
    if !desk.shell("chown -R 12345 .")?.status.success() {
        println!("not run: only root gives files away");
        return Ok(());
    }
    let help = desk.mended_for_good("diff", "it belongs to another user (dubious ownership)")?;
    assert!(
        help.starts_with("git config --global --add safe.directory "),
        "{help}"
    );
    Ok(())
}

#[test]
fn a_shallow_clone_gets_its_history() -> Result {
    let desk = Desk::new()?;
    let commit = "git add . && git -c user.name=a -c user.email=a@localhost commit --quiet --allow-empty --message";
    desk.succeed(&format!(
        "git init --quiet --initial-branch main && {commit} one && git switch --quiet --create topic && {commit} two \
         && git switch --quiet main && {commit} three"
    ))?;
    let clone = desk.programs.path().join("clone");
    let (from, to) = (desk.repository.path(""), clone.display());
    let options = "--quiet --depth 1 --no-single-branch --branch topic";
    desk.succeed(&format!(
        "git clone {options} 'file://{}' '{to}'",
        from.display()
    ))?;
    let inside = format!("--root '{to}' diff");
    let first = desk.shell(&format!("cargo codegen {inside}"))?;
    let said = String::from_utf8(first.stderr)?;
    assert!(
        said.contains("have no commit in common") && said.contains("this clone is shallow"),
        "{said}"
    );
    desk.succeed(&format!("cd '{to}' && {}", last(&said)))?;
    Ok(())
}
