//! Handles of `\Device\Afd`, on which poll requests are issued (a poll group of wepoll).
//!
//! The time to cancel a request grows with the number of requests in flight on its handle
//! ([trio#52][cancel]), so each handle serves a limited number of sources.
//!
//! AFD mixes up two requests for one socket that are in flight on one handle (see the head of
//! `afd/mod.rs`). So each handle knows the sockets that it serves, and a second source of one of
//! them gets another handle. A socket is released when its source ends. If its request could not be
//! canceled, the socket is released when the request completes. A handle knows 16 bits of each
//! socket: two sockets with the same bits get different handles, as one socket does.
//!
//! A source holds its handle, and a request in flight holds its source. So a handle stays open
//! until the last packet has come, and until its last source is dropped: the lists of the selector
//! keep a source that has ended until a later `select`, and a source may outlive its selector.
//!
//! Child processes do not inherit these handles, and no code hands them out. So only
//! `syscalls::afd::poll` causes completion packets through them.
//!
//! # Layered service providers
//!
//! Under a layered provider AFD knows only the base socket, which `source` finds after a refusal.
//! Then the source has a second handle besides its own, since another source may poll the base
//! socket on its own one. The two may be the same handle. The source does not hold the second one:
//! the selector does, until the request has completed, or until the selector is dropped.
//!
//! [cancel]: https://github.com/python-trio/trio/issues/52#issuecomment-548215128

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Weak};

use super::shared::Shared;
use crate::sys::sync::{Mutex, MutexGuard, lock};
use crate::sys::windows::platform::iocp::Port;
use crate::sys::windows::platform::syscalls::afd as syscall;
use crate::sys::windows::platform::{AsHandle, BorrowedHandle, OwnedHandle, RawSocket};

/// The most sources that one handle serves.
const MAX_SOURCES: usize = 32;

/// One AFD handle, associated with the port.
pub(super) struct AfdHandle {
    handle: OwnedHandle,
    /// The selector that it belongs to.
    pub(super) shared: Weak<Shared>,
    served: Mutex<Served>,
}

/// The sockets that a handle serves: the lowest bits of each. No two are equal.
#[derive(Debug, Default)]
struct Served {
    sockets: [u16; MAX_SOURCES],
    count: u8,
}

impl Served {
    #[inline]
    fn position(&self, socket: RawSocket) -> Option<usize> {
        let mut served = self.sockets.iter().take(self.count.into());
        served.position(|served| *served == socket as u16)
    }

    /// Adds a socket, if there is room. Returns how many there are now.
    #[inline]
    fn add(&mut self, socket: RawSocket) -> usize {
        if let Some(free) = self.sockets.get_mut(usize::from(self.count)) {
            *free = socket as u16;
            self.count += 1;
        }
        self.count.into()
    }

    /// Removes a socket. Returns how many are left, or `None` if it was not there.
    #[inline]
    fn remove(&mut self, socket: RawSocket) -> Option<usize> {
        let position = self.position(socket)?;
        self.count -= 1;
        self.sockets.swap(position, self.count.into());
        Some(self.count.into())
    }
}

impl AfdHandle {
    #[inline]
    fn open(port: &Arc<Port>, shared: &Weak<Shared>) -> io::Result<Arc<AfdHandle>> {
        let handle = syscall::open().inspect_err(|error| {
            trace!("cannot open \\Device\\Afd: {error}");
        })?;
        port.associate(handle.as_handle())?;
        syscall::skip_event_signal(handle.as_handle());
        Ok(Arc::new(AfdHandle {
            handle,
            shared: shared.clone(),
            served: Mutex::default(),
        }))
    }

    #[inline]
    fn served(&self) -> MutexGuard<'_, Served> {
        lock(&self.served)
    }
}

impl AsHandle for AfdHandle {
    #[inline]
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

impl fmt::Debug for AfdHandle {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AfdHandle")
            .field("served", &self.served)
            .finish_non_exhaustive()
    }
}

/// The AFD handles of one selector.
#[derive(Debug, Default)]
pub(super) struct AfdHandles {
    /// Those that have sources, and one more at most.
    all: Vec<Arc<AfdHandle>>,
    /// Those of `all` that serve fewer than `MAX_SOURCES`.
    with_room: Vec<Arc<AfdHandle>>,
    /// The second routes of sources on layered providers, by the source's address.
    layered: HashMap<usize, Route>,
    /// The routes of requests that outlive their registration, with the source's address.
    lingering: Vec<(usize, Route)>,
}

/// How requests reach AFD: a handle, and a socket that AFD knows.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) handle: Arc<AfdHandle>,
    pub(super) base: RawSocket,
}

impl AfdHandles {
    /// Returns a handle on which no other source polls this base socket, and reserves the socket.
    #[inline]
    pub(super) fn acquire(
        &mut self,
        port: &Arc<Port>,
        shared: &Weak<Shared>,
        socket: RawSocket,
    ) -> io::Result<Arc<AfdHandle>> {
        let lingering = &self.lingering;
        let is_free = |handle: &Arc<AfdHandle>| {
            let lingers = |(_, route): &(usize, Route)| {
                Arc::ptr_eq(&route.handle, handle) && route.base as u16 == socket as u16
            };
            handle.served().position(socket).is_none() && !lingering.iter().any(lingers)
        };
        // The newest handle first.
        let found = self.with_room.iter().rfind(|handle| is_free(handle));
        let handle = match found {
            Some(handle) => Arc::clone(handle),
            None => {
                let handle = AfdHandle::open(port, shared)?;
                self.all.push(Arc::clone(&handle));
                self.with_room.push(Arc::clone(&handle));
                handle
            }
        };
        if handle.served().add(socket) >= MAX_SOURCES {
            self.with_room.retain(|other| !Arc::ptr_eq(other, &handle));
        }
        Ok(handle)
    }

    /// Releases a route. Drops a handle without sources, unless it is the only one with room.
    #[inline]
    fn release(&mut self, handle: &Arc<AfdHandle>, socket: RawSocket) {
        const LAST: usize = MAX_SOURCES - 1;
        match handle.served().remove(socket) {
            Some(LAST) => self.with_room.push(Arc::clone(handle)),
            Some(0) if self.with_room.len() > 1 => {
                self.with_room.retain(|other| !Arc::ptr_eq(other, handle));
                self.all.retain(|other| !Arc::ptr_eq(other, handle));
            }
            _ => {}
        }
    }

    /// The registration of the source at this address has ended: releases its routes.
    #[inline]
    pub(super) fn release_source(
        &mut self,
        source: usize,
        handle: &Arc<AfdHandle>,
        socket: RawSocket,
    ) {
        self.release(handle, socket);
        if self.layered.is_empty() {
            return;
        }
        if let Some(route) = self.layered.remove(&source) {
            self.release(&route.handle, route.base);
        }
    }

    /// Acquires a second route for a source, whose base socket is this one.
    #[inline]
    pub(super) fn add_layer(
        &mut self,
        port: &Arc<Port>,
        shared: &Weak<Shared>,
        source: usize,
        base: RawSocket,
    ) -> io::Result<Route> {
        let handle = self.acquire(port, shared, base)?;
        let route = Route { handle, base };
        self.layered.insert(source, route.clone());
        Ok(route)
    }

    /// The second route of a source.
    #[inline]
    pub(super) fn layered(&self, source: usize) -> Option<Route> {
        self.layered.get(&source).cloned()
    }

    /// Keeps a route reserved until `remove_lingering`.
    #[inline]
    pub(super) fn add_lingering(&mut self, source: usize, route: Route) {
        self.lingering.push((source, route));
    }

    /// The selector is dropped: cancels every request. None can be started any more.
    #[inline]
    pub(super) fn cancel_all(&self) {
        let lingering = self.lingering.iter().map(|(_, route)| &route.handle);
        for handle in self.all.iter().chain(lingering) {
            syscall::cancel_all(handle.as_handle());
        }
    }

    /// The request of a source has completed that outlived the registration.
    #[inline]
    pub(super) fn remove_lingering(&mut self, source: usize) {
        self.lingering.retain(|(other, _)| *other != source);
    }
}

#[cfg(test)]
impl AfdHandles {
    /// The number of handles that serve sources, or may serve the next one.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether no source has a second route, and no request outlives its registration.
    #[cfg(not(windows))]
    pub(super) fn has_no_routes(&self) -> bool {
        self.layered.is_empty() && self.lingering.is_empty()
    }
}
