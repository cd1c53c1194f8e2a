//! What is registered, and the rules by which readiness becomes an event: edge emulation on a
//! level-triggered poll, by re-arm, probe and back-off.
//!
//! A direction of an *owned* source that was reported is not asked for until an operation would
//! block (re-arm). A direction of an *unowned* descriptor that was reported 32 times without an
//! observation of "not ready", and a direction of either that has hung up, would end every wait: it
//! is probed by a call that does not sleep instead, and reported again after a delay that grows up
//! to a cap (`level_backoff`, with the argument why nothing is lost and nothing spins). A hang-up
//! is never suppressed for good, because the next writer of a pipe may have come and gone
//! meanwhile; a probe that finds it ended, or begun, reports at once.
//!
//! What the host refuses to watch is reported once, until it is armed again: a refusal is no
//! condition that anything follows.

use std::io;
use std::os::fd::RawFd;
use std::time::Instant;

use super::event::{Direction, Event};
use crate::sys::errors;
use crate::sys::level_backoff::{Backoff, EXCEPTION, READINESS};
pub(super) use crate::sys::slab::Key;
use crate::sys::slab::Slab;
use crate::{Interest, Token};

/// Which directions a source is watched for.
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

/// One direction of a registration.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Whether it was reported, or refused by the host, and waits until it is armed: by an
    /// operation that would block, or anew.
    is_disarmed: bool,
    /// Whether it has hung up, as far as was reported.
    has_hung_up: bool,
    backoff: Backoff,
}

/// One registration.
#[derive(Debug)]
pub(super) struct Slot {
    token: Token,
    interest: Directions,
    /// Whether the operations of the source pass through this crate.
    is_owned: bool,
    read: State,
    write: State,
}

/// In which of the two calls a direction takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// In none.
    Neither,
    /// In the one that may sleep.
    Wait,
    /// In the one that never sleeps.
    Probe,
}

impl Slot {
    /// Where a direction takes part now.
    pub(super) fn part(&self, direction: Direction) -> Part {
        let state = match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        };
        if !self.interest.has(direction) {
            Part::Neither
        } else if state.has_hung_up {
            Part::Probe
        } else if state.is_disarmed {
            Part::Neither
        } else if state.backoff.needs_probe(&READINESS) {
            Part::Probe
        } else {
            Part::Wait
        }
    }

    fn state(&mut self, direction: Direction) -> &mut State {
        match direction {
            Direction::Read => &mut self.read,
            Direction::Write => &mut self.write,
        }
    }

    /// Arms all directions: the next wait reports those that are ready.
    fn arm(&mut self) {
        self.read = State::default();
        self.write = State::default();
    }

    /// Arms the directions of an operation that would block. One that has hung up keeps its delay.
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
        // An owned source whose hang-up ended is armed by this.
        *self.state(direction) = State::default();
    }

    /// Until when a direction must not be reported, if that is still to come.
    pub(super) fn suppressed_until(
        &mut self,
        direction: Direction,
        hang_up: bool,
        now: Instant,
    ) -> Option<Instant> {
        let state = self.state(direction);
        if state.has_hung_up != hang_up {
            // Not what was reported.
            return None;
        }
        state.backoff.suppressed_until(now)
    }

    /// A direction is reported.
    pub(super) fn report(&mut self, direction: Direction, hang_up: bool, now: Instant) {
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

    /// A direction cannot be watched: that is reported once.
    pub(super) fn fail(&mut self, direction: Direction) {
        *self.state(direction) = State {
            is_disarmed: true,
            ..State::default()
        };
    }

    /// An event of this source in which nothing has happened yet.
    pub(super) fn record(&self) -> Event {
        Event::new(self.token)
    }
}

/// All registrations of one selector.
#[derive(Debug, Default)]
pub(super) struct Table {
    slab: Slab<Slot>,
}

impl Table {
    /// Whether nothing is registered.
    pub(super) fn is_empty(&self) -> bool {
        self.slab.is_empty()
    }

    /// All slots from a place on, all around, with their keys and numbers.
    pub(super) fn slots_from(&self, start: usize) -> impl Iterator<Item = (Key, RawFd, &Slot)> {
        self.slab.iter_from(start)
    }

    /// The slot of a registration, if it still is.
    pub(super) fn get(&mut self, key: Key) -> Option<&mut Slot> {
        self.slab.get(key)
    }

    /// The registration of a number.
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
        self.slab.insert(fd, |_| Slot {
            token,
            interest,
            is_owned,
            read: State::default(),
            write: State::default(),
        })
    }

    /// Replaces token and interest, and arms.
    pub(super) fn replace(
        &mut self,
        key: Key,
        token: Token,
        interest: Directions,
    ) -> io::Result<()> {
        let slot = self.get(key).ok_or_else(errors::not_registered)?;
        slot.token = token;
        slot.interest = interest;
        slot.arm();
        Ok(())
    }

    /// Arms the directions of an operation that would block.
    pub(super) fn rearm(&mut self, key: Key, waits_for: Interest) {
        if let Some(slot) = self.get(key) {
            slot.rearm(waits_for);
        }
    }

    /// Ends a registration. `false` if it had ended.
    pub(super) fn remove(&mut self, key: Key) -> bool {
        self.slab.remove(key).is_some()
    }
}
