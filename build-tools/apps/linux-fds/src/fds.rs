//! The safe wrapper.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::mem::{self, offset_of, size_of};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::ptr;
use std::time::Duration;
use std::vec::Vec;
use std::{format, vec};

use core::ffi::{c_int, c_long, c_ulong};

use crate::sys;

/// A file from what a call returned: a new fd, or -1.
fn file(returned: c_int) -> Result<File> {
    if returned < 0 {
        return Err(Error::last_os_error());
    }
    // SAFETY: the kernel has just returned this fd, so nothing else owns it.
    let fd = unsafe { OwnedFd::from_raw_fd(returned) };
    Ok(fd.into())
}

/// The error of a call that returned -1.
fn check(returned: c_long) -> Result<c_int> {
    match c_int::try_from(returned) {
        Ok(value) if value >= 0 => Ok(value),
        _ => Err(Error::last_os_error()),
    }
}

/// A timer (timerfd).
#[derive(Debug)]
pub struct Timer(File);

impl Timer {
    /// A timer that is not set.
    ///
    /// # Errors
    ///
    /// Those of `timerfd_create(2)`.
    pub fn new() -> Result<Timer> {
        // SAFETY: the call takes no pointer.
        let fd = unsafe { sys::timerfd_create(sys::CLOCK_MONOTONIC, sys::TFD_CLOEXEC) };
        file(fd).map(Timer)
    }

    /// Sets the timer: it fires once after `delay`, and then at each `interval` unless that is
    /// zero. A `delay` of zero stops it.
    ///
    /// # Errors
    ///
    /// Those of `timerfd_settime(2)`; `Unsupported` on a 32-bit kernel before Linux 5.1.
    pub fn set(&self, delay: Duration, interval: Duration) -> Result<()> {
        use std::os::fd::AsRawFd;

        let time = |duration: Duration| {
            let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
            sys::__kernel_timespec {
                tv_sec: seconds,
                tv_nsec: duration.subsec_nanos().into(),
            }
        };
        let spec = sys::__kernel_itimerspec {
            it_interval: time(interval),
            it_value: time(delay),
        };
        let (fd, old) = (
            c_long::from(self.0.as_raw_fd()),
            ptr::null_mut::<sys::__kernel_itimerspec>(),
        );
        // SAFETY: the kernel reads `spec`, which lives until the call returns, and a null pointer
        // requests no old value.
        let returned = unsafe {
            sys::syscall(
                sys::NR_timerfd_settime_64,
                fd,
                0 as c_long,
                &raw const spec,
                old,
            )
        };
        check(returned).map(drop)
    }

    /// Blocks until the timer has fired. Returns how often it has since the last call.
    ///
    /// # Errors
    ///
    /// Those of `read(2)`.
    pub fn wait(&self) -> Result<u64> {
        let mut count = [0; 8];
        (&self.0).read_exact(&mut count)?;
        Ok(u64::from_ne_bytes(count))
    }
}

/// Signals of the calling thread (signalfd).
#[derive(Debug)]
pub struct Signals(File);

/// Bits of a word of a signal set.
const BITS: usize = c_ulong::BITS as usize;
/// Bytes of a signal set: MIPS has 128 signals.
const SET: usize = if cfg!(any(target_arch = "mips", target_arch = "mips64")) {
    16
} else {
    8
};

impl Signals {
    /// Blocks the signals in the calling thread, and delivers them through the fd.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a number that is no signal; those of `signalfd(2)`.
    pub fn new(signals: &[c_int]) -> Result<Signals> {
        let mut set = [0 as c_ulong; SET / size_of::<c_ulong>()];
        for signal in signals {
            let bit = usize::try_from(*signal)
                .ok()
                .and_then(|signal| signal.checked_sub(1));
            let word = bit.and_then(|bit| Some((set.get_mut(bit / BITS)?, bit % BITS)));
            let Some((word, bit)) = word else {
                let why = format!("{signal} is no signal");
                return Err(Error::new(ErrorKind::InvalidInput, why));
            };
            *word |= 1 << bit;
        }
        let old = ptr::null_mut::<c_ulong>();
        let (mask, how) = (set.as_ptr(), c_long::from(sys::SIG_BLOCK));
        // SAFETY: the kernel reads `SET` bytes, the size of `set`, and a null pointer requests no
        // old set.
        let blocked = unsafe { sys::syscall(sys::__NR_rt_sigprocmask, how, mask, old, SET) };
        check(blocked)?;
        let flags = c_long::from(sys::SFD_CLOEXEC);
        // SAFETY: the kernel reads `SET` bytes, the size of `set`.
        let fd = unsafe { sys::syscall(sys::__NR_signalfd4, -1 as c_long, mask, SET, flags) };
        file(check(fd)?).map(Signals)
    }

    /// Blocks until a signal arrives.
    ///
    /// # Errors
    ///
    /// Those of `read(2)`.
    pub fn read(&self) -> Result<sys::signalfd_siginfo> {
        const SIZE: usize = size_of::<sys::signalfd_siginfo>();

        let mut bytes = [0; SIZE];
        (&self.0).read_exact(&mut bytes)?;
        // SAFETY: the array has the size of the record, which consists of integers: each pattern of
        // bits is a value.
        Ok(unsafe { mem::transmute::<[u8; SIZE], sys::signalfd_siginfo>(bytes) })
    }
}

/// A file event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The watch that it is of.
    pub watch: c_int,
    /// What happened: `sys::IN_*`.
    pub mask: u32,
    /// The name of the file in the watched folder. Empty for the watched path itself.
    pub name: OsString,
}

/// Watches of files and folders (inotify).
#[derive(Debug)]
pub struct Watcher(File);

impl Watcher {
    /// A watcher without watches.
    ///
    /// # Errors
    ///
    /// Those of `inotify_init(2)`.
    pub fn new() -> Result<Watcher> {
        // SAFETY: the call takes no pointer.
        let fd = unsafe { sys::inotify_init1(sys::IN_CLOEXEC) };
        file(fd).map(Watcher)
    }

    /// Watches `path` for the events in `mask`. Returns the watch.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a path with a NUL byte; those of `inotify_add_watch(2)`.
    pub fn add(&self, path: &Path, mask: u32) -> Result<c_int> {
        use std::os::fd::AsRawFd;

        let path = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: the path ends with a NUL byte and lives until the call returns.
        let watch = unsafe { sys::inotify_add_watch(self.0.as_raw_fd(), path.as_ptr(), mask) };
        check(watch.into())
    }

    /// Ends a watch. The next event of it has `sys::IN_IGNORED`.
    ///
    /// # Errors
    ///
    /// Those of `inotify_rm_watch(2)`.
    pub fn remove(&self, watch: c_int) -> Result<()> {
        use std::os::fd::AsRawFd;

        // SAFETY: the call takes no pointer.
        let returned = unsafe { sys::inotify_rm_watch(self.0.as_raw_fd(), watch) };
        check(returned.into()).map(drop)
    }

    /// Blocks until there are events.
    ///
    /// # Errors
    ///
    /// Those of `read(2)`.
    pub fn read(&self) -> Result<Vec<Event>> {
        let mut buffer = vec![0; 4096];
        let length = (&self.0).read(&mut buffer)?;
        let mut rest = buffer.get(..length).unwrap_or_default();
        let mut events = Vec::new();
        while let Some((event, after)) = parse(rest) {
            events.push(event);
            rest = after;
        }
        Ok(events)
    }
}

/// The first event in the bytes that the kernel wrote, and the bytes behind it.
fn parse(bytes: &[u8]) -> Option<(Event, &[u8])> {
    let word =
        |offset: usize| -> Option<[u8; 4]> { bytes.get(offset..offset + 4)?.try_into().ok() };
    let length = u32::from_ne_bytes(word(offset_of!(sys::inotify_event, len))?);
    let (head, rest) = bytes.split_at_checked(size_of::<sys::inotify_event>())?;
    let (name, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    debug_assert_eq!(head.len(), offset_of!(sys::inotify_event, name));
    // NUL bytes pad the name.
    let end = name
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(name.len());
    let event = Event {
        watch: c_int::from_ne_bytes(word(offset_of!(sys::inotify_event, wd))?),
        mask: u32::from_ne_bytes(word(offset_of!(sys::inotify_event, mask))?),
        name: OsString::from_vec(name[..end].to_vec()),
    };
    Some((event, rest))
}
