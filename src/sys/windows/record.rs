//! The events of one `select`: our own records, since packets carry no readiness.
//!
//! The flags are AFD's, for every kind of source: what a pipe or a waker reports is said in the same words.

use std::fmt;

use crate::Token;
use crate::sys::contract;
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
    fn token(&self) -> Token {
        self.token
    }

    fn is_readable(&self) -> bool {
        self.flags & READABLE != 0
    }

    fn is_writable(&self) -> bool {
        self.flags & WRITABLE != 0
    }

    fn is_error(&self) -> bool {
        self.flags & (FAILED | FAULT) != 0
    }

    fn is_read_closed(&self) -> bool {
        self.flags & READ_CLOSED != 0
    }

    fn is_write_closed(&self) -> bool {
        self.flags & FAILED != 0
    }

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
pub(crate) struct Records {
    records: Vec<Record>,
    capacity: usize,
}

impl Records {
    /// How many more find room.
    pub(crate) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.records.len())
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Adds an event; `false` if there is no room.
    pub(crate) fn push(&mut self, record: Record) -> bool {
        let has_room = self.room() > 0;
        if has_room {
            self.records.push(record);
        }
        has_room
    }
}

impl contract::Records for Records {
    type Item = Record;

    fn with_capacity(capacity: usize) -> Records {
        Records {
            records: Vec::with_capacity(capacity),
            capacity,
        }
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn as_slice(&self) -> &[Record] {
        &self.records
    }

    fn clear(&mut self) {
        self.records.clear();
    }
}
