//! One registration, and the rules by which its levels become events: see the head of `levels`.

use std::os::fd::RawFd;
use std::time::Instant;

use super::{Event, PRIORITY, READ_HANG_UP};
use crate::sys::ffi;
use crate::sys::level_backoff::{Backoff, CLOSED, EXCEPTION, Pace, READINESS};
use crate::sys::timeout::earlier;
use crate::sys::unix::caps::PollBits;
use crate::{Interest, Token};

/// The conditions of reading.
pub(super) const READ: PollBits = ffi::POLLIN | READ_HANG_UP;
/// The conditions of writing.
const WRITE: PollBits = ffi::POLLOUT;
/// What poll(2) reports whether it is asked to or not. It cannot be masked.
pub(super) const ALWAYS_REPORTED: PollBits = ffi::POLLHUP | ffi::POLLERR;
/// What a system call may return once only: some files clear it when they are polled, such as
/// `/proc/self/mountinfo` (proc(5)).
pub(super) const CLEARED_BY_POLL: PollBits = ffi::POLLERR | PRIORITY;

/// What a stream socket returns of which both halves are closed, and no pipe or terminal does.
const BOTH_CLOSED: PollBits = ffi::POLLHUP | READ_HANG_UP;

/// The directions of a registration: the conditions of each, and how often it is reported when it
/// stays.
const DIRECTIONS: [(PollBits, &Pace); 4] = [
    (READ, &READINESS),
    (WRITE, &READINESS),
    (PRIORITY, &EXCEPTION),
    (ALWAYS_REPORTED, &EXCEPTION),
];

/// One registration, or what is left of the last one.
#[derive(Debug)]
pub(crate) struct Slot {
    /// -1 if the slot is free.
    pub(super) fd: RawFd,
    pub(super) token: Token,
    pub(super) interest: PollBits,
    /// Whether the operations of the source pass through this crate.
    is_owned: bool,
    /// What was reported, and was not observed clear since: by the kernel, or for an owned source
    /// by an operation that would block.
    reported: PollBits,
    /// What a system call has returned and no event has shown yet, of what it may return once only.
    unreported: PollBits,
    /// One for each direction. Reading and writing of owned sources need none: they are exact.
    backoffs: [Backoff; 4],
    /// Whether its index is in `dirty`.
    pub(super) is_dirty: bool,
    /// Whether the poller probes it, or watches for it to be clear.
    pub(super) in_probe_set: bool,
    /// Whether a probe has found nothing new since the last report.
    was_probed: bool,
    /// Whether the last probe has found both halves of a stream socket closed, and nothing else
    /// that may change.
    is_closed: bool,
}

/// What a slot wants of the next probe.
pub(crate) enum ProbeRequest {
    /// Nothing.
    None,
    /// This is to be asked.
    Ask(ffi::pollfd),
    /// Nothing before then.
    Later(Instant),
}

/// What a probe of a slot led to.
pub(crate) enum Probe {
    /// Nothing to report.
    Nothing,
    /// This is to be reported.
    Event(Event),
    /// Ready, but suppressed until then.
    Suppressed(Instant),
}

impl Slot {
    /// A registration that was just made: the next wait reports what holds. `is_dirty` is what the
    /// slot was before.
    pub(super) fn new(
        fd: RawFd,
        token: Token,
        interest: PollBits,
        is_owned: bool,
        is_dirty: bool,
    ) -> Slot {
        Slot {
            fd,
            token,
            interest,
            is_owned,
            reported: 0,
            unreported: 0,
            backoffs: Default::default(),
            is_dirty,
            in_probe_set: false,
            was_probed: false,
            is_closed: false,
        }
    }

    /// What the poller's array has of this slot.
    #[inline]
    pub(crate) fn pollfd(&self) -> ffi::pollfd {
        // A negative descriptor is passed over.
        let fd = if self.is_suspended() { -1 } else { self.fd };
        ffi::pollfd {
            fd,
            events: self.wanted(),
            revents: 0,
        }
    }

    /// Whether a hang-up or error was reported that has not ended. It would end every wait, so the
    /// slot is not part of the blocking poll.
    #[inline]
    pub(crate) fn is_suspended(&self) -> bool {
        self.reported & ALWAYS_REPORTED != 0
    }

    /// The conditions that the blocking poll asks for.
    #[inline]
    fn wanted(&self) -> PollBits {
        if self.is_owned {
            self.interest & !self.reported
        } else {
            self.interest & !self.probed()
        }
    }

    /// The conditions that are probed instead, as long as the slot is not suspended.
    #[inline]
    fn probed(&self) -> PollBits {
        let mut bits = 0;
        for (backoff, (mask, pace)) in self.backoffs.iter().zip(DIRECTIONS) {
            if backoff.needs_probe(pace) {
                bits |= mask;
            }
        }
        self.interest & bits
    }

    /// The file descriptor.
    #[allow(dead_code)] // For event ports.
    pub(crate) fn fd(&self) -> RawFd {
        self.fd
    }

    /// Arms all conditions: the next wait reports those that hold.
    pub(super) fn arm(&mut self) {
        self.reported = 0;
        self.was_probed = false;
        self.is_closed = false;
        self.backoffs = Default::default();
    }

    /// Arms the directions of an operation that would block: it has observed them not ready. A
    /// hang-up, error or priority condition is none of them, and keeps its delay. `false` if there
    /// was nothing to do.
    pub(super) fn rearm(&mut self, waits_for: Interest) -> bool {
        if !self.is_owned {
            return false;
        }
        let mut bits = 0;
        if waits_for.is_readable() {
            bits |= READ;
        }
        if waits_for.is_writable() {
            bits |= WRITE;
        }
        // While it is suspended the operation may have taken the error, too: one probe tells.
        let may_have_ended = self.is_suspended() && self.was_probed;
        if self.reported & bits == 0 && !may_have_ended {
            return false;
        }
        self.reported &= !bits;
        self.was_probed = false;
        true
    }

    /// Watches it as if it were not owned, by back-off: an operation has ended in a way that says
    /// nothing of what comes next. A hang-up or error that was reported keeps its delay. `false` if
    /// it was not owned before.
    pub(super) fn watch_as_unowned(&mut self) -> bool {
        let was_owned = std::mem::replace(&mut self.is_owned, false);
        if was_owned {
            self.reported &= ALWAYS_REPORTED | PRIORITY;
            self.was_probed = false;
        }
        was_owned
    }

    /// Whether the poller has to probe it, or to watch for it to be clear.
    #[inline]
    pub(super) fn wants_probe(&self) -> bool {
        if self.unreported != 0 {
            return true;
        }
        if self.is_owned {
            self.reported & (ALWAYS_REPORTED | PRIORITY) != 0
        } else {
            self.backoffs.iter().any(|backoff| backoff.is_reported())
        }
    }

    /// What the next probe is to ask, if anything.
    pub(crate) fn probe_request(&self, now: impl FnOnce() -> Instant) -> ProbeRequest {
        let events = if self.is_suspended() {
            // The last direction's. A hang-up that is old is probed after each report and when the
            // next one is due: sources that are kept although they hung up cost little.
            let [.., hang_up] = &self.backoffs;
            if self.was_probed && (self.is_closed || hang_up.is_long(&EXCEPTION)) {
                if let Some(until) = hang_up.suppressed_until(now()) {
                    return ProbeRequest::Later(until);
                }
            }
            self.interest | READ_HANG_UP
        } else {
            let bits = self.probed();
            if bits == 0 && self.unreported == 0 {
                return ProbeRequest::None;
            }
            // Always asked for, or a probe for the rest might clear it unseen.
            bits | self.interest & PRIORITY
        };
        ProbeRequest::Ask(ffi::pollfd {
            fd: self.fd,
            events,
            revents: 0,
        })
    }

    /// Takes what a probe has returned. `now` is when it was made.
    pub(super) fn apply_probe(
        &mut self,
        asked: PollBits,
        revents: PollBits,
        now: Instant,
    ) -> Probe {
        let seen = revents & (asked & self.interest | ALWAYS_REPORTED);
        let kept = self.unreported & (self.interest | ALWAYS_REPORTED);
        self.unreported = 0;
        let new = seen & !self.reported;
        let was_closed = self.is_closed;
        self.is_closed = READ_HANG_UP != 0
            && revents & (BOTH_CLOSED | CLEARED_BY_POLL) == BOTH_CLOSED
            && self.is_suspended();
        let has_ended = self.is_suspended() && seen & ALWAYS_REPORTED == 0;
        self.observe(asked, seen);
        if has_ended {
            // Nothing is known of what happened meanwhile: what holds is reported, what does not is
            // armed.
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
            // While it is suspended all directions follow the hang-up.
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
            return Probe::Nothing;
        }
        if is_due {
            if new != 0 {
                // Something happens beside the hang-up: its delay starts anew.
                let [.., hang_up] = &mut self.backoffs;
                hang_up.observed_not_ready();
            }
            self.report(bits, seen, now);
            return Probe::Event(Event::new(self.token, bits));
        }
        self.was_probed = true;
        self.unreported = bits & self.cleared_by_poll();
        match suppressed {
            Some(until) => Probe::Suppressed(until),
            None => Probe::Nothing,
        }
    }

    /// Notes that `bits` are reported, of which `held` hold as far as is known.
    #[inline]
    fn report(&mut self, bits: PollBits, held: PollBits, now: Instant) {
        self.reported |= held;
        self.was_probed = false;
        let counted = if self.is_owned {
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

    /// Takes what the blocking poll returned: the event to report, if any.
    #[allow(clippy::bad_bit_mask)] // A condition that the system has not is 0.
    #[inline]
    pub(crate) fn ready(
        &mut self,
        asked: PollBits,
        revents: PollBits,
        now: Instant,
    ) -> Option<Event> {
        let bits = revents & (self.wanted() & asked | ALWAYS_REPORTED);
        if bits == 0 || self.is_suspended() {
            return None;
        }
        self.report(bits, bits, now);
        let mut shown = bits;
        if bits & READ_HANG_UP != 0 {
            // An end of file can be read, also where data was reported before.
            shown |= self.interest & ffi::POLLIN;
        }
        Some(Event::new(self.token, shown))
    }

    /// Takes what the blocking poll has seen of a slot that took part in it.
    pub(crate) fn observe_wait(&mut self, asked: PollBits, revents: PollBits) {
        if !self.is_suspended() {
            self.observe(asked, revents);
        }
    }

    /// Takes what was observed: what was asked for and not returned does not hold.
    fn observe(&mut self, asked: PollBits, revents: PollBits) {
        let asked = asked | ALWAYS_REPORTED;
        self.reported &= !(asked & !revents);
        for (backoff, (mask, _)) in self.backoffs.iter_mut().zip(DIRECTIONS) {
            if asked & mask != 0 && revents & mask == 0 {
                backoff.observed_not_ready();
            }
        }
    }

    /// Keeps what a system call has returned and there was no room to report, if it may not return
    /// it again.
    pub(super) fn keep_unreported(&mut self, asked: PollBits, revents: PollBits) {
        let seen = revents & (asked & self.interest | ALWAYS_REPORTED);
        self.unreported |= seen & self.cleared_by_poll();
    }

    /// What a system call may return once only. Owned sources are sockets and pipes, whose
    /// conditions stay.
    fn cleared_by_poll(&self) -> PollBits {
        if self.is_owned { 0 } else { CLEARED_BY_POLL }
    }
}
