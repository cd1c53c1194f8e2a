//! The selector of a build without `os-poll`, or of a system without a platform block. `Poll::new`
//! returns `Unsupported`, and no value of the other types exists.

cfg_not_unix! {
    #[cfg(all(feature = "net", not(windows)))]
    pub(crate) mod socket;
}

use std::fmt;
use std::io;

use crate::sys::Raw;
use crate::sys::errors;
use crate::sys::selector::{self, Deadline, Owner};
use crate::{Interest, Token};

/// The selector, registration, waker and event that do not exist.
#[derive(Clone, Debug)]
#[allow(dead_code)] // A build with a selector of its own names no `Never`.
pub(crate) enum Never {}

/// A buffer that stays empty.
#[derive(Debug)]
pub(crate) struct NoEvents {
    capacity: usize,
}

impl selector::EventBuffer for NoEvents {
    type Item = Never;

    fn with_capacity(capacity: usize) -> NoEvents {
        NoEvents { capacity }
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn as_slice(&self) -> &[Never] {
        &[]
    }

    fn clear(&mut self) {}
}

impl selector::Selector for Never {
    type Raw = Raw;
    type Event = Never;
    type Events = NoEvents;
    type Registration = Never;
    type Waker = Never;
    const EMULATES_EDGE: bool = false;

    fn new() -> io::Result<Never> {
        Err(errors::unsupported(
            "no event queue: mio was built without feature `os-poll`, or has none for this system",
        ))
    }

    fn try_clone(&self) -> io::Result<Never> {
        match *self {}
    }

    fn waker(&self, _: Token) -> io::Result<Never> {
        match *self {}
    }

    fn select(&mut self, _: &mut NoEvents, _: Deadline) -> io::Result<()> {
        match *self {}
    }

    fn register(&self, _: Raw, _: Token, _: Interest) -> io::Result<Never> {
        match *self {}
    }

    fn reregister(&self, _: &mut Never, _: Raw, _: Token, _: Interest) -> io::Result<()> {
        match *self {}
    }

    fn deregister(&self, _: Never, _: Raw) -> io::Result<()> {
        match *self {}
    }

    fn owner(&self, _: &Never) -> Owner {
        match *self {}
    }

    fn rearm(registration: &Never, _: Interest) -> io::Result<()> {
        match *registration {}
    }
}

impl selector::Wake for Never {
    fn wake(&self) -> io::Result<()> {
        match *self {}
    }
}

impl selector::SelectorEvent for Never {
    fn token(&self) -> Token {
        match *self {}
    }

    fn is_readable(&self) -> bool {
        match *self {}
    }

    fn is_writable(&self) -> bool {
        match *self {}
    }

    fn details(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for Never {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match *self {}
    }
}
