//! Terminals, which users of serial ports register by file descriptor. A pseudo-terminal stands for
//! one.
#![cfg(all(
    any(
        target_os = "linux",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_vendor = "apple",
    ),
    feature = "os-poll",
    feature = "os-ext"
))]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;

use mio::unix::SourceFd;
use mio::{Interest, Token};
use support::terminal::terminal;
use support::{drain, new_poll, not_run, retry, wait_for, would_block};

const PORT: Token = Token(1);

/// A terminal reports data, and its end after the other side was closed.
#[test]
fn terminal_reports_data_and_end() {
    let (mut poll, mut events) = new_poll();
    let (mut controller, mut port) = terminal();
    let fd = port.as_raw_fd();
    let both = Interest::READABLE | Interest::WRITABLE;
    match poll.registry().register(&mut SourceFd(&fd), PORT, both) {
        // On some releases of macOS kqueue refuses terminals:
        // <https://github.com/tokio-rs/mio/issues/1377>.
        Err(error) if cfg!(target_vendor = "apple") && error.kind() == ErrorKind::Unsupported => {
            not_run(error);
            return;
        }
        result => result.unwrap(),
    }
    wait_for(&mut poll, &mut events, PORT, |event| event.is_writable());
    assert_eq!(port.write(b"out").unwrap(), 3);
    let mut all = Vec::new();
    while all.len() < 3 {
        all.extend(retry(|| {
            let mut buffer = [0; 8];
            let count = (&controller).read(&mut buffer)?;
            Ok(buffer[..count].to_vec())
        }));
    }
    assert_eq!(all, b"out");
    for _ in 0..3 {
        would_block(port.read(&mut [0; 8]));
        assert_eq!(controller.write(b"in").unwrap(), 2);
        wait_for(&mut poll, &mut events, PORT, |event| event.is_readable());
        let mut got = drain(&port);
        while got.len() < 2 {
            got.extend(drain(&port));
        }
        assert_eq!(got, b"in");
    }

    drop(controller);
    wait_for(&mut poll, &mut events, PORT, |event| {
        event.is_read_closed() || event.is_readable()
    });
    // Linux returns EIO, the BSDs the end of file.
    match port.read(&mut [0; 8]) {
        Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EIO)),
        Ok(count) => assert_eq!(count, 0),
    }
    poll.registry().deregister(&mut SourceFd(&fd)).unwrap();
}
