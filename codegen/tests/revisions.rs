//! `diff` in a real repository of git, and `bump` to the newest release.

// The cache of a test is made of links, and what stands in for pip is a script.
#![cfg(unix)]

#[path = "support/release.rs"]
mod release;
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use release::Release;
use support::{Repository, Result};

/// A value of a table, and another.
const VALUE: (&str, &str, &str) = (
    "tests/snapshots/abi@aix-all.snap",
    "const EBADF: c_int = 9 ",
    "const EBADF: c_int = 90 ",
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
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}");
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

/// What `diff` says, and its status.
fn diff(repository: &Repository, sides: &[&str]) -> Result<(Option<i32>, String)> {
    // From a folder of the repository, as a user would; without `--root`.
    let output = Command::new(env!("CARGO_BIN_EXE_mio-codegen"))
        .current_dir(repository.path("codegen"))
        .arg("diff")
        .args(sides)
        .output()?;
    let said = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    Ok((output.status.code(), said))
}

#[test]
fn without_arguments_the_working_tree_is_held_against_where_the_branch_left_main() -> Result {
    let repository = committed()?;
    let (status, said) = diff(&repository, &[])?;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("merge base with main ("), "{said}");
    assert!(said.contains("No difference on "), "{said}");
    // A branch that changes one thing, with something else on main meanwhile.
    git(&repository, &["switch", "--quiet", "--create", "topic"])?;
    repository.edit(VALUE.0, VALUE.1, VALUE.2)?;
    let (status, said) = diff(&repository, &[])?;
    assert_eq!(status, Some(1), "what is not committed counts: {said}");
    assert!(
        said.contains("const EBADF  on powerpc64-ibm-aix\n      value 9 → 90"),
        "{said}"
    );
    commit(&repository, "two")?;
    git(&repository, &["switch", "--quiet", "main"])?;
    repository.edit(
        "tests/snapshots/abi@dragonfly-all.snap",
        "const EV_ADD: c_ushort = 1 ",
        "const EV_ADD: c_ushort = 2 ",
    )?;
    commit(&repository, "three")?;
    git(&repository, &["switch", "--quiet", "topic"])?;
    let (status, said) = diff(&repository, &[])?;
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("1 breaking, 0 widening, 0 cosmetic"),
        "main's own change is not ours: {said}"
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
        let (status, said) = diff(&repository, sides)?;
        assert_eq!(status, Some(wanted), "{sides:?}: {said}");
        assert!(
            said.contains(expected),
            "{sides:?}: {expected:?} is not in {said}"
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
    let (status, said) = diff(&repository, &[])?;
    assert_eq!(status, Some(2), "{said}");
    let wanted = "HEAD and main have no commit in common, so there is no default to compare with: their histories are \
        unrelated; name the old side";
    assert!(said.contains(wanted), "{said}");
    let (status, said) = diff(&repository, &["main"])?;
    assert_eq!(status, Some(0), "{said}");
    Ok(())
}

#[test]
fn a_project_in_a_folder_of_a_larger_repository_is_compared() -> Result {
    let repository = Repository::whole()?;
    let inside = repository.path("deep/er");
    fs::create_dir_all(&inside)?;
    for name in ["codegen", "generated", "tests"] {
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
        let said = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("value 9 → 90"), "{said}");
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
    let (status, said) = diff(&repository, &[])?;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("merge base with origin/main ("), "{said}");
    assert!(said.contains("value 9 → 90"), "{said}");
    Ok(())
}

#[test]
fn what_cannot_be_compared_is_status_2() -> Result {
    // No repository of git at all.
    let repository = Repository::whole()?;
    let (status, said) = diff(&repository, &[])?;
    assert_eq!(status, Some(2), "{said}");
    assert!(
        said.contains("is in no git repository, so it has no revisions"),
        "{said}"
    );
    // A main that is called otherwise, and a revision from before there were tables.
    git(
        &repository,
        &["init", "--quiet", "--initial-branch", "trunk"],
    )?;
    git(&repository, &["add", "codegen"])?;
    git(
        &repository,
        &["commit", "--quiet", "--message", "no tables"],
    )?;
    commit(&repository, "tables")?;
    let (status, said) = diff(&repository, &[])?;
    assert_eq!(status, Some(2), "{said}");
    assert!(
        said.contains("`main` is no branch of this repository"),
        "{said}"
    );
    let (status, said) = diff(&repository, &["trunk~1", "trunk"])?;
    assert_eq!(status, Some(2), "{said}");
    assert!(
        said.contains("`trunk~1` is a revision without ABI tables"),
        "{said}"
    );
    let (status, said) = diff(&repository, &["trunk", "--output", "/nowhere/report"])?;
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("cannot write /nowhere/report"), "{said}");
    Ok(())
}

/// A release whose registry is asked by `answer`, a script in the place of Python.
fn bump_newest(release: &Release, answer: &str) -> Result<(Option<i32>, String)> {
    let folder = tempfile::tempdir()?;
    let python = folder.path().join("python3");
    fs::write(&python, format!("#!/bin/sh\n{answer}\n"))?;
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755))?;
    let path = std::env::var("PATH")?;
    let output = release
        .tool()
        .args(["bump", "ziglang-netbsd"])
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .output()?;
    let said = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    Ok((output.status.code(), said))
}

#[test]
fn without_a_version_it_is_the_newest() -> Result {
    let release = Release::new(&[("sys/event.h", "0x0001U", "0x0100U")])?;
    // The arguments are held against what pip takes.
    let answer = "test \"$1 $2 $3 $4 $5\" = '-m pip index versions ziglang' || exit 9\n\
        echo 'ziglang (9.9.9)'; echo 'Available versions: 9.9.9, 0.17.1'";
    let (status, said) = bump_newest(&release, answer)?;
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("ziglang-netbsd: 0.16.0 → 9.9.9, sha256 "),
        "{said}"
    );
    assert!(said.contains("value 1 → 256"), "{said}");
    let (status, said) = bump_newest(&release, answer)?;
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("ziglang 9.9.9 already; nothing to do"),
        "{said}"
    );
    Ok(())
}

#[test]
fn without_a_network_the_newest_is_not_known() -> Result {
    let release = Release::new(&[])?;
    let before = release.repository.tree()?;
    let (status, said) = bump_newest(
        &release,
        "echo 'ERROR: the name is not resolved' >&2; exit 1",
    )?;
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains(
            "cannot ask for the newest version of ziglang: ERROR: the name is not resolved"
        ),
        "{said}"
    );
    assert!(
        said.ends_with("\nname the version: cargo codegen bump PACK VERSION\n"),
        "{said}"
    );
    assert_eq!(release.repository.tree()?, before);
    Ok(())
}
