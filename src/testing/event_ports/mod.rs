//! A double of event ports, made of epoll(7) after the manual pages port_create(3C),
//! port_associate(3C), port_get(3C) and port_send(3C), so that the selector above it runs on Linux.
//! For tests only.
//!
//! A port is an epoll queue, so that it can be duplicated, inherited and polled. A descriptor that
//! is associated is in it for one event (`EPOLLONESHOT`), which is told at once if its condition
//! holds. What was told waits in this process, in the order of its happening, as it was then:
//! nobody asks again when it is taken. Taking it ends the association, and so does closing the
//! descriptor, also while a duplicate lives.
//!
//! Known to differ from the kernel: a condition that comes and goes between two calls is not told,
//! what poll(2) says of a descriptor is what Linux says, and associations do not count toward the
//! number of events that a port holds.
//!
//! What the manual pages leave open is as illumos does it: `port_associate_fd` forgets an event
//! that was not taken and reports `events`, POLLHUP and POLLERR; `port_dissociate_fd` returns
//! EBADFD for what is not open and ENOENT for what is not associated
//! (<https://github.com/illumos/illumos-gate/blob/5f5704245a8a5f5481611362a8db22105fb1de56/usr/src/uts/common/fs/portfs/port_fd.c>);
//! `port_getn` ends at once if nothing is wanted or the timeout is zero, without ETIME; `portfs`
//! returns EBADFD for a file descriptor that is no port; `port_create` sets no close-on-exec
//! (<https://github.com/illumos/illumos-gate/blob/5f5704245a8a5f5481611362a8db22105fb1de56/usr/src/uts/common/fs/portfs/port.c>).
//! The C library sets the count beside ETIME, and leaves it alone beside other errors.

pub(crate) mod faults;
mod syscall;

use std::collections::{HashMap, VecDeque};
use std::os::fd::{OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::sys::ffi;

use super::syscall as queue;
use queue::Errno;
pub(crate) use syscall::{port_associate, port_create, port_dissociate, port_getn, port_send};

/// How many events a port holds at most: the default of `process.port-max-events`
/// (<https://illumos.org/man/7/resource_controls>).
const MOST: usize = 65_536;

/// A `port_event` without its system's types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PortEvent {
    pub(crate) source: i32,
    pub(crate) events: i32,
    pub(crate) object: usize,
    pub(crate) user: usize,
}

/// One watched descriptor.
#[derive(Clone, Copy, Debug)]
struct Association {
    events: i32,
    user: usize,
    /// Which association of its number it is.
    generation: u32,
    /// Whether epoll can watch it. If not, it is a regular file, which is always ready.
    is_watched: bool,
}

/// One port.
#[derive(Debug, Default)]
struct Port {
    associations: HashMap<RawFd, Association>,
    /// What happened and was not taken.
    told: VecDeque<PortEvent>,
}

/// Everything.
#[derive(Debug)]
struct FakeKernel {
    bell: OwnedFd,
    /// A descriptor to give up when there are no more.
    spare: Option<OwnedFd>,
    ports: HashMap<u32, Port>,
    last_port: u32,
    last_generation: u32,
}

/// Made with the first port.
static WORLD: Mutex<Option<FakeKernel>> = Mutex::new(None);

fn world() -> MutexGuard<'static, Option<FakeKernel>> {
    WORLD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// port_create(3C). As the real one, it does not set close-on-exec.
fn create() -> Result<RawFd, Errno> {
    let mut guard = world();
    let world = match &mut *guard {
        Some(world) => world,
        none => none.insert(FakeKernel {
            bell: queue::new_bell()?,
            spare: Some(queue::new_bell()?),
            ports: HashMap::new(),
            last_port: 0,
            last_generation: 0,
        }),
    };
    world.last_port += 1;
    let id = world.last_port;
    let port = queue::make_queue(&[], &world.bell, id)?;
    world.ports.insert(id, Port::default());
    if id % 32 == 0 {
        let open = queue::open_queues();
        world.ports.retain(|id, _| open.contains(id));
    }
    Ok(port)
}

/// port_associate(3C).
fn associate(fd: RawFd, object: usize, events: i32, user: usize) -> Result<(), Errno> {
    if let Some(error) = faults::refuses_association() {
        return Err(error);
    }
    let mut guard = world();
    let (world, id) = identify(&mut guard, fd)?;
    let number = number(object)?;
    world.last_generation += 1;
    let generation = world.last_generation;
    let port = world.ports.get_mut(&id).ok_or(libc::EBADF)?;
    port.forget(fd, number);
    let data = u64::from(generation) << 32 | number as u32 as u64;
    let is_watched = match queue::control(fd, number, events | libc::EPOLLONESHOT, data) {
        Ok(()) => true,
        Err(libc::EPERM) => false,
        Err(error) => return Err(error),
    };
    let association = Association {
        events,
        user,
        generation,
        is_watched,
    };
    port.associations.insert(number, association);
    port.gather(fd);
    if !is_watched {
        port.tell(
            number,
            generation,
            events & (libc::EPOLLIN | libc::EPOLLOUT),
        );
    }
    queue::ring(&world.bell);
    Ok(())
}

/// port_dissociate(3C).
fn dissociate(fd: RawFd, object: usize) -> Result<(), Errno> {
    let mut guard = world();
    let (world, id) = identify(&mut guard, fd)?;
    let number = number(object)?;
    let port = world.ports.get_mut(&id).ok_or(libc::EBADF)?;
    port.forget_if_closed(fd, number);
    if port.forget(fd, number) {
        Ok(())
    } else {
        Err(libc::ENOENT)
    }
}

/// port_send(3C), and events of other sources.
fn send(fd: RawFd, event: PortEvent) -> Result<(), Errno> {
    if faults::is_full() {
        return Err(libc::EAGAIN);
    }
    let mut guard = world();
    let (world, id) = identify(&mut guard, fd)?;
    let port = world.ports.get_mut(&id).ok_or(libc::EBADF)?;
    if port.told.len() >= MOST {
        return Err(libc::EAGAIN);
    }
    port.told.push_back(event);
    queue::ring(&world.bell);
    Ok(())
}

/// What a wait led to: events and an error may come together.
struct Outcome {
    events: Vec<PortEvent>,
    error: Option<Errno>,
    /// Whether the caller's count is left as it was, as kernels have done.
    keeps_count: bool,
}

/// port_getn(3C) for `wanted` events, and at most `most`.
fn get(fd: RawFd, most: usize, wanted: usize, timeout: Option<Duration>) -> Result<Outcome, Errno> {
    if wanted > most {
        return Err(libc::EINVAL);
    }
    if wanted == 0 {
        return Ok(Outcome {
            events: Vec::new(),
            error: None,
            keeps_count: false,
        });
    }
    let time_is_up = (timeout != Some(Duration::ZERO)).then_some(ffi::ETIME);
    // A deadline that no clock reaches is none.
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    if faults::interrupts() {
        return Err(libc::EINTR);
    }
    loop {
        let mut guard = world();
        let (world, id) = identify(&mut guard, fd)?;
        let port = world.ports.get_mut(&id).ok_or(libc::EBADF)?;
        port.gather(fd);
        let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
        let is_up = left == Some(Duration::ZERO);
        if port.told.len() >= wanted || is_up {
            let events = port.take(fd, most);
            if !port.told.is_empty() {
                // A port with events is readable, and another thread may wait.
                queue::ring(&world.bell);
            }
            if events.is_empty() && !is_up {
                // What was told was of closed descriptors.
                continue;
            }
            let error = if events.is_empty() {
                time_is_up
            } else if events.len() < wanted {
                faults::beside_events().or(time_is_up)
            } else {
                faults::beside_events()
            };
            let keeps_count = error.is_some() && events.is_empty() && faults::keeps_count();
            return Ok(Outcome {
                events,
                error,
                keeps_count,
            });
        }
        drop(guard);
        queue::wait(fd, left)?;
    }
}

/// How many events there are.
fn count(fd: RawFd) -> Result<usize, Errno> {
    let mut guard = world();
    let (world, id) = identify(&mut guard, fd)?;
    let port = world.ports.get_mut(&id).ok_or(libc::EBADF)?;
    port.gather(fd);
    Ok(port.told.len())
}

/// Which port a descriptor is, or a duplicate of.
fn identify(world: &mut Option<FakeKernel>, fd: RawFd) -> Result<(&mut FakeKernel, u32), Errno> {
    let world = world.as_mut().ok_or(libc::EBADF)?;
    let id = match queue::identify(fd) {
        Err(libc::EMFILE) => {
            drop(world.spare.take());
            let id = queue::identify(fd);
            world.spare = queue::new_bell().ok();
            id
        }
        Err(libc::EBADF) if queue::is_open(fd) => Err(ffi::EBADFD),
        result => result,
    }?;
    Ok((world, id))
}

/// The number of an object that is to be watched.
fn number(object: usize) -> Result<RawFd, Errno> {
    RawFd::try_from(object)
        .ok()
        .filter(|number| queue::is_open(*number))
        .ok_or(ffi::EBADFD)
}

impl Port {
    /// Ends an association, with what was told and not taken. `false` if there is none.
    fn forget(&mut self, fd: RawFd, number: RawFd) -> bool {
        queue::delete(fd, number);
        let is_its = |event: &PortEvent| {
            event.source == ffi::PORT_SOURCE_FD && event.object == number as usize
        };
        self.told.retain(|event| !is_its(event));
        self.associations.remove(&number).is_some()
    }

    /// Closing a descriptor ends its association; here it ends when that is noticed.
    fn forget_if_closed(&mut self, fd: RawFd, number: RawFd) {
        let is_closed = match self.associations.get(&number) {
            Some(association) if association.is_watched => !queue::is_watched(fd, number),
            Some(_) => !queue::is_open(number),
            None => false,
        };
        if is_closed {
            self.forget(fd, number);
        }
    }

    /// Notes what has happened.
    fn gather(&mut self, fd: RawFd) {
        loop {
            let some = queue::taken(fd);
            for (data, events) in &some {
                self.tell(*data as u32 as RawFd, (data >> 32) as u32, *events as i32);
            }
            if some.is_empty() {
                return;
            }
        }
    }

    /// Notes an event of an association, if it still is. The bell has none.
    fn tell(&mut self, number: RawFd, generation: u32, events: i32) {
        let Some(association) = self.associations.get(&number) else {
            return;
        };
        if association.generation == generation {
            let shown = association.events | libc::EPOLLERR | libc::EPOLLHUP;
            self.told.push_back(PortEvent {
                source: ffi::PORT_SOURCE_FD,
                events: events & shown,
                object: number as usize,
                user: association.user,
            });
        }
    }

    /// Whether an event is that of the association of its number.
    fn is_of_association(&self, event: &PortEvent) -> bool {
        let association = self.associations.get(&(event.object as RawFd));
        association.is_some_and(|association| association.user == event.user)
    }

    /// Hands out at most so many events. With its event an association ends.
    fn take(&mut self, fd: RawFd, most: usize) -> Vec<PortEvent> {
        let mut events = Vec::new();
        while events.len() < most {
            let Some(event) = self.told.front().copied() else {
                break;
            };
            if event.source == ffi::PORT_SOURCE_FD {
                let number = event.object as RawFd;
                self.forget_if_closed(fd, number);
                let is_kept = self.told.front() == Some(&event);
                if is_kept && !self.is_of_association(&event) {
                    // Of a kernel that has kept what it should not.
                    self.told.pop_front();
                    events.push(event);
                } else if is_kept {
                    self.forget(fd, number);
                    events.push(event);
                }
            } else {
                self.told.pop_front();
                events.push(event);
            }
        }
        events
    }
}
