//! Ends the wait of a `Poll` from another thread.

use std::fmt;
use std::io;

use crate::sys::selector::{Selector, Wake as _};
use crate::{Registry, Token, sys};

/// Ends a wait in [`Poll::poll`](crate::Poll::poll) from any thread, with an event that carries the
/// waker's token.
///
/// A `Poll` can have any number of wakers, made from it or from clones of its registry. Each wakes
/// with its own token.
///
/// # Guarantees
///
/// - A `wake` is followed by at least one event with the token of the waker. The event is
///   [`is_readable`](crate::event::Event::is_readable). One event may report several wakes.
/// - The thread that gets the event sees what the waking thread wrote before it called `wake`, also
///   if that `wake` was merged with another.
/// - Between two returns of the kernel's wait, all wakes of one waker together cost one system
///   call: later wakes are merged with the first. On epoll, if wakes came alone before, the first
///   costs a call of its own and the others one together; of threads that wake at the same moment,
///   each may make a call of its own once.
/// - A waker that is dropped after `wake` and before `poll` may or may not deliver its event. A
///   `poll` that begins after the drop and returns fewer events than the capacity does not return
///   it, unless the process was forked.
/// - After the `Poll` and all its registries are dropped, `wake` does nothing and returns `Ok`.
///
/// # Merged wakes
///
/// A merged wake makes no system call. It relies on the thread that made the earlier wake and is
/// about to make the call. This has two consequences:
///
/// - The event comes only after the scheduler has run that thread. If the scheduler does not run it
///   ([`SCHED_IDLE`][sched], a stopped or throttled group), a thread of high priority waits for it.
///   A real-time program should use one `Waker` for each priority.
/// - If the system call of that thread fails, that thread gets the error. The event of the merged
///   wake then comes with the next wake that succeeds.
///
/// Wakes are merged only while nothing else can take the events of this selector.
/// So they are not merged after the file descriptor of the selector was returned (`as_raw_fd`), or
/// after the process was forked (see [`Poll`](crate::Poll#child-processes)). From then on each wake
/// costs a system call.
///
/// # Forks
///
/// After `fork`, both processes have the waker, except on kqueue:
///
/// - Dropping the waker in one process changes nothing for the other.
/// - On epoll and event ports, a wake in either process is an event of the process that polls
///   first. On poll(2), see [`Poll`](crate::Poll#child-processes).
/// - A process that has dropped the waker can still get events with its token, as long as the other
///   process calls `wake`.
/// - On kqueue, the selector stays with the process that created it ([kqueue(2)][kqueue]). Where
///   the kernel has user events, `wake` fails in the child. Where the waker is a pipe, a wake in
///   the child is an event of the parent.
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
///
/// [sched]: https://man7.org/linux/man-pages/man7/sched.7.html
/// [kqueue]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
pub struct Waker {
    inner: <sys::Selector as Selector>::Waker,
}

impl Waker {
    /// Creates a waker whose events carry `token`.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) on systems that have no waker (WASI, Nintendo
    /// 3DS). Otherwise the error of the system, such as too many open files.
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
    #[inline]
    pub fn new(registry: &Registry, token: Token) -> io::Result<Waker> {
        let inner = registry.selector().waker(token)?;
        Ok(Waker { inner })
    }

    /// Ends the wait of the current `poll`, or of the next one.
    ///
    /// A signal handler may call `wake` on epoll, and on kqueue as long as the `Poll` or one of its
    /// registries exists. If the last of them is dropped meanwhile, `wake` on kqueue may run the
    /// destructor of the selector, which frees memory. On poll(2) and event ports, `wake` takes a
    /// lock.
    ///
    /// # Errors
    ///
    /// The error of the system. On eventfd, pipe, kqueue and Windows, `wake` fails only if the
    /// kernel is out of memory, and on kqueue in a forked child. On event ports, it also fails if
    /// the [queue of the port is full][port_send]. After an error, `wake` may be called again.
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
    ///
    /// [port_send]: https://illumos.org/man/3C/port_send
    #[inline]
    pub fn wake(&self) -> io::Result<()> {
        self.inner.wake()
    }
}

impl fmt::Debug for Waker {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").field("inner", &self.inner).finish()
    }
}

// The selector is a file descriptor. Here, because handing it out ends the merging of wakes.
cfg_selector_fd! {
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

    use crate::Poll;

    /// The file descriptor of the selector itself, for instance to watch it with another selector.
    ///
    /// The caller may wait on it, for instance with `epoll_wait`, and then takes the events of
    /// [`Waker::wake`](crate::Waker::wake). So from the first call of `as_fd` of a `Poll` or of one
    /// of its registries, wakes of its wakers are no longer merged, and each costs a system call.
    ///
    /// On kqueue, do not use it in a forked child. The child does not inherit a kqueue
    /// ([kqueue(2)]): the number is closed there, or belongs to another file.
    ///
    /// [kqueue(2)]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
    impl AsFd for Poll {
        #[inline]
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.registry().as_fd()
        }
    }

    /// The same as a [`RawFd`]; see `AsFd`, also for its cost and for forked children.
    impl AsRawFd for Poll {
        #[inline]
        fn as_raw_fd(&self) -> RawFd {
            self.as_fd().as_raw_fd()
        }
    }

    /// The file descriptor on which the [`Poll`] waits. All clones of a registry return the same
    /// one. See `AsFd` of [`Poll`], also for forked children.
    impl AsFd for Registry {
        #[inline]
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.selector().as_fd()
        }
    }

    /// The same as a [`RawFd`]; see `AsFd` of [`Poll`].
    impl AsRawFd for Registry {
        #[inline]
        fn as_raw_fd(&self) -> RawFd {
            self.as_fd().as_raw_fd()
        }
    }
}
