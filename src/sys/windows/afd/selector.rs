//! `Afd`: the selector, its registrations, and the registrations of unowned sockets.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::sys::errors;
use crate::sys::selector::{self, Owner, RegisterUnowned};
use crate::{Interest, Token};

use super::masks;
use super::poller::Poller;
use super::shared::Shared;
use super::source::{Source, conditions};
use super::waker::Waker;
use crate::sys::windows::event::{Event, Events};
use crate::sys::windows::platform::RawSocket;
#[cfg(any(test, feature = "os-ext"))]
use crate::sys::windows::platform::iocp::Port;
#[cfg(all(windows, feature = "os-ext"))]
use crate::sys::windows::wait::WaitSet;

/// The selector of Windows. See the head of `afd/mod.rs`.
pub(crate) struct Afd {
    pub(super) shared: Arc<Shared>,
    /// What only the waiting thread needs. In clones it stays empty.
    poller: Poller,
}

/// The registration of an owned socket. Dropping it ends the registration.
pub(crate) struct Registration {
    pub(super) source: Arc<Source>,
}

impl selector::Selector for Afd {
    type Raw = RawSocket;
    type Event = Event;
    type Events = Events;
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

    fn select(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        use selector::EventBuffer as _;
        events.clear();
        if events.capacity() == 0 {
            return Err(errors::invalid("the capacity of `Events` is 0"));
        }
        self.poller.select(&self.shared, events, timeout)
    }

    fn register(
        &self,
        socket: RawSocket,
        token: Token,
        interest: Interest,
    ) -> io::Result<Registration> {
        let source = self.shared.source(socket, token, interest, false)?;
        // An error drops it, which ends the registration.
        let registration = Registration { source };
        let source = &registration.source;
        self.shared.arm(source, &mut source.state())?;
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
            Owner::Dropped
        } else {
            Owner::Other
        }
    }

    fn rearm(registration: &Registration, waits_for: Interest) -> io::Result<()> {
        let source = &registration.source;
        let Some(shared) = source.shared.upgrade() else {
            return Ok(());
        };
        let mut state = source.state();
        state.rearm(masks::of_directions(waits_for));
        let result = shared.arm_or_retry(source, &mut state);
        drop(state);
        result
    }

    fn take_fault(registration: &Registration) -> Option<io::Error> {
        let code = registration.source.state().take_fault();
        code.map(io::Error::from_raw_os_error)
    }
}

impl RegisterUnowned for Afd {
    fn register_unowned(
        &self,
        socket: RawSocket,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        if self.shared.unowned().contains_key(&socket) {
            return Err(errors::already_registered());
        }
        let source = self.shared.source(socket, token, interest, true)?;
        // Two threads may register one socket at the same time.
        let is_taken = {
            let mut unowned = self.shared.unowned();
            let is_taken = unowned.contains_key(&socket);
            if !is_taken {
                unowned.insert(socket, Arc::clone(&source));
            }
            is_taken
        };
        if is_taken {
            self.shared.end(&source);
            return Err(errors::already_registered());
        }
        let result = self.shared.arm(&source, &mut source.state());
        if result.is_err() {
            self.shared.remove_unowned(&source);
            self.shared.end(&source);
        }
        result
    }

    fn reregister_unowned(
        &self,
        socket: RawSocket,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let source = self.shared.find_unowned(socket)?;
        reregister(&self.shared, &source, token, interest)
    }

    fn deregister_unowned(&self, socket: RawSocket) -> io::Result<()> {
        let source = self.shared.unowned().remove(&socket);
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
    let mut state = source.state();
    if !state.reregister(token, interest) {
        return Err(errors::not_registered());
    }
    shared.arm_or_retry(source, &mut state)
}

impl Afd {
    /// The completion port, for pipes and waits.
    #[cfg(any(test, feature = "os-ext"))]
    pub(crate) fn port(&self) -> &Arc<Port> {
        &self.shared.port
    }

    /// The registered handles.
    #[cfg(all(windows, feature = "os-ext"))]
    pub(crate) fn waits(&self) -> &WaitSet {
        &self.shared.waits
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        match self.source.shared.upgrade() {
            Some(shared) => shared.end(&self.source),
            // All its requests have completed before the selector was dropped.
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
