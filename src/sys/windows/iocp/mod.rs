//! A completion port: the queue that every other mechanism here sends its packets to.
//!
//! What the kernel does: an operation that was started (also one that is over at once) sends one
//! packet when it is over; one that was refused sends none; canceling hastens a packet and never
//! replaces it.
//!
//! # Packets
//!
//! The key of a packet says what it is. Under [`OPERATION_KEY`] its pointer field is the context of an
//! operation, by which its memory is found (see [`in_flight`]). Under [`RECEIVER_KEY`] it is a number, by
//! which the receiver is looked up: wakers, wait packets and whatever else has something to say
//! without memory in flight. Packets under any other key are ignored. No packet's pointer is ever
//! followed: packets may come from other processes.
//!
//! # Threads
//!
//! Any thread issues operations: the one that registers, reads, writes or polls. The packet is
//! taken by the thread that polls, or by the one that drops the port's last owner. The thread that
//! issued an operation may exit before it is over: the kernel cancels the pending I/O of a thread
//! that exits *unless* the handle is associated with a completion port ([ExitThread][exit]), which
//! all handles here are. So a status that says "canceled", and that was not asked for, comes from
//! somebody else's `CancelIoEx` and is no error of the device: AFD polls and reads are started
//! again, a connect is reported as failed and can be repeated, and a write reports what was lost.
//!
//! [exit]: https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-exitthread
//!
//! # The end
//!
//! The port knows what is in flight. When its last owner goes, which is a selector or a clone of
//! one, everything in flight is canceled and awaited, and then the port is closed. Sources hold it
//! weakly, so nothing new starts meanwhile. Whoever turns a weak reference into a strong one for a
//! while may be that last owner: it holds no lock when it lets go.
//!
//! A driver may sit on a canceled operation for as long as it likes ([there is no
//! guarantee][cancel] that it supports cancellation; an unplugged serial adapter is the classic),
//! so the wait is limited to [`DRAIN_LIMIT`] in all. What is in flight even then keeps its memory,
//! its handle and its pipe for ever: they are leaked on purpose, because the kernel may yet write
//! there.
//!
//! [cancel]: https://learn.microsoft.com/windows/win32/fileio/canceling-pending-i-o-operations

pub(crate) mod in_flight;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::io;
use std::mem;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::sys::timeout;
use crate::sys::windows::event::{Event, Events};

use super::syscalls::completion_port as syscall;
use in_flight::InFlightTable;

pub(crate) use syscall::{INFINITE, Packet, Packets};

/// The key of handles whose operations are started by [`in_flight::Idle::start`], and by nothing else.
pub(super) const OPERATION_KEY: usize = 1;
/// The key of packets that carry a number.
pub(crate) const RECEIVER_KEY: usize = 2;

/// How many packets are taken at once while the port ends.
const DRAIN_BATCH: usize = 64;

/// How long the end of a port waits for what is in flight.
pub(crate) const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// See the head of this file.
pub(crate) struct Port {
    handle: Arc<OwnedHandle>,
    /// Operations whose packet has not come yet.
    in_flight: Mutex<InFlightTable>,
    receivers: Mutex<Receivers>,
}

/// Who is known by a number.
#[derive(Default)]
struct Receivers {
    last: usize,
    by_id: HashMap<usize, Weak<dyn PacketReceiver>>,
}

/// Something that gets packets by its number, or has operations in flight, or both.
pub(crate) trait PacketReceiver: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// A packet with this one's number came. Reports at most one event, which must hold now.
    fn on_packet(&self, sink: &mut EventSink<'_>);
    /// The port ends: cancels all operations in flight. None can be started any more.
    fn cancel_all(&self);
}

/// A number, given back on drop: no packet that carries it is delivered afterwards, and no other receiver gets it soon.
pub(crate) struct PortEntry {
    port: Weak<Port>,
    id: usize,
}

/// Where the packets of one wait report their events. When the port ends, nowhere.
pub(crate) struct EventSink<'r> {
    events: Option<&'r mut Events>,
}

impl<'r> EventSink<'r> {
    /// Events go to `events`.
    pub(crate) fn new(events: &'r mut Events) -> EventSink<'r> {
        EventSink {
            events: Some(events),
        }
    }

    /// Reports an event. `false` if there is no room, which cannot be if every packet reports one at most.
    pub(crate) fn report(&mut self, event: Event) -> bool {
        match &mut self.events {
            Some(events) if events.room() == 0 => false,
            Some(events) => {
                events.push(event);
                true
            }
            None => true,
        }
    }
}

impl Port {
    /// A new port.
    pub(crate) fn new() -> io::Result<Port> {
        Ok(Port {
            handle: Arc::new(syscall::create()?),
            in_flight: Mutex::default(),
            receivers: Mutex::default(),
        })
    }

    /// The handle, for a system call, or for what outlives the port.
    pub(crate) fn handle(&self) -> &Arc<OwnedHandle> {
        &self.handle
    }

    /// From now on every operation on `handle` sends its packet here. They must all be started by [`in_flight::Idle::start`]:
    /// the owner of a handle that others may use has to say so in the contract by which it takes handles.
    pub(crate) fn associate(&self, handle: BorrowedHandle<'_>) -> io::Result<()> {
        syscall::associate(self.handle.as_handle(), handle)
    }

    /// Gives `receiver` a number, and lets it know when the port ends. It is held weakly: what is in flight for it must keep it
    /// alive until then.
    pub(crate) fn add_receiver(self: &Arc<Port>, receiver: Weak<dyn PacketReceiver>) -> PortEntry {
        let mut receivers = self.receivers();
        loop {
            receivers.last = receivers.last.wrapping_add(1);
            let id = receivers.last;
            // Numbers come back after all others had their turn.
            if let Entry::Vacant(entry) = receivers.by_id.entry(id) {
                entry.insert(receiver);
                return PortEntry {
                    port: Arc::downgrade(self),
                    id,
                };
            }
        }
    }

    /// Waits `millis` for packets and takes at most `room` of them.
    pub(crate) fn dequeue(
        &self,
        packets: &mut Packets,
        room: usize,
        millis: u32,
    ) -> io::Result<usize> {
        syscall::dequeue(self.handle.as_handle(), packets, room, millis)
    }

    /// Tells the receiver of a packet of this port.
    pub(crate) fn deliver(&self, packet: Packet, sink: &mut EventSink<'_>) {
        match packet.key() {
            OPERATION_KEY => {
                let completed = self.in_flight().take_completed(packet.context());
                if let Some(completed) = completed {
                    completed.complete(sink);
                }
            }
            RECEIVER_KEY => {
                let receiver = self.receivers().by_id.get(&packet.context()).cloned();
                if let Some(receiver) = receiver.and_then(|weak| weak.upgrade()) {
                    receiver.on_packet(sink);
                }
            }
            _ => {}
        }
    }

    /// What is in flight. A leaf among the locks.
    fn in_flight(&self) -> MutexGuard<'_, InFlightTable> {
        // Nothing in a critical section panics half-way through a change.
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn receivers(&self) -> MutexGuard<'_, Receivers> {
        // Nothing in a critical section panics half-way through a change.
        self.receivers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        let receivers = std::mem::take(&mut *self.receivers());
        for receiver in receivers.by_id.into_values() {
            if let Some(receiver) = receiver.upgrade() {
                receiver.cancel_all();
            }
        }
        self.drain();
        // The kernel may yet write to what is left.
        let left = mem::take(&mut *self.in_flight());
        if left.len() != 0 {
            mem::forget(left);
        }
    }
}

impl Port {
    /// Takes the packets of all that is in flight, for at most [`DRAIN_LIMIT`].
    fn drain(&self) {
        if self.in_flight().len() == 0 {
            return;
        }
        let deadline = Instant::now() + DRAIN_LIMIT;
        let mut packets = Packets::with_capacity(DRAIN_BATCH);
        while self.in_flight().len() != 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            // Rounded up, and never negative.
            let millis = timeout::round_up_millis(left) as u32;
            let Ok(count) = self.dequeue(&mut packets, DRAIN_BATCH, millis) else {
                return;
            };
            for packet in packets.drain() {
                self.deliver(packet, &mut EventSink { events: None });
            }
            if left.is_zero() && count < DRAIN_BATCH {
                return;
            }
        }
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port")
            .field("handle", &self.handle)
            .field("in_flight", &self.in_flight)
            .finish_non_exhaustive()
    }
}

impl PortEntry {
    /// The number.
    pub(crate) fn id(&self) -> usize {
        self.id
    }

    /// Makes the receiver's `on_packet` be called by the thread that waits. Nothing happens if the port is gone.
    pub(crate) fn post(&self) -> io::Result<()> {
        match self.port.upgrade() {
            Some(port) => syscall::post(port.handle.as_handle(), self.id),
            None => Ok(()),
        }
    }
}

impl Drop for PortEntry {
    fn drop(&mut self) {
        if let Some(port) = self.port.upgrade() {
            port.receivers().by_id.remove(&self.id);
        }
    }
}

impl fmt::Debug for PortEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment")
            .field("number", &self.id)
            .finish_non_exhaustive()
    }
}

/// Posts a packet for the receiver of `id` to a port that may have ended.
pub(crate) fn post_to_receiver(port: &OwnedHandle, id: usize) -> io::Result<()> {
    syscall::post(port.as_handle(), id)
}
