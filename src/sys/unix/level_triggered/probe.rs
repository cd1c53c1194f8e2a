//! Registrations whose readiness the blocking poll cannot determine. Every `select` first probes
//! them with a zero-timeout poll(2).

use std::io;
use std::mem;
use std::time::Instant;

use super::Events;
use super::slot::{Probe, ProbeRequest};
use super::table::{Key, Table};
use crate::sys::ffi;
use crate::sys::timeout::earlier;
use crate::sys::unix::syscalls::poll;

/// The registrations that are probed, and those that were reported and would be once they are never
/// observed clear.
#[derive(Debug, Default)]
pub(crate) struct ProbeSet {
    keys: Vec<Key>,
    /// The entries of one probe, and whose they are.
    entries: Vec<ffi::pollfd>,
    entry_keys: Vec<Key>,
    /// Whether the last probe left no room for events of the blocking poll.
    has_filled: bool,
    /// Whether the last probe was put off, so that the blocking poll has its turn.
    is_due: bool,
}

impl ProbeSet {
    /// The registrations.
    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Adds a registration if it has to be probed, or watched for being clear.
    #[inline]
    pub(crate) fn add(&mut self, table: &mut Table, key: Key) {
        if table.enter_probe_set(key) {
            self.keys.push(key);
        }
    }

    /// Whether the last probe was put off, so that a call must not end before the next one.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        self.is_due
    }

    /// Probes, and returns when the next suppressed registration may be reported. `locked` runs
    /// something with the table, under its lock.
    ///
    /// If the probe before left no room for events of the blocking poll, that comes first: then
    /// this only returns that the next probe is due at once.
    ///
    /// An error must end the wait: it would sleep without what was to be probed.
    #[inline]
    pub(crate) fn probe(
        &mut self,
        locked: impl Fn(&mut dyn FnMut(&mut Table)),
        records: &mut Events,
    ) -> io::Result<Option<Instant>> {
        if self.keys.is_empty() && !self.has_filled {
            // Nearly always.
            self.is_due = false;
            return Ok(None);
        }
        self.probe_keys(locked, records)
    }

    fn probe_keys(
        &mut self,
        locked: impl Fn(&mut dyn FnMut(&mut Table)),
        records: &mut Events,
    ) -> io::Result<Option<Instant>> {
        self.is_due = mem::take(&mut self.has_filled);
        if self.is_due {
            return Ok(Some(Instant::now()));
        }
        let mut wake_at = None;
        locked(&mut |table| wake_at = self.collect(table));
        if self.entries.is_empty() {
            return Ok(wake_at);
        }
        poll::probe(&mut self.entries)?;
        locked(&mut |table| wake_at = earlier(wake_at, self.apply(table, records)));
        self.has_filled = records.room() == 0;
        Ok(wake_at)
    }

    /// Builds the entries. Returns when the first of those is due that need no probe before.
    fn collect(&mut self, table: &mut Table) -> Option<Instant> {
        self.entries.clear();
        self.entry_keys.clear();
        let mut wake_at = None;
        let mut now = None;
        self.keys.retain(|key| {
            let stays = table.stays_in_probe_set(*key);
            let Some(slot) = table.get(*key).filter(|_| stays) else {
                return stays;
            };
            match slot.probe_request(|| *now.get_or_insert_with(Instant::now)) {
                ProbeRequest::None => {}
                ProbeRequest::Ask(entry) => {
                    self.entries.push(entry);
                    self.entry_keys.push(*key);
                }
                ProbeRequest::Later(until) => wake_at = earlier(wake_at, Some(until)),
            }
            stays
        });
        wake_at
    }

    fn apply(&mut self, table: &mut Table, records: &mut Events) -> Option<Instant> {
        let now = Instant::now();
        let mut wake_at = None;
        let mut is_full = false;
        for (entry, key) in self.entries.iter().zip(&self.entry_keys) {
            if entry.revents & ffi::POLLNVAL != 0 {
                // The descriptor was closed.
                table.remove(*key);
                continue;
            }
            if records.room() == 0 {
                // The rest stays as it is. The next probe begins here, so that none of them
                // starves.
                if !mem::replace(&mut is_full, true) {
                    if let Some(start) = self.keys.iter().position(|other| other == key) {
                        self.keys.rotate_left(start);
                    }
                }
                table.keep_unreported(*key, entry);
                continue;
            }
            match table.apply_probe(*key, entry, now) {
                Probe::Nothing => {}
                Probe::Event(record) => records.push(record),
                Probe::Suppressed(until) => wake_at = earlier(wake_at, Some(until)),
            }
        }
        wake_at
    }
}
