//! Ends a waiting `poll` from another thread.

use std::fmt;
use std::io;

use crate::sys::selector::{Selector, Wake as _};
use crate::{Registry, Token, sys};

/// Makes [`Poll::poll`](crate::Poll::poll) return an event with a token of its own, from any thread.
///
/// Any number of wakers may live on one `Poll`, made from it or from clones of its registry; each delivers its own token.
///
/// # What holds
///
/// - After a `wake`, at least one event with this waker's token comes; it is
///   [`is_readable`](crate::event::Event::is_readable). Several wakes may come as one event.
/// - What the waking thread wrote before `wake` is seen by the thread that gets the event, whether or not that `wake` was
///   merged with another.
/// - Between two returns of `poll`, any number of wakes of one waker cost one system call: the
///   later ones are merged with the first.
/// - A waker that is dropped after `wake` and before `poll` may or may not deliver its event. None
///   comes from a `poll` that began after the drop and returned fewer events than the capacity,
///   unless the process was forked.
/// - Once the `Poll` and all its registries are gone, `wake` does nothing and succeeds.
///
/// # Merged wakes
///
/// A merged wake makes no system call. It relies on the thread that announced first and is about to
/// make one:
///
/// - Its event comes when that thread has been scheduled. A thread of high priority whose wake is
///   merged with that of a thread that the scheduler does not run (`SCHED_IDLE`, a stopped or
///   throttled group) waits for that thread. A real-time program should give each priority a
///   `Waker` of its own.
/// - If that thread's call fails, it gets the error, and the merged one's event comes with the next
///   successful wake.
///
/// Wakes are merged only as long as no one else can take the selector's events: not once the
/// selector's file descriptor was handed out (`as_raw_fd`), and not once the process was forked;
/// see [`Poll`](crate::Poll#child-processes). Then each wake costs a system call.
///
/// # Forks
///
/// After `fork` both processes have the waker, but on kqueue. Dropping it in one of them changes
/// nothing for the other. On epoll and event ports a wake of either is an event of whichever polls
/// first; on poll(2) see [`Poll`](crate::Poll#child-processes). A waker that was dropped in one
/// process only can deliver events with its token there as long as the other process wakes it.
///
/// A kqueue stays with the process that made it. Where its kernel has user events the copy's wakes
/// fail, and elsewhere (a pipe) they are events of that process.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "os-poll")] {
/// # fn main() -> std::io::Result<()> {
/// use mio::{Events, Poll, Token, Waker};
/// use std::sync::Arc;
/// use std::thread;
///
/// const WAKE: Token = Token(10);
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(2);
/// let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
///
/// let handle = thread::spawn({
///     let waker = Arc::clone(&waker);
///     move || waker.wake()
/// });
/// poll.poll(&mut events, None)?;
/// assert_eq!(events.iter().next().map(|event| event.token()), Some(WAKE));
/// handle.join().unwrap()?;
/// # Ok(())
/// # }
/// # main().unwrap() }
/// ```
pub struct Waker {
    inner: <sys::Selector as Selector>::Waker,
}

impl Waker {
    /// Makes a waker that delivers events with `token`.
    ///
    /// # Errors
    ///
    /// What the system says, such as too many open files; [`Unsupported`](io::ErrorKind::Unsupported) where the system has
    /// nothing to wake with (WASI, Nintendo 3DS).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "os-poll")] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Events, Poll, Token, Waker};
    ///
    /// let mut poll = Poll::new()?;
    /// let first = Waker::new(poll.registry(), Token(1))?;
    /// let second = Waker::new(poll.registry(), Token(2))?;
    /// second.wake()?;
    ///
    /// let mut events = Events::with_capacity(2);
    /// poll.poll(&mut events, None)?;
    /// assert!(events.iter().all(|event| event.token() == Token(2)));
    /// # drop(first);
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    pub fn new(registry: &Registry, token: Token) -> io::Result<Waker> {
        let inner = registry.selector().waker(token)?;
        Ok(Waker { inner })
    }

    /// Ends a waiting `poll`, or the next one.
    ///
    /// It may be called from a signal handler on epoll and kqueue only; on poll(2) and event ports it takes a lock.
    ///
    /// # Errors
    ///
    /// What the system says; eventfd, pipe, kqueue and Windows fail only when the kernel is out of memory, event ports also
    /// when the queue is full. A `wake` that fails may be tried again.
    ///
    /// # Examples
    ///
    /// Before `poll` begins is early enough:
    ///
    /// ```
    /// # #[cfg(feature = "os-poll")] {
    /// # fn main() -> std::io::Result<()> {
    /// use mio::{Events, Poll, Token, Waker};
    ///
    /// let mut poll = Poll::new()?;
    /// let waker = Waker::new(poll.registry(), Token(1))?;
    /// waker.wake()?;
    /// waker.wake()?; // Merged with the first.
    ///
    /// let mut events = Events::with_capacity(2);
    /// poll.poll(&mut events, None)?;
    /// assert_eq!(events.iter().count(), 1);
    /// # Ok(())
    /// # }
    /// # main().unwrap() }
    /// ```
    #[inline]
    pub fn wake(&self) -> io::Result<()> {
        self.inner.wake()
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").field("inner", &self.inner).finish()
    }
}
