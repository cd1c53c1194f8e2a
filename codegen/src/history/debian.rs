//! Kernel headers of Debian's releases: `linux-libc-dev`, which apt downloads with package lists of
//! its own. The machine's lists and packages do not change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::store::History;
use crate::error::Error;
use crate::generate::say;
use crate::interrupt;

/// The releases, the oldest first.
const SUITES: [&str; 9] = [
    "stretch",
    "buster",
    "bullseye",
    "bullseye-backports",
    "bookworm",
    "bookworm-backports",
    "trixie",
    "trixie-backports",
    "sid",
];

/// The package.
const PACKAGE: &str = "linux-libc-dev";

/// The architectures whose package is read. Since Debian 13 one package has the headers of all.
const ARCHITECTURES: [&str; 3] = ["amd64", "arm64", "i386"];

/// The unpacked headers of a release.
#[derive(Debug)]
pub(super) struct Kernel {
    /// The package and its version.
    pub(super) name: String,
    /// The folder that holds `include`.
    pub(super) root: PathBuf,
    /// The folder of everything. It is removed when dropped.
    _folder: tempfile::TempDir,
}

/// The kernels that the history lacks. A release that the archive no longer has is entered into
/// the history with that reason.
pub(super) fn kernels(history: &mut History) -> Result<Vec<Kernel>, Error> {
    let mut kernels = Vec::new();
    if !Path::new("/etc/debian_version").exists() {
        say(format!("not read: {PACKAGE}: this machine is not Debian"));
        return Ok(kernels);
    }
    for suite in SUITES {
        interrupt::check()?;
        let folder = tempfile::tempdir().map_err(Error::io("make", "a temporary folder"))?;
        let apt = Apt::new(folder.path(), suite)?;
        let Some(version) = apt.newest() else {
            say(format!(
                "not read: {PACKAGE} of Debian's {suite}: the archive does not have it"
            ));
            history.absent(
                format!("{PACKAGE} of Debian's {suite}"),
                "the archive does not have it",
            );
            continue;
        };
        let name = format!("{PACKAGE} {version}");
        if history.has_pack(&name) || kernels.iter().any(|known: &Kernel| known.name == name) {
            continue;
        }
        say(format!("{name} of Debian's {suite}: fetching"));
        if apt.unpack(&version) {
            kernels.push(Kernel {
                name,
                root: folder.path().join("root/usr"),
                _folder: folder,
            });
        } else {
            say(format!("not read: {name}: apt-get cannot download it"));
        }
    }
    Ok(kernels)
}

/// A release with package lists of its own.
struct Apt<'a> {
    /// Its folder.
    folder: &'a Path,
}

impl Apt<'_> {
    /// Writes the configuration.
    fn new<'a>(folder: &'a Path, suite: &str) -> Result<Apt<'a>, Error> {
        for name in ["lists/partial", "cache/archives/partial", "root"] {
            let path = folder.join(name);
            fs::create_dir_all(&path).map_err(Error::io("make", path))?;
        }
        let targets = Command::new("apt-get")
            .args(["indextargets", "--format", "$(REPO_URI)"])
            .output()
            .map_err(Error::io("start", "apt-get"))?;
        let targets = String::from_utf8_lossy(&targets.stdout).into_owned();
        let is_main = |line: &&str| line.trim_end_matches('/').ends_with("/debian");
        let archive = targets.lines().find(is_main).unwrap_or_default();
        let architectures = ARCHITECTURES.join(",");
        let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
        let line = format!("deb [arch={architectures} signed-by={keys}] {archive} {suite} main\n");
        let path = folder.join("sources.list");
        fs::write(&path, line).map_err(Error::io("write", path))?;
        Ok(Apt { folder })
    }

    /// Runs one of apt's programs. None if it fails.
    fn run(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let folder = |name: &str| self.folder.join(name).display().to_string();
        let mut command = Command::new(program);
        command.current_dir(self.folder);
        for option in [
            "Dir::Etc::sourceparts=-".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
            // Packages on this machine do not count.
            "Dir::State::status=/dev/null".to_owned(),
            format!("Dir::Etc::sourcelist={}", folder("sources.list")),
            format!("Dir::State::lists={}", folder("lists")),
            format!("Dir::Cache={}", folder("cache")),
            // The lists of a release that ended are no longer renewed.
            "Acquire::Check-Valid-Until=false".to_owned(),
        ] {
            command.args(["-o", &option]);
        }
        for architecture in ARCHITECTURES {
            command.args(["-o", &format!("APT::Architectures::={architecture}")]);
        }
        let output = command.args(arguments).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then_some(text)
    }

    /// The newest version of the package.
    fn newest(&self) -> Option<String> {
        self.run("apt-get", &["update"])?;
        let policy = self.run("apt-cache", &["madison", PACKAGE])?;
        let version = policy.lines().next()?.split('|').nth(1)?.trim();
        Some(version.to_owned())
    }

    /// Downloads the package of each architecture, and unpacks them. Whether one was unpacked.
    fn unpack(&self, version: &str) -> bool {
        for architecture in ARCHITECTURES {
            let package = format!("{PACKAGE}:{architecture}={version}");
            // A release need not have all of them.
            let _ = self.run("apt-get", &["download", &package]);
        }
        let root = self.folder.join("root");
        let entries = fs::read_dir(self.folder).into_iter().flatten().flatten();
        let packages = entries.map(|entry| entry.path());
        let mut unpacked = false;
        for package in packages.filter(|path| path.extension().is_some_and(|end| end == "deb")) {
            let status = Command::new("dpkg")
                .arg("-x")
                .arg(&package)
                .arg(&root)
                .status();
            unpacked |= status.is_ok_and(|status| status.success());
        }
        unpacked
    }
}
