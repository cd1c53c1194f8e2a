//! The polling thread: the array for poll(2), and the loop of `select`.

use std::io;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use super::{Event, Events, Notified, Shared, State};
use crate::sys::sync::Ordering;
use crate::sys::timeout::{Deadline, KernelTimeout, clamp_timeout, earlier, time_until};
use crate::sys::unix::caps::{self, PollBits};
use crate::sys::unix::level_triggered::{Key, ProbeSet};
use crate::sys::unix::notifier::PollNotifier as Notifier;
use crate::sys::unix::syscalls::poll;
use crate::sys::{ffi, platform};

const READ_HANG_UP: PollBits = platform::EVENTS.read_hang_up;

/// poll(2) as a kernel provides it.
pub(super) trait PollCall {
    /// Whether a blocked poll(2) returns for a hang-up or error of an entry that requests no
    /// events. POSIX does not require it. Linux does it: `do_pollfd` always waits for both
    /// (<https://github.com/torvalds/linux/blob/v6.12/fs/select.c>). FreeBSD 13.1 does not for
    /// sockets.
    const RETURNS_FOR_HANG_UP: bool;
    /// Waits until an entry is ready, and returns how many are.
    fn wait(array: &mut [ffi::pollfd], timeout: KernelTimeout) -> io::Result<usize>;
    /// Like `wait`, with a timeout of zero.
    fn wait_now(array: &mut [ffi::pollfd]) -> io::Result<usize> {
        Self::wait(array, KernelTimeout::Millis(0))
    }
}

/// poll(2) of this system.
#[derive(Debug)]
pub(crate) enum SystemPoll {}

impl PollCall for SystemPoll {
    const RETURNS_FOR_HANG_UP: bool = platform::EVENTS.poll_returns_for_hang_up;

    fn wait(array: &mut [ffi::pollfd], timeout: KernelTimeout) -> io::Result<usize> {
        poll::wait(array, timeout)
    }

    #[inline]
    fn wait_now(array: &mut [ffi::pollfd]) -> io::Result<usize> {
        poll::wait_now(array)
    }
}

/// The array for poll(2), and the state of the loop.
#[derive(Debug)]
pub(super) struct Poller<P> {
    /// The entry of the notifier, then one entry for each slot of the table.
    array: Vec<ffi::pollfd>,
    /// For each entry the generation of its slot.
    generations: Vec<u32>,
    /// The registrations that are probed.
    probe_set: ProbeSet,
    /// Where the next scan starts, so that no source starves if the event buffer is small.
    scan_start: usize,
    /// Whether the next `select` reserves room for a source, even if there are many wakers.
    reserves_for_sources: bool,
    /// How many entries request no events, where a blocked poll(2) may not return for a hang-up of
    /// such an entry.
    without_events: u32,
    call: PhantomData<fn() -> P>,
}

impl<P> Default for Poller<P> {
    fn default() -> Poller<P> {
        Poller {
            array: Vec::new(),
            generations: Vec::new(),
            probe_set: ProbeSet::default(),
            scan_start: 0,
            reserves_for_sources: false,
            without_events: 0,
            call: PhantomData,
        }
    }
}

impl<P: PollCall> Poller<P> {
    /// See `selector::Selector::select`. `events` is empty and has room for at least one event.
    pub(super) fn select<N: Notifier>(
        &mut self,
        shared: &Shared<N>,
        events: &mut Events,
        deadline: Deadline,
    ) -> io::Result<()> {
        let deadline = deadline.start();
        let reserved = usize::from(self.reserves_for_sources);
        self.reserves_for_sources = !self.reserves_for_sources;
        loop {
            // No event was taken yet, so an error loses none.
            let wake_at = self
                .probe_set
                .probe(|run| run(&mut shared.state().table), events)?;
            if events.room() == 0 {
                // This call served neither wakers nor sources of the blocking poll.
                self.reserves_for_sources = !self.reserves_for_sources;
                return Ok(());
            }
            let mut state = shared.state();
            self.apply_changes(shared, &mut state);
            let reported_wakers = take_wakers(&mut state, events, reserved);
            let may_block = events.is_empty() && state.woken.is_empty() && !deadline.is_past();
            state.blocked = may_block;
            state.notified = Notified::No;
            let timeout = if may_block {
                let until = earlier(earlier(wake_at, self.rescan_at()), deadline.at);
                // If it was clamped, the loop polls again.
                clamp_timeout(time_until(until)).0
            } else {
                KernelTimeout::Millis(0)
            };
            drop(state);
            let result = self.wait(timeout);

            let mut state = shared.state();
            state.blocked = false;
            if let Ok(count) = result {
                self.apply_poll(shared, &mut state, events, count);
            }
            if reported_wakers == 0 {
                // Otherwise a waker might be reported twice by one `select`.
                take_wakers(&mut state, events, 0);
            }
            shared
                .has_changes
                .store(state.has_changes(), Ordering::Relaxed);
            drop(state);

            if !events.is_empty() {
                return Ok(());
            }
            // No event was taken, so an error loses none.
            result?;
            if deadline.is_past() && !self.probe_set.is_deferred() {
                return Ok(());
            }
        }
    }

    /// Whether the array has the notifier and all registrations, no waker is to be reported, and
    /// nothing is probed. The first `select` makes the array.
    #[inline]
    pub(super) fn is_current<N>(&self, shared: &Shared<N>) -> bool {
        !shared.has_changes.load(Ordering::Acquire)
            && !self.array.is_empty()
            && self.probe_set.is_idle()
    }

    /// A `select` that does not block, after `is_current`. It locks only if it finds something.
    #[inline]
    pub(super) fn select_unchanged<N: Notifier>(
        &mut self,
        shared: &Shared<N>,
        events: &mut Events,
    ) -> io::Result<()> {
        let count = match P::wait_now(self.used_entries()) {
            Err(error) if poll::is_too_long(&error) => self.wait(KernelTimeout::Millis(0))?,
            result => result?,
        };
        if count == 0 && !shared.has_changes.load(Ordering::Acquire) {
            return Ok(());
        }
        self.apply_unblocked(shared, events, count);
        Ok(())
    }

    /// Applies the result of a poll(2) that did not block, and reports wakers.
    fn apply_unblocked<N: Notifier>(
        &mut self,
        shared: &Shared<N>,
        events: &mut Events,
        count: usize,
    ) {
        let mut state = shared.state();
        self.apply_poll(shared, &mut state, events, count);
        take_wakers(&mut state, events, 0);
        shared
            .has_changes
            .store(state.has_changes(), Ordering::Relaxed);
    }

    /// Updates the array from the dirty list of the table.
    pub(super) fn apply_changes<N: Notifier>(&mut self, shared: &Shared<N>, state: &mut State) {
        let length = state.table.len() + 1;
        if self.array.len() < length {
            self.array.resize(length, caps::pollfd(-1, 0));
            self.generations.resize(length, 0);
        }
        if let Some(first) = self.array.first_mut() {
            first.fd = shared.notifier.raw_fd();
            first.events = ffi::POLLIN;
        }
        while let Some((index, generation, pollfd)) = state.table.next_dirty() {
            self.set_entry(index, generation, pollfd);
        }
    }

    /// Polls the array.
    #[inline]
    fn wait(&mut self, timeout: KernelTimeout) -> io::Result<usize> {
        let array = self.used_entries();
        match P::wait(array, timeout) {
            Err(error) if poll::is_too_long(&error) => wait_without_gaps::<P>(array, timeout),
            result => result,
        }
    }

    /// The array up to its last entry in use. Free entries behind it cost nothing, and do not count
    /// against `RLIMIT_NOFILE` (see `poll::is_too_long`). The entry of the notifier is always
    /// included.
    fn used_entries(&mut self) -> &mut [ffi::pollfd] {
        let last = self.array.iter().rposition(|entry| entry.fd >= 0);
        let length = last.map_or(1, |last| last + 1);
        self.array.get_mut(..length).unwrap_or_default()
    }

    /// The fds that poll(2) gets.
    #[cfg(test)]
    #[allow(dead_code)] // Tests with fds of Linux use it.
    pub(super) fn fds(&mut self) -> Vec<std::os::fd::RawFd> {
        self.used_entries().iter().map(|entry| entry.fd).collect()
    }

    #[inline]
    fn set_entry(&mut self, index: u32, generation: u32, pollfd: ffi::pollfd) {
        let position = index as usize + 1;
        if let (Some(entry), Some(generation_of)) = (
            self.array.get_mut(position),
            self.generations.get_mut(position),
        ) {
            if !P::RETURNS_FOR_HANG_UP {
                let others = self
                    .without_events
                    .saturating_sub(u32::from(is_without_events(entry)));
                self.without_events = others.saturating_add(u32::from(is_without_events(&pollfd)));
            }
            *entry = pollfd;
            *generation_of = generation;
        }
    }

    /// When poll(2) must be called again, because a blocked one may not return for some entries.
    fn rescan_at(&self) -> Option<Instant> {
        if P::RETURNS_FOR_HANG_UP || self.without_events == 0 {
            return None;
        }
        Instant::now().checked_add(RESCAN_PERIOD)
    }

    /// Applies the result of a poll(2) that has returned `count` ready entries.
    fn apply_poll<N: Notifier>(
        &mut self,
        shared: &Shared<N>,
        state: &mut State,
        events: &mut Events,
        count: usize,
    ) {
        let mut left = count;
        if self.array.first().is_some_and(|first| first.revents != 0) {
            left = left.saturating_sub(1);
            // Drained because the kernel reports it, not because `notified` is set: otherwise a
            // late write would end every poll. If this fails, the next iteration tries again.
            if let Ok(true) = shared.notifier.drain() {
                state.wake_all();
            }
        }
        self.observe(state);
        if left == 0 {
            return;
        }
        let now = Instant::now();
        let length = self.array.len();
        // Index 0 is the notifier.
        let first = if self.scan_start == 0 || self.scan_start >= length {
            1
        } else {
            self.scan_start
        };
        // From where the last scan ended to the end, and then from the front.
        let mut index = first;
        for end in [length, first] {
            while left > 0 {
                let Some(found) = next_ready(&self.array, index, end) else {
                    break;
                };
                index = found;
                if events.room() == 0 {
                    self.scan_start = index;
                    self.keep_unreported(state);
                    return;
                }
                left -= 1;
                self.apply_entry(state, events, index, now);
                index += 1;
            }
            if left == 0 {
                break;
            }
            index = 1;
        }
        self.scan_start = index;
    }

    /// Applies the result of one entry, if its registration still exists.
    #[inline]
    fn apply_entry(
        &mut self,
        state: &mut State,
        events: &mut Events,
        index: usize,
        now: Instant,
    ) -> Option<()> {
        let entry = self.array.get(index).copied()?;
        let key = Key {
            index: index as u32 - 1,
            generation: self.generations.get(index).copied()?,
        };
        if entry.revents & ffi::POLLNVAL != 0 {
            // The fd was closed: its registration ends, as with epoll.
            state.table.remove(key);
            return None;
        }
        let source = state.table.get(key)?;
        if let Some(event) = source.apply_poll(entry.events, entry.revents, now) {
            events.push(event);
        }
        let pollfd = source.pollfd();
        self.set_entry(key.index, key.generation, pollfd);
        self.probe_set.add(&mut state.table, key);
        Some(())
    }

    /// Applies what the poll has observed of the registrations of the probe set.
    fn observe(&mut self, state: &mut State) {
        for key in self.probe_set.keys() {
            let index = key.index as usize + 1;
            let entry = self.array.get(index).copied();
            let is_current = self.generations.get(index) == Some(&key.generation);
            if let (Some(entry), true, Some(source)) = (entry, is_current, state.table.get(*key)) {
                if entry.fd >= 0 {
                    source.observe_poll(entry.events, entry.revents);
                }
            }
        }
    }

    /// When the event buffer is full: keeps conditions that the kernel may not return again. The
    /// next poll returns the others.
    #[cold]
    fn keep_unreported(&mut self, state: &mut State) {
        let entries = self.array.iter().zip(&self.generations).enumerate();
        for (index, (entry, generation)) in entries.skip(1) {
            let key = Key {
                index: index as u32 - 1,
                generation: *generation,
            };
            if entry.revents != 0 && state.table.keep_unreported(key, entry) {
                self.probe_set.add(&mut state.table, key);
            }
        }
    }
}

/// Polls an array that is longer than `RLIMIT_NOFILE`, without its free and suspended entries. The
/// limit may be below the fds that are open, for instance because the process has lowered it.
///
/// If it is below the number of the others, too, there may be closed fds among these, whose
/// registrations end. So a poll(2) of parts, which does not block, looks for what is ready. If
/// nothing is, a `select` that must block returns the error.
#[cold]
fn wait_without_gaps<P: PollCall>(
    array: &mut [ffi::pollfd],
    timeout: KernelTimeout,
) -> io::Result<usize> {
    let is_used = |entry: &ffi::pollfd| entry.fd >= 0;
    let mut used: Vec<ffi::pollfd> = array.iter().copied().filter(is_used).collect();
    let count = match P::wait(&mut used, timeout) {
        Err(error) if poll::is_too_long(&error) => {
            let count = poll::in_parts(&mut used, P::wait_now)?;
            if count == 0 && timeout != KernelTimeout::Millis(0) {
                return Err(error);
            }
            count
        }
        result => result?,
    };
    let mut polled = used.iter();
    for entry in array {
        let polled = if is_used(entry) { polled.next() } else { None };
        entry.revents = polled.map_or(0, |polled| polled.revents);
    }
    Ok(count)
}

/// How long a poll(2) blocks at most if the hang-up of an entry may not end it: the longest delay
/// of a hang-up.
const RESCAN_PERIOD: Duration = Duration::from_millis(100);

/// Whether a blocked poll(2) may not return for this entry. A kernel that does not know `POLLRDHUP`
/// ignores it, as FreeBSD 13.1 does ([`sopoll_generic`]).
///
/// [`sopoll_generic`]:
/// https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/uipc_socket.c
fn is_without_events(entry: &ffi::pollfd) -> bool {
    entry.fd >= 0 && entry.events & !READ_HANG_UP == 0
}

/// How many entries are examined at once.
const STRIDE: usize = 16;

/// The index of the first ready entry from `index` on and before `end`.
///
/// This is the only work of the selector that grows with the number of sources, so it skips many
/// entries at a time.
#[inline]
fn next_ready(array: &[ffi::pollfd], index: usize, end: usize) -> Option<usize> {
    let rest = array.get(index..end)?;
    // If many entries are ready, the next one often is.
    if rest.first()?.revents != 0 {
        return Some(index);
    }
    let skipped_strides = rest
        .chunks_exact(STRIDE)
        .take_while(|entries| entries.iter().fold(0, |bits, entry| bits | entry.revents) == 0)
        .count();
    let skipped = skipped_strides * STRIDE;
    let found = rest
        .get(skipped..)?
        .iter()
        .position(|entry| entry.revents != 0)?;
    Some(index + skipped + found)
}

/// Reports wakers while the event buffer has room for more than `reserved` events, and returns how
/// many. The others are left for later.
#[inline]
fn take_wakers(state: &mut State, events: &mut Events, reserved: usize) -> usize {
    // The common case. Draining an empty list costs as much as the rest of an iteration.
    if state.woken.is_empty() {
        return 0;
    }
    let count = events
        .room()
        .saturating_sub(reserved)
        .min(state.woken.len());
    for waker in state.woken.drain(..count) {
        // A read-modify-write: it acquires what every merged wake released.
        waker.is_pending.swap(false, Ordering::AcqRel);
        events.push(Event::new(waker.token, ffi::POLLIN));
    }
    count
}
