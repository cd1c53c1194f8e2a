//! Several checkouts share one cache of builds, one after the other.
//!
//! Cargo compares times: sources that are older than what another checkout built count as built, though they may differ. So the
//! packages of the project itself are forgotten when a checkout takes the cache over; what comes from a registry stays. While
//! one uses the cache, others wait.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use rustix::fs::{FlockOperation, flock};

/// Folders between the builds and Cargo's notes on them: flags, a target or an app, a profile.
const DEPTH: usize = 4;

/// The builds are this checkout's as long as this lives. Commands of the same checkout share it.
#[derive(Debug)]
pub(crate) struct Entered {
    _lock: File,
}

/// Makes `builds` those of the checkout at `root`, and waits for another one that uses them.
pub(crate) fn enter(builds: &Path, root: &Path) -> Result<Entered> {
    fs::create_dir_all(builds).with_context(|| builds.display().to_string())?;
    let (note, lock) = (builds.join("checkout"), builds.join("checkout.lock"));
    let file = File::create(&lock).with_context(|| lock.display().to_string())?;
    let take = |operation| flock(&file, operation).with_context(|| lock.display().to_string());
    loop {
        take(FlockOperation::LockShared)?;
        let last = last(&note)?;
        if last == root.as_os_str().as_encoded_bytes() {
            return Ok(Entered { _lock: file });
        }
        // Whatever the error is: the call that waits meets it again, and says so.
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            eprintln!(
                "waiting for {}, which builds in the same cache; XDG_CACHE_HOME chooses another",
                String::from_utf8_lossy(&last)
            );
            take(FlockOperation::LockExclusive)?;
        }
        // The next turn looks whether it still is ours: between the two locks another may have come.
        forget(builds, DEPTH).with_context(|| builds.display().to_string())?;
        fs::write(&note, root.as_os_str().as_encoded_bytes())
            .with_context(|| note.display().to_string())?;
    }
}

/// Who was here last; nothing if nobody was.
fn last(note: &Path) -> Result<Vec<u8>> {
    match fs::read(note) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        result => result.with_context(|| note.display().to_string()),
    }
}

fn forget(folder: &Path, depth: usize) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        if entry.file_name() == ".fingerprint" {
            forget_packages(&entry.path())?;
        } else if depth > 0 {
            forget(&entry.path(), depth - 1)?;
        }
    }
    Ok(())
}

/// The project's packages are called `mio` or `mio-something`, and these.
const APPS: [&str; 3] = ["clients-", "tokio-pipes-", "tokio-smoke-"];

fn forget_packages(fingerprints: &Path) -> io::Result<()> {
    for entry in fs::read_dir(fingerprints)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("mio-") || APPS.iter().any(|app| name.starts_with(app)) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn another_checkout_forgets_the_project_and_keeps_the_rest() {
        let builds = tempfile::tempdir().unwrap();
        let notes = builds.path().join("flags/triple/debug/.fingerprint");
        let (ours, theirs) = (notes.join("mio-tool-0123"), notes.join("libc-0123"));
        let make = || {
            fs::create_dir_all(&ours).unwrap();
            fs::create_dir_all(&theirs).unwrap();
        };
        let enter = |root| enter(builds.path(), Path::new(root)).unwrap();

        drop(enter("/one"));
        make();
        let (first, second) = (enter("/one"), enter("/one"));
        assert!(ours.exists());
        drop((first, second));
        drop(enter("/two"));
        assert!(!ours.exists());
        assert!(theirs.exists());
    }

    #[test]
    fn a_checkout_waits_for_another() {
        let builds = tempfile::tempdir().unwrap();
        let first = enter(builds.path(), Path::new("/one")).unwrap();
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            let folder = builds.path();
            scope.spawn(move || {
                let second = enter(folder, Path::new("/two"));
                sender.send(second.is_ok())
            });
            let early = receiver.recv_timeout(Duration::from_millis(100));
            assert!(early.is_err());
            drop(first);
            assert!(receiver.recv_timeout(Duration::from_secs(60)).unwrap());
        });
    }
}
