//! The selectors and wakers of this system, each with every check.

#[cfg(unix)]
use super::notifying_tests::{
    Counting, Failing, a_wake_that_failed_is_tried_again, merged_wakes_notify_once,
    registering_notifies_nobody,
};
use super::threads_tests::*;
use super::waking_tests::*;
use super::watching_tests::*;
use super::{Subject, run_checks};

fn every_check<S: Subject>() {
    run_checks!(S:
        readiness_and_edges reregister_reports_again no_event_after_deregister raw_numbers bad_numbers
        unsupported_interests capacity raw_sources_starve_nobody owners dropped_registration left_registration
        tokens_round_trip timeouts
        wakes_of_several_wakers wake_before_and_while_waiting wake_makes_writes_visible dropped_waker_is_silent
        more_wakers_than_bits wake_without_selector registration_while_waiting a_number_reused_while_waiting
        wakes_and_sources_under_stress wakers_do_not_starve_sources a_waker_comes_once_at_a_time);
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
        a_wake_that_failed_is_tried_again::<Epoll<Failing<EventFd>>>();
    }

    #[test]
    fn epoll_with_pipe() {
        every_check::<Epoll<Pipe>>();
        merged_wakes_notify_once::<Epoll<Counting<Pipe>>>(1);
    }

    /// illumos gives no new edge while the eventfd is readable, so it is emptied first. That loses nothing here either.
    #[test]
    fn epoll_with_drained_eventfd() {
        every_check::<Epoll<Drained<EventFd>>>();
        merged_wakes_notify_once::<Epoll<Counting<Drained<EventFd>>>>(1);
    }

    #[test]
    fn posix_poll_with_eventfd() {
        every_check::<PosixPoll<EventFd>>();
        merged_wakes_notify_once::<PosixPoll<Counting<EventFd>>>(0);
        registering_notifies_nobody::<PosixPoll<Counting<EventFd>>>();
        a_wake_that_failed_is_tried_again::<PosixPoll<Failing<EventFd>>>();
    }

    #[test]
    fn posix_poll_with_pipe() {
        every_check::<PosixPoll<Pipe>>();
        merged_wakes_notify_once::<PosixPoll<Counting<Pipe>>>(0);
        registering_notifies_nobody::<PosixPoll<Counting<Pipe>>>();
        a_wake_that_failed_is_tried_again::<PosixPoll<Failing<Pipe>>>();
    }
}

#[cfg(windows)]
mod windows {
    use super::*;
    use crate::sys::afd::Afd;

    #[test]
    fn afd() {
        every_check::<Afd>();
    }
}

/// On a kernel that has it.
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

/// On a kernel that has them, or on their double.
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

/// On the double alone: what goes wrong, and what is beside it.
#[cfg(mio_fake_kernel = "solaris")]
mod fake_event_ports {
    use super::*;
    use crate::sys::unix::event_ports::EventPorts;
    use crate::sys::unix::notifier::pipe::Pipe;
    use crate::sys::unix::posix_poll::PosixPoll;
    use crate::testing::event_ports::faults::{self, Faults};

    #[test]
    fn event_ports_whose_time_is_always_up() {
        let faults = Faults {
            beside_events: Some(crate::sys::ffi::ETIME),
            keeps_count: true,
            ..Faults::default()
        };
        faults::with(faults, every_check::<EventPorts>);
    }

    #[test]
    fn event_ports_whose_events_come_with_a_signal() {
        let faults = Faults {
            beside_events: Some(libc::EINTR),
            ..Faults::default()
        };
        faults::with(faults, every_check::<EventPorts>);
    }

    #[test]
    fn posix_poll_beside_event_ports() {
        every_check::<PosixPoll<Pipe>>();
        merged_wakes_notify_once::<PosixPoll<Counting<Pipe>>>(0);
        registering_notifies_nobody::<PosixPoll<Counting<Pipe>>>();
        a_wake_that_failed_is_tried_again::<PosixPoll<Failing<Pipe>>>();
    }
}

/// On the double of one kernel.
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
    fn kqueue_that_has_no_user_events() {
        let faults = Faults {
            no_user_events: true,
            ..Faults::default()
        };
        faults::with(faults, every_check::<Kqueue<UserEvents>>);
    }

    #[test]
    fn kqueue_in_reverse() {
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
        registering_notifies_nobody::<PosixPoll<Counting<Pipe>>>();
        a_wake_that_failed_is_tried_again::<PosixPoll<Failing<Pipe>>>();
    }
}
