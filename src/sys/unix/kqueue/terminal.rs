//! `/dev/tty` on macOS, where kqueue(2) refuses it.
//!
//! `/dev/tty` is a device of its own: it stands for the terminal that controls the calling process
//! ([`cttyread`]). xnu adds a filter to the device of a terminal, such as `/dev/ttys003`, which is
//! marked for kqueue ([`ptmx_init`]). The device of `/dev/tty` is not, so `EV_ADD` returns EINVAL
//! ([`filt_specattach`]; mio#1377). The kernels of the BSDs pass the filter on to the terminal
//! ([OpenBSD], [NetBSD], [DragonFly BSD]), or open the terminal itself for `/dev/tty` ([FreeBSD]).
//!
//! Here the registration succeeds nevertheless:
//!
//! 1. After EINVAL, registering opens the controlling terminal by its own name and adds the filters
//!    to that fd, the *substitute*. The substitute is never read or written.
//! 2. Registering the fd again and reregistering it change the filters of the substitute.
//! 3. Deregistering the fd and dropping its owned source close the substitute, and with it its
//!    filters.
//!
//! An unowned fd may be closed without being deregistered, and its number reused. So registering
//! the number, reregistering it and `select` first check that the fd still refers to `/dev/tty`;
//! otherwise they close the substitute, and `select` reports no event of it.
//!
//! [`cttyread`]: https://github.com/apple-oss-distributions/xnu/blob/e3723e1f17661b24996789d8afc084c0c3303b26/bsd/kern/tty_tty.c
//! [`ptmx_init`]: https://github.com/apple-oss-distributions/xnu/blob/e3723e1f17661b24996789d8afc084c0c3303b26/bsd/kern/tty_ptmx.c#L221
//! [`filt_specattach`]: https://github.com/apple-oss-distributions/xnu/blob/e3723e1f17661b24996789d8afc084c0c3303b26/bsd/miscfs/specfs/spec_vnops.c#L3106-L3110
//! [OpenBSD]: https://github.com/openbsd/src/blob/556fc1856a4642dbd1e91964d4e9bc576544cb80/sys/kern/tty_tty.c
//! [NetBSD]: https://github.com/NetBSD/src/blob/516f54cd80945ff5f7e81f2797bd3ed36a6d10c1/sys/kern/tty_tty.c
//! [DragonFly BSD]: https://github.com/DragonFlyBSD/DragonFlyBSD/blob/10981c7597ffa9e66f0ff3c5b2ca66ffdec90c7f/sys/kern/tty_tty.c
//! [FreeBSD]: https://github.com/freebsd/freebsd-src/blob/0269ae4c19ad779b43b0d6e2416ac7386945d692/sys/kern/tty_tty.c

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use crate::sys::errors;
use crate::sys::platform::EVENTS;
use crate::sys::selector::EventBuffer as _;
use crate::sys::sync::lock;
use crate::sys::unix::caps::ControllingTerminal;

use super::syscall::{self, Events, READ, WRITE};

const CONTROLLING_TERMINAL: Option<ControllingTerminal> = EVENTS.controlling_terminal;

/// The fds of one selector that have a substitute.
#[derive(Debug)]
pub(super) struct Terminals {
    /// How many there are. Most selectors never have one: they pay one load.
    pub(super) count: AtomicUsize,
    entries: Mutex<Vec<Terminal>>,
}

/// An fd of `/dev/tty`, and what is watched in its place.
#[derive(Debug)]
pub(super) struct Terminal {
    fd: RawFd,
    /// The device number of `/dev/tty`.
    device: u64,
    substitute: File,
}

impl Terminal {
    /// Opens a substitute for `fd`, to which kqueue(2) refused to add a filter with `refusal`.
    ///
    /// Returns `refusal` unless `fd` is a device that kqueue(2) cannot watch. `Unsupported` if
    /// nothing can be watched in its place. Any other error is that of opening the terminal.
    #[cold]
    pub(super) fn open(fd: RawFd, refusal: io::Error) -> io::Result<Terminal> {
        // xnu maps every refusal of a device to EINVAL (`vn_kqfilter`):
        // https://github.com/apple-oss-distributions/xnu/blob/e3723e1f17661b24996789d8afc084c0c3303b26/bsd/vfs/vfs_vnops.c#L1967-L1977
        if refusal.kind() != io::ErrorKind::InvalidInput {
            return Err(refusal);
        }
        let Some(controlling) = CONTROLLING_TERMINAL else {
            return Err(refusal);
        };
        let Some(device) = syscall::character_device(fd) else {
            return Err(refusal);
        };
        if fs::metadata("/dev/tty").map_or(0, |tty| tty.rdev()) != device {
            return Err(errors::unsupported(
                "kqueue on this system cannot watch this device; read it with blocking calls on a \
                 thread of its own",
            ));
        }
        let Some(terminal) = (controlling.device)() else {
            return Err(errors::unsupported(
                "kqueue on this system cannot watch /dev/tty of a process without a controlling \
                 terminal; register the terminal by its own name",
            ));
        };
        let substitute = open_device(Path::new(controlling.folder), terminal).map_err(explain)?;
        Ok(Terminal {
            fd,
            device,
            substitute,
        })
    }

    /// The fd that is watched.
    pub(super) fn substitute(&self) -> RawFd {
        self.substitute.as_raw_fd()
    }

    /// Whether `fd` still refers to `/dev/tty`.
    fn is_current(&self) -> bool {
        syscall::character_device(self.fd) == Some(self.device)
    }
}

/// Opens the terminal with this device number, by its name in `folder`.
fn open_device(folder: &Path, device: u64) -> io::Result<File> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A terminal may disappear while the folder is read.
        let is_device = entry.file_type().is_ok_and(|kind| kind.is_char_device());
        if !is_device || entry.metadata().map_or(0, |found| found.rdev()) != device {
            continue;
        }
        let mut options = OpenOptions::new();
        // std adds `O_CLOEXEC`.
        options
            .read(true)
            .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK);
        let terminal = match options.open(entry.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            result => result?,
        };
        // The name may have been given to another terminal meanwhile.
        if syscall::character_device(terminal.as_raw_fd()) == Some(device) {
            return Ok(terminal);
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// An error of opening or watching the terminal that will not pass is `Unsupported`.
pub(super) fn explain(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
            errors::unsupported(
                "kqueue on this system cannot watch /dev/tty, and the terminal that it stands for \
             cannot be opened or watched; read it with blocking calls on a thread of its own",
            )
        }
        _ => error,
    }
}

impl Terminals {
    /// No terminal.
    pub(super) fn new() -> Terminals {
        Terminals {
            count: AtomicUsize::new(0),
            entries: Mutex::new(Vec::new()),
        }
    }

    /// Adds a terminal, in place of an earlier one of the same fd.
    pub(super) fn insert(&self, terminal: Terminal) {
        let mut entries = self.lock_entries();
        let others = |entry: &Terminal| entry.fd != terminal.fd;
        let replaced = entries.iter().position(|entry| !others(entry));
        let replaced = replaced.map(|index| entries.swap_remove(index));
        entries.push(terminal);
        self.count.store(entries.len(), Ordering::Relaxed);
        drop(entries);
        drop(replaced);
    }

    /// Removes the terminal of an fd. Dropping it closes the substitute.
    pub(super) fn remove(&self, fd: RawFd) -> Option<Terminal> {
        if self.is_empty() {
            return None;
        }
        let mut entries = self.lock_entries();
        let index = entries.iter().position(|entry| entry.fd == fd)?;
        let removed = entries.swap_remove(index);
        self.count.store(entries.len(), Ordering::Relaxed);
        Some(removed)
    }

    /// Runs `change` on the substitute of `fd`, which stays open meanwhile. `None` if it has none,
    /// or had one and no longer refers to `/dev/tty`. `change` runs under the lock, so it must not
    /// call a method of this type.
    pub(super) fn with_substitute<T>(
        &self,
        fd: RawFd,
        change: impl FnOnce(RawFd) -> T,
    ) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let mut entries = self.lock_entries();
        let index = entries.iter().position(|entry| entry.fd == fd)?;
        let entry = entries.get(index)?;
        if entry.is_current() {
            return Some(change(entry.substitute()));
        }
        // In one step: another thread may insert a substitute for the new file of this fd.
        let removed = entries.swap_remove(index);
        self.count.store(entries.len(), Ordering::Relaxed);
        drop(entries);
        drop(removed);
        None
    }

    /// Gives the events of substitutes the fds that the caller registered. Removes the events of
    /// those that no longer refer to `/dev/tty`, and closes their substitutes. Returns whether an
    /// event was removed.
    pub(super) fn translate(&self, events: &mut Events) -> bool {
        if self.is_empty() {
            return false;
        }
        let mut has_removed = false;
        let mut closed = Vec::new();
        let mut entries = self.lock_entries();
        let mut index = 0;
        while let Some(event) = events.as_slice().get(index).copied() {
            let is_of = |entry: &Terminal| entry.substitute() as usize == event.ident();
            let is_file = event.filter() == READ || event.filter() == WRITE;
            if is_file && closed.iter().any(is_of) {
                events.remove(index);
                continue;
            }
            let position = entries.iter().position(is_of).filter(|_| is_file);
            match position.and_then(|position| Some((position, entries.get(position)?))) {
                Some((_, entry)) if entry.is_current() => {
                    events.replace(index, event.with_ident(entry.fd as usize));
                }
                Some((position, _)) => {
                    closed.push(entries.swap_remove(position));
                    events.remove(index);
                    has_removed = true;
                    continue;
                }
                None => {}
            }
            index += 1;
        }
        self.count.store(entries.len(), Ordering::Relaxed);
        drop(entries);
        has_removed
    }

    /// Whether no fd has a substitute. A thread that uses an fd got it from the thread that
    /// registered it, or registered it itself, so it finds the count that includes it.
    fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    pub(super) fn lock_entries(&self) -> MutexGuard<'_, Vec<Terminal>> {
        lock(&self.entries)
    }
}
