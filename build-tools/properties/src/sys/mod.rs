//! System calls of the harness: the levels of a source, and sources that std cannot create.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

/// The conditions of a source at one time.
pub(crate) type Levels = i16;
