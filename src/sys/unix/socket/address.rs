//! Addresses between std and the kernel, field by field: std does not promise a layout.

use std::ffi::{OsStr, c_int};
use std::io;
use std::mem::offset_of;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net;

use super::syscall::{self, Address, Storage};
use crate::sys::abstract_name;
use crate::sys::errors;

/// Where the name begins. Every length of such an address counts from the start of the structure.
const PATH: usize = offset_of!(libc::sockaddr_un, sun_path);

/// The domain of sockets for this address.
pub(super) fn domain(address: SocketAddr) -> c_int {
    match address {
        SocketAddr::V4(_) => libc::AF_INET,
        SocketAddr::V6(_) => libc::AF_INET6,
    }
}

/// For the kernel.
pub(super) fn to_internet(address: SocketAddr) -> Address {
    match address {
        SocketAddr::V4(address) => {
            let mut raw = syscall::empty_v4();
            raw.sin_family = libc::AF_INET as libc::sa_family_t;
            raw.sin_port = address.port().to_be();
            // In network order in both.
            raw.sin_addr.s_addr = u32::from_ne_bytes(address.ip().octets());
            Address::V4(raw)
        }
        SocketAddr::V6(address) => {
            let mut raw = syscall::empty_v6();
            raw.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            raw.sin6_port = address.port().to_be();
            raw.sin6_addr.s6_addr = address.ip().octets();
            // std keeps it as the kernel has it.
            raw.sin6_flowinfo = address.flowinfo();
            raw.sin6_scope_id = address.scope_id();
            Address::V6(raw)
        }
    }
}

/// From the kernel. Of another family: `InvalidInput`.
pub(super) fn from_internet(storage: &Storage<libc::sockaddr_storage>) -> io::Result<SocketAddr> {
    match c_int::from(storage.address().ss_family) {
        libc::AF_INET => {
            let raw = syscall::as_v4(storage.address());
            let ip = Ipv4Addr::from(raw.sin_addr.s_addr.to_ne_bytes());
            Ok(SocketAddrV4::new(ip, u16::from_be(raw.sin_port)).into())
        }
        libc::AF_INET6 => {
            let raw = syscall::as_v6(storage.address());
            let ip = Ipv6Addr::from(raw.sin6_addr.s6_addr);
            let port = u16::from_be(raw.sin6_port);
            Ok(SocketAddrV6::new(ip, port, raw.sin6_flowinfo, raw.sin6_scope_id).into())
        }
        _ => Err(errors::invalid("the peer has no internet address")),
    }
}

/// For the kernel.
///
/// A pathname ends in NUL where there is room for it, and the NUL counts. An abstract name begins with NUL, ends with its last
/// byte and may contain any. The unnamed address is only a family.
pub(super) fn to_unix(address: &net::SocketAddr) -> io::Result<Address> {
    if let Some(path) = address.as_pathname() {
        let bytes = path.as_os_str().as_bytes();
        if !bytes.is_empty() {
            return unix(bytes, 0, 1);
        }
    }
    match abstract_name::of(address) {
        Some(name) => unix(name, 1, 0),
        None => unix(&[], 0, 0),
    }
}

/// The address of `name` after `before` NULs. `after` more count where there is room for them.
fn unix(name: &[u8], before: usize, after: usize) -> io::Result<Address> {
    let mut raw = syscall::empty_unix();
    raw.sun_family = libc::AF_UNIX as libc::sa_family_t;
    let room = raw.sun_path.len();
    let end = before + name.len();
    let Some(place) = raw.sun_path.get_mut(before..end) else {
        return Err(errors::invalid("the socket's name is too long"));
    };
    for (to, from) in place.iter_mut().zip(name) {
        *to = *from as _;
    }
    let length = PATH + (end + after).min(room);
    Ok(Address::Unix(raw, length as libc::socklen_t))
}

/// From the kernel. `None`: std can only get this address by asking the kernel itself.
pub(super) fn from_unix(storage: &Storage<libc::sockaddr_un>) -> Option<net::SocketAddr> {
    let mut name = [0; size_of::<libc::sockaddr_un>() - PATH];
    for (to, from) in name.iter_mut().zip(&storage.address().sun_path) {
        *to = *from as u8;
    }
    // The kernel counts a NUL that had no room, and says 0 for "no address".
    let length = (storage.length() as usize).saturating_sub(PATH);
    let name = &name[..length.min(name.len())];
    match name {
        [] => unnamed(),
        // Systems without abstract names fill unnamed addresses with zeros.
        [0, name @ ..] => abstract_name::address(name).or_else(unnamed),
        name => {
            let path = name.split(|byte| *byte == 0).next()?;
            net::SocketAddr::from_pathname(OsStr::from_bytes(path)).ok()
        }
    }
}

/// The address of a socket that was not bound.
pub(super) fn unnamed() -> Option<net::SocketAddr> {
    net::SocketAddr::from_pathname("").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name's bytes, and how many of the bytes behind the family count.
    fn parts(address: &net::SocketAddr) -> (Vec<u8>, usize) {
        let Address::Unix(raw, length) = to_unix(address).unwrap() else {
            panic!("not a Unix address");
        };
        assert_eq!(c_int::from(raw.sun_family), libc::AF_UNIX);
        let length = length as usize - PATH;
        let bytes = raw.sun_path.iter().map(|byte| *byte as u8).collect();
        (bytes, length)
    }

    /// The way to the kernel and back.
    fn round(address: &net::SocketAddr) -> Option<net::SocketAddr> {
        let Address::Unix(raw, length) = to_unix(address).unwrap() else {
            panic!("not a Unix address");
        };
        from_unix(&storage(raw, length))
    }

    fn storage(raw: libc::sockaddr_un, length: libc::socklen_t) -> Storage<libc::sockaddr_un> {
        let mut storage = Storage::unix();
        storage.set(raw, length);
        storage
    }

    /// the NUL after a pathname counts.
    #[test]
    fn a_pathname_counts_its_nul() {
        let address = net::SocketAddr::from_pathname("/tmp/socket").unwrap();
        let (bytes, length) = parts(&address);
        assert_eq!(&bytes[..length], b"/tmp/socket\0");
        assert_eq!(
            round(&address).unwrap().as_pathname(),
            address.as_pathname()
        );
    }

    /// the longest pathname that std accepts.
    #[test]
    fn the_longest_pathname() {
        let path = "x".repeat(size_of::<libc::sockaddr_un>() - PATH - 1);
        let address = net::SocketAddr::from_pathname(&path).unwrap();
        let (bytes, length) = parts(&address);
        assert_eq!(length, path.len() + 1);
        assert_eq!(&bytes[..path.len()], path.as_bytes());
        assert_eq!(
            round(&address).unwrap().as_pathname(),
            address.as_pathname()
        );
    }

    /// a pathname that fills the field has no NUL, and one byte more is an error.
    #[test]
    fn a_name_that_fills_the_field() {
        let room = size_of::<libc::sockaddr_un>() - PATH;
        let Address::Unix(raw, length) = unix(&vec![b'x'; room], 0, 1).unwrap() else {
            panic!("not a Unix address");
        };
        assert_eq!(length as usize, size_of::<libc::sockaddr_un>());
        // The kernel counts the NUL that has no room.
        assert!(from_unix(&storage(raw, length + 1)).is_none());
        for (length, before) in [(room + 1, 0), (room, 1)] {
            let error = unix(&vec![b'x'; length], before, 0).err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }

    /// no underflow for the unnamed address, whatever length the kernel says.
    #[test]
    fn the_unnamed_address() {
        let address = unnamed().unwrap();
        assert_eq!(parts(&address).1, 0);
        assert!(round(&address).unwrap().is_unnamed());
        for length in 0..=PATH {
            let empty = storage(syscall::empty_unix(), length as libc::socklen_t);
            assert!(from_unix(&empty).unwrap().is_unnamed());
        }
    }

    /// a pathname may come with or without its NUL.
    #[test]
    fn a_pathname_with_and_without_its_nul() {
        for after in [0, 1] {
            let Address::Unix(raw, length) = unix(b"/a", 0, after).unwrap() else {
                panic!("not a Unix address");
            };
            let address = from_unix(&storage(raw, length)).unwrap();
            assert_eq!(address.as_pathname().unwrap().to_str(), Some("/a"));
        }
    }

    /// abstract names keep every byte, NULs included, and gain none.
    #[test]
    fn abstract_names() {
        for name in [&b"name"[..], b"\0mio\0", b""] {
            let Some(address) = abstract_name::address(name) else {
                return;
            };
            let (bytes, length) = parts(&address);
            assert_eq!(length, name.len() + 1);
            assert_eq!(bytes[0], 0);
            assert_eq!(&bytes[1..length], name);
            assert_eq!(abstract_name::of(&round(&address).unwrap()), Some(name));
        }
    }

    /// every field arrives.
    #[test]
    fn internet_addresses_keep_their_fields() {
        let v4: SocketAddr = "1.2.3.4:5678".parse().unwrap();
        let Address::V4(raw) = to_internet(v4) else {
            panic!("not an IPv4 address");
        };
        assert_eq!(raw.sin_port.to_ne_bytes(), 5678u16.to_be_bytes());
        assert_eq!(raw.sin_addr.s_addr.to_ne_bytes(), [1, 2, 3, 4]);

        let ip: Ipv6Addr = "1:2:3:4:5:6:7:8".parse().unwrap();
        let Address::V6(raw) = to_internet(SocketAddrV6::new(ip, 9, 10, 11).into()) else {
            panic!("not an IPv6 address");
        };
        assert_eq!(raw.sin6_port.to_ne_bytes(), [0, 9]);
        assert_eq!(raw.sin6_addr.s6_addr, ip.octets());
        assert_eq!((raw.sin6_flowinfo, raw.sin6_scope_id), (10, 11));
    }

    #[test]
    fn another_family_is_invalid() {
        let error = from_internet(&Storage::internet()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
