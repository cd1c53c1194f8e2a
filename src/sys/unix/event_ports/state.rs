//! The registrations of one port, their associations in the kernel, and the wakers.

use std::collections::HashMap;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};

use super::level_triggered::{Key, Table};
use super::syscall;
use crate::Token;
use crate::sys::unix::caps::PollBits;
use crate::sys::{errors, ffi};

/// `portev_user` of a registration has its slot's index in this many low bits, and the generation
/// of the slot in the others.
const INDEX_BITS: u32 = usize::BITS / 2;

/// The id of a user event that belongs to no waker: ids of wakers count up from 1, and skip it when
/// they wrap around.
pub(super) const NO_WAKER: usize = 0;

/// The state of a port, under its lock.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) table: Table,
    /// The outstanding association of each slot: the conditions that the kernel was asked for. An
    /// association is outstanding until its event is delivered, or until it is removed.
    outstanding: Vec<Option<PollBits>>,
    /// The wakers that were not dropped, by id.
    wakers: HashMap<usize, WakerEntry>,
    last_waker_id: usize,
}

/// What the poller needs of a waker.
#[derive(Clone, Copy, Debug)]
pub(super) struct WakerEntry {
    pub(super) token: Token,
    /// The waker's bit in `wakes`, or 0 if no bit was free.
    pub(super) bit: usize,
    /// Whether a wake is pending. Used only if `bit` is 0.
    is_pending: bool,
}

impl State {
    /// Associates the fd of a registration with the conditions that it wants, unless it is
    /// suspended.
    pub(super) fn associate(&mut self, port: BorrowedFd<'_>, key: Key) -> io::Result<()> {
        let slot = self.table.get(key).ok_or_else(errors::not_registered)?;
        let wanted = slot.pollfd();
        if wanted.fd < 0 {
            return Ok(());
        }
        if key.index as usize >> INDEX_BITS != 0 {
            return Err(errors::invalid("too many sources"));
        }
        syscall::associate(port, wanted.fd, wanted.events, portev_user(key))?;
        // The slot may be in the dirty list and stays there: taking it out costs a search, and a
        // second entry would make the list grow until the next wait.
        self.set_outstanding(key, Some(wanted.events));
        Ok(())
    }

    /// Re-associates every registration that changed, or whose event was delivered, since the last
    /// wait. After an error the others stay dirty for the next wait.
    pub(super) fn associate_dirty(&mut self, port: BorrowedFd<'_>) -> io::Result<()> {
        while let Some((index, generation, wanted)) = self.table.next_dirty() {
            let key = Key { index, generation };
            if wanted.fd < 0 || self.outstanding(key) == Some(wanted.events) {
                continue;
            }
            if let Err(error) = self.associate(port, key) {
                if is_bad_fd(&error) && !syscall::is_open(wanted.fd) {
                    // The fd was closed. Its registration ends, as with epoll(7).
                    self.remove(key);
                    continue;
                }
                self.table.mark_dirty(key);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Whether the registered fd was closed since, which ended its association.
    pub(super) fn is_fd_closed(&mut self, port: BorrowedFd<'_>, key: Key, fd: RawFd) -> bool {
        if self.outstanding(key).is_none() {
            // No association is outstanding (its event was delivered, or none was made), so a
            // closed fd cannot be detected here.
            return false;
        }
        if syscall::dissociate(port, fd).is_err() {
            return true;
        }
        // The association existed. Made again, it reports a condition that holds already.
        self.set_outstanding(key, None);
        if self.associate(port, key).is_err() {
            self.table.mark_dirty(key);
        }
        false
    }

    /// Ends a registration. Returns whether the kernel had an association of its fd, or `None` if
    /// the registration has ended before.
    pub(super) fn deregister(&mut self, port: BorrowedFd<'_>, key: Key) -> Option<bool> {
        let fd = self.table.get(key)?.fd();
        let is_outstanding = self.outstanding(key).is_some();
        self.remove(key);
        // If the fd was closed, the kernel returns an error, and no association is left.
        Some(is_outstanding && syscall::dissociate(port, fd).is_ok())
    }

    /// Removes a registration that has no association in the kernel.
    pub(super) fn remove(&mut self, key: Key) {
        self.table.remove(key);
        self.set_outstanding(key, None);
    }

    /// The registration that an event belongs to, unless it has ended.
    pub(super) fn key_of_event(&self, user: usize) -> Option<Key> {
        let index = user & (usize::MAX >> INDEX_BITS);
        let key = self.table.key_at(u32::try_from(index).ok()?)?;
        (portev_user(key) == user).then_some(key)
    }

    /// The conditions of a registration's outstanding association.
    pub(super) fn outstanding(&self, key: Key) -> Option<PollBits> {
        let association = self.outstanding.get(key.index as usize);
        association.copied().flatten()
    }

    /// Notes that the event of an association was delivered, which has consumed the association.
    /// Returns the conditions that it had asked for.
    pub(super) fn consume_association(&mut self, key: Key) -> PollBits {
        let asked = self.outstanding(key);
        self.set_outstanding(key, None);
        self.table.mark_dirty(key);
        asked.unwrap_or(0)
    }

    fn set_outstanding(&mut self, key: Key, asked: Option<PollBits>) {
        let index = key.index as usize;
        if self.outstanding.len() <= index {
            self.outstanding.resize(index + 1, None);
        }
        if let Some(association) = self.outstanding.get_mut(index) {
            *association = asked;
        }
    }

    /// Adds a waker and returns its id.
    pub(super) fn add_waker(&mut self, token: Token, bit: usize) -> usize {
        loop {
            self.last_waker_id = self.last_waker_id.wrapping_add(1);
            // On a 32-bit system ids may wrap around. One that is in use is skipped.
            let is_free = self.last_waker_id != NO_WAKER;
            if is_free && !self.wakers.contains_key(&self.last_waker_id) {
                let entry = WakerEntry {
                    token,
                    bit,
                    is_pending: false,
                };
                self.wakers.insert(self.last_waker_id, entry);
                return self.last_waker_id;
            }
        }
    }

    /// Removes a waker.
    pub(super) fn remove_waker(&mut self, id: usize) {
        self.wakers.remove(&id);
    }

    /// Does for a waker without a bit what `WakeBits` does for others: marks a wake as pending, and
    /// returns whether the caller must notify the kernel.
    pub(super) fn set_wake_pending(&mut self, id: usize) -> bool {
        let entry = self.wakers.get_mut(&id);
        entry.is_some_and(|entry| !std::mem::replace(&mut entry.is_pending, true))
    }

    /// Undoes `set_wake_pending` after the notification failed.
    pub(super) fn clear_wake_pending(&mut self, id: usize) {
        if let Some(entry) = self.wakers.get_mut(&id) {
            entry.is_pending = false;
        }
    }

    /// Marks no wake as pending, for all wakers without a bit.
    pub(super) fn clear_all_wakes_pending(&mut self) {
        for entry in self.wakers.values_mut().filter(|entry| entry.bit == 0) {
            entry.is_pending = false;
        }
    }

    /// Accepts a user event of a waker, unless the waker was dropped.
    pub(super) fn accept_wake(&mut self, id: usize) -> Option<WakerEntry> {
        let entry = self.wakers.get_mut(&id)?;
        entry.is_pending = false;
        Some(*entry)
    }
}

/// `portev_user` of a registration.
fn portev_user(key: Key) -> usize {
    key.index as usize | (key.generation as usize) << INDEX_BITS
}

/// Whether port_associate(3C) failed because the file descriptor is not open.
fn is_bad_fd(error: &io::Error) -> bool {
    [Some(ffi::EBADFD), Some(ffi::EBADF)].contains(&error.raw_os_error())
}
