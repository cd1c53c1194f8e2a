//! A fake poll(2), eventfd(2) and pipe(2). Every call locks one mutex, so loom may run any other
//! thread before and after it. A poll(2) without a timeout blocks until an fd is ready.

use std::collections::BTreeMap;
use std::ffi::c_short;
use std::os::fd::RawFd;

use loom::sync::{Condvar, Mutex};

use crate::sys::ffi;

loom::lazy_static! {
    /// The kernel of one run of a model.
    static ref KERNEL: Kernel = Kernel::default();
}

#[derive(Default)]
struct Kernel {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The eventfds and pipes.
    notifiers: Vec<Notifier>,
    /// What is ready, of the fds that a model has opened.
    files: BTreeMap<RawFd, c_short>,
    /// The fds that the blocked poll(2) waits for.
    polled: Vec<RawFd>,
    faults: Faults,
}

struct Notifier {
    reader: RawFd,
    writer: RawFd,
    /// What was written and not read: of a counter one sum, of a pipe all bytes.
    content: Vec<u8>,
    is_counter: bool,
}

/// Calls that fail.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// How many of the next writes to an eventfd or a pipe fail with EIO.
    pub failing_writes: usize,
    /// How many of the next polls that may block fail with EINTR.
    pub interrupted_polls: usize,
    /// A write fails with EAGAIN if an earlier one was not read.
    pub is_full_at_once: bool,
}

/// Sets which calls fail.
pub(crate) fn set_faults(faults: Faults) {
    KERNEL.state.lock().unwrap().faults = faults;
}

/// Opens an fd, or changes what is ready. It is readable if `is_readable`.
pub(crate) fn set_readable(fd: RawFd, is_readable: bool) {
    let ready = if is_readable { ffi::POLLIN } else { 0 };
    KERNEL.state.lock().unwrap().files.insert(fd, ready);
    KERNEL.changed.notify_all();
}

/// Waits until no blocked poll(2) waits for `fd`: it keeps the file open.
pub(crate) fn wait_until_not_polled(fd: RawFd) {
    let mut state = KERNEL.state.lock().unwrap();
    while state.polled.contains(&fd) {
        state = KERNEL.changed.wait(state).unwrap();
    }
}

impl State {
    /// Fills in `revents`, and returns how many entries are ready.
    fn fill(&self, array: &mut [ffi::pollfd]) -> usize {
        for entry in &mut *array {
            let notifier = self.notifiers.iter().find(|one| one.reader == entry.fd);
            let ready = match notifier {
                _ if entry.fd < 0 => 0,
                Some(notifier) if notifier.content.is_empty() => 0,
                Some(_) => ffi::POLLIN,
                None => self.files.get(&entry.fd).copied().unwrap_or(ffi::POLLNVAL),
            };
            let always = ffi::POLLERR | ffi::POLLHUP | ffi::POLLNVAL;
            entry.revents = ready & (entry.events | always);
        }
        array.iter().filter(|entry| entry.revents != 0).count()
    }
}

pub(crate) mod syscalls {
    //! Replaces `src/sys/unix/syscalls`.

    use std::fs::File;
    use std::io;
    use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

    use super::{KERNEL, Notifier};

    /// The types of the functions that `EventCaps` names. They are not called.
    pub(crate) type PthreadAtfork = fn();
    pub(crate) type Pipe2 = fn();
    pub(crate) type Pipe = fn();

    /// An fd with a number that no other open fd has. What it refers to does not matter.
    fn new_fd() -> io::Result<OwnedFd> {
        Ok(File::open("/dev/null")?.into())
    }

    pub(crate) fn is_open(_: RawFd) -> bool {
        true
    }

    fn add_notifier(reader: &OwnedFd, writer: &OwnedFd, is_counter: bool) {
        let mut state = KERNEL.state.lock().unwrap();
        state.notifiers.push(Notifier {
            reader: reader.as_raw_fd(),
            writer: writer.as_raw_fd(),
            content: Vec::new(),
            is_counter,
        });
    }

    pub(crate) mod poll {
        use std::ffi::c_int;
        use std::io;

        use super::super::KERNEL;
        use crate::sys::ffi;
        use crate::sys::timeout::KernelTimeout;

        /// A wait with a timeout ends at once: the models have no other clock.
        pub(crate) fn wait(array: &mut [ffi::pollfd], wait: KernelTimeout) -> io::Result<usize> {
            poll(
                array,
                if wait == KernelTimeout::Infinite {
                    -1
                } else {
                    0
                },
            )
        }

        pub(crate) fn wait_now(array: &mut [ffi::pollfd]) -> io::Result<usize> {
            poll(array, 0)
        }

        /// The fake kernel has no limit.
        pub(crate) fn is_too_long(_: &io::Error) -> bool {
            false
        }

        pub(crate) fn wait_without_gaps(
            array: &mut [ffi::pollfd],
            timeout: KernelTimeout,
            wait: impl Fn(&mut [ffi::pollfd], KernelTimeout) -> io::Result<usize>,
        ) -> io::Result<usize> {
            wait(array, timeout)
        }

        pub(crate) fn probe(array: &mut [ffi::pollfd]) -> io::Result<usize> {
            poll(array, 0)
        }

        pub(crate) fn poll(array: &mut [ffi::pollfd], millis: c_int) -> io::Result<usize> {
            let may_block = millis < 0;
            let mut state = KERNEL.state.lock().unwrap();
            if may_block && state.faults.interrupted_polls > 0 {
                state.faults.interrupted_polls -= 1;
                return Err(io::ErrorKind::Interrupted.into());
            }
            loop {
                let count = state.fill(array);
                if count > 0 || !may_block {
                    state.polled.clear();
                    drop(state);
                    KERNEL.changed.notify_all();
                    return Ok(count);
                }
                state.polled = array.iter().map(|entry| entry.fd).collect();
                state = KERNEL.changed.wait(state).unwrap();
            }
        }
    }

    pub(crate) mod pipe {
        use super::*;

        pub(crate) fn eventfd() -> io::Result<OwnedFd> {
            let fd = new_fd()?;
            add_notifier(&fd, &fd, true);
            Ok(fd)
        }

        pub(crate) fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
            let mut state = KERNEL.state.lock().unwrap();
            let fd = fd.as_raw_fd();
            let mut notifiers = state.notifiers.iter_mut();
            let notifier = notifiers.find(|one| one.reader == fd).unwrap();
            if notifier.content.is_empty() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let count = notifier.content.len().min(buffer.len());
            buffer[..count].copy_from_slice(&notifier.content[..count]);
            notifier.content.drain(..count);
            Ok(count)
        }

        pub(crate) fn write(fd: BorrowedFd<'_>, buffer: &[u8]) -> io::Result<usize> {
            let mut state = KERNEL.state.lock().unwrap();
            if state.faults.failing_writes > 0 {
                state.faults.failing_writes -= 1;
                return Err(io::Error::other("EIO"));
            }
            let is_full_at_once = state.faults.is_full_at_once;
            let fd = fd.as_raw_fd();
            let mut notifiers = state.notifiers.iter_mut();
            let notifier = notifiers.find(|one| one.writer == fd).unwrap();
            if is_full_at_once && !notifier.content.is_empty() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            // The models do not tell notifications apart, so a counter need not add them.
            if !notifier.is_counter || notifier.content.is_empty() {
                notifier.content.extend_from_slice(buffer);
            }
            drop(state);
            KERNEL.changed.notify_all();
            Ok(buffer.len())
        }

        pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
            let (reader, writer) = (new_fd()?, new_fd()?);
            add_notifier(&reader, &writer, false);
            Ok((reader, writer))
        }
    }

    pub(crate) mod atfork {
        //! Not called, since forks are not modeled.

        use super::PthreadAtfork;
        use crate::sys::sync::{AtomicUsize, unchanging};
        use crate::sys::wake_bits::Generation;

        pub(crate) fn generation(_: PthreadAtfork) -> Generation {
            Generation::unchanging()
        }

        pub(crate) fn process(_: PthreadAtfork) -> &'static AtomicUsize {
            unchanging()
        }
    }
}
