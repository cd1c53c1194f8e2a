//! One registered socket: its state, and how its requests reach AFD, under layered service
//! providers too.

use std::fmt;
use std::io;
use std::sync::{Arc, Weak};

use super::handle::AfdHandle;
use super::shared::Shared;
use super::socket_state::SocketState;
use crate::sys::errors;
use crate::sys::sync::{AtomicBool, Mutex, MutexGuard, Ordering, lock};
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
    source: Weak<Source>,
    source_id: usize,
    /// Set while in flight, so that the handle stays open until the packet has come.
    handle: Option<Arc<AfdHandle>>,
}

/// The state of one registered socket.
pub(super) type SourceState = SocketState<Idle<AfdPoll>, Pending<AfdPoll>>;

/// The arguments of `Source::new`.
pub(super) struct Parts {
    pub(super) shared: Weak<Shared>,
    pub(super) handle: Arc<AfdHandle>,
    pub(super) id: usize,
    pub(super) socket: RawSocket,
    pub(super) token: Token,
    pub(super) interest: u32,
    pub(super) is_unowned: bool,
}

/// One registered socket.
pub(super) struct Source {
    pub(super) shared: Weak<Shared>,
    /// Its id in `AfdHandles`.
    id: usize,
    /// The socket that the caller registered.
    pub(super) socket: RawSocket,
    /// Whether the registration has ended. Readable without locking the state.
    is_over: AtomicBool,
    route: Mutex<Route>,
    state: Mutex<SourceState>,
}

/// How a source's requests reach AFD.
struct Route {
    handle: Weak<AfdHandle>,
    handle_id: usize,
    /// The base service provider's socket, which AFD knows.
    base: RawSocket,
}

impl Source {
    #[inline]
    pub(super) fn new(parts: Parts) -> Arc<Source> {
        Arc::new_cyclic(|source: &Weak<Source>| {
            let idle = Idle::new(AfdPoll {
                info: PollInfo::new(parts.socket, 0),
                source: source.clone(),
                source_id: parts.id,
                handle: None,
            });
            let (token, interest, is_unowned) = (parts.token, parts.interest, parts.is_unowned);
            Source {
                shared: parts.shared,
                id: parts.id,
                socket: parts.socket,
                is_over: AtomicBool::new(false),
                route: Mutex::new(Route {
                    handle_id: parts.handle.id(),
                    handle: Arc::downgrade(&parts.handle),
                    base: parts.socket,
                }),
                state: Mutex::new(SocketState::new(idle, token, interest, is_unowned)),
            }
        })
    }

    /// Locks the state. Meanwhile, no reference to the selector is dropped that may be the last.
    #[inline]
    pub(super) fn state(&self) -> MutexGuard<'_, SourceState> {
        lock(&self.state)
    }

    #[inline]
    fn route(&self) -> MutexGuard<'_, Route> {
        lock(&self.route)
    }

    /// Whether the registration has ended, or is about to.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Starts or cancels a request as the state wants it. An error changes nothing.
    #[inline]
    pub(super) fn update(&self, state: &mut SourceState, shared: &Shared) -> io::Result<()> {
        let (Some(handle), base) = self.route().handle_and_socket() else {
            return Ok(());
        };
        state.update(
            |idle, conditions| match submit(idle, shared, &handle, base, conditions) {
                Err((idle, refusal)) => match self.use_base_socket(shared, base, refusal) {
                    Ok((handle, base)) => submit(idle, shared, &handle, base, conditions),
                    Err(error) => Err((idle, error)),
                },
                started => started,
            },
            |pending| syscall::cancel(handle.as_handle(), pending),
        )
    }

    /// AFD refused the socket with `refusal`: switches to the base service provider's socket, once.
    /// A lack of memory means nothing for the socket and is returned.
    #[inline]
    fn use_base_socket(
        &self,
        shared: &Shared,
        base: RawSocket,
        refusal: io::Error,
    ) -> io::Result<(Arc<AfdHandle>, RawSocket)> {
        if base != self.socket || syscall::is_transient(&refusal) {
            return Err(refusal);
        }
        let base = base_provider::resolve(self.socket, refusal, socket_query::base_socket_ioctl)?;
        let mut route = self.route();
        // Another source may poll the base socket already on the handle of this one.
        let old_id = route.handle_id;
        let handle = shared
            .handles()
            .replace(&shared.port, base, self.id, old_id)?;
        route.handle = Arc::downgrade(&handle);
        route.handle_id = handle.id();
        route.base = base;
        Ok((handle, base))
    }

    /// Ends the registration and releases the AFD handle. Returns whether there was one.
    #[inline]
    pub(super) fn end(&self, shared: &Shared) -> bool {
        self.is_over.store(true, Ordering::Relaxed);
        let ended = self.state().end(|pending| {
            let (handle, _) = self.route().handle_and_socket();
            // If canceling fails, the request stays in flight until a condition holds or the socket
            // is closed.
            handle.is_some_and(|handle| syscall::cancel(handle.as_handle(), pending).is_ok())
        });
        if ended.was_registered {
            self.release_handle(shared, ended.lingers);
        }
        ended.was_registered
    }

    /// The registration has ended: releases the AFD handle.
    #[inline]
    pub(super) fn release_handle(&self, shared: &Shared, lingers: bool) {
        self.is_over.store(true, Ordering::Relaxed);
        let handle_id = self.route().handle_id;
        shared.handles().release(handle_id, self.id, lingers);
    }
}

impl Route {
    #[inline]
    fn handle_and_socket(&self) -> (Option<Arc<AfdHandle>>, RawSocket) {
        (self.handle.upgrade(), self.base)
    }
}

/// The result of `submit`.
type Submitted = Result<(Pending<AfdPoll>, Started), (Idle<AfdPoll>, io::Error)>;

#[inline]
fn submit(
    mut idle: Idle<AfdPoll>,
    shared: &Shared,
    handle: &Arc<AfdHandle>,
    base: RawSocket,
    conditions: u32,
) -> Submitted {
    idle.get_mut().handle = Some(Arc::clone(handle));
    let mut started = Started::Completed;
    let result = idle.start(&shared.port, |reserved| {
        let (submission, how) = syscall::poll(handle.as_handle(), base, conditions, reserved);
        started = how;
        submission
    });
    match result {
        Ok(pending) => Ok((pending, started)),
        Err((mut idle, error)) => {
            idle.get_mut().handle = None;
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
        let handle = poll.handle.take();
        let source_id = poll.source_id;
        let completion = poll.info.completion(outcome.status);
        // A request that lingered after the end of its source kept the socket reserved until now.
        let release = |handle: Option<Arc<AfdHandle>>| {
            if let Some(handle) = handle {
                handle.release_socket(source_id);
            }
        };
        let Some(source) = poll.source.upgrade() else {
            return release(handle);
        };
        // Without a selector there is no handle to release.
        let Some(shared) = source.shared.upgrade() else {
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
        drop(state);
        if had_ended {
            release(handle);
        } else if has_ended {
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
