//! Processes that were copied by fork(2): both sides go on with what they have of each other's
//! selectors.
//!
//! Each test runs in a process of its own, which is killed when it takes too long: a deaf poller
//! would wait for ever.
#![cfg(all(
    target_os = "linux",
    feature = "os-poll",
    feature = "net",
    feature = "os-ext"
))]
#![allow(unsafe_code)]

mod support;

use std::io::{Read, Write};
#[cfg(not(mio_unsupported_force_poll_poll))]
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use support::child_process::{Child, LIMIT, fork_functions};
use support::{assert_no_event, loopback, new_poll, poll_events, retry, wait_for};

const ONE: Token = Token(1);
const TWO: Token = Token(2);

/// Whether the processes have one queue in the kernel, so that an event goes to whichever waits
/// first. On poll(2) each has its own.
const SHARED: bool = !cfg!(any(
    mio_unsupported_force_poll_poll,
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd",
));

/// Why a test of two processes does not run on a fake kernel.
const IN_MEMORY: &str = "the queue of a fake kernel is in the memory of one process";

/// Runs a test in a process of its own.
fn in_child_process(test: impl FnOnce()) {
    Child::new(test).join();
}

/// Events of a token that come within a time.
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

/// Says that something has happened, to a process that waits for it.
fn signal() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

fn wait_signal(mut reader: &UnixStream) {
    reader.read_exact(&mut [0]).unwrap();
}

fn send_signal(mut writer: &UnixStream) {
    writer.write_all(&[1]).unwrap();
}

/// Upstream only closes its eventfd, so nothing that a copy drops is missing in its parent.
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
            // Outstanding when the child drops its waker: it is the parent's.
            waker.wake().unwrap();
            // The waker first, as long as there is a queue.
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

/// A daemon: its parent runs all destructors and ends. Upstream's daemon is woken.
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
            // The waker first, as long as there is a queue.
            let mut parts = Some((waker, poll, listener));
            let child = Child::fork_with(fork, || {
                wait_signal(&is_gone);
                let (waker, mut poll, listener) = parts.take().unwrap();
                for _ in 0..3 {
                    thread::scope(|scope| {
                        scope.spawn(|| {
                            thread::sleep(Duration::from_millis(20));
                            waker.wake().unwrap();
                        });
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

/// The notification that a waker leaves behind may be the other process's, so it is not taken back
/// with it.
#[test]
fn dropped_waker_keeps_the_other_process_wake() {
    if support::FAKE_KERNEL {
        return support::not_run(IN_MEMORY);
    }
    if !SHARED {
        return support::not_run("no process has another's events here");
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

/// Three wakes of a child are three events of its parent, if there is a poll between them. With
/// upstream they are.
#[test]
fn child_wakes_its_parent() {
    if support::FAKE_KERNEL {
        return support::not_run(IN_MEMORY);
    }
    for fork in fork_functions() {
        in_child_process(|| {
            let (mut poll, mut events) = new_poll();
            let waker = Waker::new(poll.registry(), ONE).unwrap();
            // Announced in the parent's memory at the fork.
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

/// A copy that has taken an event of the queue makes nobody deaf: upstream's parent is woken by the
/// next wake.
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
        // The child takes it.
        waker.wake().unwrap();
        child.join();
        for _ in 0..3 {
            thread::scope(|scope| {
                scope.spawn(|| {
                    thread::sleep(Duration::from_millis(100));
                    waker.wake().unwrap();
                });
                let start = Instant::now();
                wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
                assert!(start.elapsed() < Duration::from_secs(5));
            });
        }
    });
}

/// Both have wakers of their own for one queue, made before and after the fork, and threads that
/// wake.
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
                thread::scope(|scope| {
                    scope.spawn(|| {
                        // On a queue in common the other process may take the event; then the next
                        // one is this one's.
                        while !is_heard.load(Ordering::Relaxed) {
                            waker.wake().unwrap();
                            thread::sleep(Duration::from_millis(1));
                        }
                    });
                    for _ in 0..50 {
                        poll_events(&mut own, &mut events, LIMIT);
                        assert!(!events.is_empty());
                    }
                    is_heard.store(true, Ordering::Relaxed);
                });
            };
            let child = Child::new(|| run(TWO));
            // In the parent.
            run(ONE);
            child.join();
        });
    }
}

/// A new queue, or the one that there is.
fn new_or_inherited_poll(is_new: bool, poll: &mut Poll) -> Poll {
    if is_new {
        return Poll::new().unwrap();
    }
    std::mem::replace(poll, Poll::new().unwrap())
}

/// One listener and several children, each with a `Poll` of its own, made after the fork or (on
/// poll(2)) before it.
#[test]
fn preforked_servers_serve_all_clients() {
    if support::FAKE_KERNEL {
        return support::not_run(IN_MEMORY);
    }
    const CHILDREN: usize = 4;
    const CLIENTS: usize = 200;
    for is_new in [true, false] {
        if SHARED && !is_new {
            // One queue for all: whoever takes an event serves, as with any epoll queue in common.
            println!("the queue made before the fork is shared");
        }
        in_child_process(|| {
            let mut listener = TcpListener::bind(loopback()).unwrap();
            let address = listener.local_addr().unwrap();
            let (mut before, mut events) = new_poll();
            let (is_over, over) = signal();
            let mut children = Vec::new();
            for _ in 0..CHILDREN {
                children.push(Child::new(|| {
                    let mut poll = new_or_inherited_poll(is_new, &mut before);
                    poll.registry()
                        .register(&mut listener, ONE, Interest::READABLE)
                        .or_else(|error| match error.kind() {
                            // The queue in common has it from another child.
                            std::io::ErrorKind::AlreadyExists if SHARED && !is_new => Ok(()),
                            _ => Err(error),
                        })
                        .unwrap();
                    let waker = Waker::new(poll.registry(), TWO).unwrap();
                    thread::scope(|scope| {
                        let is_over = &is_over;
                        scope.spawn(move || {
                            // The end of the file: the parent has no more clients.
                            let mut reader = is_over;
                            let _ = reader.read(&mut [0]);
                            loop {
                                // Another child may have taken it.
                                waker.wake().unwrap();
                                thread::sleep(Duration::from_millis(2));
                                if DONE.load(Ordering::Relaxed) {
                                    return;
                                }
                            }
                        });
                        let mut is_last = false;
                        while !is_last {
                            poll_events(&mut poll, &mut events, LIMIT);
                            is_last = events.iter().any(|event| event.token() == TWO);
                            while let Ok((mut client, _)) = listener.accept() {
                                retry(|| client.write(b"x"));
                            }
                        }
                        DONE.store(true, Ordering::Relaxed);
                    });
                }));
            }
            for _ in 0..CLIENTS {
                let mut client = std::net::TcpStream::connect(address).unwrap();
                client.set_read_timeout(Some(LIMIT)).unwrap();
                client.read_exact(&mut [0]).unwrap();
            }
            // The children have copies of the writing end.
            for _ in 0..CHILDREN {
                send_signal(&over);
            }
            for child in children {
                child.join();
            }
        });
    }
}

/// A child of the test above has been told to end.
static DONE: AtomicBool = AtomicBool::new(false);

/// While other threads make and drop queues, no copy finds a lock that is never released: each can
/// make its own.
///
/// 5,000 copies with `MIO_TEST_FORKS=5000`; by default as many as take 2 seconds, and no more.
#[test]
fn child_of_a_busy_process_can_create_a_poll() {
    if support::FAKE_KERNEL {
        return support::not_run(IN_MEMORY);
    }
    let (most, time) = match std::env::var("MIO_TEST_FORKS") {
        Ok(number) => (number.parse().unwrap(), Duration::from_secs(600)),
        Err(_) => (5_000, Duration::from_secs(2)),
    };
    let is_over = AtomicBool::new(false);
    let made = AtomicUsize::new(0);
    let mut copies = 0;
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let poll = Poll::new().unwrap();
                    drop(Waker::new(poll.registry(), ONE).unwrap());
                    made.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let end = Instant::now() + time;
        let result = panic::catch_unwind(AssertUnwindSafe(|| {
            while copies < most && Instant::now() < end {
                let child = Child::new(|| {
                    let (mut poll, mut events) = new_poll();
                    let waker = Waker::new(poll.registry(), ONE).unwrap();
                    waker.wake().unwrap();
                    poll_events(&mut poll, &mut events, LIMIT);
                    assert!(!events.is_empty());
                });
                child.join();
                copies += 1;
            }
        }));
        is_over.store(true, Ordering::Relaxed);
        if let Err(panic) = result {
            println!("after {copies} copies");
            panic::resume_unwind(panic);
        }
    });
    println!("{copies} copies, {} queues beside", made.into_inner());
    assert!(copies > 0);
}

/// A child that starts a program has nothing of the queue, and the parent's wakes are not
/// disturbed.
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

/// A clone of a registry is the same queue. It has no descriptor of its own, so it can be had when
/// there are no more.
#[test]
fn registry_clone_needs_no_fd() {
    if support::FAKE_KERNEL {
        return support::not_run("a double has descriptors of its own");
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
        #[cfg(not(mio_unsupported_force_poll_poll))]
        assert_eq!(clone.as_raw_fd(), poll.as_raw_fd());
        drop(clone);
        waker.wake().unwrap();
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    });
}

/// kqueue(2) is not inherited by fork(2), so in a copy its number may be that of a descriptor that
/// was opened since: nothing is done to that. (The number is open here, because a double's
/// descriptor is inherited.)
#[cfg(not(mio_unsupported_force_poll_poll))]
#[test]
fn child_never_uses_the_parents_kqueue() {
    if !support::KQUEUE {
        return support::not_run("the queue is inherited");
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
            // A pipe is inherited, and wakes the parent.
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
