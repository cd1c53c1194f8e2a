//! The system has no abstract names.

use std::os::unix::net::SocketAddr;

/// No address is abstract.
pub(crate) fn of(_: &SocketAddr) -> Option<&[u8]> {
    None
}

/// No name is an address.
pub(crate) fn address(_: &[u8]) -> Option<SocketAddr> {
    None
}
