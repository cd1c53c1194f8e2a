//! One run at a time writes a repository: from the moment it reads the inputs until all is written, so that no change
//! of another run is lost.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use fs4::{FileExt, TryLockError};

use crate::error::Error;
use crate::generate::say;
use crate::interrupt;

/// The lock of a repository. It ends with the value, or with the process.
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "only held")] File);

impl Lock {
    /// Waits for its turn.
    pub(crate) fn take(root: &Path) -> Result<Lock, Error> {
        let path = place(root);
        let file = open(&path).map_err(Error::io("open", &path))?;
        let mut waits = false;
        loop {
            match FileExt::try_lock(&file) {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
            }
            if !waits {
                waits = true;
                say(format!(
                    "another run is at work on {}; waiting for it",
                    root.display()
                ));
            }
            interrupt::check()?;
            sleep(Duration::from_millis(50));
        }
    }
}

/// A folder that is there in every repository can be locked itself.
#[cfg(unix)]
fn place(root: &Path) -> PathBuf {
    root.join("codegen")
}

#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    File::open(path)
}

/// Where a folder cannot be locked, a file for the repository stands for it.
#[cfg(not(unix))]
fn place(root: &Path) -> PathBuf {
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
