//! Converts internet addresses between std and the kernel, field by field: std does not specify a
//! layout.

use std::ffi::c_int;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::sys::errors;
use crate::sys::unix::syscalls::socket::{self as syscall, Address, Storage};

/// The domain of a socket for this address.
pub(super) fn domain(address: SocketAddr) -> c_int {
    match address {
        SocketAddr::V4(_) => libc::AF_INET,
        SocketAddr::V6(_) => libc::AF_INET6,
    }
}

/// An internet address for the kernel.
pub(super) enum Internet {
    V4(libc::sockaddr_in),
    V6(libc::sockaddr_in6),
}

impl Internet {
    /// The whole structure.
    pub(super) fn address(&self) -> Address<'_> {
        match self {
            Internet::V4(raw) => Address::new(raw, size_of_val(raw)),
            Internet::V6(raw) => Address::new(raw, size_of_val(raw)),
        }
    }
}

/// Converts an address for the kernel.
pub(super) fn to_internet(address: SocketAddr) -> Internet {
    match address {
        SocketAddr::V4(address) => {
            let mut raw = syscall::zeroed::<libc::sockaddr_in>();
            raw.sin_family = libc::AF_INET as libc::sa_family_t;
            raw.sin_port = address.port().to_be();
            // In network order in both.
            raw.sin_addr.s_addr = u32::from_ne_bytes(address.ip().octets());
            Internet::V4(raw)
        }
        SocketAddr::V6(address) => {
            let mut raw = syscall::zeroed::<libc::sockaddr_in6>();
            raw.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            raw.sin6_port = address.port().to_be();
            raw.sin6_addr.s6_addr = address.ip().octets();
            // std has it in the kernel's byte order.
            raw.sin6_flowinfo = address.flowinfo();
            raw.sin6_scope_id = address.scope_id();
            Internet::V6(raw)
        }
    }
}

/// Converts an address of the kernel. An address of another family is `InvalidInput`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internet_addresses_keep_their_fields() {
        let v4: SocketAddr = "1.2.3.4:5678".parse().unwrap();
        let Internet::V4(raw) = to_internet(v4) else {
            panic!("not an IPv4 address");
        };
        assert_eq!(raw.sin_port.to_ne_bytes(), 5678u16.to_be_bytes());
        assert_eq!(raw.sin_addr.s_addr.to_ne_bytes(), [1, 2, 3, 4]);

        let ip: Ipv6Addr = "1:2:3:4:5:6:7:8".parse().unwrap();
        let Internet::V6(raw) = to_internet(SocketAddrV6::new(ip, 9, 10, 11).into()) else {
            panic!("not an IPv6 address");
        };
        assert_eq!(raw.sin6_port.to_ne_bytes(), [0, 9]);
        assert_eq!(raw.sin6_addr.s6_addr, ip.octets());
        assert_eq!((raw.sin6_flowinfo, raw.sin6_scope_id), (10, 11));
    }

    #[test]
    fn address_of_another_family_is_invalid_input() {
        let error = from_internet(&Storage::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
