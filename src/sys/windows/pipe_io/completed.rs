//! What completions do to the states of a pipe: the cells of the tables at the head of `state`.

use std::io;

use super::device::{Call, Device, Fault, Meaning, Memory, Ready};
use super::state::{Read, State, Write};

impl<M: Memory, P> State<M, P> {
    /// An operation is over: the number of bytes that were moved, or its fault. More data than a read had room for is no fault.
    pub(crate) fn completed(
        &mut self,
        device: &mut dyn Device<M, P>,
        call: Call,
        serial: u64,
        memory: M,
        result: Result<usize, Fault>,
    ) {
        match call {
            Call::Connect => self.connect_done(device, serial, memory, result),
            Call::Read => self.read_done(device, serial, memory, result),
            Call::Write => self.write_done(device, serial, memory, result),
        }
    }

    fn connect_done(
        &mut self,
        device: &mut dyn Device<M, P>,
        serial: u64,
        memory: M,
        result: Result<usize, Fault>,
    ) {
        device.recycle(memory);
        if self.connect.take_if(|held| held.serial == serial).is_none() {
            return;
        }
        match result {
            Ok(_) => self.client_came(device),
            Err(fault) if fault.meaning == Meaning::Connected => self.client_came(device),
            Err(fault) if fault.meaning == Meaning::Aborted && !self.is_registered() => {}
            Err(fault) => {
                self.connect_error = Some(fault.error);
                self.say(Ready::BOTH);
            }
        }
    }

    fn client_came(&mut self, device: &mut dyn Device<M, P>) {
        self.is_up = true;
        // That was another client.
        if let Read::Ended = self.read {
            self.read = Read::Idle;
        }
        self.say_what_holds(device);
    }

    fn read_done(
        &mut self,
        device: &mut dyn Device<M, P>,
        serial: u64,
        mut memory: M,
        result: Result<usize, Fault>,
    ) {
        if !matches!(&self.read, Read::Pending(held) if held.serial == serial) {
            device.recycle(memory);
            return;
        }
        self.read = match result {
            Ok(len) => {
                memory.buffer().filled(len);
                Read::Data(memory)
            }
            Err(fault) => {
                device.recycle(memory);
                match fault.meaning {
                    Meaning::Ended => Read::Ended,
                    Meaning::Aborted if !self.is_registered() => Read::Idle,
                    _ => Read::Failed(fault.error),
                }
            }
        };
        self.say(Ready::READABLE);
    }

    fn write_done(
        &mut self,
        device: &mut dyn Device<M, P>,
        serial: u64,
        mut memory: M,
        result: Result<usize, Fault>,
    ) {
        if !matches!(&self.write, Write::Pending(held) if held.serial == serial) {
            device.recycle(memory);
            return;
        }
        self.write = Write::Idle;
        let result = match result {
            Ok(len) => {
                memory.buffer().consume(len);
                if memory.buffer().data().is_empty() {
                    device.recycle(memory);
                    Ok(())
                } else if len > 0 {
                    match self.start_writing(device, memory) {
                        Ok(()) => return,
                        Err(error) => Err(error),
                    }
                } else {
                    // The rest would fare the same, for ever.
                    device.recycle(memory);
                    Err(io::ErrorKind::WriteZero.into())
                }
            }
            Err(fault) => {
                device.recycle(memory);
                Err(fault.error)
            }
        };
        if let Err(error) = result {
            self.write = Write::Failed(error);
        }
        self.say(Ready::WRITABLE);
    }
}
