//! Who is measured: this library, upstream's, `polling`, and system calls without any library.

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

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Reading.
    Read,
    /// Writing.
    Write,
}

/// Adds sources of one kind to a queue.
pub trait Watch<S> {
    /// Starts watching.
    fn add(&self, source: &mut S, token: usize, interest: Interest);
    /// Changes what is watched for.
    fn change(&self, source: &mut S, token: usize, interest: Interest);
    /// Stops watching.
    fn remove(&self, source: &mut S);
}

/// One event queue with its sockets, as its users use it.
pub trait Peer: Sized + Send + 'static {
    /// Its name in tables.
    const NAME: &'static str;
    /// The buffer of events.
    type Events;
    /// What adds sources, also from another thread.
    #[cfg(unix)]
    type Registry: Watch<Self::Source>
        + Watch<Self::Stream>
        + Watch<Self::Listener>
        + Watch<Self::Udp>
        + Send
        + 'static;
    /// What adds sources, also from another thread.
    #[cfg(windows)]
    type Registry: Watch<Self::Stream> + Watch<Self::Listener> + Watch<Self::Udp> + Send + 'static;
    /// What ends a wait from another thread.
    type Waker: Send + Sync + 'static;
    /// Any descriptor, owned.
    #[cfg(unix)]
    type Source: Send + 'static;
    /// A TCP connection.
    type Stream;
    /// A TCP listener.
    type Listener;
    /// A UDP socket.
    type Udp;

    /// An empty queue.
    fn new() -> Self;
    /// A buffer for so many events.
    fn events(capacity: usize) -> Self::Events;
    /// Waits. An interruption counts as an empty return.
    fn poll(&mut self, events: &mut Self::Events, timeout: Option<Duration>);
    /// Shows the token of each event, and whether one may read and write.
    fn visit(events: &Self::Events, see: impl FnMut(usize, bool, bool));
    /// For the thread that polls.
    fn registry(&self) -> &Self::Registry;
    /// For another thread.
    fn another_registry(&self) -> Self::Registry;
    /// A waker of this queue.
    fn waker(&self, token: usize) -> Self::Waker;
    /// Wakes.
    fn wake(waker: &Self::Waker);

    /// Takes a descriptor that does not block.
    #[cfg(unix)]
    fn source(descriptor: OwnedFd) -> Self::Source;
    /// Reads.
    #[cfg(unix)]
    fn read_source(source: &mut Self::Source, buffer: &mut [u8]) -> io::Result<usize>;

    /// A listener on loopback.
    fn listen() -> (Self::Listener, SocketAddr);
    /// Accepts one connection.
    fn accept(listener: &mut Self::Listener) -> io::Result<Self::Stream>;
    /// Begins to connect.
    fn connect(address: SocketAddr) -> Self::Stream;
    /// Reads.
    fn read(stream: &mut Self::Stream, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes.
    fn write(stream: &mut Self::Stream, buffer: &[u8]) -> io::Result<usize>;
    /// A socket on loopback.
    fn udp() -> (Self::Udp, SocketAddr);
    /// Sends to an address.
    fn send_to(socket: &mut Self::Udp, buffer: &[u8], to: SocketAddr) -> io::Result<usize>;
    /// Receives.
    fn receive(socket: &mut Self::Udp, buffer: &mut [u8]) -> io::Result<usize>;
}

/// A queue for named pipes, too.
#[cfg(windows)]
pub trait Pipes: Peer {
    /// One end.
    type Pipe;
    /// A server and its client, connected, and watched by the queue.
    fn pipes(queue: &Self) -> (Self::Pipe, Self::Pipe);
    /// Reads.
    fn read_pipe(pipe: &mut Self::Pipe, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes.
    fn write_pipe(pipe: &mut Self::Pipe, data: &[u8]) -> io::Result<usize>;
}

/// A name that no other pipe has.
#[cfg(windows)]
#[must_use]
pub fn pipe_name() -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static LAST: AtomicUsize = AtomicUsize::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    format!(r"\\.\pipe\mio-bench-{}-{number}", std::process::id())
}

/// The loopback address with a port of the system's choice.
#[must_use]
pub fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// What a case cannot go on without: its failure is a failure of the bench.
#[track_caller]
pub fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
