//! The system calls of kqueue(2), and the record that they fill.
//!
//! The systems disagree about the types of the record's fields, so every field is converted where it is touched.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::Token;
use crate::sys::ffi;
use crate::sys::forks;
use crate::sys::kernel_vec::KernelVec;
use crate::sys::selector;

/// `EVFILT_READ`.
pub(super) const READ: i32 = ffi::EVFILT_READ as _;
/// `EVFILT_WRITE`.
pub(super) const WRITE: i32 = ffi::EVFILT_WRITE as _;
/// `EVFILT_USER`.
pub(super) const USER: i32 = ffi::EVFILT_USER as _;
/// `NOTE_TRIGGER`: makes a user event happen.
pub(super) const TRIGGER: u32 = ffi::NOTE_TRIGGER as _;
/// `EV_ADD`.
pub(super) const ADD: u32 = ffi::EV_ADD as _;
/// `EV_DELETE`.
pub(super) const DELETE: u32 = ffi::EV_DELETE as _;
/// `EV_CLEAR`: edges.
pub(super) const CLEAR: u32 = ffi::EV_CLEAR as _;
/// `EV_RECEIPT`: an answer for each change, and no events among the answers.
pub(super) const RECEIPT: u32 = ffi::EV_RECEIPT as _;
/// `EV_EOF`.
pub(super) const EOF: u32 = ffi::EV_EOF as _;
/// `EV_ERROR`: an answer, or an error of a change.
pub(super) const ERROR: u32 = ffi::EV_ERROR as _;

/// One `struct kevent`: a change, an answer or an event.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Event(ffi::kevent);

// SAFETY: the caller's data in the record may be a pointer by its type, but only its address is ever written or read here.
unsafe impl Send for Event {}
// SAFETY: as for `Send`; besides, nothing changes a record through a shared reference.
unsafe impl Sync for Event {}

impl Event {
    /// A record of these fields; all others are zero.
    pub(super) fn new(ident: usize, filter: i32, flags: u32, fflags: u32, token: Token) -> Event {
        // SAFETY: `struct kevent` is made of integers and a raw pointer, for all of which zeros are a value.
        let mut record: ffi::kevent = unsafe { MaybeUninit::zeroed().assume_init() };
        record.ident = ident as _;
        // Both come from constants of the record's own system, so they fit.
        record.filter = filter as _;
        record.flags = flags as _;
        record.fflags = fflags as _;
        record.udata = token.0 as _;
        Event(record)
    }

    /// What is watched.
    pub(super) fn ident(&self) -> usize {
        self.0.ident as _
    }

    /// By which filter.
    pub(super) fn filter(&self) -> i32 {
        self.0.filter as _
    }

    /// The flags.
    pub(super) fn flags(&self) -> u32 {
        self.0.flags as _
    }

    /// The filter's own flags.
    pub(super) fn fflags(&self) -> u32 {
        self.0.fflags as _
    }

    /// The filter's own number.
    pub(super) fn data(&self) -> i64 {
        self.0.data as _
    }

    /// The caller's number.
    pub(super) fn udata(&self) -> usize {
        self.0.udata as _
    }
}

/// The buffer that the kernel fills.
pub(crate) struct Events(KernelVec<Event>);

impl Events {
    /// Puts another record in the place of one.
    pub(super) fn replace(&mut self, index: usize, record: Event) {
        if let Some(place) = self.0.as_mut_slice().get_mut(index) {
            *place = record;
        }
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, index: usize) {
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

/// A queue, which is closed by the process that has made it.
///
/// A kqueue is not [inherited by fork(2)]: in a copy its number is no descriptor, or that of a
/// later descriptor.
///
/// [inherited by fork(2)]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
#[derive(Debug)]
pub(super) struct Queue {
    fd: ManuallyDrop<OwnedFd>,
    /// The process now, and the one that has made the queue.
    process: &'static AtomicUsize,
    made_by: usize,
}

impl Queue {
    /// Makes one.
    pub(super) fn new() -> io::Result<Queue> {
        let process = forks::process();
        Ok(Queue {
            made_by: process.load(Ordering::Relaxed),
            process,
            fd: ManuallyDrop::new(create()?),
        })
    }

    /// Whether this process is a copy of the one that has the queue.
    pub(super) fn is_lost(&self) -> bool {
        self.process.load(Ordering::Relaxed) != self.made_by
    }

    /// The queue: `EBADF` in a copy of the process that has it.
    pub(super) fn get(&self) -> io::Result<BorrowedFd<'_>> {
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
            // SAFETY: it is dropped here only, and not used afterwards, as it is part of what is
            // dropped.
            unsafe { ManuallyDrop::drop(&mut self.fd) };
        }
    }
}

/// kqueue(2), close-on-exec.
fn create() -> io::Result<OwnedFd> {
    // SAFETY: kqueue(2) takes nothing and touches no memory.
    let number = unsafe { ffi::kqueue() };
    if number == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so `number` is a new descriptor that nothing else owns.
    let queue = unsafe { OwnedFd::from_raw_fd(number) };
    // SAFETY: fcntl(2) with F_SETFD takes an int, the flag, and touches no memory.
    let result = unsafe { ffi::fcntl(queue.as_raw_fd(), ffi::F_SETFD, ffi::FD_CLOEXEC) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(queue)
}

/// Whether a number is an open descriptor.
pub(super) fn is_open(raw: RawFd) -> bool {
    // SAFETY: fcntl(2) with F_GETFL takes no argument, touches no memory, and refuses a number that is not open.
    let result = unsafe { ffi::fcntl(raw, ffi::F_GETFL) };
    result != -1
}

/// Makes changes that want an answer each (`EV_RECEIPT`), and leaves the answers in their places.
///
/// Returns how many answers there are. The kernel posts no events together with answers.
pub(super) fn change(queue: BorrowedFd<'_>, changes: &mut [Event]) -> io::Result<usize> {
    let records: *mut ffi::kevent = changes.as_mut_ptr().cast();
    let count = changes.len();
    // A kernel that answers does not wait; this is for one that has nothing to say.
    let at_once = timespec(Duration::ZERO);
    // SAFETY: kevent(2) reads `count` records and then writes at most as many, to the same places: it copies each change before
    // it posts the answer, and a `Event` is one `struct kevent`. It reads the time-out.
    let result = unsafe {
        ffi::kevent(
            queue.as_raw_fd(),
            records,
            count as _,
            records,
            count as _,
            &raw const at_once,
        )
    };
    answered(result)
}

/// Makes changes without answers, and without room for any event. The first error ends it: no change behind that one is made.
pub(super) fn post(queue: BorrowedFd<'_>, changes: &[Event]) -> io::Result<()> {
    let records: *const ffi::kevent = changes.as_ptr().cast();
    let at_once = timespec(Duration::ZERO);
    // SAFETY: kevent(2) reads as many records as there are, of which each is one `struct kevent`, and the time-out, and has no
    // room to write to.
    let result = unsafe {
        ffi::kevent(
            queue.as_raw_fd(),
            records,
            changes.len() as _,
            ptr::null_mut(),
            0,
            &raw const at_once,
        )
    };
    answered(result).map(|_| ())
}

/// The count that the kernel returned. A signal came after all changes were made: nothing is lost but the answers.
fn answered(result: c_int) -> io::Result<usize> {
    usize::try_from(result).or_else(|_| {
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::Interrupted => Ok(0),
            _ => Err(error),
        }
    })
}

/// Waits for events. After an error the records are empty.
pub(super) fn wait(
    queue: BorrowedFd<'_>,
    records: &mut Events,
    timeout: Option<Duration>,
) -> io::Result<usize> {
    let timeout = timeout.map(timespec);
    let pointer = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    let fill = |room: &mut [MaybeUninit<Event>]| {
        let most = room.len().min(c_int::MAX as usize);
        // SAFETY: kevent(2) reads no change, writes at most as many records as `room` has places (a `Event` is one `struct
        // kevent`), and reads the time-out if there is one.
        let result = unsafe {
            ffi::kevent(
                queue.as_raw_fd(),
                ptr::null(),
                0,
                room.as_mut_ptr().cast(),
                most as _,
                pointer,
            )
        };
        usize::try_from(result).map_err(|_| io::Error::last_os_error())
    };
    // SAFETY: the call returns the number of records it has written, from the start.
    unsafe { records.0.fill(fill) }
}

/// The system's form of a time-out, which the caller has made short enough.
fn timespec(timeout: Duration) -> ffi::timespec {
    ffi::timespec {
        tv_sec: timeout.as_secs() as _,
        tv_nsec: timeout.subsec_nanos() as _,
    }
}
