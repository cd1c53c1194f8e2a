//! The peers: this library, upstream's, `polling`, and system calls without a library.

#[cfg(all(unix, not(mio_unsupported_force_poll_poll)))]
mod bare_epoll;
#[cfg(all(unix, mio_unsupported_force_poll_poll))]
mod bare_poll;
#[cfg(unix)]
mod bare_socket;
mod mio_like;
mod poller;

#[cfg(all(unix, not(mio_unsupported_force_poll_poll)))]
pub use bare_epoll::Bare;
#[cfg(all(unix, mio_unsupported_force_poll_poll))]
pub use bare_poll::Bare;
#[cfg(unix)]
pub use bare_socket::{eventfd, set_event};
pub use mio_like::{ours::Ours, upstream::Upstream};
pub use poller::Poller;

use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::time::Duration;

/// The readiness to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Readable.
    Read,
    /// Writable.
    Write,
}

/// Registers sources of one type.
pub trait Watch<S> {
    /// Registers a source.
    fn add(&self, source: &mut S, token: usize, interest: Interest);
    /// Changes the interests of a source.
    fn change(&self, source: &mut S, token: usize, interest: Interest);
    /// Deregisters a source.
    fn remove(&self, source: &mut S);
}

/// A library with its selector and its sockets.
pub trait Peer: Sized + Send + 'static {
    /// The name in tables.
    const NAME: &'static str;
    /// The event buffer.
    type Events;
    /// The registry, which other threads can use.
    #[cfg(unix)]
    type Registry: Watch<Self::Source>
        + Watch<Self::Stream>
        + Watch<Self::Listener>
        + Watch<Self::Udp>
        + Send
        + 'static;
    /// The registry, which other threads can use.
    #[cfg(windows)]
    type Registry: Watch<Self::Stream> + Watch<Self::Listener> + Watch<Self::Udp> + Send + 'static;
    /// The waker.
    type Waker: Send + Sync + 'static;
    /// An owned fd of any type.
    #[cfg(unix)]
    type Source: Send + 'static;
    /// A TCP connection.
    type Stream;
    /// A TCP listener.
    type Listener;
    /// A UDP socket.
    type Udp;

    /// Creates a selector.
    fn new() -> Self;
    /// Creates an event buffer of this capacity.
    fn events(capacity: usize) -> Self::Events;
    /// Polls. An interrupted poll returns no events.
    fn poll(&mut self, events: &mut Self::Events, timeout: Option<Duration>);
    /// Passes each event's token, and whether it is readable and writable.
    fn visit(events: &Self::Events, see: impl FnMut(usize, bool, bool));
    /// The registry for the thread that polls.
    fn registry(&self) -> &Self::Registry;
    /// The registry for another thread.
    fn another_registry(&self) -> Self::Registry;
    /// Creates a waker of the selector.
    fn waker(&self, token: usize) -> Self::Waker;
    /// Calls a waker.
    fn wake(waker: &Self::Waker);

    /// Wraps a non-blocking fd.
    #[cfg(unix)]
    fn source(descriptor: OwnedFd) -> Self::Source;
    /// Reads.
    #[cfg(unix)]
    fn read_source(source: &mut Self::Source, buffer: &mut [u8]) -> io::Result<usize>;

    /// Creates a listener on loopback.
    fn listen() -> (Self::Listener, SocketAddr);
    /// Accepts a connection.
    fn accept(listener: &mut Self::Listener) -> io::Result<Self::Stream>;
    /// Starts to connect.
    fn connect(address: SocketAddr) -> Self::Stream;
    /// Reads.
    fn read(stream: &mut Self::Stream, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes.
    fn write(stream: &mut Self::Stream, buffer: &[u8]) -> io::Result<usize>;
    /// Creates a UDP socket on loopback.
    fn udp() -> (Self::Udp, SocketAddr);
    /// Sends to an address.
    fn send_to(socket: &mut Self::Udp, buffer: &[u8], to: SocketAddr) -> io::Result<usize>;
    /// Receives.
    fn receive(socket: &mut Self::Udp, buffer: &mut [u8]) -> io::Result<usize>;
}

/// A peer that also supports named pipes.
#[cfg(windows)]
pub trait Pipes: Peer {
    /// One end of a pipe.
    type Pipe;
    /// Creates a server and its connected client, and registers both.
    fn pipes(selector: &Self) -> (Self::Pipe, Self::Pipe);
    /// Reads.
    fn read_pipe(pipe: &mut Self::Pipe, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes.
    fn write_pipe(pipe: &mut Self::Pipe, data: &[u8]) -> io::Result<usize>;
}

/// A unique name of a pipe.
#[cfg(windows)]
#[must_use]
pub fn pipe_name() -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static LAST: AtomicUsize = AtomicUsize::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    format!(r"\\.\pipe\mio-bench-{}-{number}", std::process::id())
}

/// The loopback address with port 0.
#[must_use]
pub fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Unwraps a result that a case needs. An error fails the bench.
#[track_caller]
pub fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
