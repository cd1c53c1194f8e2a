//! Unix domain sockets.

mod listener;
mod stream;

pub use listener::UnixListener;
pub use stream::UnixStream;
