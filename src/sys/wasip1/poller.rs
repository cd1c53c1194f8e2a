//! The polling thread: the list of subscriptions, and the loop of `select`.

use std::io;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::table::{Call, Key, Table};
use super::{Direction, Event, Events, Host, HostEvent, Shared, Subscription};
use crate::sys::errors;
use crate::sys::timeout::{Deadline, earlier, time_until};

/// The longest single wait. A host that adds it to its clock cannot overflow.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// The longest single wait where the guest has threads: after this time a wait applies what other
/// threads have registered.
const MAX_WAIT_WITH_THREADS: Duration = Duration::from_millis(10);

/// The timeout of a repeated probe.
const REPROBE_TIMEOUT: Duration = Duration::from_millis(1);

/// The delay after a probe without a result.
const REPROBE_INTERVAL: Duration = Duration::from_millis(10);

/// One direction of a source that the current call requests.
#[derive(Clone, Copy, Debug)]
struct Request {
    key: Key,
    direction: Direction,
    subscription: Subscription,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The host has not reported anything.
    Unknown,
    NotReady,
    /// Ready, and whether the peer has hung up.
    Ready {
        hang_up: bool,
    },
    /// The host cannot poll the fd, though it is open.
    Refused,
    /// The fd is closed.
    Closed,
}

/// The state of the polling thread.
#[derive(Debug, Default)]
pub(super) struct Poller<H> {
    host: H,
    /// Rebuilt for each call.
    subscriptions: Vec<Subscription>,
    host_events: Vec<HostEvent>,
    /// The request of each subscription but the clock.
    requests: Vec<Request>,
    /// The slot where the next list starts, so that no source starves if the event buffer is small.
    start: usize,
    /// Whether the last probe filled the event buffer, so that the wait could not report.
    filled_buffer: bool,
}

impl<H: Host> Poller<H> {
    /// See `selector::Selector::select`. `events` is empty and has room for at least one event.
    pub(super) fn select(
        &mut self,
        shared: &Arc<Shared>,
        events: &mut Events,
        deadline: Deadline,
    ) -> io::Result<()> {
        let has_timeout = deadline != Deadline::Never;
        let deadline = deadline.start();
        loop {
            // If the last probe filled the buffer, the wait comes first, and the probe is due
            // immediately afterwards.
            let defers_probe = mem::take(&mut self.filled_buffer);
            let wake_at = if defers_probe {
                Some(Instant::now())
            } else {
                self.probe(shared, events)?
            };
            if events.room() == 0 {
                self.filled_buffer = true;
                return Ok(());
            }
            let is_empty = {
                let table = shared.table();
                self.collect_requests(&table, Call::Wait);
                table.is_empty()
            };
            let may_block = events.is_empty() && !deadline.is_past();
            if may_block && !has_timeout && wake_at.is_none() && self.requests.is_empty() {
                // Only another thread could end this wait, by registering or re-arming.
                if is_empty || !H::THREADS {
                    return Err(errors::invalid(
                        "nothing to wait for: no source is armed, and there is no timeout",
                    ));
                }
            }

            let mut wait_time = Duration::ZERO;
            if may_block {
                let until = earlier(wake_at, deadline.at);
                wait_time = time_until(until).map_or(MAX_WAIT, |left| left.min(MAX_WAIT));
                if H::THREADS && is_shared(shared) {
                    wait_time = wait_time.min(MAX_WAIT_WITH_THREADS);
                }
            }
            let result = self.call_host(wait_time);
            self.apply_outcomes(&mut shared.table(), events);
            if !events.is_empty() {
                return Ok(());
            }
            // No event was taken, so an error loses none.
            result?;
            if deadline.is_past() && !defers_probe {
                return Ok(());
            }
        }
    }

    /// Probes the directions that would end every wait. Returns when the first suppressed one may
    /// be reported.
    fn probe(&mut self, shared: &Shared, events: &mut Events) -> io::Result<Option<Instant>> {
        self.collect_requests(&shared.table(), Call::Probe);
        if self.requests.is_empty() {
            return Ok(None);
        }
        self.call_host(Duration::ZERO)?;
        self.repeat_for_not_ready();
        Ok(self.apply_outcomes(&mut shared.table(), events))
    }

    /// Repeats a probe for the directions that it has not reported, until a call reports none.
    ///
    /// A call that returns immediately may omit directions that are ready: wasmtime runs on tokio,
    /// where a task can only poll a number of resources before it must yield
    /// (<https://github.com/tokio-rs/tokio/blob/016a574efd2d/tokio/src/task/coop/mod.rs>). Measured
    /// on wasmtime 48; a call with `REPROBE_TIMEOUT` is long enough that it yields.
    fn repeat_for_not_ready(&mut self) {
        let mut finished = Vec::new();
        loop {
            let mut not_ready = Vec::new();
            self.subscriptions.clear();
            for request in self.requests.drain(..) {
                if request.outcome == Outcome::NotReady {
                    self.subscriptions.push(request.subscription);
                    not_ready.push(request);
                } else {
                    finished.push(request);
                }
            }
            self.requests = not_ready;
            let is_done = self.requests.is_empty()
                || self.call_host(REPROBE_TIMEOUT).is_err()
                || self
                    .requests
                    .iter()
                    .all(|request| request.outcome == Outcome::NotReady);
            if is_done {
                break;
            }
        }
        self.requests.append(&mut finished);
    }

    /// Builds the list of the directions that a call requests.
    fn collect_requests(&mut self, table: &Table, call: Call) {
        self.requests.clear();
        self.subscriptions.clear();
        for (key, fd, source) in table.iter_from(self.start) {
            for direction in [Direction::Read, Direction::Write] {
                if source.call_for(direction) != call {
                    continue;
                }
                let subscription = match direction {
                    Direction::Read => Subscription::Read(fd),
                    Direction::Write => Subscription::Write(fd),
                };
                self.subscriptions.push(subscription);
                self.requests.push(Request {
                    key,
                    direction,
                    subscription,
                    outcome: Outcome::Unknown,
                });
            }
        }
    }

    /// Calls the host, and stores the outcome of each request. An fd that is closed, or that the
    /// host cannot poll, does not fail the call for the other ones.
    fn call_host(&mut self, wait_time: Duration) -> io::Result<()> {
        let start = Instant::now();
        self.subscriptions.push(Subscription::Clock(wait_time));
        let result = self.host.wait(&self.subscriptions, &mut self.host_events);
        self.subscriptions.pop();
        if let Err(error) = result {
            let is_explained = error.kind() != io::ErrorKind::Interrupted && self.find_refused();
            return if is_explained { Ok(()) } else { Err(error) };
        }
        let clock = self.requests.len();
        let is_early = start.elapsed() < wait_time;
        if self.host_events.iter().all(|event| event.index >= clock) && is_early {
            // Some hosts return early and without an event if an fd is closed. They have not polled
            // the other ones.
            self.find_closed();
            return Ok(());
        }
        for request in &mut self.requests {
            request.outcome = Outcome::NotReady;
        }
        for event in &self.host_events {
            let subscription = self.subscriptions.get(event.index).copied();
            if let (Some(request), Some(subscription)) =
                (self.requests.get_mut(event.index), subscription)
            {
                request.outcome = match event.error {
                    0 => Outcome::Ready {
                        hang_up: event.hang_up,
                    },
                    _ if is_closed::<H>(subscription) => Outcome::Closed,
                    _ => Outcome::Refused,
                };
            }
        }
        Ok(())
    }

    /// Finds closed fds. `true` if there is one.
    fn find_closed(&mut self) -> bool {
        for (request, subscription) in self.requests.iter_mut().zip(&self.subscriptions) {
            if is_closed::<H>(*subscription) {
                request.outcome = Outcome::Closed;
            }
        }
        self.has_outcomes()
    }

    /// Finds what made the host fail the whole call: closed fds, or if there are none, fds that the
    /// host cannot poll. `true` if there is one.
    fn find_refused(&mut self) -> bool {
        if self.find_closed() {
            return true;
        }
        for (request, subscription) in self.requests.iter_mut().zip(&self.subscriptions) {
            let alone = [*subscription, Subscription::Clock(Duration::ZERO)];
            if self.host.wait(&alone, &mut self.host_events).is_err() {
                request.outcome = Outcome::Refused;
            }
        }
        self.has_outcomes()
    }

    fn has_outcomes(&self) -> bool {
        let mut requests = self.requests.iter();
        requests.any(|request| request.outcome != Outcome::Unknown)
    }

    /// Applies the outcomes to the table. Returns when the first suppressed direction may be
    /// reported.
    fn apply_outcomes(&mut self, table: &mut Table, events: &mut Events) -> Option<Instant> {
        let now = Instant::now();
        let mut wake_at = None;
        // The requests of one source follow each other, and become one event.
        let mut current: Option<(Key, Event)> = None;
        for request in &self.requests {
            let Request {
                key,
                direction,
                outcome,
                ..
            } = *request;
            if current.is_some_and(|(of, _)| of != key) {
                push_event(&mut current, table, events);
            }
            let Some(source) = table.get(key) else {
                continue;
            };
            match outcome {
                Outcome::Unknown => {
                    if source.call_for(direction) == Call::Probe {
                        // The wait does not request it.
                        wake_at = earlier(wake_at, now.checked_add(REPROBE_INTERVAL));
                    }
                    continue;
                }
                Outcome::NotReady => {
                    source.observed_not_ready(direction);
                    continue;
                }
                Outcome::Closed => {
                    table.remove(key);
                    current = None;
                    continue;
                }
                Outcome::Ready { .. } | Outcome::Refused => {}
            }
            if source.call_for(direction) == Call::Neither {
                // Another thread has changed the registration during the call.
                continue;
            }
            let hang_up = outcome == Outcome::Ready { hang_up: true };
            if let Some(until) = source.suppressed_until(direction, hang_up, now) {
                wake_at = earlier(wake_at, Some(until));
                continue;
            }
            if current.is_none() && events.room() == 0 {
                // The state is unchanged; the next call starts here.
                self.start = key.index as usize;
                return wake_at;
            }
            let (_, event) = current.get_or_insert_with(|| (key, source.empty_event()));
            match outcome {
                Outcome::Ready { hang_up } => {
                    event.set_ready(direction, hang_up);
                    source.record_report(direction, hang_up, now);
                }
                _ => {
                    event.set_failed(direction);
                    source.record_refusal(direction);
                }
            }
        }
        push_event(&mut current, table, events);
        wake_at
    }
}

/// Reports the event of a source whose requests were all applied.
fn push_event(current: &mut Option<(Key, Event)>, table: &mut Table, events: &mut Events) {
    if let Some((key, event)) = current.take() {
        if !event.is_empty() {
            events.push(event);
            if let Some(source) = table.get(key) {
                source.finish_event();
            }
        }
    }
}

fn is_closed<H: Host>(subscription: Subscription) -> bool {
    match subscription {
        Subscription::Read(fd) | Subscription::Write(fd) => !H::is_open(fd),
        Subscription::Clock(_) => false,
    }
}

/// Whether another thread could change registrations now, through another handle of the selector or
/// by re-arming a source.
fn is_shared(shared: &Arc<Shared>) -> bool {
    Arc::strong_count(shared) > 1 || Arc::weak_count(shared) > 0
}
