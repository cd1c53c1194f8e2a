//! Abstract names of Unix sockets (unix(7)): they begin with NUL and are in no directory.

use std::os::unix::net::SocketAddr;

use crate::sys::AbstractName;

/// The name without its first NUL, if the address is abstract.
pub(crate) fn of(address: &SocketAddr) -> Option<&[u8]> {
    address.as_abstract_name()
}

/// The address of this name. `None`: too long, or the system has no such names.
pub(crate) fn address(name: &[u8]) -> Option<SocketAddr> {
    <SocketAddr as AbstractName>::from_abstract_name(name).ok()
}
