//! One source on AFD as a table of states, without any system call.
//!
//! AFD answers a poll request once, with the conditions that hold (the contract is at the head of
//! `afd/mod.rs`). So a source has at most one request in flight, and this decides when the next
//! one starts, when one is cancelled because it asks for too little, and which answers are events.
//!
//! The columns are calls of this type's functions: `update()` while the request in flight asks
//! for all that is wanted, `update()` when more is wanted, `completed()` with the three kinds of
//! answer, and `end()`.
//!
//! | request | `update()`, enough | `update()`, more | `Conditions` | `Nothing` | `Failed`, `Gone` | `end()` |
//! |---|---|---|---|---|---|---|
//! | idle | nothing | start | - | - | - | ended |
//! | pending | nothing | cancel | report, idle | idle | fail, idle | cancel, ended |
//! | cancel requested | nothing | nothing | report, idle | idle | fail, idle | ended |
//!
//! A request that failed for lack of memory is no failure of the source, which is held back
//! instead: until `resume` no request starts.
//!
//! Every answer is possible in every state that has a request in flight: a cancelled one may have
//! ended before. After `end()` an answer only gives the memory back. A request that asks for more
//! than is wanted is left alone: what it answers besides is no event.
//!
//! # Edges
//!
//! Conditions are levels. Of an owned source each condition that was reported is left out until an
//! operation would block, or until it is registered anew. Of an unowned socket, whose operations
//! the selector does not see, the two directions follow `level_backoff`, and the failures are
//! reported once. A request that the kernel leaves pending is an observation: none of its
//! conditions held when it started.
//!
//! # Stray answers
//!
//! An answer that names no armed condition, and an end that we did not ask for, start the next
//! request at once, but only [`MAX_STRAYS`] times without a condition that was reported between them.
//! From then on the source is held back for a moment after each, so that no behavior of AFD makes
//! `poll` spin. A failure counts as a stray answer, for a caller that ignores its event arms the
//! source with the next operation that would block.

use std::mem;
use std::time::Instant;

use super::completion;
use super::masks::{self, CLOSED, READ, RESET, WRITE};
use crate::Token;
use crate::sys::level_backoff::{Backoff, READINESS};

/// So many stray answers are followed by the next request at once.
pub(super) const MAX_STRAYS: u32 = 4;

/// One IOCTL_AFD_POLL of one source, and who has its memory: `I` is the memory at rest, `P` stands
/// for the operation in flight.
#[derive(Debug)]
pub(super) enum Request<I, P> {
    /// Nothing is in flight.
    Idle(I),
    /// In flight, asking for these conditions.
    Pending { operation: P, requested: u32 },
    /// In flight, and its end was asked for; the completion packet will come.
    CancelRequested(P),
    /// Being started. Nobody sees this, for the lock is held meanwhile.
    Submitting,
}

/// What the kernel said when it took a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Started {
    /// It is answered already: one of its conditions holds.
    Completed,
    /// It waits: none of its conditions held.
    Pending,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completion {
    /// With these conditions.
    Conditions(u32),
    /// Without any.
    NoConditions,
    /// AFD could not poll the socket, with this code of the system.
    Failed(i32),
    /// The handle is none of a socket, with this code of the system.
    InvalidHandle(i32),
}

/// What `end` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// Whether the source was still registered.
    pub(super) was_registered: bool,
    /// Whether its request stays in flight, because it could not be cancelled.
    pub(super) lingers: bool,
}

/// How events are made of conditions.
#[derive(Debug)]
enum Edges {
    /// An owned source: these have not been reported since it was armed.
    Owned { armed: u32 },
    /// An unowned socket. `failures` have not been reported, and `poll_failed` says that AFD could not
    /// poll it.
    Unowned {
        read: Backoff,
        write: Backoff,
        failures: u32,
        poll_failed: bool,
    },
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct SocketState<I, P> {
    request: Request<I, P>,
    token: Token,
    interest: u32,
    edges: Edges,
    has_ended: bool,
    /// Stray answers and failures since the last condition that was reported.
    strays: u32,
    /// Whether no request starts until `resume`.
    is_paused: bool,
    /// The system's code of the last failure to poll it.
    fault: Option<i32>,
    /// Whether it stands in the list of those to be updated.
    pub(super) is_queued: bool,
    /// Whether it stands in the poller's list of those that are looked at.
    pub(super) is_in_probe_set: bool,
    /// Whether it stands in the poller's list of those that are resumed later.
    pub(super) is_in_paused_list: bool,
}

impl<I, P> SocketState<I, P> {
    /// A source that waits for its first request.
    pub(super) fn new(idle: I, token: Token, interest: u32, is_unowned: bool) -> SocketState<I, P> {
        let edges = if is_unowned {
            Edges::Unowned {
                read: Backoff::default(),
                write: Backoff::default(),
                failures: RESET,
                poll_failed: false,
            }
        } else {
            Edges::Owned { armed: interest }
        };
        SocketState {
            request: Request::Idle(idle),
            token,
            interest,
            edges,
            has_ended: false,
            strays: 0,
            is_paused: false,
            fault: None,
            is_queued: false,
            is_in_probe_set: false,
            is_in_paused_list: false,
        }
    }

    /// Whom its events are for.
    pub(super) fn token(&self) -> Token {
        self.token
    }

    /// Whether no event of it will come any more.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Whether it belongs to a type of ours.
    pub(super) fn is_owned(&self) -> bool {
        matches!(self.edges, Edges::Owned { .. })
    }

    /// The conditions that a request in flight should ask for; 0 if none is needed now.
    pub(super) fn wanted(&self) -> u32 {
        if self.is_paused { 0 } else { self.armed() }
    }

    /// The conditions that a request can report.
    fn armed(&self) -> u32 {
        if self.has_ended {
            return 0;
        }
        let armed = match &self.edges {
            Edges::Owned { armed } => *armed,
            Edges::Unowned {
                poll_failed: true, ..
            } => 0,
            Edges::Unowned { failures, .. } => {
                (READ | WRITE) & !self.conditions_to_probe() | failures
            }
        };
        self.interest & armed & !CLOSED
    }

    /// The conditions of an unowned socket that a request in flight cannot judge any more.
    pub(super) fn conditions_to_probe(&self) -> u32 {
        match &self.edges {
            Edges::Unowned {
                read,
                write,
                poll_failed: false,
                ..
            } if !self.has_ended => {
                let read = if read.needs_probe(&READINESS) {
                    READ
                } else {
                    0
                };
                let write = if write.needs_probe(&READINESS) {
                    WRITE
                } else {
                    0
                };
                self.interest & (read | write)
            }
            _ => 0,
        }
    }

    /// Whether `update` has something to do.
    pub(super) fn needs_update(&self) -> bool {
        match &self.request {
            Request::Idle(_) => self.wanted() != 0,
            Request::Pending { requested, .. } => self.wanted() & !requested != 0,
            Request::CancelRequested(_) | Request::Submitting => false,
        }
    }

    /// Whether the poller's thread has something to do for it: to start or cancel a request, to
    /// look at it from now on, or to resume it later.
    pub(super) fn needs_poller(&self) -> bool {
        self.needs_update()
            || self.conditions_to_probe() != 0 && !self.is_in_probe_set
            || self.is_paused && !self.is_in_paused_list
    }

    /// Starts a request, or cancels one that asks for too little. An error leaves all as it was.
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
            // To know when the socket is closed costs nothing more.
            Request::Idle(idle) => match start(idle, requested | CLOSED) {
                Ok((operation, started)) => {
                    if started == Started::Pending {
                        self.observe_not_ready(requested);
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

    /// The completion packet has come. Returns the conditions to report, or 0.
    pub(super) fn completed(
        &mut self,
        idle: I,
        completion: Completion,
        now: impl FnOnce() -> Instant,
    ) -> u32 {
        let requested = match mem::replace(&mut self.request, Request::Idle(idle)) {
            Request::Pending { requested, .. } => Some(requested),
            // What was asked for is not known any more, so what is not answered says nothing.
            _ => None,
        };
        let ready = match completion {
            Completion::NoConditions => 0,
            Completion::Failed(code) if completion::is_transient(code) => {
                self.pause();
                return 0;
            }
            Completion::Failed(code) => return self.fail(code),
            // A socket of ours is open, so it is the request that failed.
            Completion::InvalidHandle(code) if self.is_owned() => return self.fail(code),
            Completion::InvalidHandle(_) => {
                self.has_ended = true;
                0
            }
            Completion::Conditions(conditions) if conditions & CLOSED != 0 => {
                self.has_ended = true;
                0
            }
            Completion::Conditions(conditions) => {
                self.report(conditions, requested.unwrap_or(0) & !conditions, now)
            }
        };
        if ready != 0 {
            self.strays = 0;
        } else if requested.is_some() {
            self.count_stray();
        }
        ready
    }

    /// One more of what must not follow each other without a pause.
    fn count_stray(&mut self) {
        self.strays = self.strays.saturating_add(1);
        if self.strays >= MAX_STRAYS {
            self.pause();
        }
    }

    /// What Winsock says about the conditions in doubt, which were looked at without a request in
    /// flight. Returns the conditions to report, and when to look again at those that are not to
    /// be reported yet.
    pub(super) fn apply_probe(
        &mut self,
        probe_set: u32,
        conditions: u32,
        now: Instant,
    ) -> (u32, Option<Instant>) {
        // What is no longer in doubt was armed meanwhile, and is asked for elsewhere.
        let conditions_to_probe = self.conditions_to_probe() & probe_set;
        let mut ready = 0;
        let mut again: Option<Instant> = None;
        if let Edges::Unowned { read, write, .. } = &mut self.edges {
            for (backoff, mask) in [(read, READ), (write, WRITE)] {
                if conditions_to_probe & mask == 0 {
                    continue;
                }
                let of_direction = conditions & conditions_to_probe & mask;
                if of_direction == 0 {
                    backoff.observed_not_ready();
                } else if let Some(until) = backoff.suppressed_until(now) {
                    again = Some(again.map_or(until, |again| again.min(until)));
                } else {
                    backoff.report(now, &READINESS);
                    ready |= of_direction;
                }
            }
        }
        (ready, again)
    }

    /// It cannot be polled, for a reason that the system's `code` names. Returns what to report:
    /// a failure, and all that it was to be polled for, so that whoever waits for that tries it.
    /// It is left out until it is armed; one that fails again and again is held back besides.
    pub(super) fn fail(&mut self, code: i32) -> u32 {
        self.count_stray();
        let wanted = self.armed() | self.conditions_to_probe();
        match &mut self.edges {
            Edges::Owned { armed } => *armed = 0,
            Edges::Unowned { poll_failed, .. } => *poll_failed = true,
        }
        if wanted == 0 {
            return 0;
        }
        self.fault = Some(code);
        masks::of_fault(wanted)
    }

    /// Takes the code of the last failure to poll it.
    pub(super) fn take_fault(&mut self) -> Option<i32> {
        self.fault.take()
    }

    /// No request starts until `resume`: the system refused one, but may take it in a moment.
    pub(super) fn pause(&mut self) {
        self.is_paused |= !self.has_ended;
    }

    /// Whether the poller has to resume it later.
    pub(super) fn is_paused(&self) -> bool {
        self.is_paused && !self.has_ended
    }

    /// Requests start again.
    pub(super) fn resume(&mut self) {
        self.is_paused = false;
    }

    /// The socket was found closed. Returns whether the source was still registered.
    pub(super) fn mark_closed(&mut self) -> bool {
        !mem::replace(&mut self.has_ended, true)
    }

    /// Arms these conditions of an owned source: an operation that waits for one would block.
    pub(super) fn rearm(&mut self, conditions: u32) {
        if let Edges::Owned { armed } = &mut self.edges {
            *armed |= self.interest & conditions;
        }
    }

    /// Replaces token and interest, and arms every condition. `false` if it has ended.
    pub(super) fn reregister(&mut self, token: Token, interest: u32) -> bool {
        if self.has_ended {
            return false;
        }
        self.token = token;
        self.interest = interest;
        self.strays = 0;
        self.is_paused = false;
        self.fault = None;
        match &mut self.edges {
            Edges::Owned { armed } => *armed = self.interest,
            Edges::Unowned {
                read,
                write,
                failures,
                poll_failed,
            } => {
                read.observed_not_ready();
                write.observed_not_ready();
                *failures = RESET;
                *poll_failed = false;
            }
        }
        true
    }

    /// No more events. `cancel` ends what is in flight, and says whether it could.
    pub(super) fn end(&mut self, cancel: impl FnOnce(&P) -> bool) -> Ended {
        let was_registered = !mem::replace(&mut self.has_ended, true);
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

    /// These conditions of a request did not hold when it started.
    fn observe_not_ready(&mut self, requested: u32) {
        if let Edges::Unowned { read, write, .. } = &mut self.edges {
            for (backoff, mask) in [(read, READ), (write, WRITE)] {
                // One in doubt was not asked for.
                if requested & mask != 0 && !backoff.needs_probe(&READINESS) {
                    backoff.observed_not_ready();
                }
            }
        }
    }

    /// Marks what is to be reported as reported. `clear` are conditions that do not hold.
    fn report(&mut self, conditions: u32, clear: u32, now: impl FnOnce() -> Instant) -> u32 {
        if self.has_ended {
            return 0;
        }
        let conditions = conditions & self.interest;
        match &mut self.edges {
            Edges::Owned { armed } => {
                let ready = conditions & *armed;
                *armed &= !masks::with_alias(ready);
                ready
            }
            Edges::Unowned {
                poll_failed: true, ..
            } => 0,
            Edges::Unowned {
                read,
                write,
                failures,
                ..
            } => {
                let mut ready = conditions & *failures;
                *failures &= !ready;
                let now = now();
                for (backoff, mask) in [(read, READ), (write, WRITE)] {
                    let of_direction = conditions & mask;
                    if of_direction != 0 {
                        // In doubt it is reported by a look alone, which minds its pauses.
                        if !backoff.needs_probe(&READINESS) {
                            backoff.report(now, &READINESS);
                            ready |= of_direction;
                        }
                    } else if clear & mask != 0 && !backoff.needs_probe(&READINESS) {
                        backoff.observed_not_ready();
                    }
                }
                ready
            }
        }
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod unowned_tests;
