//! An event: a source became ready.
#![allow(unsafe_code)] // For the cast in `from_selector_event`.

use std::fmt;

use crate::Token;
use crate::sys;
use crate::sys::selector::SelectorEvent as _;

/// A source became ready.
///
/// An event is a hint: it may be spurious, and it may report several changes. To learn the state of
/// the source, repeat the operation until it returns
/// [`WouldBlock`](std::io::ErrorKind::WouldBlock).
///
/// # Platform differences
///
/// Systems differ in which methods return `true` in which situation. Each method documents how
/// reliable it is. The tables below are excerpts of `tests/snapshots/event-semantics.md` in the
/// repository. Its columns were measured as follows:
///
/// - epoll and poll on Linux, wasip1 and wasip2 on wasmtime, and the kqueue of FreeBSD 13.1.
/// - The other kqueues, event-ports and poll-oneoff on fake kernels, not on those kernels.
/// - afd-wine on Wine 8 and Wine 10.
/// - afd, which is Windows, is not measured yet. It shows what Microsoft documents, and what Wine
///   does where Microsoft documents nothing.
///
/// R is [`is_readable`](Event::is_readable), W [`is_writable`](Event::is_writable), rc
/// [`is_read_closed`](Event::is_read_closed), wc [`is_write_closed`](Event::is_write_closed), e
/// [`is_error`](Event::is_error); `-` is no event. A cell is empty if the situation does not exist
/// there.
///
/// A source that is registered with [`Interest::READABLE`](crate::Interest::READABLE):
///
/// |situation|afd|afd-wine|epoll, poll|event-ports|kqueue|poll-oneoff|wasip1|wasip2|
/// |---|---|---|---|---|---|---|---|---|
/// |TCP: peer shut its writing half|R rc|R rc|R rc|R|R rc|R|R|R|
/// |TCP: peer closed|R rc|R rc|R rc|R|R rc|R|R|R|
/// |TCP: peer closed, data left|R rc|R|R rc|R|R rc|R|R|R|
/// |TCP: reset by peer|R W rc wc e|R W rc wc e|R rc wc e|R rc wc e|R rc e|R rc|R e|R|
/// |TCP: connection refused|R W rc wc e|R W rc wc e|R rc wc e|R rc wc e|R rc e|R rc|||
/// |TCP: both halves shut|-|-|R rc wc|R rc wc|R rc|R rc|R rc|R|
/// |UDP: connected to a closed port|R|-|wc e|wc e|R|R||R|
/// |Pipe reader: writer gone|||rc wc|rc wc|R rc|R rc|||
///
/// A source that is registered with [`Interest::WRITABLE`](crate::Interest::WRITABLE):
///
/// |situation|afd|afd-wine|epoll, poll|event-ports|kqueue|poll-oneoff|wasip1|wasip2|
/// |---|---|---|---|---|---|---|---|---|
/// |TCP: peer shut its writing half|W|W|W|W|W|W|W|W|
/// |TCP: own writing half shut|W|W|W|W|W wc|W|W|W|
/// |TCP: reset by peer|R W rc wc e|R W rc wc e|W rc wc e|W rc wc e|W wc e|W wc|W e|W|
/// |Pipe writer: reader gone|||W wc e|W wc e|W wc|W|||
///
/// # Examples
///
/// ```
/// # #[cfg(all(feature = "os-poll", feature = "net"))] {
/// # fn main() -> std::io::Result<()> {
/// use mio::net::UdpSocket;
/// use mio::{Events, Interest, Poll, Token};
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(16);
/// let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
/// poll.registry().register(&mut socket, Token(3), Interest::WRITABLE)?;
/// poll.poll(&mut events, None)?;
/// let event = events.iter().next().unwrap();
/// assert!(event.is_writable() && !event.is_readable());
/// # Ok(())
/// # }
/// # main().unwrap() }
/// ```
#[derive(Clone)]
#[repr(transparent)]
pub struct Event {
    inner: sys::Event,
}

impl Event {
    /// Returns the token of the registration.
    #[must_use]
    #[inline]
    pub fn token(&self) -> Token {
        self.inner.token()
    }

    /// Returns whether data, a connection, priority data or an end of file can be read.
    #[must_use]
    #[inline]
    pub fn is_readable(&self) -> bool {
        self.inner.is_readable()
    }

    /// Returns whether data can be written, or a connection attempt has ended.
    #[must_use]
    #[inline]
    pub fn is_writable(&self) -> bool {
        self.inner.is_writable()
    }

    /// Returns whether the source has an error. `take_error` of a socket returns the error.
    ///
    /// An event may report nothing but an error. On epoll, event ports and poll(2), an unreachable
    /// peer of a UDP socket is an error that is neither readable nor writable (but
    /// [`is_write_closed`](Event::is_write_closed)). kqueue reports an error together with a closed
    /// half.
    #[must_use]
    #[inline]
    pub fn is_error(&self) -> bool {
        self.inner.is_error()
    }

    /// Returns whether the reading half is closed: the peer has shut down its writing half, or the
    /// connection has ended.
    ///
    /// Data that the peer sent before may still be unread. Shutting down only the own writing half
    /// does not count.
    ///
    /// Do not rely on this method alone. Event ports, WASI, and poll(2) without `POLLRDHUP` do not
    /// report a closed half. There, only a read that returns `Ok(0)` shows the end.
    #[must_use]
    #[inline]
    pub fn is_read_closed(&self) -> bool {
        self.inner.is_read_closed()
    }

    /// Returns whether the writing half is closed: this side has shut down both halves (on kqueue:
    /// its writing half), the reader of a pipe is gone, or the connection has failed.
    ///
    /// Do not rely on this method alone. A peer that shuts down only its own writing half does not
    /// close ours. On epoll, event ports and poll(2), an error without another condition counts as
    /// closed. Windows reports what the peer and the network do, but not which half this side has
    /// shut down.
    #[must_use]
    #[inline]
    pub fn is_write_closed(&self) -> bool {
        self.inner.is_write_closed()
    }

    /// Returns whether priority data can be read, such as the out-of-band byte of TCP.
    ///
    /// Such an event is also readable ([`is_readable`](Event::is_readable)). Only epoll, event
    /// ports, poll(2) and sockets on Windows report priority data.
    #[must_use]
    #[inline]
    pub fn is_priority(&self) -> bool {
        self.inner.is_priority()
    }

    /// Returns whether POSIX asynchronous I/O has completed. Always `false` except on FreeBSD,
    /// DragonFly BSD and Apple systems.
    #[must_use]
    #[inline]
    pub fn is_aio(&self) -> bool {
        self.inner.is_aio()
    }

    /// Returns whether a list of POSIX asynchronous I/O operations has completed. Always `false`
    /// except on FreeBSD.
    #[must_use]
    #[inline]
    pub fn is_lio(&self) -> bool {
        self.inner.is_lio()
    }

    /// Views an event of the selector as an `Event`.
    #[inline]
    pub(crate) fn from_selector_event(event: &sys::Event) -> &Event {
        let event: *const Event = std::ptr::from_ref(event).cast();
        // SAFETY: `Event` is a `repr(transparent)` struct whose only field is a `sys::Event`, so
        // both types have the same size, alignment and validity. The pointer comes from a
        // reference, and the result borrows from the same reference.
        unsafe { &*event }
    }
}

impl fmt::Debug for Event {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detailed = f.alternate();
        let mut debug = f.debug_struct("Event");
        debug
            .field("token", &self.token())
            .field("readable", &self.is_readable())
            .field("writable", &self.is_writable())
            .field("error", &self.is_error())
            .field("read_closed", &self.is_read_closed())
            .field("write_closed", &self.is_write_closed())
            .field("priority", &self.is_priority())
            .field("aio", &self.is_aio())
            .field("lio", &self.is_lio());
        if detailed {
            debug.field("details", &Details(&self.inner));
        }
        debug.finish()
    }
}

/// The fields of the event of the selector, which `{:#?}` shows.
struct Details<'a>(&'a sys::Event);

impl fmt::Debug for Details<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.details(f)
    }
}
