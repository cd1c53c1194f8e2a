//! Header packs: which wheels, checked against which hash, unpacked where. After the first time nothing needs a network.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::interrupt;
use crate::pip;

/// `codegen/sources.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sources {
    /// The packs of headers.
    pub(crate) headers: Vec<Pack>,
    /// The library that reads them: one wheel for each kind of host.
    libclang: Vec<Pack>,
    /// The same of another version, as a witness.
    #[serde(default)]
    witness: Vec<Pack>,
}

/// A pinned wheel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pack {
    /// What the target table calls it; header packs only.
    #[serde(default)]
    pub(crate) name: String,
    /// Its name in the Python package index.
    pub(crate) package: String,
    /// Its version.
    pub(crate) version: String,
    /// `pip`'s name of the platform it was built for.
    pub(crate) platform: String,
    /// Its file name.
    pub(crate) file: String,
    /// The file's SHA-256, in hexadecimal.
    pub(crate) sha256: String,
    /// `os-arch` of the machines it runs on; empty if it does not matter.
    #[serde(default)]
    pub(crate) host: String,
    /// Which files are unpacked: those that begin so; one `*` stands for part of a folder's name.
    pub(crate) unpack: Vec<String>,
}

impl Sources {
    /// Reads the file's text.
    pub(crate) fn parse(text: &str) -> Result<Sources, Error> {
        toml::from_str(text).map_err(|error| Error::Sources(error.to_string()))
    }

    /// The header pack of this name.
    pub(crate) fn headers(&self, name: &str) -> Result<&Pack, Error> {
        self.headers
            .iter()
            .find(|pack| pack.name == name)
            .ok_or_else(|| Error::Sources(format!("no header pack is called `{name}`")))
    }

    /// The libclang for this machine.
    pub(crate) fn libclang(&self) -> Result<&Pack, Error> {
        for_this_machine(&self.libclang, "libclang")
    }

    /// Its witness.
    pub(crate) fn witness(&self) -> Result<&Pack, Error> {
        for_this_machine(&self.witness, "witness")
    }
}

/// The one of several builds of libclang, entries `name` of the file, that runs here.
fn for_this_machine<'a>(builds: &'a [Pack], name: &'static str) -> Result<&'a Pack, Error> {
    let host = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let package = builds.first().map_or("libclang".to_owned(), |pack| {
        format!("{}=={}", pack.package, pack.version)
    });
    builds
        .iter()
        .find(|pack| pack.host == host)
        .ok_or(Error::NoLibclang {
            name,
            host,
            package,
        })
}

/// `$XDG_CACHE_HOME/mio-build`, or `~/.cache/mio-build`.
pub(crate) fn cache() -> Result<PathBuf, Error> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = set("XDG_CACHE_HOME")
        .or_else(|| Some(set("HOME")?.join(".cache")))
        .ok_or(Error::NoCache)?;
    Ok(base.join("mio-build"))
}

impl Pack {
    /// The folder of the unpacked pack below `cache`, made now if it is not there. `say` is told what takes long.
    pub(crate) fn folder(&self, cache: &Path, say: &dyn Fn(String)) -> Result<PathBuf, Error> {
        // What is unpacked is part of the name: a longer list is another folder.
        let list = hex(&Sha256::digest(self.unpack.join("\n")));
        let short = |text: &str| text.chars().take(12).collect::<String>();
        let folder = cache.join(format!(
            "{}-{}-{}-{}",
            self.package,
            self.version,
            short(&self.sha256),
            short(&list)
        ));
        if folder.is_dir() {
            return Ok(folder);
        }
        fs::create_dir_all(cache).map_err(Error::io("make", cache))?;
        let wheel = cache.join(&self.file);
        if !wheel.is_file() {
            say(format!("fetching {} {}", self.package, self.version));
            self.fetch(cache, &wheel)?;
        }
        self.verify(&wheel)?;
        say(format!("unpacking {} {}", self.package, self.version));
        let scratch = scratch(cache)?;
        self.unpack(&wheel, scratch.path())?;
        publish(&scratch.path().join("tree"), &folder)?;
        Ok(folder)
    }

    /// Has `pip` fetch the wheel.
    fn fetch(&self, cache: &Path, wheel: &Path) -> Result<(), Error> {
        let scratch = scratch(cache)?;
        let fetched = pip::download(&self.package, &self.version, &self.platform, scratch.path())?;
        if fetched.file_name() != Some(self.file.as_ref()) {
            let name = fetched.file_name().unwrap_or_default().to_string_lossy();
            return Err(Error::Fetch {
                package: self.package.clone(),
                version: self.version.clone(),
                why: format!("wanted {}, got {name}", self.file),
            });
        }
        self.verify(&fetched)?;
        fs::rename(&fetched, wheel).map_err(Error::io("rename", wheel))
    }

    /// The same pack at another version: its wheel is fetched unless the cache has it, and its hash taken.
    pub(crate) fn at(
        &self,
        version: &str,
        cache: &Path,
        say: &dyn Fn(String),
    ) -> Result<Pack, Error> {
        if version == self.version {
            return Ok(self.clone());
        }
        fs::create_dir_all(cache).map_err(Error::io("make", cache))?;
        let begin = format!("{}-{version}-", self.package);
        let kept = fs::read_dir(cache)
            .map_err(Error::io("list", cache))?
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .find(|name| {
                name.starts_with(&begin) && name.contains(&self.platform) && name.ends_with(".whl")
            });
        let file = match kept {
            Some(file) => file,
            None => {
                say(format!("fetching {} {version}", self.package));
                let scratch = scratch(cache)?;
                let fetched =
                    pip::download(&self.package, version, &self.platform, scratch.path())?;
                let file = fetched
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                let kept = cache.join(&file);
                fs::rename(&fetched, &kept).map_err(Error::io("rename", kept))?;
                file
            }
        };
        Ok(Pack {
            version: version.to_owned(),
            sha256: sha256(&cache.join(&file))?,
            file,
            ..self.clone()
        })
    }

    /// Is this file the pinned one?
    fn verify(&self, wheel: &Path) -> Result<(), Error> {
        let found = sha256(wheel)?;
        if found == self.sha256 {
            return Ok(());
        }
        Err(Error::Hash {
            path: wheel.to_owned(),
            wanted: self.sha256.clone(),
            found,
        })
    }

    /// Unpacks what is needed into `scratch/tree`.
    fn unpack(&self, wheel: &Path, scratch: &Path) -> Result<(), Error> {
        let failed = |why: String| Error::Unpack {
            path: wheel.to_owned(),
            why,
        };
        let file = File::open(wheel).map_err(Error::io("open", wheel))?;
        let mut archive = zip::ZipArchive::new(file).map_err(|error| failed(error.to_string()))?;
        let mut count = 0;
        // Hidden by itself where there is no terminal, and cleared at the end.
        let bar = ProgressBar::new(archive.len() as u64);
        for index in 0..archive.len() {
            interrupt::check()?;
            bar.inc(1);
            let mut entry = archive
                .by_index(index)
                .map_err(|error| failed(error.to_string()))?;
            let Some(name) = entry.enclosed_name() else {
                continue;
            };
            if entry.is_dir()
                || !self
                    .unpack
                    .iter()
                    .any(|pattern| begins(entry.name(), pattern))
            {
                continue;
            }
            // Platform files of a wheel lie below `NAME.data/platlib`.
            let path = scratch.join("tree").join(name);
            let parent = path.parent().unwrap_or(scratch);
            fs::create_dir_all(parent).map_err(Error::io("make", parent))?;
            let mut out = File::create(&path).map_err(Error::io("write", &path))?;
            io::copy(&mut entry, &mut out).map_err(|error| failed(error.to_string()))?;
            count += 1;
        }
        bar.finish_and_clear();
        if count == 0 {
            return Err(failed(format!(
                "it holds nothing that begins with {}",
                self.unpack.join(" or ")
            )));
        }
        Ok(())
    }
}

/// The SHA-256 of a file.
fn sha256(path: &Path) -> Result<String, Error> {
    let mut file = File::open(path).map_err(Error::io("open", path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(Error::io("read", path))? {
            0 => return Ok(hex(&hash.finalize())),
            length => hash.update(&buffer[..length]),
        }
    }
}

/// Does the file name of a wheel begin with `pattern`, in which one `*` stands for part of a folder's name?
fn begins(name: &str, pattern: &str) -> bool {
    let name = name
        .split_once(".data/platlib/")
        .map_or(name, |(_, rest)| rest);
    match pattern.split_once('*') {
        None => name.starts_with(pattern),
        Some((before, after)) => name
            .strip_prefix(before)
            .and_then(|rest| rest.find(after).map(|end| &rest[..end]))
            .is_some_and(|star| !star.contains('/')),
    }
}

/// A folder for what is not finished; it is removed when dropped.
fn scratch(cache: &Path) -> Result<tempfile::TempDir, Error> {
    tempfile::Builder::new()
        .prefix(".new-")
        .tempdir_in(cache)
        .map_err(Error::io("make a folder in", cache))
}

/// Gives a finished folder its name. Another process may have been faster; then its folder stays.
fn publish(finished: &Path, folder: &Path) -> Result<(), Error> {
    match fs::rename(finished, folder) {
        Err(_) if folder.is_dir() => Ok(()),
        result => result.map_err(Error::io("rename", folder)),
    }
}

/// The first folder at or below `folder` that holds a file whose name begins with `libclang`.
pub(crate) fn find_libclang(folder: &Path) -> Option<PathBuf> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).ok()?.flatten() {
        if entry.path().is_dir() {
            folders.push(entry.path());
        } else if entry.file_name().to_string_lossy().starts_with("libclang") {
            return Some(folder.to_owned());
        }
    }
    folders.sort();
    folders.iter().find_map(|folder| find_libclang(folder))
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::begins;

    #[test]
    fn patterns() {
        assert!(begins(
            "a/include/x86-linux-any/asm/poll.h",
            "a/include/*-linux-any/"
        ));
        assert!(!begins(
            "a/include/x86/deep-linux-any/asm/poll.h",
            "a/include/*-linux-any/"
        ));
        assert!(!begins(
            "a/include/generic-musl/poll.h",
            "a/include/*-linux-any/"
        ));
        assert!(begins(
            "libclang-18.1.1.data/platlib/clang/native/libclang.so",
            "clang/native/"
        ));
        assert!(!begins("clang/cindex.py", "clang/native/"));
    }
}
