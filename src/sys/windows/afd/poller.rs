//! `select`: the part of the selector that only the waiting thread has.

use std::io;
use std::mem;
use std::slice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::shared::Shared;
use super::socket_state::Flag;
use super::source::{Source, SourceState};
use super::timer::WaitTimer;
use crate::sys::selector::EventBuffer as _;
use crate::sys::sync::{MutexGuard, Ordering};
use crate::sys::timeout::{self, Deadline, earlier};
use crate::sys::windows::event::masks::CLOSED;
use crate::sys::windows::event::{Event, Events};
use crate::sys::windows::platform::iocp::{EventSink, INFINITE, Packets};
use crate::sys::windows::platform::now;
use crate::sys::windows::platform::syscalls::{
    afd as syscall,
    socket_query::{self, Probe},
};

/// The most packets that one wait dequeues.
const MAX_PACKETS: usize = 1024;

/// How many rounds without an event a `select` makes after its deadline, as long as packets come:
/// they may lead to events.
const MAX_EMPTY_ROUNDS: usize = 8;

/// How long a source is paused, and the delay before a failed probe is repeated.
const RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// What the poller keeps between calls: buffers, the probe set of unowned sockets, and the paused
/// sources.
pub(super) struct Poller {
    packets: Packets,
    updates: Vec<Arc<Source>>,
    probe_set: Vec<Arc<Source>>,
    probes: Vec<Probe>,
    requested: Vec<u32>,
    /// Paused sources, each with the time to resume it, in the order of these times.
    paused: Vec<(Instant, Arc<Source>)>,
    /// Ends short waits in time.
    timer: WaitTimer,
    /// Whether the last wait had no room for packets, so that the next one dequeues first.
    dequeue_first: bool,
}

impl Default for Poller {
    #[inline]
    fn default() -> Poller {
        Poller {
            packets: Packets::with_capacity(0),
            updates: Vec::new(),
            probe_set: Vec::new(),
            probes: Vec::new(),
            requested: Vec::new(),
            paused: Vec::new(),
            timer: WaitTimer::default(),
            dequeue_first: false,
        }
    }
}

impl Poller {
    /// See `selector::Selector::select`. `events` is empty and has room for at least one.
    #[inline]
    pub(super) fn select(
        &mut self,
        shared: &Arc<Shared>,
        events: &mut Events,
        deadline: Deadline,
    ) -> io::Result<()> {
        let most = events.capacity().min(MAX_PACKETS);
        if self.packets.capacity() < most {
            self.packets = Packets::with_capacity(most);
        }
        let is_immediate = deadline == Deadline::Immediate;
        let deadline = deadline.start_on(now);
        let mut turns = 0;
        if mem::take(&mut self.dequeue_first) {
            self.dequeue(shared, events, Some(Duration::ZERO))?;
            if !events.is_empty() {
                return Ok(());
            }
        }
        loop {
            let wake_at = self.update(shared, events, !is_immediate);
            if events.room() == 0 {
                shared.is_waiting.store(false, Ordering::Relaxed);
                self.dequeue_first = true;
                return Ok(());
            }
            let timeout = if is_immediate || !events.is_empty() {
                Some(Duration::ZERO)
            } else {
                let until = earlier(wake_at, deadline.at);
                until.map(|until| until.saturating_duration_since(now()))
            };
            let count = self.dequeue(shared, events, timeout)?;
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

    /// Waits up to `timeout` for packets and delivers them. Returns how many came, or 0 if the port
    /// had no other packet than that of the timer.
    #[inline]
    fn dequeue(
        &mut self,
        shared: &Shared,
        events: &mut Events,
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let slack = self.timer.before_wait(&shared.port, timeout);
        let millis = timeout.map_or(INFINITE, millis).saturating_add(slack);
        let room = events.room().min(self.packets.capacity());
        let result = shared.port.dequeue(&mut self.packets, room, millis);
        shared.is_waiting.store(false, Ordering::Relaxed);
        // With events in the buffer the error is dropped: the next wait returns it if it lasts.
        let count = match result {
            Err(error) if events.is_empty() => return Err(error),
            result => result.unwrap_or(0),
        };
        for packet in self.packets.drain() {
            shared.port.deliver(packet, &mut EventSink::new(events));
        }
        let of_timer = self.timer.after_wait(slack > 0, count);
        Ok(if count < room {
            count.saturating_sub(of_timer)
        } else {
            count
        })
    }

    /// Starts and cancels the requests of the update list, resumes paused sources, and probes.
    /// Returns when the first source has to be resumed or probed again.
    #[inline]
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
            state.clear(Flag::InUpdates);
            if state.conditions_to_probe() != 0 && !state.set(Flag::InProbeSet) {
                self.probe_set.push(Arc::clone(&source));
            }
            if !will_wait && state.take_deferral() {
                shared.add_to_updates(&source, &mut state);
                continue;
            }
            self.submit_or_fault(shared, &source, state, events);
        }
        self.updates = updates;
        self.resume(shared, events);
        let probe_at = if self.probe_set.is_empty() {
            None
        } else {
            self.probe(shared, events)
        };
        let resumes_at = self.paused.first().map(|(due, _)| *due);
        earlier(probe_at, resumes_at)
    }

    /// Resumes the sources whose pause has ended.
    #[inline]
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
            state.clear(Flag::InPausedList);
            state.resume();
            self.submit_or_fault(shared, &source, state, events);
        }
    }

    /// Starts or cancels the request of a source. A refusal that may pass pauses the source; any
    /// other one is reported as a fault, or retried if there is no room for its event.
    #[inline]
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
                shared.add_to_updates(source, &mut state);
            }
        }
        if state.is_paused() && !state.set(Flag::InPausedList) {
            let now = now();
            let due = now.checked_add(RETRY_INTERVAL).unwrap_or(now);
            self.paused.push((due, Arc::clone(source)));
        }
    }

    /// Probes the sockets of the probe set by one `WSAPoll` that does not wait. Returns when to
    /// probe again, if that is before the next wait.
    #[inline]
    fn probe(&mut self, shared: &Arc<Shared>, events: &mut Events) -> Option<Instant> {
        self.probes.clear();
        self.requested.clear();
        let (probes, requested) = (&mut self.probes, &mut self.requested);
        self.probe_set.retain(|source| {
            let mut state = source.state();
            let to_probe = state.conditions_to_probe();
            if to_probe == 0 {
                state.clear(Flag::InProbeSet);
            } else {
                probes.push(Probe::new(source.socket, to_probe));
                requested.push(to_probe);
            }
            to_probe != 0
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
        for (index, source) in probe_set.iter().enumerate() {
            let (Some(probe), Some(requested)) =
                (self.probes.get(index), self.requested.get(index))
            else {
                break;
            };
            if events.room() == 0 {
                // The next probe begins here, so that no socket starves.
                next = index;
                break;
            }
            let mut state = source.state();
            let seen = probe.seen();
            if seen & CLOSED != 0 {
                shared.on_socket_closed(source, state);
                continue;
            }
            let (ready, probe_at) = state.apply_probe(*requested, seen, now);
            if ready != 0 {
                events.push(Event::new(state.token(), ready));
            }
            wake_at = earlier(wake_at, probe_at);
            self.submit_or_fault(shared, source, state, events);
        }
        probe_set.rotate_left(next);
        self.probe_set = probe_set;
        wake_at
    }

    /// Probes each socket by a call of its own, because one of them may fail a common call. Returns
    /// when to repeat the probes that failed.
    #[inline]
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

/// The timeout in milliseconds. A wait that is too long for the kernel is clamped; `select` waits
/// again.
#[inline]
fn millis(left: Duration) -> u32 {
    // Never negative, and never `INFINITE`, which is larger than any `c_int`.
    timeout::round_up_millis(left) as u32
}

const _: () = assert!(INFINITE > i32::MAX as u32);
