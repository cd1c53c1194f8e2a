//! Memory that the kernel reads and writes between the start of an operation and its completion
//! packet.
//!
//! A [`Block`] is what one operation needs: the `IO_STATUS_BLOCK` (the first two fields of Win32's
//! `OVERLAPPED`) and whatever its kind adds, such as a buffer. Who may access it follows from who
//! holds which of these:
//!
//! - [`Idle`]: its holder alone. Only this type gives access.
//! - an entry of [`InFlightTable`]: the kernel, between the start of the operation and its packet.
//! - [`Pending`]: no access; it is the address by which an operation that may be in flight is
//!   cancelled.
//!
//! Each block has one `Idle` or one entry in the table of one port, never both and never two:
//! [`Idle::start`] turns the one into the other before it makes the system call, and the packet, or
//! a refusal, turns it back.
//!
//! # Packets are not trusted
//!
//! A port belongs to the *file object* of each handle that is associated with it, so a process that
//! inherits a duplicate of the handle can have packets sent here, with an `ApcContext` of its
//! choice ([NtReadFile]: the context is handed through). So the context is no pointer but a key of
//! the table, and an entry is taken only if its status block says that the operation is over:
//! `start` writes `STATUS_PENDING`, which no operation ends with, and the kernel writes the final
//! status when it is done with the memory and before the packet can be had
//! ([HasOverlappedIoCompleted] is this very test). A packet that names no entry, or one that is
//! still in flight, is ignored; one that names an entry that is over only hastens what its own
//! packet would do.
//!
//! [NtReadFile]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntreadfile
//! [HasOverlappedIoCompleted]: https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-hasoverlappediocompleted
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::c_void;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use super::super::syscalls::completion_port::status_error;
use super::{EventSink, Port};
use crate::sys::ffi;

/// What is in flight, and what becomes of it.
///
/// `start` lets the system call write anywhere in `Self`, and in what `Self` owns on the heap.
pub(crate) trait Operation: Send + Sized + 'static {
    /// The packet has come: the memory is ours again. Reports at most one event.
    ///
    /// Called without any lock, by the thread that waits, or by the one that drops the port's last owner.
    fn completed(operation: Idle<Self>, outcome: Outcome, sink: &mut EventSink<'_>);
}

/// How an operation ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// The kernel's status.
    pub(crate) status: ffi::NTSTATUS,
    /// How many bytes were moved.
    pub(crate) bytes: usize,
}

impl Outcome {
    /// The bytes that were moved, or the error that the status means. Warnings, such as a message that is longer than its
    /// buffer, are errors here: look at `bytes` as well.
    pub(crate) fn result(self) -> io::Result<usize> {
        if self.status >= 0 {
            Ok(self.bytes)
        } else {
            Err(status_error(self.status))
        }
    }
}

/// See the head of this file.
struct Block<O> {
    status: UnsafeCell<ffi::IO_STATUS_BLOCK>,
    operation: UnsafeCell<O>,
}

// SAFETY: the status block holds a pointer, which nothing here follows; `O` may go to any thread.
unsafe impl<O: Send> Send for Block<O> {}
// SAFETY: a shared block gives no access: what is in its cells is touched by the holder of its one
// `Idle` or by the kernel, but for the status, which is read atomically.
unsafe impl<O: Send> Sync for Block<O> {}

/// Memory of an operation that is not in flight.
pub(crate) struct Idle<O>(Arc<Block<O>>);

/// The address of an operation that was started. It keeps the memory's place, so that no other
/// operation can have it.
pub(crate) struct Pending<O>(Arc<Block<O>>);

/// Memory that stands in the table, for the system call that is about to start. The lifetime is a
/// brand: it is different for every start.
pub(crate) struct Reserved<'r, O> {
    block: &'r Block<O>,
    context: usize,
    brand: PhantomData<fn(&'r ()) -> &'r ()>,
}

/// What the system call returned.
pub(crate) struct Submission<'r> {
    error: Option<io::Error>,
    brand: PhantomData<fn(&'r ()) -> &'r ()>,
}

/// A block in flight, whatever its operation is.
trait InFlight: Send + Sync {
    /// Whether the kernel has written the final status.
    fn is_over(&self) -> bool;

    /// Hands the memory to its operation.
    ///
    /// # Safety
    ///
    /// The operation is over, and `self` was the block's entry in the table.
    unsafe fn complete(self: Arc<Self>, sink: &mut EventSink<'_>);
}

/// The operations of one port whose packet has not come, by the context that the packet will carry.
#[derive(Default)]
pub(super) struct InFlightTable {
    last: usize,
    by_context: HashMap<usize, Arc<dyn InFlight>>,
}

/// An operation that is over and has left the table.
pub(super) struct Completed(Arc<dyn InFlight>);

impl InFlightTable {
    /// How many operations are in flight.
    pub(super) fn len(&self) -> usize {
        self.by_context.len()
    }

    /// Enters a block under a context that no other has. A context comes back after all others had
    /// their turn.
    fn insert(&mut self, block: Arc<dyn InFlight>) -> usize {
        loop {
            self.last = self.last.wrapping_add(1);
            // An operation with a null context sends no packet.
            if self.last == 0 {
                continue;
            }
            if let Entry::Vacant(entry) = self.by_context.entry(self.last) {
                entry.insert(block);
                return self.last;
            }
        }
    }

    /// Takes the operation that a packet names, if it is over.
    pub(super) fn take_completed(&mut self, context: usize) -> Option<Completed> {
        match self.by_context.entry(context) {
            Entry::Occupied(entry) if entry.get().is_over() => Some(Completed(entry.remove())),
            _ => None,
        }
    }
}

impl Completed {
    /// Tells the operation. To be called without any lock.
    pub(super) fn complete(self, sink: &mut EventSink<'_>) {
        // SAFETY: `take_completed` made this of an entry that is over, and removed it.
        unsafe { self.0.complete(sink) };
    }
}

impl<O: Operation> Idle<O> {
    /// Memory for one operation at a time.
    pub(crate) fn new(operation: O) -> Idle<O> {
        Idle(Arc::new(Block {
            status: UnsafeCell::new(ffi::IO_STATUS_BLOCK::default()),
            operation: UnsafeCell::new(operation),
        }))
    }

    /// Hands the memory to the kernel. `port` is the one that the packet will come to.
    ///
    /// `submit` makes the system call. If no packet will come, the memory is given back with the
    /// error.
    pub(crate) fn start(
        self,
        port: &Port,
        submit: impl for<'r> FnOnce(Reserved<'r, O>) -> Submission<'r>,
    ) -> Result<Pending<O>, (Idle<O>, io::Error)> {
        let pending_status = ffi::IO_STATUS_BLOCK {
            Anonymous: ffi::IO_STATUS_BLOCK_0 {
                // All of the union, also where it is larger than a status.
                Pointer: ptr::without_provenance_mut(ffi::STATUS_PENDING as usize),
            },
            Information: 0,
        };
        // SAFETY: this is the only `Idle` of the block, and it has no entry in a table: neither
        // another thread nor the kernel accesses the cell.
        unsafe { *self.0.status.get() = pending_status };
        let block = self.0;
        let entry: Arc<dyn InFlight> = Arc::<Block<O>>::clone(&block);
        // Before the kernel can make use of it.
        let context = port.in_flight().insert(entry);
        let reserved = Reserved {
            block: &block,
            context,
            brand: PhantomData,
        };
        let error = submit(reserved).error;
        match error {
            Some(error) if port.in_flight().by_context.remove(&context).is_some() => {
                // The table's entry is gone, and `Submission::refused` promises that the kernel is
                // done with the memory.
                Err((Idle(block), error))
            }
            // The entry of a refused operation is gone: a packet that other code had posted has
            // delivered the refusal already.
            _ => Ok(Pending(block)),
        }
    }
}

impl<O> Idle<O> {
    /// The operation. There is no shared access: an `Idle` may be shared by threads whatever `O` is.
    pub(crate) fn get_mut(&mut self) -> &mut O {
        // SAFETY: this is the only `Idle` of the block, which has no entry in a table; the
        // exclusive borrow of `self` keeps it so.
        unsafe { &mut *self.0.operation.get() }
    }
}

impl<O> Pending<O> {
    /// The address that `NtCancelIoFileEx` compares with those of the operations in flight. It is
    /// not followed.
    pub(crate) fn status_block(&self) -> *mut ffi::IO_STATUS_BLOCK {
        self.0.status.get()
    }
}

impl<'r, O> Reserved<'r, O> {
    /// For the system call: valid until the packet has come.
    pub(crate) fn status_block(&self) -> *mut ffi::IO_STATUS_BLOCK {
        self.block.status.get()
    }

    /// For the system call: the `ApcContext`, by which the packet is recognized.
    pub(crate) fn context(&self) -> *const c_void {
        ptr::without_provenance(self.context)
    }

    /// For the system call: valid until the packet has come, and so is what the operation owns on the heap. Nobody else has
    /// access.
    pub(crate) fn operation(&self) -> *mut O {
        self.block.operation.get()
    }

    /// The operation was started.
    ///
    /// # Safety
    ///
    /// From now on the kernel alone writes the status block, and it writes a status other than
    /// `STATUS_PENDING` only when it is done with all of the memory. (One packet with this
    /// `context` should come to the port that `start` was given, under the key of operations in
    /// flight; without it the memory is kept for ever.)
    pub(crate) unsafe fn submitted(self) -> Submission<'r> {
        Submission {
            error: None,
            brand: PhantomData,
        }
    }

    /// The operation was not started.
    ///
    /// # Safety
    ///
    /// No packet will come, and the kernel will not touch the memory any more.
    pub(crate) unsafe fn refused(self, error: io::Error) -> Submission<'r> {
        Submission {
            error: Some(error),
            brand: PhantomData,
        }
    }
}

impl<O: Operation> InFlight for Block<O> {
    fn is_over(&self) -> bool {
        let status: *mut i32 = self.status.get().cast();
        // SAFETY: the status is the first field of the block that this keeps alive, and is aligned
        // as an `i32` at least. While the block stands in a table, nothing but the kernel writes
        // it.
        let status = unsafe { AtomicI32::from_ptr(status) };
        // Acquire: all that the kernel wrote before is seen by whoever takes the memory.
        status.load(Ordering::Acquire) != ffi::STATUS_PENDING
    }

    unsafe fn complete(self: Arc<Self>, sink: &mut EventSink<'_>) {
        // SAFETY: the operation is over, so the kernel does not write any more.
        let block = unsafe { *self.status.get() };
        // SAFETY: every bit pattern is a status.
        let status = unsafe { block.Anonymous.Status };
        let outcome = Outcome {
            status,
            bytes: block.Information,
        };
        // Of the block whose entry has just been removed, so this is its only `Idle`.
        O::completed(Idle(self), outcome, sink);
    }
}

// The status is read through the start of the block.
const _: () = assert!(std::mem::offset_of!(ffi::IO_STATUS_BLOCK, Anonymous) == 0);
const _: () = assert!(align_of::<ffi::IO_STATUS_BLOCK>() >= align_of::<AtomicI32>());

impl fmt::Debug for InFlightTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("in_flight", &self.by_context.len())
            .finish_non_exhaustive()
    }
}

impl<O> fmt::Debug for Idle<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle").finish_non_exhaustive()
    }
}

impl<O> fmt::Debug for Pending<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

/// Plays the kernel: operations that are started nowhere, and end when a test says so.
#[cfg(test)]
pub(super) mod fake {
    use super::{Pending, Reserved, Submission};
    use crate::sys::ffi;
    use std::io;

    /// An operation that is in flight from now on.
    pub(crate) fn submit<O>(reserved: Reserved<'_, O>) -> Submission<'_> {
        // SAFETY: nothing was started: no packet comes unless `end` has written the status block.
        unsafe { reserved.submitted() }
    }

    pub(crate) fn refuse<'r, O>(reserved: Reserved<'r, O>, error: io::Error) -> Submission<'r> {
        // SAFETY: nothing was started.
        unsafe { reserved.refused(error) }
    }

    /// The final status of an operation in flight.
    pub(crate) fn end<O>(pending: &Pending<O>, status: ffi::NTSTATUS, bytes: usize) {
        write(pending.status_block(), status, bytes);
    }

    /// The same, before the system call has returned.
    pub(crate) fn end_at_once<O>(reserved: &Reserved<'_, O>, status: ffi::NTSTATUS) {
        write(reserved.status_block(), status, 0);
    }

    fn write(block: *mut ffi::IO_STATUS_BLOCK, status: ffi::NTSTATUS, bytes: usize) {
        // SAFETY: the caller's reference keeps the block alive, and the test is its kernel: no one
        // else writes while it is in flight.
        unsafe { (*block).Information = bytes };
        // SAFETY: as above.
        unsafe { (*block).Anonymous.Status = status };
    }
}
