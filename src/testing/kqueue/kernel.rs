//! What there is: queues, their knotes, and what changes them.

use std::collections::{HashMap, VecDeque};
use std::os::fd::{OwnedFd, RawFd};

use super::queue::{self, Errno};
use super::quirks::{DeadPipe, EnableAndDisable, PERSONALITY};
use super::{
    ADD, CLEAR, DELETE, DISABLE, ENABLE, Filter, KernelEvent, Key, TRIGGER, condition, faults,
};

/// One watched filter.
#[derive(Debug)]
pub(super) struct Knote {
    /// As last given; the flags as first given.
    pub(super) event: KernelEvent,
    pub(super) disabled: bool,
    /// In the queue's list of what may have happened.
    pub(super) active: bool,
    /// A user event that was triggered.
    pub(super) triggered: bool,
    /// Whether the socket was ever seen connected.
    pub(super) connected: bool,
    /// Which watching of the number it belongs to; 0 if epoll cannot watch it.
    pub(super) generation: u32,
}

/// One queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) knotes: HashMap<Key, Knote>,
    /// In the order of activation.
    pub(super) active: VecDeque<Key>,
}

/// A number that an inner queue watches.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) generation: u32,
    pub(super) users: usize,
}

/// Everything.
#[derive(Debug)]
pub(super) struct FakeKernel {
    /// The inner queues, for reading and for writing.
    pub(super) inner: [OwnedFd; 2],
    pub(super) bell: OwnedFd,
    /// A descriptor to give up when there are no more.
    pub(super) spare: Option<OwnedFd>,
    pub(super) queues: HashMap<u32, Queue>,
    pub(super) watches: [HashMap<RawFd, Watch>; 2],
    pub(super) last_queue: u32,
    pub(super) last_generation: u32,
}

impl FakeKernel {
    pub(super) fn new() -> Result<FakeKernel, Errno> {
        Ok(FakeKernel {
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
    pub(super) fn identify(&mut self, fd: RawFd) -> Result<u32, Errno> {
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

    pub(super) fn forget_closed_queues(&mut self) {
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
    pub(super) fn change(&mut self, id: u32, change: &KernelEvent) -> Result<(), Errno> {
        let filter = Filter::of(change.filter).ok_or(libc::EINVAL)?;
        if filter == Filter::User && !faults::has_user_events() {
            return Err(libc::EINVAL);
        }
        let both = change.flags & ENABLE != 0 && change.flags & DISABLE != 0;
        if both && PERSONALITY.enable_and_disable == EnableAndDisable::Refused {
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

    pub(super) fn queue(&mut self, id: u32) -> Result<&mut Queue, Errno> {
        self.queues.get_mut(&id).ok_or(libc::EBADF)
    }

    /// Adds a knote.
    pub(super) fn attach(&mut self, id: u32, key: Key, change: &KernelEvent) -> Result<(), Errno> {
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
    pub(super) fn touch(
        &mut self,
        id: u32,
        key: Key,
        change: &KernelEvent,
        is_new: bool,
    ) -> Result<(), Errno> {
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
        let disables = PERSONALITY.enable_and_disable == EnableAndDisable::Disables;
        match (change.flags & ENABLE != 0, change.flags & DISABLE != 0) {
            (false, false) => {}
            (enable, disable) => knote.disabled = disable && (!enable || disables),
        }
        if condition::of(key, knote).is_some() {
            self.activate(id, key);
            queue::ring(&self.bell);
        }
        Ok(())
    }

    pub(super) fn activate(&mut self, id: u32, key: Key) {
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
    pub(super) fn remove(&mut self, id: u32, key: Key) -> bool {
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
}
