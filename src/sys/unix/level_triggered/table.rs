//! All registrations of one selector, and the probe set: the registrations that a zero-timeout
//! poll(2) probes, or will probe unless they are observed not ready. The blocking poll alone cannot
//! determine their readiness.

use std::io;
use std::mem;
use std::os::fd::RawFd;
use std::time::Instant;

use super::source_state::{ProbeOutcome, ProbeRequest, SourceState};
use super::{Event, Events};
use crate::sys::errors;
use crate::sys::event_buffer::Spare;
use crate::sys::ffi;
use crate::sys::selector::Mode;
pub(crate) use crate::sys::slab::Key;
use crate::sys::slab::{Slab, Slot};
use crate::sys::timeout::earlier;
use crate::sys::unix::caps::PollBits;
use crate::sys::unix::syscalls::poll;
use crate::{Interest, Token};

/// All registrations of one selector.
#[derive(Debug, Default)]
pub(crate) struct Table {
    slab: Slab<SourceState>,
    /// The indices of slots whose state the kernel may not have yet, each of them once.
    dirty: Vec<u32>,
    /// Whether a registration of the probe set has changed since the last probe.
    probe_set_changed: bool,
    /// The array of the poller over poll(2), while the poller does not use it, or nothing. A change
    /// of a slot is written to its entry here at once, and the slot is not dirty.
    array: Vec<ffi::pollfd>,
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
    #[inline]
    pub(crate) fn insert(
        &mut self,
        fd: RawFd,
        token: Token,
        interest: PollBits,
        is_owned: bool,
    ) -> io::Result<Key> {
        let key = self.slab.insert(fd, |before| {
            // The index of a reused slot may still be in `dirty`.
            let is_dirty = before.is_some_and(SourceState::is_dirty);
            SourceState::new(fd, token, interest, is_owned, is_dirty)
        })?;
        self.mark_index_dirty(key.index);
        Ok(key)
    }

    /// Replaces token and interest, and arms all directions.
    #[inline]
    pub(crate) fn replace(&mut self, key: Key, token: Token, interest: PollBits) -> io::Result<()> {
        let source = self.slab.get(key).ok_or_else(errors::not_registered)?;
        source.token = token;
        source.interest = interest;
        source.arm();
        self.probe_set_changed |= source.in_probe_set;
        pass_on(source, key.index, &mut self.array, &mut self.dirty);
        Ok(())
    }

    /// Sets the mode of a registration that was just added or replaced.
    #[inline]
    pub(crate) fn set_mode(&mut self, key: Key, mode: Mode) {
        if mode == Mode::Edge {
            return; // It is.
        }
        if let Some(source) = self.get(key) {
            source.set_mode(mode);
        }
    }

    /// Re-arms the directions of an operation that would block. `false` if nothing has changed.
    #[inline]
    pub(crate) fn rearm(&mut self, key: Key, waits_for: Interest) -> bool {
        let Some(source) = self.slab.get(key) else {
            return false;
        };
        if !source.rearm(waits_for) {
            return false;
        }
        self.probe_set_changed |= source.in_probe_set;
        pass_on(source, key.index, &mut self.array, &mut self.dirty);
        true
    }

    /// From now on watches a source like an unowned fd. `false` if nothing has changed.
    pub(crate) fn watch_as_unowned(&mut self, key: Key) -> bool {
        let Some(source) = self.slab.get(key) else {
            return false;
        };
        if !source.watch_as_unowned() {
            return false;
        }
        self.probe_set_changed |= source.in_probe_set;
        pass_on(source, key.index, &mut self.array, &mut self.dirty);
        true
    }

    /// Removes a registration. `false` if it was removed before.
    #[inline]
    pub(crate) fn remove(&mut self, key: Key) -> bool {
        let Some(source) = self.slab.remove(key) else {
            return false;
        };
        self.probe_set_changed |= source.in_probe_set;
        source.end();
        pass_on(source, key.index, &mut self.array, &mut self.dirty);
        true
    }

    /// The registration that a slot holds.
    pub(crate) fn key_at(&self, index: u32) -> Option<Key> {
        self.slab.key_at(index)
    }

    /// Adds a registration to the dirty list.
    #[allow(dead_code)] // Only event ports associate again what an event has consumed.
    pub(crate) fn mark_dirty(&mut self, key: Key) {
        if self.get(key).is_some() {
            self.mark_index_dirty(key.index);
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
    /// `true` if there may be any.
    pub(crate) fn keep_unreported(&mut self, key: Key, entry: &ffi::pollfd) -> bool {
        self.get(key)
            .is_some_and(|source| source.keep_unreported(entry.events, entry.revents))
    }

    #[inline]
    fn mark_index_dirty(&mut self, index: u32) {
        if let Some((_, source)) = self.slab.slot_at(index) {
            pass_on(source, index, &mut self.array, &mut self.dirty);
        }
    }

    /// Exchanges the poller's array, so that it is either here or at the poller, where changes make
    /// their slots dirty. The entry of slot 0 is the second one.
    #[inline]
    #[allow(dead_code)] // Only poll(2) has an array.
    pub(crate) fn swap_array(&mut self, array: &mut Vec<ffi::pollfd>) {
        mem::swap(&mut self.array, array);
    }

    /// The slots, to apply what a poll has returned.
    #[inline]
    #[allow(dead_code)] // Only poll(2) has an array as long as the slab.
    pub(crate) fn slots(&mut self) -> &mut [Slot<SourceState>] {
        self.slab.slots()
    }

    /// Whether the dirty list has slots.
    #[inline]
    #[allow(dead_code)] // Only poll(2) asks before it locks.
    pub(crate) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The length of the dirty list.
    #[cfg(test)]
    #[allow(dead_code)] // Tests of event ports use it.
    pub(crate) fn dirty_len(&self) -> usize {
        self.dirty.len()
    }

    /// Takes one slot off the dirty list: its index, its generation, and its entry for poll(2).
    pub(crate) fn next_dirty(&mut self) -> Option<(u32, u32, ffi::pollfd)> {
        loop {
            let index = self.dirty.pop()?;
            let (generation, source) = self.slab.slot_at(index)?;
            if source.set_dirty(false) {
                return Some((index, generation, source.take_pollfd()));
            }
        }
    }

    /// Marks a registration as part of the probe set. `true` if it must be and was not.
    #[inline]
    pub(crate) fn enter_probe_set(&mut self, key: Key) -> bool {
        let Some(source) = self.slab.get(key) else {
            return false;
        };
        self.probe_set_changed |= source.in_probe_set;
        source.enter_probe_set()
    }

    /// Whether a registration must stay in the probe set. If not, its mark is removed.
    pub(crate) fn stays_in_probe_set(&mut self, key: Key) -> bool {
        self.get(key).is_some_and(|source| {
            source.in_probe_set = source.wants_probe();
            source.in_probe_set
        })
    }
}

/// Passes the state of a slot on to the poller: to its array, if that is here, or else by the dirty
/// list.
#[inline]
fn pass_on(source: &mut SourceState, index: u32, array: &mut [ffi::pollfd], dirty: &mut Vec<u32>) {
    if let Some(entry) = array.get_mut(index as usize + 1) {
        *entry = source.take_pollfd();
    } else if !source.set_dirty(true) {
        dirty.push(index);
    }
}

/// How many entries are examined at once.
const STRIDE: usize = 16;

/// How many entries of a stride with ready ones are applied in one turn of a loop.
const GROUP: usize = 4;

/// Applies the ready entries from index `start` on that need no more than
/// [`SourceState::apply_plain`], while there is space for their events. Returns the index of the
/// first ready one that was not applied, or the number of entries.
///
/// This is the only work of the selector that grows with the number of sources, so it skips many
/// entries at a time. In its caller, `space` is in registers.
#[inline(always)]
#[allow(dead_code)] // Only poll(2) has an array as long as the slab.
pub(crate) fn apply_plain(
    mut start: usize,
    entries: &mut [ffi::pollfd],
    slots: &mut [Slot<SourceState>],
    space: &mut Spare<'_, Event>,
) -> usize {
    while start < entries.len() && !space.is_full() {
        start += skipped(entries.get(start..).unwrap_or_default());
        let (Some(entries), Some(slots)) = (entries.get_mut(start..), slots.get_mut(start..))
        else {
            break;
        };
        let length = entries.len().min(STRIDE);
        let is_done = match (
            entries.first_chunk_mut::<STRIDE>(),
            slots.first_chunk_mut::<STRIDE>(),
        ) {
            (Some(entries), Some(slots)) => apply_groups::<GROUP>(entries, slots, space),
            _ => apply_groups::<1>(entries, slots, space),
        };
        if !is_done {
            let left = entries.iter().position(|entry| entry.revents != 0);
            return start + left.unwrap_or(length);
        }
        start += length;
    }
    start
}

/// How many entries before the first stride with a ready one are skipped: a multiple of `STRIDE`.
#[inline]
fn skipped(entries: &[ffi::pollfd]) -> usize {
    // If many entries are ready, the next one often is.
    if entries.first().is_some_and(|first| first.revents != 0) {
        return 0;
    }
    let skipped_strides = entries
        .chunks_exact(STRIDE)
        .take_while(|entries| entries.iter().fold(0, |bits, entry| bits | entry.revents) == 0)
        .count();
    skipped_strides * STRIDE
}

/// Like `apply_plain`, for a multiple of `N` entries. Returns whether all ready ones were applied.
///
/// There is no call in the loop, so that all of its state is in registers.
#[inline(always)]
fn apply_groups<const N: usize>(
    entries: &mut [ffi::pollfd],
    slots: &mut [Slot<SourceState>],
    space: &mut Spare<'_, Event>,
) -> bool {
    let groups = entries.chunks_exact_mut(N);
    for (entries, slots) in groups.zip(slots.chunks_exact_mut(N)) {
        for (entry, slot) in entries.iter_mut().zip(slots) {
            if entry.revents == 0 {
                continue;
            }
            if space.is_full() {
                return false;
            }
            let Some(event) = slot.entry.apply_plain(entry) else {
                return false;
            };
            space.push(event);
        }
    }
    true
}

/// The probe set: the registrations that a zero-timeout poll(2) probes, or will probe unless they
/// are observed not ready. `SourceState::wants_probe` decides which these are.
#[derive(Debug, Default)]
pub(crate) struct ProbeSet {
    /// Those that each `select` probes or observes.
    keys: Vec<Key>,
    /// Those that are not probed before a time, unless they change. A `select` does not visit them.
    waiting: Vec<Key>,
    /// The first of these times.
    waiting_until: Option<Instant>,
    /// The entries of one probe, and the registration of each.
    entries: Vec<ffi::pollfd>,
    entry_keys: Vec<Key>,
    /// Whether the last probe filled the event buffer, so that the blocking poll could not report.
    filled_buffer: bool,
    /// Whether the last probe was deferred in favor of the blocking poll.
    is_deferred: bool,
}

impl ProbeSet {
    /// The registrations of the set that the blocking poll may have.
    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Adds a registration that is marked as part of the set.
    #[allow(dead_code)] // Only poll(2) applies a poll to many slots at once.
    pub(crate) fn push(&mut self, key: Key) {
        self.keys.push(key);
    }

    /// Adds a registration if it must be probed, or observed until it is not ready.
    #[inline]
    #[allow(dead_code)] // Only event ports find each registration by its key.
    pub(crate) fn add(&mut self, table: &mut Table, key: Key) {
        if table.enter_probe_set(key) {
            self.keys.push(key);
        }
    }

    /// Whether there is nothing to probe, now or before `select` times out.
    #[inline]
    #[allow(dead_code)] // Only poll(2) asks before it locks.
    pub(crate) fn is_idle(&self) -> bool {
        self.is_empty() && !self.filled_buffer && !self.is_deferred
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.waiting.is_empty()
    }

    /// Whether the last probe was deferred. Then `select` must not time out before the next one.
    #[inline]
    pub(crate) fn is_deferred(&self) -> bool {
        self.is_deferred
    }

    /// Probes, and returns when the next suppressed registration may be reported. `with_table`
    /// calls a closure with the table, under its lock.
    ///
    /// If the previous probe filled the buffer, the blocking poll comes first: then this probe is
    /// deferred, and is due again now.
    ///
    /// After an error `select` must not block: it would miss the registrations that are probed.
    #[inline]
    pub(crate) fn probe(
        &mut self,
        with_table: impl Fn(&mut dyn FnMut(&mut Table)),
        events: &mut Events,
    ) -> io::Result<Option<Instant>> {
        if self.is_empty() && !self.filled_buffer {
            // The common case.
            self.is_deferred = false;
            return Ok(None);
        }
        self.probe_keys(with_table, events)
    }

    fn probe_keys(
        &mut self,
        with_table: impl Fn(&mut dyn FnMut(&mut Table)),
        events: &mut Events,
    ) -> io::Result<Option<Instant>> {
        self.is_deferred = mem::take(&mut self.filled_buffer);
        if self.is_deferred {
            return Ok(Some(Instant::now()));
        }
        let mut wake_at = None;
        with_table(&mut |table| wake_at = self.collect(table));
        if self.entries.is_empty() {
            return Ok(wake_at);
        }
        poll::probe(&mut self.entries)?;
        with_table(&mut |table| wake_at = earlier(wake_at, self.apply(table, events)));
        self.filled_buffer = events.room() == 0;
        Ok(wake_at)
    }

    /// Builds the entries. Returns when the first registration is due that needs no probe before.
    fn collect(&mut self, table: &mut Table) -> Option<Instant> {
        self.entries.clear();
        self.entry_keys.clear();
        let mut now = None;
        let has_changed = mem::take(&mut table.probe_set_changed);
        if let Some(until) = self.waiting_until {
            if has_changed || *now.get_or_insert_with(Instant::now) >= until {
                self.keys.append(&mut self.waiting);
                self.waiting_until = None;
            }
        }
        self.keys.retain(|key| {
            let stays = table.stays_in_probe_set(*key);
            let Some(source) = table.get(*key).filter(|_| stays) else {
                return stays;
            };
            match source.probe_request(|| *now.get_or_insert_with(Instant::now)) {
                ProbeRequest::None => {}
                ProbeRequest::Poll(entry) => {
                    self.entries.push(entry);
                    self.entry_keys.push(*key);
                }
                ProbeRequest::NotBefore(until) => {
                    self.waiting.push(*key);
                    self.waiting_until = earlier(self.waiting_until, Some(until));
                    return false;
                }
            }
            stays
        });
        self.waiting_until
    }

    fn apply(&mut self, table: &mut Table, events: &mut Events) -> Option<Instant> {
        let now = Instant::now();
        let mut wake_at = None;
        let mut is_full = false;
        for (entry, key) in self.entries.iter().zip(&self.entry_keys) {
            if entry.revents & ffi::POLLNVAL != 0 {
                // The fd was closed.
                table.remove(*key);
                continue;
            }
            if events.room() == 0 {
                // The other entries are left for the next probe, which begins here, so that no
                // registration starves.
                if !mem::replace(&mut is_full, true) {
                    if let Some(start) = self.keys.iter().position(|other| other == key) {
                        self.keys.rotate_left(start);
                    }
                }
                table.keep_unreported(*key, entry);
                continue;
            }
            match table.apply_probe(*key, entry, now) {
                ProbeOutcome::Nothing => {}
                ProbeOutcome::Event(event) => events.push(event),
                ProbeOutcome::Suppressed(until) => wake_at = earlier(wake_at, Some(until)),
            }
        }
        wake_at
    }
}
