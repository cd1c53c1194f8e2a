//! poll(2) of C libraries that want a list without gaps: where nothing to watch is a trap, and a closed number fails the call.
//!
//! Only entries with something to watch are handed over. If there is none the time is slept away, and waiting for ever is an
//! error at once, since nothing could end it. If the call fails each number is looked at: the closed ones answer `POLLNVAL` as
//! poll(2) would have, and those that cannot be watched, such as a socket that was never connected, `POLLERR`.
//!
//! An answer that comes at once may leave out what is ready: wasmtime looks at a source only so often before it must go back to
//! its own loop. So a look asks about the rest again, for long enough that the host does.

mod syscall;

use std::io;
use std::slice;
use std::thread;

use crate::sys::timeout::{Wait, round_up_millis};
use crate::sys::{errors, ffi};

/// Looks at all: what is not reported is not ready.
pub(crate) fn look(array: &mut [ffi::pollfd]) -> io::Result<Option<usize>> {
    wait(array, Wait::Millis(0))?;
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
        if !is_left || wait(&mut rest, Wait::Millis(1))? == Some(0) {
            break;
        }
    }
    let count = array.iter().filter(|entry| entry.revents != 0).count();
    Ok(Some(count))
}

/// Waits, whatever the time-out.
pub(crate) fn wait(array: &mut [ffi::pollfd], wait: Wait) -> io::Result<Option<usize>> {
    let mut asked = Vec::with_capacity(array.len());
    for entry in &mut *array {
        entry.revents = 0;
        if entry.fd >= 0 && entry.events != 0 {
            asked.push(*entry);
        }
    }
    let millis = match wait {
        Wait::Forever => -1,
        Wait::Millis(millis) => millis,
        Wait::Nanos(timeout) => round_up_millis(timeout),
    };
    if asked.is_empty() {
        return match u64::try_from(millis) {
            Ok(millis) => {
                thread::sleep(std::time::Duration::from_millis(millis));
                Ok(Some(0))
            }
            Err(_) => Err(errors::invalid(
                "nothing to wait for: no source is armed, and there is no time-out",
            )),
        };
    }
    let count = match syscall::poll(&mut asked, millis) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => {
            find_at_fault(&mut asked).ok_or(error)?
        }
        result => result?,
    };
    let mut answers = asked.iter();
    for entry in array {
        if entry.fd >= 0 && entry.events != 0 {
            entry.revents = answers.next().map_or(0, |answer| answer.revents);
        }
    }
    Ok(Some(count))
}

/// Finds what has made the whole call fail, and returns how many have something to say. `None` if nobody is at fault.
fn find_at_fault(asked: &mut [ffi::pollfd]) -> Option<usize> {
    let mut is_found = false;
    for entry in &mut *asked {
        if !syscall::is_open(entry.fd) {
            entry.revents = ffi::POLLNVAL;
            is_found = true;
        } else if syscall::poll(slice::from_mut(entry), 0).is_err() {
            entry.revents = ffi::POLLERR;
            is_found = true;
        }
    }
    let count = asked.iter().filter(|entry| entry.revents != 0).count();
    is_found.then_some(count)
}
