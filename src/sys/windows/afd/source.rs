//! One registered socket: its state, and how its requests reach AFD, under layered service
//! providers too.

use std::fmt;
use std::io;
use std::sync::{Arc, Weak};

use super::handle::{AfdHandle, Route};
use super::shared::Shared;
use super::socket_state::{Flag, SocketState};
use crate::sys::errors;
use crate::sys::sync::{Mutex, MutexGuard, lock};
use crate::sys::windows::event::{Event, masks};
use crate::sys::windows::ntstatus::Started;
use crate::sys::windows::platform::iocp::EventSink;
use crate::sys::windows::platform::iocp::in_flight::{Idle, Operation, Outcome, Pending};
use crate::sys::windows::platform::syscalls::{
    afd::{self as syscall, PollInfo},
    socket_query,
};
use crate::sys::windows::platform::{AsHandle, RawSocket, now};
use crate::{Interest, Token};

/// The memory of one `IOCTL_AFD_POLL`.
pub(crate) struct AfdPoll {
    pub(crate) info: PollInfo,
    /// Set while in flight, so that the source and its handle exist until the packet has come.
    source: Option<Arc<Source>>,
}

/// The state of one registered socket.
pub(super) type SourceState = SocketState<Idle<AfdPoll>, Pending<AfdPoll>>;

/// One registered socket.
pub(super) struct Source {
    /// Serves the socket, and knows the selector.
    handle: Arc<AfdHandle>,
    /// The socket that the caller registered.
    pub(super) socket: RawSocket,
    state: Mutex<SourceState>,
}

impl Source {
    #[inline]
    pub(super) fn new(
        handle: Arc<AfdHandle>,
        socket: RawSocket,
        token: Token,
        interest: u32,
        is_unowned: bool,
    ) -> Arc<Source> {
        let idle = Idle::new(AfdPoll {
            info: PollInfo::new(socket, 0),
            source: None,
        });
        Arc::new(Source {
            handle,
            socket,
            state: Mutex::new(SocketState::new(idle, token, interest, is_unowned)),
        })
    }

    /// The selector.
    #[inline]
    pub(super) fn shared(&self) -> &Weak<Shared> {
        &self.handle.shared
    }

    /// Locks the state. Meanwhile, no reference to the selector is dropped that may be the last.
    #[inline]
    pub(super) fn state(&self) -> MutexGuard<'_, SourceState> {
        lock(&self.state)
    }

    /// By what `AfdHandles` knows it.
    #[inline]
    fn address(&self) -> usize {
        (&raw const *self).addr()
    }

    /// Starts or cancels a request as the state wants it. An error changes nothing.
    #[inline]
    pub(super) fn update(
        self: &Arc<Source>,
        state: &mut SourceState,
        shared: &Shared,
    ) -> io::Result<()> {
        let layered = self.layered(state, shared);
        let (handle, base) = match &layered {
            Some(route) => (&route.handle, route.base),
            None => (&self.handle, self.socket),
        };
        let mut got_layered = false;
        let result = state.update(
            |idle, conditions| match submit(idle, self, shared, handle, base, conditions) {
                Err((idle, refusal)) if layered.is_none() => {
                    match self.use_base_socket(shared, refusal) {
                        Ok(route) => {
                            got_layered = true;
                            let (handle, base) = (&route.handle, route.base);
                            submit(idle, self, shared, handle, base, conditions)
                        }
                        Err(error) => Err((idle, error)),
                    }
                }
                started => started,
            },
            |pending| syscall::cancel(handle.as_handle(), pending),
        );
        if got_layered {
            state.set(Flag::Layered);
        }
        result
    }

    /// The second route, under a layered service provider.
    #[inline]
    fn layered(&self, state: &SourceState, shared: &Shared) -> Option<Route> {
        if state.is(Flag::Layered) {
            shared.handles().layered(self.address())
        } else {
            None
        }
    }

    /// AFD refused the socket with `refusal`: switches to the base service provider's socket, once.
    /// A lack of memory means nothing for the socket and is returned.
    #[cold]
    fn use_base_socket(&self, shared: &Shared, refusal: io::Error) -> io::Result<Route> {
        if syscall::is_transient(&refusal) {
            return Err(refusal);
        }
        let base = base_provider::resolve(self.socket, refusal, socket_query::base_socket_ioctl)?;
        let mut handles = shared.handles();
        handles.add_layer(&shared.port, self.shared(), self.address(), base)
    }

    /// Ends the registration and releases the AFD handle. Returns whether there was one.
    #[inline]
    pub(super) fn end(&self, shared: &Shared) -> bool {
        let mut state = self.state();
        let layered = self.layered(&state, shared);
        let handle = layered.as_ref().map_or(&self.handle, |route| &route.handle);
        // If canceling fails, the request stays in flight until a condition holds or the socket is
        // closed.
        let ended = state.end(|pending| syscall::cancel(handle.as_handle(), pending).is_ok());
        if ended.was_registered {
            self.keep_route(&mut state, shared, layered, ended.lingers);
            drop(state);
            self.release_handle(shared);
        }
        ended.was_registered
    }

    /// The socket is closed: ends the registration. Returns whether there was one.
    #[inline]
    pub(super) fn mark_closed(&self, state: &mut SourceState, shared: &Shared) -> bool {
        let was_registered = state.mark_closed();
        if was_registered {
            let layered = self.layered(state, shared);
            self.keep_route(state, shared, layered, true);
        }
        was_registered
    }

    /// Keeps the route of a request in flight that outlives its registration: that of one that
    /// `lingers` because it was not canceled, and a second route, which the source does not hold.
    #[inline]
    fn keep_route(
        &self,
        state: &mut SourceState,
        shared: &Shared,
        layered: Option<Route>,
        lingers: bool,
    ) {
        if !state.is_in_flight() || !lingers && layered.is_none() {
            return;
        }
        state.set(Flag::Lingering);
        let route = layered.unwrap_or_else(|| Route {
            handle: Arc::clone(&self.handle),
            base: self.socket,
        });
        shared.handles().add_lingering(self.address(), route);
    }

    /// The registration has ended: releases the AFD handle.
    #[inline]
    pub(super) fn release_handle(&self, shared: &Shared) {
        let mut handles = shared.handles();
        handles.release_source(self.address(), &self.handle, self.socket);
    }
}

/// The result of `submit`.
type Submitted = Result<(Pending<AfdPoll>, Started), (Idle<AfdPoll>, io::Error)>;

#[inline]
fn submit(
    mut idle: Idle<AfdPoll>,
    source: &Arc<Source>,
    shared: &Shared,
    handle: &Arc<AfdHandle>,
    base: RawSocket,
    conditions: u32,
) -> Submitted {
    idle.get_mut().source = Some(Arc::clone(source));
    let mut started = Started::Completed;
    let result = idle.start(&shared.port, |reserved| {
        let (submission, how) = syscall::poll(handle.as_handle(), base, conditions, reserved);
        started = how;
        submission
    });
    match result {
        Ok(pending) => Ok((pending, started)),
        Err((mut idle, error)) => {
            idle.get_mut().source = None;
            Err((idle, error))
        }
    }
}

impl fmt::Debug for Source {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

impl Operation for AfdPoll {
    #[inline]
    fn completed(mut operation: Idle<AfdPoll>, outcome: Outcome, sink: &mut EventSink<'_>) {
        let poll = operation.get_mut();
        let completion = poll.info.completion(outcome.status);
        // `submit` has set it.
        let Some(source) = poll.source.take() else {
            return;
        };
        // Without a selector there is no handle to release.
        let Some(shared) = source.shared().upgrade() else {
            return;
        };
        let mut state = source.state();
        let had_ended = state.has_ended();
        let conditions = state.completed(operation, completion, now);
        if conditions != 0 {
            sink.report(Event::new(state.token(), conditions));
        }
        shared.add_to_updates(&source, &mut state);
        let has_ended = state.has_ended();
        let lingered = state.clear(Flag::Lingering);
        drop(state);
        if lingered {
            shared.handles().remove_lingering(source.address());
        } else if has_ended && !had_ended {
            shared.release_closed(&source);
        }
    }
}

/// The conditions of an interest, if AFD supports it.
#[inline]
pub(super) fn conditions(interest: Interest) -> io::Result<u32> {
    if interest.is_aio() || interest.is_lio() {
        return Err(errors::unsupported("AFD cannot watch for AIO or LIO"));
    }
    Ok(masks::of_interest(interest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With two reference counts for each allocation, the status block, the entries of the port,
    /// of the handle and of the update list, and the `Arc` of the registration, a source has 184
    /// bytes with 64-bit addresses. `build-tools/bench` measures them, and allows 185.
    #[test]
    fn sizes_do_not_grow() {
        assert!(size_of::<SourceState>() <= 40);
        assert!(size_of::<Source>() <= 64);
        assert!(size_of::<AfdPoll>() <= 40);
        // It has 32 sources.
        assert!(size_of::<AfdHandle>() <= 96);
    }
}

mod base_provider {
    //! Finds the base service provider's socket (`SIO_BASE_HANDLE`) under layered service providers
    //! (LSP): AFD knows only that one.
    //!
    //! Few systems have layered providers, and without them a socket is its own base socket. So the
    //! first request names the socket itself, and only a refusal by AFD leads here. That AFD
    //! refuses the handle of another driver is not documented; we know of no report that it does
    //! not.

    use std::io;

    use super::RawSocket;
    use crate::sys::windows::platform::ffi;

    /// The base socket of `socket`, which AFD has refused with `refusal`. `ioctl` is `WSAIoctl`.
    ///
    /// If `socket` is its own base socket, or not a socket, the error is `refusal`. If a layered
    /// provider fails the query, the error is its own.
    pub(super) fn resolve(
        socket: RawSocket,
        refusal: io::Error,
        ioctl: impl Fn(RawSocket, u32) -> io::Result<RawSocket>,
    ) -> io::Result<RawSocket> {
        match query(socket, ioctl) {
            Ok(query) if query != socket => Ok(query),
            Ok(_) => Err(refusal),
            Err(error) if error.raw_os_error() == Some(ffi::WSAENOTSOCK) => Err(refusal),
            Err(error) => Err(error),
        }
    }

    /// Queries the base socket of `socket`.
    ///
    /// Layered providers must not intercept `SIO_BASE_HANDLE` ([Winsock IOCTLs][ioctls]), but some
    /// do so that they cannot be bypassed ([Komodia's release notes][komodia]). Of these, most
    /// return the next lower socket for one of three other codes. The same socket in return is no
    /// result.
    ///
    /// [ioctls]: https://learn.microsoft.com/windows/win32/winsock/winsock-ioctls
    /// [komodia]: https://www.komodia.com/newwiki/index.php?title=Komodia%27s_Redirector_bug_fixes#Version_2.2.2.6
    fn query(
        socket: RawSocket,
        ioctl: impl Fn(RawSocket, u32) -> io::Result<RawSocket>,
    ) -> io::Result<RawSocket> {
        let error = match ioctl(socket, ffi::SIO_BASE_HANDLE as u32) {
            Ok(query) => return Ok(query),
            Err(error) => error,
        };
        for code in [
            ffi::SIO_BSP_HANDLE_SELECT,
            ffi::SIO_BSP_HANDLE_POLL,
            ffi::SIO_BSP_HANDLE,
        ] {
            match ioctl(socket, code as u32) {
                Ok(resolve) if resolve != socket => return Ok(resolve),
                _ => {}
            }
        }
        Err(error)
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::cell::RefCell;

        const LAYERED: RawSocket = 100;
        const BASE: RawSocket = 7;

        /// Queries with an `ioctl` that supports these codes alone. Returns the codes of its calls,
        /// too.
        #[inline]
        fn query_with(supported: &[(i32, RawSocket)]) -> (io::Result<RawSocket>, Vec<i32>) {
            let requested = RefCell::new(Vec::new());
            let result = query(LAYERED, |_, code| {
                requested.borrow_mut().push(code as i32);
                supported
                    .iter()
                    .find(|(supported, _)| *supported == code as i32)
                    .map(|(_, socket)| *socket)
                    .ok_or_else(|| {
                        io::Error::from_raw_os_error(10_000 + requested.borrow().len() as i32)
                    })
            });
            (result, requested.into_inner())
        }

        #[test]
        fn first_ioctl_suffices() {
            for query in [BASE, LAYERED] {
                let (result, requested) = query_with(&[(ffi::SIO_BASE_HANDLE, query)]);
                assert_eq!(result.unwrap(), query);
                assert_eq!(requested, [ffi::SIO_BASE_HANDLE]);
            }
        }

        #[test]
        fn three_fallback_ioctls_follow_in_order() {
            let others = [
                ffi::SIO_BSP_HANDLE_SELECT,
                ffi::SIO_BSP_HANDLE_POLL,
                ffi::SIO_BSP_HANDLE,
            ];
            for (index, other) in others.into_iter().enumerate() {
                let (result, requested) = query_with(&[(other, BASE)]);
                assert_eq!(result.unwrap(), BASE);
                assert_eq!(requested[1..], others[..=index]);
            }
        }

        #[test]
        fn same_socket_is_ignored_and_first_error_kept() {
            let (result, requested) = query_with(&[
                (ffi::SIO_BSP_HANDLE_SELECT, LAYERED),
                (ffi::SIO_BSP_HANDLE, LAYERED),
            ]);
            assert_eq!(result.unwrap_err().raw_os_error(), Some(10_001));
            assert_eq!(requested.len(), 4);
            // A code that returns the same socket does not hide the next code.
            let (result, _) = query_with(&[
                (ffi::SIO_BSP_HANDLE_SELECT, LAYERED),
                (ffi::SIO_BSP_HANDLE, BASE),
            ]);
            assert_eq!(result.unwrap(), BASE);
        }

        /// `ERROR_INVALID_HANDLE`, with which AFD refuses the handle of another driver.
        #[inline]
        fn refusal() -> io::Error {
            io::Error::from_raw_os_error(6)
        }

        #[test]
        fn refused_socket_resolves_to_its_base_socket() {
            let result = resolve(LAYERED, refusal(), |_, _| Ok(BASE));
            assert_eq!(result.unwrap(), BASE);
        }

        #[test]
        fn refusal_is_kept_without_layered_providers() {
            let result = resolve(LAYERED, refusal(), |socket, _| Ok(socket));
            assert_eq!(result.unwrap_err().raw_os_error(), Some(6));
            let not_a_socket = || io::Error::from_raw_os_error(ffi::WSAENOTSOCK);
            let result = resolve(LAYERED, refusal(), |_, _| Err(not_a_socket()));
            assert_eq!(result.unwrap_err().raw_os_error(), Some(6));
        }

        #[test]
        fn failing_layered_provider_returns_its_error() {
            // WSAEFAULT.
            let result = resolve(LAYERED, refusal(), |_, _| {
                Err(io::Error::from_raw_os_error(10_014))
            });
            assert_eq!(result.unwrap_err().raw_os_error(), Some(10_014));
        }
    }
}
