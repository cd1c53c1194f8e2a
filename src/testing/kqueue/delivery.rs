//! From what may have happened to what is handed out.

use super::kernel::FakeKernel;
use super::quirks::PERSONALITY;
use super::{
    ADD, CLEAR, DELETE, DISABLE, DISPATCH, ENABLE, Filter, KernelEvent, ONE_SHOT, condition, queue,
    syscall,
};
use std::os::fd::RawFd;

impl FakeKernel {
    /// Takes what the inner queues have seen.
    pub(super) fn gather(&mut self, own: u32) {
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
    pub(super) fn collect(&mut self, id: u32, room: usize) -> Vec<KernelEvent> {
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
            let mut flags = knote.event.flags | condition.flags;
            if !PERSONALITY.events_keep_flags {
                flags &= !(ADD | DELETE | ENABLE | DISABLE);
            }
            events.push(KernelEvent {
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
}
