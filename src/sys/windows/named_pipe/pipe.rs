//! The pipe itself: its lock, memory, port and system calls, driven by
//! [`PipeState`](state::PipeState).

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use crate::sys::selector::Mode;
use crate::sys::sync::lock;
use crate::sys::windows::event::Event;
use crate::sys::windows::iocp::in_flight::{Idle, Operation, Outcome, Pending};
use crate::sys::windows::iocp::{EventSink, PacketReceiver, Port, PortEntry};
use crate::sys::{errors, ffi};
use crate::{Interest, Token};

use super::ops::{Buffer, Memory, OpError, OpKind, PipeOps, Pool, Ready};
use super::state;
use crate::sys::windows::syscalls::named_pipe as syscall;

type State = state::PipeState<Idle<Transfer>, Pending<Transfer>>;

/// A pipe, or any other handle for overlapped operations. Dropping it cancels connecting and
/// reading; a pending write goes on.
pub(crate) struct Pipe {
    shared: Arc<Shared>,
}

/// What operations in flight keep alive.
pub(crate) struct Shared {
    handle: OwnedHandle,
    /// The port that the handle is associated with.
    port: Mutex<Weak<Port>>,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    pool: Pool<Idle<Transfer>>,
    /// The number of operations whose packets have not come, canceled ones included.
    in_flight: usize,
    /// How many packets of operations have come.
    completions: u64,
    /// The entry in the port, by which packets are posted.
    port_entry: Option<PortEntry>,
    /// Whether a posted packet has not been dequeued yet.
    is_packet_posted: bool,
    /// Whether the port was dropped.
    is_port_closed: bool,
}

/// The operations that the state may start. Without a port none can be started.
struct Io<'a> {
    shared: &'a Arc<Shared>,
    port: Option<&'a Port>,
    pool: &'a mut Pool<Idle<Transfer>>,
    in_flight: &'a mut usize,
}

/// Creates the first instance of a pipe.
#[inline]
pub(crate) fn create(name: &OsStr) -> io::Result<OwnedHandle> {
    let mut name: Vec<u16> = name.encode_wide().collect();
    if name.contains(&0) {
        return Err(errors::invalid("the name of a pipe contains a NUL"));
    }
    name.push(0);
    syscall::create(&name)
}

impl Pipe {
    /// Wraps a handle that is not associated with a port. Makes no call: one on a handle for
    /// synchronous operations waits for the operation in flight.
    pub(crate) fn new(handle: OwnedHandle) -> Pipe {
        let inner = Inner {
            // `associate` replaces it, and nothing is read before.
            state: State::new(false),
            pool: Pool::default(),
            in_flight: 0,
            completions: 0,
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

    /// Registers with `port`.
    #[inline]
    pub(crate) fn register(
        &mut self,
        port: &Arc<Port>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        check_interest(interest)?;
        match self.shared.port() {
            Some(current) if !Arc::ptr_eq(&current, port) => {
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
    #[inline]
    pub(crate) fn reregister(
        &mut self,
        port: &Arc<Port>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.check_owner(port)?;
        check_interest(interest)?;
        self.shared.update_registration(token, interest)
    }

    /// Ends the registration. Operations in flight go on.
    #[inline]
    pub(crate) fn deregister(&mut self, port: &Arc<Port>) -> io::Result<()> {
        self.check_owner(port)?;
        self.shared.inner().state.deregister();
        Ok(())
    }

    /// Fails unless this is registered with `port`.
    #[inline]
    fn check_owner(&self, port: &Arc<Port>) -> io::Result<()> {
        match self.shared.port() {
            Some(current) if !Arc::ptr_eq(&current, port) => Err(errors::other_registry()),
            Some(_) if self.shared.inner().state.is_registered() => Ok(()),
            _ => Err(errors::not_registered()),
        }
    }

    /// Starts to wait for a client: `WouldBlock` until one connects.
    #[inline]
    pub(crate) fn connect(&self) -> io::Result<()> {
        self.shared.with_state(|state, io| state.connect(io))
    }

    /// Takes the error of the last attempt to connect.
    #[inline]
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        self.shared.inner().state.take_error()
    }

    /// Disconnects the client. No byte of it reaches the next one, and each waiter gets one error.
    #[inline]
    pub(crate) fn disconnect(&self) -> io::Result<()> {
        self.shared.with_state(|state, io| {
            syscall::disconnect(io.shared.handle.as_handle())?;
            state.disconnected(io, ffi::ERROR_PIPE_NOT_CONNECTED);
            Ok(())
        })
    }

    /// Passes data to `copy`, which returns how much it took. The caller has room for `len` bytes.
    pub(crate) fn read(&self, len: usize, copy: impl FnOnce(&[u8]) -> usize) -> io::Result<usize> {
        self.shared
            .with_state(|state, io| state.read(io, len, copy))
    }

    /// Copies all of `slices` and starts to write them.
    #[inline]
    pub(crate) fn write<'s>(
        &self,
        slices: impl Iterator<Item = &'s [u8]> + Clone,
    ) -> io::Result<usize> {
        self.shared
            .with_state(|state, io| state.write(io, |buffer: &mut Buffer| buffer.gather(slices)))
    }
}

/// Fails for interests other than reading and writing, and for modes: the readiness of a pipe is
/// that of operations in flight, which report their ends once.
#[inline]
fn check_interest(interest: Interest) -> io::Result<()> {
    if Mode::of(interest)? != Mode::Edge {
        return Err(errors::unsupported(
            "a named pipe is always edge-triggered: `Interest::LEVEL` and `Interest::ONESHOT` are \
             not supported",
        ));
    }
    if interest.is_aio() || interest.is_lio() || interest.is_priority() {
        return Err(errors::unsupported(
            "a pipe can be watched for reading and writing only",
        ));
    }
    Ok(())
}

impl Drop for Pipe {
    #[inline]
    fn drop(&mut self) {
        self.shared.with_state(|state, io| state.close(io));
    }
}

impl Shared {
    fn port(&self) -> Option<Arc<Port>> {
        let port = lock(&self.port);
        port.upgrade()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// Runs `change` on the state, and posts a packet if that made the pipe ready.
    fn with_state<R>(self: &Arc<Shared>, change: impl FnOnce(&mut State, &mut Io<'_>) -> R) -> R {
        let port = self.port();
        let mut inner = self.inner();
        let result = inner.with_io(self, port.as_deref(), change);
        // If posting fails, the next change tries again.
        let _: io::Result<()> = inner.post_if_ready();
        result
    }

    /// Associates the handle with `port`, which lasts until the port is dropped.
    #[inline]
    fn associate(self: &Arc<Shared>, port: &Arc<Port>) -> io::Result<()> {
        let handle = self.handle.as_handle();
        if let Err(error) = port.associate(handle) {
            // The handle may still be associated with a port that was dropped. That association can
            // be replaced once the port has drained; a port that is draining would cancel the
            // operations of the new registration.
            let inner = self.inner();
            if !inner.is_released()
                || syscall::dissociate(handle).is_err()
                || port.associate(handle).is_err()
            {
                return Err(error);
            }
        }
        // Not before: the system refuses to associate a handle for synchronous operations.
        let is_pipe = syscall::is_pipe(handle);
        let this: Weak<Shared> = Arc::downgrade(self);
        let port_entry = port.add_receiver(this);
        let mut inner = self.inner();
        inner.state.set_is_pipe(is_pipe);
        let previous = inner.port_entry.replace(port_entry);
        inner.is_packet_posted = false;
        inner.is_port_closed = false;
        drop(inner);
        drop(previous);
        *lock(&self.port) = Arc::downgrade(port);
        Ok(())
    }

    /// Registers, or changes the registration.
    ///
    /// The query is made without the lock, because it may take a round trip to another machine, and
    /// the thread that polls needs the lock. A packet that comes meanwhile may be that of a
    /// connect, which the query has not seen. A client that was counted by mistake costs a spurious
    /// event.
    #[inline]
    fn update_registration(self: &Arc<Shared>, token: Token, interest: Interest) -> io::Result<()> {
        let port = self.port();
        let completions = self.inner().completions;
        let is_connected = syscall::is_connected(self.handle.as_handle());
        let mut inner = self.inner();
        let is_outdated = inner.completions != completions;
        let is_connected = is_connected || is_outdated && inner.state.is_connected;
        inner.with_io(self, port.as_deref(), |state, io| {
            state.register(io, token, interest, is_connected);
        });
        inner.post_if_ready()
    }

    /// An operation's packet has come.
    #[inline]
    fn completed(
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
        inner.completions = inner.completions.wrapping_add(1);
        inner.with_io(self, port.as_deref(), |state, io| {
            state.completed(io, op, serial, memory, result);
        });
        inner.report(sink);
    }
}

impl Inner {
    /// Whether its port was dropped and all packets have come.
    fn is_released(&self) -> bool {
        self.is_port_closed && self.in_flight == 0
    }

    fn with_io<R>(
        &mut self,
        shared: &Arc<Shared>,
        port: Option<&Port>,
        change: impl FnOnce(&mut State, &mut Io<'_>) -> R,
    ) -> R {
        let mut io = Io {
            shared,
            port,
            pool: &mut self.pool,
            in_flight: &mut self.in_flight,
        };
        change(&mut self.state, &mut io)
    }

    /// Posts a packet if there is readiness to report. The caller keeps the port, if any, alive.
    #[inline]
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

    /// Reports the stored readiness.
    #[inline]
    fn report(&mut self, sink: &mut EventSink<'_>) {
        if let Some((token, ready)) = self.state.take_ready() {
            sink.report(Event::new(token, flags(ready)));
        }
    }
}

/// The readiness as AFD's conditions. There is none for a closed peer: the next client may come.
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
    #[inline]
    fn on_packet(&self, sink: &mut EventSink<'_>) {
        let mut inner = self.inner();
        inner.is_packet_posted = false;
        inner.report(sink);
    }

    #[inline]
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

    #[inline]
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
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.handle.fmt(f)
    }
}

/// One connect, read or write. The kernel accesses the buffer until the packet has come.
pub(crate) struct Transfer {
    /// Keeps the pipe and its handle until the packet has come. `None` while idle.
    pipe: Option<Arc<Shared>>,
    op: OpKind,
    serial: u64,
    pub(crate) buffer: Buffer,
}

impl Transfer {
    /// Allocates the memory of an operation.
    fn idle() -> Idle<Transfer> {
        Idle::new(Transfer {
            pipe: None,
            op: OpKind::Connect,
            serial: 0,
            buffer: Buffer::default(),
        })
    }
}

impl Operation for Transfer {
    #[inline]
    fn completed(mut operation: Idle<Transfer>, outcome: Outcome, sink: &mut EventSink<'_>) {
        let transfer = operation.get_mut();
        let (op, serial) = (transfer.op, transfer.serial);
        if let Some(pipe) = transfer.pipe.take() {
            pipe.completed(op, serial, operation, syscall::result(op, outcome), sink);
        }
    }
}

impl Memory for Idle<Transfer> {
    fn buffer(&mut self) -> &mut Buffer {
        &mut self.get_mut().buffer
    }
}

impl fmt::Debug for Transfer {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("op", &self.op)
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}
