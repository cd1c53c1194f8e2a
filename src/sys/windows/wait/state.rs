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
pub(super) enum State {
    /// An event is to come.
    Armed(Token),
    /// The event has come.
    Spent,
    /// No event will come.
    Ended,
}

/// What registering anew asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// To arm the kernel's wait.
    Arm,
    /// Nothing: it is armed.
    Armed,
    /// Nothing: it is not registered.
    Ended,
}

impl State {
    /// A packet has come: whom to tell, if anybody.
    pub(super) fn packet(&mut self) -> Option<Token> {
        match *self {
            State::Armed(token) => {
                *self = State::Spent;
                Some(token)
            }
            State::Spent | State::Ended => None,
        }
    }

    /// It is registered anew. If the kernel's wait cannot be armed, `packet` makes it spent again.
    pub(super) fn again(&mut self, token: Token) -> Again {
        match self {
            State::Armed(old) => {
                *old = token;
                Again::Armed
            }
            State::Spent => {
                *self = State::Armed(token);
                Again::Arm
            }
            State::Ended => Again::Ended,
        }
    }

    /// It is deregistered, or its queue is gone.
    pub(super) fn end(&mut self) {
        *self = State::Ended;
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
        let mut state = State::Armed(ONE);
        assert_eq!(state.again(TWO), Again::Armed);
        assert_eq!(state, State::Armed(TWO));
        assert_eq!(state.packet(), Some(TWO));
        assert_eq!(state, State::Spent);
        let mut state = State::Armed(ONE);
        state.end();
        assert_eq!(state, State::Ended);
    }

    #[test]
    fn spent() {
        let mut state = State::Spent;
        assert_eq!(state.packet(), None);
        assert_eq!(state, State::Spent);
        assert_eq!(state.again(TWO), Again::Arm);
        assert_eq!(state, State::Armed(TWO));
        let mut state = State::Spent;
        state.end();
        assert_eq!(state, State::Ended);
    }

    #[test]
    fn ended() {
        let mut state = State::Ended;
        assert_eq!(state.packet(), None);
        assert_eq!(state.again(TWO), Again::Ended);
        state.end();
        assert_eq!(state, State::Ended);
    }
}
