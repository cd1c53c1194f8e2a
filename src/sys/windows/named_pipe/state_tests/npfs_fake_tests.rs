//! A fake of npfs, the driver of named pipes.
//!
//! # What the fake assumes about Windows
//!
//! - What listen, disconnect and close do in each state, and the status of pending operations:
//!   `NpSetListeningPipeState`, `NpSetDisconnectedPipeState`, `NpSetClosingPipeState` in
//!   [statesup.c].
//! - A new instance listens. A client can open it before `connect`, and not while it is
//!   disconnected: `NpCreateExistingNamedPipe`, `NpCreateClientEnd` in [create.c].
//! - A read returns the data that there is, also after the client has closed; then the pipe is
//!   broken: `NpCommonRead` in [read.c].
//! - A write completes at once if it fits into the quota, otherwise when the peer has read:
//!   `NpCommonWrite` in [write.c].
//! - A call that returns success or a warning queues a packet, too; one that returns an error
//!   queues none: [Using NTSTATUS values][values], and `IopCompleteRequest` in [irp.c].
//! - Packets of different operations are handled in any order, since several threads may dequeue
//!   packets: [I/O completion ports][ports].
//! - A canceled operation completes at any time or never, with any status:
//!   [Canceling pending I/O][cancel].
//!
//! Wine differs ([`server/named_pipe.c`][wine]): most operations are left pending,
//! `DisconnectNamedPipe` of a listening pipe is an error, and `STATUS_BUFFER_OVERFLOW` is the only
//! warning.
//!
//! [wine]: https://github.com/wine-mirror/wine/blob/4cbb92cfb93949a89cd997815a10829bc4c700fa/server/named_pipe.c
//!
//! [statesup.c]: https://github.com/reactos/reactos/blob/2e91c4a83b982b0b4c225bb8883a2468faa8bc9b/drivers/filesystems/npfs/statesup.c
//! [create.c]: https://github.com/reactos/reactos/blob/e3cef9dc08a9bfed0bf57485904a6aefbae9a38a/drivers/filesystems/npfs/create.c
//! [read.c]: https://github.com/reactos/reactos/blob/538011301663df17c3b12b5c57e75ca80ffebb3d/drivers/filesystems/npfs/read.c
//! [write.c]: https://github.com/reactos/reactos/blob/a6065cdd32660937f54ba4cf6b8ce7c17c021113/drivers/filesystems/npfs/write.c
//! [irp.c]: https://github.com/reactos/reactos/blob/7aae4bb0522f359482baea96b6fdbeca3942b49d/ntoskrnl/io/iomgr/irp.c
//! [values]: https://learn.microsoft.com/windows-hardware/drivers/kernel/using-ntstatus-values
//! [ports]: https://learn.microsoft.com/windows/win32/fileio/i-o-completion-ports
//! [cancel]: https://learn.microsoft.com/windows/win32/fileio/canceling-pending-i-o-operations

use super::*;

const ERROR_NO_DATA: i32 = 232;
const ERROR_PIPE_CONNECTED: i32 = 535;
const ERROR_PIPE_LISTENING: i32 = 536;
const ERROR_BROKEN_PIPE: i32 = 109;
const ERROR_BUSY: i32 = 170;
pub(super) const ERROR_OPERATION_ABORTED: i32 = 995;

/// How many bytes the pipe buffers in each direction.
pub(super) const QUOTA: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Listening,
    Connected,
    /// The client has closed its end.
    Closing,
    Disconnected,
}

pub(super) type Done = Result<usize, OpError>;

/// A request in the driver.
pub(super) struct Request {
    pub(super) op: OpKind,
    pub(super) serial: u64,
    pub(super) memory: TestMemory,
    len: usize,
    /// How many bytes of a write are in the pipe's buffer.
    moved: usize,
}

/// The server's end of one instance, and its client.
pub(super) struct Npfs {
    pub(super) random: Choices,
    pub(super) phase: Phase,
    pub(super) inbound: VecDeque<u8>,
    pub(super) outbound: VecDeque<u8>,
    /// Pending requests.
    pub(super) pending: Vec<Request>,
    /// Completed requests whose packets are not in the port yet, and may never be.
    pub(super) late: Vec<(Request, Done)>,
    pub(super) packets: Vec<(Request, Done)>,
    /// How much memory is in flight or kept by the state.
    pub(super) outstanding: usize,
}

pub(super) fn failed(op: OpKind, code: i32) -> OpError {
    let kind = match (op, code) {
        (OpKind::Connect, ERROR_PIPE_CONNECTED | ERROR_NO_DATA) => OpErrorKind::AlreadyConnected,
        (OpKind::Read, ERROR_PIPE_LISTENING) => OpErrorKind::Listening,
        (OpKind::Read, ERROR_BROKEN_PIPE) => OpErrorKind::EndOfFile,
        (_, ERROR_OPERATION_ABORTED) => OpErrorKind::Aborted,
        _ => OpErrorKind::Other,
    };
    let error = io::Error::from_raw_os_error(code);
    OpError { kind, error }
}

impl Npfs {
    /// A new instance, which listens.
    pub(super) fn new(random: Choices) -> Npfs {
        Npfs {
            random,
            phase: Phase::Listening,
            inbound: VecDeque::new(),
            outbound: VecDeque::new(),
            pending: Vec::new(),
            late: Vec::new(),
            packets: Vec::new(),
            outstanding: 0,
        }
    }

    /// A request completes: its packet comes soon.
    pub(super) fn over(&mut self, request: Request, done: Done) {
        self.packets.push((request, done));
    }

    /// A request is left pending, or completes at once.
    fn begin(&mut self, request: Request) -> Result<(), (TestMemory, OpError)> {
        let Request { op, .. } = request;
        let refusal = match (op, self.phase) {
            (OpKind::Connect, Phase::Connected) => Some(ERROR_PIPE_CONNECTED),
            (OpKind::Connect | OpKind::Write, Phase::Closing) => Some(ERROR_NO_DATA),
            (OpKind::Read, Phase::Closing) if self.inbound.is_empty() => Some(ERROR_BROKEN_PIPE),
            (OpKind::Read | OpKind::Write, Phase::Listening) => Some(ERROR_PIPE_LISTENING),
            (OpKind::Read | OpKind::Write, Phase::Disconnected) => Some(ERROR_PIPE_NOT_CONNECTED),
            _ => None,
        };
        if let Some(code) = refusal {
            return Err((request.memory, failed(op, code)));
        }
        if op == OpKind::Connect {
            self.phase = Phase::Listening;
        } else if op == OpKind::Read && self.random.one_in(200) {
            // A filter driver returns a warning (STATUS_DEVICE_BUSY), and the packet comes.
            self.over(request, Err(failed(op, ERROR_BUSY)));
            return Ok(());
        }
        self.pending.push(request);
        self.advance();
        Ok(())
    }

    /// Completes every request that can complete now.
    pub(super) fn advance(&mut self) {
        for mut request in mem::take(&mut self.pending) {
            let done = match (request.op, self.phase) {
                (OpKind::Connect, Phase::Connected) => Some(Ok(0)),
                (OpKind::Read, Phase::Connected | Phase::Closing) if !self.inbound.is_empty() => {
                    let len = request.len.min(self.inbound.len());
                    let data: Vec<u8> = self.inbound.drain(..len).collect();
                    request.memory.buffer.space()[..len].copy_from_slice(&data);
                    Some(Ok(len))
                }
                (OpKind::Read | OpKind::Write, Phase::Closing) => {
                    Some(Err(failed(request.op, ERROR_BROKEN_PIPE)))
                }
                (OpKind::Write, Phase::Connected) => {
                    let data = request.memory.buffer.data();
                    let room = QUOTA.saturating_sub(self.outbound.len());
                    let end = data.len().min(request.moved + room);
                    self.outbound.extend(&data[request.moved..end]);
                    request.moved = end;
                    (end == data.len()).then_some(Ok(end))
                }
                _ => None,
            };
            match done {
                Some(done) => self.over(request, done),
                None => self.pending.push(request),
            }
        }
    }

    /// Fails all pending requests, at some time or never.
    fn end_all(&mut self, code: i32) {
        for request in mem::take(&mut self.pending) {
            let op_error = failed(request.op, code);
            self.late.push((request, Err(op_error)));
        }
    }

    pub(super) fn disconnect(&mut self) -> bool {
        if self.phase == Phase::Disconnected {
            return false;
        }
        self.phase = Phase::Disconnected;
        self.inbound.clear();
        self.outbound.clear();
        self.end_all(ERROR_PIPE_NOT_CONNECTED);
        true
    }
}

impl PipeOps<TestMemory, u64> for Npfs {
    fn memory(&mut self) -> TestMemory {
        self.outstanding += 1;
        TestMemory::default()
    }

    fn recycle(&mut self, _: TestMemory) {
        self.outstanding -= 1;
    }

    fn start(
        &mut self,
        op: OpKind,
        serial: u64,
        memory: TestMemory,
        len: usize,
    ) -> Result<u64, (TestMemory, OpError)> {
        self.begin(Request {
            op,
            serial,
            memory,
            len,
            moved: 0,
        })?;
        Ok(serial)
    }

    fn cancel(&mut self, serial: &u64) {
        if let Some(index) = self
            .pending
            .iter()
            .position(|in_flight_op| in_flight_op.serial == *serial)
        {
            let request = self.pending.remove(index);
            let op_error = failed(request.op, ERROR_OPERATION_ABORTED);
            self.late.push((request, Err(op_error)));
        }
    }
}
