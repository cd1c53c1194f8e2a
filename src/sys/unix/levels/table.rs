//! What is registered, and the rules by which readiness becomes an event.

use std::io;
use std::os::fd::RawFd;
use std::time::Instant;

use super::Record;
use crate::sys::errors;
use crate::sys::lanes::Lane;
pub(crate) use crate::sys::places::Key;
use crate::sys::places::Places;
use crate::sys::{PRIORITY, PollBits, READ_HANG_UP, raw};
use crate::{Interest, Token};

/// What the reading lane is made of.
pub(crate) const READ: PollBits = raw::POLLIN | PRIORITY | READ_HANG_UP;
/// What the writing lane is made of.
pub(crate) const WRITE: PollBits = raw::POLLOUT;
/// What poll(2) reports whether it is asked to or not.
pub(crate) const GONE: PollBits = raw::POLLHUP | raw::POLLERR;

/// How edges are made of levels.
#[derive(Clone, Copy, Debug)]
enum Edges {
    /// An owned source: a condition that was reported waits until an operation would block. These are still armed.
    Owned { armed: PollBits },
    /// A raw descriptor, whose operations nobody sees.
    Raw { read: Lane, write: Lane },
}

/// A hang-up or error that was reported. It cannot be masked, so the slot is out of the array until something changes.
#[derive(Clone, Copy, Debug)]
struct Parked {
    asked: PollBits,
    reported: PollBits,
}

/// One registration, or what is left of the last one.
#[derive(Debug)]
pub(crate) struct Slot {
    /// -1 if the place is free.
    fd: RawFd,
    token: Token,
    interest: PollBits,
    edges: Edges,
    parked: Option<Parked>,
    /// Whether its index is in `changes`.
    changed: bool,
    /// Whether the poller looks at it apart.
    pub(crate) apart: bool,
}

/// What a look at a slot apart led to.
pub(crate) enum Look {
    /// Nothing to report.
    Nothing,
    /// This is to be reported.
    Event(Record),
    /// Ready, but muted until then.
    Muted(Instant),
}

impl Slot {
    /// What the poller's array says of this slot.
    #[inline]
    pub(crate) fn pollfd(&self) -> raw::pollfd {
        // A negative number is passed over.
        let fd = if self.parked.is_some() { -1 } else { self.fd };
        raw::pollfd {
            fd,
            events: self.wanted(),
            revents: 0,
        }
    }

    /// The conditions the common wait is to see.
    #[inline]
    fn wanted(&self) -> PollBits {
        match &self.edges {
            Edges::Owned { armed } => *armed,
            Edges::Raw { .. } => self.interest & !self.in_doubt(),
        }
    }

    /// The conditions that are looked at apart.
    #[inline]
    fn in_doubt(&self) -> PollBits {
        match &self.edges {
            Edges::Owned { .. } => 0,
            Edges::Raw { read, write } => {
                let mut bits = 0;
                if read.is_in_doubt() {
                    bits |= READ;
                }
                if write.is_in_doubt() {
                    bits |= WRITE;
                }
                self.interest & bits
            }
        }
    }

    /// The number.
    pub(crate) fn fd(&self) -> RawFd {
        self.fd
    }

    /// Arms all conditions: the next wait reports those that hold.
    fn arm(&mut self) {
        self.parked = None;
        match &mut self.edges {
            Edges::Owned { armed } => *armed = self.interest,
            Edges::Raw { read, write } => {
                read.seen_clear();
                write.seen_clear();
            }
        }
    }

    /// Arms the directions of an operation that would block. `false` if there was nothing to do.
    fn rearm(&mut self, waits_for: Interest) -> bool {
        let Edges::Owned { armed } = &mut self.edges else {
            return false;
        };
        let mut bits = 0;
        if waits_for.is_readable() {
            bits |= READ;
        }
        if waits_for.is_writable() {
            bits |= WRITE;
        }
        let bits = bits & self.interest;
        if self.parked.is_none() && *armed & bits == bits {
            return false;
        }
        *armed |= bits;
        self.parked = None;
        true
    }

    /// Whether the poller has to look at it apart from the common wait.
    #[inline]
    fn wants_a_look(&self) -> bool {
        self.parked.is_some()
            || matches!(&self.edges, Edges::Raw { read, write } if read.is_unproven() || write.is_unproven())
    }

    /// What a zero-time-out poll is to ask, if anything.
    pub(crate) fn question(&self) -> Option<raw::pollfd> {
        let events = match &self.parked {
            Some(parked) => parked.asked,
            None => self.in_doubt(),
        };
        (self.parked.is_some() || events != 0).then_some(raw::pollfd {
            fd: self.fd,
            events,
            revents: 0,
        })
    }

    /// Takes the answer to a question. `now` is when it was asked.
    fn answer(&mut self, events: PollBits, revents: PollBits, now: Instant) -> Look {
        if let Some(parked) = &mut self.parked {
            if events == parked.asked {
                let seen = revents & (events | GONE);
                if seen & GONE == 0 || seen & !parked.reported != 0 {
                    // It can be watched again, or there is something new.
                    self.arm();
                } else {
                    // Less than before is nothing new: an error that was asked for, say.
                    parked.reported = seen;
                }
            }
            return Look::Nothing;
        }
        let asked = events & self.in_doubt();
        let Edges::Raw { read, write } = &mut self.edges else {
            return Look::Nothing;
        };
        let mut bits = 0;
        let mut muted: Option<Instant> = None;
        for (lane, mask) in [(read, READ), (write, WRITE)] {
            if asked & mask == 0 {
                continue;
            }
            if revents & mask == 0 {
                lane.seen_clear();
            } else if let Some(until) = lane.muted(now) {
                muted = Some(muted.map_or(until, |other| other.min(until)));
            } else {
                bits |= revents & mask & self.interest;
                lane.report(now);
            }
        }
        match (bits, muted) {
            (0, None) => Look::Nothing,
            (0, Some(until)) => Look::Muted(until),
            (bits, _) => Look::Event(Record::new(self.token, bits)),
        }
    }

    /// Takes what the common wait saw: the event to report, if any.
    #[allow(clippy::bad_bit_mask)] // A condition that the system has not is 0.
    #[inline]
    pub(crate) fn ready(
        &mut self,
        asked: PollBits,
        revents: PollBits,
        now: Instant,
    ) -> Option<Record> {
        let bits = revents & (self.wanted() & asked | GONE);
        if bits == 0 || self.parked.is_some() {
            return None;
        }
        match &mut self.edges {
            Edges::Owned { armed } => *armed &= !bits,
            Edges::Raw { read, write } => {
                if bits & READ != 0 {
                    read.report(now);
                }
                if bits & WRITE != 0 {
                    write.report(now);
                }
            }
        }
        if bits & GONE != 0 {
            self.parked = Some(Parked {
                asked,
                reported: revents & (asked | GONE),
            });
        }
        let mut shown = bits;
        if bits & READ_HANG_UP != 0 {
            // An end of file can be read, also where data was reported before.
            shown |= self.interest & raw::POLLIN;
        }
        Some(Record::new(self.token, shown))
    }

    /// A condition was asked for and not seen.
    pub(crate) fn seen(&mut self, asked: PollBits, revents: PollBits) {
        if let Edges::Raw { read, write } = &mut self.edges {
            for (lane, mask) in [(read, READ), (write, WRITE)] {
                if asked & mask != 0 && revents & mask == 0 {
                    lane.seen_clear();
                }
            }
        }
    }
}

/// All registrations of one selector.
#[derive(Debug, Default)]
pub(crate) struct Table {
    places: Places<Slot>,
    /// Slots that the poller's array does not show as they are.
    changes: Vec<u32>,
}

impl Table {
    /// How many places there are, free ones included.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The slot of a registration, if it still is.
    #[inline]
    pub(crate) fn get(&mut self, key: Key) -> Option<&mut Slot> {
        self.places.get(key)
    }

    /// The registration of a number.
    pub(crate) fn find(&self, fd: RawFd) -> io::Result<Key> {
        self.places.find(fd)
    }

    /// Adds a registration.
    pub(crate) fn insert(
        &mut self,
        fd: RawFd,
        token: Token,
        interest: PollBits,
        is_raw: bool,
    ) -> io::Result<Key> {
        let edges = if is_raw {
            Edges::Raw {
                read: Lane::default(),
                write: Lane::default(),
            }
        } else {
            Edges::Owned { armed: interest }
        };
        let key = self.places.insert(fd, |before| Slot {
            fd,
            token,
            interest,
            edges,
            parked: None,
            // Its index may be in `changes` still.
            changed: before.is_some_and(|before| before.changed),
            apart: false,
        })?;
        self.change(key.index);
        Ok(key)
    }

    /// Replaces token and interest, and arms.
    pub(crate) fn replace(&mut self, key: Key, token: Token, interest: PollBits) -> io::Result<()> {
        let slot = self.get(key).ok_or_else(errors::not_registered)?;
        slot.token = token;
        slot.interest = interest;
        slot.arm();
        self.change(key.index);
        Ok(())
    }

    /// Arms the directions of an operation that would block. `false` if there was nothing to do.
    pub(crate) fn rearm(&mut self, key: Key, waits_for: Interest) -> bool {
        let Some(slot) = self.get(key) else {
            return false;
        };
        if !slot.rearm(waits_for) {
            return false;
        }
        self.change(key.index);
        true
    }

    /// Ends a registration. `false` if it had ended.
    pub(crate) fn remove(&mut self, key: Key) -> bool {
        let Some(slot) = self.places.remove(key) else {
            return false;
        };
        slot.fd = -1;
        slot.parked = None;
        self.change(key.index);
        true
    }

    /// The present tenant of a place.
    pub(crate) fn tenant(&self, index: u32) -> Option<Key> {
        self.places.tenant(index)
    }

    /// Counts a slot among the changes.
    pub(crate) fn touch(&mut self, key: Key) {
        if self.get(key).is_some() {
            self.change(key.index);
        }
    }

    /// What has changed of a slot was seen to.
    pub(crate) fn settle(&mut self, key: Key) {
        if let Some(slot) = self.get(key) {
            slot.changed = false;
        }
    }

    /// Takes the answer to a question about a slot. `now` is when it was asked.
    pub(crate) fn answer(&mut self, key: Key, answer: &raw::pollfd, now: Instant) -> Look {
        let Some(slot) = self.get(key) else {
            return Look::Nothing;
        };
        let before = slot.pollfd();
        let look = slot.answer(answer.events, answer.revents, now);
        let after = slot.pollfd();
        if (before.fd, before.events) != (after.fd, after.events) {
            self.change(key.index);
        }
        look
    }

    fn change(&mut self, index: u32) {
        if let Some((_, slot)) = self.places.at(index) {
            if !slot.changed {
                slot.changed = true;
                self.changes.push(index);
            }
        }
    }

    /// Takes one change: the place, the generation there, and what the array is to say.
    pub(crate) fn next_change(&mut self) -> Option<(u32, u32, raw::pollfd)> {
        loop {
            let index = self.changes.pop()?;
            let (generation, slot) = self.places.at(index)?;
            if std::mem::replace(&mut slot.changed, false) {
                return Some((index, generation, slot.pollfd()));
            }
        }
    }

    /// Marks a slot to be looked at apart; `true` if it was not yet.
    #[inline]
    pub(crate) fn set_apart(&mut self, key: Key) -> bool {
        self.get(key)
            .is_some_and(|slot| slot.wants_a_look() && !std::mem::replace(&mut slot.apart, true))
    }

    /// Whether a slot is still to be looked at apart; if not, it is marked so.
    pub(crate) fn stays_apart(&mut self, key: Key) -> bool {
        self.get(key).is_some_and(|slot| {
            slot.apart = slot.wants_a_look();
            slot.apart
        })
    }

    /// Whether a parked slot is among those looked at apart.
    pub(crate) fn is_parked(&mut self, key: Key) -> bool {
        self.get(key).is_some_and(|slot| slot.parked.is_some())
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
