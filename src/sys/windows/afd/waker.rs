//! The waker: posts a packet to the completion port.

use std::fmt;
use std::io;
use std::sync::{Arc, Weak};

use crate::Token;
use crate::sys::selector::Wake;
use crate::sys::wake_bits::WakeBits;
use crate::sys::windows::event::Event;
use crate::sys::windows::platform::ffi;
use crate::sys::windows::platform::iocp::{EventSink, PacketReceiver, Port, PortEntry};

/// Wakes the thread that waits for packets. See `wake_bits` for the protocol.
///
/// A packet names its receiver, so each waker has its own bits, which its own packet clears.
/// Between two events of a waker, any number of wakes posts one packet.
pub(crate) struct Waker {
    /// Dropping it ends the delivery of this waker's packets.
    port_entry: PortEntry,
    target: Arc<WakerTarget>,
}

/// The receiver of a waker's packets.
#[derive(Debug)]
struct WakerTarget {
    token: Token,
    bit: usize,
    bits: WakeBits,
}

impl Waker {
    pub(super) fn new(port: &Arc<Port>, token: Token) -> Waker {
        let bits = WakeBits::unshared();
        let target = Arc::new(WakerTarget {
            token,
            bit: bits.acquire(),
            bits,
        });
        let receiver: Weak<WakerTarget> = Arc::downgrade(&target);
        Waker {
            port_entry: port.add_receiver(receiver),
            target,
        }
    }
}

#[cfg(test)]
impl Waker {
    /// The id that its packets carry.
    pub(super) fn receiver_id(&self) -> usize {
        self.port_entry.id()
    }
}

impl Wake for Waker {
    fn wake(&self) -> io::Result<()> {
        let WakerTarget { bit, bits, .. } = &*self.target;
        if !bits.set_pending(*bit) {
            return Ok(());
        }
        self.port_entry
            .post()
            .inspect_err(|_| bits.clear_pending(*bit))
    }
}

impl PacketReceiver for WakerTarget {
    fn on_packet(&self, sink: &mut EventSink<'_>) {
        self.bits.clear_all();
        sink.report(Event::new(self.token, ffi::AFD_POLL_RECEIVE));
    }

    fn cancel_all(&self) {}
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker")
            .field("token", &self.target.token)
            .finish_non_exhaustive()
    }
}
