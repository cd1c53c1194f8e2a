//! The system waits in whole milliseconds only.

use std::io;
use std::time::Duration;

use crate::sys::raw;

/// Never waits: there is no such call.
pub(crate) fn wait(_: &mut [raw::pollfd], _: Duration) -> io::Result<Option<usize>> {
    Ok(None)
}
