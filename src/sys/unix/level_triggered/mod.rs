//! Edge emulation on a level-triggered poll, by re-arm, probe and back-off: the table of what is
//! registered, the rules, and the event. Selectors over poll(2) and over event ports share it.
//!
//! A registration has four directions: reading, writing, priority, and hang-up and error. The
//! kernel's calls return levels; an edge-triggered event is due when a level begins, and the
//! selector only sees those beginnings that a call happens to see.
//!
//! - **Re-arm.** What is read and written of an *owned* source passes through this crate. A
//!   direction that was reported is not asked for again until an operation in that direction would
//!   block, and is exact.
//! - **Probe.** Reading and writing of an *unowned* descriptor, and priority, hang-up and error of
//!   either, are ended by calls that this crate does not see. Once they were reported (reading and
//!   writing: 32 times) without an observation of "not ready", the blocking poll does not ask for
//!   them; a zero-timeout poll(2) does, at the beginning of each `select` and when the next report
//!   is due. A hang-up or error cannot be masked, so its slot is *suspended*: all of its directions
//!   are probed, and the blocking poll does not have it. A probe that sees a condition that was not
//!   there before reports at once.
//! - **Back-off.** A condition that stays is reported again, after a delay that grows up to a cap
//!   (`level_backoff`). It is never suppressed for good: the same bits may hide new data (a FIFO's
//!   next writer that came and went), or a new message on an error queue.
//!
//! **No loss, and the bound.** A condition that holds is in exactly one of these states: asked for
//! by the blocking poll, which then ends; probed no later than its delay after the last report, and
//! then reported; or reading or writing of an owned source that was reported and for which no
//! operation would have blocked since: that report is still to be served. Some files clear what
//! they return (proc(5): `mountinfo`): what a call returned and no event has shown is kept in
//! `unreported`.
//!
//! **No spin.** A report follows an observation of "not ready" by the kernel or by an operation,
//! which is a real edge; a condition that is new; or the delay.
//!
//! POSIX does not say that a blocked poll(2) returns for a hang-up of an entry that asks for no
//! events. Where that is not known (`POLL_RETURNS_FOR_HANG_UP`) a wait over such entries ends after
//! the longest delay and begins anew, which sees it.

mod probe;
mod slot;
mod table;

use std::fmt;
use std::io;

use crate::sys::event_buffer::EventVec;
use crate::sys::platform::EVENTS;
use crate::sys::unix::caps::PollBits;
use crate::sys::{errors, ffi, flags, selector};
use crate::{Interest, Token};

pub(crate) use probe::ProbeSet;
pub(crate) use table::{Key, Table};

/// The condition for priority data, and that for the end of a peer's stream; 0 if the system reports
/// none.
const PRIORITY: PollBits = EVENTS.priority;
const READ_HANG_UP: PollBits = EVENTS.read_hang_up;

/// The conditions that an interest asks for.
pub(crate) fn bits(interest: Interest) -> io::Result<PollBits> {
    if interest.is_aio() || interest.is_lio() {
        return Err(errors::unsupported("AIO and LIO cannot be watched here"));
    }
    let mut bits = 0;
    if interest.is_readable() {
        bits |= ffi::POLLIN | READ_HANG_UP;
    }
    if interest.is_writable() {
        bits |= ffi::POLLOUT;
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
pub(crate) struct Event {
    token: Token,
    bits: PollBits,
}

impl Event {
    pub(crate) fn new(token: Token, bits: PollBits) -> Event {
        Event { token, bits }
    }

    #[inline]
    fn has(&self, bits: PollBits) -> bool {
        self.bits & bits == bits
    }
}

impl selector::SelectorEvent for Event {
    #[inline]
    fn token(&self) -> Token {
        self.token
    }

    #[inline]
    fn is_readable(&self) -> bool {
        self.bits & (ffi::POLLIN | PRIORITY) != 0
    }

    #[inline]
    fn is_writable(&self) -> bool {
        self.has(ffi::POLLOUT)
    }

    #[inline]
    fn is_error(&self) -> bool {
        self.has(ffi::POLLERR)
    }

    #[inline]
    fn is_read_closed(&self) -> bool {
        // Both halves are gone, or the peer has shut its writing half.
        self.has(ffi::POLLHUP) || READ_HANG_UP != 0 && self.has(ffi::POLLIN | READ_HANG_UP)
    }

    #[inline]
    fn is_write_closed(&self) -> bool {
        // Both halves are gone, or writing fails, or nothing but an error: what a pipe's writer
        // gets when its reader is gone.
        self.has(ffi::POLLHUP) || self.has(ffi::POLLOUT | ffi::POLLERR) || self.bits == ffi::POLLERR
    }

    #[inline]
    fn is_priority(&self) -> bool {
        PRIORITY != 0 && self.has(PRIORITY)
    }

    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [record, field] = EVENTS.level_event;
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
        let names = ffi::POLL_NAMES
            .iter()
            .map(|(name, flag)| (*name, bits(*flag)));
        flags::write(f, bits(self.0), names)
    }
}

/// The events of one `select`.
pub(crate) type Events = EventVec<Event>;
