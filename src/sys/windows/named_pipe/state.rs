//! The state of a named pipe, and what each call and completion does to it. Makes no system call.
//!
//! A pipe connects, reads and writes, with at most one *pending* operation of each kind. Each
//! operation has a serial number, which its completion carries. A completion is valid in every
//! state. One whose serial number is not that of the pending operation is **late**: its operation
//! was canceled, and only its memory is returned.
//!
//! | connect completes | idle | pending |
//! |---|---|---|
//! | done | - | idle, connected: reads start; *readable* and *writable* |
//! | failed | - | idle, error kept; *readable* and *writable* |
//! | aborted | - | as failed; unregistered: idle |
//! | late | memory back | memory back |
//!
//! | read completes | idle, data, failed, ended, disconnected | pending |
//! |---|---|---|
//! | done, also with more to come | - | data; *readable* |
//! | end | - | ended; *readable* |
//! | failed | - | failed; *readable* |
//! | aborted | - | pending with the next read (see `restart_read`); unregistered: idle |
//! | late | memory back | memory back |
//!
//! | write completes | idle, failed, disconnected | pending |
//! |---|---|---|
//! | all done | - | idle; *writable* |
//! | a part | - | pending with the rest |
//! | nothing of some | - | failed; *writable* |
//! | failed, aborted | - | failed; *writable* |
//! | late | memory back | memory back |
//!
//! Events in italics go to the current registration, filtered by its interest. **Unregistered**,
//! the state changes as in the tables and there are no events. **Closed** (the pipe was dropped),
//! connecting and reading are canceled and their completions are late; writing goes on as in its
//! table, so that what was written arrives. When the port is dropped, all operations are canceled
//! and none can start. Their completions are as in the tables.
//!
//! # Disconnecting
//!
//! `disconnect` cancels all three operations, so that no byte that was accepted for one client
//! reaches the next, and no byte of one client is read as the next one's. Several tasks may share
//! the pipe, so each waiter gets one error:
//!
//! | at `disconnect` | afterwards | returned by |
//! |---|---|---|
//! | a connect is pending | `ERROR_PIPE_NOT_CONNECTED`, or an older error | `take_error` |
//! | a read is pending | disconnected with that error | the next `read` |
//! | data or an end was not returned yet | disconnected with that error | the next `read` |
//! | a read has failed | disconnected with its own error | the next `read` |
//! | a write is pending | disconnected with that error | the next `write` |
//! | a write has failed | disconnected with its own error | the next `write` |
//!
//! and the pipe is *readable* and *writable*. A successful `connect` (one that starts, or that
//! finds a client) and the arrival of a client clear the errors that were not returned, with their
//! events. So a single task that disconnects and connects again does not notice them.

use std::io;
use std::mem;

use super::ops::{Buffer, Memory, OpError, OpErrorKind, OpKind, PipeOps, Ready, would_block};
use crate::sys::errors;
use crate::{Interest, Token};

/// The size of a read before the caller's size is known, and the least size of a read from a pipe.
/// A pipe returns the data that it has, so a larger read costs nothing.
pub(crate) const DEFAULT_READ: usize = 4 * 1024;
/// The largest read.
pub(crate) const MAX_READ: usize = 64 * 1024;

/// An operation in flight.
pub(super) struct InFlight<P> {
    pub(super) serial: u64,
    pub(super) pending: P,
}

/// The state of reading.
pub(super) enum Read<M, P> {
    Idle,
    Pending(InFlight<P>),
    /// Not returned yet.
    Data(M),
    /// Not returned yet.
    Failed(io::Error),
    /// The peer closed its end. Lasts as long as this client is connected.
    Ended {
        /// Whether a `read` has returned it.
        is_returned: bool,
    },
    /// The client was disconnected. Not returned yet; the next client clears it.
    Disconnected(io::Error),
}

/// The state of writing.
pub(super) enum Write<P> {
    Idle,
    Pending(InFlight<P>),
    /// Not returned yet.
    Failed(io::Error),
    /// The client was disconnected. Not returned yet; the next client clears it.
    Disconnected(io::Error),
}

/// The state of a pipe. See the head of this file.
pub(crate) struct PipeState<M, P> {
    registered: Option<(Token, Interest)>,
    /// The readiness to report to the current registration, which ends with it.
    ready: Ready,
    /// Whether `ready` reports a change of the connection, which both directions have to learn.
    is_notice: bool,
    /// Whether a client is connected, as far as is known.
    pub(super) is_connected: bool,
    /// Whether a read completes with the data that there is, even if that is less than its size.
    is_pipe: bool,
    last_serial: u64,
    next_read: usize,
    /// How many reads in a row other code has canceled.
    pub(super) aborted_reads: u8,
    pub(super) connect: Option<InFlight<P>>,
    pub(super) connect_error: Option<io::Error>,
    pub(super) read: Read<M, P>,
    pub(super) write: Write<P>,
}

impl<M: Memory, P> PipeState<M, P> {
    /// An idle pipe. A read from another handle may not complete before all of its bytes are there.
    /// So its first read is of one byte, and each later one is as large as the caller's last
    /// buffer.
    pub(crate) fn new(is_pipe: bool) -> PipeState<M, P> {
        PipeState {
            registered: None,
            ready: Ready::NOTHING,
            is_notice: false,
            is_connected: false,
            is_pipe,
            last_serial: 0,
            next_read: if is_pipe { DEFAULT_READ } else { 1 },
            aborted_reads: 0,
            connect: None,
            connect_error: None,
            read: Read::Idle,
            write: Write::Idle,
        }
    }

    /// Whether this is a pipe, which the system was asked after the pipe was made.
    #[allow(dead_code)] // The pipe itself is on Windows only.
    pub(crate) fn set_is_pipe(&mut self, is_pipe: bool) {
        self.is_pipe = is_pipe;
        if is_pipe {
            self.next_read = self.next_read.max(DEFAULT_READ);
        }
    }

    /// Whether the pipe is registered.
    pub(crate) fn is_registered(&self) -> bool {
        self.registered.is_some()
    }

    /// Registers, or changes the registration. Reports all current readiness, even if it was
    /// reported before. `is_connected`: whether the system reports a client. It is ignored while a
    /// connect is in flight, whose completion decides.
    pub(crate) fn register(
        &mut self,
        ops: &mut dyn PipeOps<M, P>,
        token: Token,
        interest: Interest,
        is_connected: bool,
    ) {
        self.registered = Some((token, interest));
        self.ready = Ready::NOTHING;
        self.is_notice = false;
        self.is_connected = is_connected && self.connect.is_none();
        self.mark_all_ready(ops);
    }

    /// Ends the registration. Returns whether there was one.
    pub(crate) fn deregister(&mut self) -> bool {
        self.ready = Ready::NOTHING;
        self.registered.take().is_some()
    }

    /// Takes the readiness to report.
    pub(crate) fn take_ready(&mut self) -> Option<(Token, Ready)> {
        let (token, _) = self.registered?;
        self.is_notice = false;
        match mem::take(&mut self.ready) {
            Ready::NOTHING => None,
            ready => Some((token, ready)),
        }
    }

    /// Whether there is readiness to report.
    pub(crate) fn has_ready(&self) -> bool {
        self.ready != Ready::NOTHING
    }

    /// Starts to wait for a client: `WouldBlock`, or `Ok` if one is connected.
    pub(crate) fn connect(&mut self, ops: &mut dyn PipeOps<M, P>) -> io::Result<()> {
        if self.connect.is_some() {
            return Err(would_block());
        }
        if !self.is_registered() {
            return Err(errors::not_registered());
        }
        self.connect_error = None;
        let serial = self.next_serial();
        let memory = ops.memory();
        match ops.start(OpKind::Connect, serial, memory, 0) {
            Ok(pending) => {
                self.connect = Some(InFlight { serial, pending });
                // So no client is connected, whatever the system reported at registration.
                self.is_connected = false;
                self.clear_disconnect_errors();
                self.ready.writable = false;
                Err(would_block())
            }
            Err((memory, op_error)) => {
                ops.recycle(memory);
                if op_error.kind != OpErrorKind::AlreadyConnected {
                    return Err(op_error.error);
                }
                self.is_connected = true;
                self.clear_disconnect_errors();
                self.mark_all_ready(ops);
                Ok(())
            }
        }
    }

    /// Takes the error of the last attempt to connect.
    pub(crate) fn take_error(&mut self) -> Option<io::Error> {
        self.connect_error.take()
    }

    /// The client was disconnected. `code` is that of `ERROR_PIPE_NOT_CONNECTED`.
    pub(crate) fn disconnected(&mut self, ops: &mut dyn PipeOps<M, P>, code: i32) {
        let error = || io::Error::from_raw_os_error(code);
        self.is_connected = false;
        if let Some(in_flight_op) = self.connect.take() {
            ops.cancel(&in_flight_op.pending);
            self.connect_error.get_or_insert_with(error);
        }
        self.read = match mem::replace(&mut self.read, Read::Idle) {
            Read::Pending(in_flight_op) => {
                ops.cancel(&in_flight_op.pending);
                Read::Disconnected(error())
            }
            Read::Data(memory) => {
                ops.recycle(memory);
                Read::Disconnected(error())
            }
            Read::Ended { is_returned: false } => Read::Disconnected(error()),
            Read::Failed(error) | Read::Disconnected(error) => Read::Disconnected(error),
            Read::Idle | Read::Ended { is_returned: true } => Read::Idle,
        };
        self.write = match mem::replace(&mut self.write, Write::Idle) {
            Write::Pending(in_flight_op) => {
                ops.cancel(&in_flight_op.pending);
                Write::Disconnected(error())
            }
            Write::Failed(error) | Write::Disconnected(error) => Write::Disconnected(error),
            Write::Idle => Write::Idle,
        };
        self.mark_notice();
    }

    /// Clears the errors that `disconnected` left, since there is or will be another client.
    pub(super) fn clear_disconnect_errors(&mut self) {
        if let Read::Disconnected(_) = self.read {
            self.read = Read::Idle;
        }
        if let Write::Disconnected(_) = self.write {
            self.write = Write::Idle;
        }
        if !matches!(
            self.read,
            Read::Data(_) | Read::Failed(_) | Read::Ended { .. }
        ) {
            self.ready.readable = false;
        }
    }

    /// The pipe was dropped.
    pub(crate) fn close(&mut self, ops: &mut dyn PipeOps<M, P>) {
        self.deregister();
        self.abandon_connect(ops);
        self.abandon_read(ops);
    }

    /// The port is being dropped: cancels every operation.
    pub(crate) fn cancel_all(&mut self, mut cancel: impl FnMut(&P)) {
        self.deregister();
        if let Some(in_flight_op) = &self.connect {
            cancel(&in_flight_op.pending);
        }
        if let Read::Pending(in_flight_op) = &self.read {
            cancel(&in_flight_op.pending);
        }
        if let Write::Pending(in_flight_op) = &self.write {
            cancel(&in_flight_op.pending);
        }
    }

    /// Passes data to `copy`, which returns how much it took. The caller has room for `len` bytes.
    pub(crate) fn read(
        &mut self,
        ops: &mut dyn PipeOps<M, P>,
        len: usize,
        copy: impl FnOnce(&[u8]) -> usize,
    ) -> io::Result<usize> {
        let least = if self.is_pipe { DEFAULT_READ } else { 1 };
        self.next_read = len.clamp(least, MAX_READ);
        match mem::replace(&mut self.read, Read::Idle) {
            Read::Idle if !self.is_registered() => Err(errors::not_registered()),
            // The caller reads without a `READABLE` registration.
            Read::Idle if self.is_connected => match self.start_read(ops) {
                Ok(()) => Err(would_block()),
                Err(op_error) => match op_error.kind {
                    OpErrorKind::Listening => Err(would_block()),
                    OpErrorKind::EndOfFile => {
                        self.read = Read::Ended { is_returned: true };
                        Ok(0)
                    }
                    _ => Err(op_error.error),
                },
            },
            Read::Idle => Err(would_block()),
            Read::Pending(in_flight_op) => {
                self.read = Read::Pending(in_flight_op);
                Err(would_block())
            }
            Read::Data(mut memory) => {
                let buffer = memory.buffer();
                let taken = copy(buffer.data());
                buffer.consume(taken);
                if buffer.data().is_empty() {
                    ops.recycle(memory);
                    // Its readiness is out of date. The next read reports its own.
                    self.ready.readable &= self.is_notice;
                    self.start_next_read(ops);
                } else {
                    self.read = Read::Data(memory);
                }
                Ok(taken)
            }
            Read::Failed(error) | Read::Disconnected(error) => {
                self.start_next_read(ops);
                Err(error)
            }
            Read::Ended { .. } => {
                self.read = Read::Ended { is_returned: true };
                Ok(0)
            }
        }
    }

    /// Starts to write all that `fill` puts into the buffer. Returns its length.
    pub(crate) fn write(
        &mut self,
        ops: &mut dyn PipeOps<M, P>,
        fill: impl FnOnce(&mut Buffer) -> io::Result<()>,
    ) -> io::Result<usize> {
        match mem::replace(&mut self.write, Write::Idle) {
            Write::Idle if !self.is_registered() => Err(errors::not_registered()),
            Write::Idle => {
                let mut memory = ops.memory();
                if let Err(error) = fill(memory.buffer()) {
                    ops.recycle(memory);
                    return Err(error);
                }
                let len = memory.buffer().data().len();
                self.start_write(ops, memory)?;
                // The completion reports the next readiness, so an earlier one is out of date.
                self.ready.writable &= self.is_notice;
                Ok(len)
            }
            Write::Pending(in_flight_op) => {
                self.write = Write::Pending(in_flight_op);
                Err(would_block())
            }
            Write::Failed(error) | Write::Disconnected(error) => Err(error),
        }
    }

    /// Marks readiness to report, filtered by the interest of the registration.
    pub(super) fn mark_ready(&mut self, ready: Ready) {
        if let Some((_, interest)) = self.registered {
            self.ready.readable |= ready.readable && interest.is_readable();
            self.ready.writable |= ready.writable && interest.is_writable();
        }
    }

    /// Marks both directions ready, because the connection has changed.
    pub(super) fn mark_notice(&mut self) {
        self.mark_ready(Ready::BOTH);
        self.is_notice = true;
    }

    /// Starts a read if the registration wants it, and marks all current readiness.
    pub(super) fn mark_all_ready(&mut self, ops: &mut dyn PipeOps<M, P>) {
        if let Read::Idle = self.read {
            self.start_next_read(ops);
        }
        if let Read::Data(_) | Read::Failed(_) | Read::Ended { .. } | Read::Disconnected(_) =
            self.read
        {
            self.mark_ready(Ready::READABLE);
        }
        match self.write {
            Write::Idle if self.is_connected => self.mark_ready(Ready::WRITABLE),
            Write::Failed(_) | Write::Disconnected(_) => self.mark_ready(Ready::WRITABLE),
            Write::Idle | Write::Pending(_) => {}
        }
        if self.connect_error.is_some() {
            self.mark_notice();
        }
    }

    /// Starts the next read if the registration is readable. Keeps a refusal for the next `read`.
    pub(super) fn start_next_read(&mut self, ops: &mut dyn PipeOps<M, P>) {
        let is_wanted = self
            .registered
            .is_some_and(|(_, interest)| interest.is_readable());
        if !is_wanted || !self.is_connected {
            return;
        }
        if let Err(op_error) = self.start_read(ops) {
            match op_error.kind {
                OpErrorKind::Listening => return,
                OpErrorKind::EndOfFile => {}
                _ => self.read = Read::Failed(op_error.error),
            }
            self.mark_ready(Ready::READABLE);
        }
    }

    /// Starts a read. A refusal updates `is_connected` or the end.
    pub(super) fn start_read(&mut self, ops: &mut dyn PipeOps<M, P>) -> Result<(), OpError> {
        let mut memory = ops.memory();
        if let Err(error) = memory.buffer().make_room(self.next_read) {
            ops.recycle(memory);
            let kind = OpErrorKind::Other;
            return Err(OpError { kind, error });
        }
        let serial = self.next_serial();
        match ops.start(OpKind::Read, serial, memory, self.next_read) {
            Ok(pending) => {
                self.read = Read::Pending(InFlight { serial, pending });
                Ok(())
            }
            Err((memory, op_error)) => {
                ops.recycle(memory);
                match op_error.kind {
                    OpErrorKind::Listening => self.is_connected = false,
                    OpErrorKind::EndOfFile => self.read = Read::Ended { is_returned: false },
                    _ => {}
                }
                Err(op_error)
            }
        }
    }

    /// Starts to write the data of the buffer.
    pub(super) fn start_write(
        &mut self,
        ops: &mut dyn PipeOps<M, P>,
        mut memory: M,
    ) -> io::Result<()> {
        let serial = self.next_serial();
        let len = memory.buffer().data().len();
        match ops.start(OpKind::Write, serial, memory, len) {
            Ok(pending) => {
                self.write = Write::Pending(InFlight { serial, pending });
                Ok(())
            }
            Err((memory, op_error)) => {
                ops.recycle(memory);
                Err(op_error.error)
            }
        }
    }

    fn abandon_connect(&mut self, ops: &mut dyn PipeOps<M, P>) {
        if let Some(in_flight_op) = self.connect.take() {
            ops.cancel(&in_flight_op.pending);
        }
    }

    fn abandon_read(&mut self, ops: &mut dyn PipeOps<M, P>) {
        match mem::replace(&mut self.read, Read::Idle) {
            Read::Pending(in_flight_op) => ops.cancel(&in_flight_op.pending),
            Read::Data(memory) => ops.recycle(memory),
            Read::Idle | Read::Failed(_) | Read::Ended { .. } | Read::Disconnected(_) => {}
        }
    }

    fn next_serial(&mut self) -> u64 {
        self.last_serial = self.last_serial.wrapping_add(1);
        self.last_serial
    }
}
