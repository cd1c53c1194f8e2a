//! The wait: what only the thread that polls has.

use std::io;
use std::mem;
use std::slice;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use super::super::event::{Event, Events};
use super::super::platform::iocp::{EventSink, INFINITE, Packets};
use super::super::platform::now;
use super::super::platform::syscalls::{
    afd as syscall,
    socket_query::{self, Probe},
};
use super::masks::CLOSED;
use super::shared::Shared;
use super::source::{Source, SourceState};
use crate::sys::selector::EventBuffer as _;
use crate::sys::timeout::{self, Deadline, earlier};

/// The most packets that one wait takes.
const MAX_PACKETS: usize = 1024;

/// How often a `select` whose time is up goes on because packets came that were no events: they
/// may lead to some.
const MAX_EMPTY_ROUNDS: usize = 8;

/// When a look is repeated that told nothing, and a source resumed that was held back.
const RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// What the poller keeps between calls: memory, the unowned sockets that it looks at itself, and
/// the sources that it resumes later.
pub(super) struct Poller {
    packets: Packets,
    updates: Vec<Arc<Source>>,
    probe_set: Vec<Arc<Source>>,
    probes: Vec<Probe>,
    requested: Vec<u32>,
    /// Each with the moment when it is due. They come in the order of these.
    paused: Vec<(Instant, Arc<Source>)>,
    /// Whether the last wait had no room for packets, which then come first in the next one.
    dequeue_first: bool,
}

impl Default for Poller {
    fn default() -> Poller {
        Poller {
            packets: Packets::with_capacity(0),
            updates: Vec::new(),
            probe_set: Vec::new(),
            probes: Vec::new(),
            requested: Vec::new(),
            paused: Vec::new(),
            dequeue_first: false,
        }
    }
}

impl Poller {
    /// See `selector::Selector::select`. The records are empty, and have room for one at least.
    pub(super) fn select(
        &mut self,
        shared: &Arc<Shared>,
        events: &mut Events,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let most = events.capacity().min(MAX_PACKETS);
        if self.packets.capacity() < most {
            self.packets = Packets::with_capacity(most);
        }
        let is_zero = timeout == Some(Duration::ZERO);
        let deadline = Deadline::on(timeout, now);
        let mut turns = 0;
        if mem::take(&mut self.dequeue_first) {
            self.take(shared, events, 0)?;
            if !events.is_empty() {
                return Ok(());
            }
        }
        loop {
            let wake_at = self.update(shared, events, !is_zero);
            if events.room() == 0 {
                shared.is_waiting.store(false, Ordering::Relaxed);
                self.dequeue_first = true;
                return Ok(());
            }
            let pause = if is_zero || !events.is_empty() {
                0
            } else {
                millis(earlier(wake_at, deadline.at))
            };
            let count = self.take(shared, events, pause)?;
            if !events.is_empty() {
                return Ok(());
            }
            if deadline.is_past_on(now) {
                turns += 1;
                if count == 0 || turns >= MAX_EMPTY_ROUNDS {
                    return Ok(());
                }
            }
        }
    }

    /// Waits so many milliseconds for packets, delivers them, and returns how many came.
    fn take(&mut self, shared: &Shared, events: &mut Events, pause: u32) -> io::Result<usize> {
        let result = shared.port.dequeue(&mut self.packets, events.room(), pause);
        shared.is_waiting.store(false, Ordering::Relaxed);
        // What was reported before is lost to nobody; the error comes again, or has passed.
        let count = match result {
            Err(error) if events.is_empty() => return Err(error),
            result => result.unwrap_or(0),
        };
        for packet in self.packets.drain() {
            shared.port.deliver(packet, &mut EventSink::new(events));
        }
        Ok(count)
    }

    /// Starts the requests that are needed, and looks at what no request can judge. Returns when
    /// the first of these has to be done again.
    fn update(
        &mut self,
        shared: &Arc<Shared>,
        events: &mut Events,
        will_wait: bool,
    ) -> Option<Instant> {
        shared.is_waiting.store(will_wait, Ordering::Relaxed);
        shared.updates().swap(&mut self.updates);
        let mut updates = mem::take(&mut self.updates);
        for source in updates.drain(..) {
            let mut state = source.state();
            state.is_queued = false;
            if state.conditions_to_probe() != 0 && !mem::replace(&mut state.is_in_probe_set, true) {
                self.probe_set.push(Arc::clone(&source));
            }
            self.submit_or_fault(shared, &source, state, events);
        }
        self.updates = updates;
        self.resume(shared, events);
        let apply_probe = if self.probe_set.is_empty() {
            None
        } else {
            self.probe(shared, events)
        };
        let resumes_at = self.paused.first().map(|(due, _)| *due);
        earlier(apply_probe, resumes_at)
    }

    /// Lets sources go on whose pause is over.
    fn resume(&mut self, shared: &Arc<Shared>, events: &mut Events) {
        if self.paused.is_empty() {
            return;
        }
        let now = now();
        let is_due = |(due, _): &(Instant, Arc<Source>)| *due <= now;
        let count = self.paused.iter().take_while(|one| is_due(one)).count();
        let due: Vec<_> = self.paused.drain(..count).collect();
        for (_, source) in due {
            let mut state = source.state();
            state.is_in_paused_list = false;
            state.resume();
            self.submit_or_fault(shared, &source, state, events);
        }
    }

    /// Starts or cancels the request of a source, unless it is held back: then it is resumed
    /// later. What the system refuses for a moment is tried again, and what it refuses for good
    /// is reported; without room for that it is tried again, too.
    fn submit_or_fault(
        &mut self,
        shared: &Shared,
        source: &Arc<Source>,
        mut state: MutexGuard<'_, SourceState>,
        events: &mut Events,
    ) {
        if let Err(error) = source.update(&mut state, shared) {
            if syscall::is_invalid_handle(&error) && !state.is_owned() {
                return shared.on_socket_closed(source, state);
            }
            if syscall::is_transient(&error) {
                state.pause();
            } else if events.room() > 0 {
                let conditions = state.fail(error.raw_os_error().unwrap_or(0));
                if conditions != 0 {
                    events.push(Event::new(state.token(), conditions));
                }
            } else {
                shared.queue(source, &mut state);
            }
        }
        if state.is_paused() && !mem::replace(&mut state.is_in_paused_list, true) {
            let now = now();
            let due = now.checked_add(RETRY_INTERVAL).unwrap_or(now);
            self.paused.push((due, Arc::clone(source)));
        }
    }

    /// Looks at the unowned sockets that are in doubt, without waiting.
    fn probe(&mut self, shared: &Arc<Shared>, events: &mut Events) -> Option<Instant> {
        self.probes.clear();
        self.requested.clear();
        let (probes, requested) = (&mut self.probes, &mut self.requested);
        self.probe_set.retain(|source| {
            let mut state = source.state();
            let conditions_to_probe = state.conditions_to_probe();
            state.is_in_probe_set = conditions_to_probe != 0;
            if state.is_in_probe_set {
                probes.push(Probe::new(source.socket, conditions_to_probe));
                requested.push(conditions_to_probe);
            }
            state.is_in_probe_set
        });
        if self.probes.is_empty() {
            return None;
        }
        let mut wake_at = match socket_query::probe(&mut self.probes) {
            Ok(()) => None,
            Err(_) => self.probe_one_by_one(),
        };
        let now = now();
        let mut probe_set = mem::take(&mut self.probe_set);
        let mut next = 0;
        for (place, source) in probe_set.iter().enumerate() {
            let (Some(probe), Some(requested)) =
                (self.probes.get(place), self.requested.get(place))
            else {
                break;
            };
            if events.room() == 0 {
                // The rest is left untouched for the next look, which begins here, so that none
                // of them starves.
                next = place;
                break;
            }
            let mut state = source.state();
            let seen = probe.seen();
            if seen & CLOSED != 0 {
                shared.on_socket_closed(source, state);
                continue;
            }
            let (ready, again) = state.apply_probe(*requested, seen, now);
            if ready != 0 {
                events.push(Event::new(state.token(), ready));
            }
            wake_at = earlier(wake_at, again);
            self.submit_or_fault(shared, source, state, events);
        }
        probe_set.rotate_left(next);
        self.probe_set = probe_set;
        wake_at
    }

    /// One of those that were looked at may fail all of them, so each is looked at by itself.
    /// Returns when to look again at those of which nothing is known now.
    fn probe_one_by_one(&mut self) -> Option<Instant> {
        let mut wake_at = None;
        for (probe, requested) in self.probes.iter_mut().zip(&mut self.requested) {
            match socket_query::probe(slice::from_mut(probe)) {
                Ok(()) => {}
                Err(error) if socket_query::is_not_socket(&error) => probe.set_closed(),
                Err(_) => {
                    probe.clear();
                    *requested = 0;
                    wake_at = earlier(wake_at, now().checked_add(RETRY_INTERVAL));
                }
            }
        }
        wake_at
    }
}

/// The wait until a moment, or for ever. A wait that is too long for the kernel is its first piece.
fn millis(until: Option<Instant>) -> u32 {
    let Some(until) = until else {
        return INFINITE;
    };
    let left = until.saturating_duration_since(now());
    // Never negative, and never `INFINITE`, which is beyond the largest `c_int`.
    timeout::round_up_millis(left) as u32
}

const _: () = assert!(INFINITE > i32::MAX as u32);
