//! Wakers that write to an object of their own: how often they do.

use std::cell::Cell;
use std::io;
use std::os::fd::BorrowedFd;
use std::thread;
use std::time::{Duration, Instant};

use super::{AT_ONCE, BOTH, LONG, Subject, records, stream_pair, tokens};
use crate::Token;
use crate::sys::AsRaw as _;
use crate::sys::selector::Wake as _;
use crate::sys::unix::notifier::Notifier;

/// How often any `Counting` notifier of this thread's test was written.
#[derive(Debug)]
pub(super) struct Counting<N> {
    inner: N,
}

thread_local! {
    static NOTIFICATIONS: Cell<usize> = const { Cell::new(0) };
}

impl<N: Notifier> Notifier for Counting<N> {
    fn new() -> io::Result<Self> {
        let inner = N::new()?;
        Ok(Counting { inner })
    }

    fn notify(&self) -> io::Result<()> {
        NOTIFICATIONS.set(NOTIFICATIONS.get() + 1);
        self.inner.notify()
    }

    fn notify_from_copy(&self) -> io::Result<()> {
        self.inner.notify_from_copy()
    }

    fn drain(&self) -> io::Result<bool> {
        self.inner.drain()
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

/// A notifier that fails when it is told to.
#[derive(Debug)]
pub(super) struct Failing<N> {
    inner: N,
}

thread_local! {
    static FAILURES: Cell<usize> = const { Cell::new(0) };
}

impl<N: Notifier> Notifier for Failing<N> {
    fn new() -> io::Result<Self> {
        let inner = N::new()?;
        Ok(Failing { inner })
    }

    fn notify(&self) -> io::Result<()> {
        match FAILURES.get().checked_sub(1) {
            Some(left) => {
                FAILURES.set(left);
                Err(io::ErrorKind::OutOfMemory.into())
            }
            None => self.inner.notify(),
        }
    }

    fn notify_from_copy(&self) -> io::Result<()> {
        self.inner.notify_from_copy()
    }

    fn drain(&self) -> io::Result<bool> {
        self.inner.drain()
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

/// A wake that fails says so, and the next one of the same waker ends the wait.
pub(in crate::sys) fn a_wake_that_failed_is_tried_again<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let waker = selector.waker(Token(1)).unwrap();
    thread::scope(|scope| {
        let poller = scope.spawn(|| {
            let start = Instant::now();
            let got = tokens(&mut selector, &mut records, LONG);
            (got, start.elapsed())
        });
        // A wait that has not begun needs no notification on poll(2).
        thread::sleep(Duration::from_millis(100));
        FAILURES.set(2);
        for _ in 0..2 {
            let kind = waker.wake().unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::OutOfMemory);
        }
        waker.wake().unwrap();
        let (got, time) = poller.join().unwrap();
        assert_eq!(got, [1]);
        assert!(time < Duration::from_secs(10), "{time:?}");
    });
    assert!(tokens(&mut selector, &mut records, AT_ONCE).is_empty());
}

/// Between two returns of `select` a burst of wakes notifies `expected` times. Where nothing shows
/// a copy of the process that shares the kernel's queue, each wake does: an emulator that takes any
/// advice of madvise(2), or a build that must not call it.
pub(in crate::sys) fn merged_wakes_notify_once<S: Subject>(expected: usize) {
    #[cfg(all(unix, not(mio_fake_kernel = "wasip1")))]
    let is_certain = crate::sys::unix::forks::generation().is_certain;
    #[cfg(not(all(unix, not(mio_fake_kernel = "wasip1"))))]
    let is_certain = true;
    let is_merged = expected == 0 || is_certain;
    let expected = if is_merged { expected } else { 64 };
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    // Wakers that are gone take nothing away from those to come.
    for _ in 0..2 * usize::BITS {
        drop(selector.waker(Token(0)).unwrap());
    }
    let waker = selector.waker(Token(1)).unwrap();
    for _ in 0..3 {
        NOTIFICATIONS.set(0);
        for _ in 0..64 {
            waker.wake().unwrap();
        }
        assert_eq!(NOTIFICATIONS.get(), expected);
        assert_eq!(tokens(&mut selector, &mut records, LONG), [1]);
    }
}

/// Where the table is in user space, changing it costs no system call while nobody waits.
pub(in crate::sys) fn registering_notifies_nobody<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut records = records::<S>();
    let (left, _right) = stream_pair();
    let fd = left.as_raw();
    NOTIFICATIONS.set(0);
    for _ in 0..3 {
        let mut registration = selector.register(fd, Token(1), BOTH).unwrap();
        selector
            .reregister(&mut registration, fd, Token(2), BOTH)
            .unwrap();
        assert_eq!(tokens(&mut selector, &mut records, LONG), [2]);
        S::rearm(&registration, BOTH).unwrap();
        selector.deregister(registration, fd).unwrap();
        selector.register_unowned(fd, Token(3), BOTH).unwrap();
        selector.deregister_unowned(fd).unwrap();
        drop(selector.register(fd, Token(4), BOTH).unwrap());
    }
    assert_eq!(NOTIFICATIONS.get(), 0);
}
