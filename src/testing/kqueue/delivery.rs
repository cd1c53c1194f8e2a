//! The file descriptors that the fake kernel watches with epoll, and the way from an edge of epoll
//! to an event that kevent(2) returns.

use super::host::Errno;
use super::kernel::{FakeKernel, Watch};
use super::quirks::QUIRKS;
use super::{
    ADD, CLEAR, DELETE, DISABLE, DISPATCH, ENABLE, Filter, KernelEvent, ONE_SHOT, condition, host,
    syscall,
};
use std::os::fd::{AsFd, AsRawFd, RawFd};

impl FakeKernel {
    /// Activates the knotes for whose fd epoll has seen an edge. Wakes the waiters of kqueues other
    /// than `own`.
    pub(super) fn activate_edges(&mut self, own: u32) {
        let mut has_others = false;
        for (index, filter) in [Filter::Read, Filter::Write].into_iter().enumerate() {
            for (fd, generation) in syscall::take_edges(&self.epolls[index]) {
                let key = (fd as usize, filter);
                let watching: Vec<u32> = self
                    .kqueues
                    .iter()
                    .filter(|(_, kqueue)| {
                        let knote = kqueue.knotes.get(&key);
                        knote.is_some_and(|knote| knote.generation == generation)
                    })
                    .map(|(id, _)| *id)
                    .collect();
                for id in watching {
                    self.activate_knote(id, key);
                    has_others |= id != own;
                }
            }
        }
        if has_others {
            host::wake_waiters(&self.wake_fd);
        }
    }

    /// Takes at most `room` events of active knotes whose condition holds.
    pub(super) fn take_events(&mut self, id: u32, room: usize) -> Vec<KernelEvent> {
        let mut events = Vec::new();
        let active = self
            .kqueues
            .get(&id)
            .map_or(0, |kqueue| kqueue.active.len());
        for _ in 0..active {
            if events.len() == room {
                break;
            }
            let Some(kqueue) = self.kqueues.get_mut(&id) else {
                break;
            };
            let Some(key) = kqueue.active.pop_front() else {
                break;
            };
            if key.1 != Filter::User {
                self.remove_if_closed(key.0 as RawFd);
            }
            let Some(kqueue) = self.kqueues.get_mut(&id) else {
                break;
            };
            let Some(knote) = kqueue.knotes.get_mut(&key) else {
                continue;
            };
            if knote.disabled {
                kqueue.active.push_back(key);
                continue;
            }
            // Evaluated again: the data may have been read since.
            let Some(condition) = condition::evaluate(key, knote) else {
                knote.active = false;
                continue;
            };
            let mut flags = knote.event.flags | condition.flags;
            if !QUIRKS.events_keep_flags {
                flags &= !(ADD | DELETE | ENABLE | DISABLE);
            }
            events.push(KernelEvent {
                flags,
                fflags: condition.fflags,
                data: condition.data,
                ..knote.event
            });
            if flags & ONE_SHOT != 0 {
                self.remove_knote(id, key);
            } else if flags & (CLEAR | DISPATCH) != 0 {
                knote.active = false;
                knote.triggered = false;
                knote.disabled = flags & DISPATCH != 0;
            } else {
                kqueue.active.push_back(key);
            }
        }
        events
    }
}

impl FakeKernel {
    /// Watches `fd` for one filter, and returns the generation of the watch. 0 if epoll cannot
    /// watch the file.
    pub(super) fn watch(&mut self, fd: RawFd, filter: Filter) -> Result<u32, Errno> {
        let index = usize::from(filter == Filter::Write);
        if let Some(watch) = self.watches[index].get_mut(&fd) {
            watch.users += 1;
            return Ok(watch.generation);
        }
        self.last_generation += 1;
        let generation = self.last_generation;
        match syscall::watch(&self.epolls[index], filter == Filter::Write, fd, generation) {
            Ok(()) => {}
            // A regular file, which is always ready.
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

    /// Ends one use of a watch, and the watch with its last use.
    pub(super) fn unwatch(&mut self, fd: RawFd, filter: Filter, generation: u32) {
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
            syscall::unwatch(&self.epolls[index], fd);
        }
    }

    /// Removes the knotes of `fd` if its file was closed. A real kernel does that in close(2).
    pub(super) fn remove_if_closed(&mut self, fd: RawFd) {
        for (index, filter) in [Filter::Read, Filter::Write].into_iter().enumerate() {
            if !self.watches[index].contains_key(&fd)
                || host::is_in_epoll(self.epolls[index].as_fd().as_raw_fd(), fd)
            {
                continue;
            }
            self.watches[index].remove(&fd);
            let key = (fd as usize, filter);
            for kqueue in self.kqueues.values_mut() {
                kqueue.knotes.remove(&key);
                kqueue.active.retain(|active| *active != key);
            }
        }
    }
}
