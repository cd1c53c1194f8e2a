//! The events of one `select`, and sets of their conditions.
//!
//! A completion packet carries no readiness, so the selector makes its events itself. Sockets,
//! pipes, handles and wakers all report readiness as AFD's conditions.

use std::fmt;

use crate::Token;
use crate::sys::event_buffer::EventVec;
use crate::sys::selector;

use super::platform::ffi;
use masks::RESET;

/// The source cannot be polled. Not one of AFD's flags.
pub(crate) const FAULT: u32 = 1 << 31;

/// A read or an accept returns data, a connection, the end or an error.
const READABLE: u32 = ffi::AFD_POLL_RECEIVE
    | ffi::AFD_POLL_RECEIVE_EXPEDITED
    | ffi::AFD_POLL_DISCONNECT
    | ffi::AFD_POLL_ACCEPT
    | ffi::AFD_POLL_ABORT
    | ffi::AFD_POLL_CONNECT_FAIL;
/// A write takes data, or returns an error.
const WRITABLE: u32 = ffi::AFD_POLL_SEND | ffi::AFD_POLL_ABORT | ffi::AFD_POLL_CONNECT_FAIL;
/// The peer has shut down its writing direction, or the connection was reset.
const READ_CLOSED: u32 = ffi::AFD_POLL_DISCONNECT | RESET;

const NAMES: [(&str, u32); 10] = [
    ("RECEIVE", ffi::AFD_POLL_RECEIVE),
    ("RECEIVE_EXPEDITED", ffi::AFD_POLL_RECEIVE_EXPEDITED),
    ("SEND", ffi::AFD_POLL_SEND),
    ("DISCONNECT", ffi::AFD_POLL_DISCONNECT),
    ("ABORT", ffi::AFD_POLL_ABORT),
    ("LOCAL_CLOSE", ffi::AFD_POLL_LOCAL_CLOSE),
    ("CONNECT", ffi::AFD_POLL_CONNECT),
    ("ACCEPT", ffi::AFD_POLL_ACCEPT),
    ("CONNECT_FAIL", ffi::AFD_POLL_CONNECT_FAIL),
    ("FAULT", FAULT),
];

/// One event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) flags: u32,
    token: Token,
}

impl Event {
    /// An event of `token` with AFD's conditions as `flags`.
    #[inline]
    pub(crate) fn new(token: Token, flags: u32) -> Event {
        Event { flags, token }
    }
}

impl selector::SelectorEvent for Event {
    #[inline]
    fn token(&self) -> Token {
        self.token
    }

    #[inline]
    fn is_readable(&self) -> bool {
        self.flags & READABLE != 0
    }

    #[inline]
    fn is_writable(&self) -> bool {
        self.flags & WRITABLE != 0
    }

    #[inline]
    fn is_error(&self) -> bool {
        self.flags & (RESET | FAULT) != 0
    }

    #[inline]
    fn is_read_closed(&self) -> bool {
        self.flags & READ_CLOSED != 0
    }

    #[inline]
    fn is_write_closed(&self) -> bool {
        self.flags & RESET != 0
    }

    #[inline]
    fn is_priority(&self) -> bool {
        self.flags & ffi::AFD_POLL_RECEIVE_EXPEDITED != 0
    }

    #[inline]
    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("flags", &Flags(self.flags))
            .field("token", &self.token.0)
            .finish()
    }
}

/// Formats flags by name.
struct Flags(u32);

impl fmt::Debug for Flags {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        selector::write_flags(f, self.0, NAMES.into_iter())
    }
}

/// The events of one `select`.
pub(crate) type Events = EventVec<Event>;

pub(super) mod masks {
    //! Sets of AFD's conditions.

    use super::{FAULT, ffi};
    use crate::Interest;

    /// The conditions that a reader waits for.
    pub(in crate::sys::windows) const READ: u32 = ffi::AFD_POLL_RECEIVE
        | ffi::AFD_POLL_RECEIVE_EXPEDITED
        | ffi::AFD_POLL_DISCONNECT
        | ffi::AFD_POLL_ACCEPT;
    /// The condition that a writer waits for. A completed connect sets `SEND`, too.
    pub(in crate::sys::windows) const WRITE: u32 = ffi::AFD_POLL_SEND;
    /// The conditions after which an operation succeeds, other than at the end of the stream.
    pub(in crate::sys::windows) const READINESS: u32 = READ & !ffi::AFD_POLL_DISCONNECT | WRITE;
    /// The connection was reset, or could not be made. Both directions have ended.
    pub(in crate::sys::windows) const RESET: u32 = ffi::AFD_POLL_ABORT | ffi::AFD_POLL_CONNECT_FAIL;
    /// The socket was closed by this process.
    pub(in crate::sys::windows) const CLOSED: u32 = ffi::AFD_POLL_LOCAL_CLOSE;

    /// `RECEIVE` and `ACCEPT` count as one condition, since AFD may complete a request for the
    /// first with the second (see the head of `afd/mod.rs`). No socket ever has both.
    const RECEIVE_OR_ACCEPT: u32 = ffi::AFD_POLL_RECEIVE | ffi::AFD_POLL_ACCEPT;

    /// `ready`, with `RECEIVE` and `ACCEPT` if it has one of them.
    pub(in crate::sys::windows) fn with_alias(ready: u32) -> u32 {
        if ready & RECEIVE_OR_ACCEPT == 0 {
            ready
        } else {
            ready | RECEIVE_OR_ACCEPT
        }
    }

    /// What to report of a source that cannot be polled for `wanted`: a fault and the readiness,
    /// without `DISCONNECT`, which would mean a closed peer.
    pub(in crate::sys::windows) fn of_fault(wanted: u32) -> u32 {
        wanted & (READ | WRITE) & !ffi::AFD_POLL_DISCONNECT | FAULT
    }

    /// The conditions of the directions that an operation waits for.
    pub(in crate::sys::windows) fn of_directions(waits_for: Interest) -> u32 {
        let mut mask = RESET;
        if waits_for.is_readable() {
            mask |= READ;
        }
        if waits_for.is_writable() {
            mask |= WRITE;
        }
        mask
    }

    /// The conditions of an interest.
    pub(in crate::sys::windows) fn of_interest(interest: Interest) -> u32 {
        let mut mask = RESET;
        if interest.is_readable() {
            mask |= READ & !ffi::AFD_POLL_RECEIVE_EXPEDITED;
        }
        if interest.is_priority() {
            mask |= ffi::AFD_POLL_RECEIVE_EXPEDITED;
        }
        if interest.is_writable() {
            mask |= WRITE;
        }
        mask
    }
}
