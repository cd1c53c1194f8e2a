//! Readiness of waitable handles (processes, events, timers), reported through the completion port.
//!
//! There are two backends. A wait completion packet is a kernel object that waits for a handle and
//! queues a packet itself. Without these (before Windows 8, and on Wine 8) a thread of the system's
//! pool waits and posts a packet. Both packets carry a receiver id and no memory; `WaitState`
//! decides which of them are events.
//!
//! The handle is duplicated, since both backends need it to stay open while they wait
//! ([RegisterWaitForSingleObject]: closing it during the wait is undefined).
//!
//! [RegisterWaitForSingleObject]: https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-registerwaitforsingleobject
//!
//! # The state of one registered handle
//!
//! | state | packet | `rearm` | `end` |
//! |---|---|---|---|
//! | armed: the kernel waits, or its packet is queued | report, fired | new token, armed | ended |
//! | fired: the packet has come | nothing | arm, armed | ended |
//! | ended | nothing | not registered | ended |
//!
//! A packet is valid in every state. One wait queues one packet, so none is queued in state
//! "fired"; a packet that comes all the same, from other code, is no event.

#[cfg(all(test, windows))]
mod tests;
#[cfg(windows)]
mod wait_set;

use crate::Token;

#[cfg(windows)]
pub(crate) use wait_set::{WaitBackend, WaitSet};

/// The state of one registered handle. See the head of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitState {
    /// An event will come.
    Armed(Token),
    /// The event was reported.
    Fired,
    /// The registration has ended.
    Ended,
}

/// What the caller of `rearm` has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rearm {
    /// Start a wait.
    Start,
    /// Nothing: a wait is running.
    AlreadyArmed,
    /// Return an error: the registration has ended.
    Ended,
}

impl WaitState {
    /// A packet has come. Returns the token of its event, if there is one.
    #[inline]
    fn on_packet(&mut self) -> Option<Token> {
        match *self {
            WaitState::Armed(token) => {
                *self = WaitState::Fired;
                Some(token)
            }
            WaitState::Fired | WaitState::Ended => None,
        }
    }

    /// Replaces the token and arms. If the wait cannot be started, the caller calls `on_packet`.
    #[inline]
    fn rearm(&mut self, token: Token) -> Rearm {
        match self {
            WaitState::Armed(old) => {
                *old = token;
                Rearm::AlreadyArmed
            }
            WaitState::Fired => {
                *self = WaitState::Armed(token);
                Rearm::Start
            }
            WaitState::Ended => Rearm::Ended,
        }
    }

    /// The registration or its selector has ended.
    #[inline]
    fn end(&mut self) {
        *self = WaitState::Ended;
    }
}

#[cfg(test)]
mod state_tests {
    //! Every cell of the table.

    use super::*;

    const ONE: Token = Token(1);
    const TWO: Token = Token(2);

    #[test]
    fn armed_reports_and_replaces_its_token() {
        let mut state = WaitState::Armed(ONE);
        assert_eq!(state.rearm(TWO), Rearm::AlreadyArmed);
        assert_eq!(state, WaitState::Armed(TWO));
        assert_eq!(state.on_packet(), Some(TWO));
        assert_eq!(state, WaitState::Fired);
        let mut state = WaitState::Armed(ONE);
        state.end();
        assert_eq!(state, WaitState::Ended);
    }

    #[test]
    fn fired_waits_for_rearm() {
        let mut state = WaitState::Fired;
        assert_eq!(state.on_packet(), None);
        assert_eq!(state, WaitState::Fired);
        assert_eq!(state.rearm(TWO), Rearm::Start);
        assert_eq!(state, WaitState::Armed(TWO));
        let mut state = WaitState::Fired;
        state.end();
        assert_eq!(state, WaitState::Ended);
    }

    #[test]
    fn ended_reports_nothing() {
        let mut state = WaitState::Ended;
        assert_eq!(state.on_packet(), None);
        assert_eq!(state.rearm(TWO), Rearm::Ended);
        state.end();
        assert_eq!(state, WaitState::Ended);
    }
}
