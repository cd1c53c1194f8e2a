//! Timeouts and wakes, other threads during a wait, and how often wakers and registrations write to
//! a notifier.

use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{AT_ONCE, LONG, Subject, event_buffer, stream_pair, tokens};
use crate::sys::AsRaw as _;
use crate::sys::selector::{EventBuffer as _, SelectorEvent as _, Wake as _};
use crate::{Interest, Token};

pub(in crate::sys) fn timeouts_do_not_end_early<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    for micros in [1, 200, 999, 1_000, 1_001, 2_500, 20_000] {
        let timeout = Duration::from_micros(micros);
        let start = Instant::now();
        match selector.poll(&mut events, Some(timeout)) {
            Ok(()) => assert!(start.elapsed() >= timeout, "{micros} us"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
        }
        assert!(events.as_slice().is_empty());
    }
    // The longest timeouts wait for an event.
    let waker = selector.waker(Token(5)).unwrap();
    for timeout in [Duration::MAX, Duration::from_secs(1 << 40)] {
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                waker.wake().unwrap();
            });
            assert_eq!(tokens(&mut selector, &mut events, Some(timeout)), [5]);
        });
    }
}

pub(in crate::sys) fn each_waker_reports_its_token<S: Subject>() {
    let mut selector = S::new().unwrap();
    let clone = selector.try_clone().unwrap();
    let mut events = event_buffer::<S>();
    let first = selector.waker(Token(1)).unwrap();
    let second = clone.waker(Token(2)).unwrap();
    for _ in 0..3 {
        second.wake().unwrap();
        first.wake().unwrap();
        first.wake().unwrap();
        let mut got = tokens(&mut selector, &mut events, LONG);
        while got.len() < 2 {
            got.extend(tokens(&mut selector, &mut events, LONG));
        }
        assert!(events.as_slice().iter().all(|event| event.is_readable()));
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    }
}

pub(in crate::sys) fn wake_before_and_during_a_wait_is_reported<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let waker = selector.waker(Token(1)).unwrap();
    waker.wake().unwrap();
    assert_eq!(tokens(&mut selector, &mut events, None), [1]);
    for _ in 0..200 {
        thread::scope(|scope| {
            scope.spawn(|| waker.wake().unwrap());
            assert_eq!(tokens(&mut selector, &mut events, None), [1]);
        });
    }
}

pub(in crate::sys) fn wake_publishes_earlier_writes<S: Subject>() {
    const ROUNDS: usize = 2_000;
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let waker = selector.waker(Token(1)).unwrap();
    let counters = [AtomicUsize::new(0), AtomicUsize::new(0)];
    thread::scope(|scope| {
        for counter in &counters {
            let waker = &waker;
            scope.spawn(move || {
                for round in 1..=ROUNDS {
                    // Relaxed: `wake` publishes the value.
                    counter.store(round, Ordering::Relaxed);
                    waker.wake().unwrap();
                }
            });
        }
        // The event after the last wake makes both last values visible.
        while counters.iter().any(|c| c.load(Ordering::Relaxed) < ROUNDS) {
            assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        }
    });
}

pub(in crate::sys) fn dropped_waker_reports_no_events<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    for _ in 0..3 {
        let waker = selector.waker(Token(1)).unwrap();
        waker.wake().unwrap();
        drop(waker);
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        // A pending wake of a dropped waker must not swallow the first wake of the next one.
        let next = selector.waker(Token(2)).unwrap();
        next.wake().unwrap();
        assert_eq!(tokens(&mut selector, &mut events, LONG), [2]);
    }
}

pub(in crate::sys) fn wakers_without_a_bit_are_reported<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = S::Events::with_capacity(256);
    let count = usize::BITS as usize + 3;
    let wakers: Vec<_> = (0..count)
        .map(|index| selector.waker(Token(index)).unwrap())
        .collect();
    for waker in &wakers {
        waker.wake().unwrap();
        waker.wake().unwrap();
    }
    let mut got = Vec::new();
    while got.len() < count {
        got.extend(tokens(&mut selector, &mut events, LONG));
    }
    got.sort_unstable();
    assert_eq!(got, (0..count).collect::<Vec<_>>());
}

pub(in crate::sys) fn wake_of_a_dropped_selector_succeeds<S: Subject>() {
    let selector = S::new().unwrap();
    let waker = selector.waker(Token(1)).unwrap();
    drop(selector);
    for _ in 0..3 {
        waker.wake().unwrap();
    }
}

pub(in crate::sys) fn registration_during_a_wait_is_reported<S: Subject>() {
    let mut selector = S::new().unwrap();
    let registry = selector.try_clone().unwrap();
    let mut events = event_buffer::<S>();
    for round in 0..50 {
        let (left, right) = stream_pair();
        (&right).write_all(b"x").unwrap();
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                barrier.wait();
                registry
                    .register(left.as_raw(), Token(round), Interest::READABLE)
                    .unwrap()
            });
            barrier.wait();
            assert_eq!(tokens(&mut selector, &mut events, LONG), [round]);
            let registration = other.join().unwrap();
            registry.deregister(registration, left.as_raw()).unwrap();
        });
    }
}

pub(in crate::sys) fn no_wake_or_edge_is_lost_under_stress<S: Subject>() {
    const ROUNDS: usize = 2_000;
    let mut selector = S::new().unwrap();
    // Capacity 1, so that events often stay in the kernel.
    let mut events = S::Events::with_capacity(1);
    let waker = selector.waker(Token(0)).unwrap();
    let (left, right) = stream_pair();
    let registration = selector
        .register(left.as_raw(), Token(1), Interest::READABLE)
        .unwrap();
    let sent = AtomicUsize::new(0);
    let mut received = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=ROUNDS {
                sent.store(round, Ordering::Relaxed);
                waker.wake().unwrap();
                while (&right).write(b"x").is_err() {
                    thread::yield_now();
                }
            }
        });
        let mut seen = 0;
        while seen < ROUNDS || received < ROUNDS {
            let got = tokens(&mut selector, &mut events, LONG);
            // Each event has a token and a condition.
            assert_eq!(got.len(), 1, "seen {seen}, received {received}");
            assert!(events.as_slice()[0].is_readable());
            if got[0] == 0 {
                seen = sent.load(Ordering::Relaxed);
            } else {
                let mut buffer = [0; 512];
                loop {
                    match (&left).read(&mut buffer) {
                        Ok(count) => received += count,
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::WouldBlock);
                            S::rearm(&registration, Interest::READABLE).unwrap();
                            break;
                        }
                    }
                }
            }
        }
    });
}

/// Sources are reported with the smallest buffer, even if a waker is woken all the time.
pub(in crate::sys) fn wakers_do_not_starve_sources<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = S::Events::with_capacity(1);
    let waker = selector.waker(Token(0)).unwrap();
    let (left, _right) = stream_pair();
    let _registration = selector
        .register(left.as_raw(), Token(1), Interest::WRITABLE)
        .unwrap();
    let has_turn = (0..200).any(|_| {
        waker.wake().unwrap();
        tokens(&mut selector, &mut events, LONG) == [1]
    });
    assert!(has_turn);
}

/// A waker that is woken all the time is at most one event of each `select`.
pub(in crate::sys) fn waker_is_reported_once_per_select<S: Subject>() {
    let mut selector = S::new().unwrap();
    let mut events = event_buffer::<S>();
    let waker = selector.waker(Token(0)).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                waker.wake().unwrap();
            }
        });
        for _ in 0..5_000 {
            let got = tokens(&mut selector, &mut events, AT_ONCE);
            if got.len() > 1 {
                done.store(true, Ordering::Relaxed);
            }
            assert!(got.len() <= 1, "{got:?}");
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// If another thread waits, an fd that is deregistered and registered again is only reported with
/// its new token.
pub(in crate::sys) fn fd_reused_during_a_wait_reports_its_new_token<S: Subject>() {
    let mut selector = S::new().unwrap();
    let registry = selector.try_clone().unwrap();
    let mut events = event_buffer::<S>();
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            for round in 0..300 {
                let (left, right) = stream_pair();
                let fd = left.as_raw();
                // An even token is never reported: it is deregistered before there is data.
                let old = registry
                    .register(fd, Token(2 * round), Interest::READABLE)
                    .unwrap();
                registry.deregister(old, fd).unwrap();
                (&right).write_all(b"x").unwrap();
                let new = registry
                    .register(fd, Token(2 * round + 1), Interest::READABLE)
                    .unwrap();
                registry.deregister(new, fd).unwrap();
            }
        });
        while !other.is_finished() {
            let timeout = Some(Duration::from_millis(5));
            for token in tokens(&mut selector, &mut events, timeout) {
                assert_eq!(token % 2, 1);
            }
        }
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
    });
}

#[cfg(unix)]
pub(in crate::sys) use notifying::*;

#[cfg(unix)]
mod notifying {
    //! How often wakers and registrations write to a notifier.

    use std::cell::Cell;
    use std::io;
    use std::os::fd::BorrowedFd;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::super::{AT_ONCE, BOTH, LONG, Subject, event_buffer, stream_pair, tokens};
    use crate::Token;
    use crate::sys::AsRaw as _;
    use crate::sys::selector::Wake as _;
    use crate::sys::unix::notifier::Notifier;

    /// A notifier that counts the notifications of this thread.
    #[derive(Debug)]
    pub(in crate::sys) struct Counting<N> {
        inner: N,
    }

    thread_local! {
        pub(in crate::sys) static NOTIFICATIONS: Cell<usize> = const { Cell::new(0) };
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

    /// A notifier that fails as often as `FAILURES` demands.
    #[derive(Debug)]
    pub(in crate::sys) struct Failing<N> {
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

    /// A wake that cannot notify returns an error, and the next wake of the same waker ends the
    /// wait.
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

    /// Between two returns of `select` a burst of wakes notifies `expected` times. Each wake
    /// notifies where a forked child that shares the kernel object may be undetected: on an
    /// emulator that accepts any advice of madvise(2), or in a build that must not call it.
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

    /// Where the registrations are in user space, changing them does not notify while no thread
    /// waits.
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
}
