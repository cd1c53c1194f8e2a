//! Sockets of Unix systems, through the `libc` crate.
//!
//! Every socket made here is non-blocking and close-on-exec from its creation on, and is owned by a value as soon as the kernel
//! has returned its number: a later step that fails closes it. The other operations of sockets are std's.

mod address;
pub(crate) mod facts;
pub(crate) mod syscall;
pub(crate) mod tcp;
pub(crate) mod udp;

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::sys::SOCKETS;
use facts::Later;
use syscall::{Plain, Storage};

/// A socket that was made elsewhere needs nothing.
pub(crate) fn adopt() {}

/// A socket, non-blocking and close-on-exec.
pub(crate) fn new(domain: c_int, kind: c_int) -> io::Result<OwnedFd> {
    let socket = syscall::socket(domain, kind | SOCKETS.at_once)?;
    finish(socket.as_fd(), SOCKETS.later)?;
    Ok(socket)
}

/// Sets what a new socket still needs.
pub(crate) fn finish(socket: BorrowedFd<'_>, later: Later) -> io::Result<()> {
    set_flags(socket, later)?;
    keep_sigpipe_away(socket)
}

/// The same for a socket that was accepted.
fn finish_accepted(socket: BorrowedFd<'_>, later: Later) -> io::Result<()> {
    set_flags(socket, later)?;
    unless_gone(keep_sigpipe_away(socket))
}

fn set_flags(socket: BorrowedFd<'_>, later: Later) -> io::Result<()> {
    if later == Later::Both {
        syscall::set_close_on_exec(socket)?;
    }
    if later != Later::Nothing {
        syscall::set_nonblocking(socket)?;
    }
    Ok(())
}

fn keep_sigpipe_away(socket: BorrowedFd<'_>) -> io::Result<()> {
    match SOCKETS.no_sigpipe {
        Some(option) => syscall::set_option(socket, libc::SOL_SOCKET, option, 1),
        None => Ok(()),
    }
}

/// What setting an option of an accepted socket comes to. Apple's kernel refuses it with EINVAL once the peer is gone. What that one
/// has sent can be read all the same, and the option is the listener's already.
fn unless_gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
        result => result,
    }
}

/// Takes one connection: accept4(2), or accept(2) and fcntl(2) where that is missing or forbidden.
///
/// A sandbox may forbid it with ENOSYS or EPERM. EPERM from a firewall is indistinguishable; then the second call says so, too.
pub(crate) fn accept<A: Plain>(
    listener: BorrowedFd<'_>,
    storage: &mut Storage<A>,
) -> io::Result<OwnedFd> {
    if let Some(accept4) = SOCKETS.accept4 {
        match syscall::accept4(accept4, listener, storage, SOCKETS.at_once) {
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => {}
            Ok(socket) => {
                finish_accepted(socket.as_fd(), Later::Nothing)?;
                return Ok(socket);
            }
            error => return error,
        }
    }
    accept_and_set(listener, storage)
}

/// See [`accept`]. Some systems pass the listener's flags on, others do not: all are set.
fn accept_and_set<A: Plain>(
    listener: BorrowedFd<'_>,
    storage: &mut Storage<A>,
) -> io::Result<OwnedFd> {
    let socket = syscall::accept(listener, storage)?;
    finish_accepted(socket.as_fd(), SOCKETS.after_accept)?;
    Ok(socket)
}

/// Whether connect(2) has at least begun. After EINTR it goes on without us, as after EINPROGRESS.
pub(crate) fn begun(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR)) => {
            Ok(())
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(unix)]
    use std::os::fd::AsRawFd;

    /// the path without accept4(2) sets both flags.
    #[cfg(unix)]
    #[test]
    fn plain_accept_sets_both_flags() {
        let listener = tcp::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut storage = syscall::Storage::new();
        let accepted = accept_and_set(listener.as_fd(), &mut storage).unwrap();
        let info = format!("/proc/self/fdinfo/{}", accepted.as_raw_fd());
        let info = std::fs::read_to_string(info).unwrap();
        let flags = info
            .lines()
            .find_map(|line| line.strip_prefix("flags:"))
            .map(|octal| i32::from_str_radix(octal.trim(), 8).unwrap())
            .unwrap();
        assert_eq!(flags & libc::O_NONBLOCK, libc::O_NONBLOCK);
        assert_eq!(flags & libc::O_CLOEXEC, libc::O_CLOEXEC);
        let peer = address::from_internet(&storage).unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    }

    #[test]
    fn a_connection_that_is_gone_is_accepted() {
        let error = |code| Err(io::Error::from_raw_os_error(code));
        assert!(unless_gone(error(libc::EINVAL)).is_ok());
        assert!(unless_gone(error(libc::ENOBUFS)).is_err());
    }

    #[test]
    fn an_interrupted_connect_goes_on() {
        let error = |code| Err(io::Error::from_raw_os_error(code));
        assert!(begun(error(libc::EINTR)).is_ok());
        assert!(begun(error(libc::EINPROGRESS)).is_ok());
        assert!(begun(error(libc::ECONNREFUSED)).is_err());
    }
}
