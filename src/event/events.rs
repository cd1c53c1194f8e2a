//! The buffer that `Poll::poll` fills.

use std::fmt;
use std::slice;

use crate::event::Event;
use crate::sys;
use crate::sys::selector::EventBuffer as _;

/// A buffer of events that each call of [`Poll::poll`](crate::Poll::poll) fills.
///
/// One call returns at most [`capacity`](Events::capacity) events. A later call returns the events
/// that did not fit. The buffer is empty after `poll` has returned an error.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "os-poll")] {
/// # fn main() -> std::io::Result<()> {
/// use mio::{Events, Poll};
/// use std::time::Duration;
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(1024);
/// poll.poll(&mut events, Some(Duration::ZERO))?;
/// for event in &events {
///     println!("{event:?}");
/// }
/// assert!(events.is_empty());
/// # Ok(())
/// # }
/// # main().unwrap() }
/// ```
pub struct Events {
    buffer: sys::Events,
}

impl Events {
    /// Creates a buffer for `capacity` events, and allocates its memory. If the system has not so
    /// much, fewer events fit, and a later `poll` returns the others.
    ///
    /// With a capacity of 0, each `poll` returns
    /// [`InvalidInput`](std::io::ErrorKind::InvalidInput).
    ///
    /// ```
    /// assert_eq!(mio::Events::with_capacity(1024).capacity(), 1024);
    /// ```
    #[must_use]
    #[inline]
    pub fn with_capacity(capacity: usize) -> Events {
        Events {
            buffer: sys::Events::with_capacity(capacity),
        }
    }

    /// Returns how many events one `poll` returns at most. See
    /// [`with_capacity`](Events::with_capacity) for an example.
    #[must_use]
    #[inline]
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Returns whether the last `poll` returned no event.
    ///
    /// ```
    /// assert!(mio::Events::with_capacity(1024).is_empty());
    /// ```
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.buffer.as_slice().is_empty()
    }

    /// Returns an iterator over the events of the last `poll`.
    ///
    /// ```
    /// # #[cfg(all(feature = "os-poll", not(target_os = "wasi")))] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Events, Poll, Token, Waker};
    ///
    /// let mut poll = Poll::new()?;
    /// let mut events = Events::with_capacity(8);
    /// let waker = Waker::new(poll.registry(), Token(1))?;
    /// waker.wake()?;
    /// poll.poll(&mut events, None)?;
    /// let tokens: Vec<Token> = events.iter().map(|event| event.token()).collect();
    /// assert_eq!(tokens, [Token(1)]);
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    #[must_use]
    #[inline]
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            events: self.buffer.as_slice().iter(),
        }
    }

    /// Removes all events. Each `poll` does the same before it waits.
    ///
    /// ```
    /// let mut events = mio::Events::with_capacity(8);
    /// events.clear();
    /// assert!(events.is_empty());
    /// ```
    #[inline]
    pub fn clear(&mut self) {
        self.buffer.clear();
    }

    #[inline]
    pub(crate) fn buffer(&mut self) -> &mut sys::Events {
        &mut self.buffer
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = Iter<'a>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Events {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// An iterator over the events of one `poll`. [`Events::iter`] creates it.
#[derive(Clone)]
pub struct Iter<'a> {
    /// Each item is the structure that the kernel or the selector wrote, viewed as an `Event`;
    /// iterating copies nothing.
    events: slice::Iter<'a, sys::Event>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Event;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.events.next().map(Event::from_selector_event)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.events.size_hint()
    }

    #[inline]
    fn count(self) -> usize {
        self.events.count()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl fmt::Debug for Iter<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
