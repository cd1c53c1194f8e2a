//! The system has no pipes.

use std::io;
use std::os::fd::OwnedFd;

use crate::sys::errors;

/// Always `Unsupported`.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Err(errors::unsupported("this system has no pipes"))
}
