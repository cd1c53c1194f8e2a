//! The part of the selector that only the thread that polls uses.

use std::io;
use std::time::{Duration, Instant};

use super::level_triggered::{Key, ProbeSet};
use super::state::State;
use super::syscall::{self, PortEvent};
use super::{Event, Events, Shared};
use crate::Token;
use crate::sys::timeout::{Deadline, earlier, time_until};

/// The buffer that the kernel fills, and the registrations that are probed.
#[derive(Debug, Default)]
pub(super) struct Poller {
    port_events: Vec<PortEvent>,
    probe_set: ProbeSet,
}

/// What one wait has delivered.
#[derive(Clone, Copy, Debug, Default)]
struct Delivered {
    /// The bits of the wakers that have sent an event.
    waker_bits: usize,
    /// The number of events of registrations and wakers that no longer exist.
    stale: usize,
}

impl Poller {
    /// See `selector::Selector::select`. `events` is empty and has room for at least one event.
    pub(super) fn select(
        &mut self,
        shared: &Shared,
        events: &mut Events,
        deadline: Deadline,
    ) -> io::Result<()> {
        let deadline = deadline.start();
        if self.port_events.len() < events.room() {
            self.port_events.resize(events.room(), PortEvent::EMPTY);
        }
        loop {
            // `events` is empty, so an error may end the call.
            let wake_at = self
                .probe_set
                .probe(|run| run(&mut shared.state().table), events)?;
            let mut state = shared.state();
            let associated = state.associate_dirty(shared.port());
            if events.is_empty() {
                // With events, the error is dropped. It recurs in the next call.
                associated?;
            }
            let room = events.room();
            let wait = if events.is_empty() && !deadline.is_past() {
                time_until(earlier(wake_at, deadline.at))
            } else {
                Some(Duration::ZERO)
            };
            drop(state);
            let (count, result) = match self.port_events.get_mut(..room) {
                Some(buffer) if room != 0 => syscall::get(shared.port(), buffer, wait),
                _ => return Ok(()),
            };

            // A wait that was interrupted may have left events in the port.
            let is_emptied = count < room && result.is_ok();
            let mut state = shared.state();
            let delivered = self.convert_events(&mut state, events, count);
            if is_emptied || result.is_err() {
                // Clears all bits: even a notification that the kernel has lost does not make a
                // waker silent for good.
                shared.wakes.clear_all();
                state.clear_all_wakes_pending();
            } else {
                shared.wakes.clear_only(delivered.waker_bits);
            }
            if is_emptied {
                self.observe_not_ready(&mut state);
            }
            drop(state);
            if !events.is_empty() {
                return Ok(());
            }
            result?;
            // Stale events may have taken the room of events that are ready.
            let is_complete = is_emptied || delivered.stale < count;
            if deadline.is_past() && !self.probe_set.is_deferred() && is_complete {
                return Ok(());
            }
        }
    }

    /// Converts the first `count` events of the port, and notes what they consume.
    fn convert_events(
        &mut self,
        state: &mut State,
        events: &mut Events,
        count: usize,
    ) -> Delivered {
        let mut delivered = Delivered::default();
        let now = Instant::now();
        for (index, port_event) in self.port_events.iter().take(count).enumerate() {
            let event = match port_event.source() {
                syscall::FD => match state.key_of_event(port_event.user()) {
                    Some(key) => {
                        let event = convert_fd_event(state, key, port_event, now);
                        self.probe_set.add(&mut state.table, key);
                        event
                    }
                    None => {
                        delivered.stale += 1;
                        None
                    }
                },
                syscall::USER => match state.accept_wake(port_event.user()) {
                    Some(waker) => {
                        delivered.waker_bits |= waker.bit;
                        // Several events of one waker in one wait are reported as one.
                        let mut before = self.port_events.iter().take(index);
                        let is_repeated = before.any(|other| other.has_origin_of(port_event));
                        (!is_repeated).then(|| Event::new(waker.token, port_event.bits()))
                    }
                    None => {
                        delivered.stale += 1;
                        None
                    }
                },
                // Other code has queued this event through the port's file descriptor.
                _ => Some(Event::new(Token(port_event.user()), 0)),
            };
            if let Some(event) = event {
                events.push(event);
            }
        }
        delivered
    }

    /// Records that no condition of an outstanding association holds, for each registration that is
    /// probed. The caller has seen that the port is empty.
    fn observe_not_ready(&mut self, state: &mut State) {
        for key in self.probe_set.keys() {
            if let Some(asked) = state.outstanding(*key) {
                if let Some(slot) = state.table.get(*key) {
                    slot.observe_poll(asked, 0);
                }
            }
        }
    }
}

/// Converts the event of a registration. `None` if there is nothing to report.
fn convert_fd_event(
    state: &mut State,
    key: Key,
    port_event: &PortEvent,
    now: Instant,
) -> Option<Event> {
    let asked = state.consume_association(key);
    let slot = state.table.get(key)?;
    slot.observe_poll(asked, port_event.bits());
    slot.apply_poll(asked, port_event.bits(), now)
}
