//! A buffer that the kernel writes. It contains the only `set_len` of this crate.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// A vector of fixed capacity that a system call fills from the start.
#[derive(Debug)]
#[allow(dead_code)] // Some selectors create their events themselves.
pub(crate) struct KernelVec<T> {
    /// May have a larger capacity than was requested; `capacity` counts.
    items: Vec<T>,
    capacity: usize,
}

#[allow(dead_code)] // Each selector uses some of it.
impl<T> KernelVec<T> {
    /// Allocates a vector for `capacity` items.
    pub(crate) fn with_capacity(capacity: usize) -> KernelVec<T> {
        KernelVec {
            items: Vec::with_capacity(capacity),
            capacity,
        }
    }

    /// The most items that a call can write.
    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// The items that the kernel wrote.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        &self.items
    }

    /// Like `as_slice`, mutable.
    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.items
    }

    /// Removes one item, if there is one at `index`.
    pub(crate) fn remove(&mut self, index: usize) {
        if index < self.items.len() {
            self.items.remove(index);
        }
    }

    /// Removes all items and returns them in order.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> {
        self.items.drain(..)
    }

    /// Removes all items.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.items.clear();
    }

    /// Replaces the items by those that `write` stores in the spare capacity it is given. If
    /// `write` fails, the vector stays empty.
    ///
    /// # Safety
    ///
    /// When `write` returns `Ok(count)`, the first `count` items must be initialized.
    #[inline]
    pub(crate) unsafe fn fill<E>(
        &mut self,
        write: impl FnOnce(&mut [MaybeUninit<T>]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        self.items.clear();
        let spare = self.items.spare_capacity_mut();
        let length = spare.len().min(self.capacity);
        let count = write(&mut spare[..length])?.min(length);
        // SAFETY: `items` is empty and `count` is at most its capacity. The caller guarantees that
        // the first `count` items are initialized.
        unsafe { self.items.set_len(count) };
        Ok(count)
    }
}
