//! `poll_oneoff` and `fd_fdstat_get` of WASI preview 1.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;

use super::{Host, HostEvent, Subscription};
use crate::sys::ffi;

/// The host of the guest.
#[derive(Default)]
pub(crate) struct Preview1 {
    /// The arrays that are passed to the host, kept for their memory.
    subscriptions: Vec<ffi::__wasi_subscription_t>,
    events: Vec<ffi::__wasi_event_t>,
}

impl std::fmt::Debug for Preview1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preview1").finish_non_exhaustive()
    }
}

/// The result of a call that returns an error number.
fn ret(errno: u16) -> io::Result<()> {
    match errno {
        ffi::__WASI_ERRNO_SUCCESS => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno.into())),
    }
}

impl Host for Preview1 {
    const THREADS: bool = cfg!(target_feature = "atomics");

    fn wait(&mut self, list: &[Subscription], events: &mut Vec<HostEvent>) -> io::Result<()> {
        events.clear();
        self.subscriptions.clear();
        for (place, subscription) in list.iter().enumerate() {
            self.subscriptions.push(prepare(place, *subscription));
        }
        // As many events as subscriptions may come.
        self.events.resize(list.len(), NO_EVENT);
        let mut count = 0;
        // SAFETY: `poll_oneoff` reads as many subscriptions as `list` has from an array that was
        // just filled with so many, writes at most as many events to an array of that length, and
        // their number to `count`. The fds in it are keys: a closed one is an error.
        ret(unsafe {
            ffi::__wasi_poll_oneoff(
                self.subscriptions.as_ptr(),
                self.events.as_mut_ptr(),
                list.len() as _,
                &raw mut count,
            )
        })?;
        for event in self.events.iter().take(count as usize) {
            // The subscription has the kind of event. `fd_readwrite` is undefined for clocks.
            let index = event.userdata as usize;
            let is_clock = matches!(list.get(index), Some(Subscription::Clock(_)));
            let hang_up = ffi::__WASI_EVENTRWFLAGS_FD_READWRITE_HANGUP;
            events.push(HostEvent {
                index,
                hang_up: !is_clock && event.fd_readwrite.flags & hang_up != 0,
                error: event.error.into(),
            });
        }
        Ok(())
    }

    fn is_open(fd: RawFd) -> bool {
        let mut status = MaybeUninit::<ffi::__wasi_fdstat_t>::uninit();
        // SAFETY: `fd_fdstat_get` writes one structure, for which `status` has room. The fd is a
        // key: a closed one is an error.
        let errno = unsafe { ffi::__wasi_fd_fdstat_get(fd as _, status.as_mut_ptr()) };
        errno != ffi::__WASI_ERRNO_BADF
    }
}

const NO_EVENT: ffi::__wasi_event_t = ffi::__wasi_event_t {
    userdata: 0,
    error: 0,
    type_: 0,
    fd_readwrite: ffi::__wasi_event_fd_readwrite_t {
        nbytes: 0,
        flags: 0,
    },
};

/// Converts a subscription for the host.
fn prepare(place: usize, subscription: Subscription) -> ffi::__wasi_subscription_t {
    let watched = |fd: RawFd| ffi::__wasi_subscription_fd_readwrite_t {
        file_descriptor: fd as _,
    };
    let (tag, u) = match subscription {
        Subscription::Read(fd) => (
            ffi::__WASI_EVENTTYPE_FD_READ,
            ffi::__wasi_subscription_u_u_t {
                fd_read: watched(fd),
            },
        ),
        Subscription::Write(fd) => (
            ffi::__WASI_EVENTTYPE_FD_WRITE,
            ffi::__wasi_subscription_u_u_t {
                fd_write: watched(fd),
            },
        ),
        Subscription::Clock(pause) => (
            ffi::__WASI_EVENTTYPE_CLOCK,
            ffi::__wasi_subscription_u_u_t {
                clock: ffi::__wasi_subscription_clock_t {
                    id: ffi::__WASI_CLOCKID_MONOTONIC,
                    timeout: u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX),
                    precision: 0,
                    // No flag: from now on.
                    flags: 0,
                },
            },
        ),
    };
    ffi::__wasi_subscription_t {
        userdata: place as u64,
        u: ffi::__wasi_subscription_u_t { tag, u },
    }
}
