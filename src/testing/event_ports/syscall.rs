//! The calls of the fake event ports, with the signatures of the C library's.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_uint, c_void};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;

use crate::sys::ffi;

use super::host::{duration, fail};
use super::{Outcome, PortEvent, associate, count, create, dissociate, get, send};
use crate::testing::injection::{self, Call};

/// port_create(3C).
///
/// # Safety
///
/// None beyond the real call's.
pub(crate) unsafe fn port_create() -> c_int {
    match injection::error(Call::PortCreate) {
        Some(error) => fail(error),
        None => create().unwrap_or_else(fail),
    }
}

/// port_associate(3C).
///
/// # Safety
///
/// None beyond the real call's.
pub(crate) unsafe fn port_associate(
    port: c_int,
    source: c_int,
    object: usize,
    events: c_int,
    user: *mut c_void,
) -> c_int {
    if let Some(error) = injection::error(Call::PortAssociate) {
        return fail(error);
    }
    if source != ffi::PORT_SOURCE_FD {
        return fail(libc::EINVAL);
    }
    to_c(associate(port, object, events, user.addr()))
}

/// port_dissociate(3C).
///
/// # Safety
///
/// None beyond the real call's.
pub(crate) unsafe fn port_dissociate(port: c_int, source: c_int, object: usize) -> c_int {
    if let Some(error) = injection::error(Call::PortDissociate) {
        return fail(error);
    }
    if source != ffi::PORT_SOURCE_FD {
        return fail(libc::EINVAL);
    }
    to_c(dissociate(port, object))
}

/// port_send(3C).
///
/// # Safety
///
/// None beyond the real call's.
pub(crate) unsafe fn port_send(port: c_int, events: c_int, user: *mut c_void) -> c_int {
    if let Some(error) = injection::error(Call::PortSend) {
        return fail(error);
    }
    let event = PortEvent {
        source: ffi::PORT_SOURCE_USER,
        events,
        object: 0,
        user: user.addr(),
    };
    to_c(send(port, event))
}

/// port_getn(3C).
///
/// # Safety
///
/// As for the real call: `list` has room for `max` events, `nget` is valid, and `timeout` is valid
/// or null.
pub(crate) unsafe fn port_getn(
    port: c_int,
    list: *mut ffi::port_event,
    max: c_uint,
    nget: *mut c_uint,
    timeout: *mut ffi::timespec,
) -> c_int {
    if let Some(error) = injection::error(Call::PortGetn) {
        return fail(error);
    }
    // SAFETY: the caller guarantees that `nget` is valid.
    let wanted = unsafe { nget.read() };
    let timeout = if timeout.is_null() {
        None
    } else {
        // SAFETY: the caller guarantees that `timeout` is valid if it is not null.
        let timeout = unsafe { timeout.read() };
        match duration(timeout.tv_sec, timeout.tv_nsec) {
            Ok(timeout) => Some(timeout),
            Err(error) => return fail(error),
        }
    };
    let outcome = if max == 0 {
        // The call only counts.
        match count(port) {
            Ok(count) => {
                // SAFETY: the caller guarantees that `nget` is valid.
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
        leaves_count,
    } = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return fail(error),
    };
    for (index, event) in events.iter().enumerate() {
        // SAFETY: `index` is below `max`, and the caller guarantees room for `max` events.
        let entry = unsafe { list.add(index) };
        let event = ffi::port_event {
            portev_events: event.events,
            portev_source: event.source as _,
            portev_pad: 0,
            portev_object: event.object,
            portev_user: ptr::without_provenance_mut(event.user),
        };
        // SAFETY: as above.
        unsafe { entry.write(event) };
    }
    if !leaves_count {
        // SAFETY: the caller guarantees that `nget` is valid.
        unsafe { nget.write(events.len() as c_uint) };
    }
    error.map_or(0, fail)
}

/// Converts a result to the return value of a C function.
fn to_c(result: Result<(), c_int>) -> c_int {
    result.map_or_else(fail, |()| 0)
}

/// dup2(2).
pub(super) fn replace(fd: RawFd, by: &OwnedFd) {
    // SAFETY: dup2(2) takes two integers. Only the test uses `fd`.
    unsafe { libc::dup2(by.as_raw_fd(), fd) };
}

/// close(2).
pub(super) fn close(fd: RawFd) {
    // SAFETY: close(2) takes an integer. Only the test uses `fd`.
    unsafe { libc::close(fd) };
}
