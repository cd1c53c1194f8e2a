//! All registrations of one selector.

use std::io;
use std::os::fd::RawFd;
use std::time::Instant;

use super::slot::{CLEARED_BY_POLL, Probe, Slot};
use crate::sys::errors;
use crate::sys::ffi;
pub(crate) use crate::sys::slab::Key;
use crate::sys::slab::Slab;
use crate::sys::unix::caps::PollBits;
use crate::{Interest, Token};

/// All registrations of one selector.
#[derive(Debug, Default)]
pub(crate) struct Table {
    places: Slab<Slot>,
    /// Slots that the poller's array does not show as they are.
    dirty: Vec<u32>,
}

impl Table {
    /// How many slots there are, free ones included.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The slot of a registration, if it still is.
    #[inline]
    pub(crate) fn get(&mut self, key: Key) -> Option<&mut Slot> {
        self.places.get(key)
    }

    /// The registration of a file descriptor.
    pub(crate) fn find(&self, fd: RawFd) -> io::Result<Key> {
        self.places.find(fd)
    }

    /// Adds a registration.
    pub(crate) fn insert(
        &mut self,
        fd: RawFd,
        token: Token,
        interest: PollBits,
        is_owned: bool,
    ) -> io::Result<Key> {
        let key = self.places.insert(fd, |before| {
            // Its index may be in `dirty` still.
            let is_dirty = before.is_some_and(|before| before.is_dirty);
            Slot::new(fd, token, interest, is_owned, is_dirty)
        })?;
        self.mark_index_dirty(key.index);
        Ok(key)
    }

    /// Replaces token and interest, and arms.
    pub(crate) fn replace(&mut self, key: Key, token: Token, interest: PollBits) -> io::Result<()> {
        let slot = self.get(key).ok_or_else(errors::not_registered)?;
        slot.token = token;
        slot.interest = interest;
        slot.arm();
        self.mark_index_dirty(key.index);
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
        self.mark_index_dirty(key.index);
        true
    }

    /// Watches a source as if it were not owned. `false` if there was nothing to do.
    pub(crate) fn watch_as_unowned(&mut self, key: Key) -> bool {
        let Some(slot) = self.get(key) else {
            return false;
        };
        if !slot.watch_as_unowned() {
            return false;
        }
        self.mark_index_dirty(key.index);
        true
    }

    /// Ends a registration. `false` if it had ended.
    pub(crate) fn remove(&mut self, key: Key) -> bool {
        let Some(slot) = self.places.remove(key) else {
            return false;
        };
        slot.fd = -1;
        slot.arm();
        self.mark_index_dirty(key.index);
        true
    }

    /// The registration that a slot holds at present.
    #[allow(dead_code)] // For event ports.
    pub(crate) fn key_at(&self, index: u32) -> Option<Key> {
        self.places.key_at(index)
    }

    /// Puts a slot on the dirty list.
    #[allow(dead_code)] // For event ports.
    pub(crate) fn mark_dirty(&mut self, key: Key) {
        if self.get(key).is_some() {
            self.mark_index_dirty(key.index);
        }
    }

    /// The kernel has been told of the slot as it is.
    #[allow(dead_code)] // For event ports.
    pub(crate) fn mark_clean(&mut self, key: Key) {
        if let Some(slot) = self.get(key) {
            slot.is_dirty = false;
        }
    }

    /// Takes what a probe of a slot has returned. `now` is when it was made.
    pub(crate) fn apply_probe(&mut self, key: Key, probed: &ffi::pollfd, now: Instant) -> Probe {
        let Some(slot) = self.get(key) else {
            return Probe::Nothing;
        };
        let before = slot.pollfd();
        let probe = slot.apply_probe(probed.events, probed.revents, now);
        let after = slot.pollfd();
        if (before.fd, before.events) != (after.fd, after.events) {
            self.mark_index_dirty(key.index);
        }
        probe
    }

    /// Keeps what there was no room to report: `true` if there is anything that the kernel may not
    /// return again.
    pub(crate) fn keep_unreported(&mut self, key: Key, entry: &ffi::pollfd) -> bool {
        let may_be_cleared = entry.revents & CLEARED_BY_POLL != 0;
        match self.get(key).filter(|_| may_be_cleared) {
            Some(slot) => {
                slot.keep_unreported(entry.events, entry.revents);
                true
            }
            None => false,
        }
    }

    fn mark_index_dirty(&mut self, index: u32) {
        if let Some((_, slot)) = self.places.at(index) {
            if !slot.is_dirty {
                slot.is_dirty = true;
                self.dirty.push(index);
            }
        }
    }

    /// Takes one from the dirty list: the index, the generation there, and what the array is to
    /// have.
    pub(crate) fn next_dirty(&mut self) -> Option<(u32, u32, ffi::pollfd)> {
        loop {
            let index = self.dirty.pop()?;
            let (generation, slot) = self.places.at(index)?;
            if std::mem::replace(&mut slot.is_dirty, false) {
                return Some((index, generation, slot.pollfd()));
            }
        }
    }

    /// Marks a slot as one of the probe set; `true` if it has to be and was not yet.
    #[inline]
    pub(crate) fn enter_probe_set(&mut self, key: Key) -> bool {
        self.get(key).is_some_and(|slot| {
            slot.wants_probe() && !std::mem::replace(&mut slot.in_probe_set, true)
        })
    }

    /// Whether a slot still belongs to the probe set; if not, it is marked so.
    pub(crate) fn stays_in_probe_set(&mut self, key: Key) -> bool {
        self.get(key).is_some_and(|slot| {
            slot.in_probe_set = slot.wants_probe();
            slot.in_probe_set
        })
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
