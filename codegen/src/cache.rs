//! The cache of unpacked packs. What lies in it is held against the list of its files at every run; folders that a
//! killed run left unfinished are removed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use fs4::FileExt;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::write::exchange;

/// The list of an unpacked pack's files, as `sha256sum --check` reads it. It is made while the verified wheel is
/// unpacked.
const LIST: &str = "SHA256SUMS";
/// In an unfinished folder: locked as long as the run that makes it lives.
const LOCK: &str = "lock";
/// How the names of unfinished folders begin.
const UNFINISHED: &str = ".new-";

/// `$XDG_CACHE_HOME/mio-build`, or `~/.cache/mio-build`.
pub(crate) fn folder() -> Result<PathBuf, Error> {
    // A relative path is to be ignored, says the XDG Base Directory Specification:
    // https://specifications.freedesktop.org/basedir-spec/latest/
    let set = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = set("XDG_CACHE_HOME")
        .or_else(|| Some(set("HOME")?.join(".cache")))
        .ok_or(Error::NoCache)?;
    Ok(base.join("mio-build"))
}

/// A folder for what is not finished; it is removed when dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// The folder.
    folder: tempfile::TempDir,
    /// Locked, so that another run knows that this one lives.
    _lock: File,
}

impl Scratch {
    /// A new one.
    pub(crate) fn new(cache: &Path) -> Result<Scratch, Error> {
        fs::create_dir_all(cache).map_err(Error::io("make", cache))?;
        let _alone = alone(cache)?;
        let folder = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(cache)
            .map_err(Error::io("make a folder in", cache))?;
        let path = folder.path().join(LOCK);
        let lock = File::create(&path).map_err(Error::io("write", &path))?;
        FileExt::lock(&lock).map_err(Error::io("lock", &path))?;
        Ok(Scratch {
            folder,
            _lock: lock,
        })
    }

    /// Where the finished folder is built.
    pub(crate) fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// An empty folder for a file that is fetched.
    pub(crate) fn fetched(&self) -> Result<PathBuf, Error> {
        let path = self.folder.path().join("fetched");
        fs::create_dir(&path).map_err(Error::io("make", &path))?;
        Ok(path)
    }

    /// Gives the finished tree its name, in the place of what has that name.
    pub(crate) fn publish(self, folder: &Path) -> Result<(), Error> {
        let _alone = alone(self.folder.path().parent().unwrap_or(folder))?;
        exchange(&self.tree(), folder).map_err(Error::io("rename", folder))
    }
}

/// Held for the moment in which an unfinished folder is made or removed.
fn alone(cache: &Path) -> Result<File, Error> {
    let path = cache.join(".lock");
    let file = File::create(&path).map_err(Error::io("write", &path))?;
    FileExt::lock(&file).map_err(Error::io("lock", &path))?;
    Ok(file)
}

/// Removes the unfinished folders of runs that were killed. Those of living runs are locked.
pub(crate) fn sweep(cache: &Path) {
    let entries = || fs::read_dir(cache).into_iter().flatten().flatten();
    let is_unfinished = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(UNFINISHED);
    if !entries().any(|entry| is_unfinished(&entry.file_name())) {
        return;
    }
    // A cache that cannot be written is none to be swept.
    let Ok(_alone) = alone(cache) else {
        return;
    };
    for entry in entries().filter(|entry| is_unfinished(&entry.file_name())) {
        let lives =
            File::open(entry.path().join(LOCK)).is_ok_and(|lock| FileExt::try_lock(&lock).is_err());
        if !lives {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The files of a pack while it is unpacked, by their path.
#[derive(Debug, Default)]
pub(crate) struct Listed(BTreeMap<String, String>);

impl Listed {
    /// Adds a file with the SHA-256 of its content.
    pub(crate) fn add(&mut self, path: &Path, hash: String) {
        self.0.insert(plain(path), hash);
    }

    /// Are there none?
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes the list into the unpacked folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        let lines = self
            .0
            .iter()
            .map(|(path, hash)| format!("{hash}  {path}\n"));
        let path = folder.join(LIST);
        fs::write(&path, lines.collect::<String>()).map_err(Error::io("write", path))
    }
}

/// Folders that were held against their lists in this run.
static VERIFIED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// What is not as it was unpacked: changed, missing and further files; none if all is well. A folder is looked at once
/// in a run.
pub(crate) fn wrong(folder: &Path) -> Result<Vec<String>, Error> {
    let verified = || VERIFIED.lock().unwrap_or_else(PoisonError::into_inner);
    if verified().contains(folder) {
        return Ok(Vec::new());
    }
    let Ok(text) = fs::read_to_string(folder.join(LIST)) else {
        return Ok(vec![format!("missing: {LIST}")]);
    };
    let mut listed: BTreeMap<&str, &str> = BTreeMap::new();
    for line in text.lines() {
        if let Some((hash, path)) = line.split_once("  ") {
            listed.insert(path, hash);
        }
    }
    let mut wrong = Vec::new();
    let mut present = files(folder)?;
    present.remove(LIST);
    wrong.extend(
        present
            .iter()
            .filter(|path| !listed.contains_key(path.as_str()))
            .map(|path| format!("not of the pack: {path}")),
    );
    let (found, missing): (Vec<(&str, &str)>, Vec<_>) = listed
        .into_iter()
        .partition(|(path, _)| present.contains(*path));
    wrong.extend(missing.iter().map(|(path, _)| format!("missing: {path}")));
    wrong.extend(changed(folder, &found)?);
    if wrong.is_empty() {
        verified().insert(folder.to_owned());
    }
    Ok(wrong)
}

/// Those files whose content has another hash.
fn changed(folder: &Path, files: &[(&str, &str)]) -> Result<Vec<String>, Error> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Result<String, Error>>> = Mutex::new(Vec::new());
    let note = |result| {
        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
        results.push(result);
    };
    let work = || {
        while let Some((path, hash)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            match sha256(&folder.join(path)) {
                Ok(found) if found == *hash => {}
                Ok(_) => note(Ok(format!("changed: {path}"))),
                Err(error) => note(Err(error)),
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut changed = results.into_iter().collect::<Result<Vec<_>, _>>()?;
    changed.sort();
    Ok(changed)
}

/// The paths of all files below a folder.
fn files(folder: &Path) -> Result<BTreeSet<String>, Error> {
    let mut all = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(relative) = folders.pop() {
        let path = folder.join(&relative);
        for entry in fs::read_dir(&path).map_err(Error::io("list", &path))? {
            let entry = entry.map_err(Error::io("list", &path))?;
            let relative = relative.join(entry.file_name());
            let kind = entry.file_type().map_err(Error::io("read", entry.path()))?;
            if kind.is_dir() {
                folders.push(relative);
            } else {
                all.insert(plain(&relative));
            }
        }
    }
    Ok(all)
}

/// A path with the separators of Unix.
fn plain(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The SHA-256 of a file.
pub(crate) fn sha256(path: &Path) -> Result<String, Error> {
    let mut file = File::open(path).map_err(Error::io("open", path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hash.finalize())),
            Ok(length) => hash.update(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io("read", path)(error)),
        }
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_a_missing_and_a_further_file_are_named() -> Result<(), Box<dyn std::error::Error>>
    {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("sys"))?;
        let mut listed = Listed::default();
        for name in ["sys/event.h", "poll.h", "time.h"] {
            fs::write(path(name), name)?;
            listed.add(Path::new(name), sha256(&path(name))?);
        }
        listed.write(folder.path())?;
        fs::write(path("sys/event.h"), "other")?;
        fs::remove_file(path("poll.h"))?;
        fs::write(path("sys/new.h"), "")?;
        let found = wrong(folder.path())?;
        let wanted = [
            "not of the pack: sys/new.h",
            "missing: poll.h",
            "changed: sys/event.h",
        ];
        assert_eq!(found, wanted);
        Ok(())
    }

    #[test]
    fn only_the_unfinished_folders_of_dead_runs_are_removed() -> Result<(), Error> {
        let cache = tempfile::tempdir().map_err(Error::io("make", "a folder"))?;
        let alive = Scratch::new(cache.path())?;
        let dead = cache.path().join(".new-dead");
        fs::create_dir(&dead).map_err(Error::io("make", &dead))?;
        sweep(cache.path());
        assert!(alive.folder.path().is_dir());
        assert!(!dead.exists());
        Ok(())
    }
}
