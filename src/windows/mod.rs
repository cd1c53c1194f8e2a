//! Sources that exist on Windows only.
//!
//! - [`NamedPipe`]: either end of a named pipe, or another handle for overlapped I/O.
//! - [`SourceSocket`]: a socket that the caller owns, such as one of another library.
//! - [`SourceHandle`]: a waitable handle, such as that of a process, an event or a timer.

mod named_pipe;
mod source_handle;
mod source_socket;

pub use named_pipe::NamedPipe;
pub use source_handle::SourceHandle;
pub use source_socket::SourceSocket;
