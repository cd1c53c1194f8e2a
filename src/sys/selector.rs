//! What a platform must provide. `README.md` beside this file has the order of reading.
//!
//! A [`Selector`] watches sources and reports [`SelectorEvent`]s. `sys::platform` names the one
//! implementation of the target, and every call is statically dispatched. Two rules hold for every
//! implementation:
//!
//! 1. `poll` clears the event buffer before anything can fail. Once `select` has taken an event
//!    from the kernel or from a list of its own, it returns `Ok`; an error is left for the next
//!    call.
//! 2. `select` never reports an event of a source that was deregistered before `select` began. A
//!    selector with a table of registrations checks an event that waits in user space between two
//!    calls again when it pushes it into the buffer: under the lock of the table, and by
//!    generation. kqueue has neither: `deregister` deletes the filters, and removes a pending EOF
//!    under its lock.
//!
//! Callers such as tokio turn tokens into pointers. Breaking either rule corrupts their memory.

use std::fmt;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use crate::sys::errors;
use crate::{Interest, Token};

/// One event, as the kernel or the selector wrote it.
///
/// A method with a default body returns `false` on selectors that do not report the condition.
pub(crate) trait SelectorEvent: Clone + Send + Sync {
    /// The token given at registration.
    fn token(&self) -> Token;
    /// Data, a connection or an end of file can be read.
    fn is_readable(&self) -> bool;
    /// Data can be written.
    fn is_writable(&self) -> bool;
    /// The source is in an error state.
    fn is_error(&self) -> bool {
        false
    }
    /// The reading half is shut down.
    fn is_read_closed(&self) -> bool {
        false
    }
    /// The writing half is shut down.
    fn is_write_closed(&self) -> bool {
        false
    }
    /// Priority (out-of-band) data can be read.
    fn is_priority(&self) -> bool {
        false
    }
    /// A POSIX asynchronous I/O operation has completed.
    fn is_aio(&self) -> bool {
        false
    }
    /// A list of POSIX asynchronous I/O operations has completed.
    fn is_lio(&self) -> bool {
        false
    }
    /// Writes the kernel's view of the event, with the names of its flags.
    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// Writes the names of the flags that are set. Bits without a name are written as one number.
#[cfg(feature = "os-poll")]
pub(crate) fn write_flags(
    f: &mut fmt::Formatter<'_>,
    bits: u32,
    names: impl Iterator<Item = (&'static str, u32)>,
) -> fmt::Result {
    let mut rest = bits;
    let mut separator = "";
    for (name, bit) in names {
        if bit != 0 && rest & bit == bit {
            write!(f, "{separator}{name}")?;
            separator = "|";
            rest &= !bit;
        }
    }
    if rest != 0 || separator.is_empty() {
        write!(f, "{separator}{rest:#x}")?;
    }
    Ok(())
}

/// The buffer that `select` fills.
pub(crate) trait EventBuffer: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// The type of its events.
    type Item: SelectorEvent;
    /// Allocates a buffer for `capacity` events.
    fn with_capacity(capacity: usize) -> Self;
    /// The most events that one `select` returns.
    fn capacity(&self) -> usize;
    /// The events of the last `select`.
    fn as_slice(&self) -> &[Self::Item];
    /// Removes all events.
    fn clear(&mut self);

    /// Removes all events, and refuses a buffer without capacity. A buffer overrides it where the
    /// kernel's wait does both.
    #[inline]
    fn prepare(&mut self) -> io::Result<()> {
        self.clear();
        if self.capacity() == 0 {
            return Err(errors::invalid("the capacity of `Events` is 0"));
        }
        Ok(())
    }
}

/// When a `select` times out: the caller's timeout, classified once. No clock was read yet, because
/// a kernel that waits for the whole of it needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "os-poll"), allow(dead_code))] // No selector reads it.
pub(crate) enum Deadline {
    /// Never.
    Never,
    /// At once: `select` does not block.
    Immediate,
    /// When this much time has passed, which is not zero.
    After(Duration),
}

impl Deadline {
    /// The deadline of a wait that begins now.
    #[inline]
    pub(crate) fn after(timeout: Option<Duration>) -> Deadline {
        match timeout {
            None => Deadline::Never,
            Some(timeout) if timeout.is_zero() => Deadline::Immediate,
            Some(timeout) => Deadline::After(timeout),
        }
    }
}

/// The reason why a selector does not have `Interest::EXCLUSIVE`.
#[allow(dead_code)] // Without `os-poll` there is no selector.
pub(crate) const NOT_EXCLUSIVE: &str = "`Interest::EXCLUSIVE` requires epoll on Linux; elsewhere \
    let one `Poll` accept, or give each `Poll` a listener of its own";

/// Fails for an interest of modes alone.
#[allow(dead_code)] // Without `os-poll` there is no selector.
#[inline]
pub(crate) fn check_readiness(interest: Interest) -> io::Result<()> {
    if interest.bits() & Interest::READINESS == 0 {
        return Err(errors::invalid(
            "`Interest::EXCLUSIVE`, `LEVEL` and `ONESHOT` need a readiness to wait for, such as \
             `Interest::READABLE`",
        ));
    }
    Ok(())
}

/// The parameters of busy polling: how a `Poll` looks for packets of a network card by itself
/// before it sleeps, as [`set_busy_poll`](crate::unix::set_busy_poll) describes.
///
/// The default is the kernel's: everything 0, no busy polling.
#[cfg(all(unix, feature = "os-ext"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct BusyPoll {
    /// How long one wait polls the card, in microseconds. 0 turns busy polling off. At most
    /// `i32::MAX`.
    pub micros: u32,
    /// How many packets one look takes at most; 0 is the kernel's default of 8. More than 64 need
    /// the capability `CAP_NET_ADMIN`.
    pub budget: u16,
    /// Whether the kernel should keep the card's interrupts off while the program polls often
    /// enough ([`SO_PREFER_BUSY_POLL`][napi]).
    ///
    /// [napi]: https://docs.kernel.org/networking/napi.html#busy-polling
    pub prefer: bool,
}

/// The error of a selector or a kernel without parameters of busy polling.
#[cfg(all(unix, feature = "os-ext"))]
pub(crate) const NO_BUSY_POLL: &str = "busy polling of a `Poll` requires epoll on Linux 6.9";

/// Which selector a registration belongs to, as seen from one selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)] // Without `os-poll` there is no selector.
pub(crate) enum Owner {
    /// This selector or a clone of it.
    This,
    /// Another selector that is still alive.
    Other,
    /// A selector that was dropped. The source counts as not registered.
    Dropped,
}

cfg_not_epoll! {
    use std::sync::{Arc, Weak};

    /// How a registration reports readiness.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[allow(dead_code)] // Without `os-poll` there is no selector.
    pub(crate) enum Mode {
        /// Each condition when it begins.
        #[default]
        Edge,
        /// Each condition as long as it holds.
        Level,
        /// One event, and then none until the source is reregistered.
        OneShot,
    }

    impl Mode {
        /// The mode of an interest, on a selector that cannot choose which of several is woken.
        #[inline]
        #[allow(dead_code)] // Without `os-poll` there is no selector.
        pub(crate) fn of(interest: Interest) -> io::Result<Mode> {
            if interest.bits() & !Interest::READINESS == 0 {
                return Ok(Mode::Edge);
            }
            Mode::of_flagged(interest)
        }

        /// The mode of an interest that has any of the bits for modes.
        #[cold]
        fn of_flagged(interest: Interest) -> io::Result<Mode> {
            check_readiness(interest)?;
            if interest.is_exclusive() {
                return Err(errors::unsupported(NOT_EXCLUSIVE));
            }
            // One event is one event, whatever made it.
            Ok(if interest.is_oneshot() {
                Mode::OneShot
            } else {
                Mode::Level
            })
        }
    }

    impl Owner {
        /// The owner of a registration that holds its selector's shared state by `held`, as seen
        /// from the selector with the state `selector`.
        ///
        /// There is no global list of selectors and no lock. fork(2) copies a locked mutex as
        /// locked, and a thread that would release it does not exist in the child (fork(2),
        /// <https://man7.org/linux/man-pages/man2/fork.2.html>).
        #[inline]
        #[allow(dead_code)] // Without `os-poll` there is no selector.
        pub(crate) fn of<T>(selector: &Arc<T>, held: &Weak<T>) -> Owner {
            if held.as_ptr() == Arc::as_ptr(selector) {
                Owner::This
            } else if held.strong_count() == 0 {
                Owner::Dropped
            } else {
                Owner::Other
            }
        }
    }
}

/// Wakes a selector that is blocked in `select`, from any thread.
pub(crate) trait Wake: fmt::Debug + Send + Sync + UnwindSafe + RefUnwindSafe {
    /// Makes the selector report this waker's token.
    fn wake(&self) -> io::Result<()>;
}

/// The key by which the system knows a source: an fd.
#[cfg(any(unix, target_os = "hermit", target_os = "wasi"))]
pub(crate) type Raw = std::os::fd::RawFd;
/// The key by which the system knows a source: a socket.
#[cfg(windows)]
pub(crate) type Raw = std::os::windows::io::RawSocket;
/// A system without a platform module has no sources.
#[cfg(not(any(unix, windows, target_os = "hermit", target_os = "wasi")))]
pub(crate) type Raw = ();

/// A source with such a key.
#[allow(dead_code)] // Without `net` and `os-ext` there are no sources.
pub(crate) trait AsRaw {
    /// The key.
    fn as_raw(&self) -> Raw;
}

#[cfg(any(unix, target_os = "hermit", target_os = "wasi"))]
impl<T: std::os::fd::AsRawFd> AsRaw for T {
    fn as_raw(&self) -> Raw {
        self.as_raw_fd()
    }
}

#[cfg(windows)]
impl<T: std::os::windows::io::AsRawSocket> AsRaw for T {
    fn as_raw(&self) -> Raw {
        self.as_raw_socket()
    }
}

#[cfg(not(any(unix, windows, target_os = "hermit", target_os = "wasi")))]
impl<T> AsRaw for T {
    fn as_raw(&self) -> Raw {}
}

/// Waits for events of many sources at once.
///
/// `select` takes `&mut self`: state that only the polling thread needs is in the value itself,
/// without a lock. In clones that state stays empty.
pub(crate) trait Selector:
    Sized + Send + Sync + UnwindSafe + RefUnwindSafe + fmt::Debug
{
    /// An fd or a Windows socket. It is passed to the kernel and never assumed to be open.
    type Raw: Copy;
    /// One event.
    type Event: SelectorEvent;
    /// The event buffer.
    type Events: EventBuffer<Item = Self::Event>;
    /// What an owned source keeps while it is registered. It refers weakly to its selector.
    /// Dropping it ends the registration where closing the fd does not, and does nothing where
    /// closing does. A source whose fd stays open uses [`leave`](Selector::leave) instead.
    type Registration: fmt::Debug + Send + Sync + Unpin + UnwindSafe + RefUnwindSafe;
    /// See [`Wake`].
    type Waker: Wake;
    /// Whether a source must be re-armed after an operation that would block.
    const EMULATES_EDGE: bool;

    /// Creates a selector without sources.
    fn new() -> io::Result<Self>;
    /// Creates a second handle of the same selector.
    fn try_clone(&self) -> io::Result<Self>;
    /// Creates a waker that reports `token`. Any number of wakers may exist at once.
    fn waker(&self, token: Token) -> io::Result<Self::Waker>;
    /// Waits for events. Never returns before the timeout without an event or an error.
    #[inline]
    fn poll(&mut self, events: &mut Self::Events, timeout: Option<Duration>) -> io::Result<()> {
        events.prepare()?;
        self.select(events, Deadline::after(timeout))
    }
    /// Waits for events until `deadline`. `events` is prepared: it is empty and has room for at
    /// least one event.
    fn select(&mut self, events: &mut Self::Events, deadline: Deadline) -> io::Result<()>;
    /// Registers an owned source. If this fails, the source is not registered.
    fn register(
        &self,
        raw: Self::Raw,
        token: Token,
        interest: Interest,
    ) -> io::Result<Self::Registration>;
    /// Changes token and interest. A condition that already holds is reported again.
    fn reregister(
        &self,
        registration: &mut Self::Registration,
        raw: Self::Raw,
        token: Token,
        interest: Interest,
    ) -> io::Result<()>;
    /// Ends a registration, also if the kernel returns an error.
    fn deregister(&self, registration: Self::Registration, raw: Self::Raw) -> io::Result<()>;
    /// `register` into `held`, which is `None`. A selector overrides these three, and `is_owner`,
    /// where it needs fewer instructions so.
    #[inline]
    fn register_held(
        &self,
        held: &mut Option<Self::Registration>,
        raw: Self::Raw,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let registration = self.register(raw, token, interest)?;
        // There was none, so there is nothing to drop.
        std::mem::forget(held.replace(registration));
        Ok(())
    }
    /// `reregister` of a registration with this selector.
    #[inline]
    fn reregister_held(
        &self,
        held: &mut Option<Self::Registration>,
        raw: Self::Raw,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        held.as_mut()
            .map_or(Ok(()), |held| self.reregister(held, raw, token, interest))
    }
    /// `deregister` of a registration with this selector.
    #[inline]
    fn deregister_held(
        &self,
        held: &mut Option<Self::Registration>,
        raw: Self::Raw,
    ) -> io::Result<()> {
        held.take()
            .map_or(Ok(()), |held| self.deregister(held, raw))
    }
    /// Ends the registration of a source whose fd or socket stays open with another owner. Errors
    /// are ignored, because the source no longer exists to report them.
    fn leave(registration: Self::Registration, _: Self::Raw) {
        drop(registration);
    }
    /// Whether there is a registration, with this selector.
    #[inline]
    fn is_owner(&self, held: &Option<Self::Registration>) -> bool {
        matches!(held, Some(held) if self.owner(held) == Owner::This)
    }
    /// Which selector the registration belongs to.
    fn owner(&self, registration: &Self::Registration) -> Owner;
    /// Re-arms the directions of `waits_for` (`READABLE`, `WRITABLE` or both) after an operation in
    /// these directions would have blocked. Returns `Ok` if the selector was dropped.
    fn rearm(registration: &Self::Registration, waits_for: Interest) -> io::Result<()>;
    /// From now on watches a source like an unowned fd. The caller uses this after an operation
    /// whose result does not predict the next one: a FIFO at its end may get another writer.
    /// Selectors with edge-triggered kernels have nothing to do.
    fn watch_as_unowned(registration: &Self::Registration) -> io::Result<()> {
        let _ = registration;
        Ok(())
    }
    /// Sets the parameters of busy polling.
    #[cfg(all(unix, feature = "os-ext"))]
    fn set_busy_poll(&self, parameters: BusyPoll) -> io::Result<()> {
        let _ = parameters;
        Err(errors::unsupported(NO_BUSY_POLL))
    }
    /// The parameters of busy polling.
    #[cfg(all(unix, feature = "os-ext"))]
    fn busy_poll(&self) -> io::Result<BusyPoll> {
        Err(errors::unsupported(NO_BUSY_POLL))
    }
    /// Takes the error with which the selector has reported that it cannot watch the source, if it
    /// has.
    fn take_fault(registration: &Self::Registration) -> Option<io::Error> {
        let _ = registration;
        None
    }
}

/// Names every function of a selector. A build without sources does not call all of them.
pub(crate) const fn is_complete<S: Selector>() {
    let _ = (S::register, S::reregister, S::deregister, S::leave);
    let _ = (S::register_held, S::reregister_held, S::deregister_held);
    let _ = (S::is_owner, S::owner, S::rearm);
    let _ = (S::watch_as_unowned, S::take_fault);
    #[cfg(all(unix, feature = "os-ext"))]
    let _ = (S::set_busy_poll, S::busy_poll);
    let _ = S::EMULATES_EDGE;
}

/// Names every function for unowned sources, likewise.
#[allow(dead_code)] // Windows has such sources with `os-ext` only.
pub(crate) const fn registers_unowned<S: RegisterUnowned>() {
    is_complete::<S>();
    let _ = (
        S::register_unowned,
        S::reregister_unowned,
        S::deregister_unowned,
    );
}

/// A selector that can also watch *unowned* fds or sockets: the caller keeps no registration.
pub(crate) trait RegisterUnowned: Selector {
    /// Registers `raw`. Fails with `AlreadyExists` if it is registered.
    fn register_unowned(&self, raw: Self::Raw, token: Token, interest: Interest) -> io::Result<()>;
    /// Changes token and interest and arms again. Fails with `NotFound` if it is not registered.
    fn reregister_unowned(
        &self,
        raw: Self::Raw,
        token: Token,
        interest: Interest,
    ) -> io::Result<()>;
    /// Ends the registration of `raw`. Fails with `NotFound` if it is not registered, where the
    /// kernel can tell.
    fn deregister_unowned(&self, raw: Self::Raw) -> io::Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "os-poll")]
    struct Shown(u32);

    #[cfg(feature = "os-poll")]
    impl fmt::Display for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_flags(f, self.0, [("IN", 1), ("OUT", 4)].into_iter())
        }
    }

    #[cfg(feature = "os-poll")]
    #[test]
    fn bits_without_a_name_are_written_as_a_number() {
        assert_eq!(Shown(5).to_string(), "IN|OUT");
        assert_eq!(Shown(4 | 0x10).to_string(), "OUT|0x10");
        assert_eq!(Shown(0).to_string(), "0x0");
    }

    #[test]
    fn owner_distinguishes_this_other_and_dropped_selectors() {
        let (one, other) = (Arc::new(1), Arc::new(2));
        let held = Arc::downgrade(&one);
        assert_eq!(Owner::of(&one, &held), Owner::This);
        assert_eq!(Owner::of(&other, &held), Owner::Other);
        drop(one);
        assert_eq!(Owner::of(&other, &held), Owner::Dropped);
        // `held` keeps the allocation, so a new selector cannot get the same address.
        let new = Arc::new(1);
        assert_eq!(Owner::of(&new, &held), Owner::Dropped);
    }
}
