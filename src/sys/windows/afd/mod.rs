//! The selector on AFD, the driver behind Winsock.
//!
//! A poll request (`IOCTL_AFD_POLL`) names conditions of a socket. AFD completes it once one of
//! them holds, and its completion packet arrives at the selector's completion port.
//!
//! # What AFD guarantees
//!
//! A request completes once: when one of its conditions holds, when it is canceled, or when the
//! socket is closed. A request whose conditions hold already completes before the call returns,
//! with success, and still queues a packet; `STATUS_PENDING` means that none of them held. A
//! completion names only conditions that were requested, with these exceptions:
//!
//! - On a listening socket AFD may complete a request for `RECEIVE` with `ACCEPT`. NT 4 does; the
//!   Windows versions on which Wine's `test_poll` passes do not. This module treats the two as one
//!   condition (`masks::with_alias`), which is right in either case.
//! - `LOCAL_CLOSE` is reported without being requested (`test_poll`).
//! - After a reset a socket has `ABORT` and `SEND` (`test_poll_reset`).
//! - Two requests for one socket in flight on one AFD handle get mixed up: one completes with the
//!   other's conditions, and the other is lost ([trio's experiment], [trio#52]). `handle` keeps
//!   such sources on different handles. It cannot detect duplicates of a socket, and [wepoll#35]
//!   reports requests that were mixed up on different handles and ports, too.
//!
//! Conditions are levels; `socket_state` turns them into edges. An AFD that breaks these guarantees
//! may cost an event or a delay of 10 ms, but cannot make `poll` spin: see "Stray completions" in
//! `socket_state`.
//!
//! Sources: [Wine's tests], which Wine runs on Windows, too (`test_poll`, `test_poll_reset`,
//! `test_poll_completion_port`); [ReactOS' AFD]; [wepoll].
//!
//! [Wine's tests]: https://github.com/wine-mirror/wine/blob/01afb21bf2b3a9c6b03847b03a1ac4a572ed49a3/dlls/ws2_32/tests/afd.c
//! [ReactOS' AFD]: https://github.com/reactos/reactos/blob/03fe564d330319f3b5b522677fbf6d9c585d76e7/drivers/network/afd/afd/select.c
//! [wepoll]: https://github.com/piscisaureus/wepoll/blob/0088a1f263452eda5b82fb04dbb31dd072171060/src/sock.c
//! [trio's experiment]: https://github.com/python-trio/trio/blob/7818f589326220c21f9b15cb9f7d257c6e14d44b/notes-to-self/afd-lab.py
//! [trio#52]: https://github.com/python-trio/trio/issues/52
//! [wepoll#35]: https://github.com/piscisaureus/wepoll/issues/35
//!
//! # System calls
//!
//! While no thread waits in `select`, `register`, `reregister` and `rearm` start no request:
//! they put the source into the update list, once, and the next `select` starts the requests. While
//! a thread waits, the calling thread starts or cancels the request itself. A wait of less than
//! 32 ms sets a timer, see `timer`.
//!
//! A message that the waiting thread reads until the read would block, before it waits again, costs
//! one request, whatever the interest. If another thread reads it, it costs two and a cancel: the
//! waiting thread has started a request for a reset of the connection meanwhile. A `select` that
//! does not wait leaves that request to the next `select`: an event loop such as tokio's looks for
//! events while it still works on those that it has. So it costs one request there, too, and a
//! reset or an end after an event may be reported by the second `select` instead of the first.
//!
//! # Threads
//!
//! Any thread starts and cancels requests; the waiting thread completes them. When a thread exits,
//! Windows cancels its pending I/O, except on handles that are associated with a completion port
//! ([ExitThread]), as all AFD handles are. A request that was canceled by other code is started
//! again.
//!
//! [ExitThread]: https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-exitthread
//!
//! # Errors
//!
//! A source whose request is refused fails no other source, and no `select`. A lack of memory may
//! pass: the request is retried every 10 ms, whether AFD refuses it, AFD completes it with that
//! error, or Winsock cannot return the base socket. Any other error is an error event with the
//! requested readiness; the source is not polled until it is armed again, and `take_error` returns
//! the code. A source that is armed and refused again and again has an error event at most every
//! 10 ms after the first few. An unowned socket that is closed loses its registration, as on epoll.
//!
//! # Lock order
//!
//! A source's state, the AFD handles, the sockets of one handle, the update list. Dropping a source
//! under these may close a handle, which locks nothing. A thread that upgrades a reference to the
//! selector does so before it locks: dropping the last reference drains the port (see `iocp`).

mod handle;
mod poller;
mod shared;
mod socket_state;
mod source;
mod timer;

#[cfg(all(test, not(windows)))]
pub(crate) mod portable_tests;
#[cfg(all(test, windows))]
mod tests;

use std::fmt;
use std::io;
use std::sync::{Arc, Weak};

use crate::sys::errors;
use crate::sys::selector::{self, Mode, Owner, RegisterUnowned, Wake};
use crate::sys::timeout::Deadline;
use crate::sys::wake_bits::{WakeBit, WakeBits};
use crate::{Interest, Token};

use super::event::{Event, Events, masks};
use super::platform::iocp::{EventSink, PacketReceiver, Port, PortEntry};
use super::platform::{RawSocket, ffi};
#[cfg(all(windows, feature = "os-ext"))]
use super::wait::WaitSet;
use poller::Poller;
use shared::Shared;
pub(crate) use source::AfdPoll;
use source::{Source, conditions};

/// The selector of Windows. See the head of `afd/mod.rs`.
pub(crate) struct Afd {
    shared: Arc<Shared>,
    /// What only the waiting thread needs. In clones it stays empty.
    poller: Poller,
}

/// The registration of an owned socket. Dropping it ends the registration.
pub(crate) struct Registration {
    source: Arc<Source>,
}

/// The completion port.
#[cfg(all(windows, feature = "os-ext"))]
impl std::os::windows::io::AsHandle for Afd {
    #[inline]
    fn as_handle(&self) -> std::os::windows::io::BorrowedHandle<'_> {
        self.shared.port.handle().as_handle()
    }
}

impl selector::Selector for Afd {
    type Raw = RawSocket;
    type Event = Event;
    type Events = Events;
    type Registration = Registration;
    type Waker = Waker;
    const EMULATES_EDGE: bool = true;

    #[inline]
    fn new() -> io::Result<Afd> {
        Ok(Afd {
            shared: Arc::new(Shared::new()?),
            poller: Poller::default(),
        })
    }

    #[inline]
    fn try_clone(&self) -> io::Result<Afd> {
        Ok(Afd {
            shared: Arc::clone(&self.shared),
            poller: Poller::default(),
        })
    }

    #[inline]
    fn waker(&self, token: Token) -> io::Result<Waker> {
        Ok(Waker::new(&self.shared.port, token))
    }

    #[inline]
    fn select(&mut self, events: &mut Events, deadline: Deadline) -> io::Result<()> {
        self.poller.select(&self.shared, events, deadline)
    }

    #[inline]
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

    #[inline]
    fn reregister(
        &self,
        registration: &mut Registration,
        _: RawSocket,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        reregister(&self.shared, &registration.source, token, interest)
    }

    #[inline]
    fn deregister(&self, registration: Registration, _: RawSocket) -> io::Result<()> {
        if self.shared.end(&registration.source) {
            Ok(())
        } else {
            Err(errors::not_registered())
        }
    }

    #[inline]
    fn owner(&self, registration: &Registration) -> Owner {
        Owner::of(&self.shared, registration.source.shared())
    }

    #[inline]
    fn rearm(registration: &Registration, waits_for: Interest) -> io::Result<()> {
        let source = &registration.source;
        let Some(shared) = source.shared().upgrade() else {
            return Ok(());
        };
        let mut state = source.state();
        state.rearm(masks::of_directions(waits_for));
        let result = shared.arm_or_retry(source, &mut state);
        drop(state);
        result
    }

    #[inline]
    fn take_fault(registration: &Registration) -> Option<io::Error> {
        let code = registration.source.state().take_fault();
        code.map(io::Error::from_raw_os_error)
    }
}

impl RegisterUnowned for Afd {
    #[inline]
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

    #[inline]
    fn reregister_unowned(
        &self,
        socket: RawSocket,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let source = self.shared.find_unowned(socket)?;
        reregister(&self.shared, &source, token, interest)
    }

    #[inline]
    fn deregister_unowned(&self, socket: RawSocket) -> io::Result<()> {
        let source = self.shared.unowned().remove(&socket);
        let source = source.ok_or_else(errors::not_registered)?;
        self.shared.end(&source);
        Ok(())
    }
}

#[inline]
fn reregister(
    shared: &Shared,
    source: &Arc<Source>,
    token: Token,
    interest: Interest,
) -> io::Result<()> {
    let (interest, mode) = (conditions(interest)?, Mode::of(interest)?);
    let mut state = source.state();
    if !state.reregister(token, interest, mode) {
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
    #[inline]
    pub(crate) fn waits(&self) -> &WaitSet {
        &self.shared.waits
    }
}

impl Drop for Registration {
    #[inline]
    fn drop(&mut self) {
        match self.source.shared().upgrade() {
            Some(shared) => shared.end(&self.source),
            // All its requests have completed before the selector was dropped.
            None => false,
        };
    }
}

impl fmt::Debug for Registration {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("source", &self.source)
            .finish()
    }
}

impl fmt::Debug for Afd {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Afd")
            .field("port", &self.shared.port)
            .finish_non_exhaustive()
    }
}

/// Wakes the thread that waits for packets. See `wake_bits` for the protocol.
///
/// A packet names its receiver, so each waker has its own bits, which its own packet clears.
/// Between two events of a waker, any number of wakes posts one packet.
pub(crate) struct Waker {
    /// Dropping it ends the delivery of this waker's packets.
    port_entry: PortEntry,
    target: Arc<WakerTarget>,
}

/// The receiver of a waker's packets.
#[derive(Debug)]
struct WakerTarget {
    token: Token,
    bit: WakeBit<WakeBits>,
}

impl Waker {
    #[inline]
    fn new(port: &Arc<Port>, token: Token) -> Waker {
        let target = Arc::new(WakerTarget {
            token,
            bit: WakeBit::acquire(WakeBits::unshared()),
        });
        let receiver: Weak<WakerTarget> = Arc::downgrade(&target);
        Waker {
            port_entry: port.add_receiver(receiver),
            target,
        }
    }
}

#[cfg(test)]
impl Waker {
    /// The id that its packets carry.
    #[inline]
    fn receiver_id(&self) -> usize {
        self.port_entry.id()
    }
}

impl Wake for Waker {
    #[inline]
    fn wake(&self) -> io::Result<()> {
        let bit = &self.target.bit;
        if !bit.set_pending() {
            return Ok(());
        }
        self.port_entry.post().inspect_err(|_| bit.clear_pending())
    }
}

impl PacketReceiver for WakerTarget {
    #[inline]
    fn on_packet(&self, sink: &mut EventSink<'_>) {
        self.bit.all().clear_all();
        sink.report(Event::new(self.token, ffi::AFD_POLL_RECEIVE));
    }

    #[inline]
    fn cancel_all(&self) {}
}

impl fmt::Debug for Waker {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker")
            .field("token", &self.target.token)
            .finish_non_exhaustive()
    }
}
