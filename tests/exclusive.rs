//! `Interest::EXCLUSIVE`: of several selectors that watch one listener, the kernel wakes about one.
#![cfg(all(any(unix, windows), feature = "os-poll", feature = "net"))]

mod support;

use std::io::ErrorKind;

use mio::net::TcpListener;
use mio::{Interest, Token};
use support::{KQUEUE, loopback, new_poll};

const ONE: Token = Token(1);
const EXCLUSIVE: Interest = Interest::READABLE.add(Interest::EXCLUSIVE);

/// Whether the selector is epoll of Linux, the one that has the mode.
const AVAILABLE: bool =
    support::EDGES && !KQUEUE && cfg!(any(target_os = "linux", target_os = "android"));

/// Where the mode does not exist, the error names it and what works instead.
#[test]
fn exclusive_is_unsupported_elsewhere() {
    let (poll, _) = new_poll();
    let mut listener = TcpListener::bind(loopback()).unwrap();
    let result = poll.registry().register(&mut listener, ONE, EXCLUSIVE);
    if AVAILABLE {
        return result.unwrap();
    }
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let text = error.to_string();
    assert!(
        text.contains("EXCLUSIVE") && text.contains("listener"),
        "{text}"
    );
    // Nothing was registered.
    let readable = Interest::READABLE;
    poll.registry()
        .register(&mut listener, ONE, readable)
        .unwrap();
    let error = poll.registry().reregister(&mut listener, ONE, EXCLUSIVE);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod epoll {
    use super::*;
    use std::net::TcpStream as Client;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use mio::{Events, Poll};
    use support::timing::best_of_rounds;
    use support::{assert_no_event, send, streams, wait_for};

    /// The kernel refuses both beside `EPOLLEXCLUSIVE`: `EPOLLEXCLUSIVE_OK_BITS` in
    /// <https://github.com/torvalds/linux/blob/v6.12/fs/eventpoll.c>.
    #[test]
    fn refused_combinations_are_invalid_input() {
        if !AVAILABLE {
            return;
        }
        let (mut poll, mut events) = new_poll();
        let (mut reader, writer) = streams();
        let once = EXCLUSIVE | Interest::ONESHOT;
        let priority = EXCLUSIVE | Interest::PRIORITY;
        for refused in [once, priority, once | priority] {
            let error = poll.registry().register(&mut reader, ONE, refused);
            let error = error.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("EXCLUSIVE"), "{error}");
        }
        poll.registry()
            .register(&mut reader, ONE, EXCLUSIVE)
            .unwrap();
        let error = poll.registry().reregister(&mut reader, ONE, once);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
        // The registration is as before.
        send(&writer, b"x");
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    }

    /// The kernel modifies neither a registration with `EPOLLEXCLUSIVE` nor one to it (EINVAL), so
    /// the selector ends it and begins another.
    #[test]
    fn reregister_changes_from_and_to_exclusive() {
        if !AVAILABLE {
            return;
        }
        let (mut poll, mut events) = new_poll();
        let (mut reader, writer) = streams();
        send(&writer, b"x");
        let readable = Interest::READABLE;
        let level = EXCLUSIVE | Interest::LEVEL;
        let once = readable | Interest::ONESHOT;
        let interests = [
            readable, EXCLUSIVE, EXCLUSIVE, level, once, EXCLUSIVE, readable,
        ];
        poll.registry()
            .register(&mut reader, Token(0), readable)
            .unwrap();
        for (index, interest) in interests.into_iter().enumerate() {
            let token = Token(10 + index);
            poll.registry()
                .reregister(&mut reader, token, interest)
                .unwrap();
            for _ in 0..3 {
                wait_for(&mut poll, &mut events, token, |event| event.is_readable());
                if !interest.is_level() {
                    break;
                }
            }
            if !interest.is_level() {
                assert_no_event(&mut poll, &mut events, token);
            }
        }
        poll.registry().deregister(&mut reader).unwrap();
        let error = poll.registry().reregister(&mut reader, ONE, EXCLUSIVE);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound);
    }

    /// An unowned fd that is not registered: the error is not that of the second step.
    #[test]
    #[cfg(feature = "os-ext")]
    fn reregister_of_an_unregistered_fd_is_not_found() {
        use mio::unix::SourceFd;
        use std::os::fd::AsRawFd;

        if !AVAILABLE {
            return;
        }
        let (poll, _) = new_poll();
        let (reader, _writer) = streams();
        let fd = reader.as_raw_fd();
        let source = &mut SourceFd(&fd);
        let error = poll.registry().reregister(source, ONE, EXCLUSIVE);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound);
        poll.registry().register(source, ONE, EXCLUSIVE).unwrap();
        poll.registry().reregister(source, ONE, EXCLUSIVE).unwrap();
        poll.registry().deregister(source).unwrap();
    }

    const SELECTORS: usize = 8;
    const CONNECTIONS: usize = 40;

    /// How many threads are woken by `CONNECTIONS` connections, if so many selectors watch one
    /// listener.
    fn woken_threads(interest: Interest) -> usize {
        let listener = std::net::TcpListener::bind(loopback()).unwrap();
        let address = listener.local_addr().unwrap();
        let woken = AtomicUsize::new(0);
        let ends = AtomicBool::new(false);
        let start = Barrier::new(SELECTORS + 1);
        thread::scope(|scope| {
            for _ in 0..SELECTORS {
                let duplicate = listener.try_clone().unwrap();
                let (woken, ends, start) = (&woken, &ends, &start);
                scope.spawn(move || {
                    let mut poll = Poll::new().unwrap();
                    let mut events = Events::with_capacity(8);
                    let mut listener = TcpListener::from_std(duplicate);
                    poll.registry()
                        .register(&mut listener, ONE, interest)
                        .unwrap();
                    start.wait();
                    while !ends.load(Ordering::Relaxed) {
                        poll.poll(&mut events, Some(Duration::from_millis(200)))
                            .unwrap();
                        woken.fetch_add(events.iter().count(), Ordering::Relaxed);
                    }
                });
            }
            start.wait();
            thread::sleep(Duration::from_millis(20));
            for _ in 0..CONNECTIONS {
                // No thread accepts: a connection that another thread has accepted first would hide
                // that this one was woken, too. All of them wait again before the next one.
                let client = Client::connect(address).unwrap();
                thread::sleep(Duration::from_millis(5));
                let (server, _) = listener.accept().unwrap();
                drop((client, server));
            }
            ends.store(true, Ordering::Relaxed);
        });
        woken.into_inner()
    }

    /// A connection wakes about one of eight threads; without the mode, all.
    #[test]
    fn connection_wakes_about_one_of_eight_selectors() {
        if !AVAILABLE {
            return;
        }
        best_of_rounds(|| {
            let all = woken_threads(Interest::READABLE);
            let one = woken_threads(EXCLUSIVE);
            let text = format!("{CONNECTIONS} connections woke {one} threads, without it {all}");
            println!("{text}");
            // A thread may be about to wait when a connection comes; the kernel then wakes another.
            if (CONNECTIONS..=2 * CONNECTIONS).contains(&one) && all >= 6 * CONNECTIONS {
                return Ok(());
            }
            Err(text)
        });
    }

    /// A child of fork(2) shares the epoll instance. The parent can register again what the child
    /// has made exclusive.
    #[cfg(all(target_os = "linux", feature = "os-ext"))] // As `support::child_process`.
    #[test]
    fn parent_reregisters_what_a_child_made_exclusive() {
        use mio::unix::SourceFd;
        use std::os::fd::AsRawFd as _;
        use support::child_process::Child;

        if !AVAILABLE {
            return support::not_run("the selector is not shared");
        }
        let (mut poll, mut events) = new_poll();
        let (stream, peer) = streams();
        let fd = stream.as_raw_fd();
        let source = &mut SourceFd(&fd);
        let readable = Interest::READABLE;
        poll.registry().register(source, ONE, readable).unwrap();
        Child::new(|| {
            let again = poll.registry().reregister(source, ONE, EXCLUSIVE);
            again.unwrap();
        })
        .join();
        poll.registry().reregister(source, ONE, readable).unwrap();
        send(&peer, b"x");
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    }
}

/// Busy polling of a `Poll`. The bounds of its parameters are those of `ep_eventpoll_bp_ioctl`
/// (<https://github.com/torvalds/linux/blob/v6.12/fs/eventpoll.c>).
#[cfg(all(unix, feature = "os-ext"))]
mod busy_poll {
    use super::*;
    use mio::unix::{BusyPoll, busy_poll, set_busy_poll};

    #[test]
    fn parameters_of_busy_polling_are_kept() {
        let (poll, _) = new_poll();
        let registry = poll.registry();
        let wanted = BusyPoll {
            micros: 64,
            budget: 16,
            prefer: true,
        };
        match busy_poll(registry) {
            Ok(parameters) => assert_eq!(parameters, BusyPoll::default()),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                assert!(error.to_string().contains("Linux 6.9"), "{error}");
                let error = set_busy_poll(registry, wanted).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                if AVAILABLE {
                    support::not_run("this kernel has no busy polling of an epoll instance");
                }
                return;
            }
        }
        let is_epoll = AVAILABLE;
        assert!(is_epoll, "another selector has parameters of busy polling");
        set_busy_poll(registry, wanted).unwrap();
        // A clone is the same selector, and another `Poll` is not.
        let clone = registry.try_clone().unwrap();
        assert_eq!(busy_poll(&clone).unwrap(), wanted);
        let (other, _) = new_poll();
        let of_other = busy_poll(other.registry()).unwrap();
        assert_eq!(of_other, BusyPoll::default());

        let micros = i32::MAX as u32;
        for (micros, is_valid) in [(micros, true), (micros + 1, false)] {
            let result = set_busy_poll(registry, BusyPoll { micros, ..wanted });
            assert_eq!(result.is_ok(), is_valid, "{micros}: {result:?}");
            if let Err(error) = result {
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
                assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
            }
        }
        set_busy_poll(registry, BusyPoll::default()).unwrap();
        assert_eq!(busy_poll(registry).unwrap(), BusyPoll::default());
    }
}
