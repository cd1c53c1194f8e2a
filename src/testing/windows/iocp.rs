//! The completion port of the fake kernel. Each item stands for the one of the same name in
//! `sys/windows/iocp`.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use super::BorrowedHandle;
use super::kernel::{Kernel, QueuedPacket};
use crate::sys::sync::{Mutex, MutexGuard, lock};
use crate::sys::windows::event::{Event, Events};
use in_flight::Outcome;

pub(crate) const INFINITE: u32 = u32::MAX;

type Deliver = Box<dyn FnOnce(Outcome, &mut EventSink<'_>) + Send>;

/// The last id, and the receivers by id.
type Receivers = (usize, HashMap<usize, Weak<dyn PacketReceiver>>);

pub(crate) struct Port {
    kernel: Kernel,
    in_flight: Mutex<HashMap<u64, Deliver>>,
    receivers: Mutex<Receivers>,
}

pub(crate) trait PacketReceiver: Send + Sync + UnwindSafe + RefUnwindSafe {
    fn on_packet(&self, sink: &mut EventSink<'_>);
    fn cancel_all(&self);
}

pub(crate) struct PortEntry {
    port: Weak<Port>,
    kernel: Kernel,
    id: usize,
}

pub(crate) struct EventSink<'r> {
    events: Option<&'r mut Events>,
}

pub(crate) struct Packets {
    packets: Vec<QueuedPacket>,
    capacity: usize,
}

impl Packets {
    pub(crate) fn with_capacity(capacity: usize) -> Packets {
        Packets {
            packets: Vec::new(),
            capacity,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = QueuedPacket> {
        self.packets.drain(..)
    }
}

impl<'r> EventSink<'r> {
    pub(crate) fn new(events: &'r mut Events) -> EventSink<'r> {
        EventSink {
            events: Some(events),
        }
    }

    pub(crate) fn report(&mut self, event: Event) -> bool {
        if let Some(events) = &mut self.events {
            assert!(events.room() > 0, "a packet reports one event at most");
            events.push(event);
        }
        true
    }
}

impl Port {
    pub(crate) fn new() -> io::Result<Port> {
        Ok(Port {
            kernel: super::kernel(),
            in_flight: Mutex::default(),
            receivers: Mutex::default(),
        })
    }

    pub(crate) fn handle(&self) -> &Kernel {
        &self.kernel
    }

    pub(crate) fn associate(&self, _: BorrowedHandle<'_>) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn add_receiver(self: &Arc<Port>, receiver: Weak<dyn PacketReceiver>) -> PortEntry {
        let mut receivers = self.receivers();
        receivers.0 += 1;
        let id = receivers.0;
        receivers.1.insert(id, receiver);
        PortEntry {
            port: Arc::downgrade(self),
            kernel: self.kernel.clone(),
            id,
        }
    }

    /// A wait in which nothing more can happen fails if its timeout is infinite; otherwise it
    /// advances the clock to its end, or to the timer if that comes first.
    pub(crate) fn dequeue(
        &self,
        packets: &mut Packets,
        room: usize,
        millis: u32,
    ) -> io::Result<usize> {
        self.kernel.count_wait();
        let timeout = Duration::from_millis(millis.into());
        let end = (millis != INFINITE).then(|| super::now() + timeout);
        loop {
            packets.packets = self.kernel.dequeue(room);
            if millis == 0 || !packets.packets.is_empty() {
                return Ok(packets.packets.len());
            }
            if super::run_during_wait() || self.kernel.release_late() {
                continue;
            }
            let due = self.kernel.timers(|timers| timers.due());
            let due = due.filter(|due| end.is_none_or(|end| *due <= end));
            if let Some(due) = due {
                super::advance(due.saturating_duration_since(super::now()));
                continue;
            }
            let Some(end) = end else {
                if self.kernel.block_until_packet() {
                    continue;
                }
                return Err(io::Error::other("this wait would never end"));
            };
            super::advance(end.saturating_duration_since(super::now()));
            return Ok(0);
        }
    }

    pub(crate) fn deliver(&self, packet: QueuedPacket, sink: &mut EventSink<'_>) {
        match packet {
            QueuedPacket::Operation(id, status) => {
                let deliver = self.in_flight().remove(&id);
                let deliver = deliver.expect("one packet for each operation");
                deliver(Outcome { status }, sink);
            }
            QueuedPacket::Receiver(id) | QueuedPacket::Timer(id) => {
                let receiver = self.receivers().1.get(&id).cloned();
                if let Some(receiver) = receiver.and_then(|weak| weak.upgrade()) {
                    receiver.on_packet(sink);
                }
            }
        }
    }

    /// The id of operations in flight.
    pub(crate) fn outstanding(&self) -> usize {
        self.in_flight().len()
    }

    fn in_flight(&self) -> MutexGuard<'_, HashMap<u64, Deliver>> {
        lock(&self.in_flight)
    }

    fn receivers(&self) -> MutexGuard<'_, Receivers> {
        lock(&self.receivers)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        let receivers = std::mem::take(&mut self.receivers().1);
        for receiver in receivers.into_values().filter_map(|weak| weak.upgrade()) {
            receiver.cancel_all();
        }
        self.kernel.release_late();
        for packet in self.kernel.dequeue(usize::MAX) {
            self.deliver(packet, &mut EventSink { events: None });
        }
        if !thread::panicking() {
            assert_eq!(
                self.outstanding(),
                0,
                "the end takes back what is in flight"
            );
        }
    }
}

impl PortEntry {
    pub(crate) fn id(&self) -> usize {
        self.id
    }

    pub(crate) fn post(&self) -> io::Result<()> {
        post_to_receiver(&self.kernel, self.id)
    }
}

impl Drop for PortEntry {
    fn drop(&mut self) {
        if let Some(port) = self.port.upgrade() {
            port.receivers().1.remove(&self.id);
        }
    }
}

pub(crate) fn post_to_receiver(port: &Kernel, id: usize) -> io::Result<()> {
    port.post(id);
    Ok(())
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port").finish_non_exhaustive()
    }
}

impl fmt::Debug for PortEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment").finish_non_exhaustive()
    }
}

/// The memory of operations, which the port keeps while they are in flight.
pub(crate) mod in_flight {
    use std::io;
    use std::marker::PhantomData;

    use super::{EventSink, Port};

    pub(crate) trait Operation: Send + Sized + 'static {
        fn completed(operation: Idle<Self>, outcome: Outcome, sink: &mut EventSink<'_>);
    }

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Outcome {
        pub(crate) status: i32,
    }

    pub(crate) struct Idle<O>(Box<O>);

    pub(crate) struct Pending<O> {
        pub(crate) id: u64,
        kind: PhantomData<fn() -> O>,
    }

    pub(crate) struct Reserved<'r, O> {
        pub(crate) id: u64,
        pub(crate) operation: &'r mut O,
    }

    pub(crate) struct Submission<'r> {
        error: Option<io::Error>,
        brand: PhantomData<fn(&'r ()) -> &'r ()>,
    }

    impl Submission<'_> {
        pub(crate) fn new(error: Option<io::Error>) -> Self {
            let brand = PhantomData;
            Submission { error, brand }
        }
    }

    impl<O: Operation> Idle<O> {
        pub(crate) fn new(operation: O) -> Idle<O> {
            Idle(Box::new(operation))
        }

        pub(crate) fn start(
            mut self,
            port: &Port,
            submit: impl for<'r> FnOnce(Reserved<'r, O>) -> Submission<'r>,
        ) -> Result<Pending<O>, (Idle<O>, io::Error)> {
            let id = port.kernel.new_id();
            // Locked meanwhile: another thread may dequeue the packet before `submit` returns.
            let mut in_flight = port.in_flight();
            let operation = &mut *self.0;
            if let Some(error) = submit(Reserved { id, operation }).error {
                return Err((self, error));
            }
            let deliver = move |outcome: Outcome, sink: &mut EventSink<'_>| {
                O::completed(self, outcome, sink);
            };
            in_flight.insert(id, Box::new(deliver));
            let kind = PhantomData;
            Ok(Pending { id, kind })
        }
    }

    impl<O> Idle<O> {
        pub(crate) fn get_mut(&mut self) -> &mut O {
            &mut self.0
        }
    }
}
