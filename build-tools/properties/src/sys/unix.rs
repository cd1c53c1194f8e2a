//! Unix: the levels of a source are what poll(2) returns for its file descriptor.

use std::ffi::{CString, c_int};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::Levels;

pub(crate) type RawSource = RawFd;
pub(crate) type OwnedSource = OwnedFd;

pub(crate) const IN: Levels = libc::POLLIN;
pub(crate) const OUT: Levels = libc::POLLOUT;
pub(crate) const ERR: Levels = libc::POLLERR;
pub(crate) const HUP: Levels = libc::POLLHUP;
pub(crate) const RDHUP: Levels = libc::POLLRDHUP;
pub(crate) const PRI: Levels = libc::POLLPRI;

fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

pub(crate) fn raw(source: &impl AsRawFd) -> RawSource {
    source.as_raw_fd()
}

/// The levels of `fd`.
pub(crate) fn levels(fd: RawFd) -> Levels {
    let mut entry = libc::pollfd {
        fd,
        events: IN | OUT | RDHUP | PRI,
        revents: 0,
    };
    // SAFETY: `entry` is one valid `pollfd` for the time of the call, which does not block.
    unsafe { libc::poll(&raw mut entry, 1, 0) };
    entry.revents
}

/// Takes ownership of a file descriptor that a system call has just returned.
fn own(fd: c_int) -> io::Result<OwnedFd> {
    let fd = checked(fd)?;
    // SAFETY: the caller passes the result of a call that creates a file descriptor and has passed
    // it to nothing else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

pub(crate) fn duplicate(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the call has no memory arguments.
    own(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) })
}

pub(crate) fn eventfd() -> io::Result<OwnedFd> {
    // SAFETY: the call has no memory arguments.
    own(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })
}

/// Creates a FIFO.
pub(crate) fn make_fifo(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: `path` is a string that ends with NUL and outlives the call.
    checked(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }).map(drop)
}

/// A pseudoterminal in raw mode, with both ends non-blocking.
pub(crate) fn open_pty() -> io::Result<(OwnedFd, OwnedFd)> {
    let (mut master, mut slave) = (-1, -1);
    let [name, mode, size] = [const { std::ptr::null_mut::<libc::c_void>() }; 3];
    // SAFETY: the first two arguments point to two integers for the time of the call, and null is
    // allowed for the others.
    checked(unsafe {
        libc::openpty(
            &raw mut master,
            &raw mut slave,
            name.cast(),
            mode.cast(),
            size.cast(),
        )
    })?;
    let (master, slave) = (own(master)?, own(slave)?);
    for end in [&master, &slave] {
        set_nonblocking(end.as_raw_fd())?;
    }
    let mut mode = std::mem::MaybeUninit::<libc::termios>::uninit();
    // SAFETY: `mode` has room for a `termios`.
    checked(unsafe { libc::tcgetattr(slave.as_raw_fd(), mode.as_mut_ptr()) })?;
    // SAFETY: tcgetattr(3) has succeeded and so has written `mode`.
    let mut mode = unsafe { mode.assume_init() };
    // SAFETY: `mode` is a valid `termios`.
    unsafe { libc::cfmakeraw(&raw mut mode) };
    // SAFETY: `mode` is a valid `termios`.
    checked(unsafe { libc::tcsetattr(slave.as_raw_fd(), libc::TCSANOW, &raw const mode) })?;
    Ok((master, slave))
}

pub(crate) fn set_nonblocking(fd: RawFd) -> io::Result<()> {
    // SAFETY: the call has no memory arguments.
    let flags = checked(unsafe { libc::fcntl(fd, libc::F_GETFL) })?;
    // SAFETY: the call has no memory arguments.
    checked(unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) }).map(drop)
}

/// Makes the buffers of a socket small, so that it soon would block.
pub(crate) fn shrink_buffers(fd: RawFd) -> io::Result<()> {
    let size: c_int = 8 * 1024;
    for option in [libc::SO_SNDBUF, libc::SO_RCVBUF] {
        // SAFETY: the value is an integer, as both options take it, and its length is given.
        checked(unsafe {
            libc::setsockopt(
                fd,
                libc::SOL_SOCKET,
                option,
                (&raw const size).cast(),
                size_of::<c_int>() as libc::socklen_t,
            )
        })?;
    }
    Ok(())
}

pub(crate) fn read(fd: RawFd, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the pointer and the length are those of `buffer`, which may be written.
    let count = unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

pub(crate) fn write(fd: RawFd, buffer: &[u8]) -> io::Result<usize> {
    // SAFETY: the pointer and the length are those of `buffer`, which may be read.
    let count = unsafe { libc::write(fd, buffer.as_ptr().cast(), buffer.len()) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Sends one byte of urgent data, or receives it.
pub(crate) fn urgent(fd: RawFd, is_write: bool) -> io::Result<usize> {
    let mut byte = *b"!";
    let buffer = byte.as_mut_ptr().cast();
    let count = if is_write {
        // SAFETY: the pointer and the length are those of `byte`, which may be read.
        unsafe { libc::send(fd, buffer, 1, libc::MSG_OOB | libc::MSG_NOSIGNAL) }
    } else {
        // SAFETY: the pointer and the length are those of `byte`, which may be written.
        unsafe { libc::recv(fd, buffer, 1, libc::MSG_OOB) }
    };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

pub(crate) fn shut_down(fd: RawFd, how: c_int) -> io::Result<()> {
    // SAFETY: the call has no memory arguments.
    checked(unsafe { libc::shutdown(fd, how) }).map(drop)
}

/// Ends a `poll` of a thread with EINTR.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupter(libc::pthread_t);

impl Interrupter {
    /// Of the calling thread.
    pub(crate) fn new() -> Interrupter {
        extern "C" fn ignore(_: c_int) {}

        let handler = ignore as extern "C" fn(c_int);
        // SAFETY: all bits zero is a valid `sigaction`.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handler as libc::sighandler_t;
        // SAFETY: `action` has no SA_RESTART, no mask, and a handler that does nothing, which is
        // safe in any thread. The old action is not requested.
        unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()) };
        // SAFETY: the call has no arguments.
        Interrupter(unsafe { libc::pthread_self() })
    }

    /// Sends the signal. The thread must still run.
    pub(crate) fn interrupt(self) {
        // SAFETY: callers send it from threads that the target thread joins, so it runs. The
        // handler of the signal was installed by `new`.
        unsafe { libc::pthread_kill(self.0, libc::SIGUSR1) };
    }
}

/// Runs `child` in a forked process, and waits for its end. Returns what `child` returns; a panic
/// counts as `false`.
pub(crate) fn in_child(child: impl FnOnce() -> bool) -> io::Result<bool> {
    // SAFETY: the child runs `child` alone and exits without unwinding beyond it. The caller runs
    // in a process whose other threads hold no lock that it needs, beside those of the C library.
    let pid = checked(unsafe { libc::fork() })?;
    if pid == 0 {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child));
        // SAFETY: _exit(2) takes an integer and does not return.
        unsafe { libc::_exit(c_int::from(!result.unwrap_or(false))) };
    }
    let mut status = 0;
    // SAFETY: the call writes one integer.
    checked(unsafe { libc::waitpid(pid, &raw mut status, 0) })?;
    Ok(status == 0)
}
