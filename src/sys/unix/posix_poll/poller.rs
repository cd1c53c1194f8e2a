//! The polling thread: the array for poll(2), and the loop of `select`.

use std::io;
use std::marker::PhantomData;
use std::mem;
use std::time::{Duration, Instant};

use super::{Event, Events, Notified, Shared, State};
use crate::sys::event_buffer::Spare;
use crate::sys::slab::Slot;
use crate::sys::sync::Ordering;
use crate::sys::timeout::{Deadline, KernelTimeout, clamp_timeout, earlier, time_until};
use crate::sys::unix::caps::{self, PollBits};
use crate::sys::unix::level_triggered::{Key, ProbeSet, SourceState, apply_plain};
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
    /// The entry of the notifier, then one entry for each slot of the table. Empty while the table
    /// keeps it.
    array: Vec<ffi::pollfd>,
    /// The registrations that are probed.
    probe_set: ProbeSet,
    /// Where the next scan starts, so that no source starves if the event buffer is small.
    scan_start: usize,
    /// Whether the next `select` reserves room for a source, even if there are many wakers.
    reserves_for_sources: bool,
    call: PhantomData<fn() -> P>,
}

impl<P> Default for Poller<P> {
    fn default() -> Poller<P> {
        Poller {
            array: Vec::new(),
            probe_set: ProbeSet::default(),
            scan_start: 0,
            reserves_for_sources: false,
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
        if self.array.is_empty() {
            state.table.swap_array(&mut self.array);
        }
        let length = state.table.len() + 1;
        if self.array.len() < length {
            self.array.resize(length, caps::pollfd(-1, 0));
        }
        if let Some(first) = self.array.first_mut() {
            first.fd = shared.notifier.raw_fd();
            first.events = ffi::POLLIN;
        }
        while let Some((index, _, pollfd)) = state.table.next_dirty() {
            if let Some(entry) = self.array.get_mut(index as usize + 1) {
                *entry = pollfd;
            }
        }
    }

    /// Polls the array.
    #[inline]
    fn wait(&mut self, timeout: KernelTimeout) -> io::Result<usize> {
        let array = self.used_entries();
        match P::wait(array, timeout) {
            Err(error) if poll::is_too_long(&error) => {
                poll::wait_without_gaps(array, timeout, P::wait)
            }
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

    /// When poll(2) must be called again, because a blocked one may not return for some entries.
    fn rescan_at(&self) -> Option<Instant> {
        if P::RETURNS_FOR_HANG_UP || !self.array.iter().skip(1).any(is_without_events) {
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
        let length = self.array.len();
        // Index 0 is the notifier.
        let first = if self.scan_start == 0 || self.scan_start >= length {
            1
        } else {
            self.scan_start
        };
        let mut scan = Scan {
            probe_set: &mut self.probe_set,
            next: first,
            now: None,
            closed: Vec::new(),
        };
        let array = &mut self.array;
        let mut is_full = false;
        let added = events.extend(left, |space| {
            // From where the last scan ended to the end, and then from the front.
            for range in [first..length, 1..first] {
                if space.is_full() {
                    break;
                }
                let slots = range.start - 1..range.end.saturating_sub(1);
                if let (Some(entries), Some(slots)) = (
                    array.get_mut(range.clone()),
                    state.table.slots().get_mut(slots),
                ) {
                    scan.apply(range.start, entries, slots, space);
                }
            }
            is_full = space.is_full();
        });
        is_full &= added < left;
        self.scan_start = scan.next;
        for index in scan.closed {
            // The fd was closed: its registration ends, as with epoll.
            if let Some(key) = state.table.key_at(index) {
                state.table.remove(key);
            }
        }
        if is_full {
            self.keep_unreported(state);
        }
        if !events.is_empty() {
            // The sources change next, mostly by operations that would block. The next `select`
            // takes the array back.
            state.table.swap_array(&mut self.array);
        }
    }

    /// Applies what the poll has observed of the registrations of the probe set.
    fn observe(&mut self, state: &mut State) {
        for key in self.probe_set.keys() {
            let entry = self.array.get(key.index as usize + 1);
            if let (Some(entry), Some(source)) = (entry, state.table.get(*key)) {
                if entry.fd >= 0 && !source.is_new() {
                    source.observe_poll(entry.events, entry.revents);
                }
            }
        }
    }

    /// When the event buffer is full: keeps conditions that the kernel may not return again. The
    /// next poll returns the others.
    #[cold]
    fn keep_unreported(&mut self, state: &mut State) {
        let entries = self.array.iter().skip(1);
        for (index, (entry, slot)) in entries.zip(state.table.slots()).enumerate() {
            let source = &mut slot.entry;
            if entry.revents != 0
                && !source.is_new()
                && source.keep_unreported(entry.events, entry.revents)
                && source.enter_probe_set()
            {
                self.probe_set.push(Key {
                    index: index as u32,
                    generation: slot.generation,
                });
            }
        }
    }
}

/// The application of one poll(2).
struct Scan<'a> {
    probe_set: &'a mut ProbeSet,
    /// Where the next scan starts: at the first entry that was not applied.
    next: usize,
    /// When the poll returned, once it matters.
    now: Option<Instant>,
    /// The slots whose fds were closed.
    closed: Vec<u32>,
}

impl Scan<'_> {
    /// Applies the ready entries of a part of the array that begins at `position`, while there is
    /// space for events.
    #[inline]
    fn apply(
        &mut self,
        position: usize,
        entries: &mut [ffi::pollfd],
        slots: &mut [Slot<SourceState>],
        space: &mut Spare<'_, Event>,
    ) {
        let mut applied = 0;
        loop {
            applied = apply_plain(applied, entries, slots, space);
            let (false, Some(entry), Some(slot)) = (
                space.is_full(),
                entries.get_mut(applied),
                slots.get_mut(applied),
            ) else {
                break;
            };
            if let Some(event) = self.apply_other(position + applied - 1, entry, slot) {
                space.push(event);
            }
            applied += 1;
        }
        self.next = position + applied;
    }

    /// Applies the result of the entry of the slot at `index`, unless its registration has ended.
    #[inline(never)]
    fn apply_other(
        &mut self,
        index: usize,
        entry: &mut ffi::pollfd,
        slot: &mut Slot<SourceState>,
    ) -> Option<Event> {
        let source = &mut slot.entry;
        let key = Key {
            index: index as u32,
            generation: slot.generation,
        };
        let revents = mem::take(&mut entry.revents);
        if source.is_new() {
            return None;
        }
        if revents & ffi::POLLNVAL != 0 {
            self.closed.push(key.index);
            return None;
        }
        let now = *self.now.get_or_insert_with(Instant::now);
        let event = source.apply_poll(entry.events, revents, now);
        *entry = source.pollfd();
        if source.enter_probe_set() {
            self.probe_set.push(key);
        }
        event
    }
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

/// Reports wakers while the event buffer has room for more than `reserved` events, and returns how
/// many. The others are left for later.
#[inline]
fn take_wakers(state: &mut State, events: &mut Events, reserved: usize) -> usize {
    // The common case. Draining an empty list costs as much as the rest of an iteration.
    if state.woken.is_empty() {
        return 0;
    }
    take_woken(state, events, reserved)
}

#[inline(never)]
fn take_woken(state: &mut State, events: &mut Events, reserved: usize) -> usize {
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
