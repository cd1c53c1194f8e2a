//! The memory of operations, which the kernel accesses between the start of an operation and its
//! completion packet.
//!
//! A [`Block`] is the memory of one operation: the `IO_STATUS_BLOCK` (the first two fields of
//! Win32's `OVERLAPPED`) and the data of its kind, such as a buffer. Which of these exists decides
//! who may access it:
//!
//! - [`Idle`]: the holder alone. Only this type gives access.
//! - an entry of [`InFlightTable`]: the kernel, from the start of the operation until its packet.
//! - [`Pending`]: no access. It holds the address by which an operation in flight is canceled.
//!
//! A block has one `Idle`, or one entry in the table of one port, never both and never two.
//! [`Idle::start`] converts the first into the second before it makes the system call; the packet,
//! or a refusal, converts it back.
//!
//! # Packets are not trusted
//!
//! The association with a port belongs to the *file object*. So a process that inherits a duplicate
//! of an associated handle can queue packets here, with an `ApcContext` of its choice, which
//! [NtReadFile] hands through. Therefore the context is a key of the table and not a pointer, and
//! an entry is taken only if its status block shows that the operation has completed: `start`
//! writes `STATUS_PENDING`, which no operation completes with, and the kernel writes the final
//! status after it is done with the memory and before the packet can be dequeued
//! ([HasOverlappedIoCompleted] tests the same). A packet without an entry, or whose entry is still
//! pending, is ignored. A packet that names a completed entry only delivers the completion before
//! the operation's own packet does.
//!
//! [NtReadFile]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntreadfile
//! [HasOverlappedIoCompleted]: https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-hasoverlappediocompleted
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use super::{EventSink, Port};
use crate::sys::ffi;
#[cfg(feature = "os-ext")]
use crate::sys::windows::syscalls::completion_port::status_error;

/// The data of a kind of operation, and the handler of its completion.
///
/// Between `start` and the packet, the kernel may write anywhere in `Self`, and in what `Self` owns
/// on the heap.
pub(crate) trait Operation: Send + Sized + 'static {
    /// The operation has completed and its memory is idle again. Reports at most one event.
    ///
    /// Called without any lock, by the waiting thread or by the one that drops the port's last
    /// owner.
    fn completed(operation: Idle<Self>, outcome: Outcome, sink: &mut EventSink<'_>);
}

/// How an operation completed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// The kernel's status.
    pub(crate) status: ffi::NTSTATUS,
    /// How many bytes were transferred.
    #[cfg_attr(not(feature = "os-ext"), allow(dead_code))] // Only named pipes read it.
    pub(crate) bytes: usize,
}

impl Outcome {
    /// The bytes that were transferred, or the error of the status. A warning, such as a message
    /// that is longer than its buffer, is an error here, and `bytes` are valid besides.
    #[cfg(feature = "os-ext")]
    #[inline]
    pub(crate) fn result(self) -> io::Result<usize> {
        if self.status >= 0 {
            Ok(self.bytes)
        } else {
            Err(status_error(self.status))
        }
    }
}

/// The memory of one operation. See the head of this file.
struct Block<O> {
    status: UnsafeCell<ffi::IO_STATUS_BLOCK>,
    operation: UnsafeCell<O>,
}

// SAFETY: no code of ours dereferences the pointer in the status block, and `O` is `Send`.
unsafe impl<O: Send> Send for Block<O> {}
// SAFETY: a shared block gives no access to its cells. The holder of the one `Idle` or the kernel
// accesses them, except for the status, which is read atomically.
unsafe impl<O: Send> Sync for Block<O> {}

/// Memory of an operation that is not in flight.
pub(crate) struct Idle<O>(Arc<Block<O>>);

/// The address of an operation that was started. It keeps the memory allocated, so that no other
/// operation has the same address.
pub(crate) struct Pending<O>(Arc<Block<O>>);

/// The memory of an operation, in the table, for the system call that is about to start it. The
/// lifetime is a brand: it differs for every start.
pub(crate) struct Reserved<'r, O> {
    block: &'r Block<O>,
    context: usize,
    brand: PhantomData<fn(&'r ()) -> &'r ()>,
}

/// Whether the system call started the operation. Made by [`Reserved::submitted`] or
/// [`Reserved::refused`].
pub(crate) struct Submission<'r> {
    error: Option<io::Error>,
    brand: PhantomData<fn(&'r ()) -> &'r ()>,
}

/// A block in flight of any kind of operation.
trait InFlight: Send + Sync {
    /// Hands the memory to its operation.
    ///
    /// # Safety
    ///
    /// The operation has completed, and `self` was the block's entry in the table.
    unsafe fn complete(self: Arc<Self>, sink: &mut EventSink<'_>);
}

/// The operations of one port whose packets have not come, by the context that the packet will
/// carry.
///
/// A context has three parts, from its lowest bit: the indices of a slot and of a kind, and the
/// generation of the entry in the slot. Each entry of the table has the next generation, which is
/// never 0: an operation with a null context queues no packet. So a context is used again only
/// after all other generations were: 2^30 - 1 with 64-bit addresses, 255 with 32-bit addresses.
#[derive(Default)]
pub(super) struct InFlightTable {
    /// A slab for each kind of operation, so that an entry is an address without a vtable.
    kinds: Vec<Box<dyn OfKind>>,
    /// That of the last entry.
    pub(super) generation: u32,
    len: usize,
}

/// The bits of a context that are the index of a slot. With 32-bit addresses there is no memory for
/// more than 2^22 operations and their sockets or pipes.
const INDEX_BITS: u32 = if usize::BITS > 32 { 32 } else { 22 };
/// The bits of a context that are the index of a kind.
const KIND_BITS: u32 = 2;
/// The largest generation.
const MAX_GENERATION: u32 = (usize::MAX >> (INDEX_BITS + KIND_BITS)) as u32;

/// The operations of one kind that are in flight.
trait OfKind: Any + Send {
    fn as_any_mut(&mut self) -> &mut dyn Any;

    /// Removes the operation in this slot, if it has this generation and has completed.
    fn take_completed(&mut self, index: usize, generation: u32) -> Option<Completed>;
}

/// A slab of blocks in flight.
struct Slab<O> {
    blocks: Vec<Option<Arc<Block<O>>>>,
    /// The generation of the entry in each slot. Of a free slot: the index of the next free one, or
    /// one that does not exist.
    words: Vec<u32>,
    first_free: u32,
}

/// An operation that has completed and was removed from the table.
pub(super) struct Completed(Arc<dyn InFlight>);

impl InFlightTable {
    /// How many operations are in flight.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Inserts a block. Returns its context, or `None` if the table is full.
    fn insert<O: Operation>(&mut self, block: Arc<Block<O>>) -> Option<usize> {
        let mut slabs = self.kinds.iter_mut();
        let kind = match slabs.position(|slab| slab.as_any_mut().is::<Slab<O>>()) {
            Some(kind) => kind,
            None if self.kinds.len() >> KIND_BITS == 0 => {
                self.kinds.push(Box::new(Slab::<O> {
                    blocks: Vec::new(),
                    words: Vec::new(),
                    first_free: u32::MAX,
                }));
                self.kinds.len() - 1
            }
            None => return None,
        };
        let generation = self.generation % MAX_GENERATION + 1;
        let slab = self.kinds.get_mut(kind)?.as_any_mut();
        let index = slab.downcast_mut::<Slab<O>>()?.insert(block, generation)?;
        self.generation = generation;
        self.len += 1;
        let generation = (generation as usize) << (INDEX_BITS + KIND_BITS);
        Some(generation | kind << INDEX_BITS | index)
    }

    /// The slab that a context names, the index of its slot, and its generation.
    #[inline]
    fn find(&mut self, context: usize) -> Option<(&mut dyn OfKind, usize, u32)> {
        let low = |value: usize, bits: u32| value & ((1 << bits) - 1);
        let slab = self.kinds.get_mut(low(context >> INDEX_BITS, KIND_BITS))?;
        let generation = (context >> (INDEX_BITS + KIND_BITS)) as u32;
        Some((&mut **slab, low(context, INDEX_BITS), generation))
    }

    /// Removes the operation with this context, if it has completed.
    #[inline]
    pub(super) fn take_completed(&mut self, context: usize) -> Option<Completed> {
        let (slab, index, generation) = self.find(context)?;
        let completed = slab.take_completed(index, generation);
        self.len -= usize::from(completed.is_some());
        completed
    }

    /// Removes this block, which had this context. Returns whether it was in the table.
    fn remove<O: Operation>(&mut self, context: usize, block: &Block<O>) -> bool {
        let removed = self.find(context).and_then(|(slab, index, generation)| {
            let slab = slab.as_any_mut().downcast_mut::<Slab<O>>()?;
            slab.remove(index, generation, |entry| ptr::eq(entry, block))
        });
        self.len -= usize::from(removed.is_some());
        removed.is_some()
    }
}

impl<O> Slab<O> {
    /// Returns the index of the block's slot, or `None` if there is no room.
    fn insert(&mut self, block: Arc<Block<O>>, generation: u32) -> Option<usize> {
        let index = self.first_free as usize;
        if let (Some(slot), Some(word)) = (self.blocks.get_mut(index), self.words.get_mut(index)) {
            *slot = Some(block);
            self.first_free = mem::replace(word, generation);
            return Some(index);
        }
        let index = self.blocks.len();
        // The largest index does not exist: `first_free` may have it.
        (index < (1 << INDEX_BITS) - 1).then(|| {
            self.blocks.push(Some(block));
            self.words.push(generation);
            index
        })
    }

    /// Removes the block in this slot, if it has this generation and `is_meant` returns `true`.
    fn remove(
        &mut self,
        index: usize,
        generation: u32,
        is_meant: impl FnOnce(&Block<O>) -> bool,
    ) -> Option<Arc<Block<O>>> {
        let word = self.words.get_mut(index)?;
        let slot = self.blocks.get_mut(index)?;
        if *word != generation || !is_meant(slot.as_deref()?) {
            return None;
        }
        *word = mem::replace(&mut self.first_free, index as u32);
        slot.take()
    }
}

impl<O: Operation> OfKind for Slab<O> {
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn take_completed(&mut self, index: usize, generation: u32) -> Option<Completed> {
        let block = self.remove(index, generation, Block::has_completed)?;
        Some(Completed(block))
    }
}

impl Completed {
    /// Calls the operation's completion handler. The caller holds no lock.
    #[inline]
    pub(super) fn complete(self, sink: &mut EventSink<'_>) {
        // SAFETY: `Slab::take_completed` alone makes this, of an entry that has completed, which it
        // removed.
        unsafe { self.0.complete(sink) };
    }
}

impl<O: Operation> Idle<O> {
    /// Allocates memory for one operation at a time.
    pub(crate) fn new(operation: O) -> Idle<O> {
        Idle(Arc::new(Block {
            status: UnsafeCell::new(ffi::IO_STATUS_BLOCK::default()),
            operation: UnsafeCell::new(operation),
        }))
    }

    /// Starts an operation by `submit`, which makes the system call. `port` is the port that its
    /// packet will come to.
    ///
    /// If the call was refused, which means that no packet will come, the memory is returned with
    /// the error. So it is if the table is full, without the call.
    pub(crate) fn start(
        self,
        port: &Port,
        submit: impl for<'r> FnOnce(Reserved<'r, O>) -> Submission<'r>,
    ) -> Result<Pending<O>, (Idle<O>, io::Error)> {
        let pending_status = ffi::IO_STATUS_BLOCK {
            Anonymous: ffi::IO_STATUS_BLOCK_0 {
                // Initializes all of the union, which may be larger than a status.
                Pointer: ptr::without_provenance_mut(ffi::STATUS_PENDING as usize),
            },
            Information: 0,
        };
        // SAFETY: this is the only `Idle` of the block, which has no entry in a table: neither
        // another thread nor the kernel accesses the cell.
        unsafe { *self.0.status.get() = pending_status };
        let block = self.0;
        // The entry exists before the packet can come.
        let Some(context) = port.in_flight().insert(Arc::clone(&block)) else {
            // There is no entry, so this stays the only `Idle`.
            return Err((Idle(block), io::ErrorKind::OutOfMemory.into()));
        };
        let reserved = Reserved {
            block: &block,
            context,
            brand: PhantomData,
        };
        let error = submit(reserved).error;
        match error {
            Some(error) if port.in_flight().remove(context, &*block) => {
                // The block's entry was removed, and `Reserved::refused` promises that the kernel
                // is done with the memory.
                Err((Idle(block), error))
            }
            // If a refused operation has no entry, a packet that other code posted has delivered
            // the refusal already.
            _ => Ok(Pending(block)),
        }
    }
}

impl<O> Idle<O> {
    /// The operation's data. There is no shared access, so that `Idle` is `Sync` for any `O`.
    pub(crate) fn get_mut(&mut self) -> &mut O {
        // SAFETY: this is the only `Idle` of the block, which has no entry in a table; the
        // exclusive borrow of `self` keeps it so.
        unsafe { &mut *self.0.operation.get() }
    }
}

impl<O> Pending<O> {
    /// The address that `NtCancelIoFileEx` compares with those of the operations in flight, without
    /// dereferencing it.
    pub(crate) fn status_block(&self) -> *mut ffi::IO_STATUS_BLOCK {
        self.0.status.get()
    }
}

impl<'r, O> Reserved<'r, O> {
    /// The status block for the system call, valid until the packet has come.
    #[inline]
    pub(crate) fn status_block(&self) -> *mut ffi::IO_STATUS_BLOCK {
        self.block.status.get()
    }

    /// The `ApcContext` for the system call, which the packet will carry.
    #[inline]
    pub(crate) fn context(&self) -> *const c_void {
        ptr::without_provenance(self.context)
    }

    /// The operation's data for the system call. It is valid until the packet has come, as is what
    /// it owns on the heap. Before the call, `self` has exclusive access to it.
    #[inline]
    pub(crate) fn operation(&self) -> *mut O {
        self.block.operation.get()
    }

    /// The operation was started.
    ///
    /// # Safety
    ///
    /// From now on the kernel alone writes the status block, and it writes a status other than
    /// `STATUS_PENDING` only when it is done with all of the memory. (One packet with this
    /// `context` should come to the port of `start`, under [`OPERATION_KEY`](super::OPERATION_KEY);
    /// without it the memory is kept forever.)
    #[inline]
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
    /// No packet will come, and the kernel will not access the memory any more.
    #[inline]
    pub(crate) unsafe fn refused(self, error: io::Error) -> Submission<'r> {
        Submission {
            error: Some(error),
            brand: PhantomData,
        }
    }
}

impl<O> Block<O> {
    /// Whether the kernel has written the final status.
    fn has_completed(&self) -> bool {
        let status: *mut i32 = self.status.get().cast();
        // SAFETY: the status is the first field of the status block, which `self` keeps alive, and
        // is aligned at least as an `i32` (asserted below). While the block is in a table, the
        // kernel alone writes it.
        let status = unsafe { AtomicI32::from_ptr(status) };
        // Acquire: the thread that takes the memory sees all that the kernel wrote before.
        status.load(Ordering::Acquire) != ffi::STATUS_PENDING
    }
}

impl<O: Operation> InFlight for Block<O> {
    unsafe fn complete(self: Arc<Self>, sink: &mut EventSink<'_>) {
        // SAFETY: the operation has completed, so the kernel does not write any more.
        let block = unsafe { *self.status.get() };
        // SAFETY: every bit pattern is a valid status.
        let status = unsafe { block.Anonymous.Status };
        let outcome = Outcome {
            status,
            bytes: block.Information,
        };
        // The block's entry was removed, so this is its only `Idle`.
        O::completed(Idle(self), outcome, sink);
    }
}

// The status is read through the start of the block.
const _: () = assert!(std::mem::offset_of!(ffi::IO_STATUS_BLOCK, Anonymous) == 0);
const _: () = assert!(align_of::<ffi::IO_STATUS_BLOCK>() >= align_of::<AtomicI32>());

impl fmt::Debug for InFlightTable {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlightTable")
            .field("in_flight", &self.len)
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

/// A fake kernel for unit tests: operations that are not submitted, and complete when a test wants
/// so.
#[cfg(test)]
pub(super) mod fake {
    use super::{Pending, Reserved, Submission};
    use crate::sys::ffi;
    use std::io;

    /// Starts an operation that stays in flight until `end`.
    pub(crate) fn submit<O>(reserved: Reserved<'_, O>) -> Submission<'_> {
        // SAFETY: no system call was made, so `end` alone writes the status block.
        unsafe { reserved.submitted() }
    }

    pub(crate) fn refuse<'r, O>(reserved: Reserved<'r, O>, error: io::Error) -> Submission<'r> {
        // SAFETY: no system call was made.
        unsafe { reserved.refused(error) }
    }

    /// Writes the final status of an operation in flight.
    pub(crate) fn end<O>(pending: &Pending<O>, status: ffi::NTSTATUS, bytes: usize) {
        write(pending.status_block(), status, bytes);
    }

    /// Writes a final status before the system call has returned.
    pub(crate) fn end_at_once<O>(reserved: &Reserved<'_, O>, status: ffi::NTSTATUS) {
        write(reserved.status_block(), status, 0);
    }

    fn write(block: *mut ffi::IO_STATUS_BLOCK, status: ffi::NTSTATUS, bytes: usize) {
        // SAFETY: the caller's reference keeps the block alive, and no kernel and no other thread
        // writes it while it is in flight.
        unsafe { (*block).Information = bytes };
        // SAFETY: as above.
        unsafe { (*block).Anonymous.Status = status };
    }
}
