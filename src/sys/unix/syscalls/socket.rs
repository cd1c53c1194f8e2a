//! The system calls on sockets.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;

use super::ret::{ret, ret_owned_fd};
#[cfg(mio_fault_injection)]
use crate::testing::injection::calls::syscall::libc;

/// accept4(2), or a function like it.
pub(crate) type Accept4 =
    unsafe extern "C" fn(c_int, *mut libc::sockaddr, *mut libc::socklen_t, c_int) -> c_int;

/// A C structure of an address.
///
/// # Safety
///
/// Any bits, zeros among them, must be valid for it.
pub(crate) unsafe trait Plain: Sized {}

// SAFETY: a C structure of integers and arrays of them.
unsafe impl Plain for libc::sockaddr_in {}
// SAFETY: a C structure of integers and arrays of them.
unsafe impl Plain for libc::sockaddr_in6 {}
// SAFETY: a C structure of integers and arrays of them.
unsafe impl Plain for libc::sockaddr_storage {}
// SAFETY: a C structure of integers and arrays of them.
#[cfg(unix)]
unsafe impl Plain for libc::sockaddr_un {}

/// All zero, so that fields which only some systems have need no name.
pub(crate) fn zeroed<A: Plain>() -> A {
    // SAFETY: `Plain` promises that zeros are valid.
    unsafe { mem::zeroed() }
}

/// An address as the kernel takes it: a number of bytes of a structure that lives for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct Address<'a> {
    pointer: *const libc::sockaddr,
    length: libc::socklen_t,
    structure: PhantomData<&'a ()>,
}

impl<'a> Address<'a> {
    /// The first `length` bytes, at most all. No caller can make the kernel read beyond the
    /// structure.
    pub(crate) fn new<A: Plain>(address: &'a A, length: usize) -> Address<'a> {
        let length = length.min(mem::size_of::<A>());
        Address {
            pointer: (&raw const *address).cast(),
            length: length as libc::socklen_t,
            structure: PhantomData,
        }
    }
}

/// Room for an address that the kernel writes.
pub(crate) struct Storage<A> {
    address: A,
    /// As the kernel returned it: it may be greater than the room.
    length: libc::socklen_t,
}

impl<A: Plain> Storage<A> {
    /// Room for an `A`.
    pub(crate) fn new() -> Storage<A> {
        let address = zeroed();
        let length = length_of(&address);
        Storage { address, length }
    }

    /// What the kernel wrote; the rest is zero.
    pub(crate) fn address(&self) -> &A {
        &self.address
    }

    /// As if the kernel had written it.
    #[cfg(all(test, unix))]
    pub(crate) fn set(&mut self, address: A, length: libc::socklen_t) {
        *self = Storage { address, length };
    }

    /// The length as the kernel returned it.
    pub(crate) fn length(&self) -> libc::socklen_t {
        self.length
    }
}

/// The size of an address structure.
fn length_of<A>(_: &A) -> libc::socklen_t {
    mem::size_of::<A>() as libc::socklen_t
}

/// Whether a `T` can be read at the start of a `sockaddr_storage`.
const fn fits<T>() -> bool {
    mem::size_of::<T>() <= mem::size_of::<libc::sockaddr_storage>()
        && mem::align_of::<T>() <= mem::align_of::<libc::sockaddr_storage>()
}
const _: () = assert!(fits::<libc::sockaddr_in>() && fits::<libc::sockaddr_in6>());

/// The storage's bytes as an IPv4 address.
#[inline]
pub(crate) fn as_v4(storage: &libc::sockaddr_storage) -> libc::sockaddr_in {
    let pointer = (&raw const *storage).cast::<libc::sockaddr_in>();
    // SAFETY: `pointer` is aligned and has room for the structure (asserted above); all its bytes
    // are initialized, as a `Storage` begins as zeros; and any bits are valid for its integers.
    unsafe { pointer.read() }
}

/// The storage's bytes as an IPv6 address.
#[inline]
pub(crate) fn as_v6(storage: &libc::sockaddr_storage) -> libc::sockaddr_in6 {
    let pointer = (&raw const *storage).cast::<libc::sockaddr_in6>();
    // SAFETY: `pointer` is aligned and has room for the structure (asserted above); all its bytes
    // are initialized, as a `Storage` begins as zeros; and any bits are valid for its integers.
    unsafe { pointer.read() }
}

/// socket(2). `kind` may hold flags.
#[inline]
pub(crate) fn socket(domain: c_int, kind: c_int) -> io::Result<OwnedFd> {
    // SAFETY: socket(2) takes three integers and touches no memory.
    let fd = unsafe { libc::socket(domain, kind, 0) };
    // SAFETY: unless it is -1, `fd` is a new fd that nothing else owns.
    unsafe { ret_owned_fd(fd) }
}

/// socketpair(2). `kind` may hold flags.
#[cfg(unix)]
#[inline]
pub(crate) fn socketpair(kind: c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [c_int; 2] = [-1; 2];
    // SAFETY: socketpair(2) writes two ints, for which `ends` has room.
    let result = unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) };
    // SAFETY: unless it fails, socketpair(2) has opened two fds that nothing else owns.
    unsafe { super::ret::ret_owned_fds(result, ends) }
}

/// bind(2).
#[inline]
pub(crate) fn bind(socket: BorrowedFd<'_>, address: Address<'_>) -> io::Result<()> {
    let Address {
        pointer, length, ..
    } = address;
    // SAFETY: bind(2) reads `length` bytes at `pointer`, which point into a structure that is
    // borrowed while the call runs.
    ret(unsafe { libc::bind(socket.as_raw_fd(), pointer, length) })
}

/// connect(2).
#[inline]
pub(crate) fn connect(socket: BorrowedFd<'_>, address: Address<'_>) -> io::Result<()> {
    let Address {
        pointer, length, ..
    } = address;
    // SAFETY: connect(2) reads `length` bytes at `pointer`, which point into a structure that is
    // borrowed while the call runs.
    ret(unsafe { libc::connect(socket.as_raw_fd(), pointer, length) })
}

/// listen(2).
#[inline]
pub(crate) fn listen(socket: BorrowedFd<'_>, backlog: c_int) -> io::Result<()> {
    // SAFETY: listen(2) takes two integers and touches no memory.
    ret(unsafe { libc::listen(socket.as_raw_fd(), backlog) })
}

/// accept4(2), or the function in its place.
pub(crate) fn accept4<A: Plain>(
    call: Accept4,
    listener: BorrowedFd<'_>,
    storage: &mut Storage<A>,
    flags: c_int,
) -> io::Result<OwnedFd> {
    storage.length = length_of(&storage.address);
    let address = (&raw mut storage.address).cast();
    // SAFETY: accept4(2) writes at most `length` bytes to `address`, which has that room and, being
    // `Plain`, takes any bits; and it writes to `length` itself.
    let fd = unsafe { call(listener.as_raw_fd(), address, &mut storage.length, flags) };
    // SAFETY: unless it is -1, `fd` is a new fd that nothing else owns.
    unsafe { ret_owned_fd(fd) }
}

/// Whether the system or a sandbox refuses accept4(2) as such, with whatever error. A system that
/// has it returns EBADF for an fd that is not open.
#[cold]
pub(crate) fn is_refused(call: Accept4) -> bool {
    // SAFETY: accept4(2) writes no address through null pointers. It fails, for no fd is negative.
    let fd = unsafe { call(-1, ptr::null_mut(), ptr::null_mut(), 0) };
    let error = io::Error::last_os_error();
    fd == -1 && error.raw_os_error() != Some(libc::EBADF)
}

/// accept(2).
pub(crate) fn accept<A: Plain>(
    listener: BorrowedFd<'_>,
    storage: &mut Storage<A>,
) -> io::Result<OwnedFd> {
    storage.length = length_of(&storage.address);
    let address = (&raw mut storage.address).cast();
    // SAFETY: accept(2) writes at most `length` bytes to `address`, which has that room and, being
    // `Plain`, takes any bits; and it writes to `length` itself.
    let fd = unsafe { libc::accept(listener.as_raw_fd(), address, &mut storage.length) };
    // SAFETY: unless it is -1, `fd` is a new fd that nothing else owns.
    unsafe { ret_owned_fd(fd) }
}

/// Sets `FD_CLOEXEC`.
#[inline]
pub(crate) fn set_close_on_exec(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: fcntl(2) with F_SETFD takes an int, the flags, and touches no memory.
    ret(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })
}

/// Sets `O_NONBLOCK`.
#[inline]
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: fcntl(2) with F_GETFL ignores its argument and touches no memory. Hermit's function
    // has a fixed number of arguments.
    let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL, 0) };
    ret(flags)?;
    // SAFETY: fcntl(2) with F_SETFL takes an int, the flags, and touches no memory.
    ret(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK) })
}

/// setsockopt(2) of an option that is an int.
#[inline]
pub(crate) fn set_option(
    socket: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    value: c_int,
) -> io::Result<()> {
    let pointer = (&raw const value).cast();
    let length = mem::size_of::<c_int>() as libc::socklen_t;
    // SAFETY: setsockopt(2) reads `length` bytes at `pointer`, the size of `value`.
    ret(unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, pointer, length) })
}

/// getsockopt(2) of an option that is an int.
#[inline]
pub(crate) fn option(socket: BorrowedFd<'_>, level: c_int, name: c_int) -> io::Result<c_int> {
    let mut value: c_int = 0;
    let pointer = (&raw mut value).cast();
    let mut length = mem::size_of::<c_int>() as libc::socklen_t;
    // SAFETY: getsockopt(2) writes at most `length` bytes to `pointer`, the size of `value`, and to
    // `length` itself.
    ret(unsafe { libc::getsockopt(socket.as_raw_fd(), level, name, pointer, &mut length) })?;
    Ok(value)
}
