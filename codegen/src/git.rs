//! What `git` knows: revisions, and the files in them.

use std::path::Path;
use std::process::Command;

use crate::error::Error;

/// Runs git in the repository.
fn run(root: &Path, arguments: &[&str]) -> Result<String, Error> {
    let failed = |why: String| Error::Git {
        command: arguments.join(" "),
        why,
    };
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output()
        .map_err(|error| failed(format!("git does not start: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(said.trim().to_owned()));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("it printed no UTF-8".to_owned()))
}

/// The commit a revision means; none if it means none, or there is no git.
pub(crate) fn commit(root: &Path, revision: &str) -> Option<String> {
    let revision = format!("{revision}^{{commit}}");
    let said = run(
        root,
        &[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &revision,
        ],
    );
    said.ok().map(|text| text.trim().to_owned())
}

/// Where this branch left `main`: the commit, and what to call it.
pub(crate) fn merge_base(root: &Path) -> Result<(String, String), Error> {
    for main in ["main", "origin/main"] {
        if commit(root, main).is_some() {
            let base = run(root, &["merge-base", "HEAD", main])?.trim().to_owned();
            let short: String = base.chars().take(10).collect();
            return Ok((base, format!("merge base with {main} ({short})")));
        }
    }
    Err(Error::Side {
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
    let place = format!("{revision}:{folder}");
    if run(root, &["rev-parse", "--verify", "--quiet", &place]).is_err() {
        return Ok(Vec::new());
    }
    let names = run(root, &["ls-tree", "--name-only", &place])?;
    let mut files = Vec::new();
    for name in names.lines().filter(|name| keep(name)) {
        let text = run(root, &["show", &format!("{revision}:{folder}/{name}")])?;
        files.push((name.to_owned(), text));
    }
    Ok(files)
}
