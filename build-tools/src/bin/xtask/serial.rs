//! A serial port for Wine: a pseudo-terminal, whose other end sends back what it gets.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context as _, Result};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// What is sent to have it unplugged.
const UNPLUG: u8 = 4;

/// The port, until this is dropped or it is unplugged.
#[derive(Debug)]
pub(crate) struct Serial {
    link: PathBuf,
}

impl Serial {
    /// Makes one in a prefix of Wine.
    pub(crate) fn plugged(prefix: &Path) -> Result<Serial> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let name = ptsname(&ours, Vec::new())?;
        let terminal = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
        // As long as the terminal is open somewhere, its other end is no end.
        let theirs = File::options().read(true).write(true).open(terminal)?;
        let mut mode = tcgetattr(&theirs)?;
        mode.make_raw();
        tcsetattr(&theirs, OptionalActions::Now, &mode)?;
        let link = prefix.join("dosdevices/com9");
        let _ = fs::remove_file(&link);
        symlink(terminal, &link).with_context(|| format!("{}", link.display()))?;
        // It ends when the port is unplugged, or with this program.
        thread::spawn(move || echo(File::from(ours), theirs));
        Ok(Serial { link })
    }

    /// Its name for programs.
    pub(crate) fn name(&self) -> &'static str {
        r"\\.\COM9"
    }
}

impl Drop for Serial {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.link);
    }
}

fn echo(mut ours: File, theirs: File) {
    let mut buffer = [0; 4096];
    while let Ok(count) = ours.read(&mut buffer) {
        let got = &buffer[..count];
        if count == 0 || got.contains(&UNPLUG) || ours.write_all(got).is_err() {
            break;
        }
    }
    drop(theirs);
}
