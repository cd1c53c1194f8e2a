//! AFD, the driver behind Winsock: it is asked for the conditions of a socket, and its answer comes as a packet.
//!
//! What AFD promises: a poll is answered once, as soon as one of the conditions it asks for holds, or when it is cancelled, or
//! when the socket is closed. What it does not: edges, which `machine` makes of the answers, and any answer about a socket
//! that has a poll in flight for less than is wanted: that one is cancelled first.
//!
//! Registering, registering anew and arming make no system call while nobody waits: the sources that need a poll stand in a
//! list, each of them once, and the next `select` starts the polls. A source that changes while another thread waits is seen
//! to at once by whoever changes it.
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
mod shared;
mod source;
mod syscall;
mod waker;

#[cfg(test)]
mod cost_tests;
#[cfg(test)]
mod end_tests;
#[cfg(test)]
mod look_tests;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
#[cfg(feature = "os-ext")]
use std::os::windows::io::RawHandle;
use std::os::windows::io::RawSocket;
use std::sync::Arc;
use std::time::Duration;

use crate::sys::contract::{self, Owner, RegisterRaw};
use crate::sys::errors;
use crate::sys::iocp::Port;
use crate::sys::record::{Record, Records};
#[cfg(feature = "os-ext")]
use crate::sys::wait::Means;
use crate::{Interest, Token};

use poller::Poller;
use shared::{Shared, conditions};
use source::Source;
use waker::Waker;

/// See the head of this file.
pub(crate) struct Afd {
    shared: Arc<Shared>,
    /// What only the poller needs. Clones leave it empty.
    poller: Poller,
}

/// One source's place in a queue.
pub(crate) struct Registration {
    source: Arc<Source>,
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
            shared: Arc::new(Shared::new()?),
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

    fn rearm(registration: &Registration, waits_for: Interest) -> io::Result<()> {
        let source = &registration.source;
        let Some(shared) = source.shared.upgrade() else {
            return Ok(());
        };
        let mut machine = source.machine();
        machine.rearm(masks::directions(waits_for));
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
            self.shared.leave_raw(&source);
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

/// Handles that are no sockets.
#[cfg(feature = "os-ext")]
impl Afd {
    /// Starts waiting for a handle, once.
    pub(crate) fn register_handle(
        &self,
        handle: RawHandle,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let Shared { port, waits, .. } = &*self.shared;
        waits.register(port, handle, token, interest, Means::best())
    }

    /// Starts waiting for a handle again, once.
    pub(crate) fn reregister_handle(
        &self,
        handle: RawHandle,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let Shared { port, waits, .. } = &*self.shared;
        waits.reregister(port, handle, token, interest)
    }

    /// Waits for a handle no more.
    pub(crate) fn deregister_handle(&self, handle: RawHandle) -> io::Result<()> {
        self.shared.waits.deregister(handle)
    }

    /// All handles that are waited for.
    #[cfg(test)]
    pub(crate) fn waits(&self) -> &crate::sys::wait::Waits {
        &self.shared.waits
    }
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
