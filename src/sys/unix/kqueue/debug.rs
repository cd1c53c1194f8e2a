//! How the parts of an event are shown by `Debug`.

use std::fmt;

use crate::sys::{ffi, flags};

use super::syscall::{Event, TRIGGER, USER};

/// Shows a filter by name.
pub(super) struct FilterName(pub(super) i32);

impl fmt::Debug for FilterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = ffi::EVFILT_NAMES.iter();
        match names.find(|(_, value)| *value as i64 == i64::from(self.0)) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Shows flags by name.
pub(super) struct Flags(pub(super) u32);

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = ffi::EV_NAMES.iter();
        flags::write(f, self.0, names.map(|(name, bit)| (*name, *bit as _)))
    }
}

/// Shows a filter's own flags. Their meaning is the filter's: the end of a socket has a number of errno(3) there.
pub(super) struct FilterFlags<'a>(pub(super) &'a Event);

impl fmt::Debug for FilterFlags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.filter() == USER {
            return flags::write(f, self.0.fflags(), [("NOTE_TRIGGER", TRIGGER)].into_iter());
        }
        self.0.fflags().fmt(f)
    }
}
