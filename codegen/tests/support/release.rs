//! An artificial release of NetBSD's headers: a part of the real ones with edits. It is a wheel in
//! a cache of its own.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use zip::write::SimpleFileOptions;

use sha2::{Digest, Sha256};

use self::index::{Index, Wheel};
use crate::support::{Repository, Result, real_cache};

#[path = "index.rs"]
mod index;

/// The version of the release.
const VERSION: &str = "9.9.9";
/// Its wheel.
const WHEEL: &str = "ziglang-9.9.9-py3-none-manylinux_2_12_x86_64.whl";
/// The folder of headers in it.
const INCLUDE: &str = "ziglang/lib/libc/include";
/// The folder of NetBSD's headers that all its machines share.
const GENERIC: &str = "generic-netbsd";

/// A repository and a cache with the release.
#[derive(Debug)]
pub(crate) struct Release {
    /// The repository.
    pub(crate) repository: Repository,
    /// The cache. It is removed when dropped.
    cache: tempfile::TempDir,
    /// The package index, which has the release.
    index: Index,
}

impl Release {
    /// The real headers with `edits`: a header, a text in it, and the replacement of the text.
    pub(crate) fn new(edits: &[(&str, &str, &str)]) -> Result<Release> {
        let repository = Repository::whole()?;
        // The release is not compared with the headers of NetBSD 11.
        let also = "also = [\"ziglang-netbsd-11\"]\n";
        repository.edit("codegen/sources.toml", also, "")?;
        let cache = tempfile::tempdir()?;
        let kept = cache.path().join("mio-build");
        fs::create_dir(&kept)?;
        let real = real_cache()?;
        for entry in fs::read_dir(&real)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // Unpacked packs.
            if entry.path().is_dir()
                && (name.starts_with("ziglang-") || name.starts_with("libclang-"))
            {
                link(&entry.path(), &kept.join(&*name))?;
            }
        }
        let pack = netbsd(&real)?;
        let wheel = kept.join(WHEEL);
        pack_wheel(&pack, &wheel, edits)?;
        let hash = Sha256::digest(fs::read(wheel)?);
        let index = Index::start(vec![Wheel {
            package: "ziglang",
            file: WHEEL.to_owned(),
            sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            day: "2026-01-01",
            yanked: false,
        }])?;
        Ok(Release {
            repository,
            cache,
            index,
        })
    }

    /// The folder of the cache that holds the packs.
    fn kept(&self) -> PathBuf {
        self.cache.path().join("mio-build")
    }

    /// The wheel.
    pub(crate) fn wheel(&self) -> PathBuf {
        self.kept().join(WHEEL)
    }

    /// A command that runs the tool with the cache in the repository.
    pub(crate) fn tool(&self) -> Command {
        let mut tool = self.repository.tool();
        tool.env("XDG_CACHE_HOME", self.cache.path());
        self.index.set(&mut tool);
        tool
    }

    /// Renews the pack to the release, with its breaking changes. Returns the status and all
    /// output.
    #[allow(dead_code)] // not every test binary needs it
    pub(crate) fn bump(&self) -> Result<(Option<i32>, String)> {
        self.bump_with(&["--accept-breaking"])
    }

    /// Renews the pack to the release with these options. Returns the status and all output.
    #[allow(dead_code)] // not every test binary needs it
    pub(crate) fn bump_with(&self, options: &[&str]) -> Result<(Option<i32>, String)> {
        let output = self
            .tool()
            .args(["bump", "ziglang-netbsd", VERSION])
            .args(options)
            .output()?;
        let message = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        Ok((output.status.code(), message))
    }

    /// Unfinished folders in the cache, and files of this release besides its wheel.
    #[allow(dead_code)] // not every test binary needs it
    pub(crate) fn leftovers(&self) -> Result<Vec<String>> {
        let mut left = Vec::new();
        for entry in fs::read_dir(self.kept())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with(".new-") || (name.starts_with("ziglang-9.9.9") && name != WHEEL) {
                left.push(name);
            }
        }
        Ok(left)
    }
}

/// The pinned pack with NetBSD's headers.
fn netbsd(cache: &Path) -> Result<PathBuf> {
    let toml = include_str!("../../sources.toml");
    let (_, entry) = toml
        .split_once("name = \"ziglang-netbsd\"")
        .ok_or("no such pack")?;
    let (_, rest) = entry.split_once("version = \"").ok_or("no version")?;
    let (version, _) = rest.split_once('"').ok_or("no version")?;
    for entry in fs::read_dir(cache)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with(&format!("ziglang-{version}-"))
            && path.join(INCLUDE).join(GENERIC).is_dir()
            && path.join("SHA256SUMS").is_file()
        {
            return Ok(path);
        }
    }
    Err("the cache does not have it".into())
}

/// Whether the file at this path in the pack is needed.
fn is_needed(path: &str) -> bool {
    if path == "ziglang/lib/std/Target.zig" {
        return true;
    }
    if let Some(own) = path.strip_prefix("ziglang/lib/include/") {
        return own.starts_with("std") || own.starts_with("__std") || own == "limits.h";
    }
    let Some((folder, header)) = path
        .strip_prefix(INCLUDE)
        .and_then(|path| path[1..].split_once('/'))
    else {
        return false;
    };
    let Some((first, _)) = header.split_once('/') else {
        return true;
    };
    let kept = [
        "aarch64", "amd64", "arm", "i386", "machine", "mips", "powerpc", "prop", "sparc",
        "sparc64", "ssp", "sys", "x86",
    ];
    folder != GENERIC || kept.contains(&first)
}

/// Writes the wheel.
fn pack_wheel(pack: &Path, wheel: &Path, edits: &[(&str, &str, &str)]) -> Result {
    let mut archive = zip::ZipWriter::new(io::BufWriter::new(fs::File::create(wheel)?));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut folders = vec![PathBuf::new()];
    let mut edited = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(pack.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let name = path.to_string_lossy().replace('\\', "/");
            if entry.path().is_dir() {
                folders.push(path);
            } else if is_needed(&name) {
                let mut bytes = fs::read(entry.path())?;
                for (header, old, new) in edits {
                    if name == format!("{INCLUDE}/{GENERIC}/{header}") {
                        let text = String::from_utf8(bytes)?;
                        assert!(text.contains(old), "{header} does not hold {old}");
                        bytes = text.replacen(old, new, 1).into_bytes();
                        edited += 1;
                    }
                }
                archive.start_file(name, options)?;
                archive.write_all(&bytes)?;
            }
        }
    }
    archive.finish()?.flush()?;
    assert_eq!(edited, edits.len(), "every edit has its header");
    Ok(())
}

/// Makes a symbolic link to a folder.
fn link(folder: &Path, name: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(folder, name);
    #[cfg(not(unix))]
    return Err(io::Error::new(
        io::ErrorKind::Unsupported,
        format!("{} to {}", name.display(), folder.display()),
    ));
}
