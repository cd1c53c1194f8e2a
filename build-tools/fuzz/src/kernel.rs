//! Takes the place of poll(2) and epoll_wait(2): while a target has set a function, the call
//! returns what the function returns. Otherwise it is the system call.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::{c_int, c_ulong};
use std::slice;

use crate::sys::ffi;

type PollCall = Box<dyn FnMut(&mut [ffi::pollfd]) -> Result<usize, c_int>>;
type EpollCall = Box<dyn FnMut(&mut [ffi::epoll_event]) -> Result<usize, c_int>>;

thread_local! {
    static POLL: RefCell<Option<PollCall>> = const { RefCell::new(None) };
    static EPOLL: RefCell<Option<EpollCall>> = const { RefCell::new(None) };
}

/// Sets what poll(2) of this thread does: it returns the number of ready entries, or an errno.
pub(crate) fn set_poll(call: Option<PollCall>) {
    POLL.set(call);
}

/// Sets what epoll_wait(2) of this thread does: it returns the number of events, or an errno.
pub(crate) fn set_epoll_wait(call: Option<EpollCall>) {
    EPOLL.set(call);
}

fn returned(result: Result<usize, c_int>) -> c_int {
    match result {
        Ok(count) => c_int::try_from(count).expect("a count fits"),
        Err(errno) => {
            // SAFETY: the C library returns a pointer to this thread's errno.
            unsafe { *libc::__errno_location() = errno };
            -1
        }
    }
}

/// poll(2).
///
/// # Safety
///
/// As for the C function: `fds` has `count` entries.
#[unsafe(no_mangle)]
unsafe extern "C" fn poll(fds: *mut ffi::pollfd, count: c_ulong, timeout: c_int) -> c_int {
    let call = POLL.take();
    let Some(mut call) = call else {
        // SAFETY: the arguments are those of this function's caller.
        return unsafe { libc::syscall(libc::SYS_poll, fds, count, timeout) } as c_int;
    };
    // SAFETY: the caller guarantees that there are this many entries.
    let array = unsafe { slice::from_raw_parts_mut(fds, count as usize) };
    let result = call(array);
    POLL.set(Some(call));
    returned(result)
}

/// epoll_wait(2).
///
/// # Safety
///
/// As for the C function: `events` has room for `most` events.
#[unsafe(no_mangle)]
unsafe extern "C" fn epoll_wait(
    epfd: c_int,
    events: *mut ffi::epoll_event,
    most: c_int,
    timeout: c_int,
) -> c_int {
    let call = EPOLL.take();
    let Some(mut call) = call else {
        // SAFETY: the arguments are those of this function's caller.
        return unsafe { libc::syscall(libc::SYS_epoll_wait, epfd, events, most, timeout) }
            as c_int;
    };
    let room = usize::try_from(most).unwrap_or(0);
    let zero = ffi::epoll_event {
        events: 0,
        data: ffi::epoll_data { u64_: 0 },
    };
    let mut filled = vec![zero; room];
    let result = call(&mut filled);
    EPOLL.set(Some(call));
    for (index, event) in filled
        .iter()
        .take(*result.as_ref().unwrap_or(&0))
        .enumerate()
    {
        // SAFETY: `index` is below `most`, so the caller guarantees room for it.
        unsafe { events.add(index).write(*event) };
    }
    returned(result)
}
