//! The buffer of events of selectors that make their records themselves.

use std::panic::{RefUnwindSafe, UnwindSafe};

use super::contract::{Record, Records};

/// The events of one `select`.
#[derive(Debug)]
pub(crate) struct RecordList<R> {
    records: Vec<R>,
    capacity: usize,
}

impl<R> RecordList<R> {
    /// Whether there is none.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many more find room.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.records.len())
    }

    /// Adds an event, for which there is room.
    #[inline]
    pub(crate) fn push(&mut self, record: R) {
        self.records.push(record);
    }
}

impl<R: Record + UnwindSafe + RefUnwindSafe> Records for RecordList<R> {
    type Item = R;

    fn with_capacity(capacity: usize) -> RecordList<R> {
        RecordList {
            records: Vec::with_capacity(capacity),
            capacity,
        }
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.capacity
    }

    #[inline]
    fn as_slice(&self) -> &[R] {
        &self.records
    }

    #[inline]
    fn clear(&mut self) {
        self.records.clear();
    }
}
