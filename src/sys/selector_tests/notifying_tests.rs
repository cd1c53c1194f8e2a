//! How often wakers and registrations write to a notifier.

use std::cell::Cell;
use std::io;
use std::os::fd::BorrowedFd;
use std::thread;
use std::time::{Duration, Instant};

use super::{AT_ONCE, BOTH, LONG, Subject, event_buffer, stream_pair, tokens};
use crate::Token;
use crate::sys::AsRaw as _;
use crate::sys::selector::Wake as _;
use crate::sys::unix::notifier::Notifier;

/// A notifier that counts the notifications of this thread.
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

/// A notifier that fails as often as `FAILURES` says.
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

/// A wake that cannot notify returns an error, and the next wake of the same waker ends the wait.
pub(in crate::sys) fn failed_wake_is_repeated<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let waker = selector.waker(Token(1)).unwrap();
    thread::scope(|scope| {
        let poller = scope.spawn(|| {
            let start = Instant::now();
            let got = tokens(&mut selector, &mut events, LONG);
            (got, start.elapsed())
        });
        // With poll(2) a wake before the wait needs no notification.
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
    assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
}

/// Between two returns of `select` a burst of wakes notifies `expected` times. Each wake notifies
/// where a forked child that shares the kernel object may be undetected: on an emulator that
/// accepts any advice of madvise(2), or in a build that must not call it.
pub(in crate::sys) fn merged_wakes_notify_once<S: Subject>(expected: usize) {
    #[cfg(all(unix, not(mio_fake_kernel = "wasip1")))]
    let is_certain = crate::sys::unix::forks::generation().is_certain;
    #[cfg(not(all(unix, not(mio_fake_kernel = "wasip1"))))]
    let is_certain = true;
    let is_merged = expected == 0 || is_certain;
    let expected = if is_merged { expected } else { 64 };
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    // Dropped wakers release their bits.
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
        assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
    }
}

/// Where the registrations are in user space, changing them does not notify while no thread waits.
pub(in crate::sys) fn registering_does_not_notify<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let (left, _right) = stream_pair();
    let fd = left.as_raw();
    NOTIFICATIONS.set(0);
    for _ in 0..3 {
        let mut registration = selector.register(fd, Token(1), BOTH).unwrap();
        selector
            .reregister(&mut registration, fd, Token(2), BOTH)
            .unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
        S::rearm(&registration, BOTH).unwrap();
        selector.deregister(registration, fd).unwrap();
        selector.register_unowned(fd, Token(3), BOTH).unwrap();
        selector.deregister_unowned(fd).unwrap();
        drop(selector.register(fd, Token(4), BOTH).unwrap());
    }
    assert_eq!(NOTIFICATIONS.get(), 0);
}
