//! Runs `pip`: downloads wheels and looks up versions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::error::Error;
use crate::help::Help;

/// Runs `python3 -m pip` and returns what it printed.
fn run(arguments: &[&str], failed: impl Fn(String) -> Error) -> Result<String, Error> {
    let style = ProgressStyle::with_template("{spinner} pip is running: {elapsed}");
    let style = style.expect("the template is a constant");
    // indicatif hides it if standard error is no terminal.
    let spinner = ProgressBar::new_spinner().with_style(style);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let output = Command::new("python3")
        .args(["-m", "pip"])
        .args(arguments)
        .arg("--disable-pip-version-check")
        .output();
    spinner.finish_and_clear();
    let output = output.map_err(|error| failed(format!("python3 does not start: {error}")))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(failed(message.trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Downloads the wheel of a version for `platform` into the empty `folder`. The help of the error
/// is the command that downloads it into the cache.
pub(crate) fn download(
    package: &str,
    version: &str,
    platform: &str,
    cache: &Path,
    folder: &Path,
) -> Result<PathBuf, Error> {
    let which = format!("{package}=={version}");
    let arguments = |folder: &Path| {
        let folder = folder.to_string_lossy().into_owned();
        let words = [
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--platform",
        ];
        let words = words.into_iter().map(str::to_owned);
        words
            .chain([
                platform.to_owned(),
                "--dest".to_owned(),
                folder,
                which.clone(),
            ])
            .collect::<Vec<String>>()
    };
    let failed = |why: String| {
        let python = ["python3", "-m", "pip"].map(str::to_owned).into_iter();
        Error::Fetch {
            package: package.to_owned(),
            version: version.to_owned(),
            why,
            help: Box::new(Help::Before(vec![python.chain(arguments(cache)).collect()])),
        }
    };
    let words = arguments(folder);
    run(
        &words.iter().map(String::as_str).collect::<Vec<_>>(),
        failed,
    )?;
    let mut entries = fs::read_dir(folder).map_err(Error::io("list", folder))?;
    match entries.next() {
        Some(entry) => Ok(entry.map_err(Error::io("list", folder))?.path()),
        None => Err(failed("pip wrote no file".to_owned())),
    }
}

/// The newest version of a package.
pub(crate) fn newest(package: &str) -> Result<String, Error> {
    let failed = |why: String| Error::Newest {
        package: package.to_owned(),
        why,
    };
    let output = run(&["index", "versions", package], failed)?;
    first_version(&output).ok_or_else(|| failed(format!("pip printed `{}`", output.trim())))
}

/// The version in the first line of `pip index versions`: `ziglang (0.17.1)`.
fn first_version(output: &str) -> Option<String> {
    let (_, rest) = output.lines().next()?.split_once('(')?;
    Some(rest.split_once(')')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::first_version;

    #[test]
    fn newest_version_is_in_the_first_line() {
        let output = "ziglang (0.17.1)\nAvailable versions: 0.17.1, 0.17.0\n";
        assert_eq!(first_version(output).as_deref(), Some("0.17.1"));
        assert_eq!(first_version(""), None);
    }
}
