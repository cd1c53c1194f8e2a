//! What only Unix systems have: pipes, and any file descriptor as a source.
//!
//! - [`pipe`]: a non-blocking pipe(7), and the pipes of child processes.
//! - [`SourceFd`]: watches a file descriptor of the caller, such as a terminal, a timer or another
//!   library's socket.

pub mod pipe;

pub use crate::unowned_source::SourceFd;
