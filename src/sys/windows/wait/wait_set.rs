//! The registered handles of one selector.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::os::windows::io::{AsHandle, OwnedHandle, RawHandle};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use crate::sys::errors;
use crate::sys::ffi;
use crate::sys::selector::Mode;
use crate::sys::sync::lock;
use crate::sys::windows::event::Event;
use crate::sys::windows::iocp::{EventSink, PacketReceiver, Port, PortEntry};
use crate::{Interest, Token};

use super::{Rearm, WaitState};
use crate::sys::windows::syscalls::pool_wait::PoolWait;
use crate::sys::windows::syscalls::wait_packet::{self as syscall, Functions};

/// How to wait for a handle.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WaitBackend {
    /// Wait completion packets.
    Packets(Functions),
    /// The system's thread pool.
    Pool,
}

impl WaitBackend {
    /// Wait completion packets if the system has them, otherwise the thread pool.
    #[inline]
    pub(crate) fn best() -> WaitBackend {
        Functions::find().map_or(WaitBackend::Pool, WaitBackend::Packets)
    }
}

/// The registered handles of one selector.
#[derive(Debug, Default)]
pub(crate) struct WaitSet {
    by_handle: Mutex<HashMap<usize, Wait>>,
}

/// The registration of one handle.
struct Wait {
    port_entry: PortEntry,
    receiver: Arc<Receiver>,
    source: Source,
    object: Arc<OwnedHandle>,
}

/// What queues the packets.
enum Source {
    Packet(Functions, OwnedHandle),
    Pool(Option<PoolWait>),
}

/// The receiver of a registration's packets.
#[derive(Debug)]
struct Receiver {
    state: Mutex<WaitState>,
}

impl Receiver {
    #[inline]
    fn state(&self) -> MutexGuard<'_, WaitState> {
        lock(&self.state)
    }
}

impl PacketReceiver for Receiver {
    #[inline]
    fn on_packet(&self, sink: &mut EventSink<'_>) {
        if let Some(token) = self.state().on_packet() {
            sink.report(Event::new(token, ffi::AFD_POLL_RECEIVE));
        }
    }

    #[inline]
    fn cancel_all(&self) {
        self.state().end();
    }
}

impl Wait {
    #[inline]
    fn new(
        port: &Arc<Port>,
        handle: RawHandle,
        token: Token,
        backend: WaitBackend,
    ) -> io::Result<Wait> {
        let object = Arc::new(syscall::duplicate(handle)?);
        let receiver = Arc::new(Receiver {
            state: Mutex::new(WaitState::Armed(token)),
        });
        let weak: Weak<Receiver> = Arc::downgrade(&receiver);
        let source = match backend {
            WaitBackend::Packets(functions) => Source::Packet(functions, functions.create()?),
            WaitBackend::Pool => Source::Pool(None),
        };
        let mut wait = Wait {
            port_entry: port.add_receiver(weak),
            receiver,
            source,
            object,
        };
        wait.arm(port)?;
        Ok(wait)
    }

    /// Starts one wait of the kernel or the pool.
    #[inline]
    fn arm(&mut self, port: &Port) -> io::Result<()> {
        let receiver_id = self.port_entry.id();
        let object = &self.object;
        match &mut self.source {
            Source::Packet(functions, on_packet) => {
                let port = port.handle().as_handle();
                functions.associate(on_packet.as_handle(), port, object.as_handle(), receiver_id)
            }
            Source::Pool(wait) => {
                // The previous wait is over. Unregisters it first.
                *wait = None;
                let port = Arc::clone(port.handle());
                *wait = Some(PoolWait::start(Arc::clone(object), port, receiver_id)?);
                Ok(())
            }
        }
    }

    #[inline]
    fn rearm(&mut self, port: &Port, token: Token) -> io::Result<()> {
        if matches!(&self.source, Source::Pool(Some(wait)) if wait.is_lost()) {
            self.receiver.state().on_packet();
        }
        let rearm = self.receiver.state().rearm(token);
        match rearm {
            Rearm::AlreadyArmed => Ok(()),
            Rearm::Start => self.arm(port).inspect_err(|_| {
                self.receiver.state().on_packet();
            }),
            Rearm::Ended => Err(errors::not_registered()),
        }
    }
}

impl Drop for Wait {
    #[inline]
    fn drop(&mut self) {
        self.receiver.state().end();
        if let Source::Packet(functions, on_packet) = &self.source {
            // A packet that still comes finds no receiver.
            let _ = functions.cancel(on_packet.as_handle());
        }
    }
}

impl WaitSet {
    /// Registers a handle and starts to wait.
    #[inline]
    pub(crate) fn register(
        &self,
        port: &Arc<Port>,
        handle: RawHandle,
        token: Token,
        interest: Interest,
        backend: WaitBackend,
    ) -> io::Result<()> {
        check_interest(interest)?;
        let mut waits = self.waits();
        if waits.contains_key(&handle.addr()) {
            return Err(errors::already_registered());
        }
        let wait = Wait::new(port, handle, token, backend)?;
        waits.insert(handle.addr(), wait);
        Ok(())
    }

    /// Replaces the token, and arms the registration.
    #[inline]
    pub(crate) fn reregister(
        &self,
        port: &Port,
        handle: RawHandle,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        check_interest(interest)?;
        let mut waits = self.waits();
        let wait = waits
            .get_mut(&handle.addr())
            .ok_or_else(errors::not_registered)?;
        wait.rearm(port, token)
    }

    /// Ends a registration.
    #[inline]
    pub(crate) fn deregister(&self, handle: RawHandle) -> io::Result<()> {
        let wait = self.waits().remove(&handle.addr());
        // Dropped without the lock: unregistering may wait for a thread of the pool.
        wait.map(drop).ok_or_else(errors::not_registered)
    }

    /// Replaces the wait of a handle by one whose packet cannot be posted: `port` is no port.
    #[cfg(test)]
    pub(super) fn lose_packet(&self, handle: RawHandle, port: OwnedHandle) -> io::Result<()> {
        let mut waits = self.waits();
        let wait = waits
            .get_mut(&handle.addr())
            .ok_or_else(errors::not_registered)?;
        let receiver_id = wait.port_entry.id();
        let object = Arc::clone(&wait.object);
        wait.source = Source::Pool(Some(PoolWait::start(object, Arc::new(port), receiver_id)?));
        Ok(())
    }

    /// Whether the packet of a handle could not be posted.
    #[cfg(test)]
    pub(super) fn is_lost(&self, handle: RawHandle) -> bool {
        let waits = self.waits();
        let wait = waits.get(&handle.addr());
        wait.is_some_and(|wait| matches!(&wait.source, Source::Pool(Some(wait)) if wait.is_lost()))
    }

    #[inline]
    fn waits(&self) -> MutexGuard<'_, HashMap<usize, Wait>> {
        lock(&self.by_handle)
    }
}

/// Fails for interests other than `READABLE`, and for modes but `ONESHOT`, which each registration
/// of a handle has.
#[inline]
fn check_interest(interest: Interest) -> io::Result<()> {
    if Mode::of(interest)? == Mode::Level {
        return Err(errors::unsupported(
            "a handle has one event for each arming: `Interest::LEVEL` is not supported",
        ));
    }
    if interest.remove(Interest::ONESHOT | Interest::LEVEL) == Some(Interest::READABLE) {
        Ok(())
    } else {
        Err(errors::unsupported(
            "a handle can only be watched with READABLE interest",
        ))
    }
}

impl fmt::Debug for Wait {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("receiver", &self.receiver)
            .finish_non_exhaustive()
    }
}
