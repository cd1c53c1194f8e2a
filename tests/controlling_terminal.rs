//! `/dev/tty`, which stands for the terminal that controls the process. kqueue(2) of macOS refuses
//! it: <https://github.com/tokio-rs/mio/issues/1377>.
//!
//! Each test runs itself in a new session, whose controlling terminal is a pseudo-terminal.
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
#![allow(unsafe_code)]

mod support;

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use mio::unix::SourceFd;
use mio::unix::pipe::{self, Receiver};
use mio::{Interest, Token};
use support::terminal::terminal;
use support::{
    KQUEUE, assert_no_event, drain, fds, new_poll, poll_events, retry, wait_for, would_block,
};

const TTY: Token = Token(1);
const OTHER: Token = Token(2);

/// Runs test `name` in a session of its own, where this function returns both sides of the
/// pseudo-terminal that controls it. In the process of the test it returns `None`.
fn session(name: &str) -> Option<(File, File)> {
    if env::var_os("MIO_TEST_SESSION").is_some() {
        let (controller, port) = terminal();
        // SAFETY: ioctl(2) with TIOCSCTTY takes an integer and touches no memory.
        let result = unsafe { libc::ioctl(port.as_raw_fd(), libc::TIOCSCTTY as _, 0) };
        assert_eq!(result, 0, "{}", io::Error::last_os_error());
        // Closing the other side hangs up the session.
        // SAFETY: no handler is installed.
        unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) };
        return Some((controller, port));
    }
    if !support::can_start_itself() {
        support::not_run("the program is emulated, and the kernel cannot start it");
        return None;
    }
    let mut command = this_test(name);
    command.env("MIO_TEST_SESSION", "1").stdin(Stdio::null());
    run_in_new_session(command);
    None
}

/// A command that runs test `name` of this program.
fn this_test(name: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    command
}

fn run_in_new_session(mut command: Command) {
    let new_session = || {
        // SAFETY: setsid(2) takes nothing and touches no memory.
        match unsafe { libc::setsid() } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    };
    // SAFETY: setsid(2) is async-signal-safe, and the error is made without allocating.
    unsafe { command.pre_exec(new_session) };
    // Its results do not count again.
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&text)
    );
}

/// `/dev/tty`, non-blocking.
fn dev_tty() -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options.open("/dev/tty").unwrap()
}

/// Reads from the terminal until `expected` has come.
fn assert_reads(tty: &File, expected: &[u8]) {
    let mut got = Vec::new();
    while got.len() < expected.len() {
        got.extend(drain(tty));
    }
    assert_eq!(got, expected);
}

/// Each input is an event with the token of the registration, and the caller reads it from its own
/// fd. `reregister` and `deregister` take effect, and leave no fd open.
#[test]
fn dev_tty_reports_each_input() {
    let Some((mut controller, _port)) = session("dev_tty_reports_each_input") else {
        return;
    };
    let (mut poll, mut events) = new_poll();
    let tty = dev_tty();
    let fd = tty.as_raw_fd();
    let open = fds::open();
    for _ in 0..2 {
        let registry = poll.registry();
        registry
            .register(&mut SourceFd(&fd), TTY, Interest::READABLE)
            .unwrap();
        let new = fds::open().into_iter().filter(|fd| !open.contains(fd));
        let mut new = new.into_iter();
        assert!(new.all(|fd| fds::is_close_on_exec(fd) && fds::is_nonblocking(fd)));
        for _ in 0..3 {
            would_block((&tty).read(&mut [0; 8]));
            assert_no_event(&mut poll, &mut events, TTY);
            assert_eq!(controller.write(b"in").unwrap(), 2);
            wait_for(&mut poll, &mut events, TTY, |event| event.is_readable());
            assert!(
                events
                    .iter()
                    .all(|event| event.token() == TTY && !event.is_writable())
            );
            if KQUEUE {
                let shown = format!("{events:#?}");
                assert!(shown.contains(&format!("ident: {fd},")), "{shown}");
            }
            assert_reads(&tty, b"in");
        }

        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry()
            .reregister(&mut SourceFd(&fd), OTHER, both)
            .unwrap();
        wait_for(&mut poll, &mut events, OTHER, |event| event.is_writable());
        assert_eq!(controller.write(b"in").unwrap(), 2);
        wait_for(&mut poll, &mut events, OTHER, |event| event.is_readable());
        assert!(events.iter().all(|event| event.token() == OTHER));
        assert_reads(&tty, b"in");

        poll.registry().deregister(&mut SourceFd(&fd)).unwrap();
        assert_eq!(controller.write(b"in").unwrap(), 2);
        poll_events(&mut poll, &mut events, support::SHORT);
        assert!(events.is_empty(), "{events:?}");
        assert_reads(&tty, b"in");
        assert_eq!(fds::open(), open);
    }
}

/// A second interest that is registered by `reregister` keeps the first one's events; an interest
/// that is left out has no more events.
#[test]
fn dev_tty_reports_the_interest_of_its_last_registration() {
    let name = "dev_tty_reports_the_interest_of_its_last_registration";
    let Some((mut controller, _port)) = session(name) else {
        return;
    };
    let (mut poll, mut events) = new_poll();
    let tty = dev_tty();
    let fd = tty.as_raw_fd();
    let mut source = SourceFd(&fd);
    poll.registry()
        .register(&mut source, TTY, Interest::WRITABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, TTY, |event| event.is_writable());
    assert_eq!(controller.write(b"in").unwrap(), 2);
    poll_events(&mut poll, &mut events, support::SHORT);
    assert!(!events.iter().any(|event| event.is_readable()));
    poll.registry()
        .reregister(&mut source, OTHER, Interest::READABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, OTHER, |event| event.is_readable());
    assert!(!events.iter().any(|event| event.is_writable()));
}

/// A one-shot registration of it is armed again by `reregister`, which acts on the fd that is
/// watched in its place.
#[test]
fn dev_tty_can_be_one_shot() {
    let Some((mut controller, _port)) = session("dev_tty_can_be_one_shot") else {
        return;
    };
    let (mut poll, mut events) = new_poll();
    let tty = dev_tty();
    let fd = tty.as_raw_fd();
    let once = Interest::READABLE | Interest::ONESHOT;
    let registry = poll.registry();
    registry.register(&mut SourceFd(&fd), TTY, once).unwrap();
    for _ in 0..3 {
        assert_eq!(controller.write(b"a").unwrap(), 1);
        wait_for(&mut poll, &mut events, TTY, |event| event.is_readable());
        assert_eq!(controller.write(b"b").unwrap(), 1);
        assert_no_event(&mut poll, &mut events, TTY);
        let registry = poll.registry();
        registry.reregister(&mut SourceFd(&fd), TTY, once).unwrap();
        wait_for(&mut poll, &mut events, TTY, |event| event.is_readable());
        assert_reads(&tty, b"ab");
        let registry = poll.registry();
        registry.reregister(&mut SourceFd(&fd), TTY, once).unwrap();
    }
    poll.registry().deregister(&mut SourceFd(&fd)).unwrap();
}

/// An fd that is closed while it is registered, and its number reused, is not confused with
/// `/dev/tty`: its events are its own.
#[test]
fn fd_reused_after_dev_tty_reports_its_own_events() {
    let Some((mut controller, _port)) = session("fd_reused_after_dev_tty_reports_its_own_events")
    else {
        return;
    };
    for registers_at_once in [true, false] {
        let (mut poll, mut events) = new_poll();
        let fd = dev_tty().into_raw_fd();
        let mut source = SourceFd(&fd);
        poll.registry()
            .register(&mut source, TTY, Interest::READABLE)
            .unwrap();
        let (mut sender, receiver) = pipe::new().unwrap();
        // SAFETY: dup2(2) takes two integers and touches no memory. Nothing owns `fd` now.
        assert_eq!(unsafe { libc::dup2(receiver.as_raw_fd(), fd) }, fd);
        // SAFETY: `fd` is an open file descriptor that nothing else owns.
        let mut reused = Receiver::from(unsafe { OwnedFd::from_raw_fd(fd) });

        if !registers_at_once {
            assert_eq!(controller.write(b"in").unwrap(), 2);
            assert_no_event(&mut poll, &mut events, TTY);
            // Where `poll` has not observed that the fd was closed, it is registered.
            let _ = poll.registry().deregister(&mut source);
        } else if cfg!(any(
            mio_unsupported_force_poll_poll,
            mio_fake_kernel = "solaris"
        )) {
            // These selectors do not see that an fd is closed.
            poll.registry().deregister(&mut source).unwrap();
        }
        poll.registry()
            .register(&mut reused, OTHER, Interest::READABLE)
            .unwrap();
        assert_eq!(controller.write(b"in").unwrap(), 2);
        poll_events(&mut poll, &mut events, support::SHORT);
        assert!(events.is_empty(), "{events:?}");
        assert_eq!(sender.write(b"x").unwrap(), 1);
        wait_for(&mut poll, &mut events, OTHER, |event| event.is_readable());
        assert!(events.iter().all(|event| event.token() == OTHER));
        poll.registry().deregister(&mut reused).unwrap();
        assert_eq!(sender.write(b"x").unwrap(), 1);
        poll_events(&mut poll, &mut events, support::SHORT);
        assert!(events.is_empty(), "{events:?}");
        drain(&dev_tty());
    }
}

/// A source of this crate that is dropped, deregistered, or gives its fd away, leaves neither
/// events nor an open fd.
#[test]
fn owned_dev_tty_ends_with_its_source() {
    let Some((mut controller, _port)) = session("owned_dev_tty_ends_with_its_source") else {
        return;
    };
    let (mut poll, mut events) = new_poll();
    let ends: [fn(&mio::Registry, Receiver) -> Option<OwnedFd>; 3] = [
        |_, receiver| {
            drop(receiver);
            None
        },
        |_, receiver| Some(receiver.into()),
        |registry, mut receiver| {
            registry.deregister(&mut receiver).unwrap();
            Some(receiver.into())
        },
    ];
    let open = fds::open();
    for end in ends {
        let mut receiver = Receiver::from(OwnedFd::from(dev_tty()));
        let registry = poll.registry();
        registry
            .register(&mut receiver, TTY, Interest::READABLE)
            .unwrap();
        assert_eq!(controller.write(b"in").unwrap(), 2);
        wait_for(&mut poll, &mut events, TTY, |event| event.is_readable());
        poll.registry()
            .reregister(&mut receiver, OTHER, Interest::READABLE)
            .unwrap();
        wait_for(&mut poll, &mut events, OTHER, |event| event.is_readable());
        retry(|| receiver.read(&mut [0; 8]));

        let rest = end(poll.registry(), receiver);
        let count = open.len() + usize::from(rest.is_some());
        assert_eq!(fds::open().len(), count);
        assert_eq!(controller.write(b"in").unwrap(), 2);
        poll_events(&mut poll, &mut events, support::SHORT);
        assert!(events.is_empty(), "{events:?}");
        drain(&dev_tty());
        drop(rest);
        assert_eq!(fds::open(), open);
    }
}

/// Dropping a `Poll` closes what it has opened.
#[test]
fn dropped_poll_leaves_no_fd_of_dev_tty() {
    let Some(_sides) = session("dropped_poll_leaves_no_fd_of_dev_tty") else {
        return;
    };
    let tty = dev_tty();
    // The first `Poll` of a process may make what the process keeps.
    drop(new_poll());
    let open = fds::open();
    let (poll, _) = new_poll();
    let fd = tty.as_raw_fd();
    poll.registry()
        .register(&mut SourceFd(&fd), TTY, Interest::READABLE)
        .unwrap();
    drop(poll);
    assert_eq!(fds::open(), open);
}

/// On macOS the `/dev/tty` of a process without a controlling terminal cannot be watched. The error
/// states why.
#[test]
#[cfg(any(
    all(target_os = "macos", not(mio_unsupported_force_poll_poll)),
    mio_fake_kernel = "apple"
))]
fn dev_tty_without_controlling_terminal_is_unsupported() {
    let name = "dev_tty_without_controlling_terminal_is_unsupported";
    if env::var_os("MIO_TEST_NO_TERMINAL").is_some() {
        let (poll, _) = new_poll();
        let error = poll
            .registry()
            .register(&mut SourceFd(&0), TTY, Interest::READABLE)
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        let text = error.to_string();
        assert!(
            text.contains("/dev/tty") && text.contains("by its own name"),
            "{text}"
        );
        return;
    }
    if let Some(_sides) = session(name) {
        let mut command = this_test(name);
        command.env("MIO_TEST_NO_TERMINAL", "1").stdin(dev_tty());
        run_in_new_session(command);
    }
}
