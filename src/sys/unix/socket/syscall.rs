//! The system calls on sockets.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io::{self, IoSlice};
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// An address as the kernel takes it.
pub(super) enum Address {
    V4(libc::sockaddr_in),
    V6(libc::sockaddr_in6),
    /// With the number of bytes that count.
    Unix(libc::sockaddr_un, libc::socklen_t),
}

impl Address {
    /// Points to that many initialised bytes of `self`.
    fn parts(&self) -> (*const libc::sockaddr, libc::socklen_t) {
        match self {
            Address::V4(address) => ((&raw const *address).cast(), length_of(address)),
            Address::V6(address) => ((&raw const *address).cast(), length_of(address)),
            // No caller can make the kernel read beyond the structure.
            Address::Unix(address, length) => (
                (&raw const *address).cast(),
                (*length).min(length_of(address)),
            ),
        }
    }
}

/// Room for an address that the kernel writes.
pub(super) struct Storage<A> {
    address: A,
    /// As the kernel returned it: it may be greater than the room.
    length: libc::socklen_t,
}

impl<A> Storage<A> {
    fn new(address: A) -> Storage<A> {
        let length = length_of(&address);
        Storage { address, length }
    }

    /// What the kernel wrote; the rest is zero.
    pub(super) fn address(&self) -> &A {
        &self.address
    }

    /// As if the kernel had written it.
    #[cfg(test)]
    pub(super) fn set(&mut self, address: A, length: libc::socklen_t) {
        *self = Storage { address, length };
    }

    /// See the field.
    pub(super) fn length(&self) -> libc::socklen_t {
        self.length
    }
}

impl Storage<libc::sockaddr_storage> {
    /// Room for any internet address.
    pub(super) fn internet() -> Storage<libc::sockaddr_storage> {
        // SAFETY: a plain C structure of integers, for which all bits zero are valid.
        Storage::new(unsafe { mem::zeroed() })
    }
}

impl Storage<libc::sockaddr_un> {
    /// Room for the address of a Unix socket.
    pub(super) fn unix() -> Storage<libc::sockaddr_un> {
        Storage::new(empty_unix())
    }
}

/// The size of an address structure.
fn length_of<A>(_: &A) -> libc::socklen_t {
    mem::size_of::<A>() as libc::socklen_t
}

/// All zero, so that fields which only some systems have need no name.
pub(super) fn empty_v4() -> libc::sockaddr_in {
    // SAFETY: a plain C structure of integers, for which all bits zero are valid.
    unsafe { mem::zeroed() }
}

/// The same for IPv6.
pub(super) fn empty_v6() -> libc::sockaddr_in6 {
    // SAFETY: a plain C structure of integers, for which all bits zero are valid.
    unsafe { mem::zeroed() }
}

/// The same for Unix sockets.
pub(super) fn empty_unix() -> libc::sockaddr_un {
    // SAFETY: a plain C structure of integers, for which all bits zero are valid.
    unsafe { mem::zeroed() }
}

/// Whether a `T` can be read at the start of a `sockaddr_storage`.
const fn fits<T>() -> bool {
    mem::size_of::<T>() <= mem::size_of::<libc::sockaddr_storage>()
        && mem::align_of::<T>() <= mem::align_of::<libc::sockaddr_storage>()
}
const _: () = assert!(fits::<libc::sockaddr_in>() && fits::<libc::sockaddr_in6>());

/// The storage's bytes as an IPv4 address.
pub(super) fn as_v4(storage: &libc::sockaddr_storage) -> libc::sockaddr_in {
    let pointer = (&raw const *storage).cast::<libc::sockaddr_in>();
    // SAFETY: `pointer` is aligned and has room for the structure (asserted above); all its bytes are initialised, as a
    // `Storage` begins as zeros; and any bits are valid for its integers.
    unsafe { pointer.read() }
}

/// The storage's bytes as an IPv6 address.
pub(super) fn as_v6(storage: &libc::sockaddr_storage) -> libc::sockaddr_in6 {
    let pointer = (&raw const *storage).cast::<libc::sockaddr_in6>();
    // SAFETY: `pointer` is aligned and has room for the structure (asserted above); all its bytes are initialised, as a
    // `Storage` begins as zeros; and any bits are valid for its integers.
    unsafe { pointer.read() }
}

/// The result of a call that returns -1 and sets `errno` on failure.
fn ret(result: c_int) -> io::Result<()> {
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The same for calls that return a count.
fn ret_count(result: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// socket(2), non-blocking and close-on-exec.
pub(super) fn socket(domain: c_int, kind: c_int) -> io::Result<OwnedFd> {
    let kind = kind | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: socket(2) takes three integers and touches no memory.
    let number = unsafe { libc::socket(domain, kind, 0) };
    ret(number)?;
    // SAFETY: the call succeeded, so `number` is a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// socketpair(2) of Unix sockets, both non-blocking and close-on-exec.
pub(super) fn socketpair(kind: c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let kind = kind | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let mut ends: [c_int; 2] = [-1; 2];
    // SAFETY: socketpair(2) writes two ints, for which `ends` has room.
    ret(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) })?;
    let [left, right] = ends;
    // SAFETY: the call succeeded, so `left` is a new descriptor that nothing else owns.
    let left = unsafe { OwnedFd::from_raw_fd(left) };
    // SAFETY: the call succeeded, so `right` is a new descriptor that nothing else owns.
    let right = unsafe { OwnedFd::from_raw_fd(right) };
    Ok((left, right))
}

/// bind(2).
pub(super) fn bind(socket: BorrowedFd<'_>, address: &Address) -> io::Result<()> {
    let (pointer, length) = address.parts();
    // SAFETY: bind(2) reads `length` bytes at `pointer`, which `parts` promises.
    ret(unsafe { libc::bind(socket.as_raw_fd(), pointer, length) })
}

/// connect(2).
pub(super) fn connect(socket: BorrowedFd<'_>, address: &Address) -> io::Result<()> {
    let (pointer, length) = address.parts();
    // SAFETY: connect(2) reads `length` bytes at `pointer`, which `parts` promises.
    ret(unsafe { libc::connect(socket.as_raw_fd(), pointer, length) })
}

/// listen(2).
pub(super) fn listen(socket: BorrowedFd<'_>, backlog: c_int) -> io::Result<()> {
    // SAFETY: listen(2) takes two integers and touches no memory.
    ret(unsafe { libc::listen(socket.as_raw_fd(), backlog) })
}

/// accept4(2), non-blocking and close-on-exec.
pub(super) fn accept4<A>(
    listener: BorrowedFd<'_>,
    storage: &mut Storage<A>,
) -> io::Result<OwnedFd> {
    storage.length = length_of(&storage.address);
    let address = (&raw mut storage.address).cast();
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: accept4(2) writes at most `length` bytes to `address`, which has that room and, being one of the two structures that
    // a `Storage` is made with, takes any bits; and it writes to `length` itself.
    let number =
        unsafe { libc::accept4(listener.as_raw_fd(), address, &mut storage.length, flags) };
    ret(number)?;
    // SAFETY: the call succeeded, so `number` is a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// accept(2).
pub(super) fn accept<A>(listener: BorrowedFd<'_>, storage: &mut Storage<A>) -> io::Result<OwnedFd> {
    storage.length = length_of(&storage.address);
    let address = (&raw mut storage.address).cast();
    // SAFETY: accept(2) writes at most `length` bytes to `address`, which has that room and, being one of the two structures that
    // a `Storage` is made with, takes any bits; and it writes to `length` itself.
    let number = unsafe { libc::accept(listener.as_raw_fd(), address, &mut storage.length) };
    ret(number)?;
    // SAFETY: the call succeeded, so `number` is a new descriptor that nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Sets `FD_CLOEXEC`.
pub(super) fn set_close_on_exec(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: fcntl(2) with F_SETFD takes an int, the flags, and touches no memory.
    ret(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })
}

/// Sets `O_NONBLOCK`.
pub(super) fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: fcntl(2) with F_GETFL takes no argument and touches no memory.
    let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) };
    ret(flags)?;
    // SAFETY: fcntl(2) with F_SETFL takes an int, the flags, and touches no memory.
    ret(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK) })
}

/// setsockopt(2) of an option that is an int.
pub(super) fn set_option(
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
pub(super) fn option(socket: BorrowedFd<'_>, level: c_int, name: c_int) -> io::Result<c_int> {
    let mut value: c_int = 0;
    let pointer = (&raw mut value).cast();
    let mut length = mem::size_of::<c_int>() as libc::socklen_t;
    // SAFETY: getsockopt(2) writes at most `length` bytes to `pointer`, the size of `value`, and to `length` itself.
    ret(unsafe { libc::getsockopt(socket.as_raw_fd(), level, name, pointer, &mut length) })?;
    Ok(value)
}

/// send(2) without SIGPIPE.
pub(super) fn send(socket: BorrowedFd<'_>, buffer: &[u8]) -> io::Result<usize> {
    let pointer = buffer.as_ptr().cast();
    let flags = libc::MSG_NOSIGNAL;
    // SAFETY: send(2) reads `buffer.len()` bytes of a buffer of that length.
    let count = unsafe { libc::send(socket.as_raw_fd(), pointer, buffer.len(), flags) };
    ret_count(count)
}

/// sendmsg(2) without SIGPIPE, without an address and without control data. Buffers beyond the kernel's limit are left out.
pub(super) fn sendmsg(socket: BorrowedFd<'_>, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    let count = buffers.len().min(libc::UIO_MAXIOV as usize);
    // SAFETY: a plain C structure of integers and raw pointers, for which all bits zero are valid.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    // std promises that an `IoSlice` has the layout of an `iovec`. The kernel does not write to it.
    message.msg_iov = buffers.as_ptr().cast::<libc::iovec>().cast_mut();
    message.msg_iovlen = count as _;
    // SAFETY: sendmsg(2) reads `message`, its `count` vectors, of which there are so many, and the buffers they point to, which
    // are borrowed while the call runs; address and control data have no length.
    let count = unsafe { libc::sendmsg(socket.as_raw_fd(), &message, libc::MSG_NOSIGNAL) };
    ret_count(count)
}
