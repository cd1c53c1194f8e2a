//! The events of one `select`.
//!
//! A completion packet carries no readiness, so the selector makes its events itself. Sockets,
//! pipes, handles and wakers all report readiness as AFD's conditions.

use std::fmt;

use crate::Token;
use crate::sys::event_buffer::EventVec;
use crate::sys::flags;
use crate::sys::selector;

use super::platform::ffi;

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
/// The connection was reset, or could not be made.
const RESET: u32 = ffi::AFD_POLL_ABORT | ffi::AFD_POLL_CONNECT_FAIL;
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
    pub(super) flags: u32,
    token: Token,
}

impl Event {
    /// An event of `token` with AFD's conditions as `flags`.
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        flags::write(f, self.0, NAMES.into_iter())
    }
}

/// The events of one `select`.
pub(crate) type Events = EventVec<Event>;
