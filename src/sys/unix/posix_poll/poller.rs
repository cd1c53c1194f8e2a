//! The wait: what only the thread that polls has.

use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Event, Events, Shared, State};
use crate::sys::timeout::{self, Deadline, Wait, earlier};
use crate::sys::unix::level_triggered::{Key, ProbeSet};
use crate::sys::unix::notifier::PollNotifier as Notifier;
use crate::sys::unix::syscalls::poll;
use crate::sys::{ffi, platform};

/// Whether a blocked poll(2) returns for a hang-up or error of an entry that asks for no events.
/// POSIX does not say so; Linux does it
/// ([`do_pollfd`](https://github.com/torvalds/linux/blob/v6.12/fs/select.c) always waits for both),
/// FreeBSD 13.1 does not for sockets.
const POLL_RETURNS_FOR_HANG_UP: bool = platform::EVENTS.poll_returns_for_hang_up;

/// The array that is handed to the kernel, and what goes with it.
#[derive(Debug, Default)]
pub(super) struct Poller {
    /// The notifier, then one entry for each slot of the table.
    array: Vec<ffi::pollfd>,
    /// The generation of its slot that each entry is of.
    generations: Vec<u32>,
    /// Slots that are probed.
    probe_set: ProbeSet,
    /// Where the next scan starts, so that no source starves when there is less room than events.
    start: usize,
    /// Whether the next call keeps room for sources, however many wakers there are.
    sources_first: bool,
    /// How many entries ask for no events, where a blocked poll(2) may not return for a hang-up of
    /// them.
    silent: u32,
}

impl Poller {
    /// See `selector::Selector::select`. The records are empty, and have room for one at least.
    pub(super) fn select<N: Notifier>(
        &mut self,
        shared: &Shared<N>,
        records: &mut Events,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let deadline = Deadline::new(timeout);
        let reserved = usize::from(self.sources_first);
        self.sources_first = !self.sources_first;
        loop {
            // Nothing was taken yet, so an error loses no event.
            let wake_at = self
                .probe_set
                .probe(|run| run(&mut shared.state().table), records)?;
            if records.room() == 0 {
                // This call was for neither wakers nor sources of the blocking poll.
                self.sources_first = !self.sources_first;
                return Ok(());
            }
            let mut state = shared.state();
            self.apply_changes(shared, &mut state);
            let woken = collect_wakes(&mut state, records, reserved);
            let may_sleep = records.is_empty() && state.woken.is_empty() && !deadline.is_past();
            state.blocked = may_sleep;
            state.notified = false;
            let wait = if may_sleep {
                time_left(earlier(earlier(wake_at, self.scan_at()), deadline.at))
            } else {
                Wait::Millis(0)
            };
            drop(state);
            let result = poll::wait(self.in_use(), wait);

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
            // Nothing was taken, so an error loses no event.
            result?;
            if deadline.is_past() && !self.probe_set.is_due() {
                return Ok(());
            }
        }
    }

    /// Brings the array up to date: as much work as there are changes.
    fn apply_changes<N: Notifier>(&mut self, shared: &Shared<N>, state: &mut State) {
        let length = state.table.len() + 1;
        if self.array.len() < length {
            let nothing = ffi::pollfd {
                fd: -1,
                events: 0,
                revents: 0,
            };
            self.array.resize(length, nothing);
            self.generations.resize(length, 0);
        }
        if let Some(first) = self.array.first_mut() {
            first.fd = shared.notifier.raw_fd();
            first.events = ffi::POLLIN;
        }
        while let Some((index, generation, pollfd)) = state.table.next_dirty() {
            self.set(index, generation, pollfd);
        }
    }

    /// The array up to its last entry in use: places that nobody has any more cost nothing, and do
    /// not count against the limit of descriptors, beyond which the kernel refuses the array. The
    /// entries behind it have nothing to say, and the notifier's is always there.
    fn in_use(&mut self) -> &mut [ffi::pollfd] {
        let last = self.array.iter().rposition(|entry| entry.fd >= 0);
        let length = last.map_or(1, |last| last + 1);
        self.array.get_mut(..length).unwrap_or_default()
    }

    #[inline]
    fn set(&mut self, index: u32, generation: u32, pollfd: ffi::pollfd) {
        let place = index as usize + 1;
        if let (Some(entry), Some(generation_of)) =
            (self.array.get_mut(place), self.generations.get_mut(place))
        {
            if !POLL_RETURNS_FOR_HANG_UP {
                let others = self.silent.saturating_sub(u32::from(is_silent(entry)));
                self.silent = others.saturating_add(u32::from(is_silent(&pollfd)));
            }
            *entry = pollfd;
            *generation_of = generation;
        }
    }

    /// When the array has to be scanned anew, because a blocked poll(2) may not return for all of
    /// it.
    fn scan_at(&self) -> Option<Instant> {
        if POLL_RETURNS_FOR_HANG_UP || self.silent == 0 {
            return None;
        }
        Instant::now().checked_add(SCAN_PERIOD)
    }

    /// Takes what the wait found: `count` entries of the array have something to say.
    fn take<N: Notifier>(
        &mut self,
        shared: &Shared<N>,
        state: &mut State,
        records: &mut Events,
        count: usize,
    ) {
        let mut left = count;
        if self.array.first().is_some_and(|first| first.revents != 0) {
            left = left.saturating_sub(1);
            // Empty it by what the kernel says, not by `notified`: a late write would keep the array busy otherwise. If it
            // cannot be emptied, the next turn tries again.
            if let Ok(true) = shared.notifier.drain() {
                state.wake_all();
            }
        }
        self.observe(state);
        if left == 0 {
            return;
        }
        let now = Instant::now();
        let places = self.array.len();
        // Place 0 is the notifier.
        let first = if self.start == 0 || self.start >= places {
            1
        } else {
            self.start
        };
        // From where the last scan ended to the end, and then from the front.
        let mut place = first;
        for end in [places, first] {
            while left > 0 {
                let Some(found) = next_ready(&self.array, place, end) else {
                    break;
                };
                place = found;
                if records.room() == 0 {
                    self.start = place;
                    self.keep_unreported(state);
                    return;
                }
                left -= 1;
                self.take_one(state, records, place, now);
                place += 1;
            }
            if left == 0 {
                break;
            }
            place = 1;
        }
        self.start = place;
    }

    /// Reports what one entry has to say, if its key_at is still there.
    #[inline]
    fn take_one(
        &mut self,
        state: &mut State,
        records: &mut Events,
        place: usize,
        now: Instant,
    ) -> Option<()> {
        let entry = self.array.get(place).copied()?;
        let key = Key {
            index: place as u32 - 1,
            generation: self.generations.get(place).copied()?,
        };
        if entry.revents & ffi::POLLNVAL != 0 {
            // The number was closed: what epoll does then.
            state.table.remove(key);
            return None;
        }
        let slot = state.table.get(key)?;
        if let Some(record) = slot.ready(entry.events, entry.revents, now) {
            records.push(record);
        }
        let pollfd = slot.pollfd();
        self.set(key.index, key.generation, pollfd);
        self.probe_set.add(&mut state.table, key);
        Some(())
    }

    /// Notes which slots of the probe set the wait has seen not ready.
    fn observe(&mut self, state: &mut State) {
        for key in self.probe_set.keys() {
            let place = key.index as usize + 1;
            let entry = self.array.get(place).copied();
            let is_current = self.generations.get(place) == Some(&key.generation);
            if let (Some(entry), true, Some(slot)) = (entry, is_current, state.table.get(*key)) {
                if entry.fd >= 0 {
                    slot.observe_wait(entry.events, entry.revents);
                }
            }
        }
    }

    /// Without room for more events: keeps what the kernel may not return again. The rest is
    /// returned by the next wait.
    #[cold]
    fn keep_unreported(&mut self, state: &mut State) {
        let entries = self.array.iter().zip(&self.generations).enumerate();
        for (place, (entry, generation)) in entries.skip(1) {
            let key = Key {
                index: place as u32 - 1,
                generation: *generation,
            };
            if entry.revents != 0 && state.table.keep_unreported(key, entry) {
                self.probe_set.add(&mut state.table, key);
            }
        }
    }
}

/// How long a wait lasts at most over entries whose hang-up may not end it: the longest delay of a
/// hang-up.
const SCAN_PERIOD: Duration = Duration::from_millis(100);

fn is_silent(entry: &ffi::pollfd) -> bool {
    entry.fd >= 0 && entry.events == 0
}

/// Entries that are examined in one go.
const STRIDE: usize = 16;

/// The first entry from `place` on, and before `end`, that has something to say.
///
/// All of the queue's own work that grows with the number of sources is here, so entries are passed
/// over many at a time.
#[inline]
fn next_ready(array: &[ffi::pollfd], place: usize, end: usize) -> Option<usize> {
    let rest = array.get(place..end)?;
    // Where much is ready the next one is often the very next.
    if rest.first()?.revents != 0 {
        return Some(place);
    }
    let quiet = rest
        .chunks_exact(STRIDE)
        .take_while(|entries| entries.iter().fold(0, |bits, entry| bits | entry.revents) == 0)
        .count();
    let passed = quiet * STRIDE;
    let found = rest
        .get(passed..)?
        .iter()
        .position(|entry| entry.revents != 0)?;
    Some(place + passed + found)
}

/// Reports wakers, as long as more than `reserved` places are left, and returns how many. The rest
/// stays for later.
#[inline]
fn collect_wakes(state: &mut State, records: &mut Events, reserved: usize) -> usize {
    // Nearly always, and a drain of nothing costs as much as the rest of a turn.
    if state.woken.is_empty() {
        return 0;
    }
    let count = records
        .room()
        .saturating_sub(reserved)
        .min(state.woken.len());
    for slot in state.woken.drain(..count) {
        // A read-modify-write: it acquires what every merged wake released.
        slot.flag.swap(false, Ordering::AcqRel);
        records.push(Event::new(slot.token, ffi::POLLIN));
    }
    count
}

/// The wait until then; the caller goes on if it was only a piece.
fn time_left(until: Option<Instant>) -> Wait {
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    timeout::plan(left).0
}
