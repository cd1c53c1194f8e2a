//! The functions that take the place of the C library's: the same signatures, and faults.
//!
//! Safety: each function only passes its arguments on, so it requires what the real one requires.
#![allow(unsafe_code)]
#![allow(clippy::missing_safety_doc)] // The head of this file has it.

use std::ffi::{c_int, c_uint, c_ulong, c_void};
use std::io;

use crate::sys::ffi::{self, real};
use crate::testing::injection::syscall::fail;
use crate::testing::injection::{Call, Effect, effect};

/// The result of a failed call.
trait Failed {
    const FAILED: Self;
}

impl Failed for c_int {
    const FAILED: c_int = -1;
}

impl Failed for isize {
    const FAILED: isize = -1;
}

/// Makes a call, and applies what is to happen to it.
fn make<T: Failed>(call: Call, real: impl FnOnce() -> T) -> T {
    match effect(call) {
        Some(Effect::Fail(error)) => {
            fail(error);
            T::FAILED
        }
        Some(Effect::FailAfter(error)) => {
            real();
            fail(error);
            T::FAILED
        }
        // `shorten` comes first where a call can be shortened.
        Some(Effect::Short(_)) | None => real(),
    }
}

/// The same for a call that may transfer less than `length`.
fn make_short<T: Failed>(call: Call, length: usize, real: impl FnOnce(usize) -> T) -> T {
    match effect(call) {
        Some(Effect::Fail(error)) => {
            fail(error);
            T::FAILED
        }
        Some(Effect::FailAfter(error)) => {
            real(length);
            fail(error);
            T::FAILED
        }
        Some(Effect::Short(most)) => real(length.min(most)),
        None => real(length),
    }
}

/// The result of a call that `sys/unix/syscalls` makes by its number.
pub(crate) fn check(call: Call) -> io::Result<()> {
    match effect(call) {
        Some(Effect::Fail(error) | Effect::FailAfter(error)) => {
            Err(io::Error::from_raw_os_error(error))
        }
        Some(Effect::Short(_)) | None => Ok(()),
    }
}

/// Functions that only pass on their arguments.
macro_rules! pass_on {
    (
        $($real:path, $call:ident: fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*
    ) => {
        $(
            pub(crate) unsafe extern "C" fn $name($($argument: $type),*) -> $result {
                // SAFETY: as for the caller of this function.
                make(Call::$call, || unsafe { $real($($argument),*) })
            }
        )*
    };
}

pass_on! {
    real::epoll_create1, EpollCreate: fn epoll_create1(flags: c_int) -> c_int;
    real::eventfd, Eventfd: fn eventfd(value: c_uint, flags: c_int) -> c_int;
    real::pipe2, Pipe2: fn pipe2(ends: *mut c_int, flags: c_int) -> c_int;
    real::poll, Poll: fn poll(entries: *mut ffi::pollfd, count: c_ulong, timeout: c_int) -> c_int;
    real::write, Write: fn write(fd: c_int, buffer: *const c_void, count: usize) -> isize;
}

/// The kinds of epoll_ctl(2) fail with different errors.
pub(crate) unsafe extern "C" fn epoll_ctl(
    epfd: c_int,
    operation: c_int,
    fd: c_int,
    event: *mut ffi::epoll_event,
) -> c_int {
    let call = match operation {
        ffi::EPOLL_CTL_ADD => Call::EpollAdd,
        ffi::EPOLL_CTL_MOD => Call::EpollModify,
        _ => Call::EpollDelete,
    };
    // SAFETY: as for the caller of this function.
    make(call, || unsafe {
        real::epoll_ctl(epfd, operation, fd, event)
    })
}

pub(crate) unsafe extern "C" fn epoll_wait(
    epfd: c_int,
    events: *mut ffi::epoll_event,
    room: c_int,
    timeout: c_int,
) -> c_int {
    // SAFETY: as for the caller of this function, whose room is at least `room`.
    make_short(Call::EpollWait, room as usize, |room| unsafe {
        real::epoll_wait(epfd, events, room as c_int, timeout)
    })
}

pub(crate) unsafe extern "C" fn read(fd: c_int, buffer: *mut c_void, count: usize) -> isize {
    // SAFETY: as for the caller of this function, whose buffer has at least `count` bytes.
    make_short(Call::Read, count, |count| unsafe {
        real::read(fd, buffer, count)
    })
}

/// fcntl(2) with an integer as its argument.
pub(crate) unsafe extern "C" fn fcntl(fd: c_int, command: c_int, argument: c_int) -> c_int {
    // SAFETY: as for the caller of this function.
    make(Call::Fcntl, || unsafe {
        real::fcntl(fd, command, argument)
    })
}

/// The `libc` crate, with functions that may fail. `sys/unix/syscalls` uses it by that name.
pub(crate) mod libc {
    use super::{Call, make, make_short};
    use std::ffi::{c_int, c_void};

    use ::libc as real;
    pub(crate) use ::libc::*;

    use crate::testing::injection::{Effect, effect};

    pub(crate) use super::fcntl;

    pass_on! {
        real::socket, Socket: fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
        real::socketpair, Socketpair:
            fn socketpair(domain: c_int, kind: c_int, protocol: c_int, ends: *mut c_int) -> c_int;
        real::bind, Bind:
            fn bind(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int;
        real::connect, Connect:
            fn connect(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int;
        real::listen, Listen: fn listen(socket: c_int, backlog: c_int) -> c_int;
        real::accept, Accept:
            fn accept(socket: c_int, address: *mut sockaddr, length: *mut socklen_t) -> c_int;
        real::accept4, Accept4:
            fn accept4(
                socket: c_int, address: *mut sockaddr, length: *mut socklen_t, flags: c_int
            ) -> c_int;
        real::setsockopt, Setsockopt:
            fn setsockopt(
                socket: c_int, level: c_int, name: c_int, value: *const c_void, length: socklen_t
            ) -> c_int;
        real::getsockopt, Getsockopt:
            fn getsockopt(
                socket: c_int, level: c_int, name: c_int, value: *mut c_void,
                length: *mut socklen_t
            ) -> c_int;
        real::madvise, Madvise:
            fn madvise(page: *mut c_void, length: usize, advice: c_int) -> c_int;
    }

    pub(crate) unsafe extern "C" fn send(
        socket: c_int,
        buffer: *const c_void,
        count: usize,
        flags: c_int,
    ) -> isize {
        // SAFETY: as for the caller of this function, whose buffer has at least `count` bytes.
        make_short(Call::Send, count, |count| unsafe {
            real::send(socket, buffer, count, flags)
        })
    }

    /// A short call passes on part of the first buffer.
    pub(crate) unsafe extern "C" fn sendmsg(
        socket: c_int,
        message: *const msghdr,
        flags: c_int,
    ) -> isize {
        make_short(Call::Sendmsg, usize::MAX, |most| {
            // SAFETY: the caller's message is valid.
            let mut short = unsafe { message.read() };
            if most == usize::MAX || short.msg_iovlen == 0 {
                // SAFETY: as for the caller of this function.
                return unsafe { real::sendmsg(socket, message, flags) };
            }
            // SAFETY: the message has at least one buffer.
            let mut first = unsafe { short.msg_iov.read() };
            first.iov_len = first.iov_len.min(most);
            short.msg_iov = &raw mut first;
            short.msg_iovlen = 1;
            // SAFETY: the message has one buffer, which is part of the caller's.
            unsafe { real::sendmsg(socket, &raw const short, flags) }
        })
    }

    /// pthread_atfork(3) returns its error.
    pub(crate) unsafe fn pthread_atfork(
        prepare: Option<unsafe extern "C" fn()>,
        parent: Option<unsafe extern "C" fn()>,
        child: Option<unsafe extern "C" fn()>,
    ) -> c_int {
        match effect(Call::PthreadAtfork) {
            Some(Effect::Fail(error) | Effect::FailAfter(error)) => error,
            // SAFETY: as for the caller of this function.
            Some(Effect::Short(_)) | None => unsafe {
                real::pthread_atfork(prepare, parent, child)
            },
        }
    }

    /// mmap(2) returns a pointer.
    pub(crate) unsafe fn mmap(
        address: *mut c_void,
        length: usize,
        protection: c_int,
        flags: c_int,
        fd: c_int,
        offset: off_t,
    ) -> *mut c_void {
        match effect(Call::Mmap) {
            Some(Effect::Fail(error) | Effect::FailAfter(error)) => {
                super::fail(error);
                MAP_FAILED
            }
            // SAFETY: as for the caller of this function.
            Some(Effect::Short(_)) | None => unsafe {
                real::mmap(address, length, protection, flags, fd, offset)
            },
        }
    }
}
