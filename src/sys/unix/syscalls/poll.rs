//! poll(2).
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;

use super::ret::ret_count;
use crate::sys::ffi;
use crate::sys::platform::EVENTS;
use crate::sys::timeout::{KernelTimeout, round_up_millis};
use crate::sys::unix::caps::Ppoll;
use crate::sys::unix::posix_poll::wasi_poll;

const HAS_WASI_POLL: bool = EVENTS.has_wasi_poll;
const PPOLL: Option<Ppoll> = EVENTS.ppoll;

/// Waits until an fd is ready, and returns how many are. poll(2) ignores an entry whose fd is
/// negative.
#[allow(dead_code)] // Event ports wait themselves.
#[inline]
pub(crate) fn wait(array: &mut [ffi::pollfd], wait: KernelTimeout) -> io::Result<usize> {
    if HAS_WASI_POLL {
        return wasi_poll::wait(array, wait);
    }
    match wait {
        KernelTimeout::Infinite => poll(array, -1),
        KernelTimeout::Millis(millis) => poll(array, millis),
        KernelTimeout::Nanos(timeout) => {
            if let Some(ppoll) = PPOLL {
                if let Some(count) = ppoll(array, timeout)? {
                    return Ok(count);
                }
            }
            poll(array, round_up_millis(timeout))
        }
    }
}

/// Like `wait`, with a timeout of zero.
#[inline]
#[allow(dead_code)] // Event ports wait themselves.
pub(crate) fn wait_now(array: &mut [ffi::pollfd]) -> io::Result<usize> {
    if HAS_WASI_POLL {
        return wasi_poll::wait(array, KernelTimeout::Millis(0));
    }
    poll(array, 0)
}

/// Probes all fds without waiting: what is not reported is not ready.
#[inline]
pub(crate) fn probe(array: &mut [ffi::pollfd]) -> io::Result<usize> {
    if HAS_WASI_POLL {
        return wasi_poll::probe(array);
    }
    in_parts(array, |part| poll(part, 0))
}

/// Whether poll(2) has refused an array because it is longer than `RLIMIT_NOFILE`: EINVAL of
/// <https://man7.org/linux/man-pages/man2/poll.2.html>. An error of this crate has no code.
#[cold]
pub(crate) fn is_too_long(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidInput && error.raw_os_error().is_some()
}

/// Makes a call that does not block, for parts of an array that is too long.
#[inline]
pub(crate) fn in_parts(
    array: &mut [ffi::pollfd],
    call: impl Fn(&mut [ffi::pollfd]) -> io::Result<usize>,
) -> io::Result<usize> {
    match call(array) {
        Err(error) if is_too_long(&error) => call_for_halves(array, error, &call),
        result => result,
    }
}

/// Polls an array that is longer than `RLIMIT_NOFILE`, without its free and suspended entries. The
/// limit may be below the fds that are open, for instance because the process has lowered it.
///
/// If it is below the number of the others, too, there may be closed fds among these, whose
/// registrations end. So a poll(2) of parts, which does not block, looks for what is ready. If
/// nothing is, a `wait` that must block returns the error.
#[cold]
pub(crate) fn wait_without_gaps(
    array: &mut [ffi::pollfd],
    timeout: KernelTimeout,
    wait: impl Fn(&mut [ffi::pollfd], KernelTimeout) -> io::Result<usize>,
) -> io::Result<usize> {
    const NOW: KernelTimeout = KernelTimeout::Millis(0);
    let is_used = |entry: &ffi::pollfd| entry.fd >= 0;
    let mut used: Vec<ffi::pollfd> = array.iter().copied().filter(is_used).collect();
    let count = match wait(&mut used, timeout) {
        Err(error) if is_too_long(&error) => {
            let count = in_parts(&mut used, |part| wait(part, NOW))?;
            if count == 0 && timeout != NOW {
                return Err(error);
            }
            count
        }
        result => result?,
    };
    let mut polled = used.iter();
    for entry in array {
        let polled = if is_used(entry) { polled.next() } else { None };
        entry.revents = polled.map_or(0, |polled| polled.revents);
    }
    Ok(count)
}

/// See [`in_parts`]. A part of one entry is the shortest.
#[cold]
fn call_for_halves(
    array: &mut [ffi::pollfd],
    refusal: io::Error,
    call: &dyn Fn(&mut [ffi::pollfd]) -> io::Result<usize>,
) -> io::Result<usize> {
    if array.len() <= 1 {
        return Err(refusal);
    }
    let mut count = 0;
    for half in array.chunks_mut(array.len().div_ceil(2)) {
        count += loop {
            match call(half) {
                // It does not block, and what an earlier part has returned must not be lost.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_too_long(&error) => break call_for_halves(half, error, call)?,
                result => break result?,
            }
        };
    }
    Ok(count)
}

/// poll(2). -1 waits forever.
#[inline]
pub(crate) fn poll(array: &mut [ffi::pollfd], millis: c_int) -> io::Result<usize> {
    // SAFETY: poll(2) reads and writes as many `pollfd`s as `array` has. The fds in it are keys: it
    // reports POLLNVAL for one that is not open, or fails (wasi-libc).
    ret_count(unsafe { ffi::poll(array.as_mut_ptr(), array.len() as _, millis) })
}

cfg_ppoll! {
    /// ppoll(2) of the C library: waits with nanoseconds.
    #[inline]
    pub(crate) fn ppoll(
        array: &mut [ffi::pollfd],
        timeout: std::time::Duration,
    ) -> io::Result<Option<usize>> {
        // Both fit: `KernelTimeout::Nanos` is at most `c_int::MAX` milliseconds.
        let timeout = ffi::timespec {
            tv_sec: timeout.as_secs() as _,
            tv_nsec: timeout.subsec_nanos() as _,
        };
        // SAFETY: ppoll(2) reads and writes as many `pollfd`s as `array` has, reads the timeout,
        // and with no signal set reads no more.
        let result = unsafe {
            ffi::ppoll(
                array.as_mut_ptr(),
                array.len() as _,
                &raw const timeout,
                std::ptr::null(),
            )
        };
        ret_count(result).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io;

    use super::in_parts;
    use crate::sys::ffi;
    use crate::sys::unix::caps;

    /// poll(2) clears some conditions when it returns them, and returns EINTR for an array of which
    /// nothing is ready (`do_poll` in
    /// <https://github.com/torvalds/linux/blob/v6.12/fs/select.c>).
    #[test]
    fn interrupted_part_loses_no_result_of_another() {
        let calls = Cell::new(0);
        let mut array: Vec<_> = (0..5).map(|fd| caps::pollfd(fd, ffi::POLLIN)).collect();
        let count = in_parts(&mut array, |part| {
            if part.len() > 3 {
                return Err(io::Error::from_raw_os_error(libc::EINVAL));
            }
            calls.set(calls.get() + 1);
            match (calls.get(), part) {
                (1, [first, ..]) => {
                    first.revents = ffi::POLLIN;
                    Ok(1)
                }
                (2, _) => Err(io::Error::from_raw_os_error(libc::EINTR)),
                _ => Ok(0),
            }
        });
        assert_eq!((count.unwrap(), calls.get()), (1, 3));
        assert_eq!(array.iter().filter(|entry| entry.revents != 0).count(), 1);
    }
}
