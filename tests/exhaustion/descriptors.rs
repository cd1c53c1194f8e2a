//! No descriptor is left: EMFILE of accept(2) and of every constructor, and the recovery.
//!
//! Each test runs in a child process, whose limit it lowers.
#![allow(unsafe_code)]

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd as _, OwnedFd, RawFd};

use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Interest, Poll, Token, Waker};

use super::Others;
use super::support::child_process::Child;
use super::support::{assert_no_event, loopback, new_poll, not_run, wait_for};

const LISTENER: Token = Token(0);
const WAKER: Token = Token(1);
const SOCKET: Token = Token(2);

/// Lowers the limit to the descriptors that are open, and opens those below it that are not. `Drop`
/// closes these and restores the limit.
///
/// A lower limit makes [poll(2)](https://man7.org/linux/man-pages/man2/poll.2.html) fail: EINVAL.
struct NoDescriptors {
    old: libc::rlimit,
    opened: Vec<OwnedFd>,
}

impl NoDescriptors {
    fn new() -> NoDescriptors {
        let mut old = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: getrlimit(2) writes one `rlimit`.
        assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut old) }, 0);
        let highest = (0..old.rlim_cur as RawFd).rev().find(|&fd| {
            // SAFETY: fcntl(2) with this command takes integers and changes nothing.
            unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
        });
        let rlim_cur = highest.unwrap_or(0) as libc::rlim_t + 1;
        set(libc::rlimit { rlim_cur, ..old });
        let mut opened = Vec::new();
        let error = loop {
            match io::stderr().as_fd().try_clone_to_owned() {
                Ok(fd) => opened.push(fd),
                Err(error) => break error,
            }
        };
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
        NoDescriptors { old, opened }
    }
}

impl Drop for NoDescriptors {
    fn drop(&mut self) {
        self.opened.clear();
        set(self.old);
    }
}

fn set(limit: libc::rlimit) {
    // SAFETY: setrlimit(2) reads one `rlimit`.
    let result = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

/// valgrind enforces the limit itself, and not in every call.
fn cannot_limit() -> bool {
    let cannot = std::env::var_os("MIO_NO_LIMITS").is_some();
    if cannot {
        not_run("MIO_NO_LIMITS leaves out what lowers the limit of descriptors");
    }
    cannot
}

/// accept(2) fails with EMFILE, and leaves the connection in the backlog:
/// <https://man7.org/linux/man-pages/man2/accept.2.html>.
#[test]
fn accept_at_the_fd_limit_recovers() {
    if cannot_limit() {
        return;
    }
    Child::new(|| {
        let (mut poll, mut events) = new_poll();
        let mut others = Others::register(&poll, 10);
        let mut listener = TcpListener::bind(loopback()).unwrap();
        let registry = poll.registry();
        registry
            .register(&mut listener, LISTENER, Interest::READABLE)
            .unwrap();
        let address = listener.local_addr().unwrap();
        let clients: Vec<_> = (0..3)
            .map(|_| std::net::TcpStream::connect(address).unwrap())
            .collect();
        wait_for(&mut poll, &mut events, LISTENER, |event| {
            event.is_readable()
        });

        let limit = NoDescriptors::new();
        for _ in 0..3 {
            let error = listener.accept().unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
            for token in others.exchange(&mut poll, &mut events) {
                assert_ne!(
                    token, LISTENER,
                    "the waiting connections were reported before"
                );
            }
        }
        drop(limit);

        let accepted: Vec<_> = clients.iter().map(|_| listener.accept().unwrap()).collect();
        let error = listener.accept().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert_no_event(&mut poll, &mut events, LISTENER);
        let _last = std::net::TcpStream::connect(address).unwrap();
        wait_for(&mut poll, &mut events, LISTENER, |event| {
            event.is_readable()
        });
        listener.accept().unwrap();
        drop((accepted, clients));
    })
    .join();
}

/// Each constructor that needs a descriptor fails with EMFILE. The `Poll` goes on: its sources and
/// its waker report, sources can be registered and deregistered.
#[test]
fn constructors_at_the_fd_limit_leave_the_poll_usable() {
    if cannot_limit() {
        return;
    }
    Child::new(|| {
        let (mut poll, mut events) = new_poll();
        let mut others = Others::register(&poll, 10);
        let waker = Waker::new(poll.registry(), WAKER).unwrap();
        let mut socket = UdpSocket::bind(loopback()).unwrap();
        let listener = TcpListener::bind(loopback()).unwrap();
        let address = listener.local_addr().unwrap();

        let limit = NoDescriptors::new();
        for _ in 0..3 {
            // On poll(2) a second waker and a clone of the registry need no descriptor. A port of
            // the fake kernel of Solaris is memory.
            let is_memory = cfg!(mio_fake_kernel = "solaris");
            let results = [
                ("Poll::new", Poll::new().map(drop), !is_memory),
                (
                    "Waker::new",
                    Waker::new(poll.registry(), Token(9)).map(drop),
                    false,
                ),
                ("try_clone", poll.registry().try_clone().map(drop), false),
                ("connect", TcpStream::connect(address).map(drop), true),
                ("listen", TcpListener::bind(loopback()).map(drop), true),
                ("bind", UdpSocket::bind(loopback()).map(drop), true),
            ];
            for (name, result, fails) in results {
                match result {
                    Ok(()) => assert!(!fails, "{name}"),
                    Err(error) => {
                        assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{name}: {error}");
                    }
                }
            }
            waker.wake().unwrap();
            wait_for(&mut poll, &mut events, WAKER, |event| event.is_readable());
            let registry = poll.registry();
            registry
                .register(&mut socket, SOCKET, Interest::WRITABLE)
                .unwrap();
            wait_for(&mut poll, &mut events, SOCKET, |event| event.is_writable());
            poll.registry().deregister(&mut socket).unwrap();
            others.exchange(&mut poll, &mut events);
        }
        drop(limit);

        let second = Poll::new().unwrap();
        Waker::new(second.registry(), Token(9)).unwrap();
        Waker::new(poll.registry(), Token(9)).unwrap();
        poll.registry().try_clone().unwrap();
        TcpStream::connect(address).unwrap();
    })
    .join();
}
