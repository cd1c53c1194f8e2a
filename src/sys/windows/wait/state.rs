//! The state of one registered handle. Makes no system call.
//!
//! | state | packet | `rearm` | `end` |
//! |---|---|---|---|
//! | armed: the kernel waits, or its packet is queued | report, fired | new token, armed | ended |
//! | fired: the packet has come | nothing | arm, armed | ended |
//! | ended | nothing | not registered | ended |
//!
//! A packet is valid in every state. One wait queues one packet, so none is queued in state
//! "fired"; a packet that comes all the same, from other code, is no event.

use crate::Token;

/// The state of one registered handle. See the head of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitState {
    /// An event will come.
    Armed(Token),
    /// The event was reported.
    Fired,
    /// The registration has ended.
    Ended,
}

/// What the caller of `rearm` has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rearm {
    /// Start a wait.
    Start,
    /// Nothing: a wait is running.
    AlreadyArmed,
    /// Return an error: the registration has ended.
    Ended,
}

impl WaitState {
    /// A packet has come. Returns the token of its event, if there is one.
    pub(super) fn on_packet(&mut self) -> Option<Token> {
        match *self {
            WaitState::Armed(token) => {
                *self = WaitState::Fired;
                Some(token)
            }
            WaitState::Fired | WaitState::Ended => None,
        }
    }

    /// Replaces the token and arms. If the wait cannot be started, the caller calls `on_packet`.
    pub(super) fn rearm(&mut self, token: Token) -> Rearm {
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
    pub(super) fn end(&mut self) {
        *self = WaitState::Ended;
    }
}

#[cfg(test)]
mod tests {
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
