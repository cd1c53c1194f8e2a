//! Sockets of Windows.
//!
//! Every socket made here is overlapped, which the queue needs, non-blocking, and not inherited by child processes. std's type
//! owns it as soon as the system has returned it: a later step that fails closes it. The other operations of sockets are std's.

mod address;
mod syscall;
pub(crate) mod tcp;
pub(crate) mod udp;

use std::io;
use std::net::SocketAddr;
use std::os::windows::io::OwnedSocket;

use crate::sys::winsock;

/// To be called for every socket that was not made here: Winsock may not have been started. If that fails, so does every
/// operation on the socket, with the error that says so.
pub(crate) fn ensure_winsock_started() {
    let _ = winsock::start();
}

/// A socket for addresses like this one. It still blocks: that is set through std's type.
fn new(address: SocketAddr, kind: i32) -> io::Result<OwnedSocket> {
    winsock::start()?;
    syscall::socket(address::family(address), kind)
}
