//! The interface between a pipe's state and its operations, so that the state makes no system call.

use std::io;

use super::buffer::Buffer;

/// A kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpKind {
    Connect,
    Read,
    Write,
}

/// What the state distinguishes among errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpErrorKind {
    /// Connecting: a client had connected before; it may have left.
    AlreadyConnected,
    /// No client has connected yet.
    Listening,
    /// Reading: the peer has closed its end, and all of its data was read.
    EndOfFile,
    /// The operation was canceled.
    Aborted,
    /// Any other error.
    Other,
}

/// Why an operation was refused, or how it failed.
#[derive(Debug)]
pub(crate) struct OpError {
    pub(crate) kind: OpErrorKind,
    pub(crate) error: io::Error,
}

/// The memory of an operation.
pub(crate) trait Memory {
    /// Its bytes.
    fn buffer(&mut self) -> &mut Buffer;
}

/// Starts and cancels operations for a pipe's state.
///
/// `M` is the memory of an idle operation; `P` identifies an operation in flight.
pub(crate) trait PipeOps<M, P> {
    /// Returns memory for an operation.
    fn memory(&mut self) -> M;
    /// Keeps memory for another operation.
    fn recycle(&mut self, memory: M);
    /// Starts an operation: a read of at most `len` bytes into the buffer, or a write of the
    /// buffer's data. After `Ok` its completion comes with the same `op` and `serial`, even if the
    /// operation has completed already. After `Err` no completion comes.
    fn start(&mut self, op: OpKind, serial: u64, memory: M, len: usize) -> Result<P, (M, OpError)>;
    /// Cancels an operation. Its completion still comes.
    fn cancel(&mut self, pending: &P);
}

/// The readiness of a pipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

impl Ready {
    pub(crate) const NOTHING: Ready = Ready {
        readable: false,
        writable: false,
    };
    pub(crate) const READABLE: Ready = Ready {
        readable: true,
        writable: false,
    };
    pub(crate) const WRITABLE: Ready = Ready {
        readable: false,
        writable: true,
    };
    pub(crate) const BOTH: Ready = Ready {
        readable: true,
        writable: true,
    };
}
