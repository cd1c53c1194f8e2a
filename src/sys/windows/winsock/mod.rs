//! Winsock's own start: until it has happened in a process, every call on a socket fails with `WSANOTINITIALISED`.

mod syscall;

use std::io;
use std::sync::OnceLock;

/// Starts Winsock, once in a process. Starts are counted, so std's own one still succeeds. It is never ended: sockets may live
/// as long as the process.
pub(crate) fn start() -> io::Result<()> {
    static CODE: OnceLock<i32> = OnceLock::new();
    match *CODE.get_or_init(syscall::startup) {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}
