//! Unix domain sockets.

use std::ffi::OsStr;
use std::io::{self, IoSlice};
use std::mem::offset_of;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

use crate::sys::errors;
use crate::sys::platform::SOCKETS;
use crate::sys::unix::socket::{self, ignore_in_progress, stream};
use crate::sys::unix::syscalls::socket::{self as syscall, Address, Storage};

/// Connects a stream. A full backlog is EAGAIN, not a connection in progress: see [connect(2)].
///
/// [connect(2)]: https://man7.org/linux/man-pages/man2/connect.2.html
#[inline]
pub(crate) fn connect(address: &SocketAddr) -> io::Result<UnixStream> {
    let address = to_unix(address)?;
    let socket = socket::new(libc::AF_UNIX, libc::SOCK_STREAM)?;
    ignore_in_progress(syscall::connect(socket.as_fd(), address.address()))?;
    Ok(socket.into())
}

/// Makes two connected streams.
#[inline]
pub(crate) fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (left, right) = socketpair(libc::SOCK_STREAM)?;
    Ok((left.into(), right.into()))
}

/// Makes a listener.
#[inline]
pub(crate) fn bind(address: &SocketAddr) -> io::Result<UnixListener> {
    let socket = bound(address, libc::SOCK_STREAM)?;
    syscall::listen(socket.as_fd(), SOCKETS.unix_backlog)?;
    Ok(socket.into())
}

/// Accepts one connection, and returns it with the address of its peer.
#[inline]
pub(crate) fn accept(listener: &UnixListener) -> io::Result<(UnixStream, SocketAddr)> {
    let mut storage = syscall::Storage::new();
    let stream: UnixStream = socket::accept(listener.as_fd(), &mut storage)?.into();
    let peer = match from_unix(&storage) {
        Some(peer) => peer,
        None => stream.peer_addr()?,
    };
    Ok((stream, peer))
}

/// Makes a bound datagram socket.
#[inline]
pub(crate) fn bind_datagram(address: &SocketAddr) -> io::Result<UnixDatagram> {
    Ok(bound(address, libc::SOCK_DGRAM)?.into())
}

/// Makes a datagram socket without a name.
#[inline]
pub(crate) fn unbound_datagram() -> io::Result<UnixDatagram> {
    Ok(socket::new(libc::AF_UNIX, libc::SOCK_DGRAM)?.into())
}

/// Makes two connected datagram sockets.
#[inline]
pub(crate) fn datagram_pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
    let (left, right) = socketpair(libc::SOCK_DGRAM)?;
    Ok((left.into(), right.into()))
}

/// Writes without SIGPIPE.
#[inline]
pub(crate) fn write(stream: &UnixStream, buffer: &[u8]) -> io::Result<usize> {
    stream::write(stream, buffer)
}

/// Writes several buffers without SIGPIPE.
#[inline]
pub(crate) fn write_vectored(stream: &UnixStream, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    stream::write_vectored(stream, buffers)
}

/// Makes a bound socket.
#[inline]
fn bound(address: &SocketAddr, kind: libc::c_int) -> io::Result<OwnedFd> {
    let address = to_unix(address)?;
    let socket = socket::new(libc::AF_UNIX, kind)?;
    syscall::bind(socket.as_fd(), address.address())?;
    Ok(socket)
}

/// Makes two connected sockets.
#[inline]
fn socketpair(kind: libc::c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let (left, right) = syscall::socketpair(kind | SOCKETS.creation_flags)?;
    socket::finish_creation(left.as_fd())?;
    socket::finish_creation(right.as_fd())?;
    Ok((left, right))
}

/// The offset of the name. The length of an address counts from the start of the structure.
const PATH: usize = offset_of!(libc::sockaddr_un, sun_path);

/// An address for the kernel.
pub(crate) struct Unix {
    pub(crate) raw: libc::sockaddr_un,
    /// How many bytes count, from the start of the structure.
    pub(crate) length: usize,
}

impl Unix {
    /// The bytes that count.
    #[inline]
    pub(crate) fn address(&self) -> Address<'_> {
        Address::new(&self.raw, self.length)
    }
}

/// Converts an address for the kernel, as [unix(7)] describes.
///
/// A pathname ends in NUL where there is room for it, and the NUL counts. An abstract name begins
/// with NUL, ends with its last byte and may contain any. The unnamed address is only a family.
///
/// [unix(7)]: https://man7.org/linux/man-pages/man7/unix.7.html
#[inline]
pub(crate) fn to_unix(address: &SocketAddr) -> io::Result<Unix> {
    if let Some(path) = address.as_pathname() {
        let bytes = path.as_os_str().as_bytes();
        if !bytes.is_empty() {
            return unix(bytes, 0, 1);
        }
    }
    match SOCKETS
        .abstract_names
        .and_then(|names| (names.name_of)(address))
    {
        Some(name) => unix(name, 1, 0),
        None => unix(&[], 0, 0),
    }
}

/// The address of `name` behind `before` NULs, with `after` NULs behind it as far as there is room.
#[inline]
fn unix(name: &[u8], before: usize, after: usize) -> io::Result<Unix> {
    let mut raw = syscall::zeroed::<libc::sockaddr_un>();
    raw.sun_family = libc::AF_UNIX as libc::sa_family_t;
    let room = raw.sun_path.len();
    let end = before + name.len();
    let Some(field) = raw.sun_path.get_mut(before..end) else {
        return Err(errors::invalid("the socket's name is too long"));
    };
    for (to, from) in field.iter_mut().zip(name) {
        *to = *from as _;
    }
    let length = PATH + (end + after).min(room);
    Ok(Unix { raw, length })
}

/// Converts an address of the kernel. `None`: std can only get this address from the kernel itself.
#[inline]
pub(crate) fn from_unix(storage: &Storage<libc::sockaddr_un>) -> Option<SocketAddr> {
    let mut name = [0; size_of::<libc::sockaddr_un>() - PATH];
    for (to, from) in name.iter_mut().zip(&storage.address().sun_path) {
        *to = *from as u8;
    }
    // The kernel counts a NUL that had no room, and returns the length 0 for "no address".
    let length = (storage.length() as usize).saturating_sub(PATH);
    let name = name.get(..length).unwrap_or(name.as_slice());
    match name {
        [] => unnamed(),
        // Systems without abstract names fill unnamed addresses with zeros.
        [0, name @ ..] => abstract_address(name).or_else(unnamed),
        name => {
            let path = name.split(|byte| *byte == 0).next()?;
            SocketAddr::from_pathname(OsStr::from_bytes(path)).ok()
        }
    }
}

/// The address of this abstract name; `None` if the system has none.
#[inline]
fn abstract_address(name: &[u8]) -> Option<SocketAddr> {
    let names = SOCKETS.abstract_names?;
    (names.address_of)(name)
}

/// The address of a socket that was not bound.
#[inline]
pub(crate) fn unnamed() -> Option<SocketAddr> {
    SocketAddr::from_pathname("").ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::c_int;

    /// The name's bytes, and how many of the bytes behind the family count.
    fn parts(address: &SocketAddr) -> (Vec<u8>, usize) {
        let Unix { raw, length } = to_unix(address).unwrap();
        assert_eq!(c_int::from(raw.sun_family), libc::AF_UNIX);
        let length = length - PATH;
        let bytes = raw.sun_path.iter().map(|byte| *byte as u8).collect();
        (bytes, length)
    }

    /// Converts an address for the kernel and back.
    fn round_trip(address: &SocketAddr) -> Option<SocketAddr> {
        let Unix { raw, length } = to_unix(address).unwrap();
        from_unix(&storage(raw, length))
    }

    fn storage(raw: libc::sockaddr_un, length: usize) -> Storage<libc::sockaddr_un> {
        let mut storage = Storage::new();
        storage.set(raw, length as libc::socklen_t);
        storage
    }

    #[test]
    fn pathname_counts_its_nul() {
        let address = SocketAddr::from_pathname("/tmp/socket").unwrap();
        let (bytes, length) = parts(&address);
        assert_eq!(&bytes[..length], b"/tmp/socket\0");
        assert_eq!(
            round_trip(&address).unwrap().as_pathname(),
            address.as_pathname()
        );
    }

    #[test]
    fn longest_pathname_of_std_is_kept() {
        let path = "x".repeat(size_of::<libc::sockaddr_un>() - PATH - 1);
        let address = SocketAddr::from_pathname(&path).unwrap();
        let (bytes, length) = parts(&address);
        assert_eq!(length, path.len() + 1);
        assert_eq!(&bytes[..path.len()], path.as_bytes());
        assert_eq!(
            round_trip(&address).unwrap().as_pathname(),
            address.as_pathname()
        );
    }

    /// A pathname that fills the field has no NUL, and one byte more is an error.
    #[test]
    fn name_that_fills_the_field_has_no_nul() {
        let room = size_of::<libc::sockaddr_un>() - PATH;
        let Unix { raw, length } = unix(&vec![b'x'; room], 0, 1).unwrap();
        assert_eq!(length, size_of::<libc::sockaddr_un>());
        // The kernel counts the NUL that has no room.
        assert!(from_unix(&storage(raw, length + 1)).is_none());
        for (length, before) in [(room + 1, 0), (room, 1)] {
            let error = unix(&vec![b'x'; length], before, 0).err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }

    /// No length that the kernel returns underflows.
    #[test]
    fn unnamed_address_is_kept() {
        let address = unnamed().unwrap();
        assert_eq!(parts(&address).1, 0);
        assert!(round_trip(&address).unwrap().is_unnamed());
        for length in 0..=PATH {
            let empty = storage(syscall::zeroed::<libc::sockaddr_un>(), length);
            assert!(from_unix(&empty).unwrap().is_unnamed());
        }
    }

    #[test]
    fn pathname_is_read_with_and_without_its_nul() {
        for after in [0, 1] {
            let Unix { raw, length } = unix(b"/a", 0, after).unwrap();
            let address = from_unix(&storage(raw, length)).unwrap();
            assert_eq!(address.as_pathname().unwrap().to_str(), Some("/a"));
        }
    }

    /// Abstract names keep every byte, NULs included, and gain none.
    #[test]
    fn abstract_names_keep_every_byte() {
        for name in [&b"name"[..], b"\0mio\0", b""] {
            let Some(address) = abstract_address(name) else {
                return;
            };
            let (bytes, length) = parts(&address);
            assert_eq!(length, name.len() + 1);
            assert_eq!(bytes[0], 0);
            assert_eq!(&bytes[1..length], name);
            let names = SOCKETS.abstract_names.unwrap();
            assert_eq!((names.name_of)(&round_trip(&address).unwrap()), Some(name));
        }
    }
}
