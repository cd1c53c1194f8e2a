//! The completion port, at which the packets of all operations and the posted packets arrive.
//!
//! An operation that was started queues one packet when it completes, even if it completes before
//! the call returns. An operation that was refused queues none (see `ntstatus`). Canceling makes an
//! operation complete sooner, and its packet still comes.
//!
//! # Packets
//!
//! The completion key is the kind of a packet:
//!
//! - [`OPERATION_KEY`]: the `OVERLAPPED` field is the context of an operation, by which its memory
//!   is looked up (see [`in_flight`]).
//! - [`RECEIVER_KEY`]: the field is the id of a [`PacketReceiver`]: a waker, the wait for a handle,
//!   or a timer. No memory is in flight.
//! - Packets under any other key are ignored.
//!
//! No packet's pointer is dereferenced, because packets may come from other processes.
//!
//! # Threads
//!
//! Any thread starts operations: one that registers, reads, writes or polls. The waiting thread
//! dequeues the packets, or the thread that drops the port's last owner. A thread that started an
//! operation may exit before the operation completes: Windows cancels the pending I/O of an exiting
//! thread *unless* the handle is associated with a completion port ([ExitThread][exit]), and all
//! handles here are. So a canceled status that was not requested here comes from a `CancelIoEx` of
//! other code, and is no error of the device. AFD polls and pipe reads are started again, a connect
//! is reported as failed and can be repeated, and a write reports the loss.
//!
//! [exit]: https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-exitthread
//!
//! # Dropping
//!
//! The port knows every operation in flight. Its owners are a selector and the selector's clones.
//! Dropping the last owner cancels every operation, waits for their packets and then closes the
//! port. (The selector cancels the requests on its AFD handles itself, before it drops the port.)
//! Sources hold the port weakly, so nothing is started meanwhile. A thread that upgrades a weak
//! reference may become the last owner; it holds no lock when it drops the reference.
//!
//! A driver need not support cancellation ([Canceling pending I/O][cancel]; an unplugged serial
//! adapter is an example), so the wait is limited to [`DRAIN_LIMIT`] in total. What is in flight
//! even then keeps its memory, and its pipe or its source with the handle, forever: they are leaked
//! on purpose, because the kernel may still write there.
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
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

use crate::sys::sync::lock;
use crate::sys::timeout;
use crate::sys::windows::event::{Event, Events};

use super::syscalls::completion_port as syscall;
use in_flight::InFlightTable;

pub(crate) use syscall::{INFINITE, Packet, Packets};

/// The key of handles whose operations [`in_flight::Idle::start`] alone starts.
pub(super) const OPERATION_KEY: usize = 1;
/// The key of packets for a [`PacketReceiver`].
pub(crate) const RECEIVER_KEY: usize = 2;

/// How many packets are dequeued at once while the port drains.
const DRAIN_BATCH: usize = 64;

/// How long dropping a port waits for its operations, in total.
pub(crate) const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// A completion port. See the head of this file.
pub(crate) struct Port {
    handle: Arc<OwnedHandle>,
    /// The operations whose packets have not come yet.
    in_flight: Mutex<InFlightTable>,
    receivers: Mutex<Receivers>,
}

/// The receivers, by id.
#[derive(Default)]
struct Receivers {
    last: usize,
    by_id: HashMap<usize, Weak<dyn PacketReceiver>>,
}

/// Something that receives posted packets, or has operations in flight, or both.
pub(crate) trait PacketReceiver: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// A packet for this receiver has come. Reports at most one event, whose readiness must hold
    /// now.
    fn on_packet(&self, sink: &mut EventSink<'_>);
    /// The port is closing: cancels all operations in flight. None can be started any more.
    fn cancel_all(&self);
}

/// A receiver's entry in the port. Dropping it removes the entry: no packet with its id is
/// delivered afterwards. An id is used again only after all others were.
pub(crate) struct PortEntry {
    port: Weak<Port>,
    id: usize,
}

/// Where packets report their events: an event buffer, or nowhere while the port drains.
pub(crate) struct EventSink<'r> {
    events: Option<&'r mut Events>,
}

impl<'r> EventSink<'r> {
    /// A sink that appends to `events`.
    #[inline]
    pub(crate) fn new(events: &'r mut Events) -> EventSink<'r> {
        EventSink {
            events: Some(events),
        }
    }

    /// Reports an event. Returns `false` if there is no room, which cannot happen while every
    /// packet reports at most one event.
    #[inline]
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
    /// Makes a port.
    #[inline]
    pub(crate) fn new() -> io::Result<Port> {
        Ok(Port {
            handle: Arc::new(syscall::create()?),
            in_flight: Mutex::default(),
            receivers: Mutex::default(),
        })
    }

    /// The handle, for system calls and for owners that outlive the port.
    #[inline]
    pub(crate) fn handle(&self) -> &Arc<OwnedHandle> {
        &self.handle
    }

    /// Associates `handle`: every operation on it queues its packet here from now on.
    /// [`in_flight::Idle::start`] must start all of them; packets of other operations are ignored.
    #[inline]
    pub(crate) fn associate(&self, handle: BorrowedHandle<'_>) -> io::Result<()> {
        syscall::associate(self.handle.as_handle(), handle)
    }

    /// Registers a receiver for posted packets and for `cancel_all`. The port holds it weakly, so
    /// its operations in flight must keep it alive.
    #[inline]
    pub(crate) fn add_receiver(self: &Arc<Port>, receiver: Weak<dyn PacketReceiver>) -> PortEntry {
        let mut receivers = self.receivers();
        loop {
            receivers.last = receivers.last.wrapping_add(1);
            let id = receivers.last;
            if let Entry::Vacant(entry) = receivers.by_id.entry(id) {
                entry.insert(receiver);
                return PortEntry {
                    port: Arc::downgrade(self),
                    id,
                };
            }
        }
    }

    /// Waits up to `millis` for packets and takes at most `room` of them.
    #[inline]
    pub(crate) fn dequeue(
        &self,
        packets: &mut Packets,
        room: usize,
        millis: u32,
    ) -> io::Result<usize> {
        syscall::dequeue(self.handle.as_handle(), packets, room, millis)
    }

    /// Hands a packet to its operation or receiver.
    #[inline]
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

    /// Locks the table of operations. No other lock is taken meanwhile.
    #[inline]
    fn in_flight(&self) -> MutexGuard<'_, InFlightTable> {
        lock(&self.in_flight)
    }

    #[inline]
    fn receivers(&self) -> MutexGuard<'_, Receivers> {
        lock(&self.receivers)
    }
}

impl Drop for Port {
    #[inline]
    fn drop(&mut self) {
        let receivers = std::mem::take(&mut *self.receivers());
        for receiver in receivers.by_id.into_values() {
            if let Some(receiver) = receiver.upgrade() {
                receiver.cancel_all();
            }
        }
        self.drain();
        // The kernel may still write to the memory of these operations.
        let left = mem::take(&mut *self.in_flight());
        if left.len() != 0 {
            mem::forget(left);
        }
    }
}

impl Port {
    /// Dequeues packets until no operation is in flight, for at most [`DRAIN_LIMIT`].
    #[inline]
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
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port")
            .field("handle", &self.handle)
            .field("in_flight", &self.in_flight)
            .finish_non_exhaustive()
    }
}

impl PortEntry {
    /// The id that its packets carry.
    #[inline]
    pub(crate) fn id(&self) -> usize {
        self.id
    }

    /// Posts a packet, so that the waiting thread calls the receiver's `on_packet`. Does nothing
    /// after the port was dropped.
    #[inline]
    pub(crate) fn post(&self) -> io::Result<()> {
        match self.port.upgrade() {
            Some(port) => syscall::post(port.handle.as_handle(), self.id),
            None => Ok(()),
        }
    }
}

impl Drop for PortEntry {
    #[inline]
    fn drop(&mut self) {
        if let Some(port) = self.port.upgrade() {
            port.receivers().by_id.remove(&self.id);
        }
    }
}

impl fmt::Debug for PortEntry {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortEntry")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Posts a packet for a receiver by the port's handle. The port itself may have been dropped.
#[inline]
pub(crate) fn post_to_receiver(port: &OwnedHandle, receiver_id: usize) -> io::Result<()> {
    syscall::post(port.as_handle(), receiver_id)
}
