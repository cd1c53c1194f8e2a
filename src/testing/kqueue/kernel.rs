//! The state of the fake kernel: kqueues, their knotes, and the changes that kevent(2) applies.

use std::collections::{HashMap, VecDeque};
use std::os::fd::{OwnedFd, RawFd};

use super::host::{self, Errno};
use super::quirks::{DeadPipe, EnableAndDisable, QUIRKS};
use super::{
    ADD, CLEAR, DELETE, DISABLE, ENABLE, Filter, KernelEvent, Key, TRIGGER, condition, faults,
    syscall,
};

/// One filter of a kqueue.
#[derive(Debug)]
pub(super) struct Knote {
    /// The fields of the last change. `flags` are those with which the filter was added.
    pub(super) event: KernelEvent,
    pub(super) disabled: bool,
    /// Whether the knote is in the kqueue's list of active ones.
    pub(super) active: bool,
    /// Whether this user event was triggered.
    pub(super) triggered: bool,
    /// Whether the socket was ever observed to be connected.
    pub(super) connected: bool,
    /// The generation of the watch that the knote uses, or 0 if epoll cannot watch the file.
    pub(super) generation: u32,
}

/// One kqueue.
#[derive(Debug, Default)]
pub(super) struct FakeKqueue {
    pub(super) knotes: HashMap<Key, Knote>,
    /// The knotes whose condition may hold, in the order of activation.
    pub(super) active: VecDeque<Key>,
}

/// A file descriptor that epoll watches for one filter.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) generation: u32,
    /// The number of knotes that use the watch.
    pub(super) users: usize,
}

/// All kqueues of the process.
#[derive(Debug)]
pub(super) struct FakeKernel {
    /// The epoll instances that watch for edges of `EVFILT_READ` and of `EVFILT_WRITE`.
    pub(super) epolls: [OwnedFd; 2],
    pub(super) wake_fd: OwnedFd,
    /// Closed for a moment when the process has no free fd, but the fake kernel needs one.
    pub(super) spare_fd: Option<OwnedFd>,
    pub(super) kqueues: HashMap<u32, FakeKqueue>,
    /// The file descriptors that each of `epolls` watches.
    pub(super) watches: [HashMap<RawFd, Watch>; 2],
    pub(super) last_id: u32,
    pub(super) last_generation: u32,
}

impl FakeKernel {
    pub(super) fn new() -> Result<FakeKernel, Errno> {
        Ok(FakeKernel {
            epolls: [host::new_epoll()?, host::new_epoll()?],
            wake_fd: host::new_wake_fd()?,
            spare_fd: Some(host::new_wake_fd()?),
            kqueues: HashMap::new(),
            watches: [HashMap::new(), HashMap::new()],
            last_id: 0,
            last_generation: 0,
        })
    }

    /// The id of a kqueue, of which `fd` is a file descriptor.
    pub(super) fn identify(&mut self, fd: RawFd) -> Result<u32, Errno> {
        let id = match host::id_of(fd) {
            Err(libc::EMFILE) => {
                drop(self.spare_fd.take());
                let id = host::id_of(fd);
                self.spare_fd = host::new_wake_fd().ok();
                id
            }
            result => result,
        }?;
        if self.kqueues.contains_key(&id) {
            Ok(id)
        } else {
            Err(libc::EBADF)
        }
    }

    /// Removes the kqueues of which no file descriptor is open.
    pub(super) fn remove_closed_kqueues(&mut self) {
        let open = host::open_ids();
        let closed: Vec<u32> = self
            .kqueues
            .keys()
            .copied()
            .filter(|id| !open.contains(id))
            .collect();
        for id in closed {
            let keys: Vec<Key> = match self.kqueues.get(&id) {
                Some(kqueue) => kqueue.knotes.keys().copied().collect(),
                None => continue,
            };
            for key in keys {
                self.remove_knote(id, key);
            }
            self.kqueues.remove(&id);
        }
    }

    /// Applies one change.
    pub(super) fn apply_change(&mut self, id: u32, change: &KernelEvent) -> Result<(), Errno> {
        let filter = Filter::from_c(change.filter).ok_or(libc::EINVAL)?;
        if filter == Filter::User && !faults::has_user_events() {
            return Err(libc::EINVAL);
        }
        let both = change.flags & ENABLE != 0 && change.flags & DISABLE != 0;
        if both && QUIRKS.enable_and_disable == EnableAndDisable::Refused {
            return Err(libc::EINVAL);
        }
        let key = (change.ident, filter);
        if filter != Filter::User {
            let fd = RawFd::try_from(change.ident).map_err(|_| libc::EBADF)?;
            self.remove_if_closed(fd);
            if !host::is_open(fd) {
                return Err(libc::EBADF);
            }
        }
        if change.flags & DELETE != 0 {
            return if self.remove_knote(id, key) {
                Ok(())
            } else {
                Err(libc::ENOENT)
            };
        }
        let is_new = !self.kqueue(id)?.knotes.contains_key(&key);
        if is_new {
            if change.flags & ADD == 0 {
                return Err(libc::ENOENT);
            }
            self.attach_knote(id, key, change)?;
        }
        self.update_knote(id, key, change, is_new)
    }

    fn kqueue(&mut self, id: u32) -> Result<&mut FakeKqueue, Errno> {
        self.kqueues.get_mut(&id).ok_or(libc::EBADF)
    }

    /// Adds a knote.
    fn attach_knote(&mut self, id: u32, key: Key, change: &KernelEvent) -> Result<(), Errno> {
        let mut generation = 0;
        if key.1 != Filter::User {
            // The caller has checked the ident.
            let fd = key.0 as RawFd;
            match QUIRKS.controlling_terminal {
                Some(error) if syscall::is_controlling_terminal(fd) => return Err(error),
                _ => {}
            }
            if key.1 == Filter::Write && condition::is_dead_pipe(fd) {
                match QUIRKS.dead_pipe {
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
        self.kqueue(id)?.knotes.insert(key, knote);
        Ok(())
    }

    /// Updates a knote from a change that adds or modifies it, and evaluates its condition.
    fn update_knote(
        &mut self,
        id: u32,
        key: Key,
        change: &KernelEvent,
        is_new: bool,
    ) -> Result<(), Errno> {
        let knote = self.kqueue(id)?.knotes.get_mut(&key).ok_or(libc::ENOENT)?;
        knote.event.udata = change.udata;
        if key.1 == Filter::User {
            if change.fflags & TRIGGER != 0 && (!is_new || QUIRKS.adding_triggers) {
                knote.triggered = true;
            }
            if !is_new && change.flags & CLEAR != 0 && QUIRKS.clear_cancels_trigger {
                knote.triggered = false;
            }
        } else {
            knote.event.fflags = change.fflags;
        }
        let disables = QUIRKS.enable_and_disable == EnableAndDisable::Disables;
        match (change.flags & ENABLE != 0, change.flags & DISABLE != 0) {
            (false, false) => {}
            (enable, disable) => knote.disabled = disable && (!enable || disables),
        }
        if condition::evaluate(key, knote).is_some() {
            self.activate_knote(id, key);
            host::wake_waiters(&self.wake_fd);
        }
        Ok(())
    }

    /// Appends a knote to the list of active ones, unless it is there.
    pub(super) fn activate_knote(&mut self, id: u32, key: Key) {
        if let Some(kqueue) = self.kqueues.get_mut(&id) {
            if let Some(knote) = kqueue.knotes.get_mut(&key) {
                if !knote.active {
                    knote.active = true;
                    kqueue.active.push_back(key);
                }
            }
        }
    }

    /// Removes a knote. `false` if there is none.
    pub(super) fn remove_knote(&mut self, id: u32, key: Key) -> bool {
        let Some(kqueue) = self.kqueues.get_mut(&id) else {
            return false;
        };
        let Some(knote) = kqueue.knotes.remove(&key) else {
            return false;
        };
        kqueue.active.retain(|active| *active != key);
        if knote.generation != 0 {
            self.unwatch(key.0 as RawFd, key.1, knote.generation);
        }
        true
    }
}
