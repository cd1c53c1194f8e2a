//! Unix domain sockets.

#[cfg(not(target_os = "emscripten"))]
mod datagram;
mod listener;
mod stream;

#[cfg(not(target_os = "emscripten"))]
pub use datagram::UnixDatagram;
pub use listener::UnixListener;
pub use stream::UnixStream;
