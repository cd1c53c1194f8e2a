//! What completions do to the state of a pipe: the cells of the tables at the head of `state`.

use std::io;

use super::ops::{Memory, OpError, OpErrorKind, OpKind, PipeOps, Ready};
use super::state::{PipeState, Read, Write};

/// How many reads in a row other code may cancel before that is reported as an error.
pub(super) const MAX_ABORTED_READS: u8 = 8;

impl<M: Memory, P> PipeState<M, P> {
    /// An operation has completed, with the number of transferred bytes or an error. A message that
    /// is longer than its buffer is no error.
    pub(crate) fn completed(
        &mut self,
        ops: &mut dyn PipeOps<M, P>,
        op: OpKind,
        serial: u64,
        memory: M,
        result: Result<usize, OpError>,
    ) {
        match op {
            OpKind::Connect => self.connect_completed(ops, serial, memory, result),
            OpKind::Read => self.read_completed(ops, serial, memory, result),
            OpKind::Write => self.write_completed(ops, serial, memory, result),
        }
    }

    fn connect_completed(
        &mut self,
        ops: &mut dyn PipeOps<M, P>,
        serial: u64,
        memory: M,
        result: Result<usize, OpError>,
    ) {
        ops.recycle(memory);
        if self
            .connect
            .take_if(|in_flight_op| in_flight_op.serial == serial)
            .is_none()
        {
            return;
        }
        match result {
            Ok(_) => self.client_connected(ops),
            Err(op_error) if op_error.kind == OpErrorKind::AlreadyConnected => {
                self.client_connected(ops)
            }
            Err(op_error) if op_error.kind == OpErrorKind::Aborted && !self.is_registered() => {}
            Err(op_error) => {
                self.connect_error = Some(op_error.error);
                self.mark_notice();
            }
        }
    }

    fn client_connected(&mut self, ops: &mut dyn PipeOps<M, P>) {
        self.is_connected = true;
        // The end was that of the previous client.
        if let Read::Ended { .. } = self.read {
            self.read = Read::Idle;
        }
        self.clear_disconnect_errors();
        self.mark_all_ready(ops);
        // Every interest is notified: its waiter may call `connect`, `read` or `write` now.
        self.mark_notice();
    }

    fn read_completed(
        &mut self,
        ops: &mut dyn PipeOps<M, P>,
        serial: u64,
        mut memory: M,
        result: Result<usize, OpError>,
    ) {
        if !matches!(&self.read, Read::Pending(in_flight_op) if in_flight_op.serial == serial) {
            ops.recycle(memory);
            return;
        }
        if let Err(op_error) = &result {
            if op_error.kind == OpErrorKind::Aborted && self.aborted_reads < MAX_ABORTED_READS {
                self.aborted_reads += 1;
                ops.recycle(memory);
                self.restart_read(ops);
                return;
            }
        }
        self.aborted_reads = 0;
        self.read = match result {
            Ok(len) => {
                memory.buffer().filled(len);
                Read::Data(memory)
            }
            Err(op_error) => {
                ops.recycle(memory);
                match op_error.kind {
                    OpErrorKind::EndOfFile => Read::Ended { is_returned: false },
                    OpErrorKind::Aborted if !self.is_registered() => Read::Idle,
                    _ => Read::Failed(op_error.error),
                }
            }
        };
        self.mark_ready(Ready::READABLE);
    }

    /// Starts the next read after other code has canceled the pending one, by `CancelIoEx` or by
    /// `PurgeComm` on a serial port ([PURGE_RXABORT][purge]). The completion of a read that this
    /// type cancels is late; and the exit of the thread that started a read cancels nothing,
    /// because the handle is associated with a completion port ([ExitThread][exit]). A canceled
    /// read that has consumed no byte is no error of the pipe; one that has is not `Aborted` (see
    /// `syscalls::named_pipe::result`). A device that aborts read after
    /// read, as an unplugged one may, is reported after [`MAX_ABORTED_READS`] of them.
    ///
    /// [exit]: https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-exitthread
    /// [purge]: https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-purgecomm
    fn restart_read(&mut self, ops: &mut dyn PipeOps<M, P>) {
        self.read = Read::Idle;
        if !self.is_registered() {
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

    fn write_completed(
        &mut self,
        ops: &mut dyn PipeOps<M, P>,
        serial: u64,
        mut memory: M,
        result: Result<usize, OpError>,
    ) {
        if !matches!(&self.write, Write::Pending(in_flight_op) if in_flight_op.serial == serial) {
            ops.recycle(memory);
            return;
        }
        self.write = Write::Idle;
        let result = match result {
            Ok(len) => {
                memory.buffer().consume(len);
                if memory.buffer().data().is_empty() {
                    ops.recycle(memory);
                    Ok(())
                } else if len > 0 {
                    match self.start_write(ops, memory) {
                        Ok(()) => return,
                        Err(error) => Err(error),
                    }
                } else {
                    // Writing the rest would make no progress, either.
                    ops.recycle(memory);
                    Err(io::ErrorKind::WriteZero.into())
                }
            }
            Err(op_error) => {
                ops.recycle(memory);
                Err(op_error.error)
            }
        };
        if let Err(error) = result {
            self.write = Write::Failed(error);
        }
        self.mark_ready(Ready::WRITABLE);
    }
}
