//! The wait: what only the thread that polls has.

use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::levels::{self, Apart, Key};
use super::{Record, Records, Shared, State};
use crate::sys::raw;
use crate::sys::timeout::{self, Deadline, Wait, earlier};
use crate::sys::wake::PollNotifier as Notifier;

/// The array that is handed to the kernel, and what goes with it.
#[derive(Debug, Default)]
pub(super) struct Poller {
    /// The notifier, then one entry for each place of the table.
    array: Vec<raw::pollfd>,
    /// Which tenant of its place each entry is of.
    generations: Vec<u32>,
    /// Slots that are looked at apart.
    apart: Apart,
    /// Where the next scan starts, so that nobody starves when there is less room than events.
    start: usize,
    /// Whether the next call keeps a place for sources, however many wakers there are.
    sources_first: bool,
}

impl Poller {
    /// See `contract::Selector::select`. The records are empty, and have room for one at least.
    pub(super) fn select<N: Notifier>(
        &mut self,
        shared: &Shared<N>,
        records: &mut Records,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let deadline = Deadline::new(timeout);
        let reserved = usize::from(self.sources_first);
        self.sources_first = !self.sources_first;
        let mut pause = None;
        loop {
            let wake_at = self
                .apart
                .look(|run| run(&mut shared.state().table), records);
            let mut state = shared.state();
            self.apply_changes(shared, &mut state);
            let woken = collect_wakes(&mut state, records, reserved);
            let may_sleep = records.is_empty() && state.woken.is_empty() && !deadline.is_past();
            state.blocked = may_sleep;
            state.notified = false;
            let wait = if may_sleep {
                let look_at = self.apart.pause(&mut state.table, &mut pause);
                time_left(earlier(earlier(wake_at, look_at), deadline.at))
            } else {
                Wait::Millis(0)
            };
            drop(state);
            let result = levels::wait(&mut self.array, wait);

            let mut state = shared.state();
            state.blocked = false;
            if let Ok(count) = result {
                self.take(shared, &mut state, records, count);
            }
            if woken == 0 {
                // Otherwise a waker might be reported twice in one go.
                collect_wakes(&mut state, records, 0);
            }
            drop(state);

            if !records.is_empty() {
                return Ok(());
            }
            // Nothing was taken, so the error is lost to nobody.
            result?;
            if deadline.is_past() {
                return Ok(());
            }
        }
    }

    /// Brings the array up to date: as much work as there are changes.
    fn apply_changes<N: Notifier>(&mut self, shared: &Shared<N>, state: &mut State) {
        let length = state.table.len() + 1;
        if self.array.len() < length {
            let nothing = raw::pollfd {
                fd: -1,
                events: 0,
                revents: 0,
            };
            self.array.resize(length, nothing);
            self.generations.resize(length, 0);
        }
        if let Some(first) = self.array.first_mut() {
            first.fd = shared.notifier.number();
            first.events = raw::POLLIN;
        }
        while let Some((index, generation, pollfd)) = state.table.next_change() {
            self.set(index, generation, pollfd);
        }
    }

    fn set(&mut self, index: u32, generation: u32, pollfd: raw::pollfd) {
        let place = index as usize + 1;
        if let (Some(entry), Some(tenant)) =
            (self.array.get_mut(place), self.generations.get_mut(place))
        {
            *entry = pollfd;
            *tenant = generation;
        }
    }

    /// Takes what the wait found: `count` entries of the array have something to say.
    fn take<N: Notifier>(
        &mut self,
        shared: &Shared<N>,
        state: &mut State,
        records: &mut Records,
        count: usize,
    ) {
        let mut left = count;
        if self.array.first().is_some_and(|first| first.revents != 0) {
            left = left.saturating_sub(1);
            // Empty it by what the kernel says, not by `notified`: a late write would keep the array busy otherwise. If it
            // cannot be emptied, the next turn tries again.
            let _ = shared.notifier.drain();
        }
        self.clear_lanes(state);
        let now = Instant::now();
        let places = self.array.len();
        // Place 0 is the notifier.
        let mut place = if self.start == 0 || self.start >= places {
            1
        } else {
            self.start
        };
        for _ in 1..places {
            if left == 0 {
                break;
            }
            let entry = self.array.get(place).copied();
            let tenant = self.generations.get(place).copied();
            if let (Some(entry), Some(generation)) = (entry, tenant) {
                if entry.revents != 0 {
                    if records.room() == 0 {
                        break;
                    }
                    left -= 1;
                    let key = Key {
                        index: place as u32 - 1,
                        generation,
                    };
                    if let Some(record) = self.take_one(state, key, entry, now) {
                        records.push(record);
                    }
                }
            }
            place = if place + 1 == places { 1 } else { place + 1 };
        }
        self.start = place;
    }

    /// What one entry has to say, if its tenant is still there.
    fn take_one(
        &mut self,
        state: &mut State,
        key: Key,
        entry: raw::pollfd,
        now: Instant,
    ) -> Option<Record> {
        if entry.revents & raw::POLLNVAL != 0 {
            // The number was closed: what epoll does then.
            state.table.remove(key);
            return None;
        }
        let slot = state.table.get(key)?;
        let record = slot.ready(entry.events, entry.revents, now);
        let pollfd = slot.pollfd();
        self.set(key.index, key.generation, pollfd);
        self.apart.add(&mut state.table, key);
        record
    }

    /// Notes which raw descriptors the wait has seen not ready.
    fn clear_lanes(&mut self, state: &mut State) {
        for key in self.apart.keys() {
            let place = key.index as usize + 1;
            let entry = self.array.get(place).copied();
            let is_tenant = self.generations.get(place) == Some(&key.generation);
            if let (Some(entry), true, Some(slot)) = (entry, is_tenant, state.table.get(*key)) {
                if entry.fd >= 0 {
                    slot.seen(entry.events, entry.revents);
                }
            }
        }
    }
}

/// Reports wakers, as long as more than `reserved` places are left, and returns how many. The rest stays for later.
fn collect_wakes(state: &mut State, records: &mut Records, reserved: usize) -> usize {
    let count = records
        .room()
        .saturating_sub(reserved)
        .min(state.woken.len());
    for slot in state.woken.drain(..count) {
        // A read-modify-write: it acquires what every merged wake released.
        slot.flag.swap(false, Ordering::AcqRel);
        records.push(Record::new(slot.token, raw::POLLIN));
    }
    count
}

/// The wait until then; the caller goes on if it was only a piece.
fn time_left(until: Option<Instant>) -> Wait {
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    timeout::plan(left).0
}
