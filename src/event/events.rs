//! The buffer that one call of `Poll::poll` fills.

use std::fmt;
use std::slice;

use crate::event::Event;
use crate::sys;
use crate::sys::selector::EventBuffer as _;

/// A buffer of events, made once and filled anew by every [`Poll::poll`](crate::Poll::poll).
///
/// One call returns at most [`capacity`](Events::capacity) events; what finds no room comes with a later call. After an error
/// of `poll` the buffer is empty.
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
    records: sys::Events,
}

impl Events {
    /// Makes a buffer with room for `capacity` events; the memory is allocated now.
    ///
    /// With a capacity of 0 every `poll` returns [`InvalidInput`](std::io::ErrorKind::InvalidInput).
    ///
    /// ```
    /// assert_eq!(mio::Events::with_capacity(1024).capacity(), 1024);
    /// ```
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Events {
        Events {
            records: sys::Events::with_capacity(capacity),
        }
    }

    /// The most events one `poll` returns.
    #[must_use]
    #[inline]
    pub fn capacity(&self) -> usize {
        self.records.capacity()
    }

    /// Whether the last `poll` returned no event.
    ///
    /// ```
    /// assert!(mio::Events::with_capacity(1024).is_empty());
    /// ```
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.records.as_slice().is_empty()
    }

    /// The events of the last `poll`.
    #[must_use]
    #[inline]
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            records: self.records.as_slice().iter(),
        }
    }

    /// Forgets all events. `poll` does so by itself.
    #[inline]
    pub fn clear(&mut self) {
        self.records.clear();
    }

    #[inline]
    pub(crate) fn records(&mut self) -> &mut sys::Events {
        &mut self.records
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// Goes through the events of one `poll`; made by [`Events::iter`].
#[derive(Clone)]
pub struct Iter<'a> {
    records: slice::Iter<'a, sys::Event>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Event;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.records.next().map(Event::from_record)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.records.size_hint()
    }

    #[inline]
    fn count(self) -> usize {
        self.records.count()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
