//! Notifiers: what a waker writes to, an object that a selector can watch.

cfg_eventfd! {
    pub(crate) mod eventfd;
}
cfg_waker_pipe! {
    pub(crate) mod pipe;
}

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// An object whose notification makes its fd readable, with a new edge each time.
pub(crate) trait Notifier:
    Sized + Send + Sync + UnwindSafe + RefUnwindSafe + fmt::Debug
{
    /// Makes a notifier, close-on-exec and non-blocking.
    fn new() -> io::Result<Self>;
    /// Makes the fd readable, with a new edge even if it is readable already.
    fn notify(&self) -> io::Result<()>;
    /// The same from a copy of the process that watches the fd: `drain` then reports it.
    #[allow(dead_code)] // For poll(2), and for `Drained`.
    fn notify_from_copy(&self) -> io::Result<()>;
    /// Takes all notifications, so that the fd is no longer readable. `true` if one was from a copy
    /// of this process.
    fn drain(&self) -> io::Result<bool>;
    /// The fd to watch.
    fn as_fd(&self) -> BorrowedFd<'_>;
}

cfg_drained! {
    /// A notifier for kernels that report no new edge while the fd is readable: it is drained
    /// before it is written. illumos is one: <https://github.com/tokio-rs/mio/pull/1826>.
    #[derive(Debug)]
    pub(crate) struct Drained<N>(N);

    impl<N: Notifier> Notifier for Drained<N> {
        fn new() -> io::Result<Drained<N>> {
            N::new().map(Drained)
        }

        fn notify(&self) -> io::Result<()> {
            if self.0.drain()? {
                // Passes on the notification that was drained.
                return self.0.notify_from_copy();
            }
            self.0.notify()
        }

        fn notify_from_copy(&self) -> io::Result<()> {
            self.0.drain()?;
            self.0.notify_from_copy()
        }

        fn drain(&self) -> io::Result<bool> {
            self.0.drain()
        }

        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }
}

cfg_levels! {
    use std::os::fd::{AsRawFd, RawFd};

    /// What wakes a blocked poll(2): a notifier, or nothing where the system has none.
    #[allow(dead_code)] // Event ports and `poll_oneoff` have no notifier.
    pub(crate) trait PollNotifier:
        Sized + Send + Sync + UnwindSafe + RefUnwindSafe + fmt::Debug
    {
        /// Whether it can wake a blocked poll(2).
        const WAKES: bool;
        /// See [`Notifier::new`].
        fn new() -> io::Result<Self>;
        /// See [`Notifier::notify`].
        fn notify(&self) -> io::Result<()>;
        /// See [`Notifier::notify_from_copy`].
        fn notify_from_copy(&self) -> io::Result<()>;
        /// See [`Notifier::drain`].
        fn drain(&self) -> io::Result<bool>;
        /// The fd to watch; -1 if there is none, which poll(2) ignores.
        fn raw_fd(&self) -> RawFd;
    }

    impl<N: Notifier> PollNotifier for N {
        const WAKES: bool = true;

        fn new() -> io::Result<N> {
            Notifier::new()
        }

        fn notify(&self) -> io::Result<()> {
            Notifier::notify(self)
        }

        fn notify_from_copy(&self) -> io::Result<()> {
            Notifier::notify_from_copy(self)
        }

        fn drain(&self) -> io::Result<bool> {
            Notifier::drain(self)
        }

        fn raw_fd(&self) -> RawFd {
            self.as_fd().as_raw_fd()
        }
    }

    /// The notifier of a system on which waking a blocked poll(2) is not supported.
    #[derive(Debug)]
    #[allow(dead_code)] // Event ports and `poll_oneoff` have no notifier.
    pub(crate) struct NoNotifier;

    impl PollNotifier for NoNotifier {
        const WAKES: bool = false;

        fn new() -> io::Result<NoNotifier> {
            Ok(NoNotifier)
        }

        fn notify(&self) -> io::Result<()> {
            Ok(())
        }

        fn notify_from_copy(&self) -> io::Result<()> {
            Ok(())
        }

        fn drain(&self) -> io::Result<bool> {
            Ok(false)
        }

        fn raw_fd(&self) -> RawFd {
            -1
        }
    }
}
