//! The port's table of operations in flight, and its end.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::in_flight::{Idle, Operation, Outcome, Pending, fake};
use super::*;
use crate::sys::ffi;

/// An operation that counts its completions, and its end.
struct Counted {
    completed: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    status: Arc<Mutex<Option<Outcome>>>,
}

impl Operation for Counted {
    fn completed(mut operation: Idle<Counted>, outcome: Outcome, _: &mut EventSink<'_>) {
        let this = operation.get_mut();
        this.completed.fetch_add(1, Ordering::SeqCst);
        *this.status.lock().unwrap() = Some(outcome);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// What is seen of one operation.
#[derive(Default)]
struct Seen {
    completed: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    status: Arc<Mutex<Option<Outcome>>>,
}

impl Seen {
    fn idle(&self) -> Idle<Counted> {
        Idle::new(Counted {
            completed: Arc::clone(&self.completed),
            dropped: Arc::clone(&self.dropped),
            status: Arc::clone(&self.status),
        })
    }

    /// Starts an operation that the "driver" keeps. Returns its context.
    fn start(&self, port: &Port) -> (Pending<Counted>, usize) {
        let mut context = 0;
        let started = self.idle().start(port, |reserved| {
            context = reserved.context().addr();
            fake::submit(reserved)
        });
        (started.map_err(|(_, error)| error).unwrap(), context)
    }

    fn completed(&self) -> usize {
        self.completed.load(Ordering::SeqCst)
    }

    fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }
}

/// The kernel's end of an operation: the status, and then the packet.
fn end(port: &Port, pending: &Pending<Counted>, context: usize, status: ffi::NTSTATUS) {
    fake::end(pending, status, 7);
    send(port, context);
}

/// A packet under the key of operations in flight, as any holder of a duplicate can have it sent.
fn send(port: &Port, context: usize) {
    syscall::post_as(port.handle.as_handle(), OPERATION_KEY, context).unwrap();
}

/// Delivers all packets that are there.
fn deliver(port: &Port) -> usize {
    let mut packets = Packets::with_capacity(8);
    let count = port.dequeue(&mut packets, 8, 0).unwrap();
    for packet in packets.drain() {
        port.deliver(packet, &mut EventSink { events: None });
    }
    count
}

/// How long the end of a port takes, which something in flight makes last for the whole limit.
fn end_of(port: Arc<Port>) -> Duration {
    let began = Instant::now();
    drop(port);
    let took = began.elapsed();
    assert!(took >= DRAIN_LIMIT - Duration::from_millis(20), "{took:?}");
    took
}

/// Repeats `end`, which returns how long the end of a port took, until it keeps to `DRAIN_LIMIT`: a
/// busy machine may delay some of five rounds. An end without the limit, or with one for each
/// operation, exceeds it in every round.
fn keeps_to_the_limit(mut end: impl FnMut() -> Duration) {
    let most = DRAIN_LIMIT + DRAIN_LIMIT / 2;
    let mut took = Vec::new();
    for _ in 0..5 {
        took.push(end());
        if took.iter().any(|took| *took <= most) {
            return;
        }
    }
    panic!("{took:?}");
}

/// A driver may never complete what it was asked to cancel, see [Canceling pending I/O][cancel].
///
/// [cancel]: https://learn.microsoft.com/windows/win32/fileio/canceling-pending-i-o-operations
#[test]
fn drop_does_not_wait_for_an_endless_operation() {
    keeps_to_the_limit(|| {
        let port = Arc::new(Port::new().unwrap());
        let stuck = Seen::default();
        let (pending, _) = stuck.start(&port);
        drop(pending);
        let took = end_of(port);
        // The kernel may still write there.
        assert_eq!((stuck.completed(), stuck.dropped()), (0, 0));
        took
    });
}

/// One limit for all of them, however slowly the others come in.
#[test]
fn drop_has_one_limit_for_all_operations() {
    keeps_to_the_limit(end_with_a_late_one);
}

fn end_with_a_late_one() -> Duration {
    let port = Arc::new(Port::new().unwrap());
    let stuck: [Seen; 3] = Default::default();
    for seen in &stuck {
        seen.start(&port);
    }
    let (late, ends) = (Seen::default(), Seen::default());
    let (pending_late, late_context) = late.start(&port);
    let (pending, context) = ends.start(&port);
    end(&port, &pending, context, 0);
    let handle = Arc::clone(port.handle());
    let driver = thread::spawn(move || {
        thread::sleep(DRAIN_LIMIT / 2);
        fake::end(&pending_late, 0, 0);
        syscall::post_as(handle.as_handle(), OPERATION_KEY, late_context).unwrap();
    });
    let took = end_of(port);
    driver.join().unwrap();
    // A driver that a busy machine delays beyond the limit is a stuck one.
    let is_late = late.completed() == 0;
    assert_eq!(ends.completed(), 1);
    for seen in &stuck {
        assert_eq!((seen.completed(), seen.dropped()), (0, 0));
    }
    if is_late { Duration::MAX } else { took }
}

/// Also where a thread that only wakes happens to be the last owner.
#[test]
fn drop_by_a_temporary_owner_is_limited() {
    struct Nothing;
    impl PacketReceiver for Nothing {
        fn on_packet(&self, _: &mut EventSink<'_>) {}
        fn cancel_all(&self) {}
    }
    keeps_to_the_limit(|| {
        let port = Arc::new(Port::new().unwrap());
        let receiver = Arc::new(Nothing);
        let weak: Weak<Nothing> = Arc::downgrade(&receiver);
        let port_entry = port.add_receiver(weak);
        Seen::default().start(&port);
        let temporary = port_entry.port.upgrade().unwrap();
        let (done, is_done) = mpsc::channel();
        drop(port);
        thread::spawn(move || {
            let took = end_of(temporary);
            port_entry.post().unwrap();
            done.send(took).unwrap();
        });
        // Fails only if the end hangs.
        is_done.recv_timeout(60 * DRAIN_LIMIT).unwrap()
    });
}

#[test]
fn operation_completes_with_its_status() {
    let port = Port::new().unwrap();
    let seen = Seen::default();
    for status in [0, 0x8000_0011_u32 as i32, 0xC000_0120_u32 as i32] {
        let (pending, context) = seen.start(&port);
        end(&port, &pending, context, status);
        assert_eq!(deliver(&port), 1);
        let outcome = seen.status.lock().unwrap().take().unwrap();
        assert_eq!((outcome.status, outcome.bytes), (status, 7));
    }
    assert_eq!((seen.completed(), seen.dropped()), (3, 3));
    assert_eq!(port.in_flight().len(), 0);
}

/// Packets of a handle's duplicate in another process carry a context of that process's choice, see
/// `ApcContext` of [NtReadFile][read].
///
/// [read]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntreadfile
#[test]
fn foreign_packets_are_ignored() {
    let port = Port::new().unwrap();
    let seen = Seen::default();
    let (pending, context) = seen.start(&port);
    // What was one of ours, will be, never was; an address; and the one in flight.
    let address = (&raw const seen).addr();
    for foreign in [0, context - 1, context + 1, usize::MAX, address, context] {
        send(&port, foreign);
        assert_eq!(deliver(&port), 1);
        assert_eq!((seen.completed(), seen.dropped()), (0, 0), "{foreign}");
    }
    assert_eq!(port.in_flight().len(), 1);
    // It is over, and the foreign packet comes first: nothing is left for its own.
    end(&port, &pending, context, 0);
    send(&port, context);
    assert_eq!(deliver(&port), 2);
    assert_eq!((seen.completed(), port.in_flight().len()), (1, 0));
    drop(pending);
    assert_eq!(seen.dropped(), 1);
}

#[test]
fn refused_operation_returns_its_memory() {
    let port = Port::new().unwrap();
    let seen = Seen::default();
    let started = seen.idle().start(&port, |reserved| {
        fake::refuse(reserved, io::ErrorKind::OutOfMemory.into())
    });
    let (idle, error) = started.expect_err("refused");
    assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
    assert_eq!(port.in_flight().len(), 0);
    drop(idle);
    assert_eq!((seen.completed(), seen.dropped()), (0, 1));
}

/// The memory is with its operation already: it is not given back a second time.
#[test]
fn refused_operation_completed_by_a_foreign_packet_is_pending() {
    let port = Port::new().unwrap();
    let seen = Seen::default();
    let started = seen.idle().start(&port, |reserved| {
        let context = reserved.context().addr();
        fake::end_at_once(&reserved, -1);
        send(&port, context);
        assert_eq!(deliver(&port), 1);
        fake::refuse(reserved, io::ErrorKind::OutOfMemory.into())
    });
    assert!(started.is_ok());
    assert_eq!((seen.completed(), port.in_flight().len()), (1, 0));
}
