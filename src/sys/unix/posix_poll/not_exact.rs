//! The system waits in whole milliseconds only.

use std::io;

use crate::sys::raw;
use crate::sys::timeout::Wait;

/// Never waits: there is no such call.
pub(crate) fn wait(_: &mut [raw::pollfd], _: Wait) -> io::Result<Option<usize>> {
    Ok(None)
}

/// poll(2) is to be asked.
pub(crate) fn look(_: &mut [raw::pollfd]) -> io::Result<Option<usize>> {
    Ok(None)
}
