//! The events of one `select`: our own records, since packets carry no readiness.
//!
//! The flags are AFD's, for every kind of source: what a pipe or a waker reports is said in the same words.

use std::fmt;

use crate::Token;
use crate::sys::contract;
use crate::sys::record_list::RecordList;
use crate::sys::{flags, raw};

/// The source cannot be watched. None of AFD's flags.
pub(crate) const FAULT: u32 = 1 << 31;

/// Data, a connection or an end of file can be read.
const READABLE: u32 = raw::AFD_POLL_RECEIVE
    | raw::AFD_POLL_RECEIVE_EXPEDITED
    | raw::AFD_POLL_DISCONNECT
    | raw::AFD_POLL_ACCEPT
    | raw::AFD_POLL_ABORT
    | raw::AFD_POLL_CONNECT_FAIL;
/// Data can be written, or writing fails at once.
const WRITABLE: u32 = raw::AFD_POLL_SEND | raw::AFD_POLL_ABORT | raw::AFD_POLL_CONNECT_FAIL;
/// There is no connection any more, or none came about.
const FAILED: u32 = raw::AFD_POLL_ABORT | raw::AFD_POLL_CONNECT_FAIL;
/// The peer writes no more.
const READ_CLOSED: u32 = raw::AFD_POLL_DISCONNECT | FAILED;

const NAMES: [(&str, u32); 10] = [
    ("RECEIVE", raw::AFD_POLL_RECEIVE),
    ("RECEIVE_EXPEDITED", raw::AFD_POLL_RECEIVE_EXPEDITED),
    ("SEND", raw::AFD_POLL_SEND),
    ("DISCONNECT", raw::AFD_POLL_DISCONNECT),
    ("ABORT", raw::AFD_POLL_ABORT),
    ("LOCAL_CLOSE", raw::AFD_POLL_LOCAL_CLOSE),
    ("CONNECT", raw::AFD_POLL_CONNECT),
    ("ACCEPT", raw::AFD_POLL_ACCEPT),
    ("CONNECT_FAIL", raw::AFD_POLL_CONNECT_FAIL),
    ("FAULT", FAULT),
];

/// One event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    flags: u32,
    token: Token,
}

impl Record {
    /// An event of `token` with AFD's `flags`.
    pub(crate) fn new(token: Token, flags: u32) -> Record {
        Record { flags, token }
    }
}

impl contract::Record for Record {
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
        self.flags & (FAILED | FAULT) != 0
    }

    #[inline]
    fn is_read_closed(&self) -> bool {
        self.flags & READ_CLOSED != 0
    }

    #[inline]
    fn is_write_closed(&self) -> bool {
        self.flags & FAILED != 0
    }

    #[inline]
    fn is_priority(&self) -> bool {
        self.flags & raw::AFD_POLL_RECEIVE_EXPEDITED != 0
    }

    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("flags", &Flags(self.flags))
            .field("token", &self.token.0)
            .finish()
    }
}

/// Shows flags by name.
struct Flags(u32);

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        flags::write(f, self.0, NAMES.into_iter())
    }
}

/// The events of one `select`.
pub(crate) type Records = RecordList<Record>;
