//! The state of one socket on AFD. Makes no system call.
//!
//! AFD completes a poll request once, with conditions that hold (see the head of `afd/mod.rs`). A
//! source has at most one request in flight. This type decides when the next one starts, when one
//! is canceled because it requests too few conditions, and which conditions become events.
//!
//! | call | idle | pending | cancel requested |
//! |---|---|---|---|
//! | `update()`, the request has all wanted conditions | - | nothing | nothing |
//! | `update()`, more conditions are wanted | start | cancel | nothing |
//! | `completed(Conditions)` | - | report, idle | report, idle |
//! | `completed(NoConditions)` | - | idle | idle |
//! | `completed(Failed)`, `completed(InvalidHandle)` | - | fail, idle | fail, idle |
//! | `end()` | ended | cancel, ended | ended |
//!
//! A request that fails for lack of memory does not fail the source. It pauses the source: no
//! request starts until `resume`.
//!
//! Any completion is possible in any state that has a request in flight: a request may have
//! completed before it was canceled. After `end()` a completion only returns the memory. A request
//! with more conditions than wanted is kept; conditions that are not wanted are no events.
//!
//! # Edges
//!
//! Conditions are levels. A condition of an owned source is reported once; then it is not wanted
//! until an operation would block, or until `reregister`. The selector does not see the operations
//! on an unowned socket, so its two directions follow `level_backoff`, and its failures are
//! reported once. A request that the kernel leaves pending is an observation: none of its
//! conditions held when it started.
//!
//! The conditions of a level-triggered source are always wanted, so the next request completes at
//! once while one of them holds. Those of a one-shot source are not wanted from its event until
//! `reregister`.
//!
//! # Stray completions
//!
//! A completion without an armed condition, and a cancel that was not requested here, start the
//! next request at once, but only [`MAX_STRAYS`] times in a row. After that each of them pauses the
//! source, so that no behavior of AFD makes `poll` spin. The next reported condition starts the
//! count again. A failed request counts as a stray completion, because a caller that ignores its
//! event arms the source with each operation that would block.

mod edges;

use std::mem;
use std::num::NonZeroI32;
use std::time::Instant;

use crate::Token;
use crate::sys::selector::Mode;
use crate::sys::windows::event::masks::{self, CLOSED};
use crate::sys::windows::ntstatus::{self, Completion, Started};
use edges::Edges;

/// After so many stray completions in a row each further one pauses the source.
pub(super) const MAX_STRAYS: u8 = 4;

/// The one `IOCTL_AFD_POLL` of a source. `I` is its memory while it is idle, `P` identifies it
/// while it is in flight.
#[derive(Debug)]
pub(super) enum Request<I, P> {
    /// Nothing is in flight.
    Idle(I),
    /// In flight, with these requested conditions.
    Pending { operation: P, requested: u32 },
    /// In flight and canceled; its completion packet has not come yet.
    CancelRequested(P),
    /// Being started. Not visible to other threads: the state is locked meanwhile.
    Submitting,
}

/// The result of `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// Whether the source was still registered.
    pub(super) was_registered: bool,
    /// Whether its request stays in flight because it could not be canceled.
    pub(super) lingers: bool,
}

/// A fact about a source, which is true or not.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(super) enum Flag {
    /// The registration has ended: no more events.
    Ended = 1 << 0,
    /// No request starts until `resume`.
    Paused = 1 << 1,
    /// An event was reported since the last `take_deferral`.
    Reported = 1 << 2,
    /// Its requests name another socket, on a layered service provider. See `handle`.
    Layered = 1 << 3,
    /// Its socket stays reserved until its request completes. See `handle`.
    Lingering = 1 << 4,
    /// It is in the update list.
    InUpdates = 1 << 5,
    /// It is in the poller's probe set.
    InProbeSet = 1 << 6,
    /// It is in the poller's list of paused sources.
    InPausedList = 1 << 7,
}

/// See the head of this file. Each source has one, so it is packed: `source` has a test of its
/// size.
#[derive(Debug)]
pub(super) struct SocketState<I, P> {
    request: Request<I, P>,
    edges: Edges,
    /// The code of the last failed request, until it is taken.
    fault: Option<NonZeroI32>,
    /// The conditions of the interest, all of which fit.
    interest: u16,
    /// Stray completions and failures since the last reported condition.
    strays: u8,
    /// The sum of those `Flag`s that are true.
    flags: u8,
}

const _: () = assert!((masks::READ | masks::WRITE | masks::RESET) <= u16::MAX as u32);

impl<I, P> SocketState<I, P> {
    /// The state of a new registration: idle and armed.
    pub(super) fn new(idle: I, token: Token, interest: u32, is_unowned: bool) -> SocketState<I, P> {
        SocketState {
            request: Request::Idle(idle),
            edges: Edges::new(!is_unowned, Mode::Edge, token, interest),
            fault: None,
            interest: interest as u16,
            strays: 0,
            flags: 0,
        }
    }

    /// Whether this is true.
    pub(super) fn is(&self, flag: Flag) -> bool {
        self.flags & flag as u8 != 0
    }

    /// Makes this true. Returns whether it was.
    pub(super) fn set(&mut self, flag: Flag) -> bool {
        let was_set = self.is(flag);
        self.flags |= flag as u8;
        was_set
    }

    /// Makes this false. Returns whether it was true.
    pub(super) fn clear(&mut self, flag: Flag) -> bool {
        let was_set = self.is(flag);
        self.flags &= !(flag as u8);
        was_set
    }

    /// The conditions of the interest.
    fn interest(&self) -> u32 {
        self.interest.into()
    }

    /// The token of its events.
    pub(super) fn token(&self) -> Token {
        self.edges.token()
    }

    /// Whether the registration has ended: no more events.
    pub(super) fn has_ended(&self) -> bool {
        self.is(Flag::Ended)
    }

    /// Whether a request is in flight.
    pub(super) fn is_in_flight(&self) -> bool {
        !matches!(self.request, Request::Idle(_))
    }

    /// Whether it is a socket of `net`, whose operations the selector sees.
    pub(super) fn is_owned(&self) -> bool {
        self.edges.is_owned()
    }

    /// The conditions that a request should name now; 0 if none is needed.
    pub(super) fn wanted(&self) -> u32 {
        if self.is(Flag::Paused) {
            0
        } else {
            self.armed()
        }
    }

    /// The conditions that a request can report.
    fn armed(&self) -> u32 {
        if self.has_ended() {
            return 0;
        }
        self.interest() & self.edges.armed() & !CLOSED
    }

    /// The conditions of an unowned socket that are probed instead of requested.
    pub(super) fn conditions_to_probe(&self) -> u32 {
        if self.has_ended() {
            return 0;
        }
        self.interest() & self.edges.to_probe()
    }

    /// Whether `update` has something to do.
    pub(super) fn needs_update(&self) -> bool {
        match &self.request {
            Request::Idle(_) => self.wanted() != 0,
            Request::Pending { requested, .. } => self.wanted() & !requested != 0,
            Request::CancelRequested(_) | Request::Submitting => false,
        }
    }

    /// Whether the poller has something to do: start or cancel a request, add it to the probe set,
    /// or resume it later.
    pub(super) fn needs_poller(&self) -> bool {
        self.needs_update()
            || self.conditions_to_probe() != 0 && !self.is(Flag::InProbeSet)
            || self.is(Flag::Paused) && !self.is(Flag::InPausedList)
    }

    /// Whether a `select` that does not wait leaves the request to the next one. True at most once
    /// after each event, and only if no readiness is wanted. See "System calls" in `afd/mod.rs`.
    pub(super) fn take_deferral(&mut self) -> bool {
        self.clear(Flag::Reported)
            && self.is_owned()
            && matches!(self.request, Request::Idle(_))
            && self.wanted() & masks::READINESS == 0
    }

    /// Starts a request, or cancels one that names too few conditions. An error changes nothing.
    pub(super) fn update<E>(
        &mut self,
        start: impl FnOnce(I, u32) -> Result<(P, Started), (I, E)>,
        cancel: impl FnOnce(&P) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.needs_update() {
            return Ok(());
        }
        let requested = self.wanted();
        let (request, result) = match mem::replace(&mut self.request, Request::Submitting) {
            // `LOCAL_CLOSE` costs nothing more.
            Request::Idle(idle) => match start(idle, requested | CLOSED) {
                Ok((operation, started)) => {
                    if started == Started::Pending {
                        self.edges.observe_not_ready(requested);
                    }
                    (
                        Request::Pending {
                            operation,
                            requested,
                        },
                        Ok(()),
                    )
                }
                Err((idle, error)) => (Request::Idle(idle), Err(error)),
            },
            Request::Pending {
                operation,
                requested,
            } => match cancel(&operation) {
                Ok(()) => (Request::CancelRequested(operation), Ok(())),
                Err(error) => (
                    Request::Pending {
                        operation,
                        requested,
                    },
                    Err(error),
                ),
            },
            request => (request, Ok(())),
        };
        self.request = request;
        result
    }

    /// The request's completion packet has come. Returns the conditions to report, or 0.
    pub(super) fn completed(
        &mut self,
        idle: I,
        completion: Completion,
        now: impl FnOnce() -> Instant,
    ) -> u32 {
        let requested = match mem::replace(&mut self.request, Request::Idle(idle)) {
            Request::Pending { requested, .. } => Some(requested),
            // The requested conditions are not known any more, so a missing one means nothing.
            _ => None,
        };
        let ready = match completion {
            Completion::NoConditions => 0,
            Completion::Failed(code) if ntstatus::is_transient(code) => {
                self.pause();
                return 0;
            }
            Completion::Failed(code) => return self.fail(code),
            // An owned socket is open, so the request failed.
            Completion::InvalidHandle(code) if self.is_owned() => return self.fail(code),
            Completion::InvalidHandle(_) => {
                self.set(Flag::Ended);
                0
            }
            Completion::Conditions(conditions) if conditions & CLOSED != 0 => {
                self.set(Flag::Ended);
                0
            }
            Completion::Conditions(conditions) => {
                self.report(conditions, requested.unwrap_or(0) & !conditions, now)
            }
        };
        if ready != 0 {
            self.strays = 0;
            self.set(Flag::Reported);
        } else if requested.is_some() {
            self.count_stray();
        }
        ready
    }

    /// Counts a stray completion or a failure, and pauses the source after [`MAX_STRAYS`] of them.
    fn count_stray(&mut self) {
        self.strays = self.strays.saturating_add(1);
        if self.strays >= MAX_STRAYS {
            self.pause();
        }
    }

    /// Applies the result of a probe: `conditions` are those of `probed` that hold. Returns the
    /// conditions to report, and when to probe again those that are suppressed until then.
    pub(super) fn apply_probe(
        &mut self,
        probed: u32,
        conditions: u32,
        now: Instant,
    ) -> (u32, Option<Instant>) {
        // A direction that was armed meanwhile is requested instead.
        let to_probe = self.conditions_to_probe() & probed;
        self.edges.apply_probe(to_probe, conditions, now)
    }

    /// The socket cannot be polled, with the error `code`. Returns what to report: a fault and all
    /// wanted readiness, so that every waiter retries. The source is not polled until it is armed;
    /// one that fails again and again is paused besides.
    pub(super) fn fail(&mut self, code: i32) -> u32 {
        self.count_stray();
        let wanted = self.armed() | self.conditions_to_probe();
        self.edges.disarm();
        if wanted == 0 {
            return 0;
        }
        // A refusal has a code, which is not 0.
        self.fault = NonZeroI32::new(code).or(Some(NonZeroI32::MAX));
        masks::of_fault(wanted)
    }

    /// Takes the code of the last failed request.
    pub(super) fn take_fault(&mut self) -> Option<i32> {
        self.fault.take().map(NonZeroI32::get)
    }

    /// Pauses the source: no request starts until `resume`.
    pub(super) fn pause(&mut self) {
        if !self.has_ended() {
            self.set(Flag::Paused);
        }
    }

    /// Whether the poller has to resume it.
    pub(super) fn is_paused(&self) -> bool {
        self.is(Flag::Paused) && !self.has_ended()
    }

    /// Ends a pause.
    pub(super) fn resume(&mut self) {
        self.clear(Flag::Paused);
    }

    /// The socket is closed: ends the registration. Returns whether there was one.
    pub(super) fn mark_closed(&mut self) -> bool {
        !self.set(Flag::Ended)
    }

    /// Arms these conditions of an owned source, after an operation that would block.
    pub(super) fn rearm(&mut self, conditions: u32) {
        self.edges.rearm(self.interest() & conditions);
    }

    /// Replaces token, interest and mode, and arms every condition. `false` if the registration has
    /// ended.
    pub(super) fn reregister(&mut self, token: Token, interest: u32, mode: Mode) -> bool {
        if self.has_ended() {
            return false;
        }
        self.interest = interest as u16;
        self.strays = 0;
        self.resume();
        self.fault = None;
        self.edges.reset(mode, token, interest);
        true
    }

    /// Arms every condition in this mode. A registration is edge-triggered until this is called.
    pub(super) fn set_mode(&mut self, mode: Mode) {
        self.edges.reset(mode, self.token(), self.interest());
    }

    /// Ends the registration. `cancel` cancels the request in flight and returns whether it could.
    pub(super) fn end(&mut self, cancel: impl FnOnce(&P) -> bool) -> Ended {
        let was_registered = self.mark_closed();
        let mut lingers = false;
        self.request = match mem::replace(&mut self.request, Request::Submitting) {
            Request::Pending { operation, .. } => {
                lingers = !cancel(&operation);
                Request::CancelRequested(operation)
            }
            request => request,
        };
        Ended {
            was_registered,
            lingers,
        }
    }

    /// Returns the conditions to report, and marks them as reported. `clear` do not hold.
    fn report(&mut self, conditions: u32, clear: u32, now: impl FnOnce() -> Instant) -> u32 {
        if self.has_ended() {
            return 0;
        }
        self.edges.report(conditions & self.interest(), clear, now)
    }
}

#[cfg(test)]
mod tests;
