//! What is registered with one port, and what the kernel knows of it.

use std::collections::HashMap;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};

use super::level_triggered::{Key, Table};
use super::syscall;
use crate::Token;
use crate::sys::unix::caps::PollBits;
use crate::sys::{errors, ffi};

/// Half of the bits of `portev_user`: the lower ones say the place, the upper ones the generation.
const HALF: u32 = usize::BITS / 2;

/// Everything under the lock.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) table: Table,
    /// What the kernel was last asked to tell of each place, as long as it has not told.
    associated: Vec<Option<PollBits>>,
    /// The wakers that live, by their numbers.
    wakers: HashMap<usize, WakerSlot>,
    last_waker: usize,
}

/// What the poller needs of a waker.
#[derive(Clone, Copy, Debug)]
pub(super) struct WakerSlot {
    pub(super) token: Token,
    /// Its bit in `wakes`; 0 if there was none left.
    pub(super) bit: usize,
    /// Without a bit: whether a wake has announced itself here.
    is_announced: bool,
}

impl State {
    /// Asks the kernel for what a slot wants, unless it is suspended.
    pub(super) fn associate(&mut self, port: BorrowedFd<'_>, key: Key) -> io::Result<()> {
        let slot = self.table.get(key).ok_or_else(errors::not_registered)?;
        let wanted = slot.pollfd();
        if wanted.fd < 0 {
            return Ok(());
        }
        if key.index as usize >> HALF != 0 {
            return Err(errors::invalid("too many sources"));
        }
        syscall::associate(port, wanted.fd, wanted.events, user(key))?;
        self.set_associated(key, Some(wanted.events));
        self.table.mark_clean(key);
        Ok(())
    }

    /// Asks the kernel for all that has changed since the last wait, and for what is still wanted of what it has told since.
    ///
    /// After an error the rest is left for the next wait.
    pub(super) fn associate_changed(&mut self, port: BorrowedFd<'_>) -> io::Result<()> {
        while let Some((index, generation, wanted)) = self.table.next_dirty() {
            let key = Key { index, generation };
            if wanted.fd < 0 || self.associated(key) == Some(wanted.events) {
                continue;
            }
            if let Err(error) = self.associate(port, key) {
                if is_closed(&error) {
                    // What epoll does with the registration of a number that was closed.
                    self.forget(key);
                    continue;
                }
                self.table.mark_dirty(key);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Whether the kernel has lost an association that nobody has ended: its descriptor was closed.
    pub(super) fn is_lost(&mut self, port: BorrowedFd<'_>, key: Key, fd: RawFd) -> bool {
        if self.associated(key).is_none() {
            // It has told, or was not asked. There is nothing to see this by.
            return false;
        }
        if syscall::dissociate(port, fd).is_err() {
            return true;
        }
        // It was there. What holds already is told again.
        self.set_associated(key, None);
        if self.associate(port, key).is_err() {
            self.table.mark_dirty(key);
        }
        false
    }

    /// Ends a registration: whether the kernel had an association. `None` if there is no such registration.
    pub(super) fn remove(&mut self, port: BorrowedFd<'_>, key: Key) -> Option<bool> {
        let fd = self.table.get(key)?.fd();
        let was_asked = self.associated(key).is_some();
        self.forget(key);
        // The kernel objects if the number was closed, and then nothing is left to be ended.
        Some(was_asked && syscall::dissociate(port, fd).is_ok())
    }

    /// Ends a registration of which the kernel knows nothing.
    pub(super) fn forget(&mut self, key: Key) {
        self.table.remove(key);
        self.set_associated(key, None);
    }

    /// Whose event it is, if the registration still is.
    pub(super) fn key_at(&self, portev_user: usize) -> Option<Key> {
        let index = portev_user & (usize::MAX >> HALF);
        let key = self.table.key_at(u32::try_from(index).ok()?)?;
        (user(key) == portev_user).then_some(key)
    }

    /// What the kernel was asked for, if it has not told.
    pub(super) fn associated(&self, key: Key) -> Option<PollBits> {
        self.associated.get(key.index as usize).copied().flatten()
    }

    /// The kernel has told, and the association is gone. Returns what it was asked for.
    pub(super) fn told(&mut self, key: Key) -> PollBits {
        let asked = self.associated(key);
        self.set_associated(key, None);
        self.table.mark_dirty(key);
        asked.unwrap_or(0)
    }

    fn set_associated(&mut self, key: Key, asked: Option<PollBits>) {
        let place = key.index as usize;
        if self.associated.len() <= place {
            self.associated.resize(place + 1, None);
        }
        if let Some(associated) = self.associated.get_mut(place) {
            *associated = asked;
        }
    }

    /// Adds a waker and returns its number.
    pub(super) fn add_waker(&mut self, token: Token, bit: usize) -> usize {
        loop {
            self.last_waker = self.last_waker.wrapping_add(1);
            // Where a word is short, numbers may come around in the end.
            if !self.wakers.contains_key(&self.last_waker) {
                let slot = WakerSlot {
                    token,
                    bit,
                    is_announced: false,
                };
                self.wakers.insert(self.last_waker, slot);
                return self.last_waker;
            }
        }
    }

    /// Removes a waker.
    pub(super) fn remove_waker(&mut self, number: usize) {
        self.wakers.remove(&number);
    }

    /// What `WakeBits::set_pending` does, for a waker without a bit.
    pub(super) fn announce(&mut self, number: usize) -> bool {
        let slot = self.wakers.get_mut(&number);
        slot.is_some_and(|slot| !std::mem::replace(&mut slot.is_announced, true))
    }

    /// What `WakeBits::clear_pending` does.
    pub(super) fn retract(&mut self, number: usize) {
        if let Some(slot) = self.wakers.get_mut(&number) {
            slot.is_announced = false;
        }
    }

    /// What `WakeBits::clear_all` does.
    pub(super) fn seen(&mut self) {
        for slot in self.wakers.values_mut().filter(|slot| slot.bit == 0) {
            slot.is_announced = false;
        }
    }

    /// Takes a notification of a waker, if it lives.
    pub(super) fn notified(&mut self, number: usize) -> Option<WakerSlot> {
        let slot = self.wakers.get_mut(&number)?;
        slot.is_announced = false;
        Some(*slot)
    }
}

/// A registration as `portev_user` holds it.
fn user(key: Key) -> usize {
    key.index as usize | (key.generation as usize) << HALF
}

/// Whether an association was refused because there is no such descriptor.
fn is_closed(error: &io::Error) -> bool {
    [Some(ffi::EBADFD), Some(ffi::EBADF)].contains(&error.raw_os_error())
}
