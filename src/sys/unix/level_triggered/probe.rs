//! Registrations whose readiness the blocking poll cannot determine. Every `select` first probes
//! them with a zero-timeout poll(2).

use std::io;
use std::mem;
use std::time::Instant;

use super::Events;
use super::source_state::{ProbeOutcome, ProbeRequest};
use super::table::{Key, Table};
use crate::sys::ffi;
use crate::sys::timeout::earlier;
use crate::sys::unix::syscalls::poll;

/// The registrations that are probed, or will be unless they are observed not ready.
#[derive(Debug, Default)]
pub(crate) struct ProbeSet {
    keys: Vec<Key>,
    /// The entries of one probe, and the registration of each.
    entries: Vec<ffi::pollfd>,
    entry_keys: Vec<Key>,
    /// Whether the last probe filled the event buffer, so that the blocking poll could not report.
    filled_buffer: bool,
    /// Whether the last probe was deferred in favor of the blocking poll.
    is_deferred: bool,
}

impl ProbeSet {
    /// The registrations of the set.
    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Adds a registration if it must be probed, or observed until it is not ready.
    #[inline]
    pub(crate) fn add(&mut self, table: &mut Table, key: Key) {
        if table.enter_probe_set(key) {
            self.keys.push(key);
        }
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
        if self.keys.is_empty() && !self.filled_buffer {
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
        let mut wake_at = None;
        let mut now = None;
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
                ProbeRequest::NotBefore(until) => wake_at = earlier(wake_at, Some(until)),
            }
            stays
        });
        wake_at
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
