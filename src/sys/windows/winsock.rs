//! Starts Winsock. Before `WSAStartup` has succeeded in a process, every call on a socket fails
//! with `WSANOTINITIALISED` ([WSAStartup]).
//!
//! [WSAStartup]: https://learn.microsoft.com/windows/win32/api/winsock/nf-winsock-wsastartup

use std::io;
use std::sync::OnceLock;

use super::platform::syscalls::winsock as syscall;

/// Starts Winsock, once in a process. Winsock counts starts, so std's own one still succeeds. There
/// is no `WSACleanup`: sockets may live as long as the process.
///
/// A failure is not cached, because `WSASYSNOTREADY` may pass.
#[inline]
pub(super) fn ensure_started() -> io::Result<()> {
    static STARTED: OnceLock<()> = OnceLock::new();
    start_once(&STARTED, syscall::startup)
}

fn start_once(started: &OnceLock<()>, startup: impl FnOnce() -> i32) -> io::Result<()> {
    if started.get().is_some() {
        return Ok(());
    }
    match startup() {
        0 => {
            // If two threads have started it, Winsock counts two starts.
            let _ = started.set(());
            Ok(())
        }
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A failed start is retried; after a successful one there is no other.
    #[test]
    fn failed_start_is_retried() {
        let started = OnceLock::new();
        // WSASYSNOTREADY.
        let error = start_once(&started, || 10_091).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(10_091));
        start_once(&started, || 0).unwrap();
        start_once(&started, || 10_091).unwrap();
    }
}
