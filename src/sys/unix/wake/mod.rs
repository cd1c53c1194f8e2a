//! What a waker writes to: an object that a selector can watch.

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// An object whose notification makes its descriptor readable, and again each time (a new edge).
pub(crate) trait Notifier:
    Sized + Send + Sync + UnwindSafe + RefUnwindSafe + fmt::Debug
{
    /// Makes one, close-on-exec and non-blocking.
    fn new() -> io::Result<Self>;
    /// Makes the descriptor readable, with a new edge even if it is readable already.
    fn notify(&self) -> io::Result<()>;
    /// Takes all notifications back: the descriptor is no longer readable.
    fn drain(&self) -> io::Result<()>;
    /// The descriptor to watch.
    fn as_fd(&self) -> BorrowedFd<'_>;
}
