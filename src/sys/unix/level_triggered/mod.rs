//! Edge emulation on a level-triggered kernel, by re-arm, probe and back-off. The selectors over
//! poll(2) and over event ports share the table of registrations, the rules and the event type.
//!
//! A registration has four directions: reading, writing, priority, and hang-up and error. The
//! kernel returns levels. An edge-triggered event is due when a level begins, but the selector only
//! sees the levels at the times of its calls.
//!
//! - **Re-arm.** All reads and writes of an *owned* source pass through this crate. After a
//!   direction was reported, the selector does not request it again until an operation in that
//!   direction would block. These edges are exact.
//! - **Probe.** This crate does not see the operations on an *unowned* fd, nor those that end a
//!   priority, hang-up or error condition of any source. After such a condition was reported
//!   (reading and writing: 32 times) without an observation of "not ready", the blocking poll does
//!   not request it. A zero-timeout poll(2) probes it in each iteration of `select`; a hang-up
//!   older than about 1 s, or a closed socket, only after each report and when the next one is due.
//!   A hang-up or error cannot be masked, so its source is *suspended*: it is not part of the
//!   blocking poll, and all of its directions are probed. A probe that finds an additional
//!   condition reports it immediately.
//! - **Back-off.** A condition that persists is reported again, after a delay that grows up to a
//!   limit (`level_backoff`). It is never suppressed for good: the same bits may hide new data (the
//!   next writer of a FIFO came and went), or a new message on an error queue.
//!
//! **No loss, and the bound.** A condition that holds is in exactly one of these states:
//!
//! - It is part of the blocking poll, which then ends. A hang-up or error is never requested:
//!   poll(2) returns it for every entry. Where a blocked poll(2) may not return for it, the rescan
//!   below finds it.
//! - It is probed no later than its delay after the last report, and then reported.
//! - It is reading or writing of an owned source that was reported, and no operation would have
//!   blocked since: the caller has not served that report yet.
//!
//! Some files clear the conditions that a poll returns (see `CLEARED_BY_POLL`). The selector keeps
//! in `unreported` what a call has returned and no event has shown.
//!
//! **No spin.** A report follows an observation of "not ready" by the kernel or by an operation,
//! which makes it a real edge; an additional condition; or the delay.
//!
//! **Other modes.** A level-triggered registration (`Interest::LEVEL`) needs none of this: every
//! blocking poll requests all of its conditions. A one-shot registration is taken out of the poll
//! with its event, because a hang-up cannot be masked, and no operation arms it again.
//!
//! POSIX does not require that a blocked poll(2) returns for a hang-up of an entry that requests no
//! events (<https://pubs.opengroup.org/onlinepubs/9799919799/functions/poll.html>). Where the
//! kernel is not known to do it (`EventCaps::poll_returns_for_hang_up`), a poll with such entries
//! ends after 100 ms, the long delay of `EXCEPTION`, and is repeated (the *rescan*,
//! `RESCAN_PERIOD`). The next call sees the hang-up.

mod source_state;
mod table;
#[cfg(test)]
mod table_tests;

use std::fmt;
use std::io;

use crate::sys::event_buffer::EventVec;
use crate::sys::platform::EVENTS;
use crate::sys::unix::caps::PollBits;
use crate::sys::{errors, ffi, selector};
use crate::{Interest, Token};

#[allow(unused_imports)] // Only poll(2) applies a poll to many slots at once.
pub(crate) use source_state::SourceState;
#[allow(unused_imports)] // As above.
pub(crate) use table::apply_plain;
pub(crate) use table::{Key, ProbeSet, Table};

/// The condition of priority data; 0 if the platform does not report it.
const PRIORITY: PollBits = EVENTS.priority;
/// The names of an event and of its conditions in `Debug`.
const LEVEL_EVENT: [&str; 2] = EVENTS.level_event;
/// The condition of the end of the peer's stream; 0 if the platform does not report it.
const READ_HANG_UP: PollBits = EVENTS.read_hang_up;

/// What a registration may differ in from a *plain* one: owned, edge-triggered, and with a current
/// entry in the poller's array.
mod flag {
    /// Not all operations of the source pass through this crate.
    pub(super) const UNOWNED: u8 = 1 << 0;
    /// It is level-triggered.
    pub(super) const LEVEL: u8 = 1 << 1;
    /// It is one-shot.
    pub(super) const ONE_SHOT: u8 = 1 << 2;
    /// It is one-shot, and its event was reported.
    pub(super) const SPENT: u8 = 1 << 3;
    /// No entry was made of it yet: what a poll returns belongs to an earlier registration.
    pub(super) const NEW: u8 = 1 << 4;
    /// The index of its slot is in the dirty list: the poller's entry may be of an earlier state.
    pub(super) const DIRTY: u8 = 1 << 5;
    /// A probe since the last report or re-arm has found conditions, and none to report yet.
    pub(super) const PROBED: u8 = 1 << 6;
}

/// The flags of a registration.
#[derive(Clone, Copy, Debug)]
struct SourceFlags {
    /// See `flag`. 0 for a plain registration.
    bits: u8,
    /// The conditions whose events need more than `SourceState::apply_plain`. If there is a flag,
    /// these are all: so that function makes one test of both.
    not_plain: PollBits,
}

impl SourceFlags {
    #[inline]
    const fn of(bits: u8) -> SourceFlags {
        SourceFlags {
            bits,
            not_plain: if bits == 0 {
                !(ffi::POLLIN | ffi::POLLOUT)
            } else {
                !0
            },
        }
    }

    /// Whether any of `flags` is set.
    #[inline]
    const fn has(self, flags: u8) -> bool {
        self.bits & flags != 0
    }

    #[inline]
    const fn set(&mut self, flags: u8) {
        *self = SourceFlags::of(self.bits | flags);
    }

    #[inline]
    const fn clear(&mut self, flags: u8) {
        *self = SourceFlags::of(self.bits & !flags);
    }

    #[inline]
    const fn put(&mut self, flag: u8, is_set: bool) {
        if is_set {
            self.set(flag);
        } else {
            self.clear(flag);
        }
    }
}

/// The conditions that an interest requests.
pub(crate) fn bits(interest: Interest) -> io::Result<PollBits> {
    if interest.is_aio() || interest.is_lio() {
        return Err(errors::unsupported(
            "`Interest::AIO` and `Interest::LIO` require kqueue",
        ));
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
            return Err(errors::unsupported(
                "poll(2) on this platform does not support `Interest::PRIORITY`",
            ));
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
    #[inline]
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
        // Both halves are closed, or the peer has shut down its writing half.
        self.has(ffi::POLLHUP) || READ_HANG_UP != 0 && self.has(ffi::POLLIN | READ_HANG_UP)
    }

    #[inline]
    fn is_write_closed(&self) -> bool {
        // Both halves are closed; or writing fails; or the only condition is an error, which is
        // what the write end of a pipe gets when its read end was closed.
        self.has(ffi::POLLHUP) || self.has(ffi::POLLOUT | ffi::POLLERR) || self.bits == ffi::POLLERR
    }

    #[inline]
    fn is_priority(&self) -> bool {
        PRIORITY != 0 && self.has(PRIORITY)
    }

    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [name, field] = LEVEL_EVENT;
        f.debug_struct(name)
            .field(field, &Flags(self.bits))
            .field("token", &self.token.0)
            .finish()
    }
}

/// Writes the names of the flags.
struct Flags(PollBits);

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The bit pattern: a sign bit is one of the flags.
        let bits = |flags: PollBits| u32::from(flags as u16);
        let names = ffi::POLL_NAMES
            .iter()
            .map(|(name, flag)| (*name, bits(*flag)));
        selector::write_flags(f, bits(self.0), names)
    }
}

/// The events of one `select`.
pub(crate) type Events = EventVec<Event>;
