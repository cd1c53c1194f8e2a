//! No notifier: a system on which nothing can end a wait from outside.

use std::io;
use std::os::fd::RawFd;

use super::PollNotifier;

/// See the head of this file.
#[derive(Debug)]
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

    fn number(&self) -> RawFd {
        -1
    }
}
