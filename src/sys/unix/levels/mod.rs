//! What selectors share whose kernel tells levels: the table of what is registered, the rules that make edges of levels, and
//! the event.

mod apart;
mod syscall;
mod table;

use std::fmt;
use std::io;

use crate::sys::record_list::RecordList;
use crate::sys::{PRIORITY, PollBits, READ_HANG_UP, contract, errors, flags, raw};
use crate::{Interest, Token};

pub(crate) use apart::Apart;
#[allow(unused_imports)] // For queues over poll(2).
pub(crate) use syscall::wait;
pub(crate) use table::{Key, Table};

/// The conditions that an interest asks for.
pub(crate) fn bits(interest: Interest) -> io::Result<PollBits> {
    if interest.is_aio() || interest.is_lio() {
        return Err(errors::unsupported("AIO and LIO cannot be watched here"));
    }
    let mut bits = 0;
    if interest.is_readable() {
        bits |= raw::POLLIN | READ_HANG_UP;
    }
    if interest.is_writable() {
        bits |= raw::POLLOUT;
    }
    if interest.is_priority() {
        if PRIORITY == 0 {
            return Err(errors::unsupported("there is no priority data here"));
        }
        bits |= PRIORITY;
    }
    Ok(bits)
}

/// One event.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    token: Token,
    bits: PollBits,
}

impl Record {
    pub(crate) fn new(token: Token, bits: PollBits) -> Record {
        Record { token, bits }
    }

    #[inline]
    fn has(&self, bits: PollBits) -> bool {
        self.bits & bits == bits
    }
}

impl contract::Record for Record {
    #[inline]
    fn token(&self) -> Token {
        self.token
    }

    #[inline]
    fn is_readable(&self) -> bool {
        self.bits & (raw::POLLIN | PRIORITY) != 0
    }

    #[inline]
    fn is_writable(&self) -> bool {
        self.has(raw::POLLOUT)
    }

    #[inline]
    fn is_error(&self) -> bool {
        self.has(raw::POLLERR)
    }

    #[inline]
    fn is_read_closed(&self) -> bool {
        // Both halves are gone, or the peer has shut its writing half.
        self.has(raw::POLLHUP) || READ_HANG_UP != 0 && self.has(raw::POLLIN | READ_HANG_UP)
    }

    #[inline]
    fn is_write_closed(&self) -> bool {
        // Both halves are gone, or writing fails, or nothing but an error: what a pipe's writer gets when its reader is gone.
        self.has(raw::POLLHUP) || self.has(raw::POLLOUT | raw::POLLERR) || self.bits == raw::POLLERR
    }

    #[inline]
    fn is_priority(&self) -> bool {
        PRIORITY != 0 && self.has(PRIORITY)
    }

    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [record, field] = super::SHOWN;
        f.debug_struct(record)
            .field(field, &Flags(self.bits))
            .field("token", &self.token.0)
            .finish()
    }
}

/// Shows flags by name.
struct Flags(PollBits);

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By bit pattern: a sign means nothing here.
        let bits = |flags: PollBits| u32::from(flags as u16);
        let names = raw::POLL_NAMES
            .iter()
            .map(|(name, flag)| (*name, bits(*flag)));
        flags::write(f, bits(self.0), names)
    }
}

/// The events of one `select`.
pub(crate) type Records = RecordList<Record>;
