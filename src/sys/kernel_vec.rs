//! A buffer that the kernel writes: the only `set_len` of the crate.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// A vector of fixed capacity that a system call fills from the start.
#[derive(Debug)]
#[allow(dead_code)] // Some selectors make their events themselves.
pub(crate) struct KernelVec<T> {
    /// Its allocated capacity may be larger than what was asked for; `capacity` is what counts.
    items: Vec<T>,
    capacity: usize,
}

#[allow(dead_code)] // Each selector uses some of it.
impl<T> KernelVec<T> {
    /// Room for `capacity` items, allocated now.
    pub(crate) fn with_capacity(capacity: usize) -> KernelVec<T> {
        KernelVec {
            items: Vec::with_capacity(capacity),
            capacity,
        }
    }

    /// The most items it holds.
    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// What the kernel wrote.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        &self.items
    }

    /// What the kernel wrote, to be changed.
    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.items
    }

    /// Takes one item out.
    pub(crate) fn remove(&mut self, index: usize) {
        if index < self.items.len() {
            self.items.remove(index);
        }
    }

    /// Takes all items out, from the start.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> {
        self.items.drain(..)
    }

    /// Forgets all items.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.items.clear();
    }

    /// Replaces the contents by what `write` puts into the buffer, which has `capacity` places. On an error it stays empty.
    ///
    /// # Safety
    ///
    /// When `write` returns `Ok(count)`, the first `count` places must be initialised.
    #[inline]
    pub(crate) unsafe fn fill<E>(
        &mut self,
        write: impl FnOnce(&mut [MaybeUninit<T>]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        self.items.clear();
        let room = self.items.spare_capacity_mut();
        let places = room.len().min(self.capacity);
        let count = write(&mut room[..places])?.min(places);
        // SAFETY: `count` is at most the capacity of `items`, which is empty, and the caller promises that so many places from
        // the start are initialised.
        unsafe { self.items.set_len(count) };
        Ok(count)
    }
}
