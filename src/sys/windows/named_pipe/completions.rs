//! What completions do to the states of a pipe: the cells of the tables at the head of `state`.

use std::io;

use super::ops::{Call, Fault, Meaning, Memory, PipeOps, Ready};
use super::state::{Read, State, Write};

/// How many reads in a row may be canceled by others before that is reported as an error.
pub(super) const MOST_ABORTED_READS: u8 = 8;

impl<M: Memory, P> State<M, P> {
    /// An operation is over: the number of bytes that were moved, or its fault. More data than a read had room for is no fault.
    pub(crate) fn completed(
        &mut self,
        ops: &mut dyn PipeOps<M, P>,
        call: Call,
        serial: u64,
        memory: M,
        result: Result<usize, Fault>,
    ) {
        match call {
            Call::Connect => self.connect_done(ops, serial, memory, result),
            Call::Read => self.read_done(ops, serial, memory, result),
            Call::Write => self.write_done(ops, serial, memory, result),
        }
    }

    fn connect_done(
        &mut self,
        ops: &mut dyn PipeOps<M, P>,
        serial: u64,
        memory: M,
        result: Result<usize, Fault>,
    ) {
        ops.recycle(memory);
        if self.connect.take_if(|held| held.serial == serial).is_none() {
            return;
        }
        match result {
            Ok(_) => self.client_came(ops),
            Err(fault) if fault.meaning == Meaning::Connected => self.client_came(ops),
            Err(fault) if fault.meaning == Meaning::Aborted && !self.is_registered() => {}
            Err(fault) => {
                self.connect_error = Some(fault.error);
                self.mark_ready(Ready::BOTH);
            }
        }
    }

    fn client_came(&mut self, ops: &mut dyn PipeOps<M, P>) {
        self.is_connected = true;
        // That was another client.
        if let Read::Ended { .. } = self.read {
            self.read = Read::Idle;
        }
        self.forget_disconnect();
        self.mark_all_ready(ops);
        // Whatever the interest is, it is told that the client has come: time to call `connect`, or
        // to read or to write.
        self.mark_ready(Ready::BOTH);
    }

    fn read_done(
        &mut self,
        ops: &mut dyn PipeOps<M, P>,
        serial: u64,
        mut memory: M,
        result: Result<usize, Fault>,
    ) {
        if !matches!(&self.read, Read::Pending(held) if held.serial == serial) {
            ops.recycle(memory);
            return;
        }
        if let Err(fault) = &result {
            if fault.meaning == Meaning::Aborted && self.aborted_reads < MOST_ABORTED_READS {
                self.aborted_reads += 1;
                ops.recycle(memory);
                self.restart_reading(ops);
                return;
            }
        }
        self.aborted_reads = 0;
        self.read = match result {
            Ok(len) => {
                memory.buffer().filled(len);
                Read::Data(memory)
            }
            Err(fault) => {
                ops.recycle(memory);
                match fault.meaning {
                    Meaning::Ended => Read::Ended { is_seen: false },
                    Meaning::Aborted if !self.is_registered() => Read::Idle,
                    _ => Read::Failed(fault.error),
                }
            }
        };
        self.mark_ready(Ready::READABLE);
    }

    /// A pending read was canceled, and not by this state machine, which gives up what it cancels.
    /// It is not the exit of the thread that issued it: I/O on a handle that is associated with a
    /// completion port survives that ([ExitThread][exit]). So somebody else called `CancelIoEx`, or
    /// `PurgeComm` on a serial port ([PURGE_RXABORT][purge]). A canceled read has taken no byte, so
    /// it is no error of the pipe, and the next read is started instead. A device that aborts
    /// read after read, as an unplugged one may, is reported after [`MOST_ABORTED_READS`] of them.
    ///
    /// [exit]: https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-exitthread
    /// [purge]: https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-purgecomm
    fn restart_reading(&mut self, ops: &mut dyn PipeOps<M, P>) {
        self.read = Read::Idle;
        if !self.is_registered() {
            return;
        }
        if let Err(fault) = self.start_reading(ops) {
            match fault.meaning {
                Meaning::Listening => return,
                Meaning::Ended => {}
                _ => self.read = Read::Failed(fault.error),
            }
            self.mark_ready(Ready::READABLE);
        }
    }

    fn write_done(
        &mut self,
        ops: &mut dyn PipeOps<M, P>,
        serial: u64,
        mut memory: M,
        result: Result<usize, Fault>,
    ) {
        if !matches!(&self.write, Write::Pending(held) if held.serial == serial) {
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
                    match self.start_writing(ops, memory) {
                        Ok(()) => return,
                        Err(error) => Err(error),
                    }
                } else {
                    // The rest would fare the same, for ever.
                    ops.recycle(memory);
                    Err(io::ErrorKind::WriteZero.into())
                }
            }
            Err(fault) => {
                ops.recycle(memory);
                Err(fault.error)
            }
        };
        if let Err(error) = result {
            self.write = Write::Failed(error);
        }
        self.mark_ready(Ready::WRITABLE);
    }
}
