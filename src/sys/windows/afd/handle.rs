//! Handles of `\Device\Afd`, on which poll requests are issued (a poll group of wepoll).
//!
//! The time to cancel a request grows with the number of requests in flight on its handle
//! ([trio#52][cancel]), so each handle serves a limited number of sources.
//!
//! AFD mixes up two requests for one socket that are in flight on one handle (see the head of
//! `afd/mod.rs`). So each handle knows the sockets that it serves, and a second source of one of
//! them gets another handle. A socket is released when its source ends. If its request could not be
//! canceled, the socket is released when the request completes.
//!
//! Child processes do not inherit these handles, and no code hands them out. So only
//! `syscalls::afd::poll` causes completion packets through them.
//!
//! [cancel]: https://github.com/python-trio/trio/issues/52#issuecomment-548215128

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Weak};

use crate::sys::sync::{Mutex, MutexGuard, lock};
use crate::sys::windows::platform::iocp::{EventSink, PacketReceiver, Port, PortEntry};
use crate::sys::windows::platform::syscalls::afd as syscall;
use crate::sys::windows::platform::{AsHandle, BorrowedHandle, OwnedHandle, RawSocket};

/// The most sources that one handle serves.
const MAX_SOURCES: usize = 32;

/// One AFD handle, associated with the port.
#[derive(Debug)]
pub(super) struct AfdHandle {
    handle: OwnedHandle,
    port_entry: PortEntry,
    /// The base sockets that it serves, each with its source's id.
    sockets: Mutex<Vec<(RawSocket, usize)>>,
}

impl AfdHandle {
    #[inline]
    fn open(port: &Arc<Port>) -> io::Result<Arc<AfdHandle>> {
        let handle = syscall::open().inspect_err(|error| {
            trace!("cannot open \\Device\\Afd: {error}");
        })?;
        port.associate(handle.as_handle())?;
        syscall::skip_event_signal(handle.as_handle());
        Ok(Arc::new_cyclic(|afd: &Weak<AfdHandle>| AfdHandle {
            handle,
            port_entry: port.add_receiver(afd.clone()),
            sockets: Mutex::default(),
        }))
    }

    /// Its key in `AfdHandles`.
    #[inline]
    pub(super) fn id(&self) -> usize {
        self.port_entry.id()
    }

    #[inline]
    fn sockets(&self) -> MutexGuard<'_, Vec<(RawSocket, usize)>> {
        lock(&self.sockets)
    }

    #[inline]
    fn serves(&self, socket: RawSocket) -> bool {
        self.sockets().iter().any(|(served, _)| *served == socket)
    }

    /// Removes the socket of this source: another source of the socket may use the handle.
    #[inline]
    pub(super) fn release_socket(&self, source_id: usize) {
        self.sockets().retain(|(_, id)| *id != source_id);
    }
}

impl AsHandle for AfdHandle {
    #[inline]
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

impl PacketReceiver for AfdHandle {
    #[inline]
    fn on_packet(&self, _: &mut EventSink<'_>) {}

    #[inline]
    fn cancel_all(&self) {
        syscall::cancel_all(self.as_handle());
    }
}

/// All AFD handles of one selector. A request in flight keeps its handle besides.
#[derive(Debug, Default)]
pub(super) struct AfdHandles {
    all: HashMap<usize, HandleEntry>,
    /// The ids of those that serve fewer than `MAX_SOURCES`.
    with_room: Vec<usize>,
    last_source_id: usize,
}

#[derive(Debug)]
struct HandleEntry {
    handle: Arc<AfdHandle>,
    count: usize,
}

impl AfdHandles {
    /// A new source id.
    #[inline]
    pub(super) fn source_id(&mut self) -> usize {
        self.last_source_id = self.last_source_id.wrapping_add(1);
        self.last_source_id
    }

    /// Returns a handle on which no other source polls this base socket, and counts the source.
    #[inline]
    pub(super) fn acquire(
        &mut self,
        port: &Arc<Port>,
        socket: RawSocket,
        source_id: usize,
    ) -> io::Result<Arc<AfdHandle>> {
        let all = &mut self.all;
        let serves_another = |id: &usize| {
            let users = all.get(id);
            users.is_some_and(|users| !users.handle.serves(socket))
        };
        // The newest handle first.
        let position = self.with_room.iter().rposition(serves_another);
        let id = match position.and_then(|position| self.with_room.get(position)) {
            Some(id) => *id,
            None => {
                let handle = AfdHandle::open(port)?;
                let id = handle.id();
                all.insert(id, HandleEntry { handle, count: 0 });
                self.with_room.push(id);
                id
            }
        };
        let Some(users) = all.get_mut(&id) else {
            // Not reached: every id of `with_room` is in `all`.
            return Err(io::ErrorKind::NotFound.into());
        };
        users.count += 1;
        if users.count >= MAX_SOURCES {
            self.with_room.retain(|other| *other != id);
        }
        users.handle.sockets().push((socket, source_id));
        Ok(Arc::clone(&users.handle))
    }

    /// Returns a handle for a source that polls another base socket from now on, and releases its
    /// handle `old_id`. An error changes nothing.
    #[inline]
    pub(super) fn replace(
        &mut self,
        port: &Arc<Port>,
        socket: RawSocket,
        source_id: usize,
        old_id: usize,
    ) -> io::Result<Arc<AfdHandle>> {
        let handle = self.acquire(port, socket, source_id)?;
        if handle.id() == old_id {
            // The source was counted twice.
            self.remove_source(old_id);
        } else {
            self.release(old_id, source_id, false);
        }
        Ok(handle)
    }

    /// Releases the handle of a source. If its request `lingers`, which means that it could not be
    /// canceled, the handle keeps its socket until the request completes.
    #[inline]
    pub(super) fn release(&mut self, id: usize, source_id: usize, lingers: bool) {
        if let (Some(users), false) = (self.all.get(&id), lingers) {
            users.handle.release_socket(source_id);
        }
        self.remove_source(id);
    }

    /// Counts one source less. Closes a handle without sources, unless it is the only one with
    /// room.
    #[inline]
    fn remove_source(&mut self, id: usize) {
        let Some(users) = self.all.get_mut(&id) else {
            return;
        };
        if users.count >= MAX_SOURCES {
            self.with_room.push(id);
        }
        users.count = users.count.saturating_sub(1);
        if users.count == 0 && self.with_room.len() > 1 {
            self.with_room.retain(|other| *other != id);
            self.all.remove(&id);
        }
    }
}

#[cfg(test)]
impl AfdHandles {
    /// The number of open handles.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}
