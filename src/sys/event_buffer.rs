//! The event buffer of selectors that create their events themselves.

use std::panic::{RefUnwindSafe, UnwindSafe};

use super::selector::{EventBuffer, SelectorEvent};

/// The events of one `select`.
#[derive(Debug)]
pub(crate) struct EventVec<E> {
    events: Vec<E>,
    capacity: usize,
}

impl<E> EventVec<E> {
    /// Whether there are no events.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// How many more events fit.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.events.len())
    }

    /// Adds an event. The caller has checked that there is room.
    #[inline]
    pub(crate) fn push(&mut self, event: E) {
        self.events.push(event);
    }
}

impl<E: SelectorEvent + UnwindSafe + RefUnwindSafe> EventBuffer for EventVec<E> {
    type Item = E;

    fn with_capacity(capacity: usize) -> EventVec<E> {
        EventVec {
            events: Vec::with_capacity(capacity),
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
