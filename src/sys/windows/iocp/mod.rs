//! A completion port: the queue that every other mechanism here sends its packets to.
//!
//! What the kernel promises: an operation that was started (also one that is over at once) sends one packet, when it is over;
//! one that was refused sends none; cancelling hastens a packet and never replaces it.
//!
//! # Packets
//!
//! The key of a packet says what it is. Under [`IN_FLIGHT`] its pointer is that of an operation of ours, and brings the
//! operation's memory back (see [`in_flight`]). Under [`NUMBER`] it is a number, by which the receiver is looked up: wakers,
//! wait packets and whatever else has something to say without memory in flight. Packets under any other key are ignored.
//!
//! # The end
//!
//! The port counts what is in flight. When its last owner goes, which is a selector or a clone of one, everything in flight is
//! cancelled and awaited, and then the port is closed. Sources hold it weakly, so nothing new starts meanwhile. Whoever turns
//! a weak reference into a strong one for a while may be that last owner: it holds no lock when it lets go.

pub(crate) mod in_flight;
mod syscall;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::sys::record::{Record, Records};

pub(crate) use syscall::{FOREVER, Packet, Packets, status_error};

/// The key of handles whose operations are started by [`in_flight::Idle::start`], and by nothing else.
const IN_FLIGHT: usize = 1;
/// The key of packets that carry a number.
pub(crate) const NUMBER: usize = 2;

/// How many packets are taken at once while the port ends.
const LAST_PACKETS: usize = 64;

/// See the head of this file.
pub(crate) struct Port {
    handle: Arc<OwnedHandle>,
    /// Operations whose packet has not come yet.
    outstanding: AtomicUsize,
    attached: Mutex<Attachments>,
}

/// Who is known by a number.
#[derive(Default)]
struct Attachments {
    last: usize,
    by_number: HashMap<usize, Weak<dyn Attached>>,
}

/// Something that gets packets by its number, or has operations in flight, or both.
pub(crate) trait Attached: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// A packet with this one's number came. Reports at most one event, which must hold now.
    fn noticed(&self, round: &mut Round<'_>);
    /// The port ends: cancels all operations in flight. None can be started any more.
    fn abandon(&self);
}

/// A number, given back on drop: no packet that carries it is delivered afterwards, and no other receiver gets it soon.
pub(crate) struct Attachment {
    port: Weak<Port>,
    number: usize,
}

/// Where the packets of one wait report their events. When the port ends, nowhere.
pub(crate) struct Round<'r> {
    records: Option<&'r mut Records>,
}

impl<'r> Round<'r> {
    /// Events go to `records`.
    pub(crate) fn new(records: &'r mut Records) -> Round<'r> {
        Round {
            records: Some(records),
        }
    }

    /// Reports an event. `false` if there is no room, which cannot be if every packet reports one at most.
    pub(crate) fn report(&mut self, record: Record) -> bool {
        match &mut self.records {
            Some(records) if records.room() == 0 => false,
            Some(records) => {
                records.push(record);
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
            outstanding: AtomicUsize::new(0),
            attached: Mutex::default(),
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
    pub(crate) fn attach(self: &Arc<Port>, receiver: Weak<dyn Attached>) -> Attachment {
        let mut attached = self.attached();
        loop {
            attached.last = attached.last.wrapping_add(1);
            let number = attached.last;
            // Numbers come back after all others had their turn.
            if let Entry::Vacant(place) = attached.by_number.entry(number) {
                place.insert(receiver);
                return Attachment {
                    port: Arc::downgrade(self),
                    number,
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
    pub(crate) fn deliver(&self, packet: Packet, round: &mut Round<'_>) {
        match packet.key() {
            IN_FLIGHT => {
                if in_flight::deliver(packet, round) {
                    self.ended();
                }
            }
            NUMBER => {
                let receiver = self.attached().by_number.get(&packet.number()).cloned();
                if let Some(receiver) = receiver.and_then(|weak| weak.upgrade()) {
                    receiver.noticed(round);
                }
            }
            _ => {}
        }
    }

    /// An operation is about to start.
    fn begun(&self) {
        self.outstanding.fetch_add(1, Ordering::AcqRel);
    }

    /// An operation was not started, or its packet has come.
    fn ended(&self) {
        self.outstanding.fetch_sub(1, Ordering::AcqRel);
    }

    fn attached(&self) -> MutexGuard<'_, Attachments> {
        // Nothing in a critical section panics half-way through a change.
        self.attached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        let attached = std::mem::take(&mut *self.attached());
        for receiver in attached.by_number.into_values() {
            if let Some(receiver) = receiver.upgrade() {
                receiver.abandon();
            }
        }
        if self.outstanding.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut packets = Packets::with_capacity(LAST_PACKETS);
        while self.outstanding.load(Ordering::Acquire) != 0 {
            if self.dequeue(&mut packets, LAST_PACKETS, FOREVER).is_err() {
                // What is still in flight keeps its memory for ever: better than to free it under the kernel.
                return;
            }
            for packet in packets.drain() {
                self.deliver(packet, &mut Round { records: None });
            }
        }
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port")
            .field("handle", &self.handle)
            .field("outstanding", &self.outstanding)
            .finish_non_exhaustive()
    }
}

impl Attachment {
    /// The number.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Makes the receiver's `noticed` be called by the thread that waits. Nothing happens if the port is gone.
    pub(crate) fn notice(&self) -> io::Result<()> {
        match self.port.upgrade() {
            Some(port) => syscall::post(port.handle.as_handle(), self.number),
            None => Ok(()),
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        if let Some(port) = self.port.upgrade() {
            port.attached().by_number.remove(&self.number);
        }
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// Posts a packet for the receiver of `number` to a port that may have ended.
pub(crate) fn post_number(port: &OwnedHandle, number: usize) -> io::Result<()> {
    syscall::post(port.as_handle(), number)
}
