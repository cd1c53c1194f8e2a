//! Internet addresses for the system, field by field: std does not promise a layout.

use std::net::SocketAddr;

use crate::sys::ffi;

/// The family of sockets for this address.
pub(crate) fn family(address: SocketAddr) -> i32 {
    match address {
        SocketAddr::V4(_) => ffi::AF_INET,
        SocketAddr::V6(_) => ffi::AF_INET6,
    }
}

/// An internet address for the system.
pub(crate) enum Internet {
    V4(ffi::SOCKADDR_IN),
    V6(ffi::SOCKADDR_IN6),
}

/// For the system.
pub(crate) fn to_internet(address: SocketAddr) -> Internet {
    match address {
        SocketAddr::V4(address) => Internet::V4(ffi::SOCKADDR_IN {
            sin_family: ffi::AF_INET as ffi::ADDRESS_FAMILY,
            sin_port: address.port().to_be(),
            sin_addr: ffi::IN_ADDR {
                // In network order in both.
                S_un: ffi::IN_ADDR_0 {
                    S_addr: u32::from_ne_bytes(address.ip().octets()),
                },
            },
            sin_zero: [0; 8],
        }),
        SocketAddr::V6(address) => Internet::V6(ffi::SOCKADDR_IN6 {
            sin6_family: ffi::AF_INET6 as ffi::ADDRESS_FAMILY,
            sin6_port: address.port().to_be(),
            // std keeps it as the system has it.
            sin6_flowinfo: address.flowinfo(),
            sin6_addr: ffi::IN6_ADDR {
                u: ffi::IN6_ADDR_0 {
                    Byte: address.ip().octets(),
                },
            },
            Anonymous: ffi::SOCKADDR_IN6_LH_0 {
                sin6_scope_id: address.scope_id(),
            },
        }),
    }
}
