//! The waker: a packet that carries a number, posted to the port.

use std::fmt;
use std::io;
use std::sync::{Arc, Weak};

use super::super::event::Event;
use super::super::platform::ffi;
use super::super::platform::iocp::{Attached, Attachment, Port, Round};
use crate::Token;
use crate::sys::selector::Wake;
use crate::sys::wake_bits::WakeBits;

/// Wakes the thread that waits for packets. See `wake_bits` for the protocol.
///
/// A packet says whose it is, so every waker has its bits for itself, and they are cleared when its
/// own packet is taken: between two of its events any number of wakes post one packet, however many
/// wakers there are.
pub(crate) struct Waker {
    /// Without it no packet of this waker is delivered any more.
    attachment: Attachment,
    bell: Arc<Bell>,
}

/// The receiver of a waker's packets.
#[derive(Debug)]
struct Bell {
    token: Token,
    bit: usize,
    bits: WakeBits,
}

impl Waker {
    pub(super) fn new(port: &Arc<Port>, token: Token) -> Waker {
        let bits = WakeBits::unshared();
        let bell = Arc::new(Bell {
            token,
            bit: bits.take(),
            bits,
        });
        let receiver: Weak<Bell> = Arc::downgrade(&bell);
        Waker {
            attachment: port.attach(receiver),
            bell,
        }
    }
}

#[cfg(test)]
impl Waker {
    /// What its packets say.
    pub(super) fn number(&self) -> usize {
        self.attachment.number()
    }
}

impl Wake for Waker {
    fn wake(&self) -> io::Result<()> {
        let Bell { bit, bits, .. } = &*self.bell;
        if !bits.announce(*bit) {
            return Ok(());
        }
        self.attachment.notice().inspect_err(|_| bits.retract(*bit))
    }
}

impl Attached for Bell {
    fn noticed(&self, round: &mut Round<'_>) {
        self.bits.seen();
        round.report(Event::new(self.token, ffi::AFD_POLL_RECEIVE));
    }

    fn abandon(&self) {}
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker")
            .field("token", &self.bell.token)
            .finish_non_exhaustive()
    }
}
