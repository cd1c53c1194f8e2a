//! What only WASI has: sources that are any descriptor.
//!
//! [`SourceFd`] watches a descriptor that belongs to somebody else, such as the standard input.

pub use crate::source_fd::SourceFd;
