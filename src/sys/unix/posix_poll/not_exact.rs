//! The system waits in whole milliseconds only.

use std::io;

use crate::sys::ffi;
use crate::sys::timeout::KernelTimeout;

/// Never waits: there is no such call.
pub(crate) fn wait(_: &mut [ffi::pollfd], _: KernelTimeout) -> io::Result<Option<usize>> {
    Ok(None)
}

/// poll(2) is to be asked.
pub(crate) fn look(_: &mut [ffi::pollfd]) -> io::Result<Option<usize>> {
    Ok(None)
}
