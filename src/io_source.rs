//! An fd or socket together with its registration: one `Source` for every platform.

use std::fmt;
use std::io;
use std::mem;
use std::ops::{Deref, DerefMut};

use crate::event::Source;
use crate::sys::selector::{Owner, Selector};
use crate::sys::{self, AsRaw, Raw, errors};
use crate::{Interest, Registry, Token};

type Registration = <sys::Selector as Selector>::Registration;

/// A source that owns the object it watches.
///
/// The order of the fields matters: Rust drops `registration` before `inner`, so the registration
/// ends before the fd or socket is closed. `IoSource` does not implement `Drop`, so that
/// `into_inner` can move `inner` out.
pub(crate) struct IoSource<T> {
    /// `None` if not registered. `Some` whose selector was dropped counts as not registered.
    registration: Option<Registration>,
    inner: T,
}

impl<T> IoSource<T> {
    /// Creates an unregistered source.
    pub(crate) fn new(inner: T) -> IoSource<T> {
        IoSource {
            registration: None,
            inner,
        }
    }

    /// Runs one I/O operation. Every operation that can return `WouldBlock` must be run here. After
    /// `WouldBlock`, a selector that emulates edges re-arms the directions of `waits_for`: those
    /// that the operation would have blocked on.
    pub(crate) fn do_io<R>(
        &self,
        waits_for: Interest,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let result = operation(&self.inner);
        if <sys::Selector as Selector>::EMULATES_EDGE {
            if let (Err(error), Some(registration)) = (&result, &self.registration) {
                if error.kind() == io::ErrorKind::WouldBlock {
                    <sys::Selector as Selector>::rearm(registration, waits_for)?;
                }
            }
        }
        result
    }

    /// Takes the pending error of the source, or else the error for which the selector could not
    /// watch it. An event with `is_error` is caused by one of the two.
    #[cfg(feature = "net")]
    pub(crate) fn take_any_error(
        &self,
        take_error: impl FnOnce(&T) -> io::Result<Option<io::Error>>,
    ) -> io::Result<Option<io::Error>> {
        let fault = match &self.registration {
            Some(registration) => <sys::Selector as Selector>::take_fault(registration),
            None => None,
        };
        Ok(take_error(&self.inner)?.or(fault))
    }
}

impl<T: AsRaw> IoSource<T> {
    /// Runs one I/O operation on a pipe, which may be a FIFO or a terminal: after an end of file or
    /// an error, it may get another peer. `is_end` returns whether a result is an end of file.
    #[cfg(all(unix, feature = "os-ext"))]
    pub(crate) fn do_pipe_io<R>(
        &self,
        waits_for: Interest,
        operation: impl FnOnce(&T) -> io::Result<R>,
        is_end: impl FnOnce(&R) -> bool,
    ) -> io::Result<R> {
        let result = self.do_io(waits_for, operation);
        if <sys::Selector as Selector>::EMULATES_EDGE {
            if let Some(registration) = &self.registration {
                let may_go_on = match &result {
                    Ok(value) => is_end(value),
                    Err(error) => !matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                    ),
                };
                if may_go_on {
                    // The switch is recorded even if notifying the poller fails; it then takes
                    // effect at the next poll. So an error here must not replace the result of the
                    // operation.
                    let _ = <sys::Selector as Selector>::watch_as_unowned(registration);
                }
            }
        }
        result
    }

    /// Ends the registration, and returns the object that was watched.
    #[inline]
    pub(crate) fn into_inner(self) -> T {
        leave(self.registration, self.inner.as_raw());
        self.inner
    }
}

/// Ends the registration of an object that stays open.
fn leave(registration: Option<Registration>, raw: Raw) {
    if let Some(registration) = registration {
        <sys::Selector as Selector>::leave(registration, raw);
    }
}

impl<T> Deref for IoSource<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for IoSource<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

/// What these do does not depend on the type, and is compiled once.
impl<T: AsRaw> Source for IoSource<T> {
    #[inline]
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let raw = self.inner.as_raw();
        register(&mut self.registration, registry, token, interests, raw)
    }

    #[inline]
    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let raw = self.inner.as_raw();
        reregister(&mut self.registration, registry, token, interests, raw)
    }

    #[inline]
    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        deregister(&mut self.registration, registry, self.inner.as_raw())
    }
}

/// See [`Source::register`].
fn register(
    held: &mut Option<Registration>,
    registry: &Registry,
    token: Token,
    interests: Interest,
    raw: Raw,
) -> io::Result<()> {
    if held.is_some() {
        return register_again(held, registry, token, interests, raw);
    }
    let registration = registry.selector().register(raw, token, interests)?;
    // There was none, so there is nothing to drop.
    mem::forget(held.replace(registration));
    Ok(())
}

/// Registers a source whose last registration was not ended. Returns an error if the selector of
/// that registration still exists.
#[cold]
#[inline(never)] // Inlined, it costs every registration six instructions.
fn register_again(
    held: &mut Option<Registration>,
    registry: &Registry,
    token: Token,
    interests: Interest,
    raw: Raw,
) -> io::Result<()> {
    match held {
        Some(old) if registry.selector().owner(old) == Owner::Dropped => *held = None,
        _ => return Err(errors::already_registered()),
    }
    register(held, registry, token, interests, raw)
}

/// See [`Source::reregister`].
fn reregister(
    held: &mut Option<Registration>,
    registry: &Registry,
    token: Token,
    interests: Interest,
    raw: Raw,
) -> io::Result<()> {
    let selector = registry.selector();
    match held {
        Some(held) => match selector.owner(held) {
            Owner::This => selector.reregister(held, raw, token, interests),
            Owner::Other => Err(errors::other_registry()),
            Owner::Dropped => Err(errors::not_registered()),
        },
        None => Err(errors::not_registered()),
    }
}

/// See [`Source::deregister`].
fn deregister(held: &mut Option<Registration>, registry: &Registry, raw: Raw) -> io::Result<()> {
    let selector = registry.selector();
    match held.take_if(|held| selector.owner(held) == Owner::This) {
        Some(registration) => selector.deregister(registration, raw),
        None => Err(errors::not_registered()),
    }
}

impl<T: fmt::Debug> fmt::Debug for IoSource<T> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(all(test, unix, target_pointer_width = "64", feature = "os-poll"))]
mod tests {
    use super::*;

    /// The sizes that the documentation of the crate states.
    #[test]
    fn sizes_are_as_documented() {
        let is_epoll = std::any::type_name::<sys::Selector>().contains("::Epoll<");
        let most = if is_epoll { 16 } else { 24 };
        assert!(size_of::<IoSource<std::net::TcpStream>>() <= most);
        assert!((8..=152).contains(&size_of::<crate::Poll>()));
    }
}
