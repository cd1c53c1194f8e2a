//! What only WASI has: sources that are any descriptor.
//!
//! [`SourceFd`] watches a descriptor that belongs to somebody else, such as the standard input.

#[path = "unix/source_fd.rs"]
mod source_fd;

pub use source_fd::SourceFd;
