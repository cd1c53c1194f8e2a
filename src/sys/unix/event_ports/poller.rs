//! The wait: what only the thread that polls has.

use std::io;
use std::time::{Duration, Instant};

use super::level_triggered::{Key, ProbeSet};
use super::state::State;
use super::syscall::{self, PortEvent};
use super::{Event, Events, Shared};
use crate::Token;
use crate::sys::selector::EventBuffer as _;
use crate::sys::timeout::{Deadline, earlier};

/// The buffer that the kernel fills, and the slots that are probed.
#[derive(Debug, Default)]
pub(super) struct Poller {
    events: Vec<PortEvent>,
    probe_set: ProbeSet,
}

/// What became of the events of one wait.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    /// The bits of the wakers that were told.
    wakers: usize,
    /// How many were of nobody.
    stale: usize,
}

impl Poller {
    /// See `selector::Selector::select`. The records are empty, and have room for one at least.
    pub(super) fn select(
        &mut self,
        shared: &Shared,
        records: &mut Events,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let deadline = Deadline::new(timeout);
        if self.events.len() < records.capacity() {
            self.events.resize(records.capacity(), PortEvent::NOTHING);
        }
        loop {
            // Nothing was taken yet, so an error is lost.
            let wake_at = self
                .probe_set
                .probe(|run| run(&mut shared.state().table), records)?;
            let mut state = shared.state();
            let associated = state.associate_changed(shared.port());
            if records.is_empty() {
                // Nothing was taken, so the error is lost. Otherwise it comes again in the next
                // call.
                associated?;
            }
            let room = records.room();
            let wait = if records.is_empty() && !deadline.is_past() {
                let until = earlier(wake_at, deadline.at);
                until.map(|until| until.saturating_duration_since(Instant::now()))
            } else {
                Some(Duration::ZERO)
            };
            drop(state);
            let (count, result) = match self.events.get_mut(..room) {
                Some(buffer) if room != 0 => syscall::get(shared.port(), buffer, wait),
                _ => return Ok(()),
            };

            // A wait that was interrupted may have left events behind.
            let is_emptied = count < room && result.is_ok();
            let mut state = shared.state();
            let taken = self.take(&mut state, records, count);
            if is_emptied || result.is_err() {
                // Not even a notification that the kernel has lost makes a waker deaf.
                shared.wakes.clear_all();
                state.seen();
            } else {
                shared.wakes.clear_only(taken.wakers);
            }
            if is_emptied {
                self.observe(&mut state);
            }
            drop(state);
            if !records.is_empty() {
                return Ok(());
            }
            result?;
            // What was stale may have had the places of events that are ready.
            if deadline.is_past()
                && !self.probe_set.is_deferred()
                && (is_emptied || taken.stale < count)
            {
                return Ok(());
            }
        }
    }

    /// Takes what the kernel has told.
    fn take(&mut self, state: &mut State, records: &mut Events, count: usize) -> Taken {
        let mut taken = Taken::default();
        let now = Instant::now();
        for (index, event) in self.events.iter().take(count).enumerate() {
            let record = match event.source() {
                syscall::FD => match state.key_at(event.user()) {
                    Some(key) => {
                        let record = take_one(state, key, event, now);
                        self.probe_set.add(&mut state.table, key);
                        record
                    }
                    None => {
                        taken.stale += 1;
                        None
                    }
                },
                syscall::USER => match state.notified(event.user()) {
                    Some(slot) => {
                        taken.wakers |= slot.bit;
                        // A waker says one thing, however often.
                        let is_said = self.events.iter().take(index).any(|said| said.is(event));
                        (!is_said).then(|| Event::new(slot.token, event.bits()))
                    }
                    None => {
                        taken.stale += 1;
                        None
                    }
                },
                // Of somebody who uses the queue's descriptor.
                _ => Some(Event::new(Token(event.user()), 0)),
            };
            if let Some(record) = record {
                records.push(record);
            }
        }
        taken
    }

    /// Notes which slots of the probe set are not ready: the port is empty, and their associations
    /// are outstanding.
    fn observe(&mut self, state: &mut State) {
        for key in self.probe_set.keys() {
            if let Some(asked) = state.associated(*key) {
                if let Some(slot) = state.table.get(*key) {
                    slot.observe_poll(asked, 0);
                }
            }
        }
    }
}

/// What one source has to say.
fn take_one(state: &mut State, key: Key, event: &PortEvent, now: Instant) -> Option<Event> {
    let asked = state.told(key);
    let slot = state.table.get(key)?;
    slot.observe_poll(asked, event.bits());
    slot.apply_poll(asked, event.bits(), now)
}
