//! The file descriptors that the fake kernel watches with epoll.

use std::os::fd::{AsFd, AsRawFd, RawFd};

use super::host::{self, Errno};
use super::kernel::{FakeKernel, Watch};
use super::{Filter, syscall};

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
