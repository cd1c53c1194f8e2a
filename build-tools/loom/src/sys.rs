//! The library's `src/sys`, over loom's locks and atomics.

pub(crate) mod sync {
    //! Replaces `src/sys/sync.rs`.

    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};

    /// A word that never changes. Each run of a model has its own.
    pub(crate) fn unchanging() -> &'static AtomicUsize {
        Box::leak(Box::new(AtomicUsize::new(1)))
    }

    /// Locks a mutex. A panic ends the exploration, so no mutex is poisoned.
    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap()
    }
}

pub(crate) mod platform {
    //! The system: Linux with poll(2).

    use super::ffi;
    use super::unix::caps::{EventCaps, PipeCall};

    /// Forks are not modeled.
    pub(crate) const EVENTS: EventCaps = EventCaps {
        pipe: PipeCall::Pipe2(|| {}, 0),
        priority: ffi::POLLPRI,
        read_hang_up: ffi::POLLRDHUP,
        poll_returns_for_hang_up: true,
        ..EventCaps::BASE
    };
}

pub(crate) mod ffi {
    //! The bindings that the selector over poll(2) needs.

    use std::ffi::{c_int, c_short};

    /// An entry of poll(2).
    #[allow(non_camel_case_types)] // The system's name.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct pollfd {
        pub(crate) fd: c_int,
        pub(crate) events: c_short,
        pub(crate) revents: c_short,
    }

    pub(crate) const EBADF: c_int = 9;
    pub(crate) const POLLIN: c_short = 0x1;
    pub(crate) const POLLPRI: c_short = 0x2;
    pub(crate) const POLLOUT: c_short = 0x4;
    pub(crate) const POLLERR: c_short = 0x8;
    pub(crate) const POLLHUP: c_short = 0x10;
    pub(crate) const POLLNVAL: c_short = 0x20;
    pub(crate) const POLLRDHUP: c_short = 0x2000;
    pub(crate) const POLL_NAMES: &[(&str, c_short)] = &[];
}

#[path = "unix.rs"]
pub(crate) mod unix;
#[path = "windows.rs"]
pub(crate) mod windows;

#[path = "../../../src/sys/errors.rs"]
pub(crate) mod errors;
#[path = "../../../src/sys/event_buffer.rs"]
pub(crate) mod event_buffer;
#[path = "../../../src/sys/level_backoff.rs"]
pub(crate) mod level_backoff;
#[path = "../../../src/sys/selector.rs"]
pub(crate) mod selector;
#[path = "../../../src/sys/slab.rs"]
pub(crate) mod slab;
#[path = "../../../src/sys/timeout.rs"]
pub(crate) mod timeout;
#[path = "../../../src/sys/wake_bits.rs"]
pub(crate) mod wake_bits;
