//! What the states of a pipe ask for, and the words in which they are answered.

use std::io;

use super::buffer::Buffer;

/// One of the three operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpKind {
    Connect,
    Read,
    Write,
}

/// What an error means to a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpErrorKind {
    /// Connecting: a client was there already; it may be gone again.
    AlreadyConnected,
    /// Nobody has connected yet.
    Listening,
    /// Reading: the other end is closed, and all of its data was read.
    EndOfFile,
    /// The operation was cancelled, and not by us.
    Aborted,
    /// Any other error.
    Other,
}

/// Why an operation was not started, or how it failed.
#[derive(Debug)]
pub(crate) struct OpError {
    pub(crate) kind: OpErrorKind,
    pub(crate) error: io::Error,
}

/// Memory that an operation works on.
pub(crate) trait Memory {
    /// The bytes.
    fn buffer(&mut self) -> &mut Buffer;
}

/// What the states ask of their pipe.
///
/// `M` is memory of an operation that is not in flight, `P` the name of an operation in flight.
pub(crate) trait PipeOps<M, P> {
    /// Memory for an operation.
    fn memory(&mut self) -> M;
    /// Takes memory back.
    fn recycle(&mut self, memory: M);
    /// Starts an operation: a read into the buffer's space, of at most `len` bytes; a write of the buffer's data. If it was
    /// started, its completion comes with the same `op` and `serial`, also if it is over already. If it was not, none comes.
    fn start(&mut self, op: OpKind, serial: u64, memory: M, len: usize) -> Result<P, (M, OpError)>;
    /// Hastens the end of an operation. Its completion still comes.
    fn cancel(&mut self, pending: &P);
}

/// What can be done without waiting.
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
