//! The event type and the event buffer.

use std::fmt;

use crate::Token;
use crate::sys::event_buffer::EventVec;
use crate::sys::{flags, selector};

/// The direction of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Read,
    Write,
}

const READ: u8 = 1;
const WRITE: u8 = 2;
const READ_HANG_UP: u8 = 4;
const WRITE_HANG_UP: u8 = 8;
const ERROR: u8 = 16;

const NAMES: [(&str, u32); 5] = [
    ("FD_READ", READ as u32),
    ("FD_WRITE", WRITE as u32),
    ("FD_READ_HANGUP", READ_HANG_UP as u32),
    ("FD_WRITE_HANGUP", WRITE_HANG_UP as u32),
    ("ERROR", ERROR as u32),
];

/// The conditions of one source, both directions in one event.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    token: Token,
    bits: u8,
}

impl Event {
    /// An event without conditions.
    pub(super) fn new(token: Token) -> Event {
        Event { token, bits: 0 }
    }

    /// Whether the event has no condition.
    pub(super) fn is_empty(&self) -> bool {
        self.bits == 0
    }

    /// Adds a direction that is ready.
    pub(super) fn set_ready(&mut self, direction: Direction, hang_up: bool) {
        let (ready, hung_up) = match direction {
            Direction::Read => (READ, READ_HANG_UP),
            Direction::Write => (WRITE, WRITE_HANG_UP),
        };
        self.bits |= ready;
        if hang_up {
            self.bits |= hung_up;
        }
    }

    /// Adds a direction that the host cannot poll. An operation would return an error.
    pub(super) fn set_failed(&mut self, direction: Direction) {
        self.set_ready(direction, false);
        self.bits |= ERROR;
    }

    fn has(&self, bits: u8) -> bool {
        self.bits & bits != 0
    }
}

impl selector::SelectorEvent for Event {
    fn token(&self) -> Token {
        self.token
    }

    fn is_readable(&self) -> bool {
        self.has(READ)
    }

    fn is_writable(&self) -> bool {
        self.has(WRITE)
    }

    fn is_error(&self) -> bool {
        self.has(ERROR)
    }

    fn is_read_closed(&self) -> bool {
        self.has(READ_HANG_UP)
    }

    fn is_write_closed(&self) -> bool {
        self.has(WRITE_HANG_UP)
    }

    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("event")
            .field("flags", &Flags(self.bits))
            .field("token", &self.token.0)
            .finish()
    }
}

/// Writes the names of the flags.
struct Flags(u8);

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        flags::write(f, u32::from(self.0), NAMES.into_iter())
    }
}

/// The events of one `select`.
pub(crate) type Events = EventVec<Event>;
