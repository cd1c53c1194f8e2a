//! The wait: what only the thread that polls has.

use std::io;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Shared;
use super::event::{Direction, Event, Events};
use super::host::{Host, HostEvent, Subscription};
use super::table::{Key, Part, Table};
use crate::sys::errors;
use crate::sys::timeout::{Deadline, earlier};

/// The longest single wait. Hosts add it to their own clock, which must not overflow.
const LONGEST: Duration = Duration::from_secs(3600);

/// Where there are threads: how long it takes at most until a wait sees what they have registered.
const PIECE: Duration = Duration::from_millis(10);

/// How long a host is asked that may have left something out.
const SURE: Duration = Duration::from_millis(1);

/// When a probe is repeated that returned nothing.
const SOON: Duration = Duration::from_millis(10);

/// One subscription that was made for a source.
#[derive(Clone, Copy, Debug)]
struct Asked {
    key: Key,
    direction: Direction,
    subscription: Subscription,
    /// What came of it.
    answer: Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The host has not said.
    Unknown,
    /// Not ready.
    Nothing,
    /// Ready, and whether the other side is gone.
    Ready { hang_up: bool },
    /// The host cannot watch it, though it is open.
    Failed,
    /// It is closed.
    Closed,
}

/// What the poller keeps between calls: the host, lists that are built anew each time, and the place where the next scan
/// starts, so that nobody starves when there is less room than events.
#[derive(Debug, Default)]
pub(super) struct Poller<H> {
    host: H,
    list: Vec<Subscription>,
    events: Vec<HostEvent>,
    asked: Vec<Asked>,
    start: usize,
    /// Whether the last probe left no room for events of the wait.
    has_filled: bool,
}

impl<H: Host> Poller<H> {
    /// See `selector::Selector::select`. The records are empty, and have room for one at least.
    pub(super) fn select(
        &mut self,
        shared: &Arc<Shared>,
        records: &mut Events,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let deadline = Deadline::new(timeout);
        loop {
            // If the last probe left no room for events of the wait, that comes first, and then the
            // probe at once.
            let gives_way = mem::take(&mut self.has_filled);
            let wake_at = if gives_way {
                Some(Instant::now())
            } else {
                self.probe(shared, records)?
            };
            if records.room() == 0 {
                self.has_filled = true;
                return Ok(());
            }
            let is_empty = {
                let table = shared.table();
                self.collect(&table, Part::Wait);
                table.is_empty()
            };
            let may_sleep = records.is_empty() && !deadline.is_past();
            if may_sleep && timeout.is_none() && wake_at.is_none() && self.asked.is_empty() {
                // Nothing can end this wait but what another thread may do.
                if is_empty || !H::THREADS {
                    return Err(errors::invalid(
                        "nothing to wait for: no source is armed, and there is no time-out",
                    ));
                }
            }

            let until = earlier(wake_at, deadline.at);
            let mut pause = Duration::ZERO;
            if may_sleep {
                pause = until.map_or(LONGEST, |until| {
                    until.saturating_duration_since(Instant::now()).min(LONGEST)
                });
                if H::THREADS && is_shared(shared) {
                    pause = pause.min(PIECE);
                }
            }
            let result = self.wait(pause);
            self.take(&mut shared.table(), records);
            if !records.is_empty() {
                return Ok(());
            }
            // Nothing was taken, so the error is lost.
            result?;
            if deadline.is_past() && !gives_way {
                return Ok(());
            }
        }
    }

    /// Probes the directions that would end every wait. Returns when the first that is suppressed
    /// may be reported.
    fn probe(&mut self, shared: &Shared, records: &mut Events) -> io::Result<Option<Instant>> {
        self.collect(&shared.table(), Part::Probe);
        if self.asked.is_empty() {
            return Ok(None);
        }
        self.wait(Duration::ZERO)?;
        self.ask_again();
        Ok(self.take(&mut shared.table(), records))
    }

    /// An answer that comes at once may leave out what is ready: wasmtime looks at a source only so often before it must go
    /// back to its own loop. So what was not reported is asked about again, for long enough that the host does.
    fn ask_again(&mut self) {
        let mut answered = Vec::new();
        loop {
            let mut unanswered = Vec::new();
            self.list.clear();
            for asked in self.asked.drain(..) {
                if asked.answer == Answer::Nothing {
                    self.list.push(asked.subscription);
                    unanswered.push(asked);
                } else {
                    answered.push(asked);
                }
            }
            self.asked = unanswered;
            let is_done = self.asked.is_empty()
                || self.wait(SURE).is_err()
                || self
                    .asked
                    .iter()
                    .all(|asked| asked.answer == Answer::Nothing);
            if is_done {
                break;
            }
        }
        self.asked.append(&mut answered);
    }

    /// Lists the sources that take part in a wait.
    fn collect(&mut self, table: &Table, part: Part) {
        self.asked.clear();
        self.list.clear();
        for (key, fd, slot) in table.slots_from(self.start) {
            for direction in [Direction::Read, Direction::Write] {
                if slot.part(direction) != part {
                    continue;
                }
                let subscription = match direction {
                    Direction::Read => Subscription::Read(fd),
                    Direction::Write => Subscription::Write(fd),
                };
                self.list.push(subscription);
                self.asked.push(Asked {
                    key,
                    direction,
                    subscription,
                    answer: Answer::Unknown,
                });
            }
        }
    }

    /// One wait for the list, and the answers. What is closed or cannot be watched does not fail the wait for the rest.
    fn wait(&mut self, pause: Duration) -> io::Result<()> {
        let start = Instant::now();
        self.list.push(Subscription::Clock(pause));
        let result = self.host.wait(&self.list, &mut self.events);
        self.list.pop();
        if let Err(error) = result {
            // With faults found the caller goes on without them, or reports them.
            let goes_on = error.kind() != io::ErrorKind::Interrupted && self.find_at_fault();
            return if goes_on { Ok(()) } else { Err(error) };
        }
        let clock = self.asked.len();
        let is_early = start.elapsed() < pause;
        if self.events.iter().all(|event| event.place >= clock) && is_early {
            // Back before its time with nothing to say: what some hosts do about a closed number. They have not looked at the
            // others.
            self.find_closed();
            return Ok(());
        }
        for asked in &mut self.asked {
            asked.answer = Answer::Nothing;
        }
        for event in &self.events {
            let subscription = self.list.get(event.place).copied();
            if let (Some(asked), Some(subscription)) =
                (self.asked.get_mut(event.place), subscription)
            {
                asked.answer = match event.error {
                    0 => Answer::Ready {
                        hang_up: event.hang_up,
                    },
                    _ if is_closed::<H>(subscription) => Answer::Closed,
                    _ => Answer::Failed,
                };
            }
        }
        Ok(())
    }

    /// Marks what is closed; `true` if there is any.
    fn find_closed(&mut self) -> bool {
        for (asked, subscription) in self.asked.iter_mut().zip(&self.list) {
            if is_closed::<H>(*subscription) {
                asked.answer = Answer::Closed;
            }
        }
        self.has_faults()
    }

    /// Marks what makes the whole call fail; `true` if there is any.
    fn find_at_fault(&mut self) -> bool {
        if self.find_closed() {
            return true;
        }
        for (asked, subscription) in self.asked.iter_mut().zip(&self.list) {
            let alone = [*subscription, Subscription::Clock(Duration::ZERO)];
            if self.host.wait(&alone, &mut self.events).is_err() {
                asked.answer = Answer::Failed;
            }
        }
        self.has_faults()
    }

    fn has_faults(&self) -> bool {
        let fault = |asked: &Asked| asked.answer != Answer::Unknown;
        self.asked.iter().any(fault)
    }

    /// Takes the answers. Returns when the first direction that is suppressed may be reported.
    fn take(&mut self, table: &mut Table, records: &mut Events) -> Option<Instant> {
        let now = Instant::now();
        let mut wake_at = None;
        let mut current: Option<(Key, Event)> = None;
        for asked in &self.asked {
            let Asked {
                key,
                direction,
                answer,
                ..
            } = *asked;
            if current.is_some_and(|(of, _)| of != key) {
                flush(&mut current, records);
            }
            let Some(slot) = table.get(key) else {
                continue;
            };
            match answer {
                Answer::Unknown => {
                    if slot.part(direction) == Part::Probe {
                        // The wait does not have it: probe again soon.
                        wake_at = earlier(wake_at, now.checked_add(SOON));
                    }
                    continue;
                }
                Answer::Nothing => {
                    slot.observed_not_ready(direction);
                    continue;
                }
                Answer::Closed => {
                    table.remove(key);
                    current = None;
                    continue;
                }
                Answer::Ready { .. } | Answer::Failed => {}
            }
            if slot.part(direction) == Part::Neither {
                // It was changed during the wait, and is no longer asked for.
                continue;
            }
            let hang_up = answer == Answer::Ready { hang_up: true };
            if let Some(until) = slot.suppressed_until(direction, hang_up, now) {
                wake_at = earlier(wake_at, Some(until));
                continue;
            }
            if current.is_none() && records.room() == 0 {
                // Untouched: the next call starts here.
                self.start = key.index as usize;
                return wake_at;
            }
            let (_, record) = current.get_or_insert_with(|| (key, slot.record()));
            match answer {
                Answer::Ready { hang_up } => {
                    record.ready(direction, hang_up);
                    slot.report(direction, hang_up, now);
                }
                _ => {
                    record.fail(direction);
                    slot.fail(direction);
                }
            }
        }
        flush(&mut current, records);
        wake_at
    }
}

/// Reports what was gathered of one source.
fn flush(current: &mut Option<(Key, Event)>, records: &mut Events) {
    if let Some((_, record)) = current.take() {
        if !record.is_empty() {
            records.push(record);
        }
    }
}

fn is_closed<H: Host>(subscription: Subscription) -> bool {
    match subscription {
        Subscription::Read(fd) | Subscription::Write(fd) => !H::is_open(fd),
        Subscription::Clock(_) => false,
    }
}

/// Whether somebody else could change registrations now: another handle, or a source that is armed again.
fn is_shared(shared: &Arc<Shared>) -> bool {
    Arc::strong_count(shared) > 1 || Arc::weak_count(shared) > 0
}
