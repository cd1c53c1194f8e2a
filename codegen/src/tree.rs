//! A folder with the headers of a system: an unpacked SDK, a sysroot, or the headers of a kernel.
//! Which system and version it holds is read from the folder.

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;
use crate::help::Help;
use crate::project_error::ProjectError;
use crate::split::Traits;
use crate::targets::Target;
use crate::tree_version::{self, Settings};

/// What a folder of headers is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An SDK of Xcode.
    Apple,
    /// Android's NDK, or its sysroot.
    Android,
    /// The base system of FreeBSD.
    FreeBsd,
    /// The base system of NetBSD.
    NetBsd,
    /// The base system of OpenBSD.
    OpenBsd,
    /// The headers that a Linux kernel exports, alone or in a sysroot.
    Linux,
}

/// A folder with the headers of a system.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    /// What it is.
    pub(crate) kind: Kind,
    /// The system and its version, such as `macOS SDK 14.4`.
    pub(crate) title: String,
    /// Its include folder.
    pub(crate) include: PathBuf,
    /// The `target_os` that it serves.
    systems: Vec<&'static str>,
    /// The architectures that it serves; `None` if it serves all, or if none is known.
    archs: Option<Vec<&'static str>>,
    /// Whether its architectures are known.
    pub(crate) is_arch_known: bool,
}

impl Tree {
    /// Finds out what the folder holds.
    pub(crate) fn open(folder: &Path) -> Result<Tree, Error> {
        if !folder.is_dir() {
            return Err(fault(
                folder,
                "there is no such folder",
                Help::text("name the folder of an unpacked SDK or sysroot"),
            ));
        }
        if let Some(settings) = tree_version::apple_settings(folder) {
            return apple(folder, &settings);
        }
        if let Some(tree) = android(folder) {
            return Ok(tree);
        }
        let candidates = ["usr/include", "include", ""].map(|path| folder.join(path));
        for include in candidates.iter().filter(|include| include.is_dir()) {
            if let Some(tree) = bsd(include).or_else(|| linux(include)) {
                return Ok(tree);
            }
        }
        if let Some(version) = tree_version::kernel_makefile(folder) {
            let path = folder.to_string_lossy();
            return Err(fault(
                folder,
                &format!(
                    "it is the source of Linux {version}, whose headers `make headers` exports to \
                     usr/include; ARCH selects the architecture, by default that of this machine"
                ),
                Help::before(["make", "-C", &path, "headers"]),
            ));
        }
        Err(fault(
            folder,
            "it is none of: an SDK of Xcode (SDKSettings.json), Android's NDK \
             (source.properties), a BSD (usr/include/sys/param.h), or headers of Linux \
             (usr/include/linux/version.h)",
            Help::text("name the folder that holds one of these files"),
        ))
    }

    /// Whether it has headers for a target.
    pub(crate) fn serves(&self, target: &Target) -> bool {
        let traits = Traits::of(target.triple);
        let has_arch = match &self.archs {
            Some(archs) => archs.contains(&traits.arch),
            None => true,
        };
        self.systems.contains(&&*traits.os) && has_arch && self.folders(target).is_some()
    }

    /// The include folders for a target, in order.
    pub(crate) fn include(&self, target: &Target) -> Vec<PathBuf> {
        let folders = self.folders(target);
        folders.unwrap_or_else(|| vec![self.include.clone()])
    }

    /// The include folders for a target, if the tree has those of its architecture.
    fn folders(&self, target: &Target) -> Option<Vec<PathBuf>> {
        let base = self.include.clone();
        if base.join("asm").is_dir() || !matches!(self.kind, Kind::Android | Kind::Linux) {
            return Some(vec![base]);
        }
        let own = base.join(multiarch(target.triple));
        own.is_dir().then(|| vec![own, base])
    }

    /// Whether an argument for clang states the version of the system, which the headers of the
    /// tree state themselves.
    pub(crate) fn states_version(flag: &str) -> bool {
        ["-D__FreeBSD_version=", "-D__NetBSD_Version__=", "-DOpenBSD"]
            .iter()
            .any(|begin| flag.starts_with(begin))
    }
}

/// A tree that `sources.toml` pins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pin {
    /// Its name in the table of targets.
    pub(crate) name: String,
    /// The folder, relative to that of `sources.toml`.
    path: Option<PathBuf>,
    /// The environment variable that names the folder. It precedes `path`.
    env: Option<String>,
    /// The digest of the headers, in hexadecimal. Missing until the first run states it.
    #[serde(default)]
    pub(crate) sha256: String,
}

impl Pin {
    /// The tree, whose headers have the pinned digest. Relative paths begin in `base`.
    pub(crate) fn open(&self, base: &Path) -> Result<Tree, Error> {
        let folder = self.folder(base)?;
        let tree = Tree::open(&folder)?;
        let found = tree_version::digest(&tree)?;
        if found == self.sha256 {
            return Ok(tree);
        }
        let state = if self.sha256.is_empty() {
            "has no pinned digest".to_owned()
        } else {
            format!(
                "is not the pinned one\n  wanted sha256 {}\n  found  sha256 {found}",
                self.sha256
            )
        };
        Err(fault(
            &folder,
            &format!("the tree `{}` ({}) {state}", self.name, tree.title),
            Help::Text(format!(
                "name the pinned tree, or pin this one: sha256 = \"{found}\" in [[tree]] `{}` of \
                 codegen/sources.toml",
                self.name
            )),
        ))
    }

    /// Its folder.
    fn folder(&self, base: &Path) -> Result<PathBuf, Error> {
        let variable = self.env.as_deref().and_then(std::env::var_os);
        match (variable, &self.path, &self.env) {
            (Some(folder), ..) if !folder.is_empty() => {
                let here = std::env::current_dir();
                let here = here.map_err(Error::io("find", "the current folder"))?;
                Ok(here.join(folder))
            }
            (_, Some(path), _) => Ok(base.join(path)),
            (_, None, Some(name)) => Err(Error::Sources(format!(
                "the tree `{}` is in the folder that {name} names, and it is not set",
                self.name
            ))),
            (_, None, None) => Err(Error::Sources(format!(
                "the tree `{}` has neither `path` nor `env`",
                self.name
            ))),
        }
    }
}

/// The error for a folder that cannot be read as a tree.
fn fault(folder: &Path, why: &str, help: Help) -> Error {
    Error::project(ProjectError::Tree {
        path: folder.to_owned(),
        why: why.to_owned(),
        help,
    })
}

/// An SDK of Xcode.
fn apple(folder: &Path, settings: &Settings) -> Result<Tree, Error> {
    // The canonical name begins with that of the platform: `macosx14.4`.
    let platforms = [
        ("macosx", "macOS", "macos"),
        ("iphone", "iOS", "ios"),
        ("appletv", "tvOS", "tvos"),
        ("watch", "watchOS", "watchos"),
        ("xr", "visionOS", "visionos"),
    ];
    let platform = platforms
        .iter()
        .find(|(begin, ..)| settings.name.starts_with(begin));
    let Some((_, title, os)) = platform else {
        return Err(fault(
            folder,
            &format!(
                "its SDKSettings name the unknown platform `{}`",
                settings.name
            ),
            Help::text("name an SDK of macOS, iOS, tvOS, watchOS or visionOS"),
        ));
    };
    Ok(Tree {
        kind: Kind::Apple,
        title: format!("{title} SDK {}", settings.version),
        include: folder.join("usr/include"),
        systems: vec![os],
        archs: None,
        is_arch_known: true,
    })
}

/// Android's NDK: its folder, or that of its sysroot.
fn android(folder: &Path) -> Option<Tree> {
    let prebuilt = folder.join("toolchains/llvm/prebuilt");
    let mut hosts: Vec<PathBuf> = fs::read_dir(prebuilt)
        .into_iter()
        .flatten()
        .flatten()
        .map(|host| host.path().join("sysroot"))
        .collect();
    // The headers are the same on every host.
    hosts.sort();
    hosts.push(folder.to_owned());
    let include = hosts
        .into_iter()
        .map(|sysroot| sysroot.join("usr/include"))
        .find(|include| include.join("android/api-level.h").is_file())?;
    let version = tree_version::ndk(folder, &include);
    Some(Tree {
        kind: Kind::Android,
        title: format!(
            "Android NDK {}",
            version.unwrap_or("of unknown version".to_owned())
        ),
        include,
        systems: vec!["android"],
        archs: None,
        is_arch_known: true,
    })
}

/// The base system of a BSD.
fn bsd(include: &Path) -> Option<Tree> {
    let (kind, title) = tree_version::bsd(include)?;
    let os = match kind {
        Kind::FreeBsd => "freebsd",
        Kind::NetBsd => "netbsd",
        _ => "openbsd",
    };
    let archs = tree_version::bsd_archs(include);
    Some(Tree {
        kind,
        title,
        include: include.to_owned(),
        systems: vec![os],
        is_arch_known: archs.is_some(),
        archs,
    })
}

/// The headers that a Linux kernel exports.
fn linux(include: &Path) -> Option<Tree> {
    let version = tree_version::linux(include)?;
    // Debian's folders name the architecture. A plain `asm` is that of one architecture.
    let has_one = include.join("asm").is_dir();
    let archs = has_one
        .then(|| tree_version::linux_archs(include))
        .flatten();
    Some(Tree {
        kind: Kind::Linux,
        title: format!("Linux {version}"),
        include: include.to_owned(),
        // Beside Debian's folders are the headers of its C library.
        systems: if has_one {
            vec!["linux", "android"]
        } else {
            vec!["linux"]
        },
        is_arch_known: !has_one || archs.is_some(),
        archs,
    })
}

/// The name of the folder with the headers of a target's architecture: Debian's multiarch name
/// (<https://wiki.debian.org/Multiarch/Tuples>), or Android's name.
pub(crate) fn multiarch(triple: &str) -> String {
    let words: Vec<&str> = triple.split('-').collect();
    let (arch, environment) = (words[0], words[words.len() - 1]);
    let is_android = environment.starts_with("android");
    let arch = match arch {
        "i586" | "i686" if !is_android => "i386",
        "riscv32gc" => "riscv32",
        "riscv64gc" => "riscv64",
        _ if arch.starts_with("thumb") => "arm",
        _ if arch.starts_with("arm") && arch != "armeb" => "arm",
        _ => arch,
    };
    format!("{arch}-linux-{environment}")
}
