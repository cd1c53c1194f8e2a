//! All registrations of one selector.

use std::io;
use std::os::fd::RawFd;
use std::time::Instant;

use super::source_state::{CLEARED_BY_POLL, ProbeOutcome, SourceState};
use crate::sys::errors;
use crate::sys::ffi;
pub(crate) use crate::sys::slab::Key;
use crate::sys::slab::Slab;
use crate::sys::unix::caps::PollBits;
use crate::{Interest, Token};

/// All registrations of one selector.
#[derive(Debug, Default)]
pub(crate) struct Table {
    slab: Slab<SourceState>,
    /// The indices of slots whose state the poller has not passed to the kernel yet.
    dirty: Vec<u32>,
}

impl Table {
    /// How many slots there are, free ones included.
    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }

    /// The state of a registration, unless it was removed.
    #[inline]
    pub(crate) fn get(&mut self, key: Key) -> Option<&mut SourceState> {
        self.slab.get(key)
    }

    /// The registration of an fd.
    pub(crate) fn find(&self, fd: RawFd) -> io::Result<Key> {
        self.slab.find(fd)
    }

    /// Adds a registration.
    pub(crate) fn insert(
        &mut self,
        fd: RawFd,
        token: Token,
        interest: PollBits,
        is_owned: bool,
    ) -> io::Result<Key> {
        let key = self.slab.insert(fd, |before| {
            // The index of a reused slot may still be in `dirty`.
            let is_dirty = before.is_some_and(|before| before.is_dirty);
            SourceState::new(fd, token, interest, is_owned, is_dirty)
        })?;
        self.mark_index_dirty(key.index);
        Ok(key)
    }

    /// Replaces token and interest, and arms all directions.
    pub(crate) fn replace(&mut self, key: Key, token: Token, interest: PollBits) -> io::Result<()> {
        let source = self.get(key).ok_or_else(errors::not_registered)?;
        source.token = token;
        source.interest = interest;
        source.arm();
        self.mark_index_dirty(key.index);
        Ok(())
    }

    /// Re-arms the directions of an operation that would block. `false` if nothing has changed.
    pub(crate) fn rearm(&mut self, key: Key, waits_for: Interest) -> bool {
        let Some(source) = self.get(key) else {
            return false;
        };
        if !source.rearm(waits_for) {
            return false;
        }
        self.mark_index_dirty(key.index);
        true
    }

    /// From now on watches a source like an unowned fd. `false` if nothing has changed.
    pub(crate) fn watch_as_unowned(&mut self, key: Key) -> bool {
        let Some(source) = self.get(key) else {
            return false;
        };
        if !source.watch_as_unowned() {
            return false;
        }
        self.mark_index_dirty(key.index);
        true
    }

    /// Removes a registration. `false` if it was removed before.
    pub(crate) fn remove(&mut self, key: Key) -> bool {
        let Some(source) = self.slab.remove(key) else {
            return false;
        };
        source.fd = -1;
        source.arm();
        self.mark_index_dirty(key.index);
        true
    }

    /// The registration that a slot holds.
    #[allow(dead_code)] // For event ports.
    pub(crate) fn key_at(&self, index: u32) -> Option<Key> {
        self.slab.key_at(index)
    }

    /// Adds a registration to the dirty list.
    #[allow(dead_code)] // For event ports.
    pub(crate) fn mark_dirty(&mut self, key: Key) {
        if self.get(key).is_some() {
            self.mark_index_dirty(key.index);
        }
    }

    /// Records that the kernel has the current state of a registration.
    #[allow(dead_code)] // For event ports.
    pub(crate) fn mark_clean(&mut self, key: Key) {
        if let Some(source) = self.get(key) {
            source.is_dirty = false;
        }
    }

    /// Applies what a probe at the time `now` has returned.
    pub(crate) fn apply_probe(
        &mut self,
        key: Key,
        probed: &ffi::pollfd,
        now: Instant,
    ) -> ProbeOutcome {
        let Some(source) = self.get(key) else {
            return ProbeOutcome::Nothing;
        };
        let before = source.pollfd();
        let probe = source.apply_probe(probed.events, probed.revents, now);
        let after = source.pollfd();
        if (before.fd, before.events) != (after.fd, after.events) {
            self.mark_index_dirty(key.index);
        }
        probe
    }

    /// Keeps conditions that there was no room to report, if the kernel may not return them again.
    /// `true` if there are any.
    pub(crate) fn keep_unreported(&mut self, key: Key, entry: &ffi::pollfd) -> bool {
        let may_be_cleared = entry.revents & CLEARED_BY_POLL != 0;
        match self.get(key).filter(|_| may_be_cleared) {
            Some(source) => {
                source.keep_unreported(entry.events, entry.revents);
                true
            }
            None => false,
        }
    }

    fn mark_index_dirty(&mut self, index: u32) {
        if let Some((_, source)) = self.slab.slot_at(index) {
            if !source.is_dirty {
                source.is_dirty = true;
                self.dirty.push(index);
            }
        }
    }

    /// Takes one slot off the dirty list: its index, its generation, and its entry for poll(2).
    pub(crate) fn next_dirty(&mut self) -> Option<(u32, u32, ffi::pollfd)> {
        loop {
            let index = self.dirty.pop()?;
            let (generation, source) = self.slab.slot_at(index)?;
            if std::mem::replace(&mut source.is_dirty, false) {
                return Some((index, generation, source.pollfd()));
            }
        }
    }

    /// Marks a registration as part of the probe set. `true` if it must be and was not.
    #[inline]
    pub(crate) fn enter_probe_set(&mut self, key: Key) -> bool {
        self.get(key).is_some_and(|source| {
            source.wants_probe() && !std::mem::replace(&mut source.in_probe_set, true)
        })
    }

    /// Whether a registration must stay in the probe set. If not, its mark is removed.
    pub(crate) fn stays_in_probe_set(&mut self, key: Key) -> bool {
        self.get(key).is_some_and(|source| {
            source.in_probe_set = source.wants_probe();
            source.in_probe_set
        })
    }
}
