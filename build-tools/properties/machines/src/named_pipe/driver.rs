//! A fake driver of named pipes: the server's end, and its client.

use std::collections::VecDeque;
use std::io;

use super::QUOTA;
use crate::sys::windows::named_pipe::ops::{Buffer, Memory, OpError, OpErrorKind, OpKind, PipeOps};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Listening,
    Connected,
    Closing,
    Disconnected,
}

#[derive(Debug, Default)]
pub(super) struct Bytes(Buffer);

impl Memory for Bytes {
    fn buffer(&mut self) -> &mut Buffer {
        &mut self.0
    }
}

pub(super) struct Request {
    pub(super) op: OpKind,
    pub(super) serial: u64,
    pub(super) memory: Bytes,
    pub(super) len: usize,
    pub(super) moved: usize,
}

pub(super) type Done = Result<usize, OpErrorKind>;

/// The driver: what npfs does is described in the fake of the library's own tests.
pub(super) struct Driver {
    pub(super) phase: Phase,
    pub(super) inbound: VecDeque<u8>,
    pub(super) outbound: VecDeque<u8>,
    pub(super) pending: Vec<Request>,
    pub(super) packets: VecDeque<(Request, Done)>,
    pub(super) outstanding: usize,
    pub(super) last_serial: u64,
}

pub(super) fn error(kind: OpErrorKind) -> OpError {
    let error = io::Error::from_raw_os_error(5);
    OpError { kind, error }
}

impl Driver {
    /// A server that listens.
    pub(super) fn new() -> Driver {
        Driver {
            phase: Phase::Listening,
            inbound: VecDeque::new(),
            outbound: VecDeque::new(),
            pending: Vec::new(),
            packets: VecDeque::new(),
            outstanding: 0,
            last_serial: 0,
        }
    }

    pub(super) fn is_pending(&self, op: OpKind) -> bool {
        self.pending.iter().any(|it| it.op == op)
    }

    pub(super) fn advance(&mut self) {
        for mut request in std::mem::take(&mut self.pending) {
            let done = match (request.op, self.phase) {
                (OpKind::Connect, Phase::Connected) => Some(Ok(0)),
                (OpKind::Read, Phase::Connected | Phase::Closing) if !self.inbound.is_empty() => {
                    let len = request.len.min(self.inbound.len());
                    let space = request.memory.0.space();
                    for (slot, byte) in space.iter_mut().zip(self.inbound.drain(..len)) {
                        *slot = byte;
                    }
                    Some(Ok(len))
                }
                (OpKind::Read, Phase::Closing) => Some(Err(OpErrorKind::EndOfFile)),
                (OpKind::Write, Phase::Closing) => Some(Err(OpErrorKind::Other)),
                (OpKind::Write, Phase::Connected) => {
                    let data = request.memory.0.data();
                    let room = QUOTA.saturating_sub(self.outbound.len());
                    let end = data.len().min(request.moved + room);
                    self.outbound.extend(&data[request.moved..end]);
                    request.moved = end;
                    (end == data.len()).then_some(Ok(end))
                }
                _ => None,
            };
            match done {
                Some(done) => self.packets.push_back((request, done)),
                None => self.pending.push(request),
            }
        }
    }

    /// Ends pending operations of a kind, or all of them.
    pub(super) fn end(&mut self, op: Option<OpKind>, kind: OpErrorKind) -> bool {
        let all = std::mem::take(&mut self.pending);
        let is_one = |it: &Request| op.is_none_or(|op| it.op == op);
        let (ended, left): (Vec<_>, Vec<_>) = all.into_iter().partition(is_one);
        self.pending = left;
        let any = !ended.is_empty();
        self.packets
            .extend(ended.into_iter().map(|it| (it, Err(kind))));
        any
    }
}

impl PipeOps<Bytes, u64> for Driver {
    fn memory(&mut self) -> Bytes {
        self.outstanding += 1;
        Bytes::default()
    }

    fn recycle(&mut self, _: Bytes) {
        self.outstanding -= 1;
    }

    fn start(
        &mut self,
        op: OpKind,
        serial: u64,
        memory: Bytes,
        len: usize,
    ) -> Result<u64, (Bytes, OpError)> {
        assert!(!self.is_pending(op), "two {op:?} are pending");
        let refusal = match (op, self.phase) {
            (OpKind::Connect, Phase::Connected | Phase::Closing) => {
                Some(OpErrorKind::AlreadyConnected)
            }
            (OpKind::Write, Phase::Closing) => Some(OpErrorKind::Other),
            (OpKind::Read, Phase::Closing) if self.inbound.is_empty() => {
                Some(OpErrorKind::EndOfFile)
            }
            (OpKind::Read | OpKind::Write, Phase::Listening) => Some(OpErrorKind::Listening),
            (OpKind::Read | OpKind::Write, Phase::Disconnected) => Some(OpErrorKind::Other),
            _ => None,
        };
        if let Some(kind) = refusal {
            return Err((memory, error(kind)));
        }
        self.last_serial = serial;
        if op == OpKind::Connect {
            self.phase = Phase::Listening;
        }
        self.pending.push(Request {
            op,
            serial,
            memory,
            len,
            moved: 0,
        });
        self.advance();
        Ok(serial)
    }

    fn cancel(&mut self, pending: &u64) {
        let index = self.pending.iter().position(|it| it.serial == *pending);
        if let Some(index) = index {
            let request = self.pending.remove(index);
            self.packets.push_back((request, Err(OpErrorKind::Aborted)));
        }
    }
}
