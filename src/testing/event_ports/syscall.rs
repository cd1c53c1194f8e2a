//! The double's calls with their C signatures.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_uint, c_void};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;

use crate::sys::ffi;

use super::queue::{duration, fail};
use super::{Outcome, PortEvent, associate, count, create, dissociate, faults, get, send};

/// port_create(3C).
///
/// # Safety
///
/// As the real one.
pub(crate) unsafe fn port_create() -> c_int {
    create().unwrap_or_else(fail)
}

/// port_associate(3C).
///
/// # Safety
///
/// As the real one.
pub(crate) unsafe fn port_associate(
    port: c_int,
    source: c_int,
    object: usize,
    events: c_int,
    user: *mut c_void,
) -> c_int {
    faults::count(|calls| calls.associate += 1);
    if source != ffi::PORT_SOURCE_FD {
        return fail(libc::EINVAL);
    }
    done(associate(port, object, events, user.addr()))
}

/// port_dissociate(3C).
///
/// # Safety
///
/// As the real one.
pub(crate) unsafe fn port_dissociate(port: c_int, source: c_int, object: usize) -> c_int {
    faults::count(|calls| calls.dissociate += 1);
    if source != ffi::PORT_SOURCE_FD {
        return fail(libc::EINVAL);
    }
    done(dissociate(port, object))
}

/// port_send(3C).
///
/// # Safety
///
/// As the real one.
pub(crate) unsafe fn port_send(port: c_int, events: c_int, user: *mut c_void) -> c_int {
    faults::count(|calls| calls.send += 1);
    let event = PortEvent {
        source: ffi::PORT_SOURCE_USER,
        events,
        object: 0,
        user: user.addr(),
    };
    done(send(port, event))
}

/// port_getn(3C).
///
/// # Safety
///
/// As the real one: room for `max` events, a count, and a time-out or null.
pub(crate) unsafe fn port_getn(
    port: c_int,
    list: *mut ffi::port_event,
    max: c_uint,
    nget: *mut c_uint,
    timeout: *mut ffi::timespec,
) -> c_int {
    faults::count(|calls| calls.get += 1);
    // SAFETY: the caller promises a count.
    let wanted = unsafe { nget.read() };
    let timeout = if timeout.is_null() {
        None
    } else {
        // SAFETY: the caller promises a time-out where the pointer is not null.
        let timeout = unsafe { timeout.read() };
        match duration(timeout.tv_sec, timeout.tv_nsec) {
            Ok(timeout) => Some(timeout),
            Err(error) => return fail(error),
        }
    };
    let outcome = if max == 0 {
        // Asks only.
        match count(port) {
            Ok(count) => {
                // SAFETY: as above.
                unsafe { nget.write(count as c_uint) };
                return 0;
            }
            Err(error) => Err(error),
        }
    } else {
        get(port, max as usize, wanted as usize, timeout)
    };
    let Outcome {
        events,
        error,
        keeps_count,
    } = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return fail(error),
    };
    for (index, event) in events.iter().enumerate() {
        // SAFETY: never more than `max`, for which the caller promises places.
        let place = unsafe { list.add(index) };
        let event = ffi::port_event {
            portev_events: event.events,
            portev_source: event.source as _,
            portev_pad: 0,
            portev_object: event.object,
            portev_user: ptr::without_provenance_mut(event.user),
        };
        // SAFETY: as above.
        unsafe { place.write(event) };
    }
    if !keeps_count {
        // SAFETY: the caller promises a count.
        unsafe { nget.write(events.len() as c_uint) };
    }
    error.map_or(0, fail)
}

fn done(result: Result<(), c_int>) -> c_int {
    result.map_or_else(fail, |()| 0)
}

/// dup2(2).
pub(super) fn replace(number: RawFd, by: &OwnedFd) {
    // SAFETY: dup2(2) takes two integers. The number is the test's own.
    unsafe { libc::dup2(by.as_raw_fd(), number) };
}

/// close(2).
pub(super) fn close(number: RawFd) {
    // SAFETY: close(2) takes an integer. The number is the test's own.
    unsafe { libc::close(number) };
}
