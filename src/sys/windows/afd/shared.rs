//! What a queue and its clones share: the port, the handles of AFD, and the sources that want something.

use std::collections::HashMap;
use std::io;
use std::mem;
use std::os::windows::io::RawSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::device::Devices;
use super::source::{Source, SourceMachine};
use super::{masks, syscall};
use crate::sys::iocp::Port;
#[cfg(feature = "os-ext")]
use crate::sys::wait::Waits;
use crate::sys::{errors, winsock};
use crate::{Interest, Token};

/// What all clones share. Its address is the queue's identity.
pub(super) struct Shared {
    pub(super) port: Arc<Port>,
    pub(super) devices: Mutex<Devices>,
    /// Sources to be updated before the next wait.
    pub(super) updates: Mutex<Vec<Arc<Source>>>,
    /// Whether a thread waits, or is about to, and has taken the list. Set before the list is locked for that, so whoever locks
    /// it afterwards sees it.
    pub(super) is_waiting: AtomicBool,
    /// Sources that are only a number.
    pub(super) raw: Mutex<HashMap<RawSocket, Arc<Source>>>,
    #[cfg(feature = "os-ext")]
    pub(super) waits: Waits,
}

impl Shared {
    /// A queue without sources.
    pub(super) fn new() -> io::Result<Shared> {
        Ok(Shared {
            port: Arc::new(Port::new()?),
            devices: Mutex::default(),
            updates: Mutex::default(),
            is_waiting: AtomicBool::new(false),
            raw: Mutex::default(),
            #[cfg(feature = "os-ext")]
            waits: Waits::default(),
        })
    }

    pub(super) fn updates(&self) -> MutexGuard<'_, Vec<Arc<Source>>> {
        // Nothing in a critical section panics half-way through a change.
        self.updates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn raw(&self) -> MutexGuard<'_, HashMap<RawSocket, Arc<Source>>> {
        self.raw.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn devices(&self) -> MutexGuard<'_, Devices> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a source, for which nothing has been asked yet.
    pub(super) fn source(
        self: &Arc<Shared>,
        socket: RawSocket,
        token: Token,
        interest: Interest,
        is_raw: bool,
    ) -> io::Result<Arc<Source>> {
        let interest = conditions(interest)?;
        winsock::start()?;
        if is_raw {
            syscall::check(socket)?;
        }
        let device = self.devices().take(&self.port)?;
        let shared = Arc::downgrade(self);
        Ok(Source::new(
            shared, &device, socket, token, interest, is_raw,
        ))
    }

    /// Has the next wait update a source, if there is something to do.
    pub(super) fn queue(&self, source: &Arc<Source>, machine: &mut SourceMachine) {
        if machine.is_queued || !needs_poller(machine) {
            return;
        }
        machine.is_queued = true;
        self.updates().push(Arc::clone(source));
    }

    /// Sees to a source that its caller has changed: now, if a thread waits, else before the next wait.
    pub(super) fn arm(&self, source: &Arc<Source>, machine: &mut SourceMachine) -> io::Result<()> {
        if !machine.needs_update() {
            return Ok(());
        }
        {
            let mut updates = self.updates();
            if !self.is_waiting.load(Ordering::Relaxed) {
                if !mem::replace(&mut machine.is_queued, true) {
                    updates.push(Arc::clone(source));
                }
                return Ok(());
            }
        }
        source.update(machine, &self.port)
    }

    /// Ends a source. Returns whether it was registered.
    pub(super) fn end(&self, source: &Source) -> bool {
        let was_registered = source.end();
        if was_registered {
            self.devices().give_back(source.device_number());
        }
        was_registered
    }

    /// The socket of a source was found closed.
    pub(super) fn found_closed(
        &self,
        source: &Arc<Source>,
        mut machine: MutexGuard<'_, SourceMachine>,
    ) {
        if machine.gone() {
            drop(machine);
            self.forget(source);
        }
    }

    /// A source has ended by itself.
    pub(super) fn forget(&self, source: &Arc<Source>) {
        self.leave_raw(source);
        self.devices().give_back(source.device_number());
    }

    /// Its number may be registered again, if it is this source that has it.
    pub(super) fn leave_raw(&self, source: &Arc<Source>) {
        let mut raw = self.raw();
        if raw
            .get(&source.raw)
            .is_some_and(|held| Arc::ptr_eq(held, source))
        {
            raw.remove(&source.raw);
        }
    }

    /// The source of a number.
    pub(super) fn find(&self, socket: RawSocket) -> io::Result<Arc<Source>> {
        let source = self.raw().get(&socket).cloned();
        source.ok_or_else(errors::not_registered)
    }
}

/// Whether the poller has something to do for a source: to start or cancel a poll, or to look at it from now on.
fn needs_poller(machine: &SourceMachine) -> bool {
    machine.needs_update() || machine.in_doubt() != 0 && !machine.is_looked_at
}

/// What AFD is asked for on behalf of an interest.
pub(super) fn conditions(interest: Interest) -> io::Result<u32> {
    if interest.is_aio() || interest.is_lio() {
        return Err(errors::unsupported("AFD cannot watch for AIO or LIO"));
    }
    Ok(masks::of(interest))
}
