//! The system calls of kqueue(2), and `struct kevent`, which they read and write.
//!
//! The types of the fields differ between systems, so each access converts its field.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use super::ret::{ret, ret_count, ret_owned_fd};
use crate::Token;
use crate::sys::event_buffer::KernelVec;
use crate::sys::ffi;
use crate::sys::selector;
use crate::sys::unix::forks::Creator;

pub(crate) use super::is_open;

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
/// `EV_CLEAR`: makes a filter edge-triggered.
pub(crate) const CLEAR: u32 = ffi::EV_CLEAR as _;
/// `EV_ONESHOT`: deletes a filter with its first event.
pub(crate) const ONESHOT: u32 = ffi::EV_ONESHOT as _;
/// `EV_RECEIPT`: requests a receipt for each change, and no events beside receipts.
pub(crate) const RECEIPT: u32 = ffi::EV_RECEIPT as _;
/// `EV_EOF`.
pub(crate) const EOF: u32 = ffi::EV_EOF as _;
/// `EV_ERROR`: marks a receipt or the error of a change.
pub(crate) const ERROR: u32 = ffi::EV_ERROR as _;

/// One `struct kevent`: a change, a receipt or an event.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Event(ffi::kevent);

// SAFETY: `udata` may have a pointer type, but this crate only reads and writes its address.
unsafe impl Send for Event {}
// SAFETY: as for `Send`; besides, nothing changes an event through a shared reference.
unsafe impl Sync for Event {}

impl Event {
    /// An event with these fields. All others are zero.
    pub(crate) fn new(ident: usize, filter: i32, flags: u32, fflags: u32, token: Token) -> Event {
        // SAFETY: `struct kevent` consists of integers and a raw pointer, for all of which zeros
        // are a valid value.
        let mut event: ffi::kevent = unsafe { MaybeUninit::zeroed().assume_init() };
        event.ident = ident as _;
        // Filter and flags are constants of the same system as the fields, so they fit.
        event.filter = filter as _;
        event.flags = flags as _;
        event.fflags = fflags as _;
        event.udata = token.0 as _;
        Event(event)
    }

    /// The object that the filter watches: a file descriptor, or the ident of a user event.
    pub(crate) fn ident(&self) -> usize {
        self.0.ident as _
    }

    /// The same event of another object.
    pub(crate) fn with_ident(mut self, ident: usize) -> Event {
        self.0.ident = ident as _;
        self
    }

    /// The filter.
    pub(crate) fn filter(&self) -> i32 {
        self.0.filter as _
    }

    /// The flags that all filters share (`EV_*`).
    pub(crate) fn flags(&self) -> u32 {
        self.0.flags as _
    }

    /// The flags of this filter (`NOTE_*`), or an errno.
    pub(crate) fn fflags(&self) -> u32 {
        self.0.fflags as _
    }

    /// The data of this filter, such as a number of bytes.
    pub(crate) fn data(&self) -> i64 {
        self.0.data as _
    }

    /// The value that the caller attached to the filter.
    pub(crate) fn udata(&self) -> usize {
        self.0.udata as _
    }
}

/// The event buffer, which the kernel fills.
pub(crate) struct Events(KernelVec<Event>);

impl Events {
    /// Replaces one event.
    pub(crate) fn replace(&mut self, index: usize, event: Event) {
        if let Some(slot) = self.0.as_mut_slice().get_mut(index) {
            *slot = event;
        }
    }

    /// Appends an event. `false` if there is no room.
    pub(crate) fn push(&mut self, event: Event) -> bool {
        self.0.push(event)
    }

    /// Removes one event.
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

/// The file descriptor of a kqueue, which only the process that created it closes.
///
/// A child does not [inherit] a kqueue across fork(2): in the child the fd is closed, or belongs to
/// a file that the child opened later.
///
/// [inherit]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
#[derive(Debug)]
pub(crate) struct KqueueFd {
    fd: ManuallyDrop<OwnedFd>,
    creator: Creator,
}

impl KqueueFd {
    /// Creates a kqueue.
    pub(crate) fn new() -> io::Result<KqueueFd> {
        Ok(KqueueFd {
            creator: Creator::this_process(),
            fd: ManuallyDrop::new(create()?),
        })
    }

    /// Whether this process is a forked child of the one that created the kqueue.
    pub(crate) fn is_in_forked_child(&self) -> bool {
        self.creator.is_in_child()
    }

    /// The fd. `EBADF` in a forked child.
    pub(crate) fn borrow(&self) -> io::Result<BorrowedFd<'_>> {
        if self.is_in_forked_child() {
            return Err(io::Error::from_raw_os_error(ffi::EBADF));
        }
        Ok(self.fd.as_fd())
    }
}

impl AsFd for KqueueFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for KqueueFd {
    fn drop(&mut self) {
        if !self.is_in_forked_child() {
            // SAFETY: only this destructor drops `fd`, and nothing uses it afterwards, because it
            // is a field of the value that is being dropped.
            unsafe { ManuallyDrop::drop(&mut self.fd) };
        }
    }
}

/// kqueue(2), and then fcntl(2) to set close-on-exec.
fn create() -> io::Result<OwnedFd> {
    // SAFETY: kqueue(2) takes no arguments and touches no memory.
    let fd = unsafe { ffi::kqueue() };
    // SAFETY: unless it is -1, `fd` is a new file descriptor that nothing else owns.
    let kq = unsafe { ret_owned_fd(fd) }?;
    // SAFETY: fcntl(2) with F_SETFD takes an int, the flag, and touches no memory.
    ret(unsafe { ffi::fcntl(kq.as_raw_fd(), ffi::F_SETFD, ffi::FD_CLOEXEC) })?;
    Ok(kq)
}

/// Applies changes that all have `EV_RECEIPT`, and overwrites each with its receipt.
///
/// Returns the number of receipts. The kernel returns no events together with receipts.
pub(crate) fn change_with_receipts(kq: BorrowedFd<'_>, changes: &mut [Event]) -> io::Result<usize> {
    let list: *mut ffi::kevent = changes.as_mut_ptr().cast();
    let count = changes.len();
    // A kernel that returns a receipt does not wait. The timeout is for one that returns none.
    let timeout = timespec(Duration::ZERO);
    // SAFETY: kevent(2) reads `count` changes and writes at most as many receipts to the same
    // array, which https://man.freebsd.org/cgi/man.cgi?query=kevent&sektion=2 allows: the kernel
    // copies a change before it writes the receipt. An `Event` is one `struct kevent`. The call
    // reads `timeout`.
    let result = unsafe {
        ffi::kevent(
            kq.as_raw_fd(),
            list,
            count as _,
            list,
            count as _,
            &raw const timeout,
        )
    };
    change_result(result)
}

/// Applies changes without room for receipts or events. The first error ends the call: the kernel
/// does not apply the changes after it.
pub(crate) fn change_without_receipts(kq: BorrowedFd<'_>, changes: &[Event]) -> io::Result<()> {
    let list: *const ffi::kevent = changes.as_ptr().cast();
    let timeout = timespec(Duration::ZERO);
    // SAFETY: kevent(2) reads all changes, each of which is one `struct kevent`, and `timeout`. It
    // has no room to write to.
    let result = unsafe {
        ffi::kevent(
            kq.as_raw_fd(),
            list,
            changes.len() as _,
            ptr::null_mut(),
            0,
            &raw const timeout,
        )
    };
    change_result(result).map(|_| ())
}

/// The count that kevent(2) returned for changes. A signal is no error: the kernel [applies all
/// changes] before it waits, so an interrupted call only lacks the receipts.
///
/// [applies all changes]: https://man.freebsd.org/cgi/man.cgi?query=kevent&sektion=2
fn change_result(result: c_int) -> io::Result<usize> {
    ret_count(result).or_else(|error| match error.kind() {
        io::ErrorKind::Interrupted => Ok(0),
        _ => Err(error),
    })
}

/// Waits for events. After an error `events` is empty.
pub(crate) fn wait(
    kq: BorrowedFd<'_>,
    events: &mut Events,
    timeout: Option<Duration>,
) -> io::Result<usize> {
    let timeout = timeout.map(timespec);
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    let fill = |room: &mut [MaybeUninit<Event>]| {
        let count = room.len().min(c_int::MAX as usize);
        // SAFETY: kevent(2) reads no change, writes at most `count` events, for which `room` has
        // space (an `Event` is one `struct kevent`), and reads the timeout if there is one.
        ret_count(unsafe {
            ffi::kevent(
                kq.as_raw_fd(),
                ptr::null(),
                0,
                room.as_mut_ptr().cast(),
                count as _,
                timeout,
            )
        })
    };
    // SAFETY: `fill` returns the number of events that the call has written, from the start.
    unsafe { events.0.fill(fill) }
}

/// Converts a timeout that the caller has clamped.
fn timespec(timeout: Duration) -> ffi::timespec {
    ffi::timespec {
        tv_sec: timeout.as_secs() as _,
        tv_nsec: timeout.subsec_nanos() as _,
    }
}

/// fstat(2). `None` for an fd that is not open.
fn status(fd: RawFd) -> Option<libc::stat> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: fstat(2) writes one `stat`, for which there is room.
    ret(unsafe { ffi::fstat(fd, status.as_mut_ptr()) }).ok()?;
    // SAFETY: fstat(2) succeeded, so it has written the `stat`.
    Some(unsafe { status.assume_init() })
}

/// The number of the device that a character special file stands for. `None` for other files, and
/// for an fd that is not open.
pub(crate) fn character_device(fd: RawFd) -> Option<u64> {
    let status = status(fd)?;
    // As std converts the number.
    (status.st_mode & libc::S_IFMT == libc::S_IFCHR).then_some(status.st_rdev as _)
}

/// Identifies the file that an fd refers to.
///
/// [NetBSD] and [OpenBSD] give pipes neither a device number nor an inode number. There the change
/// time of a pipe is the time of its creation: two pipes of one tick of the clock are alike.
///
/// [NetBSD]: https://github.com/NetBSD/src/blob/0099411437599d0f288840a8155fe1c6237ba5bb/sys/kern/sys_pipe.c
/// [OpenBSD]: https://github.com/openbsd/src/blob/029b91ee4a71acb8fc1e54fe1ef0711437738fe6/sys/kern/sys_pipe.c
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
    kind: u32,
    /// Seconds and nanoseconds. Zero for files with an inode number, whose change time changes.
    created: [i64; 2],
}

impl FileId {
    /// `None` for an fd that is not open.
    pub(crate) fn of(fd: RawFd) -> Option<FileId> {
        let status = status(fd)?;
        Some(FileId {
            device: status.st_dev as _,
            inode: status.st_ino as _,
            kind: (status.st_mode & libc::S_IFMT) as _,
            created: match status.st_ino {
                0 => [status.st_ctime as _, value!(change_nanoseconds status) as _],
                _ => [0; 2],
            },
        })
    }
}

cfg_macos! {
    /// The device number of the terminal that controls this process. `NODEV`, which is -1, if it
    /// has none ([`proc_pidbsdinfo`]).
    ///
    /// [`proc_pidbsdinfo`]: https://github.com/apple-oss-distributions/xnu/blob/e3723e1f17661b24996789d8afc084c0c3303b26/bsd/kern/proc_info.c#L789-L797
    pub(crate) fn controlling_terminal() -> Option<u64> {
        const SIZE: c_int = std::mem::size_of::<libc::proc_bsdinfo>() as c_int;
        let mut info = MaybeUninit::<libc::proc_bsdinfo>::uninit();
        let process = std::process::id() as c_int;
        let pointer = info.as_mut_ptr().cast();
        // SAFETY: proc_pidinfo writes at most `SIZE` bytes to `info`, which has that size.
        let written =
            unsafe { libc::proc_pidinfo(process, libc::PROC_PIDTBSDINFO, 0, pointer, SIZE) };
        if written != SIZE {
            return None;
        }
        // SAFETY: the call has written all bytes of the structure, which consists of integers.
        let info = unsafe { info.assume_init() };
        let device = info.e_tdev as libc::dev_t;
        // As std converts the number.
        (device != -1).then_some(device as _)
    }
}
