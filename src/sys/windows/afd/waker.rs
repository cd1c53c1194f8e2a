//! The waker: a packet that carries a number, posted to the port.

use std::fmt;
use std::io;
use std::sync::{Arc, Weak};

use crate::Token;
use crate::sys::contract::Wake;
use crate::sys::iocp::{Attached, Attachment, Port, Round};
use crate::sys::raw;
use crate::sys::record::Record;
use crate::sys::wake_bits::WakeBits;

/// Wakes the thread that waits for packets. See `wake_bits` for the protocol.
pub(crate) struct Waker {
    /// Gone first: no packet of this waker is delivered afterwards.
    attachment: Attachment,
    bit: Bit,
    /// The receiver of its packets.
    _bell: Arc<Bell>,
}

/// A waker's bit, given back on drop.
struct Bit {
    /// 0 if there was none left.
    bit: usize,
    wakes: Arc<WakeBits>,
}

/// Where a packet finds the token.
struct Bell {
    token: Token,
}

impl Waker {
    pub(super) fn new(port: &Arc<Port>, wakes: &Arc<WakeBits>, token: Token) -> Waker {
        let bell = Arc::new(Bell { token });
        let receiver: Weak<Bell> = Arc::downgrade(&bell);
        Waker {
            attachment: port.attach(receiver),
            bit: Bit {
                bit: wakes.take(),
                wakes: Arc::clone(wakes),
            },
            _bell: bell,
        }
    }
}

impl Wake for Waker {
    fn wake(&self) -> io::Result<()> {
        let Bit { bit, wakes } = &self.bit;
        if !wakes.announce(*bit) {
            return Ok(());
        }
        self.attachment
            .notice()
            .inspect_err(|_| wakes.retract(*bit))
    }
}

impl Attached for Bell {
    fn noticed(&self, round: &mut Round<'_>) {
        round.report(Record::new(self.token, raw::AFD_POLL_RECEIVE));
    }

    fn abandon(&self) {}
}

impl Drop for Bit {
    fn drop(&mut self) {
        self.wakes.give_back(self.bit);
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").finish_non_exhaustive()
    }
}
