//! Pending EOFs: `EV_EOF` events for pipes whose reader was closed before their writer was
//! registered.
//!
//! Some kernels refuse to add `EVFILT_WRITE` to such a writer: [FreeBSD] and [OpenBSD] return
//! EPIPE, [NetBSD] returns EBADF (`pipe_kqfilter`). So they never report that the reader is closed.
//! Here the registration succeeds nevertheless:
//!
//! 1. Registering stores the missing event, the *pending EOF*, under a lock and triggers an
//!    internal wake event.
//! 2. `select` substitutes the pending EOFs for the wake event, as many as there is room for.
//!
//! The pending EOF of a level-triggered registration stays for the next `select`.
//!
//! Deregistering a file descriptor, registering it again, and dropping the registration of an owned
//! source remove its pending EOF.
//!
//! An unowned fd may be closed without being deregistered, and its number reused. Closing removes
//! the filters that the kernel has ([kqueue(2)]), so a pending EOF must end, too: `select` drops it
//! unless the fd still refers to the same file. It cannot see that a duplicate of the same pipe got
//! the number (`dup2`); the event then is true, but carries the old token.
//!
//! [kqueue(2)]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
//! [FreeBSD]: https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/sys_pipe.c
//! [OpenBSD]: https://github.com/openbsd/src/blob/029b91ee4a71acb8fc1e54fe1ef0711437738fe6/sys/kern/sys_pipe.c
//! [NetBSD]: https://github.com/NetBSD/src/blob/0099411437599d0f288840a8155fe1c6237ba5bb/sys/kern/sys_pipe.c

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};

use crate::Token;
use crate::sys::ffi;
use crate::sys::selector::EventBuffer as _;
use crate::sys::sync::lock;

use super::Shared;
use super::syscall::{self, CLEAR, EOF, Event, Events, FileId, ONESHOT, WRITE};
use super::wake_event::{WakeEvent, WakerKind};

/// The pending EOFs of one selector.
pub(super) struct SyntheticEofs {
    /// Created with the first pending EOF. Most selectors never have one: they pay one load.
    wake_event: OnceLock<WakeEvent>,
    pending: Mutex<VecDeque<PendingEof>>,
    /// Whether there are pending EOFs, but triggering the wake event has failed.
    must_trigger: AtomicBool,
}

/// The pending EOF of one file descriptor.
pub(super) struct PendingEof {
    fd: RawFd,
    /// The file that the fd referred to when it was registered. `None` if fstat(2) failed.
    file: Option<FileId>,
    event: Event,
}

impl PendingEof {
    /// Whether the fd still refers to the file that was registered.
    fn is_current(&self) -> bool {
        match self.file {
            Some(_) => self.file == FileId::of(self.fd),
            None => syscall::is_open(self.fd),
        }
    }

    /// Whether the event is reported until the registration ends.
    fn is_level(&self) -> bool {
        self.event.flags() & (CLEAR | ONESHOT) == 0
    }
}

/// Removes the pending EOF and the substitute of an owned source when its registration is dropped.
#[derive(Debug)]
pub(super) struct Remains {
    selector: Weak<Shared>,
    fd: RawFd,
}

impl Remains {
    /// The guard of a registration of `fd`.
    pub(super) fn new(shared: &Arc<Shared>, fd: RawFd) -> Remains {
        Remains {
            selector: Arc::downgrade(shared),
            fd,
        }
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        let Some(shared) = self.selector.upgrade() else {
            return;
        };
        // Before any lock: see `Shared::kq`. A forked child never reads what it leaves behind.
        if shared.kq().is_ok() {
            shared.synthetic_eofs.remove(self.fd);
            drop(shared.terminals.remove(self.fd));
        }
    }
}

/// Whether the kernel refused to add `EVFILT_WRITE` to `fd` because its reader is closed.
pub(super) fn is_reader_closed(error: &io::Error, fd: RawFd) -> bool {
    // NetBSD returns EBADF although the writer is open.
    error.kind() == io::ErrorKind::BrokenPipe
        || error.raw_os_error() == Some(ffi::EBADF) && syscall::is_open(fd)
}

impl fmt::Debug for SyntheticEofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyntheticEofs").finish_non_exhaustive()
    }
}

impl SyntheticEofs {
    /// No pending EOF.
    pub(super) fn new() -> SyntheticEofs {
        SyntheticEofs {
            wake_event: OnceLock::new(),
            pending: Mutex::new(VecDeque::new()),
            must_trigger: AtomicBool::new(false),
        }
    }

    /// Adds a pending EOF for `fd` and makes `select` return. `flags` are those of the filter that
    /// the kernel has refused.
    pub(super) fn push<W: WakerKind>(
        &self,
        shared: &Shared,
        fd: RawFd,
        flags: u32,
        token: Token,
    ) -> io::Result<()> {
        let event = Event::new(fd as usize, WRITE, flags | EOF, 0, token);
        let mut pending = self.lock_pending();
        let wake_event = match self.wake_event.get() {
            Some(wake_event) => wake_event,
            None => {
                let wake_event = WakeEvent::new::<W>(shared, Token(0))?;
                // No other thread sets it, because this one holds the lock.
                self.wake_event.get_or_init(|| wake_event)
            }
        };
        pending.push_back(PendingEof {
            fd,
            file: FileId::of(fd),
            event,
        });
        let triggered = wake_event.trigger(shared, Token(0));
        if triggered.is_err() {
            pending.pop_back();
        }
        triggered
    }

    /// Removes the pending EOFs of a file descriptor.
    pub(super) fn remove(&self, fd: RawFd) {
        if self.wake_event.get().is_some() {
            self.lock_pending().retain(|eof| eof.fd != fd);
        }
    }

    /// Substitutes the pending EOFs for the wake event, if `events` has the wake event. Drops those
    /// whose fd was closed. Without a pending EOF the wake event is removed, and the result is
    /// `true`.
    pub(super) fn substitute(&self, shared: &Shared, events: &mut Events) -> bool {
        let Some(wake_event) = self.wake_event.get() else {
            return false;
        };
        let mut reported = events.as_slice().iter();
        let Some(index) = reported.position(|event| wake_event.owns(event)) else {
            return false;
        };
        let mut pending = self.lock_pending();
        let mut wake_index = Some(index);
        for _ in 0..pending.len() {
            let Some(eof) = pending.pop_front() else {
                break;
            };
            if !eof.is_current() {
                // The fd was closed, which has ended its registration.
                continue;
            }
            match wake_index.take() {
                Some(index) => events.replace(index, eof.event),
                None if events.push(eof.event) => {}
                None => {
                    pending.push_front(eof);
                    break;
                }
            }
            if eof.is_level() {
                // It stays until the fd is closed. The others come first.
                pending.push_back(eof);
            }
        }
        if let Some(index) = wake_index {
            events.remove(index);
            return true;
        }
        if !pending.is_empty() {
            // The next `select` substitutes the others. An error cannot be returned here:
            // `events` holds events that the kernel does not report again.
            let has_failed = wake_event.trigger(shared, Token(0)).is_err();
            self.must_trigger.store(has_failed, Ordering::Relaxed);
        }
        false
    }

    /// Triggers the wake event if the last `substitute` could not. `events` is empty, so an error
    /// may be returned.
    pub(super) fn retrigger(&self, shared: &Shared) -> io::Result<()> {
        match self.wake_event.get() {
            Some(wake_event) if self.must_trigger.load(Ordering::Relaxed) => {
                wake_event.trigger(shared, Token(0))?;
                self.must_trigger.store(false, Ordering::Relaxed);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn lock_pending(&self) -> MutexGuard<'_, VecDeque<PendingEof>> {
        lock(&self.pending)
    }
}
