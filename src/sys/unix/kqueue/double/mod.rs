//! A double of kqueue(2), made of epoll(7), so that the selector above it runs on Linux. For tests only.
//!
//! A descriptor of the double is an epoll queue, so that it can be duplicated, inherited and polled. The knotes are in this
//! process, in one table under one lock. What they watch is watched for the whole process by two inner epoll queues, one for
//! reading and one for writing: each filter has edges of its own. Every queue watches both, and a bell that is rung when knotes
//! become active by other means. Before an event is handed out its condition is asked for again, as kernels do.
//!
//! Known to differ from a kernel: the end of a peer's stream gives one more event for writing; a listener's `data` is 0 or 1;
//! pipes have one direction; out-of-band data and watching a kqueue by a kqueue are missing.

mod condition;
pub(crate) mod faults;
mod personality;
#[path = "../../queue_double/syscall.rs"]
mod queue;
mod syscall;

use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::sys::raw;

use personality::{DeadPipe, PERSONALITY};
use queue::Errno;
pub(crate) use syscall::{kevent, kqueue};

/// `EV_ADD` and its kin, which have one value everywhere.
const ADD: u32 = raw::EV_ADD as _;
const DELETE: u32 = raw::EV_DELETE as _;
const ENABLE: u32 = 0x4;
const DISABLE: u32 = 0x8;
const ONE_SHOT: u32 = 0x10;
const CLEAR: u32 = raw::EV_CLEAR as _;
const RECEIPT: u32 = raw::EV_RECEIPT as _;
const DISPATCH: u32 = 0x80;
const TRIGGER: u32 = raw::NOTE_TRIGGER as _;
const ERROR: u32 = raw::EV_ERROR as _;
const EOF: u32 = raw::EV_EOF as _;

/// A filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Filter {
    Read,
    Write,
    User,
}

impl Filter {
    fn of(number: i32) -> Option<Filter> {
        if number == raw::EVFILT_READ as i32 {
            Some(Filter::Read)
        } else if number == raw::EVFILT_WRITE as i32 {
            Some(Filter::Write)
        } else if number == raw::EVFILT_USER as i32 {
            Some(Filter::User)
        } else {
            None
        }
    }
}

/// A `struct kevent` without its system's types.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) ident: usize,
    pub(crate) filter: i32,
    pub(crate) flags: u32,
    pub(crate) fflags: u32,
    pub(crate) data: i64,
    pub(crate) udata: usize,
}

type Key = (usize, Filter);

/// One watched filter.
#[derive(Debug)]
struct Knote {
    /// As last given; the flags as first given.
    event: Event,
    disabled: bool,
    /// In the queue's list of what may have happened.
    active: bool,
    /// A user event that was triggered.
    triggered: bool,
    /// Whether the socket was ever seen connected.
    connected: bool,
    /// Which watching of the number it belongs to; 0 if epoll cannot watch it.
    generation: u32,
}

/// One queue.
#[derive(Debug, Default)]
struct Queue {
    knotes: HashMap<Key, Knote>,
    /// In the order of activation.
    active: VecDeque<Key>,
}

/// A number that an inner queue watches.
#[derive(Debug)]
struct Watch {
    generation: u32,
    users: usize,
}

/// Everything.
#[derive(Debug)]
struct World {
    /// The inner queues, for reading and for writing.
    inner: [OwnedFd; 2],
    bell: OwnedFd,
    /// A descriptor to give up when there are no more.
    spare: Option<OwnedFd>,
    queues: HashMap<u32, Queue>,
    watches: [HashMap<RawFd, Watch>; 2],
    last_queue: u32,
    last_generation: u32,
}

/// Made with the first queue.
static WORLD: Mutex<Option<World>> = Mutex::new(None);

fn world() -> MutexGuard<'static, Option<World>> {
    WORLD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// kqueue(2). As the real one, it does not set close-on-exec.
fn new_queue() -> Result<RawFd, Errno> {
    let mut guard = world();
    let world = match &mut *guard {
        Some(world) => world,
        none => none.insert(World::new()?),
    };
    world.last_queue += 1;
    let id = world.last_queue;
    let queue = queue::make_queue(&world.inner, &world.bell, id)?;
    world.queues.insert(id, Queue::default());
    if id % 32 == 0 {
        world.forget_closed_queues();
    }
    Ok(queue)
}

/// kevent(2).
fn call(
    fd: RawFd,
    changes: &[Event],
    room: usize,
    timeout: Option<Result<Duration, Errno>>,
) -> Result<Vec<Event>, Errno> {
    let mut guard = world();
    let world = guard.as_mut().ok_or(libc::EBADF)?;
    let id = world.identify(fd)?;
    let timeout = timeout.transpose()?;
    let mut posted = Vec::new();
    for change in changes {
        let answer = match faults::refusal(change) {
            Some(error) => Err(error),
            None => world.change(id, change),
        };
        if answer.is_ok() && change.flags & RECEIPT == 0 {
            continue;
        }
        if posted.len() < room {
            let kept = if PERSONALITY.receipts_keep_flags {
                change.flags
            } else {
                0
            };
            posted.push(Event {
                flags: kept | ERROR,
                data: answer.err().unwrap_or(0).into(),
                ..*change
            });
        } else if let Err(error) = answer {
            return Err(error);
        } else if PERSONALITY.receipts_need_room {
            return Ok(Vec::new());
        }
    }
    if !posted.is_empty() || room == 0 {
        return Ok(posted);
    }
    drop(guard);

    let room = faults::room(room);
    if faults::interrupts() {
        return Err(libc::EINTR);
    }
    // A deadline that no clock reaches is none.
    let start = Instant::now();
    let deadline = timeout.and_then(|timeout| start.checked_add(timeout));
    loop {
        let mut guard = self::world();
        let world = guard.as_mut().ok_or(libc::EBADF)?;
        world.gather(id);
        let mut events = world.collect(id, room);
        drop(guard);
        faults::disturb(&mut events, room);
        if !events.is_empty() {
            return Ok(events);
        }
        let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Ok(events);
        }
        queue::wait(fd, left)?;
        // Takes the bell's edge.
        queue::taken(fd);
    }
}

impl World {
    fn new() -> Result<World, Errno> {
        Ok(World {
            inner: [queue::new_inner()?, queue::new_inner()?],
            bell: queue::new_bell()?,
            spare: Some(queue::new_bell()?),
            queues: HashMap::new(),
            watches: [HashMap::new(), HashMap::new()],
            last_queue: 0,
            last_generation: 0,
        })
    }

    /// Which queue a descriptor is, or a duplicate of.
    fn identify(&mut self, fd: RawFd) -> Result<u32, Errno> {
        let id = match queue::identify(fd) {
            Err(libc::EMFILE) => {
                drop(self.spare.take());
                let id = queue::identify(fd);
                self.spare = queue::new_bell().ok();
                id
            }
            result => result,
        }?;
        if self.queues.contains_key(&id) {
            Ok(id)
        } else {
            Err(libc::EBADF)
        }
    }

    fn forget_closed_queues(&mut self) {
        let open = queue::open_queues();
        let closed: Vec<u32> = self
            .queues
            .keys()
            .copied()
            .filter(|id| !open.contains(id))
            .collect();
        for id in closed {
            let keys: Vec<Key> = match self.queues.get(&id) {
                Some(queue) => queue.knotes.keys().copied().collect(),
                None => continue,
            };
            for key in keys {
                self.remove(id, key);
            }
            self.queues.remove(&id);
        }
    }

    /// Makes one change.
    fn change(&mut self, id: u32, change: &Event) -> Result<(), Errno> {
        let filter = Filter::of(change.filter).ok_or(libc::EINVAL)?;
        if filter == Filter::User && !faults::has_user_events() {
            return Err(libc::EINVAL);
        }
        if change.flags & ENABLE != 0 && change.flags & DISABLE != 0 {
            return Err(libc::EINVAL);
        }
        let key = (change.ident, filter);
        if filter != Filter::User {
            let fd = RawFd::try_from(change.ident).map_err(|_| libc::EBADF)?;
            self.forget_if_closed(fd);
            if !queue::is_open(fd) {
                return Err(libc::EBADF);
            }
        }
        if change.flags & DELETE != 0 {
            return if self.remove(id, key) {
                Ok(())
            } else {
                Err(libc::ENOENT)
            };
        }
        let is_new = !self.queue(id)?.knotes.contains_key(&key);
        if is_new {
            if change.flags & ADD == 0 {
                return Err(libc::ENOENT);
            }
            self.attach(id, key, change)?;
        }
        self.touch(id, key, change, is_new)
    }

    fn queue(&mut self, id: u32) -> Result<&mut Queue, Errno> {
        self.queues.get_mut(&id).ok_or(libc::EBADF)
    }

    /// Adds a knote.
    fn attach(&mut self, id: u32, key: Key, change: &Event) -> Result<(), Errno> {
        let mut generation = 0;
        if key.1 != Filter::User {
            // The number was checked.
            let fd = key.0 as RawFd;
            if key.1 == Filter::Write && condition::is_dead_pipe(fd) {
                match PERSONALITY.dead_pipe {
                    DeadPipe::Refused(error) => return Err(error),
                    DeadPipe::Attached => {}
                }
            }
            generation = self.watch(fd, key.1)?;
        }
        let knote = Knote {
            event: *change,
            disabled: false,
            active: false,
            triggered: false,
            connected: false,
            generation,
        };
        self.queue(id)?.knotes.insert(key, knote);
        Ok(())
    }

    /// What adding and changing have in common.
    fn touch(&mut self, id: u32, key: Key, change: &Event, is_new: bool) -> Result<(), Errno> {
        let knote = self.queue(id)?.knotes.get_mut(&key).ok_or(libc::ENOENT)?;
        knote.event.udata = change.udata;
        if key.1 == Filter::User {
            if change.fflags & TRIGGER != 0 && (!is_new || PERSONALITY.adding_triggers) {
                knote.triggered = true;
            }
            if !is_new && change.flags & CLEAR != 0 && PERSONALITY.clear_cancels_trigger {
                knote.triggered = false;
            }
        } else {
            knote.event.fflags = change.fflags;
        }
        if change.flags & DISABLE != 0 {
            knote.disabled = true;
        }
        if change.flags & ENABLE != 0 {
            knote.disabled = false;
        }
        if condition::of(key, knote).is_some() {
            self.activate(id, key);
            queue::ring(&self.bell);
        }
        Ok(())
    }

    fn activate(&mut self, id: u32, key: Key) {
        if let Some(queue) = self.queues.get_mut(&id) {
            if let Some(knote) = queue.knotes.get_mut(&key) {
                if !knote.active {
                    knote.active = true;
                    queue.active.push_back(key);
                }
            }
        }
    }

    /// Removes a knote. `false` if there is none.
    fn remove(&mut self, id: u32, key: Key) -> bool {
        let Some(queue) = self.queues.get_mut(&id) else {
            return false;
        };
        let Some(knote) = queue.knotes.remove(&key) else {
            return false;
        };
        queue.active.retain(|active| *active != key);
        if knote.generation != 0 {
            self.unwatch(key.0 as RawFd, key.1, knote.generation);
        }
        true
    }

    /// Takes what the inner queues have seen.
    fn gather(&mut self, own: u32) {
        let mut others = false;
        for (index, filter) in [Filter::Read, Filter::Write].into_iter().enumerate() {
            for (fd, generation) in syscall::edges(&self.inner[index]) {
                let key = (fd as usize, filter);
                let watching: Vec<u32> = self
                    .queues
                    .iter()
                    .filter(|(_, queue)| {
                        let knote = queue.knotes.get(&key);
                        knote.is_some_and(|knote| knote.generation == generation)
                    })
                    .map(|(id, _)| *id)
                    .collect();
                for id in watching {
                    self.activate(id, key);
                    others |= id != own;
                }
            }
        }
        if others {
            queue::ring(&self.bell);
        }
    }

    /// Hands out at most `room` events.
    fn collect(&mut self, id: u32, room: usize) -> Vec<Event> {
        let mut events = Vec::new();
        let most = self.queues.get(&id).map_or(0, |queue| queue.active.len());
        for _ in 0..most {
            if events.len() == room {
                break;
            }
            let Some(queue) = self.queues.get_mut(&id) else {
                break;
            };
            let Some(key) = queue.active.pop_front() else {
                break;
            };
            if key.1 != Filter::User {
                self.forget_if_closed(key.0 as RawFd);
            }
            let Some(queue) = self.queues.get_mut(&id) else {
                break;
            };
            let Some(knote) = queue.knotes.get_mut(&key) else {
                continue;
            };
            if knote.disabled {
                queue.active.push_back(key);
                continue;
            }
            // Asked again: what was there may have been read meanwhile.
            let Some(condition) = condition::of(key, knote) else {
                knote.active = false;
                continue;
            };
            let mut flags = knote.event.flags & !(DELETE | ENABLE | DISABLE) | condition.flags;
            if !PERSONALITY.events_keep_add {
                flags &= !ADD;
            }
            events.push(Event {
                flags,
                fflags: condition.fflags,
                data: condition.data,
                ..knote.event
            });
            if flags & ONE_SHOT != 0 {
                self.remove(id, key);
            } else if flags & (CLEAR | DISPATCH) != 0 {
                knote.active = false;
                knote.triggered = false;
                knote.disabled = flags & DISPATCH != 0;
            } else {
                queue.active.push_back(key);
            }
        }
        events
    }

    /// Has an inner queue watch a number; returns which watching of it that is.
    fn watch(&mut self, fd: RawFd, filter: Filter) -> Result<u32, Errno> {
        let index = usize::from(filter == Filter::Write);
        if let Some(watch) = self.watches[index].get_mut(&fd) {
            watch.users += 1;
            return Ok(watch.generation);
        }
        self.last_generation += 1;
        let generation = self.last_generation;
        match syscall::watch(&self.inner[index], filter == Filter::Write, fd, generation) {
            Ok(()) => {}
            // A regular file: always ready.
            Err(libc::EPERM) => return Ok(0),
            Err(error) => return Err(error),
        }
        let watch = Watch {
            generation,
            users: 1,
        };
        self.watches[index].insert(fd, watch);
        Ok(generation)
    }

    fn unwatch(&mut self, fd: RawFd, filter: Filter, generation: u32) {
        let index = usize::from(filter == Filter::Write);
        let Some(watch) = self.watches[index].get_mut(&fd) else {
            return;
        };
        if watch.generation != generation {
            return;
        }
        watch.users -= 1;
        if watch.users == 0 {
            self.watches[index].remove(&fd);
            syscall::unwatch(&self.inner[index], fd);
        }
    }

    /// Closing a descriptor drops its knotes in a kernel; here they are dropped when that is noticed.
    fn forget_if_closed(&mut self, fd: RawFd) {
        for (index, filter) in [Filter::Read, Filter::Write].into_iter().enumerate() {
            if !self.watches[index].contains_key(&fd)
                || queue::is_watched(self.inner[index].as_fd().as_raw_fd(), fd)
            {
                continue;
            }
            self.watches[index].remove(&fd);
            let key = (fd as usize, filter);
            for queue in self.queues.values_mut() {
                queue.knotes.remove(&key);
                queue.active.retain(|active| *active != key);
            }
        }
    }
}
