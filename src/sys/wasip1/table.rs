//! The registrations, and the rules by which readiness becomes an event: edge emulation on a
//! level-triggered host, by re-arm, probe and back-off.
//!
//! After a direction of an *owned* source was reported, the selector does not request it until an
//! operation would block (re-arm). A direction of an *unowned* fd that was reported 32 times
//! without an observation of "not ready", and a direction of either that has hung up, would end
//! every wait. A call that does not block *probes* it instead, and it is reported again after a
//! delay that grows up to a limit. `level_backoff` has the argument why nothing is lost and nothing
//! spins. A hang-up is never suppressed for good, because the next writer of a pipe may have come
//! and gone in between. A probe that finds that a hang-up has started or ended reports it
//! immediately.
//!
//! A level-triggered registration is part of every wait. A one-shot one is part of none from its
//! event until it is registered again.
//!
//! If the host refuses to poll a direction, this is reported once, until the direction is armed
//! again: a refusal does not hide other conditions.

use std::io;
use std::os::fd::RawFd;
use std::time::Instant;

use super::{Direction, Event};
use crate::sys::errors;
use crate::sys::level_backoff::{Backoff, EXCEPTION, READINESS};
use crate::sys::selector::Mode;
pub(super) use crate::sys::slab::Key;
use crate::sys::slab::Slab;
use crate::{Interest, Token};

/// The directions that an interest requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Directions {
    pub(super) read: bool,
    pub(super) write: bool,
}

impl Directions {
    fn has(self, direction: Direction) -> bool {
        match direction {
            Direction::Read => self.read,
            Direction::Write => self.write,
        }
    }
}

/// The state of one direction of a registration.
#[derive(Clone, Copy, Debug, Default)]
struct DirectionState {
    /// Whether it was reported or refused by the host, and was not armed since: by an operation
    /// that would block, or by registering again.
    is_disarmed: bool,
    /// Whether a hang-up of it was reported that has not ended.
    has_hung_up: bool,
    backoff: Backoff,
}

/// The state of one registration.
#[derive(Debug)]
pub(super) struct SourceState {
    token: Token,
    interest: Directions,
    mode: Mode,
    /// Whether it is one-shot, and its event was reported.
    is_spent: bool,
    /// Whether all operations of the source pass through this crate.
    is_owned: bool,
    read: DirectionState,
    write: DirectionState,
}

/// Which of the two calls of the host requests a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// None.
    Neither,
    /// The one that may block.
    Wait,
    /// The one that never blocks.
    Probe,
}

impl SourceState {
    /// The call that requests a direction now.
    pub(super) fn call_for(&self, direction: Direction) -> Call {
        let state = match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        };
        if !self.interest.has(direction) || self.is_spent {
            Call::Neither
        } else if state.has_hung_up {
            Call::Probe
        } else if state.is_disarmed {
            Call::Neither
        } else if state.backoff.needs_probe(&READINESS) {
            Call::Probe
        } else {
            Call::Wait
        }
    }

    fn state(&mut self, direction: Direction) -> &mut DirectionState {
        match direction {
            Direction::Read => &mut self.read,
            Direction::Write => &mut self.write,
        }
    }

    /// Arms all directions: the next call reports those that are ready.
    fn arm(&mut self) {
        self.read = DirectionState::default();
        self.write = DirectionState::default();
        self.is_spent = false;
    }

    /// Re-arms the directions of an operation that would block. One that has hung up keeps its
    /// delay.
    fn rearm(&mut self, waits_for: Interest) {
        if !self.is_owned {
            return;
        }
        if waits_for.is_readable() {
            self.read.is_disarmed = false;
        }
        if waits_for.is_writable() {
            self.write.is_disarmed = false;
        }
    }

    /// The host has returned that a direction is not ready.
    pub(super) fn observed_not_ready(&mut self, direction: Direction) {
        // This also arms an owned source whose hang-up has ended.
        *self.state(direction) = DirectionState::default();
    }

    /// Until when a direction must not be reported. `None` if it may be reported now.
    pub(super) fn suppressed_until(
        &mut self,
        direction: Direction,
        hang_up: bool,
        now: Instant,
    ) -> Option<Instant> {
        let state = self.state(direction);
        if state.has_hung_up != hang_up {
            // A change since the last report.
            return None;
        }
        state.backoff.suppressed_until(now)
    }

    /// Records that a direction is reported.
    pub(super) fn record_report(&mut self, direction: Direction, hang_up: bool, now: Instant) {
        if self.mode != Mode::Edge {
            // A level is reported again as long as it holds.
            return;
        }
        let is_owned = self.is_owned;
        let state = self.state(direction);
        if state.has_hung_up != hang_up {
            state.backoff.observed_not_ready();
        }
        state.has_hung_up = hang_up;
        state.is_disarmed = is_owned;
        if hang_up {
            state.backoff.report(now, &EXCEPTION);
        } else if !is_owned {
            state.backoff.report(now, &READINESS);
        }
    }

    /// Records that the host refuses to poll a direction, which is reported once.
    pub(super) fn record_refusal(&mut self, direction: Direction) {
        *self.state(direction) = DirectionState {
            is_disarmed: true,
            ..DirectionState::default()
        };
    }

    /// Records that the event of a source is complete: both directions have been applied.
    pub(super) fn finish_event(&mut self) {
        self.is_spent = self.mode == Mode::OneShot;
    }

    /// An event of this source without conditions.
    pub(super) fn empty_event(&self) -> Event {
        Event::new(self.token)
    }
}

/// All registrations of one selector.
#[derive(Debug, Default)]
pub(super) struct Table {
    slab: Slab<SourceState>,
}

impl Table {
    /// Whether nothing is registered.
    pub(super) fn is_empty(&self) -> bool {
        self.slab.is_empty()
    }

    /// All registrations with their fds, from slot `start` on and then from slot 0 to `start`.
    pub(super) fn iter_from(
        &self,
        start: usize,
    ) -> impl Iterator<Item = (Key, RawFd, &SourceState)> {
        self.slab.iter_from(start)
    }

    /// The state of a registration, unless it was removed.
    pub(super) fn get(&mut self, key: Key) -> Option<&mut SourceState> {
        self.slab.get(key)
    }

    /// The registration of an fd.
    pub(super) fn find(&self, fd: RawFd) -> io::Result<Key> {
        self.slab.find(fd)
    }

    /// Adds a registration.
    pub(super) fn insert(
        &mut self,
        fd: RawFd,
        token: Token,
        interest: Directions,
        is_owned: bool,
    ) -> io::Result<Key> {
        self.slab.insert(fd, |_| SourceState {
            token,
            interest,
            mode: Mode::Edge,
            is_spent: false,
            is_owned,
            read: DirectionState::default(),
            write: DirectionState::default(),
        })
    }

    /// Replaces token and interest, and arms all directions.
    pub(super) fn replace(
        &mut self,
        key: Key,
        token: Token,
        interest: Directions,
    ) -> io::Result<()> {
        let source = self.get(key).ok_or_else(errors::not_registered)?;
        source.token = token;
        source.interest = interest;
        source.arm();
        Ok(())
    }

    /// Sets the mode of a registration that was just added or replaced.
    pub(super) fn set_mode(&mut self, key: Key, mode: Mode) {
        if let Some(source) = self.get(key) {
            source.mode = mode;
        }
    }

    /// Re-arms the directions of an operation that would block.
    pub(super) fn rearm(&mut self, key: Key, waits_for: Interest) {
        if let Some(source) = self.get(key) {
            source.rearm(waits_for);
        }
    }

    /// Removes a registration. `false` if it was removed before.
    pub(super) fn remove(&mut self, key: Key) -> bool {
        self.slab.remove(key).is_some()
    }
}
