//! Runs every check on each combination of selector and waker of the platform.

#[cfg(unix)]
use super::notifying_tests::{
    Counting, Failing, failed_wake_is_repeated, merged_wakes_notify_once,
    registering_does_not_notify,
};
use super::threads_tests::*;
use super::waking_tests::*;
use super::watching_tests::*;
use super::{Subject, run_checks};

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
            no_user_events: true,
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
