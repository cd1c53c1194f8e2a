//! Registrations by place and by number, for selectors whose kernel keeps none: a place has one tenant after the other, and a key
//! says which of them is meant.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::os::fd::RawFd;

use crate::sys::{errors, raw};

/// A registration: the place, and which of its tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// What is at a place: a registration, or what is left of the last one.
#[derive(Debug)]
struct Place<T> {
    generation: u32,
    /// -1 if the place is free.
    fd: RawFd,
    tenant: T,
}

/// All registrations of one selector.
#[derive(Debug)]
pub(crate) struct Places<T> {
    places: Vec<Place<T>>,
    /// The lowest is taken first, so that the places in use stay at the front.
    free: BinaryHeap<Reverse<u32>>,
    numbers: HashMap<RawFd, u32>,
}

impl<T> Default for Places<T> {
    fn default() -> Places<T> {
        Places {
            places: Vec::new(),
            free: BinaryHeap::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<T> Places<T> {
    /// How many places there are, free ones included.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing is registered.
    pub(crate) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    #[inline]
    fn place(&mut self, key: Key) -> Option<&mut Place<T>> {
        self.places
            .get_mut(key.index as usize)
            .filter(|place| place.generation == key.generation && place.fd >= 0)
    }

    /// The tenant, if the registration still is.
    #[inline]
    pub(crate) fn get(&mut self, key: Key) -> Option<&mut T> {
        self.place(key).map(|place| &mut place.tenant)
    }

    /// The generation of a place and its tenant, who may have left.
    #[inline]
    pub(crate) fn at(&mut self, index: u32) -> Option<(u32, &mut T)> {
        let place = self.places.get_mut(index as usize)?;
        Some((place.generation, &mut place.tenant))
    }

    /// The registration of a number.
    pub(crate) fn find(&self, fd: RawFd) -> io::Result<Key> {
        let index = *self.numbers.get(&fd).ok_or_else(errors::not_registered)?;
        let place = self.places.get(index as usize);
        let generation = place.map_or(0, |place| place.generation);
        Ok(Key { index, generation })
    }

    /// The present tenant's registration.
    pub(crate) fn tenant(&self, index: u32) -> Option<Key> {
        let place = self.places.get(index as usize)?;
        let generation = place.generation;
        (place.fd >= 0).then_some(Key { index, generation })
    }

    /// Adds a registration. `new` is told who had the place before, if anybody.
    pub(crate) fn insert(
        &mut self,
        fd: RawFd,
        new: impl FnOnce(Option<&T>) -> T,
    ) -> io::Result<Key> {
        if fd < 0 {
            return Err(io::Error::from_raw_os_error(raw::EBADF));
        }
        if self.numbers.contains_key(&fd) {
            return Err(errors::fd_already_registered());
        }
        let reused = self.free.pop().and_then(|Reverse(index)| {
            let place = self.places.get_mut(index as usize)?;
            Some((index, place))
        });
        let key = match reused {
            Some((index, place)) => {
                place.tenant = new(Some(&place.tenant));
                place.fd = fd;
                let generation = place.generation;
                Key { index, generation }
            }
            None => {
                let index = u32::try_from(self.places.len())
                    .map_err(|_| errors::invalid("too many sources"))?;
                let generation = 0;
                self.places.push(Place {
                    generation,
                    fd,
                    tenant: new(None),
                });
                Key { index, generation }
            }
        };
        self.numbers.insert(fd, key.index);
        Ok(key)
    }

    /// Ends a registration, and returns who leaves. `None` if it had ended.
    pub(crate) fn remove(&mut self, key: Key) -> Option<&mut T> {
        let fd = self.place(key)?.fd;
        self.numbers.remove(&fd);
        self.free.push(Reverse(key.index));
        let place = self.place(key)?;
        place.fd = -1;
        place.generation = place.generation.wrapping_add(1);
        Some(&mut place.tenant)
    }

    /// All registrations from a place on, all around, with their numbers.
    pub(crate) fn from(&self, start: usize) -> impl Iterator<Item = (Key, RawFd, &T)> {
        let length = self.places.len();
        let start = if start < length { start } else { 0 };
        (start..length).chain(0..start).filter_map(|index| {
            let place = self.places.get(index)?;
            let key = Key {
                // `insert` lets no place be beyond this.
                index: index as u32,
                generation: place.generation,
            };
            (place.fd >= 0).then_some((key, place.fd, &place.tenant))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    #[test]
    fn a_key_is_of_one_tenant() {
        let mut places = Places::default();
        let first = places.insert(5, |_| 'a').unwrap();
        assert_eq!(places.find(5).unwrap(), first);
        assert_eq!(
            places.insert(5, |_| 'b').unwrap_err().kind(),
            ErrorKind::AlreadyExists
        );
        assert_eq!(
            places.insert(-1, |_| 'b').unwrap_err().raw_os_error(),
            Some(raw::EBADF)
        );
        assert!(places.remove(first).is_some());
        assert!(places.remove(first).is_none() && places.get(first).is_none());
        assert_eq!(places.find(5).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(places.is_empty() && places.tenant(0).is_none());

        // The place is used again, and the old key is not good for the new tenant.
        let second = places.insert(6, |before| *before.unwrap()).unwrap();
        assert_eq!((second.index, places.len()), (first.index, 1));
        assert!(places.get(first).is_none() && places.remove(first).is_none());
        assert_eq!(places.get(second), Some(&mut 'a'));
        assert_eq!(places.tenant(0), Some(second));
    }

    #[test]
    fn the_lowest_place_is_taken_first() {
        let mut places = Places::default();
        let keys: Vec<Key> = (0..4)
            .map(|fd| places.insert(fd, |_| ()).unwrap())
            .collect();
        for key in [keys[1], keys[3], keys[0], keys[2]] {
            places.remove(key);
        }
        let again = (0..5).map(|fd| places.insert(fd, |_| ()).unwrap().index);
        assert_eq!(again.collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn walks_go_all_around() {
        let mut places = Places::default();
        let keys: Vec<Key> = (0..4)
            .map(|fd| places.insert(fd, |_| ()).unwrap())
            .collect();
        places.remove(keys[1]);
        let walk = |start| places.from(start).map(|(_, fd, _)| fd).collect::<Vec<_>>();
        assert_eq!(walk(2), [2, 3, 0]);
        assert_eq!(walk(9), [0, 2, 3]);
    }
}
