//! What a `struct kevent` reports, and its `Debug` with the names of constants.

use std::fmt;

use crate::Token;
use crate::sys::ffi;
use crate::sys::platform::{AIO, LIO};
use crate::sys::selector::{self, SelectorEvent};

use super::syscall::{EOF, ERROR, Event, READ, TRIGGER, USER, WRITE};

impl SelectorEvent for Event {
    #[inline]
    fn token(&self) -> Token {
        Token(self.udata())
    }

    #[inline]
    fn is_readable(&self) -> bool {
        // Wake-ups (`EVFILT_USER`) are reported as readable.
        self.filter() == READ || self.filter() == USER
    }

    #[inline]
    fn is_writable(&self) -> bool {
        self.filter() == WRITE
    }

    #[inline]
    fn is_error(&self) -> bool {
        // A socket's filter reports the socket's error, if any, in `fflags` beside `EV_EOF`
        // (https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2).
        self.flags() & ERROR != 0 || self.flags() & EOF != 0 && self.fflags() != 0
    }

    #[inline]
    fn is_read_closed(&self) -> bool {
        self.filter() == READ && self.flags() & EOF != 0
    }

    #[inline]
    fn is_write_closed(&self) -> bool {
        self.filter() == WRITE && self.flags() & EOF != 0
    }

    #[inline]
    fn is_aio(&self) -> bool {
        AIO == Some(self.filter())
    }

    #[inline]
    fn is_lio(&self) -> bool {
        LIO == Some(self.filter())
    }

    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("kevent")
            .field("ident", &self.ident())
            .field("filter", &Filter(self.filter()))
            .field("flags", &Flags(self.flags()))
            .field("fflags", &FilterFlags(self))
            .field("data", &self.data())
            .field("udata", &self.udata())
            .finish()
    }
}

/// A filter.
struct Filter(i32);

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
struct Flags(u32);

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = ffi::EV_NAMES.iter();
        selector::write_flags(f, self.0, names.map(|(name, bit)| (*name, *bit as _)))
    }
}

/// The flags of the event's filter. Their meaning depends on the filter: with `EV_EOF` a socket's
/// filter stores an errno there. So only a user event shows names.
struct FilterFlags<'a>(&'a Event);

impl fmt::Debug for FilterFlags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.filter() == USER {
            return selector::write_flags(
                f,
                self.0.fflags(),
                [("NOTE_TRIGGER", TRIGGER)].into_iter(),
            );
        }
        self.0.fflags().fmt(f)
    }
}
