//! Runs `git`: finds revisions and reads their files.

use std::io;
use std::path::Path;
use std::process::{Command, Output};

use crate::error::Error;
use crate::help::Help;

/// Runs git in the repository.
fn start(root: &Path, arguments: &[&str]) -> Result<Output, Error> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        // The messages are matched below.
        .env("LC_ALL", "C")
        .output();
    output.map_err(|error| Error::Git {
        why: match error.kind() {
            io::ErrorKind::NotFound => {
                "there is no program `git` in PATH, so revisions cannot be read".to_owned()
            }
            _ => format!("git does not start: {error}"),
        },
        help: Help::text("install git, or name two folders with ABI tables"),
    })
}

/// The error for a failed command.
fn failure(root: &Path, arguments: &[&str], output: &Output) -> Error {
    let message = String::from_utf8_lossy(&output.stderr);
    let message = message.trim();
    if message.contains("not a git repository") {
        let root = root.display();
        return Error::Git {
            why: format!("{root} is in no git repository, so it has no revisions"),
            help: Help::text("name two folders with ABI tables"),
        };
    }
    // https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory
    if let Some((_, rest)) = message.split_once("dubious ownership in repository at '") {
        let folder = rest.split_once('\'').map_or(rest, |(folder, _)| folder);
        return Error::Git {
            why: format!(
                "git does not read {folder}: it belongs to another user (dubious ownership)"
            ),
            help: Help::before([
                "git",
                "config",
                "--global",
                "--add",
                "safe.directory",
                folder,
            ]),
        };
    }
    let message = if message.is_empty() {
        output.status.to_string()
    } else {
        message.to_owned()
    };
    Error::Git {
        why: format!("git {} failed: {message}", arguments.join(" ")),
        help: Help::text("resolve what git names, or name two folders with ABI tables"),
    }
}

/// The output of a command that must succeed.
fn run(root: &Path, arguments: &[&str]) -> Result<String, Error> {
    let output = start(root, arguments)?;
    if !output.status.success() {
        return Err(failure(root, arguments, &output));
    }
    String::from_utf8(output.stdout).map_err(|_| Error::Git {
        why: format!("the output of git {} is not UTF-8", arguments.join(" ")),
        help: Help::text("name two folders with ABI tables"),
    })
}

/// The output of a command about a revision or path. None if git knows no such revision or path.
fn query(root: &Path, arguments: &[&str]) -> Result<Option<String>, Error> {
    let output = start(root, arguments)?;
    if output.status.success() {
        return Ok(Some(
            String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        ));
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let unknown = [
        "unknown revision",
        "ambiguous argument",
        "single revision",
        "bad revision",
    ];
    if message.trim().is_empty() || unknown.iter().any(|word| message.contains(word)) {
        return Ok(None);
    }
    Err(failure(root, arguments, &output))
}

/// The commit of a revision. None if there is no such revision.
pub(crate) fn commit(root: &Path, revision: &str) -> Result<Option<String>, Error> {
    let revision = format!("{revision}^{{commit}}");
    let arguments = [
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &revision,
    ];
    query(root, &arguments)
}

/// The commit where this branch left `main`, and its name for messages. On `main` with commits of
/// its own, this is the commit where it left `origin/main`.
pub(crate) fn merge_base(root: &Path) -> Result<(String, String), Error> {
    let head = commit(root, "HEAD")?;
    let mut best: Option<(String, &str)> = None;
    let mut unrelated = None;
    for main in ["main", "origin/main"] {
        if commit(root, main)?.is_none() {
            continue;
        }
        let Some(base) = query(root, &["merge-base", "HEAD", main])? else {
            unrelated = Some(main);
            continue;
        };
        // Of two candidates, the nearer one that is not HEAD itself.
        let better = match &best {
            None => true,
            Some((known, _)) if Some(known) == head.as_ref() => true,
            Some(_) if Some(&base) == head.as_ref() => false,
            Some((known, _)) => {
                let older = ["merge-base", "--is-ancestor", known, &base];
                known != &base && query(root, &older)?.is_some()
            }
        };
        if better {
            best = Some((base, main));
        }
    }
    if let Some((base, main)) = best {
        let short: String = base.chars().take(10).collect();
        return Ok((base, format!("merge base with {main} ({short})")));
    }
    if let Some(main) = unrelated {
        let shallow = run(root, &["rev-parse", "--is-shallow-repository"])?;
        let is_shallow = shallow.trim() == "true";
        let (reason, help) = if is_shallow {
            let root = root.to_string_lossy();
            let help = Help::before(["git", "-C", &root, "fetch", "--unshallow"]);
            ("this clone is shallow and lacks it", help)
        } else {
            let help = Help::text("name the old operand: cargo codegen diff OLD");
            ("their histories are unrelated", help)
        };
        return Err(Error::Git {
            why: format!("HEAD and {main} have no commit in common: {reason}"),
            help,
        });
    }
    Err(Error::Operand {
        operand: "main".to_owned(),
        why: "no branch of this repository, so there is no default to compare with".to_owned(),
    })
}

/// The text of a file in a revision. None if the revision has no such file.
pub(crate) fn file(root: &Path, revision: &str, path: &str) -> Result<Option<String>, Error> {
    let object = format!("{revision}:./{path}");
    if query(root, &["rev-parse", "--verify", "--quiet", &object])?.is_none() {
        return Ok(None);
    }
    run(root, &["show", &object]).map(Some)
}

/// Name and text of the files of a folder in a revision whose names `keep` selects. Empty if there
/// is no such folder.
pub(crate) fn files(
    root: &Path,
    revision: &str,
    folder: &str,
    keep: fn(&str) -> bool,
) -> Result<Vec<(String, String)>, Error> {
    // `./`: the project may be a folder of a larger repository.
    let object = format!("{revision}:./{folder}");
    if query(root, &["rev-parse", "--verify", "--quiet", &object])?.is_none() {
        return Ok(Vec::new());
    }
    let names = run(root, &["ls-tree", "--full-tree", "--name-only", &object])?;
    let mut files = Vec::new();
    for name in names.lines().filter(|name| keep(name)) {
        let text = run(root, &["show", &format!("{object}/{name}")])?;
        files.push((name.to_owned(), text));
    }
    Ok(files)
}
