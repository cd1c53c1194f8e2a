//! Memory that the kernel reads and writes between the start of an operation and its packet.
//!
//! A [`Block`] is what one operation needs: the `OVERLAPPED` (whose first two fields are an `IO_STATUS_BLOCK`) and whatever
//! its kind adds, such as a buffer. Who may touch it is said by who holds which of these:
//!
//! - [`Idle`]: nobody but its holder. Only this type gives access.
//! - in flight: the kernel. Its reference is counted before the system call is made; the packet brings it back.
//! - [`Pending`]: a name of an operation that may be in flight, good for cancelling and for nothing else.
//!
//! There is one `Idle` or one reference of the kernel of each block, never both and never two: [`Idle::start`] turns one into
//! the other, and the packet, which is moved and not copied, turns it back.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;

use super::{IN_FLIGHT, Packet, Port, Round, status_error};
use crate::sys::raw;

/// What is in flight, and what becomes of it.
///
/// `start` lets the system call write anywhere in `Self`, and in what `Self` owns on the heap.
pub(crate) trait Operation: Send + Sized + 'static {
    /// The packet has come: the memory is ours again. Reports at most one event.
    ///
    /// Called without any lock, by the thread that waits, or by the one that drops the port's last owner.
    fn completed(operation: Idle<Self>, outcome: Outcome, round: &mut Round<'_>);
}

/// How an operation ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// The kernel's status.
    pub(crate) status: raw::NTSTATUS,
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

/// The part that the kernel writes first and finds its way back by. It lies at the start of every block.
#[repr(C)]
struct Header {
    overlapped: UnsafeCell<raw::OVERLAPPED>,
    complete: unsafe fn(*mut raw::OVERLAPPED, &mut Round<'_>),
}

/// See the head of this file.
#[repr(C)]
struct Block<O> {
    header: Header,
    operation: UnsafeCell<O>,
}

// SAFETY: `OVERLAPPED` holds pointers, which here are only written and read as numbers; `O` may go to any thread.
unsafe impl<O: Send> Send for Block<O> {}
// SAFETY: a shared block gives no access: what is in its cells is touched by the holder of its one `Idle` or by the kernel.
unsafe impl<O: Send> Sync for Block<O> {}

/// Memory of an operation that is not in flight.
pub(crate) struct Idle<O>(Arc<Block<O>>);

/// The name of an operation that was started. It keeps the memory's place, so that no other operation can have it.
pub(crate) struct Pending<O>(Arc<Block<O>>);

/// Memory that the kernel has a reference of, for the system call that is about to start. The lifetime is a brand: it is
/// different for every start.
pub(crate) struct Reserved<'r, O> {
    block: *const Block<O>,
    brand: PhantomData<fn(&'r ()) -> &'r ()>,
}

/// What the system call said.
pub(crate) struct Submission<'r> {
    error: Option<io::Error>,
    brand: PhantomData<fn(&'r ()) -> &'r ()>,
}

impl<O: Operation> Idle<O> {
    /// Memory for one operation at a time.
    pub(crate) fn new(operation: O) -> Idle<O> {
        Idle(Arc::new(Block {
            header: Header {
                overlapped: UnsafeCell::new(raw::OVERLAPPED::default()),
                complete: complete::<O>,
            },
            operation: UnsafeCell::new(operation),
        }))
    }

    /// Hands the memory to the kernel. `port` is the one that the packet will come to.
    ///
    /// `submit` makes the system call. If it says that no packet comes, the memory is given back with its error.
    pub(crate) fn start(
        self,
        port: &Port,
        submit: impl for<'r> FnOnce(Reserved<'r, O>) -> Submission<'r>,
    ) -> Result<Pending<O>, (Idle<O>, io::Error)> {
        // SAFETY: this is the only `Idle` of the block, and the kernel has no reference: nobody else touches the cell.
        unsafe { *self.0.header.overlapped.get() = raw::OVERLAPPED::default() };
        let pending = Pending(Arc::clone(&self.0));
        // The kernel's reference, before it can make use of it.
        let block = Arc::into_raw(self.0);
        port.begun();
        let reserved = Reserved {
            block,
            brand: PhantomData,
        };
        match submit(reserved).error {
            None => Ok(pending),
            Some(error) => {
                port.ended();
                // SAFETY: the reference was made above, and `Submission::refused` promises that no packet brings it back.
                let block = unsafe { Arc::from_raw(block) };
                Err((Idle(block), error))
            }
        }
    }
}

impl<O> Idle<O> {
    /// The operation. There is no shared access: an `Idle` may be shared by threads whatever `O` is.
    pub(crate) fn get_mut(&mut self) -> &mut O {
        // SAFETY: this is the only `Idle` of the block, and the kernel has no reference; the exclusive borrow of `self` keeps it so.
        unsafe { &mut *self.0.operation.get() }
    }
}

impl<O> Pending<O> {
    /// The address by which a cancelling call knows the operation. It is compared and not followed.
    pub(crate) fn name(&self) -> *mut raw::OVERLAPPED {
        self.0.header.overlapped.get()
    }
}

impl<'r, O> Reserved<'r, O> {
    /// For the system call: valid until the packet has come.
    pub(crate) fn overlapped(&self) -> *mut raw::OVERLAPPED {
        // The block starts with it. The pointer is made of the whole block's, so that the packet leads back to all of it.
        self.block.cast_mut().cast()
    }

    /// For the system call: valid until the packet has come, and so is what the operation owns on the heap. Nobody else has
    /// access.
    pub(crate) fn operation(&self) -> *mut O {
        // SAFETY: the kernel's reference keeps the block alive; this computes the address of one of its fields.
        let cell = unsafe { &raw const (*self.block).operation };
        UnsafeCell::raw_get(cell)
    }

    /// The operation was started.
    ///
    /// # Safety
    ///
    /// One packet with the pointer `overlapped` will come to the port that `start` was given, under the key of operations in
    /// flight: the call succeeded, or said that it is pending, or ended with a warning, on a handle associated with that port.
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

/// Takes the kernel's reference out of a packet and tells the operation. `false` if the packet is none of an operation.
pub(super) fn deliver(packet: Packet, round: &mut Round<'_>) -> bool {
    let is_ours = packet.key() == IN_FLIGHT;
    let overlapped = packet.into_pointer();
    // Without a pointer it is from an operation that wanted no packet.
    if !is_ours || overlapped.is_null() {
        return false;
    }
    let header: *const Header = overlapped.cast();
    // SAFETY: under this key come the packets of `start` alone, so the pointer is that of a block in flight, whose reference by
    // the kernel keeps it alive. The field is never written after the block was made.
    let complete = unsafe { (*header).complete };
    // SAFETY: the function was made for the type of this very block, and the packet, which is gone now, was its only one.
    unsafe { complete(overlapped, round) };
    true
}

/// # Safety
///
/// `overlapped` is that of a `Block<O>` whose packet has come; the kernel's reference becomes this function's.
unsafe fn complete<O: Operation>(overlapped: *mut raw::OVERLAPPED, round: &mut Round<'_>) {
    let block: *const Block<O> = overlapped.cast();
    // SAFETY: `start` made the pointer by `Arc::into_raw`, and the packet brings that reference back, once.
    let block = unsafe { Arc::from_raw(block) };
    let operation = Idle(block);
    // SAFETY: this is the only `Idle` of the block, and the kernel has written the two fields before it sent the packet.
    let overlapped = unsafe { &*operation.0.header.overlapped.get() };
    let outcome = Outcome {
        // The status is the lower half, as the kernel's `IO_STATUS_BLOCK` has it.
        status: overlapped.Internal as raw::NTSTATUS,
        bytes: overlapped.InternalHigh,
    };
    O::completed(operation, outcome, round);
}

// The kernel takes the start of an `OVERLAPPED` for its `IO_STATUS_BLOCK`.
const _: () = assert!(mem::offset_of!(raw::OVERLAPPED, Internal) == 0);
const _: () = assert!(mem::offset_of!(raw::OVERLAPPED, InternalHigh) == size_of::<usize>());
const _: () = assert!(size_of::<raw::IO_STATUS_BLOCK>() == 2 * size_of::<usize>());

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
