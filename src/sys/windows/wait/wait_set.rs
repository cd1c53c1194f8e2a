//! The handles that one selector waits for.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::os::windows::io::{AsHandle, OwnedHandle, RawHandle};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::sys::errors;
use crate::sys::ffi;
use crate::sys::windows::event::Event;
use crate::sys::windows::iocp::{EventSink, PacketReceiver, Port, PortEntry};
use crate::{Interest, Token};

use super::super::syscalls::pool_wait::PoolWait;
use super::super::syscalls::wait_packet::{self as syscall, Functions};
use super::state::{Rearm, WaitState};

/// By what means to wait.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WaitBackend {
    /// Wait completion packets.
    Packets(Functions),
    /// The thread pool.
    Pool,
}

impl WaitBackend {
    /// The best that this system has.
    pub(crate) fn best() -> WaitBackend {
        Functions::find().map_or(WaitBackend::Pool, WaitBackend::Packets)
    }
}

/// All handles that one selector waits for, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct WaitSet {
    by_number: Mutex<HashMap<usize, Wait>>,
}

/// One registration.
struct Wait {
    port_entry: PortEntry,
    receiver: Arc<Receiver>,
    armed: Armed,
    object: Arc<OwnedHandle>,
}

/// What makes the packets.
enum Armed {
    Packet(Functions, OwnedHandle),
    Pool(Option<PoolWait>),
}

/// Where packets arrive.
#[derive(Debug)]
struct Receiver {
    state: Mutex<WaitState>,
}

impl Receiver {
    fn state(&self) -> MutexGuard<'_, WaitState> {
        // Nothing in a critical section panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PacketReceiver for Receiver {
    fn on_packet(&self, sink: &mut EventSink<'_>) {
        if let Some(token) = self.state().on_packet() {
            sink.report(Event::new(token, ffi::AFD_POLL_RECEIVE));
        }
    }

    fn cancel_all(&self) {
        self.state().end();
    }
}

impl Wait {
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
        let armed = match backend {
            WaitBackend::Packets(functions) => Armed::Packet(functions, functions.create()?),
            WaitBackend::Pool => Armed::Pool(None),
        };
        let mut wait = Wait {
            port_entry: port.add_receiver(weak),
            receiver,
            armed,
            object,
        };
        wait.arm(port)?;
        Ok(wait)
    }

    /// Has the kernel or the pool wait once.
    fn arm(&mut self, port: &Port) -> io::Result<()> {
        let number = self.port_entry.id();
        let object = &self.object;
        match &mut self.armed {
            Armed::Packet(functions, on_packet) => {
                let port = port.handle().as_handle();
                functions.associate(on_packet.as_handle(), port, object.as_handle(), number)
            }
            Armed::Pool(wait) => {
                // The last one has done its work, and is taken back before the next.
                *wait = None;
                let port = Arc::clone(port.handle());
                *wait = Some(PoolWait::start(Arc::clone(object), port, number)?);
                Ok(())
            }
        }
    }

    fn rearm(&mut self, port: &Port, token: Token) -> io::Result<()> {
        if matches!(&self.armed, Armed::Pool(Some(wait)) if wait.is_lost()) {
            self.receiver.state().on_packet();
        }
        let rearm = self.receiver.state().rearm(token);
        match rearm {
            Rearm::Armed => Ok(()),
            Rearm::Arm => self.arm(port).inspect_err(|_| {
                self.receiver.state().on_packet();
            }),
            Rearm::Ended => Err(errors::not_registered()),
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.receiver.state().end();
        if let Armed::Packet(functions, on_packet) = &self.armed {
            functions.cancel(on_packet.as_handle());
        }
    }
}

impl WaitSet {
    /// WaitSet for a handle from now on.
    pub(crate) fn register(
        &self,
        port: &Arc<Port>,
        handle: RawHandle,
        token: Token,
        interest: Interest,
        backend: WaitBackend,
    ) -> io::Result<()> {
        check(interest)?;
        let mut waits = self.waits();
        if waits.contains_key(&handle.addr()) {
            return Err(errors::already_registered());
        }
        let wait = Wait::new(port, handle, token, backend)?;
        waits.insert(handle.addr(), wait);
        Ok(())
    }

    /// Replaces the token, and arms.
    pub(crate) fn reregister(
        &self,
        port: &Port,
        handle: RawHandle,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        check(interest)?;
        let mut waits = self.waits();
        let wait = waits
            .get_mut(&handle.addr())
            .ok_or_else(errors::not_registered)?;
        wait.rearm(port, token)
    }

    /// WaitSet no more.
    pub(crate) fn deregister(&self, handle: RawHandle) -> io::Result<()> {
        let wait = self.waits().remove(&handle.addr());
        // Dropped without the lock: it may have to wait for a thread of the pool.
        wait.map(drop).ok_or_else(errors::not_registered)
    }

    fn waits(&self) -> MutexGuard<'_, HashMap<usize, Wait>> {
        self.by_number
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A signal is neither written nor urgent.
fn check(interest: Interest) -> io::Result<()> {
    if interest == Interest::READABLE {
        Ok(())
    } else {
        Err(errors::unsupported(
            "a handle can only be watched with READABLE interest",
        ))
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("receiver", &self.receiver)
            .finish_non_exhaustive()
    }
}
