//! `Debug` of the fields of a `struct kevent`, by the names of their constants.

use std::fmt;

use crate::sys::{ffi, flags};

use super::syscall::{Event, TRIGGER, USER};

/// A filter.
pub(super) struct Filter(pub(super) i32);

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = ffi::EVFILT_NAMES.iter();
        match names.find(|(_, value)| *value as i64 == i64::from(self.0)) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

/// The flags that all filters share.
pub(super) struct Flags(pub(super) u32);

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = ffi::EV_NAMES.iter();
        flags::write(f, self.0, names.map(|(name, bit)| (*name, *bit as _)))
    }
}

/// The flags of the event's filter. Their meaning depends on the filter: with `EV_EOF` a socket's
/// filter stores an errno there. So only a user event shows names.
pub(super) struct FilterFlags<'a>(pub(super) &'a Event);

impl fmt::Debug for FilterFlags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.filter() == USER {
            return flags::write(f, self.0.fflags(), [("NOTE_TRIGGER", TRIGGER)].into_iter());
        }
        self.0.fflags().fmt(f)
    }
}
