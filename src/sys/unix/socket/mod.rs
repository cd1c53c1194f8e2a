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
    match SOCKETS.no_sigpipe {
        Some(option) => syscall::set_option(socket, libc::SOL_SOCKET, option, 1),
        None => Ok(()),
    }
}

fn set_flags(socket: BorrowedFd<'_>, later: Later) -> io::Result<()> {
    if matches!(later, Later::Both | Later::CloseOnExec) {
        syscall::set_close_on_exec(socket)?;
    }
    if matches!(later, Later::Both | Later::Nonblock) {
        syscall::set_nonblocking(socket)?;
    }
    Ok(())
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
            result => return result,
        }
    }
    accept_and_set(listener, storage)
}

/// See [`accept`]. Some systems pass the listener's flags on, others do not: the platform module says which are set.
fn accept_and_set<A: Plain>(
    listener: BorrowedFd<'_>,
    storage: &mut Storage<A>,
) -> io::Result<OwnedFd> {
    let socket = syscall::accept(listener, storage)?;
    set_flags(socket.as_fd(), SOCKETS.after_accept)?;
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

    /// The flags of open(2) and `O_CLOEXEC`: proc_pid_fdinfo(5).
    #[cfg(unix)]
    fn open_flags(socket: &OwnedFd) -> c_int {
        let info = format!("/proc/self/fdinfo/{}", socket.as_raw_fd());
        let info = std::fs::read_to_string(info).unwrap();
        info.lines()
            .find_map(|line| line.strip_prefix("flags:"))
            .map(|octal| c_int::from_str_radix(octal.trim(), 8).unwrap())
            .unwrap()
    }

    /// the path without accept4(2) sets both flags.
    #[cfg(unix)]
    #[test]
    fn plain_accept_sets_both_flags() {
        let listener = tcp::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut storage = syscall::Storage::new();
        let accepted = accept_and_set(listener.as_fd(), &mut storage).unwrap();
        let flags = open_flags(&accepted);
        assert_eq!(flags & libc::O_NONBLOCK, libc::O_NONBLOCK);
        assert_eq!(flags & libc::O_CLOEXEC, libc::O_CLOEXEC);
        let peer = address::from_internet(&storage).unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn each_set_of_flags_is_what_it_says() {
        for (later, closes, blocks) in [
            (Later::Nothing, false, true),
            (Later::CloseOnExec, true, true),
            (Later::Nonblock, false, false),
            (Later::Both, true, false),
        ] {
            let socket = syscall::socket(libc::AF_INET, libc::SOCK_STREAM).unwrap();
            set_flags(socket.as_fd(), later).unwrap();
            let flags = open_flags(&socket);
            assert_eq!(flags & libc::O_CLOEXEC != 0, closes, "{later:?}");
            assert_eq!(flags & libc::O_NONBLOCK == 0, blocks, "{later:?}");
        }
    }

    #[test]
    fn an_interrupted_connect_goes_on() {
        let error = |code| Err(io::Error::from_raw_os_error(code));
        assert!(begun(error(libc::EINTR)).is_ok());
        assert!(begun(error(libc::EINPROGRESS)).is_ok());
        assert!(begun(error(libc::ECONNREFUSED)).is_err());
    }
}
