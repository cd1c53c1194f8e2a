//! Sockets of Unix systems, through the `libc` crate.
//!
//! Every socket made here is non-blocking and close-on-exec. A value owns its fd as soon as the
//! kernel has returned it, so a later step that fails closes it. Other operations are std's.

mod address;
pub(crate) mod stream;
pub(crate) mod tcp;
pub(crate) mod udp;

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sys::platform::SOCKETS;
use crate::sys::unix::caps::FlagsToSet;
use crate::sys::unix::syscalls::socket as syscall;
use syscall::{Plain, Storage};

/// Does nothing: only Windows must be started before a socket is used.
pub(crate) fn ensure_winsock_started() {}

/// Makes a socket, non-blocking and close-on-exec.
pub(crate) fn new(domain: c_int, kind: c_int) -> io::Result<OwnedFd> {
    let socket = syscall::socket(domain, kind | SOCKETS.creation_flags)?;
    finish_creation(socket.as_fd())?;
    Ok(socket)
}

/// Sets the flags and options that a socket of socket(2) or socketpair(2) still needs.
pub(crate) fn finish_creation(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_flags(socket, SOCKETS.flags_to_set)?;
    match SOCKETS.no_sigpipe {
        Some(option) => syscall::set_option(socket, libc::SOL_SOCKET, option, 1),
        None => Ok(()),
    }
}

fn set_flags(socket: BorrowedFd<'_>, flags: FlagsToSet) -> io::Result<()> {
    if matches!(flags, FlagsToSet::Both | FlagsToSet::CloseOnExec) {
        syscall::set_close_on_exec(socket)?;
    }
    if matches!(flags, FlagsToSet::Both | FlagsToSet::Nonblock) {
        syscall::set_nonblocking(socket)?;
    }
    Ok(())
}

/// Accepts one connection: accept4(2), or accept(2) and fcntl(2) where accept4(2) is missing or
/// refused, with whatever error.
pub(crate) fn accept<A: Plain>(
    listener: BorrowedFd<'_>,
    storage: &mut Storage<A>,
) -> io::Result<OwnedFd> {
    /// Set once accept4(2) was refused, for good.
    static IS_REFUSED: AtomicBool = AtomicBool::new(false);

    if let Some(accept4) = SOCKETS
        .accept4
        .filter(|_| !IS_REFUSED.load(Ordering::Relaxed))
    {
        match syscall::accept4(accept4, listener, storage, SOCKETS.creation_flags) {
            Err(error) if may_be_refusal(&error) && syscall::is_refused(accept4) => {
                IS_REFUSED.store(true, Ordering::Relaxed);
            }
            result => return result,
        }
    }
    accept_and_set(listener, storage)
}

/// Whether an error of accept4(2) may mean that a sandbox or an old kernel refuses the call. Common
/// errors of a listener do not.
fn may_be_refusal(error: &io::Error) -> bool {
    let common = [libc::EAGAIN, libc::EINTR, libc::ECONNABORTED];
    error
        .raw_os_error()
        .is_none_or(|code| !common.contains(&code))
}

/// See [`accept`]. On some systems the new socket inherits the listener's flags:
/// `accepted_flags_to_set` has those that are still to be set.
fn accept_and_set<A: Plain>(
    listener: BorrowedFd<'_>,
    storage: &mut Storage<A>,
) -> io::Result<OwnedFd> {
    let socket = syscall::accept(listener, storage)?;
    set_flags(socket.as_fd(), SOCKETS.accepted_flags_to_set)?;
    Ok(socket)
}

/// Takes a connect(2) that is in progress for a success. After EINTR it goes on in the background,
/// [as after EINPROGRESS].
///
/// [as after EINPROGRESS]: https://pubs.opengroup.org/onlinepubs/9699919799/functions/connect.html
pub(crate) fn ignore_in_progress(result: io::Result<()>) -> io::Result<()> {
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
    #[cfg(unix)]
    use std::time::{Duration, Instant};

    /// Whether an fd is close-on-exec, and whether it is non-blocking: fcntl(2) shows both on every
    /// Unix.
    #[cfg(unix)]
    #[allow(unsafe_code)]
    fn flags(socket: &OwnedFd) -> (bool, bool) {
        // SAFETY: fcntl(2) with F_GETFD takes no argument and touches no memory.
        let descriptor = unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_GETFD) };
        // SAFETY: fcntl(2) with F_GETFL takes no argument and touches no memory.
        let status = unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_GETFL) };
        assert!(descriptor != -1 && status != -1);
        (
            descriptor & libc::FD_CLOEXEC != 0,
            status & libc::O_NONBLOCK != 0,
        )
    }

    /// The path without accept4(2) sets both flags.
    #[cfg(unix)]
    #[test]
    fn accept_without_accept4_sets_both_flags() {
        let listener = tcp::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut storage = syscall::Storage::new();
        let end = Instant::now() + Duration::from_secs(30);
        // connect(2) may return before the listener has the connection.
        let accepted = loop {
            match accept_and_set(listener.as_fd(), &mut storage) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                accepted => break accepted.unwrap(),
            }
        };
        assert_eq!(flags(&accepted), (true, true));
        let peer = address::from_internet(&storage).unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn set_flags_sets_those_it_names() {
        for (to_set, closes, is_nonblocking) in [
            (FlagsToSet::Nothing, false, false),
            (FlagsToSet::CloseOnExec, true, false),
            (FlagsToSet::Nonblock, false, true),
            (FlagsToSet::Both, true, true),
        ] {
            let socket = syscall::socket(libc::AF_INET, libc::SOCK_STREAM).unwrap();
            set_flags(socket.as_fd(), to_set).unwrap();
            assert_eq!(flags(&socket), (closes, is_nonblocking), "{to_set:?}");
        }
    }

    #[test]
    fn interrupted_connect_is_no_error() {
        let error = |code| Err(io::Error::from_raw_os_error(code));
        assert!(ignore_in_progress(error(libc::EINTR)).is_ok());
        assert!(ignore_in_progress(error(libc::EINPROGRESS)).is_ok());
        assert!(ignore_in_progress(error(libc::ECONNREFUSED)).is_err());
    }
}
