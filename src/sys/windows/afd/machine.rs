//! One source on AFD as a table of states, without any system call.
//!
//! AFD answers a poll once, with the conditions that hold. So a source has at most one poll in flight, and this decides when
//! the next one starts, when one is cancelled because it asks for too little, and which answers are events.
//!
//! | poll | wants nothing, or nothing new | wants more | packet: conditions | packet: cancelled | packet: error | end |
//! |---|---|---|---|---|---|---|
//! | idle | nothing | start | - | - | - | ended |
//! | pending | nothing | cancel | report, idle | idle | fail, idle | cancel, ended |
//! | cancelled | nothing | nothing: its packet leads on | report, idle | idle | fail, idle | ended |
//!
//! Every packet is legal in every state that has a poll in flight: a cancelled poll may have come to its end before. After the
//! end a packet only gives the memory back. A poll that asks for more than is wanted is left alone: what it answers besides is
//! no event.
//!
//! # Edges
//!
//! Conditions are levels. Of an owned source each condition that was reported is left out until an operation would block, or
//! until it is registered anew. Of a raw socket, whose operations nobody sees, the two directions follow `lanes`, and the
//! failures are reported once.

use std::mem;
use std::time::Instant;

use super::masks::{self, CLOSED, FAILED, READ, WRITE};
use crate::Token;
use crate::sys::lanes::Lane;

/// The poll of one source, and who has its memory: `I` is the memory at rest, `P` the name of what is in flight.
#[derive(Debug)]
pub(super) enum Poll<I, P> {
    /// Nothing is in flight.
    Idle(I),
    /// In flight, asking for these conditions.
    Pending { name: P, asked: u32 },
    /// Its end was asked for; the packet will come.
    Cancelled(P),
    /// Being started. Nobody sees this, for the lock is held meanwhile.
    Starting,
}

/// How a poll ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// With these conditions.
    Conditions(u32),
    /// Without any.
    Nothing,
    /// AFD could not poll the socket.
    Failed,
    /// The socket is closed.
    Gone,
}

/// How events are made of conditions.
#[derive(Debug)]
enum Edges {
    /// An owned source: these have not been reported since it was armed.
    Owned { armed: u32 },
    /// A raw socket. `failures` have not been reported, and `is_out` says that AFD could not poll it.
    Raw {
        read: Lane,
        write: Lane,
        failures: u32,
        is_out: bool,
    },
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Machine<I, P> {
    poll: Poll<I, P>,
    token: Token,
    interest: u32,
    edges: Edges,
    has_ended: bool,
    /// Whether it stands in the list of those to be updated.
    pub(super) is_queued: bool,
    /// Whether it stands in the poller's list of those that are looked at.
    pub(super) is_looked_at: bool,
}

impl<I, P> Machine<I, P> {
    /// A source that waits for its first poll.
    pub(super) fn new(idle: I, token: Token, interest: u32, is_raw: bool) -> Machine<I, P> {
        let edges = if is_raw {
            Edges::Raw {
                read: Lane::default(),
                write: Lane::default(),
                failures: FAILED,
                is_out: false,
            }
        } else {
            Edges::Owned { armed: interest }
        };
        Machine {
            poll: Poll::Idle(idle),
            token,
            interest,
            edges,
            has_ended: false,
            is_queued: false,
            is_looked_at: false,
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

    /// The conditions that a poll in flight should ask for; 0 if none is needed.
    pub(super) fn wanted(&self) -> u32 {
        if self.has_ended {
            return 0;
        }
        let wanted = match &self.edges {
            Edges::Owned { armed } => *armed,
            Edges::Raw { is_out: true, .. } => 0,
            Edges::Raw { failures, .. } => (READ | WRITE) & !self.in_doubt() | failures,
        };
        self.interest & wanted & !CLOSED
    }

    /// The conditions of a raw socket that a poll in flight cannot judge any more.
    pub(super) fn in_doubt(&self) -> u32 {
        match &self.edges {
            Edges::Raw {
                read,
                write,
                is_out: false,
                ..
            } if !self.has_ended => {
                let read = if read.is_in_doubt() { READ } else { 0 };
                let write = if write.is_in_doubt() { WRITE } else { 0 };
                self.interest & (read | write)
            }
            _ => 0,
        }
    }

    /// Whether `update` has something to do.
    pub(super) fn needs_update(&self) -> bool {
        match &self.poll {
            Poll::Idle(_) => self.wanted() != 0,
            Poll::Pending { asked, .. } => self.wanted() & !asked != 0,
            Poll::Cancelled(_) | Poll::Starting => false,
        }
    }

    /// Starts a poll, or cancels one that asks for too little.
    pub(super) fn update<E>(
        &mut self,
        start: impl FnOnce(I, u32) -> Result<P, (I, E)>,
        cancel: impl FnOnce(&P) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.needs_update() {
            return Ok(());
        }
        let wanted = self.wanted();
        let (poll, result) = match mem::replace(&mut self.poll, Poll::Starting) {
            // To know when the socket is closed costs nothing more.
            Poll::Idle(idle) => match start(idle, wanted | CLOSED) {
                Ok(name) => {
                    let asked = wanted;
                    (Poll::Pending { name, asked }, Ok(()))
                }
                Err((idle, error)) => (Poll::Idle(idle), Err(error)),
            },
            Poll::Pending { name, asked } => match cancel(&name) {
                Ok(()) => (Poll::Cancelled(name), Ok(())),
                Err(error) => (Poll::Pending { name, asked }, Err(error)),
            },
            poll => (poll, Ok(())),
        };
        self.poll = poll;
        result
    }

    /// The packet has come. Returns the conditions to report, or 0.
    pub(super) fn completed(
        &mut self,
        idle: I,
        answer: Answer,
        now: impl FnOnce() -> Instant,
    ) -> u32 {
        let asked = match mem::replace(&mut self.poll, Poll::Idle(idle)) {
            Poll::Pending { asked, .. } => asked,
            // What was asked for is not known any more, so what is not answered says nothing.
            _ => 0,
        };
        match answer {
            Answer::Nothing => 0,
            Answer::Failed => self.fail(),
            Answer::Gone => {
                self.has_ended = true;
                0
            }
            Answer::Conditions(conditions) if conditions & CLOSED != 0 => {
                self.has_ended = true;
                0
            }
            Answer::Conditions(conditions) => self.report(conditions, asked & !conditions, now),
        }
    }

    /// What AFD says about the conditions in doubt, which were looked at without a poll in flight. Returns the conditions to
    /// report, and when to look again at those that are not to be reported yet.
    pub(super) fn looked(
        &mut self,
        looked_at: u32,
        conditions: u32,
        now: Instant,
    ) -> (u32, Option<Instant>) {
        // What is no longer in doubt was armed meanwhile, and is asked for elsewhere.
        let in_doubt = self.in_doubt() & looked_at;
        let mut ready = 0;
        let mut again: Option<Instant> = None;
        if let Edges::Raw { read, write, .. } = &mut self.edges {
            for (lane, mask) in [(read, READ), (write, WRITE)] {
                if in_doubt & mask == 0 {
                    continue;
                }
                let of_lane = conditions & in_doubt & mask;
                if of_lane == 0 {
                    lane.seen_clear();
                } else if let Some(until) = lane.muted(now) {
                    again = Some(again.map_or(until, |again| again.min(until)));
                } else {
                    lane.report(now);
                    ready |= of_lane;
                }
            }
        }
        (ready, again)
    }

    /// It cannot be polled. Returns what to report: a failure, and all that it was to be polled for, so that whoever waits for
    /// that tries it. It is left out until it is armed.
    pub(super) fn fail(&mut self) -> u32 {
        let wanted = self.wanted() | self.in_doubt();
        match &mut self.edges {
            Edges::Owned { armed } => *armed = 0,
            Edges::Raw { is_out, .. } => *is_out = true,
        }
        if wanted == 0 {
            return 0;
        }
        masks::fault(wanted)
    }

    /// The socket was found closed. Returns whether the source was still registered.
    pub(super) fn gone(&mut self) -> bool {
        !mem::replace(&mut self.has_ended, true)
    }

    /// Arms these conditions of an owned source: an operation that waits for one of them would block.
    pub(super) fn rearm(&mut self, conditions: u32) {
        if let Edges::Owned { armed } = &mut self.edges {
            *armed |= self.interest & conditions;
        }
    }

    /// Arms every condition.
    fn arm_all(&mut self) {
        match &mut self.edges {
            Edges::Owned { armed } => *armed = self.interest,
            Edges::Raw {
                read,
                write,
                failures,
                is_out,
            } => {
                read.seen_clear();
                write.seen_clear();
                *failures = FAILED;
                *is_out = false;
            }
        }
    }

    /// Replaces token and interest, and arms every condition. `false` if it has ended.
    pub(super) fn reregister(&mut self, token: Token, interest: u32) -> bool {
        if self.has_ended {
            return false;
        }
        self.token = token;
        self.interest = interest;
        self.arm_all();
        true
    }

    /// No more events. Returns whether the source was still registered; what is in flight is to be cancelled by `cancel`.
    pub(super) fn end(&mut self, cancel: impl FnOnce(&P)) -> bool {
        let was_registered = !mem::replace(&mut self.has_ended, true);
        self.poll = match mem::replace(&mut self.poll, Poll::Starting) {
            Poll::Pending { name, .. } => {
                cancel(&name);
                Poll::Cancelled(name)
            }
            poll => poll,
        };
        was_registered
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
                *armed &= !ready;
                ready
            }
            Edges::Raw { is_out: true, .. } => 0,
            Edges::Raw {
                read,
                write,
                failures,
                ..
            } => {
                let mut ready = conditions & *failures;
                *failures &= !ready;
                let now = now();
                for (lane, mask) in [(read, READ), (write, WRITE)] {
                    let of_lane = conditions & mask;
                    if of_lane != 0 {
                        // In doubt it is reported by a look alone, which minds its pauses.
                        if !lane.is_in_doubt() {
                            lane.report(now);
                            ready |= of_lane;
                        }
                    } else if clear & mask != 0 && !lane.is_in_doubt() {
                        lane.seen_clear();
                    }
                }
                ready
            }
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "machine_raw_tests.rs"]
mod raw_tests;
