//! fork(2): the parent and the child both keep using their `Poll`, `Registry` and `Waker`.
//!
//! Each test runs in a child process, which is killed when it takes too long: a `Poll` that misses
//! a wake would wait forever.
#![cfg(all(
    target_os = "linux",
    feature = "os-poll",
    feature = "net",
    feature = "os-ext"
))]
#![allow(unsafe_code)]

#[path = "fork/servers.rs"]
mod servers;
mod support;

use std::io::{Read, Write};
#[cfg(not(any(mio_unsupported_force_poll_poll, mio_fake_kernel = "wasip1")))]
use std::os::fd::AsRawFd;
use std::os::fd::{IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use support::child_process::{Child, LIMIT, detected_fork_functions, fork_functions, with_thread};
use support::{assert_no_event, loopback, new_poll, poll_events, retry, wait_for};

const ONE: Token = Token(1);
const TWO: Token = Token(2);

/// Whether the processes share one selector in the kernel, so that an event goes to the process
/// that waits first. On poll(2) each process has its own.
const SHARED: bool = !cfg!(any(
    mio_unsupported_force_poll_poll,
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd",
));

/// The reason to skip a test of two processes on a fake kernel.
const IN_MEMORY: &str = "the selector of a fake kernel is in the memory of one process";

/// Runs a test in a child process.
fn in_child_process(test: impl FnOnce()) {
    Child::new(test).join();
}

/// Counts the events of a token that come within `time`.
fn count(poll: &mut Poll, events: &mut Events, token: Token, time: Duration) -> usize {
    let end = Instant::now() + time;
    let mut count = 0;
    loop {
        poll_events(poll, events, end.saturating_duration_since(Instant::now()));
        count += events.iter().filter(|event| event.token() == token).count();
        if Instant::now() >= end {
            return count;
        }
    }
}

/// A pair of sockets by which one process signals another.
fn signal() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

fn wait_signal(mut reader: &UnixStream) {
    reader.read_exact(&mut [0]).unwrap();
}

fn send_signal(mut writer: &UnixStream) {
    writer.write_all(&[1]).unwrap();
}

/// A child that drops its copies of everything takes nothing from the parent. mio 1.2 only closes
/// its eventfd.
#[test]
fn child_that_drops_everything_leaves_the_parent_working() {
    for fork in fork_functions() {
        in_child_process(|| {
            let (poll, mut events) = new_poll();
            let mut listener = TcpListener::bind(loopback()).unwrap();
            let registry = poll.registry();
            registry
                .register(&mut listener, TWO, Interest::READABLE)
                .unwrap();
            let waker = Waker::new(registry, ONE).unwrap();
            // This wake is pending when the child drops its waker. It belongs to the parent.
            waker.wake().unwrap();
            // The waker is dropped first, while its `Poll` exists.
            let mut parts = Some((waker, poll));
            let child = Child::fork_with(fork, || drop(parts.take()));
            let (waker, mut poll) = parts.take().unwrap();
            child.join();
            assert_eq!(count(&mut poll, &mut events, ONE, support::SHORT), 1);
            for _ in 0..3 {
                waker.wake().unwrap();
                wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
            }
            let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            wait_for(&mut poll, &mut events, TWO, |event| event.is_readable());
        });
    }
}

/// Gives away the file descriptor of a stream.
type GiveAway = (&'static str, fn(mio::net::UnixStream));

/// Every conversion that keeps the file descriptor open.
const GIVE_AWAY: [GiveAway; 3] = [
    ("into_raw_fd", |stream| {
        let _ = stream.into_raw_fd();
    }),
    ("OwnedFd::from", |stream| {
        let _ = OwnedFd::from(stream).into_raw_fd();
    }),
    ("into std", |stream| {
        let _ = UnixStream::from(stream).into_raw_fd();
    }),
];

/// A child that gives away the file descriptor of a registered source takes no event from the
/// parent, which watches its copy of the source.
#[test]
fn child_that_gives_a_source_away_leaves_it_registered() {
    for fork in detected_fork_functions() {
        for (name, give_away) in GIVE_AWAY {
            in_child_process(|| {
                println!("{name}");
                let (mut poll, mut events) = new_poll();
                let (stream, peer) = mio::net::UnixStream::pair().unwrap();
                let mut stream = Some(stream);
                register(&poll, stream.as_mut().unwrap(), ONE);
                Child::fork_with(fork, || give_away(stream.take().unwrap())).join();
                (&peer).write_all(b"x").unwrap();
                wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
                let mut stream = stream.unwrap();
                assert_eq!(stream.read(&mut [0; 2]).unwrap(), 1);
                poll.registry().deregister(&mut stream).unwrap();
            });
        }
        in_child_process(|| {
            let (mut poll, mut events) = new_poll();
            let (sender, receiver) = mio::unix::pipe::new().unwrap();
            let mut ends = Some((sender, receiver));
            let (sender, receiver) = ends.as_mut().unwrap();
            register(&poll, receiver, ONE);
            poll.registry()
                .register(sender, TWO, Interest::WRITABLE)
                .unwrap();
            let child = Child::fork_with(fork, || {
                let (sender, receiver) = ends.take().unwrap();
                let _ = sender.into_raw_fd();
                let _ = OwnedFd::from(receiver).into_raw_fd();
            });
            child.join();
            let (sender, _receiver) = ends.as_mut().unwrap();
            wait_for(&mut poll, &mut events, TWO, |event| event.is_writable());
            sender.write_all(b"x").unwrap();
            wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        });
    }
}

/// A source that the parent gives away after a fork is deregistered, as without a fork.
#[test]
fn parent_that_gives_a_source_away_deregisters_it() {
    for fork in fork_functions() {
        for (name, give_away) in GIVE_AWAY {
            in_child_process(|| {
                println!("{name}");
                let (mut poll, mut events) = new_poll();
                let (mut stream, peer) = mio::net::UnixStream::pair().unwrap();
                register(&poll, &mut stream, ONE);
                let (is_over, over) = signal();
                let child = Child::fork_with(fork, || wait_signal(&is_over));
                give_away(stream);
                (&peer).write_all(b"x").unwrap();
                assert_no_event(&mut poll, &mut events, ONE);
                send_signal(&over);
                child.join();
            });
        }
    }
}

fn register(poll: &Poll, source: &mut impl mio::event::Source, token: Token) {
    let registry = poll.registry();
    registry
        .register(source, token, Interest::READABLE)
        .unwrap();
}

/// A daemon is still woken after its parent has run all destructors, as with mio 1.2.
#[test]
fn daemon_keeps_polling_after_its_parent_exits() {
    if support::FAKE_KERNEL {
        return support::not_run(IN_MEMORY);
    }
    for fork in fork_functions() {
        in_child_process(|| {
            let (poll, mut events) = new_poll();
            let mut listener = TcpListener::bind(loopback()).unwrap();
            let address = listener.local_addr().unwrap();
            let registry = poll.registry();
            registry
                .register(&mut listener, TWO, Interest::READABLE)
                .unwrap();
            let waker = Waker::new(registry, ONE).unwrap();
            let (is_gone, gone) = signal();
            // The waker is dropped first, while its `Poll` exists.
            let mut parts = Some((waker, poll, listener));
            let child = Child::fork_with(fork, || {
                wait_signal(&is_gone);
                let (waker, mut poll, listener) = parts.take().unwrap();
                for _ in 0..3 {
                    let wake = || {
                        thread::sleep(Duration::from_millis(20));
                        waker.wake().unwrap();
                    };
                    with_thread(wake, || {
                        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
                    });
                }
                let _client = TcpStream::connect(address).unwrap();
                wait_for(&mut poll, &mut events, TWO, |event| event.is_readable());
                listener.accept().unwrap();
            });
            drop(parts.take());
            send_signal(&gone);
            child.join();
        });
    }
}

/// A dropped waker does not consume its pending notification, which may be the other process's.
#[test]
fn dropped_waker_keeps_the_other_process_wake() {
    if support::FAKE_KERNEL {
        return support::not_run(IN_MEMORY);
    }
    if !SHARED {
        return support::not_run("each process has its own selector here");
    }
    in_child_process(|| {
        let (mut poll, mut events) = new_poll();
        let waker = Waker::new(poll.registry(), ONE).unwrap();
        let (is_woken, woken) = signal();
        let (is_gone, gone) = signal();
        let mut waker = Some(waker);
        let child = Child::new(|| {
            waker.as_ref().unwrap().wake().unwrap();
            send_signal(&woken);
            wait_signal(&is_gone);
            wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        });
        wait_signal(&is_woken);
        drop(waker.take());
        send_signal(&gone);
        child.join();
    });
}

/// Three wakes by a child, with a `poll` between them, are three events of the parent, as with mio
/// 1.2.
#[test]
fn child_wakes_its_parent() {
    if support::FAKE_KERNEL {
        return support::not_run(IN_MEMORY);
    }
    for fork in fork_functions() {
        in_child_process(|| {
            let (mut poll, mut events) = new_poll();
            let waker = Waker::new(poll.registry(), ONE).unwrap();
            // The parent's memory marks this wake as pending at the fork.
            waker.wake().unwrap();
            let (is_heard, heard) = signal();
            let child = Child::fork_with(fork, || {
                for _ in 0..3 {
                    wait_signal(&is_heard);
                    waker.wake().unwrap();
                }
            });
            wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
            for _ in 0..3 {
                send_signal(&heard);
                wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
                assert_eq!(events.iter().count(), 1);
            }
            child.join();
            assert_no_event(&mut poll, &mut events, ONE);
        });
    }
}

/// After a child has consumed an event of the shared selector, the next wake reaches the parent, as
/// with mio 1.2.
#[test]
fn parent_is_woken_after_the_child_consumed_an_event() {
    if support::FAKE_KERNEL {
        return support::not_run(IN_MEMORY);
    }
    in_child_process(|| {
        let (poll, mut events) = new_poll();
        let waker = Waker::new(poll.registry(), ONE).unwrap();
        let (is_ready, ready) = signal();
        let mut buffer = Events::with_capacity(8);
        let mut parts = Some(poll);
        let child = Child::new(|| {
            let mut poll = parts.take().unwrap();
            if !SHARED {
                waker.wake().unwrap();
            }
            send_signal(&ready);
            wait_for(&mut poll, &mut buffer, ONE, |event| event.is_readable());
        });
        let mut poll = parts.take().unwrap();
        wait_signal(&is_ready);
        // The child consumes the event.
        waker.wake().unwrap();
        child.join();
        for _ in 0..3 {
            let wake = || {
                thread::sleep(Duration::from_millis(100));
                waker.wake().unwrap();
            };
            with_thread(wake, || {
                let start = Instant::now();
                wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
                assert!(start.elapsed() < Duration::from_secs(5));
            });
        }
    });
}

/// Both processes are woken by threads of their own, with wakers made before and after the fork.
#[test]
fn both_processes_keep_their_wakers() {
    if support::FAKE_KERNEL {
        return support::not_run(IN_MEMORY);
    }
    for is_new in [false, true] {
        in_child_process(|| {
            let (mut poll, mut events) = new_poll();
            let waker = Waker::new(poll.registry(), ONE).unwrap();
            waker.wake().unwrap();
            wait_for(&mut poll, &mut events, ONE, |_| true);
            let mut run = |token| {
                let mut own = new_or_inherited_poll(is_new, &mut poll);
                let waker = if is_new {
                    Waker::new(own.registry(), token).unwrap()
                } else {
                    Waker::new(own.registry(), ONE).unwrap()
                };
                let is_heard = AtomicBool::new(false);
                let wake = || {
                    // On a shared selector the other process may consume the event. Then the next
                    // event is for this process.
                    while !is_heard.load(Ordering::Relaxed) {
                        waker.wake().unwrap();
                        thread::sleep(Duration::from_millis(1));
                    }
                };
                with_thread(wake, || {
                    for _ in 0..50 {
                        poll_events(&mut own, &mut events, LIMIT);
                        assert!(!events.is_empty());
                    }
                    is_heard.store(true, Ordering::Relaxed);
                });
            };
            let child = Child::new(|| run(TWO));
            run(ONE);
            child.join();
        });
    }
}

/// A new `Poll`, or the inherited one.
fn new_or_inherited_poll(is_new: bool, poll: &mut Poll) -> Poll {
    if is_new {
        return Poll::new().unwrap();
    }
    std::mem::replace(poll, Poll::new().unwrap())
}

/// A program that a child starts inherits no selector, and the parent's wakes arrive.
#[test]
fn spawned_programs_leave_wakes_intact() {
    in_child_process(|| {
        let (mut poll, mut events) = new_poll();
        let waker = Waker::new(poll.registry(), ONE).unwrap();
        for _ in 0..5 {
            waker.wake().unwrap();
            let status = std::process::Command::new("true").status().unwrap();
            assert!(status.success());
            waker.wake().unwrap();
            assert_eq!(count(&mut poll, &mut events, ONE, Duration::ZERO), 1);
        }
    });
}

/// A clone of a `Registry` shares the selector's fd, so it needs no fd of its own.
#[test]
fn registry_clone_needs_no_fd() {
    if support::FAKE_KERNEL {
        return support::not_run("a fake kernel opens fds of its own");
    }
    in_child_process(|| {
        let (mut poll, mut events) = new_poll();
        let limit = libc::rlimit {
            rlim_cur: 3,
            rlim_max: 3,
        };
        let waker = Waker::new(poll.registry(), ONE).unwrap();
        // SAFETY: setrlimit(2) reads the structure.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
        let clone = poll.registry().try_clone().unwrap();
        #[cfg(not(any(mio_unsupported_force_poll_poll, mio_fake_kernel = "wasip1")))]
        assert_eq!(clone.as_raw_fd(), poll.as_raw_fd());
        drop(clone);
        waker.wake().unwrap();
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    });
}

/// A child does not inherit a kqueue (<https://man.freebsd.org/cgi/man.cgi?query=kqueue>), so its
/// fd may have been opened again in the child for something else: the library does not touch
/// it. (The fd is open here, because a fake kqueue's fd is inherited.)
#[cfg(not(any(mio_unsupported_force_poll_poll, mio_fake_kernel = "wasip1")))]
#[test]
fn child_never_uses_the_parents_kqueue() {
    if !support::KQUEUE {
        return support::not_run("the selector is inherited");
    }
    in_child_process(|| {
        let (poll, _) = new_poll();
        let waker = Waker::new(poll.registry(), ONE).unwrap();
        let fd = poll.as_raw_fd();
        let mut parts = Some((waker, poll));
        let child = Child::new(|| {
            let (waker, poll) = parts.take().unwrap();
            let mut listener = TcpListener::bind(loopback()).unwrap();
            let registry = poll.registry();
            let mut refused = vec![registry.register(&mut listener, TWO, Interest::READABLE)];
            // OpenBSD's waker is a pipe, which is inherited and wakes the parent.
            if !cfg!(mio_fake_kernel = "openbsd") {
                refused.push(waker.wake());
            }
            for refused in refused {
                assert_eq!(refused.unwrap_err().raw_os_error(), Some(libc::EBADF));
            }
            drop(waker);
            drop(poll);
            // SAFETY: fcntl(2) with F_GETFD takes no argument and touches no memory.
            assert_ne!(unsafe { libc::fcntl(fd, libc::F_GETFD) }, -1);
        });
        child.join();
    });
}
