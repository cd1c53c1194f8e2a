//! The system calls of kqueue(2), and the structure that they read and fill.
//!
//! The systems differ in the types of the fields of `struct kevent`, so every field is converted
//! where it is touched.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::ret::{ret, ret_count, ret_owned_fd};
use crate::Token;
use crate::sys::ffi;
use crate::sys::kernel_vec::KernelVec;
use crate::sys::selector;
use crate::sys::unix::forks;

pub(crate) use super::poll::is_open;

/// `EVFILT_READ`.
pub(crate) const READ: i32 = ffi::EVFILT_READ as _;
/// `EVFILT_WRITE`.
pub(crate) const WRITE: i32 = ffi::EVFILT_WRITE as _;
/// `EVFILT_USER`.
pub(crate) const USER: i32 = ffi::EVFILT_USER as _;
/// `NOTE_TRIGGER`: triggers a user event.
pub(crate) const TRIGGER: u32 = ffi::NOTE_TRIGGER as _;
/// `EV_ADD`.
pub(crate) const ADD: u32 = ffi::EV_ADD as _;
/// `EV_DELETE`.
pub(crate) const DELETE: u32 = ffi::EV_DELETE as _;
/// `EV_CLEAR`: edge-triggered.
pub(crate) const CLEAR: u32 = ffi::EV_CLEAR as _;
/// `EV_RECEIPT`: a receipt for each change, and no events among the receipts.
pub(crate) const RECEIPT: u32 = ffi::EV_RECEIPT as _;
/// `EV_EOF`.
pub(crate) const EOF: u32 = ffi::EV_EOF as _;
/// `EV_ERROR`: a receipt, or an error of a change.
pub(crate) const ERROR: u32 = ffi::EV_ERROR as _;

/// One `struct kevent`: a change, a receipt or an event.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Event(ffi::kevent);

// SAFETY: the caller's data in it may be a pointer by its type, but only its address is ever
// written or read here.
unsafe impl Send for Event {}
// SAFETY: as for `Send`; besides, nothing changes an event through a shared reference.
unsafe impl Sync for Event {}

impl Event {
    /// An event with these fields; all others are zero.
    pub(crate) fn new(ident: usize, filter: i32, flags: u32, fflags: u32, token: Token) -> Event {
        // SAFETY: `struct kevent` is made of integers and a raw pointer, for all of which zeros are
        // a value.
        let mut event: ffi::kevent = unsafe { MaybeUninit::zeroed().assume_init() };
        event.ident = ident as _;
        // All three come from constants of the same system, so they fit.
        event.filter = filter as _;
        event.flags = flags as _;
        event.fflags = fflags as _;
        event.udata = token.0 as _;
        Event(event)
    }

    /// The identifier: an fd, or the number of a user event.
    pub(crate) fn ident(&self) -> usize {
        self.0.ident as _
    }

    /// The filter.
    pub(crate) fn filter(&self) -> i32 {
        self.0.filter as _
    }

    /// The flags.
    pub(crate) fn flags(&self) -> u32 {
        self.0.flags as _
    }

    /// The flags of the filter.
    pub(crate) fn fflags(&self) -> u32 {
        self.0.fflags as _
    }

    /// The data of the filter.
    pub(crate) fn data(&self) -> i64 {
        self.0.data as _
    }

    /// The caller's data.
    pub(crate) fn udata(&self) -> usize {
        self.0.udata as _
    }
}

/// The buffer that the kernel fills.
pub(crate) struct Events(KernelVec<Event>);

impl Events {
    /// Replaces an event.
    pub(crate) fn replace(&mut self, index: usize, event: Event) {
        if let Some(old) = self.0.as_mut_slice().get_mut(index) {
            *old = event;
        }
    }

    /// Removes an event.
    pub(crate) fn remove(&mut self, index: usize) {
        self.0.remove(index);
    }
}

impl selector::EventBuffer for Events {
    type Item = Event;

    fn with_capacity(capacity: usize) -> Events {
        Events(KernelVec::with_capacity(capacity))
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    fn as_slice(&self) -> &[Event] {
        self.0.as_slice()
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// The fd of a kqueue, which only the process that has made it closes.
///
/// A kqueue is not [inherited by fork(2)]: in a copy of the process its fd is closed, or is that of
/// a later file.
///
/// [inherited by fork(2)]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
#[derive(Debug)]
pub(crate) struct Queue {
    fd: ManuallyDrop<OwnedFd>,
    /// The process now, and the one that has made the kqueue.
    process: &'static AtomicUsize,
    made_by: usize,
}

impl Queue {
    /// Makes a kqueue.
    pub(crate) fn new() -> io::Result<Queue> {
        let process = forks::process();
        Ok(Queue {
            made_by: process.load(Ordering::Relaxed),
            process,
            fd: ManuallyDrop::new(create()?),
        })
    }

    /// Whether this process is a copy of the one that has the kqueue.
    pub(crate) fn is_lost(&self) -> bool {
        self.process.load(Ordering::Relaxed) != self.made_by
    }

    /// The fd: `EBADF` in a copy of the process that has it.
    pub(crate) fn get(&self) -> io::Result<BorrowedFd<'_>> {
        if self.is_lost() {
            return Err(io::Error::from_raw_os_error(ffi::EBADF));
        }
        Ok(self.fd.as_fd())
    }
}

impl AsFd for Queue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if !self.is_lost() {
            // SAFETY: `fd` is dropped here only, and not used afterwards, as `self` is being
            // dropped.
            unsafe { ManuallyDrop::drop(&mut self.fd) };
        }
    }
}

/// kqueue(2), close-on-exec.
fn create() -> io::Result<OwnedFd> {
    // SAFETY: kqueue(2) takes nothing and touches no memory.
    let fd = unsafe { ffi::kqueue() };
    // SAFETY: unless it is -1, `fd` is a new fd that nothing else owns.
    let kq = unsafe { ret_owned_fd(fd) }?;
    // SAFETY: fcntl(2) with F_SETFD takes an int, the flag, and touches no memory.
    ret(unsafe { ffi::fcntl(kq.as_raw_fd(), ffi::F_SETFD, ffi::FD_CLOEXEC) })?;
    Ok(kq)
}

/// Makes changes that ask for a receipt each (`EV_RECEIPT`), and replaces each change by its
/// receipt.
///
/// Returns how many receipts there are. The kernel posts no events together with receipts.
pub(crate) fn change(kq: BorrowedFd<'_>, changes: &mut [Event]) -> io::Result<usize> {
    let events: *mut ffi::kevent = changes.as_mut_ptr().cast();
    let count = changes.len();
    // A kernel that posts receipts does not wait; this is for one that has nothing to post.
    let no_wait = timespec(Duration::ZERO);
    // SAFETY: kevent(2) reads `count` changes and then writes at most as many receipts, to the same
    // places: it copies each change before it posts the receipt, and an `Event` is one `struct
    // kevent`. It reads the timeout.
    let result = unsafe {
        ffi::kevent(
            kq.as_raw_fd(),
            events,
            count as _,
            events,
            count as _,
            &raw const no_wait,
        )
    };
    ignore_interruption(result)
}

/// Makes changes without receipts, and without room for any event. The first error ends the call:
/// no change behind that one is made.
pub(crate) fn post(kq: BorrowedFd<'_>, changes: &[Event]) -> io::Result<()> {
    let events: *const ffi::kevent = changes.as_ptr().cast();
    let no_wait = timespec(Duration::ZERO);
    // SAFETY: kevent(2) reads as many changes as there are, of which each is one `struct kevent`,
    // and the timeout, and has no room to write to.
    let result = unsafe {
        ffi::kevent(
            kq.as_raw_fd(),
            events,
            changes.len() as _,
            ptr::null_mut(),
            0,
            &raw const no_wait,
        )
    };
    ignore_interruption(result).map(|_| ())
}

/// The count that the kernel returned. A signal interrupts the call after all changes were made:
/// only the receipts are lost.
fn ignore_interruption(result: c_int) -> io::Result<usize> {
    ret_count(result).or_else(|error| match error.kind() {
        io::ErrorKind::Interrupted => Ok(0),
        _ => Err(error),
    })
}

/// Waits for events. After an error the buffer is empty.
pub(crate) fn wait(
    kq: BorrowedFd<'_>,
    events: &mut Events,
    timeout: Option<Duration>,
) -> io::Result<usize> {
    let timeout = timeout.map(timespec);
    let pointer = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    let fill = |room: &mut [MaybeUninit<Event>]| {
        let most = room.len().min(c_int::MAX as usize);
        // SAFETY: kevent(2) reads no change, writes at most as many events as `room` has room for
        // (an `Event` is one `struct kevent`), and reads the timeout if there is one.
        ret_count(unsafe {
            ffi::kevent(
                kq.as_raw_fd(),
                ptr::null(),
                0,
                room.as_mut_ptr().cast(),
                most as _,
                pointer,
            )
        })
    };
    // SAFETY: the call returns the number of events it has written, from the start.
    unsafe { events.0.fill(fill) }
}

/// The timeout as the kernel takes it. The caller has made it short enough.
fn timespec(timeout: Duration) -> ffi::timespec {
    ffi::timespec {
        tv_sec: timeout.as_secs() as _,
        tv_nsec: timeout.subsec_nanos() as _,
    }
}
