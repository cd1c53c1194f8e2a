//! What only Windows has: sources that are any socket or any handle one can wait for.
//!
//! - [`SourceSocket`]: watches a socket that belongs to somebody else, such as another library's.
//! - [`SourceHandle`]: waits for a process, an event, a timer, or whatever else can be signalled.

mod source_handle;
mod source_socket;

pub use source_handle::SourceHandle;
pub use source_socket::SourceSocket;
