//! From edges of epoll to events that kevent(2) returns.

use super::kernel::FakeKernel;
use super::quirks::QUIRKS;
use super::{
    ADD, CLEAR, DELETE, DISABLE, DISPATCH, ENABLE, Filter, KernelEvent, ONE_SHOT, condition, host,
    syscall,
};
use std::os::fd::RawFd;

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
