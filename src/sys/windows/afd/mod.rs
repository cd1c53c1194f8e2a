//! AFD, the driver behind Winsock: it is asked for the conditions of a socket, and its answer comes as a packet.
//!
//! What AFD promises: a poll is answered once, as soon as one of the conditions it asks for holds, or when it is cancelled, or
//! when the socket is closed. What it does not: edges, which `machine` makes of the answers, and any answer about a socket
//! that has a poll in flight for less than is wanted: that one is cancelled first.
//!
//! Registering, registering anew and arming make no system call while nobody waits (but for asking Winsock once for the socket
//! that AFD knows): the sources that need a poll stand in a list, each of them once, and the next `select` starts the polls. A
//! source that changes while another thread waits is seen to at once by whoever changes it.
//!
//! # One bad source
//!
//! A source that AFD refuses fails nobody else, and no `select`: it is reported as an error, readable and writable as it asked
//! for, and left out until it is armed again. One that is closed loses its registration, as on epoll.
//!
//! # Locks
//!
//! A source's states come before the list, and nothing else is locked inside of them. Whoever upgrades a reference to the
//! selector does so before it locks, for the last one to let go ends the port (see `iocp`).

mod base;
mod device;
mod faults;
mod machine;
mod masks;
mod poller;
mod source;
mod syscall;
mod waker;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::mem;
use std::os::windows::io::RawSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::sys::contract::{self, Owner, RegisterRaw};
use crate::sys::iocp::Port;
use crate::sys::record::{Record, Records};
use crate::sys::{errors, winsock};
use crate::{Interest, Token};

use device::Devices;
use poller::Poller;
use source::{Source, SourceMachine};
use waker::Waker;

/// See the head of this file.
pub(crate) struct Afd {
    shared: Arc<Shared>,
    /// What only the poller needs. Clones leave it empty.
    poller: Poller,
}

/// What all clones share. Its address is the queue's identity.
struct Shared {
    port: Arc<Port>,
    devices: Mutex<Devices>,
    /// Sources to be updated before the next wait.
    updates: Mutex<Vec<Arc<Source>>>,
    /// Whether a thread waits, or is about to, and has taken the list. Set before the list is locked for that, so whoever locks
    /// it afterwards sees it.
    is_waiting: AtomicBool,
    /// Sources that are only a number.
    raw: Mutex<HashMap<RawSocket, Arc<Source>>>,
}

/// One source's place in a queue.
pub(crate) struct Registration {
    source: Arc<Source>,
}

impl Shared {
    fn updates(&self) -> MutexGuard<'_, Vec<Arc<Source>>> {
        // Nothing in a critical section panics half-way through a change.
        self.updates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn raw(&self) -> MutexGuard<'_, HashMap<RawSocket, Arc<Source>>> {
        self.raw.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn devices(&self) -> MutexGuard<'_, Devices> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a source, for which nothing has been asked yet.
    fn source(
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
        let base = base::socket(socket, syscall::socket_ioctl)?;
        let device = self.devices().take(&self.port)?;
        let shared = Arc::downgrade(self);
        Ok(Source::new(
            shared, &device, socket, base, token, interest, is_raw,
        ))
    }

    /// Has the next wait update a source, if there is something to do.
    fn queue(&self, source: &Arc<Source>, machine: &mut SourceMachine) {
        if machine.is_queued || !needs_poller(machine) {
            return;
        }
        machine.is_queued = true;
        self.updates().push(Arc::clone(source));
    }

    /// Sees to a source that its caller has changed: now, if a thread waits, else before the next wait.
    fn arm(&self, source: &Arc<Source>, machine: &mut SourceMachine) -> io::Result<()> {
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
    fn end(&self, source: &Source) -> bool {
        let was_registered = source.end();
        if was_registered {
            self.devices().give_back(source.device_number());
        }
        was_registered
    }

    /// The socket of a source was found closed.
    fn found_closed(&self, source: &Arc<Source>, mut machine: MutexGuard<'_, SourceMachine>) {
        if machine.gone() {
            drop(machine);
            self.forget(source);
        }
    }

    /// A source has ended by itself.
    fn forget(&self, source: &Arc<Source>) {
        let mut raw = self.raw();
        if raw
            .get(&source.raw)
            .is_some_and(|held| Arc::ptr_eq(held, source))
        {
            raw.remove(&source.raw);
        }
        drop(raw);
        self.devices().give_back(source.device_number());
    }

    /// The source of a number.
    fn find(&self, socket: RawSocket) -> io::Result<Arc<Source>> {
        let source = self.raw().get(&socket).cloned();
        source.ok_or_else(errors::not_registered)
    }
}

/// Whether the poller has something to do for a source: to start or cancel a poll, or to look at it from now on.
fn needs_poller(machine: &SourceMachine) -> bool {
    machine.needs_update() || machine.in_doubt() != 0 && !machine.is_looked_at
}

impl contract::Selector for Afd {
    type Raw = RawSocket;
    type Record = Record;
    type Records = Records;
    type Registration = Registration;
    type Waker = Waker;
    const EMULATES_EDGE: bool = true;

    fn new() -> io::Result<Afd> {
        Ok(Afd {
            shared: Arc::new(Shared {
                port: Arc::new(Port::new()?),
                devices: Mutex::default(),
                updates: Mutex::default(),
                is_waiting: AtomicBool::new(false),
                raw: Mutex::default(),
            }),
            poller: Poller::default(),
        })
    }

    fn try_clone(&self) -> io::Result<Afd> {
        Ok(Afd {
            shared: Arc::clone(&self.shared),
            poller: Poller::default(),
        })
    }

    fn waker(&self, token: Token) -> io::Result<Waker> {
        Ok(Waker::new(&self.shared.port, token))
    }

    fn select(&mut self, records: &mut Records, timeout: Option<Duration>) -> io::Result<()> {
        use contract::Records as _;
        records.clear();
        if records.capacity() == 0 {
            return Err(errors::invalid("the capacity of `Events` is 0"));
        }
        self.poller.select(&self.shared, records, timeout)
    }

    fn register(
        &self,
        raw: RawSocket,
        token: Token,
        interest: Interest,
    ) -> io::Result<Registration> {
        let source = self.shared.source(raw, token, interest, false)?;
        // Dropped on an error, which ends it.
        let registration = Registration { source };
        let source = &registration.source;
        self.shared.arm(source, &mut source.machine())?;
        Ok(registration)
    }

    fn reregister(
        &self,
        registration: &mut Registration,
        _: RawSocket,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        reregister(&self.shared, &registration.source, token, interest)
    }

    fn deregister(&self, registration: Registration, _: RawSocket) -> io::Result<()> {
        if self.shared.end(&registration.source) {
            Ok(())
        } else {
            Err(errors::not_registered())
        }
    }

    fn owner(&self, registration: &Registration) -> Owner {
        let shared = &registration.source.shared;
        if shared.as_ptr() == Arc::as_ptr(&self.shared) {
            Owner::This
        } else if shared.strong_count() == 0 {
            Owner::Gone
        } else {
            Owner::Other
        }
    }

    fn rearm(registration: &Registration) -> io::Result<()> {
        let source = &registration.source;
        let Some(shared) = source.shared.upgrade() else {
            return Ok(());
        };
        let mut machine = source.machine();
        machine.rearm();
        let result = shared.arm(source, &mut machine);
        drop(machine);
        result
    }
}

impl RegisterRaw for Afd {
    fn register_raw(&self, raw: RawSocket, token: Token, interest: Interest) -> io::Result<()> {
        if self.shared.raw().contains_key(&raw) {
            return Err(errors::already_registered());
        }
        let source = self.shared.source(raw, token, interest, true)?;
        // Two threads may have come this far with one number.
        let taken = {
            let mut held = self.shared.raw();
            let is_taken = held.contains_key(&raw);
            if !is_taken {
                held.insert(raw, Arc::clone(&source));
            }
            is_taken
        };
        if taken {
            self.shared.end(&source);
            return Err(errors::already_registered());
        }
        let result = self.shared.arm(&source, &mut source.machine());
        if result.is_err() {
            self.shared.raw().remove(&raw);
            self.shared.end(&source);
        }
        result
    }

    fn reregister_raw(&self, raw: RawSocket, token: Token, interest: Interest) -> io::Result<()> {
        let source = self.shared.find(raw)?;
        reregister(&self.shared, &source, token, interest)
    }

    fn deregister_raw(&self, raw: RawSocket) -> io::Result<()> {
        let source = self.shared.raw().remove(&raw);
        let source = source.ok_or_else(errors::not_registered)?;
        self.shared.end(&source);
        Ok(())
    }
}

fn reregister(
    shared: &Shared,
    source: &Arc<Source>,
    token: Token,
    interest: Interest,
) -> io::Result<()> {
    let interest = conditions(interest)?;
    let mut machine = source.machine();
    if !machine.reregister(token, interest) {
        return Err(errors::not_registered());
    }
    shared.arm(source, &mut machine)
}

/// What AFD is asked for on behalf of an interest.
fn conditions(interest: Interest) -> io::Result<u32> {
    if interest.is_aio() || interest.is_lio() {
        return Err(errors::unsupported("AFD cannot watch for AIO or LIO"));
    }
    Ok(masks::of(interest))
}

impl Afd {
    /// The port, for what else sends packets to it.
    pub(crate) fn port(&self) -> &Arc<Port> {
        &self.shared.port
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        match self.source.shared.upgrade() {
            Some(shared) => shared.end(&self.source),
            // All its polls have ended with the selector.
            None => false,
        };
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("source", &self.source)
            .finish()
    }
}

impl fmt::Debug for Afd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Afd")
            .field("port", &self.shared.port)
            .finish_non_exhaustive()
    }
}
