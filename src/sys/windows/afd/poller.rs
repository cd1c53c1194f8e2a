//! The wait: what only the thread that polls has.

use std::io;
use std::mem;
use std::slice;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use super::super::event::{Event, Events};
use super::super::platform::iocp::{FOREVER, Packets, Round};
use super::super::platform::now;
use super::super::platform::syscalls::{
    afd as syscall,
    winsock::{self, Look},
};
use super::conditions::CLOSED;
use super::shared::Shared;
use super::source::{Source, SourceMachine};
use crate::sys::selector::EventBuffer as _;
use crate::sys::timeout::{self, Deadline, earlier};

/// The most packets that one wait takes.
const MOST_PACKETS: usize = 1024;

/// How often a `select` whose time is up goes on because packets came that were no events: they
/// may lead to some.
const MOST_TURNS: usize = 8;

/// When a look is repeated that told nothing, and a source resumed that was held back.
const SOON: Duration = Duration::from_millis(10);

/// What the poller keeps between calls: memory, the unowned sockets that it looks at itself, and
/// the sources that it resumes later.
pub(super) struct Poller {
    packets: Packets,
    updates: Vec<Arc<Source>>,
    looked_at: Vec<Arc<Source>>,
    looks: Vec<Look>,
    asked: Vec<u32>,
    /// Each with the moment when it is due. They come in the order of these.
    delayed: Vec<(Instant, Arc<Source>)>,
    /// Whether the last wait had no room for packets, which then come first in the next one.
    owes_packets: bool,
}

impl Default for Poller {
    fn default() -> Poller {
        Poller {
            packets: Packets::with_capacity(0),
            updates: Vec::new(),
            looked_at: Vec::new(),
            looks: Vec::new(),
            asked: Vec::new(),
            delayed: Vec::new(),
            owes_packets: false,
        }
    }
}

impl Poller {
    /// See `selector::Selector::select`. The records are empty, and have room for one at least.
    pub(super) fn select(
        &mut self,
        shared: &Arc<Shared>,
        records: &mut Events,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let most = records.capacity().min(MOST_PACKETS);
        if self.packets.capacity() < most {
            self.packets = Packets::with_capacity(most);
        }
        let is_zero = timeout == Some(Duration::ZERO);
        let deadline = Deadline::on(timeout, now);
        let mut turns = 0;
        if mem::take(&mut self.owes_packets) {
            self.take(shared, records, 0)?;
            if !records.is_empty() {
                return Ok(());
            }
        }
        loop {
            let wake_at = self.update(shared, records, !is_zero);
            if records.room() == 0 {
                shared.is_waiting.store(false, Ordering::Relaxed);
                self.owes_packets = true;
                return Ok(());
            }
            let pause = if is_zero || !records.is_empty() {
                0
            } else {
                millis(earlier(wake_at, deadline.at))
            };
            let count = self.take(shared, records, pause)?;
            if !records.is_empty() {
                return Ok(());
            }
            if deadline.is_past_on(now) {
                turns += 1;
                if count == 0 || turns >= MOST_TURNS {
                    return Ok(());
                }
            }
        }
    }

    /// Waits so many milliseconds for packets, delivers them, and returns how many came.
    fn take(&mut self, shared: &Shared, records: &mut Events, pause: u32) -> io::Result<usize> {
        let result = shared
            .port
            .dequeue(&mut self.packets, records.room(), pause);
        shared.is_waiting.store(false, Ordering::Relaxed);
        // What was reported before is lost to nobody; the error comes again, or has passed.
        let count = match result {
            Err(error) if records.is_empty() => return Err(error),
            result => result.unwrap_or(0),
        };
        for packet in self.packets.drain() {
            shared.port.deliver(packet, &mut Round::new(records));
        }
        Ok(count)
    }

    /// Starts the requests that are needed, and looks at what no request can judge. Returns when
    /// the first of these has to be done again.
    fn update(
        &mut self,
        shared: &Arc<Shared>,
        records: &mut Events,
        will_wait: bool,
    ) -> Option<Instant> {
        shared.is_waiting.store(will_wait, Ordering::Relaxed);
        shared.updates().swap(&mut self.updates);
        let mut updates = mem::take(&mut self.updates);
        for source in updates.drain(..) {
            let mut machine = source.machine();
            machine.is_queued = false;
            if machine.in_doubt() != 0 && !mem::replace(&mut machine.is_looked_at, true) {
                self.looked_at.push(Arc::clone(&source));
            }
            self.submit_or_fault(shared, &source, machine, records);
        }
        self.updates = updates;
        self.resume(shared, records);
        let looked = if self.looked_at.is_empty() {
            None
        } else {
            self.look(shared, records)
        };
        let resumes_at = self.delayed.first().map(|(due, _)| *due);
        earlier(looked, resumes_at)
    }

    /// Lets sources go on whose pause is over.
    fn resume(&mut self, shared: &Arc<Shared>, records: &mut Events) {
        if self.delayed.is_empty() {
            return;
        }
        let now = now();
        let is_due = |(due, _): &(Instant, Arc<Source>)| *due <= now;
        let count = self.delayed.iter().take_while(|one| is_due(one)).count();
        let due: Vec<_> = self.delayed.drain(..count).collect();
        for (_, source) in due {
            let mut machine = source.machine();
            machine.is_delayed = false;
            machine.resume();
            self.submit_or_fault(shared, &source, machine, records);
        }
    }

    /// Starts or cancels the request of a source, unless it is held back: then it is resumed
    /// later. What the system refuses for a moment is tried again, and what it refuses for good
    /// is reported; without room for that it is tried again, too.
    fn submit_or_fault(
        &mut self,
        shared: &Shared,
        source: &Arc<Source>,
        mut machine: MutexGuard<'_, SourceMachine>,
        records: &mut Events,
    ) {
        if let Err(error) = source.update(&mut machine, shared) {
            if syscall::says_gone(&error) && !machine.is_owned() {
                return shared.found_closed(source, machine);
            }
            if syscall::is_transient(&error) {
                machine.hold_back();
            } else if records.room() > 0 {
                let conditions = machine.fail(error.raw_os_error().unwrap_or(0));
                if conditions != 0 {
                    records.push(Event::new(machine.token(), conditions));
                }
            } else {
                shared.queue(source, &mut machine);
            }
        }
        if machine.is_held_back() && !mem::replace(&mut machine.is_delayed, true) {
            let now = now();
            let due = now.checked_add(SOON).unwrap_or(now);
            self.delayed.push((due, Arc::clone(source)));
        }
    }

    /// Looks at the unowned sockets that are in doubt, without waiting.
    fn look(&mut self, shared: &Arc<Shared>, records: &mut Events) -> Option<Instant> {
        self.looks.clear();
        self.asked.clear();
        let (looks, asked) = (&mut self.looks, &mut self.asked);
        self.looked_at.retain(|source| {
            let mut machine = source.machine();
            let in_doubt = machine.in_doubt();
            machine.is_looked_at = in_doubt != 0;
            if machine.is_looked_at {
                looks.push(Look::new(source.raw, in_doubt));
                asked.push(in_doubt);
            }
            machine.is_looked_at
        });
        if self.looks.is_empty() {
            return None;
        }
        let mut wake_at = match winsock::look(&mut self.looks) {
            Ok(()) => None,
            Err(_) => self.look_one_by_one(),
        };
        let now = now();
        let mut looked_at = mem::take(&mut self.looked_at);
        let mut next = 0;
        for (place, source) in looked_at.iter().enumerate() {
            let (Some(look), Some(asked)) = (self.looks.get(place), self.asked.get(place)) else {
                break;
            };
            if records.room() == 0 {
                // The rest is left untouched for the next look, which begins here, so that none
                // of them starves.
                next = place;
                break;
            }
            let mut machine = source.machine();
            let seen = look.seen();
            if seen & CLOSED != 0 {
                shared.found_closed(source, machine);
                continue;
            }
            let (ready, again) = machine.looked(*asked, seen, now);
            if ready != 0 {
                records.push(Event::new(machine.token(), ready));
            }
            wake_at = earlier(wake_at, again);
            self.submit_or_fault(shared, source, machine, records);
        }
        looked_at.rotate_left(next);
        self.looked_at = looked_at;
        wake_at
    }

    /// One of those that were looked at may fail all of them, so each is looked at by itself.
    /// Returns when to look again at those of which nothing is known now.
    fn look_one_by_one(&mut self) -> Option<Instant> {
        let mut wake_at = None;
        for (look, asked) in self.looks.iter_mut().zip(&mut self.asked) {
            match winsock::look(slice::from_mut(look)) {
                Ok(()) => {}
                Err(error) if winsock::says_no_socket(&error) => look.set_closed(),
                Err(_) => {
                    look.set_unknown();
                    *asked = 0;
                    wake_at = earlier(wake_at, now().checked_add(SOON));
                }
            }
        }
        wake_at
    }
}

/// The wait until a moment, or for ever. A wait that is too long for the kernel is its first piece.
fn millis(until: Option<Instant>) -> u32 {
    let Some(until) = until else {
        return FOREVER;
    };
    let left = until.saturating_duration_since(now());
    // Never negative, and never `FOREVER`, which is beyond the largest `c_int`.
    timeout::round_up_millis(left) as u32
}

const _: () = assert!(FOREVER > i32::MAX as u32);
