//! One registration of a handle as a table of states, without any system call.
//!
//! | state | packet | register anew | end |
//! |---|---|---|---|
//! | armed: the kernel waits, or its packet is on its way | report, spent | new token, armed | ended |
//! | spent: the packet has come | nothing | arm, armed | ended |
//! | ended | nothing | not registered | ended |
//!
//! Every packet is legal in every state. One arming makes one packet, so nothing is on its way in state "spent"; a packet that
//! comes all the same, from whomever, is no event.

use crate::Token;

/// See the head of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitState {
    /// An event is to come.
    Armed(Token),
    /// The event has come.
    Fired,
    /// No event will come.
    Ended,
}

/// What registering anew asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rearm {
    /// To arm the kernel's wait.
    Arm,
    /// Nothing: it is armed.
    Armed,
    /// Nothing: it is not registered.
    Ended,
}

impl WaitState {
    /// A packet has come: whom to tell, if anybody.
    pub(super) fn on_packet(&mut self) -> Option<Token> {
        match *self {
            WaitState::Armed(token) => {
                *self = WaitState::Fired;
                Some(token)
            }
            WaitState::Fired | WaitState::Ended => None,
        }
    }

    /// It is registered anew. If the kernel's wait cannot be armed, `on_packet` makes it spent again.
    pub(super) fn rearm(&mut self, token: Token) -> Rearm {
        match self {
            WaitState::Armed(old) => {
                *old = token;
                Rearm::Armed
            }
            WaitState::Fired => {
                *self = WaitState::Armed(token);
                Rearm::Arm
            }
            WaitState::Ended => Rearm::Ended,
        }
    }

    /// It is deregistered, or its queue is gone.
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
    fn armed() {
        let mut state = WaitState::Armed(ONE);
        assert_eq!(state.rearm(TWO), Rearm::Armed);
        assert_eq!(state, WaitState::Armed(TWO));
        assert_eq!(state.on_packet(), Some(TWO));
        assert_eq!(state, WaitState::Fired);
        let mut state = WaitState::Armed(ONE);
        state.end();
        assert_eq!(state, WaitState::Ended);
    }

    #[test]
    fn spent() {
        let mut state = WaitState::Fired;
        assert_eq!(state.on_packet(), None);
        assert_eq!(state, WaitState::Fired);
        assert_eq!(state.rearm(TWO), Rearm::Arm);
        assert_eq!(state, WaitState::Armed(TWO));
        let mut state = WaitState::Fired;
        state.end();
        assert_eq!(state, WaitState::Ended);
    }

    #[test]
    fn ended() {
        let mut state = WaitState::Ended;
        assert_eq!(state.on_packet(), None);
        assert_eq!(state.rearm(TWO), Rearm::Ended);
        state.end();
        assert_eq!(state, WaitState::Ended);
    }
}
