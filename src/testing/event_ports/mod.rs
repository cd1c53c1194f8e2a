//! A fake kernel with event ports, for tests only: it runs the event ports selector on Linux.
//!
//! It follows the manual pages [port_create(3C)], [port_associate(3C)], [port_get(3C)] and
//! [port_send(3C)]. A port is an epoll(7) instance, so that it can be duplicated, inherited and
//! polled. An association makes the epoll instance watch the file descriptor for one event
//! (`EPOLLONESHOT`), which is queued at once if the condition holds. Events are queued in this
//! process in the order in which they happen, and the condition is not evaluated again when they
//! are retrieved. An association ends when its event is retrieved or its fd is closed, even if a
//! duplicate of the fd is open.
//!
//! Where the manual pages are silent, the fake follows illumos:
//!
//! - `port_associate_fd` drops an event that was not retrieved, and reports `events`, POLLHUP and
//!   POLLERR. `port_dissociate_fd` returns EBADFD for an fd that is not open, ENOENT for one that
//!   is not associated, and EACCES in a process that did not associate it ([`port_fd.c`]).
//! - `port_getn` returns at once, without ETIME, if it is to wait for no event or the timeout is
//!   zero. `portfs` returns EBADFD for a file descriptor that is no port. `port_create` does not
//!   set close-on-exec ([`port.c`]).
//! - The C library's `port_getn` writes the count together with ETIME, but not together with other
//!   errors ([`event_port.c`]).
//!
//! Known differences from a real kernel: a condition that begins and ends between two calls is not
//! reported; the conditions of an fd are those of Linux' poll(2); and associations do not count
//! toward the number of events that a port holds.
//!
//! [port_create(3C)]: https://illumos.org/man/3C/port_create
//! [port_associate(3C)]: https://illumos.org/man/3C/port_associate
//! [port_get(3C)]: https://illumos.org/man/3C/port_get
//! [port_send(3C)]: https://illumos.org/man/3C/port_send
//! [`port_fd.c`]: https://github.com/illumos/illumos-gate/blob/5f5704245a8a5f5481611362a8db22105fb1de56/usr/src/uts/common/fs/portfs/port_fd.c
//! [`port.c`]: https://github.com/illumos/illumos-gate/blob/5f5704245a8a5f5481611362a8db22105fb1de56/usr/src/uts/common/fs/portfs/port.c
//! [`event_port.c`]: https://github.com/illumos/illumos-gate/blob/6040a68c1ef27209fe7cd5dfd799ddfa5f11a701/usr/src/lib/libc/port/gen/event_port.c

mod syscall;

use std::collections::{HashMap, VecDeque};
use std::os::fd::{OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::sys::ffi;

use super::injection::environment;
use super::syscall as host;
use host::Errno;
pub(crate) use syscall::{port_associate, port_create, port_dissociate, port_getn, port_send};

/// The most events that a port holds: the default of `process.max-port-events`
/// (<https://illumos.org/man/7/resource_controls>).
const MAX_EVENTS: usize = 65_536;

/// A `port_event` without its system's types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PortEvent {
    pub(crate) source: i32,
    pub(crate) events: i32,
    pub(crate) object: usize,
    pub(crate) user: usize,
}

/// The association of a file descriptor with a port.
#[derive(Clone, Copy, Debug)]
struct Association {
    events: i32,
    user: usize,
    /// Distinguishes it from earlier associations of the same fd.
    generation: u32,
    /// Whether epoll can watch the fd. If not, it is a regular file, which is always ready.
    is_in_epoll: bool,
    /// The process that associated the fd first. Only that one can dissociate it.
    owner: u32,
}

/// One port.
#[derive(Debug, Default)]
struct Port {
    associations: HashMap<RawFd, Association>,
    /// The events that were not retrieved.
    queued: VecDeque<PortEvent>,
}

/// All ports of the process.
#[derive(Debug)]
struct FakeKernel {
    wake_fd: OwnedFd,
    /// Closed for a moment when the process has no free fd, but the fake kernel needs one.
    spare_fd: Option<OwnedFd>,
    ports: HashMap<u32, Port>,
    last_id: u32,
    last_generation: u32,
}

/// Created with the first port.
static KERNEL: Mutex<Option<FakeKernel>> = Mutex::new(None);

fn lock_kernel() -> MutexGuard<'static, Option<FakeKernel>> {
    KERNEL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// port_create(3C). Like the real one, it does not set close-on-exec.
fn create() -> Result<RawFd, Errno> {
    let mut guard = lock_kernel();
    let kernel = match &mut *guard {
        Some(kernel) => kernel,
        none => none.insert(FakeKernel {
            wake_fd: host::new_wake_fd()?,
            spare_fd: Some(host::new_wake_fd()?),
            ports: HashMap::new(),
            last_id: 0,
            last_generation: 0,
        }),
    };
    kernel.last_id += 1;
    let id = kernel.last_id;
    let port = host::new_fake_fd(&[], &kernel.wake_fd, id)?;
    kernel.ports.insert(id, Port::default());
    if id % 32 == 0 {
        let open = host::open_ids();
        kernel.ports.retain(|id, _| open.contains(id));
    }
    Ok(port)
}

/// port_associate(3C).
fn associate(port_fd: RawFd, object: usize, events: i32, user: usize) -> Result<(), Errno> {
    let mut guard = lock_kernel();
    let (kernel, id) = identify(&mut guard, port_fd)?;
    let fd = open_fd(object)?;
    kernel.last_generation += 1;
    let generation = kernel.last_generation;
    let port = kernel.ports.get_mut(&id).ok_or(libc::EBADF)?;
    let before = port.associations.get(&fd).map(|before| before.owner);
    port.remove_association(port_fd, fd);
    let data = u64::from(generation) << 32 | fd as u32 as u64;
    let is_in_epoll = match host::epoll_add(port_fd, fd, events | libc::EPOLLONESHOT, data) {
        Ok(()) => true,
        Err(libc::EPERM) => false,
        Err(error) => return Err(error),
    };
    let association = Association {
        events,
        user,
        generation,
        is_in_epoll,
        owner: before.unwrap_or_else(std::process::id),
    };
    port.associations.insert(fd, association);
    port.queue_epoll_events(port_fd);
    if !is_in_epoll {
        let ready = events & (libc::EPOLLIN | libc::EPOLLOUT);
        port.queue_event(fd, generation, ready);
    }
    host::wake_waiters(&kernel.wake_fd);
    Ok(())
}

/// port_dissociate(3C).
fn dissociate(port_fd: RawFd, object: usize) -> Result<(), Errno> {
    let mut guard = lock_kernel();
    let (kernel, id) = identify(&mut guard, port_fd)?;
    let fd = open_fd(object)?;
    let port = kernel.ports.get_mut(&id).ok_or(libc::EBADF)?;
    port.remove_if_closed(port_fd, fd);
    let association = port.associations.get(&fd);
    if association.is_some_and(|association| association.owner != std::process::id()) {
        return Err(libc::EACCES);
    }
    if port.remove_association(port_fd, fd) {
        Ok(())
    } else {
        Err(libc::ENOENT)
    }
}

/// port_send(3C), and events of other sources.
fn send(port_fd: RawFd, event: PortEvent) -> Result<(), Errno> {
    let mut guard = lock_kernel();
    let (kernel, id) = identify(&mut guard, port_fd)?;
    let port = kernel.ports.get_mut(&id).ok_or(libc::EBADF)?;
    if port.queued.len() >= MAX_EVENTS {
        return Err(libc::EAGAIN);
    }
    port.queued.push_back(event);
    host::wake_waiters(&kernel.wake_fd);
    Ok(())
}

/// The result of a wait, which may have both events and an error.
struct Outcome {
    events: Vec<PortEvent>,
    error: Option<Errno>,
    /// Whether the caller's count is not written.
    leaves_count: bool,
}

/// port_getn(3C) that waits for `wanted` events and returns at most `max`.
fn get(
    port_fd: RawFd,
    max: usize,
    wanted: usize,
    timeout: Option<Duration>,
) -> Result<Outcome, Errno> {
    if wanted > max {
        return Err(libc::EINVAL);
    }
    if wanted == 0 {
        return Ok(Outcome {
            events: Vec::new(),
            error: None,
            leaves_count: false,
        });
    }
    let timed_out_error = (timeout != Some(Duration::ZERO)).then_some(ffi::ETIME);
    // A deadline that the clock cannot represent is none.
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    if environment::interrupts() {
        return Err(libc::EINTR);
    }
    loop {
        let mut guard = lock_kernel();
        let (kernel, id) = identify(&mut guard, port_fd)?;
        let port = kernel.ports.get_mut(&id).ok_or(libc::EBADF)?;
        port.queue_epoll_events(port_fd);
        let remaining = deadline.map(|end| end.saturating_duration_since(Instant::now()));
        let is_timed_out = remaining == Some(Duration::ZERO);
        if port.queued.len() >= wanted || is_timed_out {
            let events = port.take_events(port_fd, max);
            if !port.queued.is_empty() {
                // A port with events is readable, and another thread may wait.
                host::wake_waiters(&kernel.wake_fd);
            }
            if events.is_empty() && !is_timed_out {
                // All queued events were of closed file descriptors.
                continue;
            }
            let error = if events.is_empty() {
                timed_out_error
            } else if events.len() < wanted {
                faults::error_with_events().or(timed_out_error)
            } else {
                faults::error_with_events()
            };
            let leaves_count = error.is_some() && events.is_empty() && faults::leaves_count();
            return Ok(Outcome {
                events,
                error,
                leaves_count,
            });
        }
        drop(guard);
        host::wait(port_fd, remaining)?;
    }
}

/// The number of queued events.
fn count(port_fd: RawFd) -> Result<usize, Errno> {
    let mut guard = lock_kernel();
    let (kernel, id) = identify(&mut guard, port_fd)?;
    let port = kernel.ports.get_mut(&id).ok_or(libc::EBADF)?;
    port.queue_epoll_events(port_fd);
    Ok(port.queued.len())
}

/// The id of a port, of which `fd` is a file descriptor.
fn identify(kernel: &mut Option<FakeKernel>, fd: RawFd) -> Result<(&mut FakeKernel, u32), Errno> {
    let kernel = kernel.as_mut().ok_or(libc::EBADF)?;
    let id = match host::id_of(fd) {
        Err(libc::EMFILE) => {
            drop(kernel.spare_fd.take());
            let id = host::id_of(fd);
            kernel.spare_fd = host::new_wake_fd().ok();
            id
        }
        Err(libc::EBADF) if host::is_open(fd) => Err(ffi::EBADFD),
        result => result,
    }?;
    Ok((kernel, id))
}

/// Converts an object that is to be associated to an open file descriptor.
fn open_fd(object: usize) -> Result<RawFd, Errno> {
    RawFd::try_from(object)
        .ok()
        .filter(|fd| host::is_open(*fd))
        .ok_or(ffi::EBADFD)
}

impl Port {
    /// Ends the association of `fd`, and drops its event. `false` if `fd` has none.
    fn remove_association(&mut self, port_fd: RawFd, fd: RawFd) -> bool {
        host::epoll_remove(port_fd, fd);
        self.queued
            .retain(|event| event.source != ffi::PORT_SOURCE_FD || event.object != fd as usize);
        self.associations.remove(&fd).is_some()
    }

    /// Ends the association of `fd` if its file was closed. A real kernel does that in close(2).
    fn remove_if_closed(&mut self, port_fd: RawFd, fd: RawFd) {
        let is_closed = match self.associations.get(&fd) {
            Some(association) if association.is_in_epoll => !host::is_in_epoll(port_fd, fd),
            Some(_) => !host::is_open(fd),
            None => false,
        };
        if is_closed {
            self.remove_association(port_fd, fd);
        }
    }

    /// Queues the events that epoll reports.
    fn queue_epoll_events(&mut self, port_fd: RawFd) {
        loop {
            let taken = host::take_epoll_events(port_fd);
            for (data, events) in &taken {
                self.queue_event(*data as u32 as RawFd, (data >> 32) as u32, *events as i32);
            }
            if taken.is_empty() {
                return;
            }
        }
    }

    /// Queues the event of an association that still exists. The wake fd has no association.
    fn queue_event(&mut self, fd: RawFd, generation: u32, events: i32) {
        let Some(association) = self.associations.get(&fd) else {
            return;
        };
        if association.generation == generation {
            let reported = association.events | libc::EPOLLERR | libc::EPOLLHUP;
            self.queued.push_back(PortEvent {
                source: ffi::PORT_SOURCE_FD,
                events: events & reported,
                object: fd as usize,
                user: association.user,
            });
        }
    }

    /// Whether an event belongs to the present association of its fd.
    fn is_of_association(&self, event: &PortEvent) -> bool {
        let association = self.associations.get(&(event.object as RawFd));
        association.is_some_and(|association| association.user == event.user)
    }

    /// Retrieves at most `max` events. Retrieving its event ends an association.
    fn take_events(&mut self, port_fd: RawFd, max: usize) -> Vec<PortEvent> {
        let mut events = Vec::new();
        while events.len() < max {
            let Some(event) = self.queued.front().copied() else {
                break;
            };
            if event.source == ffi::PORT_SOURCE_FD {
                let fd = event.object as RawFd;
                self.remove_if_closed(port_fd, fd);
                let is_queued = self.queued.front() == Some(&event);
                if is_queued && !self.is_of_association(&event) {
                    // A test has injected this stale event.
                    self.queued.pop_front();
                    events.push(event);
                } else if is_queued {
                    self.remove_association(port_fd, fd);
                    events.push(event);
                }
            } else {
                self.queued.pop_front();
                events.push(event);
            }
        }
        events
    }
}

pub(crate) mod faults {
    //! Behavior that a kernel shows rarely: faults that a test injects.
    //!
    //! A unit test calls `with`, which affects the calls of its own thread. `errors` are calls that
    //! fail (see `testing::injection`), the other fields what else this kernel may do. The
    //! environment variable `MIO_FAKE_KERNEL_FAULTS` affects all threads of the process:
    //!
    //! - `etime`: port_getn(3C) returns events together with ETIME.
    //! - `eintr`: port_getn(3C) returns events together with EINTR.
    //! - `leave-count`: with ETIME and no events, port_getn(3C) does not write the count.
    //! - `interrupt`: every fifth wait returns EINTR and no events.

    use std::cell::RefCell;
    use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
    use std::time::Duration;

    use super::PortEvent;
    use super::host::Errno;
    use crate::sys::ffi;
    use crate::testing::injection::{self, Fault, environment};

    /// The faults to inject.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Faults {
        /// Calls that fail.
        pub(crate) errors: Vec<Fault>,
        /// Events are returned together with this error.
        pub(crate) error_with_events: Option<Errno>,
        /// With ETIME and no events, the count is not written.
        pub(crate) leaves_count: bool,
    }

    thread_local! {
        static FAULTS: RefCell<Faults> = RefCell::new(Faults::default());
    }

    /// Runs `run` with these faults in the calls of this thread.
    #[allow(dead_code)] // Only unit tests use it.
    pub(crate) fn with<T>(faults: Faults, run: impl FnOnce() -> T) -> T {
        let errors = faults.errors.clone();
        let old = FAULTS.replace(faults);
        let result = injection::with(&errors, run);
        FAULTS.set(old);
        result
    }

    pub(super) fn error_with_events() -> Option<Errno> {
        if environment::has("etime") {
            Some(ffi::ETIME)
        } else if environment::has("eintr") {
            Some(libc::EINTR)
        } else {
            FAULTS.with_borrow(|faults| faults.error_with_events)
        }
    }

    pub(super) fn leaves_count() -> bool {
        environment::has("leave-count") || FAULTS.with_borrow(|faults| faults.leaves_count)
    }

    /// port_dissociate(3C).
    #[allow(dead_code)] // Only unit tests use it.
    pub(crate) fn dissociate(port: BorrowedFd<'_>, fd: RawFd) -> Result<(), Errno> {
        super::dissociate(port.as_raw_fd(), fd as usize)
    }

    /// port_getn(3C) that waits for `wanted` events. Returns the number of events, and the error.
    #[allow(dead_code)] // Only unit tests use it.
    pub(crate) fn get(
        port: BorrowedFd<'_>,
        wanted: usize,
        timeout: Duration,
    ) -> (usize, Option<Errno>) {
        match super::get(port.as_raw_fd(), 4, wanted, Some(timeout)) {
            Ok(outcome) => (outcome.events.len(), outcome.error),
            Err(error) => (0, Some(error)),
        }
    }

    /// Queues an event that no association or port_send(3C) has caused.
    #[allow(dead_code)] // Only unit tests use it.
    pub(crate) fn inject_event(port: BorrowedFd<'_>, event: PortEvent) -> Result<(), Errno> {
        super::send(port.as_raw_fd(), event)
    }

    /// Closes `fd` and opens another file with the same fd.
    #[allow(dead_code)] // Only unit tests use it.
    pub(crate) fn replace(fd: RawFd, by: OwnedFd) {
        super::syscall::replace(fd, &by);
    }

    /// Closes a file descriptor.
    #[allow(dead_code)] // Only unit tests use it.
    pub(crate) fn close(fd: RawFd) {
        super::syscall::close(fd);
    }
}
