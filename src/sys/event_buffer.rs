//! Event buffers: of events that the selector creates itself, and of events that the kernel writes.
//! It contains the only `set_len`s of this crate.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::slice;

use super::selector::{EventBuffer, SelectorEvent};

/// The items that a buffer has room for if there is no memory for its capacity.
const FALLBACK: usize = 1024;

/// Allocates room for `capacity` items, or for fewer if the system has not so much memory.
fn allocate<T>(capacity: usize) -> Vec<T> {
    let mut items = Vec::new();
    if items.try_reserve_exact(capacity).is_err() {
        items.reserve_exact(capacity.min(FALLBACK));
    }
    items
}

/// The events of one `select`, which the selector creates itself.
#[derive(Debug)]
#[allow(dead_code)] // Only selectors that make edges from levels use it.
pub(crate) struct EventVec<E> {
    events: Vec<E>,
    capacity: usize,
}

#[allow(dead_code)] // As for the type, where the kernel writes events.
impl<E> EventVec<E> {
    /// Whether there are no events.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// How many more events fit.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        let most = self.capacity.min(self.events.capacity());
        most.saturating_sub(self.events.len())
    }

    /// Adds an event. The caller has checked that there is room.
    #[inline]
    pub(crate) fn push(&mut self, event: E) {
        self.events.push(event);
    }

    /// Lets `write` add up to `most` events, or as many as there is room for. Returns how many it
    /// has added.
    #[inline]
    pub(crate) fn extend(&mut self, most: usize, write: impl FnOnce(&mut Spare<'_, E>)) -> usize {
        let (before, most) = (self.events.len(), most.min(self.room()));
        let spare = self.events.spare_capacity_mut();
        let spare = spare.get_mut(..most).unwrap_or_default();
        let most = spare.len();
        let mut spare = Spare {
            unused: spare.iter_mut(),
        };
        write(&mut spare);
        let count = most - spare.unused.len();
        // SAFETY: `before` items are initialized, and the `count` items behind them: `Spare::push`
        // alone takes items from `unused`, from the front, and initializes each. `write` cannot
        // exchange `spare` for one of another buffer, whose lifetime is another one. `room` is at
        // most the capacity that is left.
        unsafe { self.events.set_len(before + count) };
        count
    }
}

/// Room for more events of an [`EventVec`].
#[derive(Debug)]
pub(crate) struct Spare<'a, E> {
    unused: slice::IterMut<'a, MaybeUninit<E>>,
}

#[allow(dead_code)] // Only poll(2) applies a poll to many slots at once.
impl<E> Spare<'_, E> {
    /// Whether there is no more room.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.unused.len() == 0
    }

    /// Adds an event, if there is room.
    #[inline]
    pub(crate) fn push(&mut self, event: E) {
        if let Some(item) = self.unused.next() {
            item.write(event);
        }
    }
}

impl<E: SelectorEvent + UnwindSafe + RefUnwindSafe> EventBuffer for EventVec<E> {
    type Item = E;

    fn with_capacity(capacity: usize) -> EventVec<E> {
        EventVec {
            events: allocate(capacity),
            capacity,
        }
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.capacity
    }

    #[inline]
    fn as_slice(&self) -> &[E] {
        &self.events
    }

    #[inline]
    fn clear(&mut self) {
        self.events.clear();
    }
}

/// A vector of fixed capacity that a system call fills from the start.
#[derive(Debug)]
#[allow(dead_code)] // On poll(2) and `poll_oneoff` no kernel writes events.
pub(crate) struct KernelVec<T> {
    /// May have a larger capacity than was requested: `capacity` counts. Or a smaller one.
    items: Vec<T>,
    capacity: usize,
}

#[allow(dead_code)] // As for the type; kqueue(2) edits items, Windows takes them out.
impl<T> KernelVec<T> {
    /// Allocates a vector for `capacity` items.
    pub(crate) fn with_capacity(capacity: usize) -> KernelVec<T> {
        KernelVec {
            items: allocate(capacity),
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

    /// Appends an item. `false` if there is no room.
    pub(crate) fn push(&mut self, item: T) -> bool {
        let has_room = self.items.len() < self.capacity;
        if has_room {
            self.items.push(item);
        }
        has_room
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
        #[allow(clippy::indexing_slicing)] // `length` is at most that of `spare`.
        let count = write(&mut spare[..length])?.min(length);
        // SAFETY: `items` is empty and `count` is at most its capacity. The caller guarantees that
        // the first `count` items are initialized.
        unsafe { self.items.set_len(count) };
        Ok(count)
    }
}
