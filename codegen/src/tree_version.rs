//! What the files of a tree state about it: the version of the system, and the architecture.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cache::{hex, sha256};
use crate::error::Error;
use crate::tree::{Kind, Tree};

/// The settings of an SDK of Xcode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Its canonical name, such as `macosx14.4`.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
}

/// The settings in `SDKSettings.json`, or in the property list that older SDKs have alone.
pub(crate) fn apple_settings(folder: &Path) -> Option<Settings> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let of_json = read("SDKSettings.json").and_then(|text| {
        let value: serde_json::Value = serde_json::from_str(&text).ok()?;
        let text = |key: &str| Some(value.get(key)?.as_str()?.to_owned());
        Some(Settings {
            name: text("CanonicalName")?,
            version: text("Version")?,
        })
    });
    of_json.or_else(|| {
        let text = read("SDKSettings.plist")?;
        Some(Settings {
            name: in_plist(&text, "CanonicalName")?,
            version: in_plist(&text, "Version")?,
        })
    })
}

/// The string of a key in the XML form of a property list.
fn in_plist(text: &str, key: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<key>{key}</key>"))?;
    let rest = rest.trim_start().strip_prefix("<string>")?;
    Some(rest.split_once("</string>")?.0.trim().to_owned())
}

/// The version of an NDK: `Pkg.Revision` of its `source.properties`, or the macros of its header.
pub(crate) fn ndk(folder: &Path, include: &Path) -> Option<String> {
    let properties = fs::read_to_string(folder.join("source.properties")).ok();
    let of_properties = properties.as_deref().and_then(|text| {
        let line = |line: &str| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == "Pkg.Revision").then(|| value.trim().to_owned())
        };
        text.lines().find_map(line)
    });
    of_properties.or_else(|| {
        let text = fs::read_to_string(include.join("android/ndk-version.h")).ok()?;
        let (major, minor) = (
            macro_of(&text, "__NDK_MAJOR__")?,
            macro_of(&text, "__NDK_MINOR__")?,
        );
        Some(format!("{major}.{minor}"))
    })
}

/// The BSD that `sys/param.h` is of, and its version.
pub(crate) fn bsd(include: &Path) -> Option<(Kind, String)> {
    let read = |name: &str| fs::read_to_string(include.join(name)).ok();
    let param = read("sys/param.h")?;
    let number = |text: &str, name: &str| macro_of(text, name)?.parse::<u32>().ok();
    // 1401000: major, two digits of the minor, three that count changes.
    // https://docs.freebsd.org/en/books/porters-handbook/versions/
    let freebsd = number(&param, "__FreeBSD_version").or_else(|| {
        let text = read("osreldate.h")?;
        number(&text, "__FreeBSD_version")
    });
    if let Some(number) = freebsd {
        let (major, minor) = (number / 100_000, number / 1000 % 100);
        return Some((Kind::FreeBsd, format!("FreeBSD {major}.{minor}")));
    }
    // MMmmrrpp00: https://man.netbsd.org/param.3
    if let Some(number) = number(&param, "__NetBSD_Version__") {
        let (major, minor) = (number / 100_000_000, number / 1_000_000 % 100);
        return Some((Kind::NetBsd, format!("NetBSD {major}.{minor}")));
    }
    // `#define OpenBSD7_6 1`:
    // https://github.com/openbsd/src/blob/8b4d3c93e9d4a3f24de0e1f8eea32e6efdda6a32/sys/sys/param.h
    let line = |line: &str| {
        let name = line.strip_prefix("#define")?.split_whitespace().next()?;
        let (major, minor) = name.strip_prefix("OpenBSD")?.split_once('_')?;
        let (major, minor) = (major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?);
        Some(format!("OpenBSD {major}.{minor}"))
    };
    let title = param.lines().find_map(line)?;
    Some((Kind::OpenBsd, title))
}

/// The `target_arch` that `machine/param.h` of a BSD is of: the macro `MACHINE_ARCH`, on OpenBSD
/// `_MACHINE_ARCH`.
pub(crate) fn bsd_archs(include: &Path) -> Option<Vec<&'static str>> {
    let text = fs::read_to_string(include.join("machine/param.h")).ok()?;
    let name = macro_of(&text, "MACHINE_ARCH")
        .filter(|name| name != "_MACHINE_ARCH")
        .or_else(|| macro_of(&text, "_MACHINE_ARCH"))?;
    Some(match name.trim_matches('"') {
        "amd64" | "x86_64" => vec!["x86_64"],
        "i386" => vec!["x86"],
        "aarch64" | "arm64" => vec!["aarch64"],
        "arm" | "armv6" | "armv7" | "earmv7hf" => vec!["arm"],
        "powerpc" => vec!["powerpc"],
        "powerpc64" | "powerpc64le" => vec!["powerpc64"],
        "riscv64" => vec!["riscv64"],
        "sparc64" => vec!["sparc64"],
        _ => return None,
    })
}

/// The version of the kernel that exported the headers: `LINUX_VERSION_CODE`.
pub(crate) fn linux(include: &Path) -> Option<String> {
    let text = fs::read_to_string(include.join("linux/version.h")).ok()?;
    let code: u32 = macro_of(&text, "LINUX_VERSION_CODE")?.parse().ok()?;
    // Since Linux 4.14.252 the last part of a larger version is 255.
    let last = macro_of(&text, "LINUX_VERSION_SUBLEVEL");
    let last = last.unwrap_or_else(|| (code & 0xff).to_string());
    Some(format!("{}.{}.{last}", code >> 16, code >> 8 & 0xff))
}

/// The `target_arch` that `asm/` is of. Each has a header that the kernel exports on no other:
/// <https://github.com/torvalds/linux/tree/v6.12/arch>
pub(crate) fn linux_archs(include: &Path) -> Option<Vec<&'static str>> {
    const OWN: &[(&str, &[&str])] = &[
        ("ldt.h", &["x86", "x86_64"]),
        ("unistd-eabi.h", &["arm"]),
        ("sve_context.h", &["aarch64"]),
        ("elf.h", &["riscv32", "riscv64"]),
        ("cputable.h", &["powerpc", "powerpc64"]),
        ("chsc.h", &["s390x"]),
        ("sgidefs.h", &["mips", "mips32r6", "mips64", "mips64r6"]),
        ("psrcompat.h", &["sparc", "sparc64"]),
        // MIPS has it, too, and precedes.
        ("break.h", &["loongarch64"]),
    ];
    let own = OWN
        .iter()
        .find(|(header, _)| include.join("asm").join(header).is_file());
    own.map(|(_, archs)| archs.to_vec())
}

/// The version in the Makefile of the kernel's source.
pub(crate) fn kernel_makefile(folder: &Path) -> Option<String> {
    if !folder.join("include/uapi/linux").is_dir() {
        return None;
    }
    let text = fs::read_to_string(folder.join("Makefile")).ok()?;
    let value = |name: &str| {
        let line = |line: &str| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        };
        text.lines().find_map(line)
    };
    let (major, minor) = (value("VERSION")?, value("PATCHLEVEL")?);
    Some(format!("{major}.{minor}.{}", value("SUBLEVEL")?))
}

/// The value of a macro in the text of a header, without a comment.
fn macro_of(text: &str, name: &str) -> Option<String> {
    let line = |line: &str| {
        let rest = line.trim_start().strip_prefix('#')?.trim_start();
        let rest = rest.strip_prefix("define")?.trim_start();
        let rest = rest.strip_prefix(name)?;
        let value = rest.strip_prefix([' ', '\t'])?;
        value.split_whitespace().next().map(str::to_owned)
    };
    text.lines().find_map(line)
}

/// The digest of a tree: its title, and the path and content of each file of its include folder.
pub(crate) fn digest(tree: &Tree) -> Result<String, Error> {
    let mut files = BTreeMap::new();
    let root = &tree.include;
    let real = root.canonicalize().map_err(Error::io("find", root))?;
    collect(&real, Path::new(""), 0, &mut files)?;
    let mut hash = Sha256::new();
    hash.update(format!("{}\n", tree.title));
    for (path, content) in files {
        hash.update(format!("{content}  {path}\n"));
    }
    Ok(hex(&hash.finalize()))
}

/// Folders that are nested deeper than this are a circle of links out of the tree.
const DEEPEST: usize = 64;

/// Adds the files of a folder. A link that stays in the tree counts by its text, so that circles do
/// no harm.
fn collect(
    root: &Path,
    relative: &Path,
    depth: usize,
    files: &mut BTreeMap<String, String>,
) -> Result<(), Error> {
    let folder = root.join(relative);
    for entry in fs::read_dir(&folder).map_err(Error::io("list", &folder))? {
        let entry = entry.map_err(Error::io("list", &folder))?;
        let relative = relative.join(entry.file_name());
        let path = entry.path();
        let name = relative.to_string_lossy().replace('\\', "/");
        let link = fs::read_link(&path).ok();
        // A link without a target has no real path; its text counts, too.
        let real = path.canonicalize().unwrap_or_else(|_| root.to_owned());
        match link {
            Some(target) if real.starts_with(root) => {
                let target: PathBuf = target.strip_prefix(root).unwrap_or(&target).to_owned();
                files.insert(name, format!("-> {}", target.to_string_lossy()));
            }
            _ if path.is_dir() => {
                if depth < DEEPEST {
                    collect(root, &relative, depth + 1, files)?;
                }
            }
            _ => {
                files.insert(name, sha256(&path)?);
            }
        }
    }
    Ok(())
}
