//! What only Hermit has: sources that are any descriptor.
//!
//! [`SourceFd`] watches a descriptor that belongs to somebody else.

pub use crate::source_fd::SourceFd;
