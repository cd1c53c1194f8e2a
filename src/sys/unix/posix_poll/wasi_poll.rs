//! poll(2) of wasi-libc, which wants an array without gaps: it traps if there is nothing to watch,
//! and one closed fd fails the whole call.
//!
//! Only entries that ask for events are passed on. If there is none this sleeps for the timeout; to
//! wait forever is then an error at once, since nothing could end it. That is why the platform sets
//! `poll_returns_for_hang_up`: a rescan would find nothing, and would repeat the wait forever. If
//! the call fails each fd is probed alone: a closed one is reported as `POLLNVAL`, as by poll(2),
//! and one that cannot be watched, such as a socket that was never connected, as `POLLERR`.
//!
//! A call that returns at once may leave out what is ready: wasmtime polls a source only so often
//! before it returns to its own event loop. So a probe polls the rest again, for long enough that
//! wasmtime does. This was measured on wasmtime 48.

use std::io;
use std::slice;
use std::thread;
use std::time::Duration;

use crate::sys::timeout::{KernelTimeout, round_up_millis};
use crate::sys::unix::syscalls::{is_open, poll::poll};
use crate::sys::{errors, ffi};

/// Probes all fds: what is not reported is not ready.
pub(crate) fn probe(array: &mut [ffi::pollfd]) -> io::Result<usize> {
    wait(array, KernelTimeout::Millis(0))?;
    let mut rest = array.to_vec();
    loop {
        for (entry, rest) in array.iter_mut().zip(&mut rest) {
            entry.revents |= rest.revents;
            rest.events = entry.events & !entry.revents;
            if entry.revents & (ffi::POLLNVAL | ffi::POLLERR | ffi::POLLHUP) != 0 {
                rest.events = 0;
            }
        }
        let is_left = rest.iter().any(|rest| rest.fd >= 0 && rest.events != 0);
        if !is_left || wait(&mut rest, KernelTimeout::Millis(1))? == 0 {
            break;
        }
    }
    Ok(array.iter().filter(|entry| entry.revents != 0).count())
}

/// Waits, whatever the timeout.
pub(crate) fn wait(array: &mut [ffi::pollfd], wait: KernelTimeout) -> io::Result<usize> {
    let mut asked = Vec::with_capacity(array.len());
    for entry in &mut *array {
        entry.revents = 0;
        if entry.fd >= 0 && entry.events != 0 {
            asked.push(*entry);
        }
    }
    let millis = match wait {
        KernelTimeout::Infinite => -1,
        KernelTimeout::Millis(millis) => millis,
        KernelTimeout::Nanos(timeout) => round_up_millis(timeout),
    };
    if asked.is_empty() {
        return match u64::try_from(millis) {
            Ok(millis) => {
                thread::sleep(Duration::from_millis(millis));
                Ok(0)
            }
            Err(_) => Err(errors::invalid(
                "nothing to wait for: no source is armed, and there is no timeout",
            )),
        };
    }
    let count = match poll(&mut asked, millis) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => {
            find_refused(&mut asked).ok_or(error)?
        }
        result => result?,
    };
    let mut polled = asked.iter();
    for entry in array {
        if entry.fd >= 0 && entry.events != 0 {
            entry.revents = polled.next().map_or(0, |polled| polled.revents);
        }
    }
    Ok(count)
}

/// Finds the fds for which the whole call has failed, and returns how many entries have a result.
/// `None` if the call does not fail for any fd alone.
fn find_refused(asked: &mut [ffi::pollfd]) -> Option<usize> {
    let mut is_found = false;
    for entry in &mut *asked {
        if !is_open(entry.fd) {
            entry.revents = ffi::POLLNVAL;
            is_found = true;
        } else if poll(slice::from_mut(entry), 0).is_err() {
            entry.revents = ffi::POLLERR;
            is_found = true;
        }
    }
    let count = asked.iter().filter(|entry| entry.revents != 0).count();
    is_found.then_some(count)
}
