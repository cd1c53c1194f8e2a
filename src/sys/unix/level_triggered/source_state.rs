//! The state of one registration, and the rules by which its levels become events. `mod.rs`
//! describes the rules.

use std::mem;
use std::os::fd::RawFd;
use std::time::Instant;

use super::{Event, PRIORITY, READ_HANG_UP, SourceFlags, flag};
use crate::sys::ffi;
use crate::sys::level_backoff::{Backoff, CLOSED, EXCEPTION, Pace, READINESS};
use crate::sys::selector::Mode;
use crate::sys::timeout::earlier;
use crate::sys::unix::caps::{self, PollBits};
use crate::{Interest, Token};

/// The conditions of reading.
pub(super) const READ: PollBits = ffi::POLLIN | READ_HANG_UP;
/// The conditions of writing.
const WRITE: PollBits = ffi::POLLOUT;
/// Conditions that poll(2) returns without a request. They cannot be masked
/// (<https://man7.org/linux/man-pages/man2/poll.2.html>).
pub(super) const ALWAYS_REPORTED: PollBits = ffi::POLLHUP | ffi::POLLERR;
/// Conditions that a call may return only once. Linux clears them when it returns them for
/// `/proc/self/mountinfo` (`mounts_poll` in
/// <https://github.com/torvalds/linux/blob/v6.12/fs/proc_namespace.c>).
const CLEARED_BY_POLL: PollBits = ffi::POLLERR | PRIORITY;

/// What poll(2) returns for a stream socket with both halves closed (`tcp_poll` in
/// <https://github.com/torvalds/linux/blob/v6.12/net/ipv4/tcp.c>), but not for a pipe (`pipe_poll`
/// in <https://github.com/torvalds/linux/blob/v6.12/fs/pipe.c>) or a terminal (`n_tty_poll` in
/// <https://github.com/torvalds/linux/blob/v6.12/drivers/tty/n_tty.c>).
const BOTH_CLOSED: PollBits = ffi::POLLHUP | READ_HANG_UP;

/// The directions of a registration: the conditions of each, and how often they are reported while
/// they persist.
const DIRECTIONS: [(PollBits, &Pace); 4] = [
    (READ, &READINESS),
    (WRITE, &READINESS),
    (PRIORITY, &EXCEPTION),
    (ALWAYS_REPORTED, &EXCEPTION),
];

/// The state of one registration, or of a removed one.
#[derive(Debug)]
pub(crate) struct SourceState {
    /// -1 if the registration was removed.
    fd: RawFd,
    pub(super) token: Token,
    pub(super) interest: PollBits,
    flags: SourceFlags,
    /// The conditions that were reported and not observed to have ended since: by the kernel, or
    /// for an owned source by an operation that would block.
    reported: PollBits,
    /// The conditions of `CLEARED_BY_POLL` that a call has returned and no event has shown.
    unreported: PollBits,
    /// One for each direction. Owned sources do not use those of reading and writing.
    backoffs: [Backoff; 4],
    /// Whether it is part of the probe set (see `ProbeSet`).
    pub(super) in_probe_set: bool,
    /// Whether the last probe has found a stream socket with both halves closed, and no other
    /// condition that may change.
    is_closed: bool,
}

/// What a registration requests of the next probe.
pub(crate) enum ProbeRequest {
    /// Nothing.
    None,
    /// This entry.
    Poll(ffi::pollfd),
    /// Nothing before this time.
    NotBefore(Instant),
}

/// The outcome of a probe of one registration.
pub(crate) enum ProbeOutcome {
    /// Nothing to report.
    Nothing,
    /// This event must be reported.
    Event(Event),
    /// Ready, but suppressed until this time.
    Suppressed(Instant),
}

impl SourceState {
    /// A new registration: the next poll reports the conditions that hold. `is_dirty` is that of
    /// the previous registration of its slot.
    pub(super) fn new(
        fd: RawFd,
        token: Token,
        interest: PollBits,
        is_owned: bool,
        is_dirty: bool,
    ) -> SourceState {
        SourceState {
            fd,
            token,
            interest,
            flags: SourceFlags::of(
                flag::NEW
                    | if is_owned { 0 } else { flag::UNOWNED }
                    | if is_dirty { flag::DIRTY } else { 0 },
            ),
            reported: 0,
            unreported: 0,
            backoffs: Default::default(),
            in_probe_set: false,
            is_closed: false,
        }
    }

    /// Whether all operations of the source pass through this crate.
    #[inline]
    fn is_owned(&self) -> bool {
        !self.flags.has(flag::UNOWNED)
    }

    /// Whether the index of its slot is in the dirty list.
    #[inline]
    pub(super) fn is_dirty(&self) -> bool {
        self.flags.has(flag::DIRTY)
    }

    /// Records that the index of its slot is in the dirty list, or that it is not. Returns whether
    /// it was.
    #[inline]
    pub(super) fn set_dirty(&mut self, is_dirty: bool) -> bool {
        let was_dirty = self.is_dirty();
        self.flags.put(flag::DIRTY, is_dirty);
        was_dirty
    }

    /// See `flag::PROBED`.
    #[inline]
    fn was_probed(&self) -> bool {
        self.flags.has(flag::PROBED)
    }

    /// Whether no entry was made of it yet.
    #[inline]
    #[allow(dead_code)] // Only poll(2) has an array of entries.
    pub(crate) fn is_new(&self) -> bool {
        self.flags.has(flag::NEW)
    }

    /// The entry of the blocking poll, for the poller's array.
    #[inline]
    pub(super) fn take_pollfd(&mut self) -> ffi::pollfd {
        if self.is_new() {
            self.flags.clear(flag::NEW);
        }
        self.pollfd()
    }

    /// The entry of the blocking poll.
    #[inline]
    pub(crate) fn pollfd(&self) -> ffi::pollfd {
        // poll(2) ignores a negative fd.
        let is_out = self.is_suspended() || self.is_spent();
        let fd = if is_out { -1 } else { self.fd };
        caps::pollfd(fd, self.poll_events())
    }

    /// Whether a hang-up or error was reported that has not ended. The source is then not part of
    /// the blocking poll, which it would end every time.
    #[inline]
    pub(crate) fn is_suspended(&self) -> bool {
        self.reported & ALWAYS_REPORTED != 0
    }

    /// The conditions that the blocking poll requests.
    #[inline]
    fn poll_events(&self) -> PollBits {
        if self.is_owned() {
            self.interest & !self.reported
        } else {
            self.interest & !self.probed_events()
        }
    }

    /// The conditions that are probed instead, unless the source is suspended.
    #[inline]
    fn probed_events(&self) -> PollBits {
        let mut bits = 0;
        for (backoff, (mask, pace)) in self.backoffs.iter().zip(DIRECTIONS) {
            if backoff.needs_probe(pace) {
                bits |= mask;
            }
        }
        self.interest & bits
    }

    /// The fd.
    #[allow(dead_code)] // Only event ports dissociate an fd.
    pub(crate) fn fd(&self) -> RawFd {
        self.fd
    }

    /// Sets the mode of a registration that was just armed.
    pub(super) fn set_mode(&mut self, mode: Mode) {
        match mode {
            Mode::Edge => {}
            Mode::Level => self.flags.set(flag::LEVEL),
            Mode::OneShot => self.flags.set(flag::ONE_SHOT),
        }
    }

    /// Whether it is one-shot, and its event was reported.
    #[inline]
    fn is_spent(&self) -> bool {
        self.flags.has(flag::SPENT)
    }

    /// Arms all directions: the next poll reports the conditions that hold. The mode ends.
    pub(super) fn arm(&mut self) {
        self.reported = 0;
        let modes = flag::LEVEL | flag::ONE_SHOT | flag::SPENT;
        self.flags.clear(modes | flag::PROBED);
        self.is_closed = false;
        self.backoffs = Default::default();
    }

    /// Ends the registration. An entry that was made of it is of an earlier registration now.
    pub(super) fn end(&mut self) {
        self.fd = -1;
        self.flags.set(flag::NEW);
        self.arm();
    }

    /// Re-arms the directions of an operation that would block: it has observed them not ready. A
    /// hang-up, error or priority condition keeps its delay. `false` if nothing has changed, as in
    /// the modes that record no report.
    #[inline]
    pub(super) fn rearm(&mut self, waits_for: Interest) -> bool {
        if !self.is_owned() {
            return false;
        }
        let mut bits = 0;
        if waits_for.is_readable() {
            bits |= READ;
        }
        if waits_for.is_writable() {
            bits |= WRITE;
        }
        // If the source is suspended, the operation may have taken its error, too. The next probe
        // finds out.
        let may_have_ended = self.is_suspended() && self.was_probed();
        if self.reported & bits == 0 && !may_have_ended {
            return false;
        }
        self.reported &= !bits;
        if self.was_probed() {
            self.flags.clear(flag::PROBED);
        }
        true
    }

    /// From now on watches the source like an unowned fd, by back-off: an operation has ended in a
    /// way that does not predict the next one. A reported hang-up, error or priority condition
    /// keeps its delay. `false` if it was not owned before.
    pub(super) fn watch_as_unowned(&mut self) -> bool {
        let was_owned = self.is_owned();
        self.flags.set(flag::UNOWNED);
        if was_owned {
            self.reported &= ALWAYS_REPORTED | PRIORITY;
            self.flags.clear(flag::PROBED);
        }
        was_owned
    }

    /// Whether it must be part of the probe set.
    #[inline]
    pub(super) fn wants_probe(&self) -> bool {
        if self.is_spent() {
            return false;
        }
        if self.unreported != 0 {
            return true;
        }
        if self.is_owned() {
            self.reported & (ALWAYS_REPORTED | PRIORITY) != 0
        } else {
            self.backoffs.iter().any(|backoff| backoff.is_reported())
        }
    }

    /// What the next probe must request.
    pub(crate) fn probe_request(&self, now: impl FnOnce() -> Instant) -> ProbeRequest {
        let events = if self.is_suspended() {
            // An old hang-up is only probed after each report and when the next one is due, so that
            // sources that hung up and are kept cost little.
            let [.., hang_up] = &self.backoffs;
            if self.was_probed() && (self.is_closed || hang_up.is_long(&EXCEPTION)) {
                if let Some(until) = hang_up.suppressed_until(now()) {
                    return ProbeRequest::NotBefore(until);
                }
            }
            self.interest | READ_HANG_UP
        } else {
            let bits = self.probed_events();
            if bits == 0 && self.unreported == 0 {
                return ProbeRequest::None;
            }
            if self.unreported != 0 {
                // An event follows, which must have all conditions: after it the source may be
                // suspended, and the blocking poll then reports none.
                self.interest | READ_HANG_UP
            } else {
                // Priority is always requested: a probe without it might clear it unseen.
                bits | self.interest & PRIORITY
            }
        };
        ProbeRequest::Poll(caps::pollfd(self.fd, events))
    }

    /// Applies what a probe at the time `now` has returned.
    pub(super) fn apply_probe(
        &mut self,
        requested: PollBits,
        revents: PollBits,
        now: Instant,
    ) -> ProbeOutcome {
        let seen = revents & (requested & self.interest | ALWAYS_REPORTED);
        let kept = self.unreported & (self.interest | ALWAYS_REPORTED);
        self.unreported = 0;
        if self.is_spent() {
            return ProbeOutcome::Nothing;
        }
        let new = seen & !self.reported;
        let was_closed = self.is_closed;
        self.is_closed = READ_HANG_UP != 0
            && revents & (BOTH_CLOSED | CLEARED_BY_POLL) == BOTH_CLOSED
            && self.is_suspended();
        let has_ended = self.is_suspended() && seen & ALWAYS_REPORTED == 0;
        self.observe(requested, seen);
        if has_ended {
            // Edges may have been missed: conditions that hold are reported, the others are armed.
            self.reported = 0;
        }
        if self.is_closed && !was_closed && new == 0 {
            let [.., hang_up] = &mut self.backoffs;
            hang_up.postpone(now, &CLOSED);
        }
        let bits = seen | kept;
        let mut is_due = new != 0 || has_ended;
        let mut suppressed = None;
        for (index, (mask, _)) in DIRECTIONS.iter().enumerate() {
            // While the source is suspended, all directions follow the hang-up.
            let governs = !self.is_suspended() || mask & ALWAYS_REPORTED != 0;
            if bits & mask == 0 || !governs {
                continue;
            }
            let backoff = self.backoffs.get(index);
            match backoff.and_then(|backoff| backoff.suppressed_until(now)) {
                Some(until) => suppressed = earlier(suppressed, Some(until)),
                None => is_due = true,
            }
        }
        if bits == 0 {
            return ProbeOutcome::Nothing;
        }
        if is_due {
            if new != 0 {
                // There is a condition beside the hang-up: the delay starts again.
                let [.., hang_up] = &mut self.backoffs;
                hang_up.observed_not_ready();
            }
            self.record_report(bits, seen, now);
            return ProbeOutcome::Event(Event::new(self.token, bits));
        }
        self.flags.set(flag::PROBED);
        self.unreported = bits & self.cleared_by_poll();
        match suppressed {
            Some(until) => ProbeOutcome::Suppressed(until),
            None => ProbeOutcome::Nothing,
        }
    }

    /// Records that `bits` are reported, of which `held` were just observed.
    #[inline]
    fn record_report(&mut self, bits: PollBits, held: PollBits, now: Instant) {
        if self.flags.has(flag::LEVEL | flag::ONE_SHOT) {
            // A level is reported again as long as it holds.
            if self.flags.has(flag::ONE_SHOT) {
                self.flags.set(flag::SPENT);
            }
            return;
        }
        self.reported |= held;
        self.flags.clear(flag::PROBED);
        let counted = if self.is_owned() {
            bits & (ALWAYS_REPORTED | PRIORITY)
        } else {
            bits
        };
        if counted == 0 {
            return;
        }
        for (backoff, (mask, pace)) in self.backoffs.iter_mut().zip(DIRECTIONS) {
            if counted & held & mask != 0 {
                let is_hang_up = mask & ALWAYS_REPORTED != 0;
                let pace = if is_hang_up && self.is_closed {
                    &CLOSED
                } else {
                    pace
                };
                backoff.report(now, pace);
            }
        }
    }

    /// Like `apply_poll`, for the common case, which needs no more than this: a plain registration
    /// of which nothing but reading or writing is returned. Updates the entry, and returns the
    /// event to report. `None` if it is another case: then nothing has changed.
    ///
    /// The kernel returns nothing of a suspended one, whose entry it ignores.
    #[inline(always)] // In the loop of the selector.
    #[allow(dead_code)] // Only poll(2) has an array of entries.
    pub(crate) fn apply_plain(&mut self, entry: &mut ffi::pollfd) -> Option<Event> {
        if entry.revents & self.flags.not_plain != 0 {
            return None;
        }
        // The entry is current, so it requests `poll_events`.
        let bits = entry.events & entry.revents;
        if bits == 0 {
            return None;
        }
        self.reported |= bits;
        entry.events &= !bits;
        entry.revents = 0;
        Some(Event::new(self.token, bits))
    }

    /// Marks it as part of the probe set. `true` if it must be and was not.
    #[inline]
    pub(crate) fn enter_probe_set(&mut self) -> bool {
        self.wants_probe() && !mem::replace(&mut self.in_probe_set, true)
    }

    /// Applies what the blocking poll has returned. Returns the event to report, if any.
    #[allow(clippy::bad_bit_mask)] // A condition that the platform does not have is 0.
    #[inline]
    pub(crate) fn apply_poll(
        &mut self,
        requested: PollBits,
        revents: PollBits,
        now: Instant,
    ) -> Option<Event> {
        let bits = revents & (self.poll_events() & requested | ALWAYS_REPORTED);
        if bits == 0 || self.is_suspended() || self.is_spent() {
            return None;
        }
        self.record_report(bits, bits, now);
        let mut shown = bits;
        if bits & READ_HANG_UP != 0 {
            // The end of the stream can be read, also if data was reported before.
            shown |= self.interest & ffi::POLLIN;
        }
        Some(Event::new(self.token, shown))
    }

    /// Applies what the blocking poll has observed, without reporting.
    pub(crate) fn observe_poll(&mut self, requested: PollBits, revents: PollBits) {
        if !self.is_suspended() {
            self.observe(requested, revents);
        }
    }

    /// Applies an observation: requested conditions that were not returned do not hold.
    fn observe(&mut self, requested: PollBits, revents: PollBits) {
        let requested = requested | ALWAYS_REPORTED;
        self.reported &= !(requested & !revents);
        for (backoff, (mask, _)) in self.backoffs.iter_mut().zip(DIRECTIONS) {
            if requested & mask != 0 && revents & mask == 0 {
                backoff.observed_not_ready();
            }
        }
    }

    /// Keeps conditions that a call has returned and that there was no room to report, if the
    /// kernel may not return them again. `true` if there may be any.
    pub(crate) fn keep_unreported(&mut self, requested: PollBits, revents: PollBits) -> bool {
        if revents & CLEARED_BY_POLL == 0 {
            return false;
        }
        if !self.is_spent() {
            let seen = revents & (requested & self.interest | ALWAYS_REPORTED);
            self.unreported |= seen & self.cleared_by_poll();
        }
        true
    }

    /// Conditions that a call may return only once. Owned sources are sockets and pipes, where they
    /// persist.
    fn cleared_by_poll(&self) -> PollBits {
        if self.is_owned() { 0 } else { CLEARED_BY_POLL }
    }
}
