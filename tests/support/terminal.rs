//! Pseudo-terminals.

use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;
use std::ptr;

/// Both non-blocking sides of a pseudo-terminal in raw mode.
#[allow(unsafe_code)]
pub(crate) fn terminal() -> (File, File) {
    let (mut controller, mut port) = (-1, -1);
    let none = ptr::null_mut();
    // SAFETY: openpty(3) writes two integers and takes null for each of the rest.
    let result = unsafe {
        libc::openpty(
            &mut controller,
            &mut port,
            none,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
    // SAFETY: a `termios` consists of integers, for which zeros are valid.
    let mut settings: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: tcgetattr(3) writes one `termios`.
    assert_eq!(unsafe { libc::tcgetattr(port, &mut settings) }, 0);
    // SAFETY: cfmakeraw(3) changes one `termios`.
    unsafe { libc::cfmakeraw(&mut settings) };
    // SAFETY: tcsetattr(3) reads one `termios`.
    let result = unsafe { libc::tcsetattr(port, libc::TCSANOW, &settings) };
    assert_eq!(result, 0);
    for fd in [controller, port] {
        // SAFETY: fcntl(2) with F_SETFL takes an integer and touches no memory.
        let result = unsafe { libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK) };
        assert_eq!(result, 0);
    }
    // SAFETY: a new file descriptor that nothing else owns.
    let controller = unsafe { File::from_raw_fd(controller) };
    // SAFETY: as above.
    let port = unsafe { File::from_raw_fd(port) };
    (controller, port)
}
