//! A `Poll` that another library makes in its own handler of fork(2). Handlers before the fork run
//! in reverse order of installation, the others in that order
//! (<https://man7.org/linux/man-pages/man3/pthread_atfork.3.html>). So those of this program, which
//! are installed before the first `Poll`, run next to the fork.
#![cfg(all(
    target_os = "linux",
    feature = "os-poll",
    feature = "net",
    feature = "os-ext"
))]
#![allow(unsafe_code)]

mod support;

use std::io::{Read, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream as StdStream;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use mio::net::UnixStream;
use mio::{Interest, Poll, Token, Waker};
use support::child_process::{Child, can_wipe_on_fork};
use support::{assert_no_event, new_poll, poll_events, wait_for};

const ONE: Token = Token(1);

const IN_CHILD: u8 = 1;
const BEFORE_FORK: u8 = 2;
/// Which handler makes a `Poll`.
static MODE: AtomicU8 = AtomicU8::new(0);

/// What a handler makes.
static MADE: Mutex<Option<(Poll, Waker)>> = Mutex::new(None);

/// By which the processes take turns: the end of the parent, and that of the child.
static TURNS: OnceLock<(StdStream, StdStream)> = OnceLock::new();

fn make_poll() {
    let poll = Poll::new().unwrap();
    let waker = Waker::new(poll.registry(), ONE).unwrap();
    *MADE.lock().unwrap() = Some((poll, waker));
}

extern "C" fn before_fork() {
    if MODE.load(Ordering::Relaxed) == BEFORE_FORK {
        make_poll();
    }
}

/// Wakes before and after the child takes the event of the first wake.
extern "C" fn in_parent() {
    if MODE.load(Ordering::Relaxed) == BEFORE_FORK {
        let made = MADE.lock().unwrap();
        let (_, waker) = made.as_ref().unwrap();
        let mut turns = &TURNS.get().unwrap().0;
        waker.wake().unwrap();
        turns.write_all(b"x").unwrap();
        turns.read_exact(&mut [0]).unwrap();
        waker.wake().unwrap();
    }
}

extern "C" fn in_child() {
    if MODE.load(Ordering::Relaxed) == IN_CHILD {
        make_poll();
    }
}

/// Installs the handlers. The tests take turns.
fn install_handlers(mode: u8) -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    static INSTALLED: OnceLock<()> = OnceLock::new();
    let turn = TURN.lock().unwrap();
    INSTALLED.get_or_init(|| {
        // SAFETY: the handlers are functions of this program. What they call takes no lock that
        // another thread holds at a fork: the tests take turns.
        let result =
            unsafe { libc::pthread_atfork(Some(before_fork), Some(in_parent), Some(in_child)) };
        assert_eq!(result, 0);
        // The handlers of the library.
        drop(new_poll());
        let pair = StdStream::pair().unwrap();
        for end in [&pair.0, &pair.1] {
            end.set_read_timeout(Some(support::LONG)).unwrap();
        }
        TURNS.set(pair).unwrap();
    });
    MODE.store(mode, Ordering::Relaxed);
    turn
}

/// The child's `Poll` works: it reports events, and a source that gives its fd away is
/// deregistered.
#[test]
fn poll_of_an_earlier_handler_belongs_to_the_child() {
    if cfg!(mio_unsupported_force_upstream_calls) || !can_wipe_on_fork() {
        return support::not_run("the handlers of the library cannot see an earlier one");
    }
    let _turn = install_handlers(IN_CHILD);
    let (_, mut events) = new_poll();
    Child::new(|| {
        let (mut poll, _waker) = MADE.lock().unwrap().take().unwrap();
        let (mut peer, stream) = StdStream::pair().unwrap();
        stream.set_nonblocking(true).unwrap();
        let mut stream = UnixStream::from_std(stream);
        poll.registry()
            .register(&mut stream, ONE, Interest::READABLE)
            .unwrap();
        peer.write_all(b"x").unwrap();
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        let fd = stream.into_raw_fd();
        peer.write_all(b"x").unwrap();
        assert_no_event(&mut poll, &mut events, ONE);
        // SAFETY: the fd belongs to this function.
        assert_eq!(unsafe { libc::close(fd) }, 0);
    })
    .join();
}

/// A `Poll` that is made after the library's handler before the fork, and before the fork, is one
/// of both processes. The child takes the event of a wake, and the next one is not merged with it.
#[test]
fn wakes_of_a_poll_made_during_a_fork_are_not_merged() {
    if support::FAKE_KERNEL || cfg!(mio_unsupported_force_poll_poll) {
        return support::not_run("each process has a selector of its own");
    }
    let _turn = install_handlers(BEFORE_FORK);
    let (_, mut events) = new_poll();
    let second = Duration::from_secs(1);
    let child = Child::new(|| {
        let mut turns = &TURNS.get().unwrap().1;
        turns.read_exact(&mut [0]).unwrap();
        let (mut poll, _waker) = MADE.lock().unwrap().take().unwrap();
        poll_events(&mut poll, &mut events, second);
        assert_eq!(events.iter().count(), 1);
        turns.write_all(b"x").unwrap();
    });
    child.join();
    let (_, mut events) = new_poll();
    let (mut poll, _waker) = MADE.lock().unwrap().take().unwrap();
    poll_events(&mut poll, &mut events, second);
    assert_eq!(events.iter().count(), 1, "the second wake is lost");
}
