//! Timeouts: `poll` returns neither early nor much too late, and reports signals.
#![cfg(feature = "os-poll")]

mod support;

use std::io::ErrorKind;
#[cfg(not(target_os = "wasi"))]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(target_os = "wasi"))]
use std::thread;
use std::time::{Duration, Instant};

#[cfg(not(target_os = "wasi"))]
use mio::{Token, Waker};
use support::new_poll;

/// `poll` never returns before its timeout, also below one millisecond.
#[test]
fn poll_never_returns_early() {
    let (mut poll, mut events) = new_poll();
    for micros in [0, 1, 10, 200, 999, 1_000, 1_001, 1_500, 10_000, 30_500] {
        let timeout = Duration::from_micros(micros);
        for _ in 0..5 {
            let start = Instant::now();
            match poll.poll(&mut events, Some(timeout)) {
                Ok(()) => assert!(start.elapsed() >= timeout, "{micros} us"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
            }
            assert!(events.is_empty());
            // The bound is wide, because the machine may be busy.
            assert!(start.elapsed() < support::LONG);
        }
    }
}

/// `poll_until` returns at its deadline, also at one that has passed, and clears `events`.
#[test]
fn poll_until_ends_at_its_deadline() {
    let (mut poll, mut events) = new_poll();
    #[cfg(not(target_os = "wasi"))] // There are no wakers.
    {
        // Leaves an event in the buffer.
        let waker = Waker::new(poll.registry(), Token(1)).unwrap();
        waker.wake().unwrap();
        poll.poll_until(&mut events, None).unwrap();
        assert!(!events.is_empty());
    }
    for micros in [0, 1, 999, 1_500, 30_500] {
        let deadline = Instant::now() + Duration::from_micros(micros);
        poll.poll_until(&mut events, Some(deadline)).unwrap();
        assert!(Instant::now() >= deadline && events.is_empty());
        assert!(deadline.elapsed() < support::LONG);
        // Now it has passed.
        poll.poll_until(&mut events, Some(deadline)).unwrap();
        assert!(events.is_empty());
    }
    let mut none = mio::Events::with_capacity(0);
    let error = poll.poll_until(&mut none, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

/// Without an event `poll` returns soon after its timeout. Where the system call takes nanoseconds,
/// it returns within a millisecond.
#[test]
fn short_timeouts_end_promptly() {
    let (mut poll, mut events) = new_poll();
    let mut best = |timeout: Duration| {
        (0..200)
            .map(|_| {
                let start = Instant::now();
                // A signal would only shorten the wait.
                let _ = poll.poll(&mut events, Some(timeout));
                start.elapsed()
            })
            .min()
            .unwrap()
    };
    let bound = Duration::from_micros(950);
    let nothing = best(Duration::ZERO);
    assert!(nothing < bound, "no time: {nothing:?}");
    let micros = best(Duration::from_micros(100));
    assert!(micros < Duration::from_millis(20), "100 us: {micros:?}");
    if counts_nanoseconds() {
        assert!(micros < bound, "100 us: {micros:?}");
    }
}

/// On Windows a timeout of less than 32 ms ends within 3 ms, not at the next tick of the system's
/// clock, which may be 15.6 ms away. (The resolution is 0.5 ms; the rest is for the scheduler.)
#[cfg(windows)]
#[test]
fn short_timeouts_end_within_three_milliseconds() {
    if support::wine_lacks(None, "there are no wait completion packets") {
        return;
    }
    let (mut poll, mut events) = new_poll();
    for micros in [100, 1_000, 2_000, 5_000, 20_000, 31_000] {
        let timeout = Duration::from_micros(micros);
        support::timing::best_of_rounds(|| {
            let mut late: Vec<Duration> = (0..21)
                .map(|_| {
                    let start = Instant::now();
                    poll.poll(&mut events, Some(timeout)).unwrap();
                    start.elapsed().checked_sub(timeout).expect("it was early")
                })
                .collect();
            late.sort_unstable();
            // Half of them, because the machine may be busy.
            support::timing::within(late[late.len() / 2], Duration::from_millis(3))
        });
    }
}

/// Whether the wait takes nanoseconds. Emulators and sandboxes may lack the system call.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn counts_nanoseconds() -> bool {
    // epoll_pwait2(2) has this number on most machines. Where it has another, the call fails with
    // another error.
    let number: libc::c_long = 441;
    // SAFETY: the epoll fd is invalid, so the call fails and touches no memory.
    let result = unsafe { libc::syscall(number, -1, 0_usize, 1, 0_usize, 0_usize, 0_usize) };
    let error = std::io::Error::last_os_error().raw_os_error();
    let has_call = result == -1 && error == Some(libc::EBADF);
    let may_call = !cfg!(mio_unsupported_force_upstream_calls);
    !support::FAKE_KERNEL && may_call && (has_call || cfg!(mio_unsupported_force_poll_poll))
}

#[cfg(not(target_os = "linux"))]
fn counts_nanoseconds() -> bool {
    false
}

/// The longest timeouts, and one of 2^31 milliseconds, wait for an event.
#[cfg(not(target_os = "wasi"))]
#[test]
fn longest_timeouts_wait_for_an_event() {
    let (mut poll, mut events) = new_poll();
    let waker = Waker::new(poll.registry(), Token(1)).unwrap();
    let days = Duration::from_millis(i32::MAX as u64 + 1);
    for timeout in [Duration::MAX, Duration::from_secs(u64::MAX), days] {
        let woken = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                woken.store(true, Ordering::SeqCst);
                waker.wake().unwrap();
            });
            poll.poll(&mut events, Some(timeout)).unwrap();
            assert!(woken.load(Ordering::SeqCst) && !events.is_empty());
        });
    }
}

/// Registrations by another thread do not restart the timeout.
#[cfg(all(not(target_os = "wasi"), feature = "net"))]
#[test]
fn registrations_do_not_extend_the_timeout() {
    let (mut poll, mut events) = new_poll();
    let registry = poll.registry().try_clone().unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut sockets = Vec::new();
            while !stop.load(Ordering::Relaxed) && sockets.len() < 400 {
                let mut socket = mio::net::UdpSocket::bind(support::loopback()).unwrap();
                registry
                    .register(&mut socket, Token(0), mio::Interest::READABLE)
                    .unwrap();
                sockets.push(socket);
                thread::sleep(Duration::from_millis(20));
            }
        });
        let start = Instant::now();
        poll.poll(&mut events, Some(Duration::from_millis(200)))
            .unwrap();
        stop.store(true, Ordering::Relaxed);
        assert!(events.is_empty());
        let elapsed = start.elapsed();
        assert!(
            elapsed >= Duration::from_millis(200) && elapsed < Duration::from_secs(5),
            "{elapsed:?}"
        );
    });
}

#[cfg(all(
    unix,
    not(any(target_os = "espidf", target_os = "horizon", target_os = "vita"))
))] // These systems have no signals.
#[allow(unsafe_code)]
mod signals {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use support::wait_for;

    /// Calls `run` while this thread gets a signal after every `pause`.
    fn amid_signals(pause: Duration, run: impl FnOnce()) {
        extern "C" fn nothing(_: libc::c_int) {}
        // SAFETY: the handler does nothing, so it is safe in any thread at any time.
        let old = unsafe {
            libc::signal(
                libc::SIGUSR1,
                nothing as extern "C" fn(libc::c_int) as libc::sighandler_t,
            )
        };
        assert_ne!(old, libc::SIG_ERR);
        // SAFETY: pthread_self(3) takes nothing and returns this thread's handle, on some systems a
        // pointer.
        let this = unsafe { libc::pthread_self() } as usize;
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    // SAFETY: the thread is alive, because it joins this one at the end of the
                    // scope.
                    unsafe { libc::pthread_kill(this as libc::pthread_t, libc::SIGUSR1) };
                    thread::sleep(pause);
                }
            });
            // After a failure the signals must stop, too.
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            done.store(true, Ordering::SeqCst);
            if let Err(panic) = result {
                std::panic::resume_unwind(panic);
            }
        });
    }

    /// A signal ends `poll` with `Interrupted`, leaves `Events` empty and loses no wake.
    #[test]
    fn signal_interrupts_poll_and_keeps_wakes() {
        let (mut poll, mut events) = new_poll();
        let waker = Waker::new(poll.registry(), Token(1)).unwrap();
        // Leaves an event in the buffer, which the error must clear.
        waker.wake().unwrap();
        wait_for(&mut poll, &mut events, Token(1), |event| {
            event.is_readable()
        });
        amid_signals(Duration::from_millis(5), || {
            let error = poll.poll(&mut events, Some(support::LONG)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Interrupted);
            assert!(events.is_empty());
            waker.wake().unwrap();
            wait_for(&mut poll, &mut events, Token(1), |event| {
                event.is_readable()
            });
        });
    }

    /// Signals do not end `poll_until`: neither early, nor with an error, nor late. An event does.
    #[test]
    fn poll_until_outlasts_signals() {
        let (mut poll, mut events) = new_poll();
        let waker = Waker::new(poll.registry(), Token(1)).unwrap();
        let time = Duration::from_millis(100);
        amid_signals(Duration::from_micros(500), || {
            let deadline = Instant::now() + time;
            poll.poll_until(&mut events, Some(deadline)).unwrap();
            assert!(Instant::now() >= deadline && events.is_empty());
            assert!(deadline.elapsed() < support::LONG);
            for deadline in [None, Some(Instant::now() + support::LONG)] {
                thread::scope(|scope| {
                    scope.spawn(|| {
                        thread::sleep(time / 4);
                        waker.wake().unwrap();
                    });
                    poll.poll_until(&mut events, deadline).unwrap();
                    assert_eq!(events.iter().count(), 1);
                });
            }
        });
    }

    /// Each wake is an event, however many signals come meanwhile.
    #[test]
    fn signals_lose_no_wakes() {
        const ROUNDS: usize = 300;
        let (mut poll, mut events) = new_poll();
        let waker = Waker::new(poll.registry(), Token(1)).unwrap();
        let answered = AtomicUsize::new(0);
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                for round in 0..ROUNDS {
                    waker.wake().unwrap();
                    let end = Instant::now() + support::LONG;
                    while answered.load(Ordering::SeqCst) <= round {
                        assert!(Instant::now() < end, "wake {round} is lost");
                        thread::yield_now();
                    }
                }
            });
            amid_signals(Duration::from_micros(200), || {
                while !other.is_finished() {
                    // A finite timeout, because nothing comes after the last wake.
                    let timeout = Some(Duration::from_millis(50));
                    match poll.poll(&mut events, timeout) {
                        Ok(()) => {}
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::Interrupted);
                            assert!(events.is_empty());
                        }
                    }
                    answered.fetch_add(events.iter().count(), Ordering::SeqCst);
                }
            });
        });
        assert_eq!(answered.load(Ordering::SeqCst), ROUNDS);
    }
}
