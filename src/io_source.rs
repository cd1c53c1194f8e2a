//! An fd or socket together with its registration: one `Source` for every platform.

use std::fmt;
use std::io;
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

/// Whether the program inlines the functions below. Where the kernel keeps registrations, a call
/// costs about as much as they do. Elsewhere they are compiled once, with those of the selector.
const IS_INLINED: bool = !<sys::Selector as Selector>::EMULATES_EDGE;

impl<T: AsRaw> Source for IoSource<T> {
    #[inline]
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let (held, raw) = (&mut self.registration, self.inner.as_raw());
        if IS_INLINED {
            return register(held, registry, raw, token, interests);
        }
        register_outlined(held, registry, raw, token, interests)
    }

    #[inline]
    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let (held, raw) = (&mut self.registration, self.inner.as_raw());
        if IS_INLINED {
            return reregister(held, registry, raw, token, interests);
        }
        reregister_outlined(held, registry, raw, token, interests)
    }

    #[inline]
    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        let (held, raw) = (&mut self.registration, self.inner.as_raw());
        if IS_INLINED {
            return deregister(held, registry, raw);
        }
        deregister_outlined(held, registry, raw)
    }
}

/// See [`Source::register`].
#[inline]
fn register(
    held: &mut Option<Registration>,
    registry: &Registry,
    raw: Raw,
    token: Token,
    interests: Interest,
) -> io::Result<()> {
    if held.is_some() {
        forget_dropped(held, registry)?;
    }
    let selector = registry.selector();
    selector.register_held(held, raw, token, interests)
}

/// `register`, not inlined.
fn register_outlined(
    held: &mut Option<Registration>,
    registry: &Registry,
    raw: Raw,
    token: Token,
    interests: Interest,
) -> io::Result<()> {
    register(held, registry, raw, token, interests)
}

/// Removes a registration that was not ended. Returns an error if its selector still exists.
#[cold]
#[inline(never)]
fn forget_dropped(held: &mut Option<Registration>, registry: &Registry) -> io::Result<()> {
    match held {
        Some(old) if registry.selector().owner(old) == Owner::Dropped => *held = None,
        _ => return Err(errors::already_registered()),
    }
    Ok(())
}

/// See [`Source::reregister`].
#[inline]
fn reregister(
    held: &mut Option<Registration>,
    registry: &Registry,
    raw: Raw,
    token: Token,
    interests: Interest,
) -> io::Result<()> {
    let selector = registry.selector();
    if !selector.is_owner(held) {
        return not_owner(held, registry);
    }
    selector.reregister_held(held, raw, token, interests)
}

/// `reregister`, not inlined.
fn reregister_outlined(
    held: &mut Option<Registration>,
    registry: &Registry,
    raw: Raw,
    token: Token,
    interests: Interest,
) -> io::Result<()> {
    reregister(held, registry, raw, token, interests)
}

/// The error of `reregister` for a source that is not registered with this selector.
#[cold]
#[inline(never)]
fn not_owner(held: &Option<Registration>, registry: &Registry) -> io::Result<()> {
    Err(match held {
        Some(held) if registry.selector().owner(held) == Owner::Other => errors::other_registry(),
        _ => errors::not_registered(),
    })
}

/// See [`Source::deregister`].
#[inline]
fn deregister(held: &mut Option<Registration>, registry: &Registry, raw: Raw) -> io::Result<()> {
    let selector = registry.selector();
    if !selector.is_owner(held) {
        return Err(errors::not_registered());
    }
    selector.deregister_held(held, raw)
}

/// `deregister`, not inlined.
fn deregister_outlined(
    held: &mut Option<Registration>,
    registry: &Registry,
    raw: Raw,
) -> io::Result<()> {
    deregister(held, registry, raw)
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
        assert!((8..=192).contains(&size_of::<crate::Poll>()));
    }
}
