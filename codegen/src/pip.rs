//! Runs `pip`: downloads wheels and looks up releases.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;

use crate::error::Error;
use crate::help::Help;
use crate::version_error::VersionError;

/// The program that asks the package index through pip.
const INDEX: &str = include_str!("pip_index.py");

/// Runs `python3` and returns what it printed.
fn run(arguments: &[&str], failed: impl Fn(String) -> Error) -> Result<String, Error> {
    let style = ProgressStyle::with_template("{spinner} pip is running: {elapsed}");
    let style = style.expect("the template is a constant");
    // indicatif hides it if standard error is no terminal.
    let spinner = ProgressBar::new_spinner().with_style(style);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let output = Command::new("python3")
        .args(arguments)
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
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
            "-m",
            "pip",
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
        let python = std::iter::once("python3".to_owned());
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

/// A wheel in the package index.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wheel {
    /// Its version.
    pub(crate) version: String,
    /// Its file name.
    pub(crate) file: String,
    /// The file's SHA-256, in hexadecimal; empty if the index has none.
    pub(crate) sha256: String,
    /// The day of its upload, as `2026-11-29`; empty if the index has none.
    pub(crate) released: String,
    /// Whether its maintainers withdrew it.
    pub(crate) yanked: bool,
    /// Whether it is a preview of a version.
    pub(crate) preview: bool,
}

/// The wheels of packages, the oldest version of each first.
#[derive(Debug)]
pub(crate) struct Index(BTreeMap<String, Vec<Wheel>>);

impl Index {
    /// Asks the index for packages.
    pub(crate) fn of(packages: &[&str]) -> Result<Index, Error> {
        let failed = |why: String| {
            Error::Version(VersionError::Index {
                packages: packages.join(", "),
                why,
            })
        };
        let arguments: Vec<&str> = ["-c", INDEX].iter().chain(packages).copied().collect();
        let output = run(&arguments, failed)?;
        let wheels = serde_json::from_str(&output);
        let wheels = wheels.map_err(|error| failed(format!("pip printed `{output}`: {error}")))?;
        Ok(Index(wheels))
    }

    /// The wheels of a package for a platform.
    fn wheels<'a>(
        &'a self,
        package: &str,
        platform: &'a str,
    ) -> impl DoubleEndedIterator<Item = &'a Wheel> {
        let wheels = self.0.get(package).into_iter().flatten();
        let tag = move |file: &str| {
            let tags = file
                .strip_suffix(".whl")
                .and_then(|file| file.rsplit('-').next());
            tags.is_some_and(|tags| tags.split('.').any(|tag| tag == platform))
        };
        wheels.filter(move |wheel| tag(&wheel.file))
    }

    /// The wheels for a platform that are neither withdrawn nor previews, the oldest first.
    pub(crate) fn releases<'a>(
        &'a self,
        package: &str,
        platform: &'a str,
    ) -> impl DoubleEndedIterator<Item = &'a Wheel> {
        let wheels = self.wheels(package, platform);
        wheels.filter(|wheel| !wheel.yanked && !wheel.preview)
    }

    /// The newest wheel for a platform that is neither withdrawn nor a preview.
    pub(crate) fn newest<'a>(
        &'a self,
        package: &str,
        platform: &'a str,
    ) -> Result<&'a Wheel, Error> {
        let newest = self.releases(package, platform).next_back();
        newest.ok_or_else(|| {
            Error::Version(VersionError::Index {
                packages: package.to_owned(),
                why: format!("it has no wheel for {platform}"),
            })
        })
    }

    /// The wheel of this file name. A version may have several for a platform, with build numbers.
    pub(crate) fn file(&self, package: &str, file: &str) -> Option<&Wheel> {
        let mut wheels = self.0.get(package).into_iter().flatten();
        wheels.find(|wheel| wheel.file == file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wheel of a version.
    fn wheel(version: &str, platforms: &str) -> Wheel {
        Wheel {
            version: version.to_owned(),
            file: format!("a-{version}-py3-none-{platforms}.whl"),
            sha256: String::new(),
            released: String::new(),
            yanked: false,
            preview: false,
        }
    }

    #[test]
    fn newest_is_the_last_for_the_platform_that_is_no_preview_and_not_withdrawn() {
        let with = |version, yanked, preview| Wheel {
            yanked,
            preview,
            ..wheel(version, "linux_x86_64")
        };
        let wheels = vec![
            wheel("1.0", "linux_x86_64.linux_aarch64"),
            wheel("1.1", "linux_x86_64"),
            with("1.2", true, false),
            with("2.0b1", false, true),
            wheel("3.0", "win_amd64"),
        ];
        let index = Index(BTreeMap::from([("a".to_owned(), wheels)]));
        let newest = |platform| index.newest("a", platform).map(|found| &*found.version);
        assert_eq!(newest("linux_x86_64").ok(), Some("1.1"));
        assert_eq!(newest("linux_aarch64").ok(), Some("1.0"));
        assert_eq!(newest("linux").ok(), None);
        let at = |version| {
            let file = format!("a-{version}-py3-none-linux_x86_64.whl");
            index.file("a", &file).map(|found| found.yanked)
        };
        assert_eq!(at("1.2"), Some(true));
        assert_eq!(at("3.0"), None);
    }
}
