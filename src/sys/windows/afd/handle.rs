//! Handles of `\Device\Afd`, on which poll requests are issued (wepoll calls one a poll group).
//!
//! Requests in flight on one handle form a list in the kernel, through which cancelling goes, so
//! a handle serves a limited number of sources:
//! <https://github.com/python-trio/trio/issues/52#issuecomment-548215128>.
//!
//! # One socket, one handle
//!
//! AFD mixes up two requests for one socket that are in flight on one handle (see the head of
//! `afd/mod.rs`). So each handle knows the sockets that it serves, and no second source for one
//! of them gets it. A socket is given back when its source ends; if its request could not be
//! cancelled, only when that comes back.
//!
//! No process but this one has these handles: they are not inherited, and never handed out. So
//! nothing but `syscall::poll` sends completion packets through them.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::super::platform::iocp::{EventSink, PacketReceiver, Port, PortEntry};
use super::super::platform::syscalls::afd as syscall;
use super::super::platform::{AsHandle, BorrowedHandle, OwnedHandle, RawSocket};

/// How many sources one handle serves.
const MAX_SOURCES: usize = 32;

/// One handle, associated with the port.
#[derive(Debug)]
pub(super) struct AfdHandle {
    handle: OwnedHandle,
    port_entry: PortEntry,
    /// The base sockets that it serves, each with the id of its source.
    sockets: Mutex<Vec<(RawSocket, usize)>>,
}

impl AfdHandle {
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

    /// By which `AfdHandles` knows it.
    pub(super) fn id(&self) -> usize {
        self.port_entry.id()
    }

    fn sockets(&self) -> MutexGuard<'_, Vec<(RawSocket, usize)>> {
        // Nothing in a critical section panics half-way through a change.
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serves(&self, socket: RawSocket) -> bool {
        self.sockets().iter().any(|(served, _)| *served == socket)
    }

    /// The socket of this source may be polled by another source on this handle.
    pub(super) fn release_socket(&self, source_id: usize) {
        self.sockets().retain(|(_, id)| *id != source_id);
    }
}

impl AsHandle for AfdHandle {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

impl PacketReceiver for AfdHandle {
    fn on_packet(&self, _: &mut EventSink<'_>) {}

    fn cancel_all(&self) {
        syscall::cancel_all(self.as_handle());
    }
}

/// All handles of one selector. What is in flight keeps its handle besides.
#[derive(Debug, Default)]
pub(super) struct AfdHandles {
    all: HashMap<usize, HandleEntry>,
    /// Those that can serve more.
    with_room: Vec<usize>,
    last_source_id: usize,
}

#[derive(Debug)]
struct HandleEntry {
    handle: Arc<AfdHandle>,
    count: usize,
}

impl AfdHandles {
    /// An id for one more source of this selector.
    pub(super) fn source_id(&mut self) -> usize {
        self.last_source_id = self.last_source_id.wrapping_add(1);
        self.last_source_id
    }

    /// A handle for a source, on which nobody else polls its base socket.
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
        // The newest first.
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
            // Not reached: each of `with_room` stands in `all`.
            return Err(io::ErrorKind::NotFound.into());
        };
        users.count += 1;
        if users.count >= MAX_SOURCES {
            self.with_room.retain(|other| *other != id);
        }
        users.handle.sockets().push((socket, source_id));
        Ok(Arc::clone(&users.handle))
    }

    /// A handle for a source that turns to another base socket, instead of the one with `old_id`.
    /// An error leaves all as it was.
    pub(super) fn replace(
        &mut self,
        port: &Arc<Port>,
        socket: RawSocket,
        source_id: usize,
        old_id: usize,
    ) -> io::Result<Arc<AfdHandle>> {
        let handle = self.acquire(port, socket, source_id)?;
        if handle.id() == old_id {
            // It was counted twice.
            self.remove_source(old_id);
        } else {
            self.release(old_id, source_id, false);
        }
        Ok(handle)
    }

    /// A source needs its handle no more. If its request `lingers`, the handle serves its socket
    /// until that comes back.
    pub(super) fn release(&mut self, id: usize, source_id: usize, lingers: bool) {
        if let (Some(users), false) = (self.all.get(&id), lingers) {
            users.handle.release_socket(source_id);
        }
        self.remove_source(id);
    }

    /// One source less. One handle with room is kept when nobody needs it.
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
    /// How many handles are open.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}
