//! The memory of a pipe's operations.

use std::fmt;
use std::sync::Arc;

use super::buffer::Buffer;
use super::ops::{Memory, OpKind};
use super::pipe::Shared;
use crate::sys::windows::iocp::EventSink;
use crate::sys::windows::iocp::in_flight::{Idle, Operation, Outcome};
use crate::sys::windows::syscalls::named_pipe as syscall;

/// One connect, read or write. The kernel accesses the buffer until the packet has come.
pub(crate) struct Transfer {
    /// Keeps the pipe and its handle until the packet has come. `None` while idle.
    pub(super) pipe: Option<Arc<Shared>>,
    pub(super) op: OpKind,
    pub(super) serial: u64,
    pub(crate) buffer: Buffer,
}

impl Transfer {
    /// Allocates the memory of an operation.
    pub(super) fn idle() -> Idle<Transfer> {
        Idle::new(Transfer {
            pipe: None,
            op: OpKind::Connect,
            serial: 0,
            buffer: Buffer::default(),
        })
    }
}

impl Operation for Transfer {
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("op", &self.op)
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}
