//! What only Windows has: named pipes, and sources that are any socket or any handle one can wait for.
//!
//! - [`NamedPipe`]: either end of a named pipe, and other handles for overlapped I/O.
//! - [`SourceSocket`]: watches a socket that belongs to somebody else, such as another library's.
//! - [`SourceHandle`]: waits for a process, an event, a timer, or whatever else can be signalled.

mod named_pipe;
mod source_handle;
mod source_socket;

pub use named_pipe::NamedPipe;
pub use source_handle::SourceHandle;
pub use source_socket::SourceSocket;
