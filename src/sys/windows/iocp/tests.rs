//! The operations in flight, foreign packets, and dropping the port.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::in_flight::{Idle, Operation, Outcome, Pending, fake};
use super::*;
use crate::sys::ffi;

/// An operation that counts its completions and its drops.
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

/// The counters of one operation.
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

    /// Starts an operation that stays in flight. Returns its context, too.
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

/// Completes an operation as the kernel does: first the status, then the packet.
fn end(port: &Port, pending: &Pending<Counted>, context: usize, status: ffi::NTSTATUS) {
    fake::end(pending, status, 7);
    send(port, context);
}

/// Posts a packet under the key of operations, as any process with a duplicate of a handle can.
fn send(port: &Port, context: usize) {
    syscall::post_as(port.handle.as_handle(), OPERATION_KEY, context).unwrap();
}

/// Delivers all queued packets.
fn deliver(port: &Port) -> usize {
    let mut packets = Packets::with_capacity(8);
    let count = port.dequeue(&mut packets, 8, 0).unwrap();
    for packet in packets.drain() {
        port.deliver(packet, &mut EventSink { events: None });
    }
    count
}

/// Drops a port that has an operation in flight. Returns how long that takes: at least the limit.
fn end_of(port: Arc<Port>) -> Duration {
    let began = Instant::now();
    drop(port);
    let took = began.elapsed();
    assert!(took >= DRAIN_LIMIT - Duration::from_millis(20), "{took:?}");
    took
}

/// Repeats `end`, which drops a port and returns how long that took, until it keeps to
/// `DRAIN_LIMIT`: a busy machine may delay some of five rounds. Without the limit, or with one for
/// each operation, every round exceeds it.
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

/// A driver may never complete a canceled operation ([Canceling pending I/O][cancel]).
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
        // The kernel may still write to its memory.
        assert_eq!((stuck.completed(), stuck.dropped()), (0, 0));
        took
    });
}

/// There is one limit for all operations, however slowly they complete.
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
    // If a busy machine delays the driver beyond the limit, the operations count as stuck.
    let is_late = late.completed() == 0;
    assert_eq!(ends.completed(), 1);
    for seen in &stuck {
        assert_eq!((seen.completed(), seen.dropped()), (0, 0));
    }
    if is_late { Duration::MAX } else { took }
}

/// The limit also holds when a thread in `wake` drops the last owner.
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
        // Fails only if the drop hangs.
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

/// Packets that another process causes by a duplicate of a handle carry a context of its choice
/// (`ApcContext` of [NtReadFile][read]).
///
/// [read]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntreadfile
#[test]
fn foreign_packets_are_ignored() {
    let port = Port::new().unwrap();
    let seen = Seen::default();
    // One operation after the other has the same slot and the next generation.
    let past_operation = Seen::default();
    let (pending, past) = past_operation.start(&port);
    end(&port, &pending, past, 0);
    assert_eq!(deliver(&port), 1);
    let (pending, context) = seen.start(&port);
    let future = context + (context - past);
    // A past context, a future one, other slots and kinds, an address, and the one in flight.
    let address = (&raw const seen).addr();
    let others = [0, past - 1, context - 1, context + 1, usize::MAX, address];
    for foreign in others.into_iter().chain([past, future, context]) {
        send(&port, foreign);
        assert_eq!(deliver(&port), 1);
        assert_eq!((seen.completed(), seen.dropped()), (0, 0), "{foreign}");
    }
    assert_eq!(port.in_flight().len(), 1);
    // After it has completed, a foreign packet delivers it; its own packet finds nothing.
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

/// The memory was returned to its operation already, and is not returned a second time.
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

/// Meanwhile another operation was started with the same context, after all other generations. It
/// stays in flight.
#[test]
fn refused_operation_removes_no_other_with_its_context() {
    let port = Port::new().unwrap();
    let (seen, other) = (Seen::default(), Seen::default());
    let mut of_other = None;
    let started = seen.idle().start(&port, |reserved| {
        let context = reserved.context().addr();
        fake::end_at_once(&reserved, -1);
        send(&port, context);
        assert_eq!(deliver(&port), 1);
        port.in_flight().generation = 0;
        let (pending, its_context) = other.start(&port);
        assert_eq!(its_context, context);
        of_other = Some((pending, context));
        fake::refuse(reserved, io::ErrorKind::OutOfMemory.into())
    });
    assert!(started.is_ok());
    assert_eq!((seen.completed(), port.in_flight().len()), (1, 1));
    let (pending, context) = of_other.unwrap();
    end(&port, &pending, context, 0);
    assert_eq!((deliver(&port), other.completed()), (1, 1));
}

/// A packet of an operation that has completed finds nothing, although its slot is used again.
#[test]
fn context_of_a_completed_operation_is_stale() {
    let port = Port::new().unwrap();
    let seen = Seen::default();
    let (kept, kept_context) = seen.start(&port);
    let mut contexts = vec![kept_context];
    for round in 0..100 {
        let (pending, context) = seen.start(&port);
        fake::end(&pending, 0, 0);
        for stale in &contexts[1..] {
            send(&port, *stale);
        }
        while deliver(&port) > 0 {}
        assert_eq!((seen.completed(), port.in_flight().len()), (round, 2));
        send(&port, context);
        deliver(&port);
        assert_eq!((seen.completed(), port.in_flight().len()), (round + 1, 1));
        contexts.push(context);
    }
    assert!(!contexts.contains(&0));
    contexts.sort_unstable();
    contexts.dedup();
    assert_eq!(contexts.len(), 101);
    end(&port, &kept, kept_context, 0);
    assert_eq!((deliver(&port), seen.completed()), (1, 101));
}

/// Operations of two kinds in one port, which complete in any order.
#[test]
fn operations_of_two_kinds_are_distinguished() {
    struct Other(Arc<AtomicUsize>);
    impl Operation for Other {
        fn completed(mut operation: Idle<Other>, _: Outcome, _: &mut EventSink<'_>) {
            operation.get_mut().0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let port = Port::new().unwrap();
    let (seen, others) = (Seen::default(), Arc::new(AtomicUsize::new(0)));
    let mut first = Vec::new();
    let mut second = Vec::new();
    for _ in 0..20 {
        first.push(seen.start(&port));
        let mut context = 0;
        let started = Idle::new(Other(Arc::clone(&others))).start(&port, |reserved| {
            context = reserved.context().addr();
            fake::submit(reserved)
        });
        second.push((started.map_err(|(_, error)| error).unwrap(), context));
    }
    assert_eq!(port.in_flight().len(), 40);
    for (done, ((one, its), (two, of))) in (1..).zip(first.iter().zip(second.iter().rev())) {
        end(&port, one, *its, 0);
        fake::end(two, 0, 0);
        send(&port, *of);
        assert_eq!(deliver(&port), 2);
        assert_eq!(
            (seen.completed(), others.load(Ordering::SeqCst)),
            (done, done)
        );
    }
    assert_eq!(port.in_flight().len(), 0);
}
