//! Winsock's own start: until it has happened in a process, every call on a socket fails with
//! `WSANOTINITIALISED`.

use std::io;
use std::sync::OnceLock;

use super::platform::syscalls::winsock as syscall;

/// Starts Winsock, once in a process. Starts are counted, so std's own one still succeeds. It is
/// never ended: sockets may live as long as the process.
///
/// A failure is not remembered: `WSASYSNOTREADY` says that the network is not ready *yet*
/// (<https://learn.microsoft.com/windows/win32/api/winsock/nf-winsock-wsastartup>).
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
            // Two threads may both have started it, which counts as two starts.
            let _ = started.set(());
            Ok(())
        }
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A start that fails is made again, one that succeeds is not.
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
