//! The cache of unpacked packs. Every run compares a pack with the list of its files, and removes
//! the unfinished folders of killed runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use fs4::FileExt;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// The list of an unpacked pack's files, in the format of `sha256sum --check`. It is made while the
/// verified wheel is unpacked.
const LIST: &str = "SHA256SUMS";
/// A file in an unfinished folder, locked by the run that makes the folder.
const LOCK: &str = "lock";
/// How the names of unfinished folders begin.
const UNFINISHED: &str = ".new-";

/// `$XDG_CACHE_HOME/mio-build`, or `~/.cache/mio-build`.
pub(crate) fn folder() -> Result<PathBuf, Error> {
    // The XDG Base Directory Specification has relative paths ignored:
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

/// A folder for unfinished files. It is removed when dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// The folder.
    folder: tempfile::TempDir,
    /// Locked, so that other runs do not remove the folder.
    _lock: File,
}

impl Scratch {
    /// Makes a new folder in the cache.
    pub(crate) fn new(cache: &Path) -> Result<Scratch, Error> {
        fs::create_dir_all(cache).map_err(Error::io("make", cache))?;
        let _lock = lock(cache)?;
        let folder = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(cache)
            .map_err(Error::io("make a folder in", cache))?;
        let path = folder.path().join(LOCK);
        let own = File::create(&path).map_err(Error::io("write", &path))?;
        FileExt::lock(&own).map_err(Error::io("lock", &path))?;
        Ok(Scratch { folder, _lock: own })
    }

    /// The path of the folder to fill.
    pub(crate) fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// Makes an empty folder for a download.
    pub(crate) fn fetched(&self) -> Result<PathBuf, Error> {
        let path = self.folder.path().join("fetched");
        fs::create_dir(&path).map_err(Error::io("make", &path))?;
        Ok(path)
    }

    /// Renames the finished tree to `folder`. A folder of that name is removed.
    pub(crate) fn publish(self, folder: &Path) -> Result<(), Error> {
        let _lock = lock(self.folder.path().parent().unwrap_or(folder))?;
        if folder.exists() {
            let replaced = self.folder.path().join("replaced");
            fs::rename(folder, &replaced).map_err(Error::io("rename", folder))?;
        }
        fs::rename(self.tree(), folder).map_err(Error::io("rename", folder))
    }
}

/// Locks the cache while an unfinished folder is made or removed.
fn lock(cache: &Path) -> Result<File, Error> {
    let path = cache.join(".lock");
    let file = File::create(&path).map_err(Error::io("write", &path))?;
    FileExt::lock(&file).map_err(Error::io("lock", &path))?;
    Ok(file)
}

/// Removes the unfinished folders of killed runs. Those of other runs are locked.
pub(crate) fn sweep(cache: &Path) {
    let entries = || fs::read_dir(cache).into_iter().flatten().flatten();
    let is_unfinished = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(UNFINISHED);
    if !entries().any(|entry| is_unfinished(&entry.file_name())) {
        return;
    }
    // A cache that cannot be written cannot be swept.
    let Ok(_lock) = lock(cache) else {
        return;
    };
    for entry in entries().filter(|entry| is_unfinished(&entry.file_name())) {
        let is_locked =
            File::open(entry.path().join(LOCK)).is_ok_and(|lock| FileExt::try_lock(&lock).is_err());
        if !is_locked {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The paths and hashes of a pack's files.
#[derive(Debug, Default)]
pub(crate) struct FileList(BTreeMap<String, String>);

impl FileList {
    /// Adds a file with the SHA-256 of its content.
    pub(crate) fn add(&mut self, path: &Path, hash: String) {
        self.0.insert(plain(path), hash);
    }

    /// Whether it has no file.
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

/// Folders that this run has verified.
static VERIFIED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Verifies an unpacked pack: a line for each changed, missing or additional file. A folder without
/// any is verified once in a run.
pub(crate) fn verify(folder: &Path) -> Result<Vec<String>, Error> {
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
    let mut faults = Vec::new();
    let mut present = files(folder)?;
    present.remove(LIST);
    faults.extend(
        present
            .iter()
            .filter(|path| !listed.contains_key(path.as_str()))
            .map(|path| format!("not of the pack: {path}")),
    );
    let (found, missing): (Vec<(&str, &str)>, Vec<_>) = listed
        .into_iter()
        .partition(|(path, _)| present.contains(*path));
    faults.extend(missing.iter().map(|(path, _)| format!("missing: {path}")));
    faults.extend(changed(folder, &found)?);
    if faults.is_empty() {
        verified().insert(folder.to_owned());
    }
    Ok(faults)
}

/// A line for each file whose content has another hash.
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
    fn changed_missing_and_additional_files_are_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("sys"))?;
        let mut listed = FileList::default();
        for name in ["sys/event.h", "poll.h", "time.h"] {
            fs::write(path(name), name)?;
            listed.add(Path::new(name), sha256(&path(name))?);
        }
        listed.write(folder.path())?;
        fs::write(path("sys/event.h"), "other")?;
        fs::remove_file(path("poll.h"))?;
        fs::write(path("sys/new.h"), "")?;
        let found = verify(folder.path())?;
        let wanted = [
            "not of the pack: sys/new.h",
            "missing: poll.h",
            "changed: sys/event.h",
        ];
        assert_eq!(found, wanted);
        Ok(())
    }

    #[test]
    fn sweep_removes_only_folders_of_killed_runs() -> Result<(), Error> {
        let cache = tempfile::tempdir().map_err(Error::io("make", "a folder"))?;
        let running = Scratch::new(cache.path())?;
        let killed = cache.path().join(".new-killed");
        fs::create_dir(&killed).map_err(Error::io("make", &killed))?;
        sweep(cache.path());
        assert!(running.folder.path().is_dir());
        assert!(!killed.exists());
        Ok(())
    }
}
