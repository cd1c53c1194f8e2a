//! What only Unix systems have: pipes, any file descriptor as a source, and busy polling.
//!
//! - [`pipe`]: a non-blocking pipe(7), and the pipes of child processes.
//! - [`SourceFd`]: watches a file descriptor of the caller, such as a terminal, a timer or another
//!   library's socket.
//! - [`set_busy_poll`]: lets a `Poll` look for packets itself before it sleeps, on Linux.

use std::io;

use crate::Registry;
use crate::sys::selector::Selector as _;

pub mod pipe;

pub use crate::sys::selector::BusyPoll;
pub use crate::unowned_source::SourceFd;

/// Sets how a `Poll` busy-polls: before a wait sleeps, the kernel looks for packets in the queue of
/// the network card that the sockets of the `Poll` receive from.
///
/// This trades processor time for latency. It has an effect only if the card's driver supports it
/// and all sockets of the `Poll` receive from one queue ([NAPI], "epoll-based busy polling"). Other
/// `Poll`s keep their own parameters.
///
/// # Errors
///
/// - [`Unsupported`](io::ErrorKind::Unsupported) if the selector is not epoll on Linux 6.9 or
///   later, or the kernel was built without busy polling.
/// - [`InvalidInput`](io::ErrorKind::InvalidInput) with the code EINVAL if `micros` is above
///   `i32::MAX`.
/// - [`PermissionDenied`](io::ErrorKind::PermissionDenied) with the code EPERM if `budget` is above
///   64 and the process lacks `CAP_NET_ADMIN`.
/// - Otherwise the error of the system, with its code.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio::Poll;
/// use mio::unix::{self, BusyPoll};
/// use std::io::ErrorKind;
///
/// let poll = Poll::new()?;
/// let wanted = BusyPoll { micros: 50, budget: 8, prefer: false };
/// match unix::set_busy_poll(poll.registry(), wanted) {
///     Ok(()) => assert_eq!(unix::busy_poll(poll.registry())?, wanted),
///     Err(error) if error.kind() == ErrorKind::Unsupported => {} // Not this kernel.
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
///
/// [NAPI]: https://docs.kernel.org/networking/napi.html#epoll-based-busy-polling
#[inline]
pub fn set_busy_poll(registry: &Registry, parameters: BusyPoll) -> io::Result<()> {
    registry.selector().set_busy_poll(parameters)
}

/// Returns how a `Poll` busy-polls. A new `Poll` does not.
///
/// # Errors
///
/// [`Unsupported`](io::ErrorKind::Unsupported) as for [`set_busy_poll`]; otherwise the error of the
/// system, with its code.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use mio::Poll;
/// use mio::unix::{BusyPoll, busy_poll};
///
/// let poll = Poll::new()?;
/// if let Ok(parameters) = busy_poll(poll.registry()) {
///     assert_eq!(parameters, BusyPoll::default());
/// }
/// # Ok(())
/// # }
/// ```
#[inline]
pub fn busy_poll(registry: &Registry) -> io::Result<BusyPoll> {
    registry.selector().busy_poll()
}
