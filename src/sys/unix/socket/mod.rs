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
use std::sync::atomic::{AtomicBool, Ordering};

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

/// Takes one connection: accept4(2), or accept(2) and fcntl(2) where that is missing or forbidden,
/// with whatever error.
pub(crate) fn accept<A: Plain>(
    listener: BorrowedFd<'_>,
    storage: &mut Storage<A>,
) -> io::Result<OwnedFd> {
    /// Set once accept4(2) was refused, which is for good.
    static REFUSED: AtomicBool = AtomicBool::new(false);

    if let Some(accept4) = SOCKETS.accept4.filter(|_| !REFUSED.load(Ordering::Relaxed)) {
        match syscall::accept4(accept4, listener, storage, SOCKETS.at_once) {
            Err(error) if may_be_refusal(&error) && syscall::is_refused(accept4) => {
                REFUSED.store(true, Ordering::Relaxed);
            }
            result => return result,
        }
    }
    accept_and_set(listener, storage)
}

/// Whether an error of accept4(2) may be a sandbox's or an old kernel's, and not one of the
/// listener: those that are common.
fn may_be_refusal(error: &io::Error) -> bool {
    let common = [libc::EAGAIN, libc::EINTR, libc::ECONNABORTED];
    error
        .raw_os_error()
        .is_none_or(|code| !common.contains(&code))
}

/// See [`accept`]. Some systems pass the listener's flags on, others do not: the platform module
/// says which are set.
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
    fn plain_accept_sets_both_flags() {
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
    fn each_set_of_flags_is_what_it_says() {
        for (later, closes, is_nonblocking) in [
            (Later::Nothing, false, false),
            (Later::CloseOnExec, true, false),
            (Later::Nonblock, false, true),
            (Later::Both, true, true),
        ] {
            let socket = syscall::socket(libc::AF_INET, libc::SOCK_STREAM).unwrap();
            set_flags(socket.as_fd(), later).unwrap();
            assert_eq!(flags(&socket), (closes, is_nonblocking), "{later:?}");
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
