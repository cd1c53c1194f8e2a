//! What only Hermit has: sources that are any descriptor.
//!
//! [`SourceFd`] watches a descriptor that belongs to somebody else.

#[path = "unix/source_fd.rs"]
mod source_fd;

pub use source_fd::SourceFd;
