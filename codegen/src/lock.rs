//! The lock of a repository. A run that writes holds it from reading the inputs to the last write,
//! so that no run overwrites the changes of another one.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use fs4::{FileExt, TryLockError};

use crate::error::Error;
use crate::generate::say;
use crate::interrupt;

/// The lock of a repository. It is released when dropped, or when the process ends.
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "holds the lock")] File);

impl Lock {
    /// Waits until no other run holds the lock, then takes it.
    pub(crate) fn take(root: &Path) -> Result<Lock, Error> {
        let path = lock_path(root);
        let file = open(&path).map_err(Error::io("open", &path))?;
        let mut is_waiting = false;
        loop {
            match FileExt::try_lock(&file) {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
            }
            if !is_waiting {
                is_waiting = true;
                say(format!(
                    "another run writes {}; waiting for it",
                    root.display()
                ));
            }
            interrupt::check()?;
            sleep(Duration::from_millis(50));
        }
    }
}

/// A folder that every repository has. Unix locks folders, too.
#[cfg(unix)]
fn lock_path(root: &Path) -> PathBuf {
    root.join(crate::project::input_folders()[0])
}

#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    File::open(path)
}

/// A temporary file that is named by the repository: elsewhere folders cannot be locked.
#[cfg(not(unix))]
fn lock_path(root: &Path) -> PathBuf {
    use sha2::{Digest, Sha256};
    let full = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let hash = Sha256::digest(full.to_string_lossy().as_bytes());
    std::env::temp_dir().join(format!(
        "mio-codegen-{}.lock",
        crate::cache::hex(&hash[..8])
    ))
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<File> {
    File::create(path)
}
