//! Registrations by slot and by number, for selectors whose kernel keeps none: a slot has one entry after the other, and a key
//! says which of them is meant.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::os::fd::RawFd;

use crate::sys::{errors, ffi};

/// A registration: the slot, and which of its tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// What is at a slot: a registration, or what is left of the last one.
#[derive(Debug)]
struct Entry<T> {
    generation: u32,
    /// -1 if the slot is free.
    fd: RawFd,
    entry: T,
}

/// All registrations of one selector.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    entries: Vec<Entry<T>>,
    /// The lowest is taken first, so that the entries in use stay at the front.
    free: BinaryHeap<Reverse<u32>>,
    by_fd: HashMap<RawFd, u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab {
            entries: Vec::new(),
            free: BinaryHeap::new(),
            by_fd: HashMap::new(),
        }
    }
}

impl<T> Slab<T> {
    /// How many entries there are, free ones included.
    #[inline]
    #[allow(dead_code)] // For poll(2).
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is registered.
    #[allow(dead_code)] // For `poll_oneoff`.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_fd.is_empty()
    }

    #[inline]
    fn slot(&mut self, key: Key) -> Option<&mut Entry<T>> {
        self.entries
            .get_mut(key.index as usize)
            .filter(|slot| slot.generation == key.generation && slot.fd >= 0)
    }

    /// The entry, if the registration still is.
    #[inline]
    pub(crate) fn get(&mut self, key: Key) -> Option<&mut T> {
        self.slot(key).map(|slot| &mut slot.entry)
    }

    /// The generation of a slot and its entry, who may have left.
    #[inline]
    #[allow(dead_code)] // For poll(2).
    pub(crate) fn at(&mut self, index: u32) -> Option<(u32, &mut T)> {
        let slot = self.entries.get_mut(index as usize)?;
        Some((slot.generation, &mut slot.entry))
    }

    /// The registration of a number.
    pub(crate) fn find(&self, fd: RawFd) -> io::Result<Key> {
        let index = *self.by_fd.get(&fd).ok_or_else(errors::not_registered)?;
        let slot = self.entries.get(index as usize);
        let generation = slot.map_or(0, |slot| slot.generation);
        Ok(Key { index, generation })
    }

    /// The present entry's registration.
    #[allow(dead_code)] // For event ports.
    pub(crate) fn key_at(&self, index: u32) -> Option<Key> {
        let slot = self.entries.get(index as usize)?;
        let generation = slot.generation;
        (slot.fd >= 0).then_some(Key { index, generation })
    }

    /// Adds a registration. `new` is told who had the slot before, if anybody.
    pub(crate) fn insert(
        &mut self,
        fd: RawFd,
        new: impl FnOnce(Option<&T>) -> T,
    ) -> io::Result<Key> {
        if fd < 0 {
            return Err(io::Error::from_raw_os_error(ffi::EBADF));
        }
        if self.by_fd.contains_key(&fd) {
            return Err(errors::fd_already_registered());
        }
        let reused = self.free.pop().and_then(|Reverse(index)| {
            let slot = self.entries.get_mut(index as usize)?;
            Some((index, slot))
        });
        let key = match reused {
            Some((index, slot)) => {
                slot.entry = new(Some(&slot.entry));
                slot.fd = fd;
                let generation = slot.generation;
                Key { index, generation }
            }
            None => {
                let index = u32::try_from(self.entries.len())
                    .map_err(|_| errors::invalid("too many sources"))?;
                let generation = 0;
                self.entries.push(Entry {
                    generation,
                    fd,
                    entry: new(None),
                });
                Key { index, generation }
            }
        };
        self.by_fd.insert(fd, key.index);
        Ok(key)
    }

    /// Ends a registration, and returns who leaves. `None` if it had ended.
    pub(crate) fn remove(&mut self, key: Key) -> Option<&mut T> {
        let fd = self.slot(key)?.fd;
        self.by_fd.remove(&fd);
        self.free.push(Reverse(key.index));
        let slot = self.slot(key)?;
        slot.fd = -1;
        slot.generation = slot.generation.wrapping_add(1);
        Some(&mut slot.entry)
    }

    /// All registrations from a slot on, all around, with their by_fd.
    #[allow(dead_code)] // For `poll_oneoff`.
    pub(crate) fn from(&self, start: usize) -> impl Iterator<Item = (Key, RawFd, &T)> {
        let length = self.entries.len();
        let start = if start < length { start } else { 0 };
        (start..length).chain(0..start).filter_map(|index| {
            let slot = self.entries.get(index)?;
            let key = Key {
                // `insert` lets no slot be beyond this.
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
    fn a_key_is_of_one_tenant() {
        let mut entries = Slab::default();
        let first = entries.insert(5, |_| 'a').unwrap();
        assert_eq!(entries.find(5).unwrap(), first);
        assert_eq!(
            entries.insert(5, |_| 'b').unwrap_err().kind(),
            ErrorKind::AlreadyExists
        );
        assert_eq!(
            entries.insert(-1, |_| 'b').unwrap_err().raw_os_error(),
            Some(ffi::EBADF)
        );
        assert!(entries.remove(first).is_some());
        assert!(entries.remove(first).is_none() && entries.get(first).is_none());
        assert_eq!(entries.find(5).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(entries.is_empty() && entries.key_at(0).is_none());

        // The slot is used again, and the old key is not good for the new entry.
        let second = entries.insert(6, |before| *before.unwrap()).unwrap();
        assert_eq!((second.index, entries.len()), (first.index, 1));
        assert!(entries.get(first).is_none() && entries.remove(first).is_none());
        assert_eq!(entries.get(second), Some(&mut 'a'));
        assert_eq!(entries.key_at(0), Some(second));
    }

    #[test]
    fn the_lowest_slot_is_taken_first() {
        let mut entries = Slab::default();
        let keys: Vec<Key> = (0..4)
            .map(|fd| entries.insert(fd, |_| ()).unwrap())
            .collect();
        for key in [keys[1], keys[3], keys[0], keys[2]] {
            entries.remove(key);
        }
        let again = (0..5).map(|fd| entries.insert(fd, |_| ()).unwrap().index);
        assert_eq!(again.collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn walks_go_all_around() {
        let mut entries = Slab::default();
        let keys: Vec<Key> = (0..4)
            .map(|fd| entries.insert(fd, |_| ()).unwrap())
            .collect();
        entries.remove(keys[1]);
        let walk = |start| entries.from(start).map(|(_, fd, _)| fd).collect::<Vec<_>>();
        assert_eq!(walk(2), [2, 3, 0]);
        assert_eq!(walk(9), [0, 2, 3]);
    }
}
