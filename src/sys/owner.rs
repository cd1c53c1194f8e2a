//! Which selector a registration belongs to.
//!
//! A registration holds its selector weakly, which answers both questions: whether it is this
//! selector, and whether it still lives. There is no list of selectors and no lock: `fork(2)`
//! copies the memory as it is at one moment, and a lock that another thread holds then is never
//! released in the copy.

use std::sync::{Arc, Weak};

use crate::sys::selector::Owner;

/// Whose registration it is, seen from a selector.
#[inline]
#[allow(dead_code)] // Windows has its own.
pub(crate) fn owner_of<T>(selector: &Arc<T>, held: &Weak<T>) -> Owner {
    if held.as_ptr() == Arc::as_ptr(selector) {
        Owner::This
    } else if held.strong_count() == 0 {
        Owner::Dropped
    } else {
        Owner::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_tells_its_selector_from_living_and_from_dropped_ones() {
        let (one, other) = (Arc::new(1), Arc::new(2));
        let held = Arc::downgrade(&one);
        assert_eq!(owner_of(&one, &held), Owner::This);
        assert_eq!(owner_of(&other, &held), Owner::Other);
        drop(one);
        assert_eq!(owner_of(&other, &held), Owner::Dropped);
        // Its memory is not used again as long as the registration holds it.
        let new = Arc::new(1);
        assert_eq!(owner_of(&new, &held), Owner::Dropped);
    }
}
