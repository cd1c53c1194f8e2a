//! A slab of registrations, indexed by slot and by fd, for selectors whose kernel keeps no
//! registrations.
//!
//! A slot is reused after its entry was removed. A [`Key`] holds the slot's generation, so a key of
//! an earlier entry is detected.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::io;
use std::os::fd::RawFd;

use crate::sys::{errors, ffi};

/// Identifies one registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The index of the slot.
    pub(crate) index: u32,
    /// How many entries the slot has had before.
    pub(crate) generation: u32,
}

/// A place for one entry.
#[derive(Debug)]
pub(crate) struct Slot<T> {
    pub(crate) generation: u32,
    /// -1 if the slot is free.
    fd: RawFd,
    /// The entry, or the last one if the slot is free.
    pub(crate) entry: T,
}

impl<T> Slot<T> {
    /// Whether it holds the entry of `key`.
    #[inline]
    fn is_of(&self, key: Key) -> bool {
        self.generation == key.generation && self.fd >= 0
    }
}

/// Hashes an fd by one multiplication, which is Knuth's multiplicative method. A kernel returns the
/// lowest unused fd, so a peer cannot choose fds whose hashes collide.
#[derive(Debug, Default)]
struct FdHasher(u64);

impl Hasher for FdHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_i32((self.0 as i32).rotate_left(8) ^ i32::from(*byte));
        }
    }

    #[inline]
    fn write_i32(&mut self, fd: i32) {
        // 2 to the power of 64, divided by the golden ratio. A registered fd is never negative.
        self.0 = (fd as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    #[inline]
    fn finish(&self) -> u64 {
        // The upper half depends on all bits of the fd, the lower bits do not. A table uses both
        // ends.
        self.0.rotate_left(32)
    }
}

/// All registrations of one selector.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    /// The lowest free slot is reused first, so that the slots in use stay at the front.
    free: BinaryHeap<Reverse<u32>>,
    by_fd: HashMap<RawFd, u32, BuildHasherDefault<FdHasher>>,
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab {
            slots: Vec::new(),
            free: BinaryHeap::new(),
            by_fd: HashMap::default(),
        }
    }
}

impl<T> Slab<T> {
    /// How many slots there are, free ones included.
    #[inline]
    #[allow(dead_code)] // Only poll(2) has an array as long as the slab.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing is registered.
    #[allow(dead_code)] // Only `poll_oneoff` refuses to wait for nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_fd.is_empty()
    }

    /// The entry of a registration, unless it was removed.
    #[inline]
    pub(crate) fn get(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        slot.is_of(key).then_some(&mut slot.entry)
    }

    /// The generation and entry of a slot, also of a free one.
    #[inline]
    #[allow(dead_code)] // Only poll(2) and event ports keep a dirty list of slots.
    pub(crate) fn slot_at(&mut self, index: u32) -> Option<(u32, &mut T)> {
        let slot = self.slots.get_mut(index as usize)?;
        Some((slot.generation, &mut slot.entry))
    }

    /// All slots, free ones included.
    #[inline]
    #[allow(dead_code)] // Only poll(2) has an array as long as the slab.
    pub(crate) fn slots(&mut self) -> &mut [Slot<T>] {
        &mut self.slots
    }

    /// The registration of an fd.
    pub(crate) fn find(&self, fd: RawFd) -> io::Result<Key> {
        let index = *self.by_fd.get(&fd).ok_or_else(errors::not_registered)?;
        let slot = self.slots.get(index as usize);
        let generation = slot.map_or(0, |slot| slot.generation);
        Ok(Key { index, generation })
    }

    /// The registration that a slot holds.
    #[allow(dead_code)] // `poll_oneoff` keeps the key of each entry.
    pub(crate) fn key_at(&self, index: u32) -> Option<Key> {
        let slot = self.slots.get(index as usize)?;
        let generation = slot.generation;
        (slot.fd >= 0).then_some(Key { index, generation })
    }

    /// Adds a registration. `new_entry` gets the previous entry of a reused slot.
    pub(crate) fn insert(
        &mut self,
        fd: RawFd,
        new_entry: impl FnOnce(Option<&T>) -> T,
    ) -> io::Result<Key> {
        if fd < 0 {
            return Err(io::Error::from_raw_os_error(ffi::EBADF));
        }
        let Entry::Vacant(by_fd) = self.by_fd.entry(fd) else {
            return Err(errors::fd_already_registered());
        };
        let reused = self.free.pop().and_then(|Reverse(index)| {
            let slot = self.slots.get_mut(index as usize)?;
            Some((index, slot))
        });
        let key = match reused {
            Some((index, slot)) => {
                slot.entry = new_entry(Some(&slot.entry));
                slot.fd = fd;
                let generation = slot.generation;
                Key { index, generation }
            }
            None => {
                let index = u32::try_from(self.slots.len())
                    .map_err(|_| errors::invalid("too many sources"))?;
                let generation = 0;
                self.slots.push(Slot {
                    generation,
                    fd,
                    entry: new_entry(None),
                });
                Key { index, generation }
            }
        };
        by_fd.insert(key.index);
        Ok(key)
    }

    /// Removes a registration and returns its entry. `None` if it was removed before.
    pub(crate) fn remove(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index as usize);
        let slot = slot.filter(|slot| slot.is_of(key))?;
        self.by_fd.remove(&slot.fd);
        self.free.push(Reverse(key.index));
        slot.fd = -1;
        slot.generation = slot.generation.wrapping_add(1);
        Some(&mut slot.entry)
    }

    /// All registrations with their fds: from slot `start` to the last one, then from slot 0 to
    /// `start`.
    #[allow(dead_code)] // Only `poll_oneoff` builds a list of all registrations.
    pub(crate) fn iter_from(&self, start: usize) -> impl Iterator<Item = (Key, RawFd, &T)> {
        let length = self.slots.len();
        let start = if start < length { start } else { 0 };
        (start..length).chain(0..start).filter_map(|index| {
            let slot = self.slots.get(index)?;
            let key = Key {
                // `insert` keeps the number of slots in the range of `u32`.
                index: index as u32,
                generation: slot.generation,
            };
            (slot.fd >= 0).then_some((key, slot.fd, &slot.entry))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    #[test]
    fn key_of_a_removed_entry_is_detected() {
        let mut slab = Slab::default();
        let first = slab.insert(5, |_| 'a').unwrap();
        assert_eq!(slab.find(5).unwrap(), first);
        assert_eq!(
            slab.insert(5, |_| 'b').unwrap_err().kind(),
            ErrorKind::AlreadyExists
        );
        assert_eq!(
            slab.insert(-1, |_| 'b').unwrap_err().raw_os_error(),
            Some(ffi::EBADF)
        );
        assert!(slab.remove(first).is_some());
        assert!(slab.remove(first).is_none() && slab.get(first).is_none());
        assert_eq!(slab.find(5).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(slab.is_empty() && slab.key_at(0).is_none());

        // The slot is reused, and the old key does not find the new entry.
        let second = slab.insert(6, |before| *before.unwrap()).unwrap();
        assert_eq!((second.index, slab.len()), (first.index, 1));
        assert!(slab.get(first).is_none() && slab.remove(first).is_none());
        assert_eq!(slab.get(second), Some(&mut 'a'));
        assert_eq!(slab.key_at(0), Some(second));
    }

    #[test]
    fn lowest_free_slot_is_reused_first() {
        let mut slab = Slab::default();
        let keys: Vec<Key> = (0..4).map(|fd| slab.insert(fd, |_| ()).unwrap()).collect();
        for key in [keys[1], keys[3], keys[0], keys[2]] {
            slab.remove(key);
        }
        let again = (0..5).map(|fd| slab.insert(fd, |_| ()).unwrap().index);
        assert_eq!(again.collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn iteration_wraps_around() {
        let mut slab = Slab::default();
        let keys: Vec<Key> = (0..4).map(|fd| slab.insert(fd, |_| ()).unwrap()).collect();
        slab.remove(keys[1]);
        let walk = |start| {
            slab.iter_from(start)
                .map(|(_, fd, _)| fd)
                .collect::<Vec<_>>()
        };
        assert_eq!(walk(2), [2, 3, 0]);
        assert_eq!(walk(9), [0, 2, 3]);
    }
}
