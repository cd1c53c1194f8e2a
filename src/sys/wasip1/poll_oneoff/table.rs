//! What is registered, and the rules by which readiness becomes an event.

use std::io;
use std::os::fd::RawFd;
use std::time::Instant;

use super::record::{Direction, Record};
use crate::sys::errors;
use crate::sys::lanes::Lane;
pub(super) use crate::sys::places::Key;
use crate::sys::places::Places;
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

    fn set(&mut self, direction: Direction, value: bool) {
        match direction {
            Direction::Read => self.read = value,
            Direction::Write => self.write = value,
        }
    }
}

/// How edges are made of levels.
#[derive(Clone, Copy, Debug)]
enum Edges {
    /// An owned source: a direction that was reported waits until an operation would block. These are still armed.
    Owned { armed: Directions },
    /// A raw descriptor, whose operations nobody sees. A direction that failed is out until it is armed again.
    Raw {
        read: Lane,
        write: Lane,
        failed: Directions,
    },
}

const NONE: Directions = Directions {
    read: false,
    write: false,
};

/// One registration.
#[derive(Debug)]
pub(super) struct Slot {
    token: Token,
    interest: Directions,
    edges: Edges,
}

/// In which of the two waits a direction takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// In none.
    Out,
    /// In the one that may sleep.
    Common,
    /// In the look that never sleeps.
    Look,
}

impl Slot {
    /// Where a direction takes part now.
    pub(super) fn part(&self, direction: Direction) -> Part {
        if !self.interest.has(direction) {
            return Part::Out;
        }
        match self.edges {
            Edges::Owned { armed } if armed.has(direction) => Part::Common,
            Edges::Owned { .. } => Part::Out,
            Edges::Raw { failed, .. } if failed.has(direction) => Part::Out,
            Edges::Raw { read, write, .. } => {
                let lane = match direction {
                    Direction::Read => read,
                    Direction::Write => write,
                };
                if lane.is_in_doubt() {
                    Part::Look
                } else {
                    Part::Common
                }
            }
        }
    }

    /// Arms all directions: the next wait reports those that are ready.
    fn arm(&mut self) {
        match &mut self.edges {
            Edges::Owned { armed } => *armed = self.interest,
            Edges::Raw {
                read,
                write,
                failed,
            } => {
                read.seen_clear();
                write.seen_clear();
                *failed = NONE;
            }
        }
    }

    fn lane(&mut self, direction: Direction) -> Option<&mut Lane> {
        match (&mut self.edges, direction) {
            (Edges::Owned { .. }, _) => None,
            (Edges::Raw { read, .. }, Direction::Read) => Some(read),
            (Edges::Raw { write, .. }, Direction::Write) => Some(write),
        }
    }

    /// The host has seen that a direction is not ready.
    pub(super) fn seen_clear(&mut self, direction: Direction) {
        if let Some(lane) = self.lane(direction) {
            lane.seen_clear();
        }
    }

    /// Until when a direction must not be reported, if that is still to come.
    pub(super) fn muted(&mut self, direction: Direction, now: Instant) -> Option<Instant> {
        self.lane(direction).and_then(|lane| lane.muted(now))
    }

    /// A direction is reported.
    pub(super) fn report(&mut self, direction: Direction, now: Instant) {
        match &mut self.edges {
            Edges::Owned { armed } => armed.set(direction, false),
            Edges::Raw { .. } => {
                if let Some(lane) = self.lane(direction) {
                    lane.report(now);
                }
            }
        }
    }

    /// A direction cannot be watched: that is reported once.
    pub(super) fn fail(&mut self, direction: Direction) {
        match &mut self.edges {
            Edges::Owned { armed } => armed.set(direction, false),
            Edges::Raw { failed, .. } => failed.set(direction, true),
        }
    }

    /// An event of this source in which nothing has happened yet.
    pub(super) fn record(&self) -> Record {
        Record::new(self.token)
    }
}

/// All registrations of one selector.
#[derive(Debug, Default)]
pub(super) struct Table {
    places: Places<Slot>,
}

impl Table {
    /// Whether nothing is registered.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// All slots from a place on, all around, with their keys and numbers.
    pub(super) fn slots_from(&self, start: usize) -> impl Iterator<Item = (Key, RawFd, &Slot)> {
        self.places.from(start)
    }

    /// The slot of a registration, if it still is.
    pub(super) fn get(&mut self, key: Key) -> Option<&mut Slot> {
        self.places.get(key)
    }

    /// The registration of a number.
    pub(super) fn find(&self, fd: RawFd) -> io::Result<Key> {
        self.places.find(fd)
    }

    /// Adds a registration.
    pub(super) fn insert(
        &mut self,
        fd: RawFd,
        token: Token,
        interest: Directions,
        is_raw: bool,
    ) -> io::Result<Key> {
        let edges = if is_raw {
            Edges::Raw {
                read: Lane::default(),
                write: Lane::default(),
                failed: NONE,
            }
        } else {
            Edges::Owned { armed: interest }
        };
        self.places.insert(fd, |_| Slot {
            token,
            interest,
            edges,
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
            if let Edges::Owned { armed } = &mut slot.edges {
                armed.read |= slot.interest.read && waits_for.is_readable();
                armed.write |= slot.interest.write && waits_for.is_writable();
            }
        }
    }

    /// Ends a registration. `false` if it had ended.
    pub(super) fn remove(&mut self, key: Key) -> bool {
        self.places.remove(key).is_some()
    }
}
