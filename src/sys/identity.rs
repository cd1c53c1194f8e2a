//! Which queue a registration belongs to.
//!
//! A registration that must reach its queue holds it weakly, which tells. One that need not keeps a number that no other queue ever
//! had: comparing it with a queue's own costs nothing and counts no references. Whether another queue is still alive is asked only on
//! the way to an error, and a list knows it.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::sys::contract::Owner;

/// All queues that are alive.
static ALIVE: Mutex<Alive> = Mutex::new(Alive {
    last: 0,
    numbers: Vec::new(),
});

struct Alive {
    /// The number given out last. Counting to the end of 64 bits takes longer than any process runs.
    last: u64,
    /// In order, as they were given out: a list is less to compile than a tree.
    numbers: Vec<NonZeroU64>,
}

fn alive() -> MutexGuard<'static, Alive> {
    // Nothing in a critical section panics half-way through a change.
    ALIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A queue's own number. It is alive as long as this is.
#[derive(Debug)]
pub(crate) struct Identity(NonZeroU64);

/// What a registration keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(NonZeroU64);

impl Identity {
    /// A number that no queue has had.
    pub(crate) fn new() -> Identity {
        let mut alive = alive();
        alive.last = alive.last.saturating_add(1);
        let number = NonZeroU64::MIN.saturating_add(alive.last - 1);
        alive.numbers.push(number);
        Identity(number)
    }

    /// For a registration with this queue.
    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.0)
    }

    /// Whose registration it is, seen from this queue.
    #[inline]
    pub(crate) fn owner(&self, mark: Mark) -> Owner {
        if self.0 == mark.0 {
            return Owner::This;
        }
        other(mark)
    }
}

#[cold]
fn other(mark: Mark) -> Owner {
    if alive().numbers.binary_search(&mark.0).is_ok() {
        Owner::Other
    } else {
        Owner::Gone
    }
}

/// The same for a registration that holds its queue: whose it is, seen from a queue.
pub(crate) fn owner_of<T>(queue: &Arc<T>, held: &Weak<T>) -> Owner {
    if held.as_ptr() == Arc::as_ptr(queue) {
        Owner::This
    } else if held.strong_count() == 0 {
        Owner::Gone
    } else {
        Owner::Other
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        let mut alive = alive();
        if let Ok(place) = alive.numbers.binary_search(&self.0) {
            alive.numbers.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_its_queue_from_others_and_from_gone_ones() {
        let (one, other) = (Identity::new(), Identity::new());
        let mark = one.mark();
        assert_eq!(one.owner(mark), Owner::This);
        assert_eq!(other.owner(mark), Owner::Other);
        drop(one);
        assert_eq!(other.owner(mark), Owner::Gone);
    }

    /// A new queue is never taken for an old one.
    #[test]
    fn no_number_comes_twice() {
        let mark = Identity::new().mark();
        let new = Identity::new();
        assert_eq!(new.owner(mark), Owner::Gone);
    }
}
