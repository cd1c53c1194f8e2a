//! `diff` in a real repository of git, and `bump` to the newest release.

// The cache of a test is made of links, and what stands in for pip is a script.
#![cfg(unix)]

#[path = "support/release.rs"]
mod release;
mod support;

use std::fs;
use std::process::Command;

use release::Release;
use support::{Repository, Result};

/// A value of a table, and another.
const VALUE: (&str, &str, &str) = (
    "codegen/snapshots/aix-all.json",
    r#""EBADF", "ty": "c_int", "value": 9}"#,
    r#""EBADF", "ty": "c_int", "value": 90}"#,
);

/// Runs git, which must succeed.
fn git(repository: &Repository, arguments: &[&str]) -> Result {
    let output = Command::new("git")
        .current_dir(repository.path(""))
        .args(["-c", "user.name=test", "-c", "user.email=test@localhost"])
        .args(["-c", "commit.gpgsign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()?;
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {printed}");
    Ok(())
}

/// Commits everything.
fn commit(repository: &Repository, message: &str) -> Result {
    git(repository, &["add", "--all"])?;
    git(repository, &["commit", "--quiet", "--message", message])
}

/// A repository whose main has the tables.
fn committed() -> Result<Repository> {
    let repository = Repository::whole()?;
    git(
        &repository,
        &["init", "--quiet", "--initial-branch", "main"],
    )?;
    commit(&repository, "one")?;
    Ok(repository)
}

/// The exit status of `diff`, and what it prints.
fn diff(repository: &Repository, sides: &[&str]) -> Result<(Option<i32>, String)> {
    // From a folder of the repository, as a user would; without `--root`.
    let output = Command::new(env!("CARGO_BIN_EXE_mio-codegen"))
        .current_dir(repository.path("codegen"))
        .arg("diff")
        .args(sides)
        .output()?;
    let printed = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    Ok((output.status.code(), printed))
}

#[test]
fn without_arguments_the_working_tree_is_held_against_where_the_branch_left_main() -> Result {
    let repository = committed()?;
    let (status, printed) = diff(&repository, &[])?;
    assert_eq!(status, Some(0), "{printed}");
    assert!(printed.contains("merge base with main ("), "{printed}");
    assert!(printed.contains("No difference on "), "{printed}");
    // A branch that changes one thing, with something else on main meanwhile.
    git(&repository, &["switch", "--quiet", "--create", "topic"])?;
    repository.edit(VALUE.0, VALUE.1, VALUE.2)?;
    let (status, printed) = diff(&repository, &[])?;
    assert_eq!(status, Some(1), "what is not committed counts: {printed}");
    assert!(
        printed.contains("const EBADF  on powerpc64-ibm-aix\n      value 9 → 90"),
        "{printed}"
    );
    commit(&repository, "two")?;
    git(&repository, &["switch", "--quiet", "main"])?;
    repository.edit(
        "codegen/snapshots/dragonfly-all.json",
        r#""EV_ADD", "ty": "c_ushort", "value": 1}"#,
        r#""EV_ADD", "ty": "c_ushort", "value": 2}"#,
    )?;
    commit(&repository, "three")?;
    git(&repository, &["switch", "--quiet", "topic"])?;
    let (status, printed) = diff(&repository, &[])?;
    assert_eq!(status, Some(1), "{printed}");
    assert!(
        printed.contains("1 breaking, 0 widening, 0 cosmetic"),
        "main's own change is not ours: {printed}"
    );
    Ok(())
}

#[test]
fn revisions_are_compared_in_the_order_they_are_given() -> Result {
    let repository = committed()?;
    repository.edit(VALUE.0, VALUE.1, VALUE.2)?;
    commit(&repository, "two")?;
    git(&repository, &["tag", "release"])?;
    for (sides, wanted, expected) in [
        (&["HEAD~1", "HEAD"][..], 1, "value 9 → 90"),
        (&["release", "main~1"], 1, "value 90 → 9"),
        (&["main", "release"], 0, "No difference on "),
        // A folder, from where the tool was started.
        (&["HEAD~1", ".."], 1, "value 9 → 90"),
        (&["HEAD~1"], 1, "HEAD~1 → the working tree"),
    ] {
        let (status, printed) = diff(&repository, sides)?;
        assert_eq!(status, Some(wanted), "{sides:?}: {printed}");
        assert!(
            printed.contains(expected),
            "{sides:?}: {expected:?} is not in {printed}"
        );
    }
    Ok(())
}

#[test]
fn histories_without_a_common_commit_are_named() -> Result {
    let repository = committed()?;
    git(&repository, &["switch", "--quiet", "--orphan", "other"])?;
    git(&repository, &["restore", "--source", "main", "--", "."])?;
    commit(&repository, "another first one")?;
    let (status, printed) = diff(&repository, &[])?;
    assert_eq!(status, Some(2), "{printed}");
    let wanted = "HEAD and main have no commit in common: their histories are unrelated\n\
        help: name the old operand: cargo codegen diff OLD\n";
    assert!(printed.contains(wanted), "{printed}");
    let (status, printed) = diff(&repository, &["main"])?;
    assert_eq!(status, Some(0), "{printed}");
    Ok(())
}

#[test]
fn a_project_in_a_folder_of_a_larger_repository_is_compared() -> Result {
    let repository = Repository::whole()?;
    let inside = repository.path("deep/er");
    fs::create_dir_all(&inside)?;
    for name in ["codegen", "generated"] {
        fs::rename(repository.path(name), inside.join(name))?;
    }
    git(
        &repository,
        &["init", "--quiet", "--initial-branch", "main"],
    )?;
    commit(&repository, "one")?;
    let (name, old, new) = VALUE;
    repository.edit(&format!("deep/er/{name}"), old, new)?;
    for sides in [&["diff"][..], &["diff", "HEAD"]] {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_mio-codegen"));
        let output = tool.current_dir(&inside).args(sides).output()?;
        let printed = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(1), "{printed}");
        assert!(printed.contains("value 9 → 90"), "{printed}");
    }
    Ok(())
}

/// On main itself, what is not yet on `origin/main` is what is reviewed.
#[test]
fn work_on_local_main_is_held_against_origin() -> Result {
    let repository = committed()?;
    git(
        &repository,
        &["update-ref", "refs/remotes/origin/main", "HEAD"],
    )?;
    repository.edit(VALUE.0, VALUE.1, VALUE.2)?;
    commit(&repository, "two")?;
    let (status, printed) = diff(&repository, &[])?;
    assert_eq!(status, Some(1), "{printed}");
    assert!(
        printed.contains("merge base with origin/main ("),
        "{printed}"
    );
    assert!(printed.contains("value 9 → 90"), "{printed}");
    Ok(())
}

#[test]
fn invalid_operands_are_status_2() -> Result {
    // No repository of git at all.
    let repository = Repository::whole()?;
    let (status, printed) = diff(&repository, &[])?;
    assert_eq!(status, Some(2), "{printed}");
    assert!(
        printed.contains("is in no git repository, so it has no revisions"),
        "{printed}"
    );
    // A main that is called otherwise, and a revision from before there were tables.
    git(
        &repository,
        &["init", "--quiet", "--initial-branch", "trunk"],
    )?;
    git(&repository, &["add", "codegen/symbols"])?;
    git(
        &repository,
        &["commit", "--quiet", "--message", "no tables"],
    )?;
    commit(&repository, "tables")?;
    let (status, printed) = diff(&repository, &[])?;
    assert_eq!(status, Some(2), "{printed}");
    assert!(
        printed.contains("`main` is no branch of this repository"),
        "{printed}"
    );
    let (status, printed) = diff(&repository, &["trunk~1", "trunk"])?;
    assert_eq!(status, Some(2), "{printed}");
    assert!(
        printed.contains("`trunk~1` is a revision without ABI snapshots"),
        "{printed}"
    );
    let (status, printed) = diff(&repository, &["trunk", "--output", "/nowhere/report"])?;
    assert_eq!(status, Some(2), "{printed}");
    assert!(
        printed.contains("cannot write /nowhere/report"),
        "{printed}"
    );
    Ok(())
}

/// Renews the pack to the newest release. Returns the status and all output.
fn bump_newest(tool: &mut Command) -> Result<(Option<i32>, String)> {
    let output = tool
        .args(["bump", "ziglang-netbsd", "--accept-breaking"])
        .output()?;
    let printed = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    Ok((output.status.code(), printed))
}

#[test]
fn without_a_version_it_is_the_newest() -> Result {
    let release = Release::new(&[("sys/event.h", "0x0001U", "0x0100U")])?;
    let (status, printed) = bump_newest(&mut release.tool())?;
    assert_eq!(status, Some(0), "{printed}");
    assert!(
        printed.contains("ziglang-netbsd: 0.16.0 → 9.9.9, sha256 "),
        "{printed}"
    );
    assert!(printed.contains("value 1 → 256"), "{printed}");
    let (status, printed) = bump_newest(&mut release.tool())?;
    assert_eq!(status, Some(0), "{printed}");
    assert!(
        printed.contains("ziglang 9.9.9 already; nothing to do"),
        "{printed}"
    );
    Ok(())
}

#[test]
fn renewal_extends_the_history() -> Result {
    let release = Release::new(&[("sys/event.h", "0x0001U", "0x0100U")])?;
    let file = "codegen/history/netbsd.json";
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/history/netbsd.json");
    fs::create_dir(release.repository.path("codegen/history"))?;
    fs::copy(ours, release.repository.path(file))?;
    let (status, printed) = bump_newest(&mut release.tool())?;
    assert_eq!(status, Some(0), "{printed}");
    assert!(
        printed.contains("codegen/history/netbsd.json: written"),
        "{printed}"
    );
    let printed = release.repository.succeed(&["history", "EV_ADD"])?;
    // Both describe NetBSD 10.1, and the headers of NetBSD 11 follow.
    let (_, printed) = printed.split_once("netbsd\n").ok_or("no NetBSD")?;
    for wanted in [
        "NetBSD 10.1 (ziglang 9.9.9)",
        "changed: const value 1 → 256 (all 8 targets)",
        "changed: const value 256 → 1 (all 8 targets)",
    ] {
        assert!(printed.contains(wanted), "{wanted:?} is not in {printed}");
    }
    Ok(())
}

#[test]
fn file_of_the_cache_that_the_index_does_not_have_is_refused() -> Result {
    let release = Release::new(&[])?;
    let before = release.repository.tree()?;
    let mut bytes = fs::read(release.wheel())?;
    bytes.push(0);
    fs::write(release.wheel(), bytes)?;
    let (status, printed) = bump_newest(&mut release.tool())?;
    assert_eq!(status, Some(1), "{printed}");
    assert!(printed.contains("is not the pinned wheel"), "{printed}");
    assert!(printed.contains("\nhelp: rm "), "{printed}");
    assert_eq!(release.repository.tree()?, before);
    Ok(())
}

#[test]
fn without_a_network_the_newest_is_not_known() -> Result {
    let release = Release::new(&[])?;
    let before = release.repository.tree()?;
    // Nothing listens at this address.
    let (status, printed) = bump_newest(
        release
            .tool()
            .env("PIP_INDEX_URL", "http://127.0.0.1:1/simple"),
    )?;
    assert_eq!(status, Some(1), "{printed}");
    assert!(
        printed.contains("cannot look up ziglang in the package index: "),
        "{printed}"
    );
    assert!(
        printed.contains("\nhelp: make sure that the network works"),
        "{printed}"
    );
    assert_eq!(release.repository.tree()?, before);
    Ok(())
}
