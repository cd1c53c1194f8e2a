//! Linux and Android: epoll(7), woken by an eventfd(2). poll(2) and pipes take their places on request, and in tests.

#[allow(dead_code)] // Which of its functions a build uses depends on its features.
#[cfg(feature = "os-poll")]
#[path = "../unix/descriptor/mod.rs"]
pub(crate) mod descriptor;
#[cfg(all(feature = "os-poll", any(test, not(mio_unsupported_force_poll_poll))))]
#[path = "../unix/epoll/mod.rs"]
pub(crate) mod epoll;
#[cfg(all(feature = "os-poll", any(test, not(mio_unsupported_force_waker_pipe))))]
#[path = "../unix/wake/eventfd.rs"]
pub(crate) mod eventfd;
#[cfg(all(feature = "os-poll", any(test, mio_unsupported_force_waker_pipe)))]
#[path = "../unix/wake/pipe.rs"]
pub(crate) mod pipe;
#[cfg(all(feature = "os-poll", any(test, mio_unsupported_force_poll_poll)))]
#[path = "../unix/posix_poll/mod.rs"]
pub(crate) mod posix_poll;
#[cfg(feature = "net")]
#[path = "../unix/socket/mod.rs"]
pub(crate) mod socket;
#[cfg(feature = "os-poll")]
#[path = "../unix/wake/mod.rs"]
pub(crate) mod wake;

#[cfg(all(feature = "os-poll", not(mio_unsupported_force_waker_pipe)))]
type Notifier = eventfd::EventFd;
#[cfg(all(feature = "os-poll", mio_unsupported_force_waker_pipe))]
type Notifier = pipe::Pipe;
#[cfg(all(feature = "os-poll", not(mio_unsupported_force_poll_poll)))]
pub(crate) type Selector = epoll::Epoll<Notifier>;
#[cfg(all(feature = "os-poll", mio_unsupported_force_poll_poll))]
pub(crate) type Selector = posix_poll::PosixPoll<Notifier>;
