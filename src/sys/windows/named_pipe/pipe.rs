//! A named pipe on its states: locks, memory and system calls.

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::sys::windows::event::Event;
use crate::sys::windows::iocp::in_flight::{Idle, Pending};
use crate::sys::windows::iocp::{EventSink, PacketReceiver, Port, PortEntry};
use crate::sys::{errors, ffi};
use crate::{Interest, Token};

use super::super::syscalls::named_pipe as syscall;
use super::buffer::{Buffer, Pool};
use super::ops::{OpError, OpKind, PipeOps, Ready};
use super::state;
use super::transfer::Transfer;

type State = state::PipeState<Idle<Transfer>, Pending<Transfer>>;

/// A pipe, or any other handle whose operations may overlap. Dropping it gives up what it waits for, but not what it writes.
pub(crate) struct Pipe {
    shared: Arc<Shared>,
}

/// What operations in flight keep.
pub(crate) struct Shared {
    handle: OwnedHandle,
    /// The port that the handle is associated with, for as long as that lives.
    port: Mutex<Weak<Port>>,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    pool: Pool<Idle<Transfer>>,
    /// Operations whose packet has not come, also those that were given up.
    in_flight: usize,
    /// How to have `on_packet` called.
    port_entry: Option<PortEntry>,
    /// Whether a notice is under way.
    is_packet_posted: bool,
    /// Whether the port has ended.
    is_port_closed: bool,
}

/// The pipe as the states see it. Without a port nothing can be started.
struct Io<'a> {
    shared: &'a Arc<Shared>,
    port: Option<&'a Port>,
    pool: &'a mut Pool<Idle<Transfer>>,
    in_flight: &'a mut usize,
}

/// Makes the first instance of a pipe.
pub(crate) fn create(name: &OsStr) -> io::Result<OwnedHandle> {
    let mut name: Vec<u16> = name.encode_wide().collect();
    if name.contains(&0) {
        return Err(errors::invalid("the name of a pipe contains a NUL"));
    }
    name.push(0);
    syscall::create(&name)
}

impl Pipe {
    /// Takes a handle that is associated with no port.
    pub(crate) fn new(handle: OwnedHandle) -> Pipe {
        let inner = Inner {
            state: State::new(syscall::is_pipe(handle.as_handle())),
            pool: Pool::default(),
            in_flight: 0,
            port_entry: None,
            is_packet_posted: false,
            is_port_closed: false,
        };
        Pipe {
            shared: Arc::new(Shared {
                handle,
                port: Mutex::default(),
                inner: Mutex::new(inner),
            }),
        }
    }

    /// The handle.
    pub(crate) fn handle(&self) -> BorrowedHandle<'_> {
        self.shared.handle.as_handle()
    }

    /// Starts a registration with `port`.
    pub(crate) fn register(
        &mut self,
        port: &Arc<Port>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        check(interest)?;
        match self.shared.port() {
            Some(in_flight_op) if !Arc::ptr_eq(&in_flight_op, port) => {
                return Err(if self.shared.inner().state.is_registered() {
                    errors::already_registered()
                } else {
                    errors::other_registry()
                });
            }
            Some(_) if self.shared.inner().state.is_registered() => {
                return Err(errors::already_registered());
            }
            Some(_) => {}
            None => self.shared.associate(port)?,
        }
        let result = self.shared.update_registration(token, interest);
        if result.is_err() {
            self.shared.inner().state.deregister();
        }
        result
    }

    /// Changes the registration.
    pub(crate) fn reregister(
        &mut self,
        port: &Arc<Port>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.check_owner(port)?;
        check(interest)?;
        self.shared.update_registration(token, interest)
    }

    /// Ends the registration. What is in flight goes on.
    pub(crate) fn deregister(&mut self, port: &Arc<Port>) -> io::Result<()> {
        self.check_owner(port)?;
        self.shared.inner().state.deregister();
        Ok(())
    }

    /// Whether this is registered with `port`.
    fn check_owner(&self, port: &Arc<Port>) -> io::Result<()> {
        match self.shared.port() {
            Some(in_flight_op) if !Arc::ptr_eq(&in_flight_op, port) => {
                Err(errors::other_registry())
            }
            Some(_) if self.shared.inner().state.is_registered() => Ok(()),
            _ => Err(errors::not_registered()),
        }
    }

    /// Waits for a client, which is `WouldBlock` at first.
    pub(crate) fn connect(&self) -> io::Result<()> {
        self.shared.with_state(|state, io| state.connect(io))
    }

    /// The error of the last attempt to connect, once.
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        self.shared.inner().state.take_error()
    }

    /// Disconnects the client. Nothing of it reaches the next one, and whoever waits is told once.
    pub(crate) fn disconnect(&self) -> io::Result<()> {
        self.shared.with_state(|state, io| {
            syscall::disconnect(io.shared.handle.as_handle())?;
            state.disconnected(io, ffi::ERROR_PIPE_NOT_CONNECTED);
            Ok(())
        })
    }

    /// Hands out data by `copy`, which says how much it took, for a caller with room for `len` bytes.
    pub(crate) fn read(&self, len: usize, copy: impl FnOnce(&[u8]) -> usize) -> io::Result<usize> {
        self.shared
            .with_state(|state, io| state.read(io, len, copy))
    }

    /// Takes all of `slices` and starts to write them.
    pub(crate) fn write<'s>(
        &self,
        slices: impl Iterator<Item = &'s [u8]> + Clone,
    ) -> io::Result<usize> {
        self.shared
            .with_state(|state, io| state.write(io, |buffer: &mut Buffer| buffer.gather(slices)))
    }
}

/// There are only two things that a pipe can be ready for.
fn check(interest: Interest) -> io::Result<()> {
    if interest.is_aio() || interest.is_lio() || interest.is_priority() {
        return Err(errors::unsupported(
            "a pipe can be watched for reading and writing only",
        ));
    }
    Ok(())
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.shared.with_state(|state, io| state.close(io));
    }
}

impl Shared {
    fn port(&self) -> Option<Arc<Port>> {
        let port = self.port.lock().unwrap_or_else(PoisonError::into_inner);
        port.upgrade()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing in a critical section panics half-way through a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the states do something, and has the waiting thread told what is ready then.
    fn with_state<R>(self: &Arc<Shared>, act: impl FnOnce(&mut State, &mut Io<'_>) -> R) -> R {
        let port = self.port();
        let mut inner = self.inner();
        let result = inner.with_io(self, port.as_deref(), act);
        // If it cannot be posted it is tried again with the next change.
        let _: io::Result<()> = inner.post_if_ready();
        result
    }

    /// Makes `port` the one that packets are sent to: for good, or until it is gone.
    fn associate(self: &Arc<Shared>, port: &Arc<Port>) -> io::Result<()> {
        let handle = self.handle.as_handle();
        if let Err(error) = port.associate(handle) {
            // The handle may still belong to a port that is gone, with all that was in flight. One that is about to go would end
            // the new registration.
            let inner = self.inner();
            if !inner.is_released()
                || syscall::dissociate(handle).is_err()
                || port.associate(handle).is_err()
            {
                return Err(error);
            }
        }
        let this: Weak<Shared> = Arc::downgrade(self);
        let port_entry = port.add_receiver(this);
        let mut inner = self.inner();
        let before = inner.port_entry.replace(port_entry);
        inner.is_packet_posted = false;
        inner.is_port_closed = false;
        drop(inner);
        drop(before);
        *self.port.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(port);
        Ok(())
    }

    /// Starts or changes a registration.
    fn update_registration(self: &Arc<Shared>, token: Token, interest: Interest) -> io::Result<()> {
        let port = self.port();
        let mut inner = self.inner();
        let is_connected = syscall::is_connected(self.handle.as_handle());
        inner.with_io(self, port.as_deref(), |state, io| {
            state.register(io, token, interest, is_connected);
        });
        inner.post_if_ready()
    }

    /// A packet has come.
    pub(super) fn completed(
        self: &Arc<Shared>,
        op: OpKind,
        serial: u64,
        memory: Idle<Transfer>,
        result: Result<usize, OpError>,
        sink: &mut EventSink<'_>,
    ) {
        let port = self.port();
        let mut inner = self.inner();
        inner.in_flight = inner.in_flight.saturating_sub(1);
        inner.with_io(self, port.as_deref(), |state, io| {
            state.completed(io, op, serial, memory, result);
        });
        inner.report(sink);
    }
}

impl Inner {
    /// Whether its port has ended, and all packets have come.
    fn is_released(&self) -> bool {
        self.is_port_closed && self.in_flight == 0
    }

    fn with_io<R>(
        &mut self,
        shared: &Arc<Shared>,
        port: Option<&Port>,
        act: impl FnOnce(&mut State, &mut Io<'_>) -> R,
    ) -> R {
        let mut io = Io {
            shared,
            port,
            pool: &mut self.pool,
            in_flight: &mut self.in_flight,
        };
        act(&mut self.state, &mut io)
    }

    /// Has the waiting thread look at what is ready. Whoever calls this holds the port, if there is one.
    fn post_if_ready(&mut self) -> io::Result<()> {
        if self.is_packet_posted || !self.state.has_ready() {
            return Ok(());
        }
        if let Some(port_entry) = &self.port_entry {
            port_entry.post()?;
            self.is_packet_posted = true;
        }
        Ok(())
    }

    /// Reports what is ready.
    fn report(&mut self, sink: &mut EventSink<'_>) {
        if let Some((token, ready)) = self.state.take_ready() {
            sink.report(Event::new(token, flags(ready)));
        }
    }
}

/// AFD's words for what is ready. That an end is closed is not said in flags: it is no news about the next client.
fn flags(ready: Ready) -> u32 {
    let readable = if ready.readable {
        ffi::AFD_POLL_RECEIVE
    } else {
        0
    };
    let writable = if ready.writable {
        ffi::AFD_POLL_SEND
    } else {
        0
    };
    readable | writable
}

impl PacketReceiver for Shared {
    fn on_packet(&self, sink: &mut EventSink<'_>) {
        let mut inner = self.inner();
        inner.is_packet_posted = false;
        inner.report(sink);
    }

    fn cancel_all(&self) {
        let handle = self.handle.as_handle();
        let mut inner = self.inner();
        inner.is_port_closed = true;
        inner
            .state
            .cancel_all(|pending| syscall::cancel(handle, pending));
    }
}

impl PipeOps<Idle<Transfer>, Pending<Transfer>> for Io<'_> {
    fn memory(&mut self) -> Idle<Transfer> {
        self.pool.take().unwrap_or_else(Transfer::idle)
    }

    fn recycle(&mut self, mut memory: Idle<Transfer>) {
        memory.get_mut().buffer.clear();
        self.pool.put_back(memory);
    }

    fn start(
        &mut self,
        op: OpKind,
        serial: u64,
        mut memory: Idle<Transfer>,
        len: usize,
    ) -> Result<Pending<Transfer>, (Idle<Transfer>, OpError)> {
        let Some(port) = self.port else {
            return Err((memory, syscall::classify(op, errors::not_registered())));
        };
        let transfer = memory.get_mut();
        transfer.op = op;
        transfer.serial = serial;
        transfer.pipe = Some(Arc::clone(self.shared));
        let handle = self.shared.handle.as_handle();
        let result = match op {
            OpKind::Connect => memory.start(port, |reserved| syscall::connect(handle, reserved)),
            OpKind::Read => memory.start(port, |reserved| syscall::read(handle, reserved, len)),
            OpKind::Write => memory.start(port, |reserved| syscall::write(handle, reserved)),
        };
        match result {
            Ok(pending) => {
                *self.in_flight += 1;
                Ok(pending)
            }
            Err((mut memory, error)) => {
                memory.get_mut().pipe = None;
                Err((memory, syscall::classify(op, error)))
            }
        }
    }

    fn cancel(&mut self, pending: &Pending<Transfer>) {
        syscall::cancel(self.shared.handle.as_handle(), pending);
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.handle.fmt(f)
    }
}
