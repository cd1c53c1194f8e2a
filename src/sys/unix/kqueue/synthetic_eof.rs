//! The event that some kernels do not make: the other end of a pipe was gone before this one was registered.
//!
//! Such a kernel refuses to add the filter, so that nothing would ever come. Registering succeeds all the same: the event is kept
//! under a lock, a wake_event of our own is rung, and `select` puts the kept event in the place of the wake_event's. Deregistering
//! or registering the number again forgets it, and so does dropping an owned source, so no event outlives its registration. A bare
//! number that is closed without being deregistered may get one stale event.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use crate::Token;
use crate::sys::ffi;
use crate::sys::selector::EventBuffer as _;

use super::Shared;
use super::syscall::{self, Event, Events, WRITE};
use super::wake_event::{WakeEvent, Wakers};

/// See the head of this file.
pub(super) struct DeadEnds {
    /// Made for the first event: most queues never keep one, and pay one load for that.
    wake_event: OnceLock<WakeEvent>,
    kept: Mutex<VecDeque<(RawFd, Event)>>,
}

/// What the registration of an owned source has of its kept event, which goes with it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) queue: Weak<Shared>,
    pub(super) raw: RawFd,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(shared) = self.queue.upgrade() {
            shared.dead.forget(self.raw);
        }
    }
}

/// Whether the kernel has refused to watch a number because nobody is at the other end.
pub(super) fn is_dead_end(error: &io::Error, filter: i32, raw: RawFd) -> bool {
    // NetBSD says that the descriptor is bad when it means the other end's.
    error.kind() == io::ErrorKind::BrokenPipe
        || filter == WRITE && error.raw_os_error() == Some(ffi::EBADF) && syscall::is_open(raw)
}

impl fmt::Debug for DeadEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadEnds").finish_non_exhaustive()
    }
}

impl DeadEnds {
    /// None kept.
    pub(super) fn new() -> DeadEnds {
        DeadEnds {
            wake_event: OnceLock::new(),
            kept: Mutex::new(VecDeque::new()),
        }
    }

    /// Keeps an event for the next `select`.
    pub(super) fn keep<W: Wakers>(
        &self,
        shared: &Shared,
        raw: RawFd,
        record: Event,
    ) -> io::Result<()> {
        let mut kept = self.lock();
        let wake_event = match self.wake_event.get() {
            Some(wake_event) => wake_event,
            None => {
                let wake_event = WakeEvent::new::<W>(shared, Token(0))?;
                // Under the lock nobody else sets it.
                self.wake_event.get_or_init(|| wake_event)
            }
        };
        kept.push_back((raw, record));
        let rung = wake_event.ring(shared, Token(0));
        if rung.is_err() {
            kept.pop_back();
        }
        rung
    }

    /// Forgets the events of a fd.
    pub(super) fn forget(&self, raw: RawFd) {
        if self.wake_event.get().is_some() {
            self.lock().retain(|(other, _)| *other != raw);
        }
    }

    /// Puts a kept event in the place of the wake_event's, or takes that one out. `true` if it was taken out.
    pub(super) fn exchange(&self, shared: &Shared, records: &mut Events) -> bool {
        let Some(wake_event) = self.wake_event.get() else {
            return false;
        };
        let mut all = records.as_slice().iter();
        let Some(index) = all.position(|record| wake_event.made(record)) else {
            return false;
        };
        let mut kept = self.lock();
        match kept.pop_front() {
            Some((_, record)) => records.replace(index, record),
            None => {
                records.remove(index);
                return true;
            }
        }
        if !kept.is_empty() {
            // The next one takes the next place. The wake_event is in the queue, so this does not fail; and something was taken
            // from the queue, so there would be no place for an error.
            let _ = wake_event.ring(shared, Token(0));
        }
        false
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(RawFd, Event)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
