//! What only Unix systems have: pipes, and sources that are any descriptor.
//!
//! - [`pipe`]: a non-blocking pipe(7), and the pipes of child processes.
//! - [`SourceFd`]: watches a descriptor that belongs to somebody else, such as a terminal, a timer or another library's socket.

pub mod pipe;

pub use crate::source_fd::SourceFd;
