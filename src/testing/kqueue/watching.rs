//! Which numbers the inner queues watch, and for how long.

use std::os::fd::{AsFd, AsRawFd, RawFd};

use super::kernel::{FakeKernel, Watch};
use super::queue::{self, Errno};
use super::{Filter, syscall};

impl FakeKernel {
    /// Has an inner queue watch a number; returns which watching of it that is.
    pub(super) fn watch(&mut self, fd: RawFd, filter: Filter) -> Result<u32, Errno> {
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
            syscall::unwatch(&self.inner[index], fd);
        }
    }

    /// Closing a descriptor drops its knotes in a kernel; here they are dropped when that is noticed.
    pub(super) fn forget_if_closed(&mut self, fd: RawFd) {
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
