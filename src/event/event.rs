//! One readiness event.
#![allow(unsafe_code)] // One cast of a transparent reference.

use std::fmt;

use crate::Token;
use crate::sys;
use crate::sys::selector::SelectorEvent as _;

/// Something became ready.
///
/// An event is a hint: it may be spurious, and several changes may come as one event. What it means is found out by doing the
/// operation until it says [`WouldBlock`](std::io::ErrorKind::WouldBlock).
///
/// Which methods hold in which situation differs between systems; each method says how far it can
/// be relied on. These are rows of `tests/snapshots/event-semantics.md` of the repository. Its
/// columns for epoll and poll are measured on Linux, wasip1 and wasip2 on wasmtime. Those for
/// kqueue (but for FreeBSD 13.1), event ports and poll-oneoff are measured on fake kernels, not on
/// those kernels. afd-wine is measured on Wine 8 and Wine 10. afd, which is Windows, is not
/// measured yet: it is
/// what Microsoft documents, and where nothing is documented what Wine does.
///
/// R is [`is_readable`](Event::is_readable), W [`is_writable`](Event::is_writable), rc
/// [`is_read_closed`](Event::is_read_closed), wc [`is_write_closed`](Event::is_write_closed), e
/// [`is_error`](Event::is_error); `-` is no event, and empty is what that system has
/// not. A source registered with [`Interest::READABLE`](crate::Interest::READABLE):
///
/// | situation | afd | afd-wine | epoll, poll | event-ports | kqueue | poll-oneoff | wasip1 | wasip2 |
/// |---|---|---|---|---|---|---|---|---|
/// | TCP: peer shut its writing half | R rc | R rc | R rc | R | R rc | R | R | R |
/// | TCP: peer closed | R rc | R rc | R rc | R | R rc | R | R | R |
/// | TCP: peer closed, data left | R rc | R | R rc | R | R rc | R | R | R |
/// | TCP: reset by peer | R W rc wc e | R W rc wc e | R rc wc e | R rc wc e | R rc e | R rc | R e | R |
/// | TCP: connection refused | R W rc wc e | R W rc wc e | R rc wc e | R rc wc e | R rc e | R rc |  |  |
/// | TCP: both halves shut | - | - | R rc wc | R rc wc | R rc | R rc | R rc | R |
/// | UDP: connected to a closed port | R | - | wc e | wc e | R | R |  | R |
/// | Pipe reader: writer gone |  |  | rc wc | rc wc | R rc | R rc |  |  |
///
/// And one registered with [`Interest::WRITABLE`](crate::Interest::WRITABLE):
///
/// | situation | afd | afd-wine | epoll, poll | event-ports | kqueue | poll-oneoff | wasip1 | wasip2 |
/// |---|---|---|---|---|---|---|---|---|
/// | TCP: peer shut its writing half | W | W | W | W | W | W | W | W |
/// | TCP: own writing half shut | W | W | W | W | W wc | W | W | W |
/// | TCP: reset by peer | R W rc wc e | R W rc wc e | W rc wc e | W rc wc e | W wc e | W wc | W e | W |
/// | Pipe writer: reader gone |  |  | W wc e | W wc e | W wc | W |  |  |
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
    record: sys::Event,
}

impl Event {
    /// The token given when the source was registered.
    #[must_use]
    #[inline]
    pub fn token(&self) -> Token {
        self.record.token()
    }

    /// Data, a connection, priority data or an end of file can be read.
    #[must_use]
    #[inline]
    pub fn is_readable(&self) -> bool {
        self.record.is_readable()
    }

    /// Data can be written, or a connection attempt has ended.
    #[must_use]
    #[inline]
    pub fn is_writable(&self) -> bool {
        self.record.is_writable()
    }

    /// The source is in an error state; `take_error` of a socket tells which.
    ///
    /// It may come alone: on epoll, event ports and poll(2) an unreachable peer of a UDP socket shows as an error that is neither readable
    /// nor writable (and as [`is_write_closed`](Event::is_write_closed)). kqueue reports it together with a closed half.
    #[must_use]
    #[inline]
    pub fn is_error(&self) -> bool {
        self.record.is_error()
    }

    /// The reading half is closed: the peer shut its writing half, or the connection is gone.
    ///
    /// Data sent before may still be there to read. Best effort: where the system says nothing of the kind (event ports, WASI,
    /// poll(2) without `POLLRDHUP`), a read that returns `Ok(0)` is the only sign. It never holds merely because this side shut its writing
    /// half.
    #[must_use]
    #[inline]
    pub fn is_read_closed(&self) -> bool {
        self.record.is_read_closed()
    }

    /// The writing half is closed: this side shut both halves (on kqueue: its writing half), the reader of a pipe is gone, or the
    /// connection failed.
    ///
    /// Best effort. A peer that only shut its own writing half does not close ours. On epoll, event ports and poll(2) an error without any
    /// other condition counts as closed. Windows tells what the peer and the network did, not what this side has shut.
    #[must_use]
    #[inline]
    pub fn is_write_closed(&self) -> bool {
        self.record.is_write_closed()
    }

    /// Priority data can be read, such as TCP's out-of-band byte.
    ///
    /// Such an event is [`is_readable`](Event::is_readable), too. Only epoll, event ports, poll(2) and Windows sockets have it.
    #[must_use]
    #[inline]
    pub fn is_priority(&self) -> bool {
        self.record.is_priority()
    }

    /// POSIX asynchronous I/O has completed. Always `false` but on kqueue.
    #[must_use]
    #[inline]
    pub fn is_aio(&self) -> bool {
        self.record.is_aio()
    }

    /// A list of POSIX asynchronous I/O has completed. Always `false` but on FreeBSD.
    #[must_use]
    #[inline]
    pub fn is_lio(&self) -> bool {
        self.record.is_lio()
    }

    /// The event that this record is.
    #[inline]
    pub(crate) fn from_record(record: &sys::Event) -> &Event {
        let event: *const Event = std::ptr::from_ref(record).cast();
        // SAFETY: `Event` is a `repr(transparent)` struct of one field, a `sys::Event`, so both have the same size, alignment
        // and validity, and the pointer comes from a reference that the result borrows from.
        unsafe { &*event }
    }
}

impl fmt::Debug for Event {
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
            debug.field("details", &Details(&self.record));
        }
        debug.finish()
    }
}

/// The selector's own view, shown by `{:#?}`.
struct Details<'a>(&'a sys::Event);

impl fmt::Debug for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.details(f)
    }
}
