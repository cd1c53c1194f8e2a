//! What is registered: slots by index and generation, and the rules by which readiness becomes an event.

use std::collections::HashMap;
use std::io;
use std::os::fd::RawFd;
use std::time::Instant;

use super::record::{Direction, Record};
use crate::Token;
use crate::sys::errors;
use crate::sys::lanes::Lane;
use crate::sys::raw;

/// A registration: the place, and which of its tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) index: u32,
    pub(super) generation: u32,
}

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

/// One registration, or a free place.
#[derive(Debug)]
pub(super) struct Slot {
    generation: u32,
    /// -1 if the place is free.
    fd: RawFd,
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
        if self.fd < 0 || !self.interest.has(direction) {
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

    /// The number.
    pub(super) fn fd(&self) -> RawFd {
        self.fd
    }

    /// An event of this source in which nothing has happened yet.
    pub(super) fn record(&self) -> Record {
        Record::new(self.token)
    }
}

/// All registrations of one selector.
#[derive(Debug, Default)]
pub(super) struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
    numbers: HashMap<RawFd, u32>,
}

impl Table {
    /// Whether nothing is registered.
    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// All slots from a place on, all around, with their keys.
    pub(super) fn slots_from(&self, start: usize) -> impl Iterator<Item = (Key, &Slot)> {
        let length = self.slots.len();
        let start = if start < length { start } else { 0 };
        (start..length).chain(0..start).filter_map(|place| {
            let slot = self.slots.get(place)?;
            let key = Key {
                // `insert` lets no place be beyond this.
                index: place as u32,
                generation: slot.generation,
            };
            (slot.fd >= 0).then_some((key, slot))
        })
    }

    /// The slot of a registration, if it still is.
    pub(super) fn get(&mut self, key: Key) -> Option<&mut Slot> {
        self.slots
            .get_mut(key.index as usize)
            .filter(|slot| slot.generation == key.generation && slot.fd >= 0)
    }

    /// The registration of a number.
    pub(super) fn find(&self, fd: RawFd) -> io::Result<Key> {
        let index = *self.numbers.get(&fd).ok_or_else(errors::not_registered)?;
        let slot = self.slots.get(index as usize);
        let generation = slot.map_or(0, |slot| slot.generation);
        Ok(Key { index, generation })
    }

    /// Adds a registration.
    pub(super) fn insert(
        &mut self,
        fd: RawFd,
        token: Token,
        interest: Directions,
        is_raw: bool,
    ) -> io::Result<Key> {
        if fd < 0 {
            return Err(io::Error::from_raw_os_error(raw::EBADF));
        }
        if self.numbers.contains_key(&fd) {
            return Err(errors::already_registered());
        }
        let edges = if is_raw {
            Edges::Raw {
                read: Lane::default(),
                write: Lane::default(),
                failed: NONE,
            }
        } else {
            Edges::Owned { armed: interest }
        };
        let new = |generation| Slot {
            generation,
            fd,
            token,
            interest,
            edges,
        };
        let reused = self.free.pop().and_then(|index| {
            let slot = self.slots.get_mut(index as usize)?;
            *slot = new(slot.generation);
            Some((index, slot.generation))
        });
        let (index, generation) = match reused {
            Some(place) => place,
            None => {
                let index = u32::try_from(self.slots.len())
                    .map_err(|_| errors::invalid("too many sources"))?;
                self.slots.push(new(0));
                (index, 0)
            }
        };
        self.numbers.insert(fd, index);
        Ok(Key { index, generation })
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

    /// Arms again after an operation that would block.
    pub(super) fn rearm(&mut self, key: Key) {
        if let Some(slot) = self.get(key) {
            slot.arm();
        }
    }

    /// Ends a registration. `false` if it had ended.
    pub(super) fn remove(&mut self, key: Key) -> bool {
        let Some(slot) = self.get(key) else {
            return false;
        };
        let fd = slot.fd;
        slot.fd = -1;
        slot.generation = slot.generation.wrapping_add(1);
        self.numbers.remove(&fd);
        self.free.push(key.index);
        true
    }
}
