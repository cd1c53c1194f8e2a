//! What `git` knows: revisions, and the files in them.

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
        // What it says is looked at, and shown.
        .env("LC_ALL", "C")
        .output();
    output.map_err(|error| Error::Git {
        why: match error.kind() {
            io::ErrorKind::NotFound => {
                "there is no program `git` in PATH, so revisions cannot be read; install it, or name two folders"
                    .to_owned()
            }
            _ => format!("git does not start: {error}"),
        },
        help: None,
    })
}

/// What git said when it failed, and what mends that.
fn failure(root: &Path, arguments: &[&str], output: &Output) -> Error {
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    if said.contains("not a git repository") {
        let root = root.display();
        return Error::Git {
            why: format!(
                "{root} is in no git repository, so it has no revisions; name two folders with ABI tables"
            ),
            help: None,
        };
    }
    // https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory
    if let Some((_, rest)) = said.split_once("dubious ownership in repository at '") {
        let folder = rest.split_once('\'').map_or(rest, |(folder, _)| folder);
        return Error::Git {
            why: format!(
                "git does not read {folder}: it belongs to another user (dubious ownership)"
            ),
            help: Some(Help::first([
                "git",
                "config",
                "--global",
                "--add",
                "safe.directory",
                folder,
            ])),
        };
    }
    let said = if said.is_empty() {
        output.status.to_string()
    } else {
        said.to_owned()
    };
    Error::Git {
        why: format!("git {} failed: {said}", arguments.join(" ")),
        help: None,
    }
}

/// What git prints. It must succeed.
fn run(root: &Path, arguments: &[&str]) -> Result<String, Error> {
    let output = start(root, arguments)?;
    if !output.status.success() {
        return Err(failure(root, arguments, &output));
    }
    String::from_utf8(output.stdout).map_err(|_| Error::Git {
        why: format!("git {} printed no UTF-8", arguments.join(" ")),
        help: None,
    })
}

/// What git prints about something that may not exist: `--quiet` makes it say nothing then.
fn look(root: &Path, arguments: &[&str]) -> Result<Option<String>, Error> {
    let output = start(root, arguments)?;
    if output.status.success() {
        return Ok(Some(
            String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        ));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let unknown = [
        "unknown revision",
        "ambiguous argument",
        "single revision",
        "bad revision",
    ];
    if said.trim().is_empty() || unknown.iter().any(|word| said.contains(word)) {
        return Ok(None);
    }
    Err(failure(root, arguments, &output))
}

/// The commit a revision means; none if it means none.
pub(crate) fn commit(root: &Path, revision: &str) -> Result<Option<String>, Error> {
    let revision = format!("{revision}^{{commit}}");
    let arguments = [
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &revision,
    ];
    look(root, &arguments)
}

/// Where this branch left `main`: the commit, and what to call it. On `main` itself that is where it left
/// `origin/main`, if there is work that is only here.
pub(crate) fn merge_base(root: &Path) -> Result<(String, String), Error> {
    let head = commit(root, "HEAD")?;
    let mut best: Option<(String, &str)> = None;
    let mut unrelated = None;
    for main in ["main", "origin/main"] {
        if commit(root, main)?.is_none() {
            continue;
        }
        let Some(base) = look(root, &["merge-base", "HEAD", main])? else {
            unrelated = Some(main);
            continue;
        };
        // Of two, the one nearer to HEAD that is not HEAD itself.
        let better = match &best {
            None => true,
            Some((known, _)) if Some(known) == head.as_ref() => true,
            Some(_) if Some(&base) == head.as_ref() => false,
            Some((known, _)) => {
                let older = ["merge-base", "--is-ancestor", known, &base];
                known != &base && look(root, &older)?.is_some()
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
        let why = if is_shallow {
            "this clone is shallow: the commit they share is not in it"
        } else {
            "their histories are unrelated"
        };
        return Err(Error::Git {
            why: format!(
                "HEAD and {main} have no commit in common, so there is no default to compare with: {why}; name the old side"
            ),
            help: is_shallow.then(|| {
                let root = root.to_string_lossy();
                Help::first(["git", "-C", &root, "fetch", "--unshallow"])
            }),
        });
    }
    Err(Error::Operand {
        side: "main".to_owned(),
        why: "no branch of this repository, so there is no default to compare with".to_owned(),
    })
}

/// Those files of a folder in a revision whose names `keep` picks: name and text. None if it has no such folder.
pub(crate) fn files(
    root: &Path,
    revision: &str,
    folder: &str,
    keep: fn(&str) -> bool,
) -> Result<Vec<(String, String)>, Error> {
    // From where the project is, which may be a folder of a larger repository.
    let place = format!("{revision}:./{folder}");
    if look(root, &["rev-parse", "--verify", "--quiet", &place])?.is_none() {
        return Ok(Vec::new());
    }
    let names = run(root, &["ls-tree", "--full-tree", "--name-only", &place])?;
    let mut files = Vec::new();
    for name in names.lines().filter(|name| keep(name)) {
        let text = run(root, &["show", &format!("{place}/{name}")])?;
        files.push((name.to_owned(), text));
    }
    Ok(files)
}
