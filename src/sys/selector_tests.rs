//! One suite of checks for every selector and waker that the platform can build.
//!
//! This file runs every check on each combination of selector and waker of the platform, and has
//! what the checks share.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
// Some platforms run only some of the checks.
#![cfg_attr(
    not(any(target_os = "linux", target_os = "android", windows)),
    allow(dead_code, unused_imports)
)]

mod waking_tests;
mod watching_tests;

use std::io::{ErrorKind, Read};
use std::time::Duration;

use crate::Interest;
use crate::sys::Raw;
use crate::sys::selector::{EventBuffer as _, RegisterUnowned, SelectorEvent as _};

pub(super) use waking_tests::*;
pub(super) use watching_tests::*;

/// A selector that the checks can test.
pub(super) trait Subject: RegisterUnowned<Raw = Raw> {}
impl<S: RegisterUnowned<Raw = Raw>> Subject for S {}

/// The source that the checks register.
#[cfg(unix)]
type Stream = std::os::unix::net::UnixStream;
/// The source that the checks register.
#[cfg(windows)]
type Stream = std::net::TcpStream;

pub(super) const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
/// Long enough for a loaded machine. No check that passes waits so long.
pub(super) const LONG: Option<Duration> = Some(Duration::from_secs(20));
pub(super) const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

/// Whether each event has one condition only, and the kernel cannot tell whether an unowned fd is
/// registered.
fn is_kqueue<S>() -> bool {
    std::any::type_name::<S>().contains("::Kqueue<")
}

/// Whether it is the selector of WASI preview 1.
fn is_poll_oneoff<S>() -> bool {
    std::any::type_name::<S>().contains("::PollOneoff<")
}

/// Runs checks and prints the name of each, so that the output of a failure has it.
macro_rules! run_checks {
    ($subject:ty: $($check:ident)*) => {$(
        println!(stringify!($check));
        $check::<$subject>();
    )*};
}
#[cfg(unix)]
#[allow(unused_imports)] // A system such as Android has no module that calls it.
pub(super) use run_checks;

pub(super) fn stream_pair() -> (Stream, Stream) {
    let (left, right) = connected();
    left.set_nonblocking(true).unwrap();
    right.set_nonblocking(true).unwrap();
    (left, right)
}

#[cfg(unix)]
fn connected() -> (Stream, Stream) {
    Stream::pair().unwrap()
}

#[cfg(windows)]
fn connected() -> (Stream, Stream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let left = Stream::connect(listener.local_addr().unwrap()).unwrap();
    let (right, _) = listener.accept().unwrap();
    for stream in [&left, &right] {
        // Otherwise a byte may be delayed and sent with the next one.
        stream.set_nodelay(true).unwrap();
    }
    (left, right)
}

pub(super) fn event_buffer<S: Subject>() -> S::Events {
    S::Events::with_capacity(16)
}

/// One `select` and the tokens of its events. Repeats a call that a signal interrupts.
pub(super) fn tokens<S: Subject>(
    selector: &mut S,
    events: &mut S::Events,
    timeout: Option<Duration>,
) -> Vec<usize> {
    loop {
        match selector.poll(events, timeout) {
            Ok(()) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                assert!(events.as_slice().is_empty());
            }
            Err(error) => panic!("select: {error}"),
        }
    }
    events.as_slice().iter().map(|r| r.token().0).collect()
}

/// Reads until the read would block, and re-arms: serves a source.
pub(super) fn drain<S: Subject>(mut stream: &Stream, registration: &S::Registration) {
    let mut buffer = [0; 256];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                S::rearm(registration, Interest::READABLE).unwrap();
                return;
            }
        }
    }
}

fn every_check<S: Subject>() {
    run_checks!(S:
        each_edge_is_reported_once
        reregister_reports_current_readiness
        deregistered_source_reports_no_events
        unowned_sources_are_registered_by_fd
        invalid_fds_are_refused
        unsupported_interests_are_refused
        small_buffer_starves_no_source
        unowned_sources_do_not_starve_others
        owner_of_a_registration_is_found
        dropped_source_reports_no_events
        left_source_reports_no_events
        tokens_are_returned_unchanged
        timeouts_do_not_end_early
        each_waker_reports_its_token
        wake_before_and_during_a_wait_is_reported
        wake_publishes_earlier_writes
        dropped_waker_reports_no_events
        wakers_without_a_bit_are_reported
        wake_of_a_dropped_selector_succeeds
        registration_during_a_wait_is_reported
        fd_reused_during_a_wait_reports_its_new_token
        no_wake_or_edge_is_lost_under_stress
        wakers_do_not_starve_sources
        waker_is_reported_once_per_select
    );
}

#[cfg(all(
    any(target_os = "linux", target_os = "android"),
    not(any(
        mio_fake_kernel = "solaris",
        mio_fake_kernel = "apple",
        mio_fake_kernel = "dragonfly",
        mio_fake_kernel = "freebsd",
        mio_fake_kernel = "netbsd",
        mio_fake_kernel = "openbsd"
    ))
))]
mod linux {
    use super::*;
    use crate::Token;
    use crate::sys::selector::{Selector as _, Wake as _};
    use crate::sys::unix::epoll::Epoll;
    use crate::sys::unix::notifier::Drained;
    use crate::sys::unix::notifier::eventfd::EventFd;
    use crate::sys::unix::notifier::pipe::Pipe;
    use crate::sys::unix::posix_poll::PosixPoll;

    #[test]
    fn epoll_with_eventfd() {
        every_check::<Epoll<EventFd>>();
        merged_wakes_notify_once::<Epoll<Counting<EventFd>>>(1);
        failed_wake_is_repeated::<Epoll<Failing<EventFd>>>();
    }

    #[test]
    fn epoll_with_pipe() {
        every_check::<Epoll<Pipe>>();
        merged_wakes_notify_once::<Epoll<Counting<Pipe>>>(1);
    }

    /// The notifier of illumos drains the eventfd before it writes, because epoll reports no new
    /// edge there while the eventfd is readable (<https://www.illumos.org/issues/16700>). On Linux
    /// this loses no wake either.
    #[test]
    fn epoll_with_drained_eventfd() {
        every_check::<Epoll<Drained<EventFd>>>();
        merged_wakes_notify_once::<Epoll<Counting<Drained<EventFd>>>>(1);
    }

    /// After wakes that came alone, the first wake of a burst is not merged with: the burst
    /// notifies once more, and the next one does not.
    #[test]
    fn burst_after_lone_wakes_notifies_twice() {
        type S = Epoll<Counting<EventFd>>;
        if !crate::sys::unix::forks::generation().is_certain {
            return;
        }
        let mut selector = S::new().unwrap();
        let mut events = event_buffer::<S>();
        let waker = selector.waker(Token(1)).unwrap();
        for (wakes, expected) in [
            (1, 1),
            (1, 1),
            (64, 2),
            (64, 1),
            (2, 1),
            (1, 1),
            (2, 2),
            (2, 1),
        ] {
            NOTIFICATIONS.set(0);
            for _ in 0..wakes {
                waker.wake().unwrap();
            }
            assert_eq!(NOTIFICATIONS.get(), expected, "{wakes} wakes");
            assert_eq!(tokens(&mut selector, &mut events, LONG), [1]);
        }
        // A wait that returns no wake changes nothing.
        assert!(tokens(&mut selector, &mut events, AT_ONCE).is_empty());
        NOTIFICATIONS.set(0);
        for _ in 0..64 {
            waker.wake().unwrap();
        }
        assert_eq!(NOTIFICATIONS.get(), 1);
    }

    #[test]
    fn posix_poll_with_eventfd() {
        every_check::<PosixPoll<EventFd>>();
        merged_wakes_notify_once::<PosixPoll<Counting<EventFd>>>(0);
        registering_does_not_notify::<PosixPoll<Counting<EventFd>>>();
        failed_wake_is_repeated::<PosixPoll<Failing<EventFd>>>();
    }

    #[test]
    fn posix_poll_with_pipe() {
        every_check::<PosixPoll<Pipe>>();
        merged_wakes_notify_once::<PosixPoll<Counting<Pipe>>>(0);
        registering_does_not_notify::<PosixPoll<Counting<Pipe>>>();
        failed_wake_is_repeated::<PosixPoll<Failing<Pipe>>>();
    }
}

#[cfg(windows)]
mod windows {
    use super::*;
    use crate::sys::windows::afd::Afd;

    #[test]
    fn afd() {
        every_check::<Afd>();
    }
}

/// On a kernel with kqueue.
#[cfg(all(
    not(mio_unsupported_force_poll_poll),
    any(
        target_vendor = "apple",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd"
    )
))]
mod kqueue {
    use super::*;
    use crate::sys::unix::kqueue::{Kqueue, Pipes, UserEvents};

    #[test]
    fn kqueue_with_user_events() {
        every_check::<Kqueue<UserEvents>>();
    }

    #[test]
    fn kqueue_with_pipes() {
        every_check::<Kqueue<Pipes>>();
    }
}

/// On a kernel with event ports, or on the fake kernel.
#[cfg(all(
    not(mio_unsupported_force_poll_poll),
    any(target_os = "solaris", mio_fake_kernel = "solaris")
))]
mod event_ports {
    use super::*;
    use crate::sys::unix::event_ports::EventPorts;

    #[test]
    fn event_ports() {
        every_check::<EventPorts>();
    }
}

/// On the fake kernel only: injected faults, and poll(2) beside event ports.
#[cfg(mio_fake_kernel = "solaris")]
mod fake_event_ports {
    use super::*;
    use crate::sys::unix::event_ports::EventPorts;
    use crate::sys::unix::notifier::pipe::Pipe;
    use crate::sys::unix::posix_poll::PosixPoll;
    use crate::testing::event_ports::faults::{self, Faults};

    #[test]
    fn event_ports_that_always_return_etime() {
        let faults = Faults {
            error_with_events: Some(crate::sys::ffi::ETIME),
            leaves_count: true,
            ..Faults::default()
        };
        faults::with(faults, every_check::<EventPorts>);
    }

    #[test]
    fn event_ports_that_return_events_with_eintr() {
        let faults = Faults {
            error_with_events: Some(libc::EINTR),
            ..Faults::default()
        };
        faults::with(faults, every_check::<EventPorts>);
    }

    #[test]
    fn posix_poll_beside_event_ports() {
        every_check::<PosixPoll<Pipe>>();
        merged_wakes_notify_once::<PosixPoll<Counting<Pipe>>>(0);
        registering_does_not_notify::<PosixPoll<Counting<Pipe>>>();
        failed_wake_is_repeated::<PosixPoll<Failing<Pipe>>>();
    }
}

/// On the fake kernel of one BSD.
#[cfg(any(
    mio_fake_kernel = "apple",
    mio_fake_kernel = "dragonfly",
    mio_fake_kernel = "freebsd",
    mio_fake_kernel = "netbsd",
    mio_fake_kernel = "openbsd"
))]
mod fake_kqueue {
    use super::*;
    use crate::sys::unix::kqueue::{Kqueue, Pipes, UserEvents};
    use crate::sys::unix::notifier::pipe::Pipe;
    use crate::sys::unix::posix_poll::PosixPoll;
    use crate::testing::injection::{Call, Fault};
    use crate::testing::kqueue::faults::{self, Faults};

    #[test]
    fn kqueue_with_user_events() {
        every_check::<Kqueue<UserEvents>>();
    }

    #[test]
    fn kqueue_with_pipes() {
        every_check::<Kqueue<Pipes>>();
    }

    #[test]
    fn kqueue_without_user_events() {
        let faults = Faults {
            errors: vec![Fault::next(Call::ChangeAddUser, usize::MAX, libc::EINVAL)],
            ..Faults::default()
        };
        faults::with(faults, every_check::<Kqueue<UserEvents>>);
    }

    #[test]
    fn kqueue_that_reverses_events() {
        let faults = Faults {
            reverse: true,
            ..Faults::default()
        };
        faults::with(faults, every_check::<Kqueue<UserEvents>>);
    }

    #[test]
    fn posix_poll_beside_kqueue() {
        every_check::<PosixPoll<Pipe>>();
        merged_wakes_notify_once::<PosixPoll<Counting<Pipe>>>(0);
        registering_does_not_notify::<PosixPoll<Counting<Pipe>>>();
        failed_wake_is_repeated::<PosixPoll<Failing<Pipe>>>();
    }
}
