//! Every cell of the tables at the head of `state`.

mod closing_tests;
mod connecting_tests;
mod disconnecting_tests;
mod npfs_fake_tests;
mod npfs_tests;
mod reading_tests;
mod registering_tests;
mod sizes_tests;
mod writing_tests;

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::mem;

use super::buffer::Buffer;
use super::completions::MAX_ABORTED_READS;
use super::ops::{Memory, OpError, OpErrorKind, OpKind, PipeOps, Ready};
use super::state::{DEFAULT_READ, MAX_READ, PipeState};
use crate::{Interest, Token};

const ERROR_PIPE_NOT_CONNECTED: i32 = 233;
const TOKEN: Token = Token(7);
const ALL: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// The memory of an operation.
#[derive(Debug, Default)]
struct TestMemory {
    buffer: Buffer,
}

impl Memory for TestMemory {
    fn buffer(&mut self) -> &mut Buffer {
        &mut self.buffer
    }
}

/// Fake operations: records what was started and canceled.
#[derive(Default)]
struct FakeOps {
    /// The results of the next starts. An empty queue, or `None`: started.
    refusals: VecDeque<Option<OpError>>,
    /// The operations in flight: kind, serial number, memory and length.
    in_flight: Vec<(OpKind, u64, TestMemory, usize)>,
    cancelled: Vec<u64>,
    /// How much memory is in flight or kept by the state.
    outstanding: usize,
}

impl PipeOps<TestMemory, u64> for FakeOps {
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
        match self.refusals.pop_front().flatten() {
            Some(op_error) => Err((memory, op_error)),
            None => {
                self.in_flight.push((op, serial, memory, len));
                Ok(serial)
            }
        }
    }

    fn cancel(&mut self, pending: &u64) {
        self.cancelled.push(*pending);
    }
}

/// A pipe under test.
struct Pipe {
    state: PipeState<TestMemory, u64>,
    ops: FakeOps,
}

fn op_error(kind: OpErrorKind) -> OpError {
    let error = io::Error::from_raw_os_error(5);
    OpError { kind, error }
}

impl Pipe {
    fn new() -> Pipe {
        Pipe {
            state: PipeState::new(true),
            ops: FakeOps::default(),
        }
    }

    /// A pipe that is registered and connected, after its first events.
    fn connected(interest: Interest) -> Pipe {
        let mut pipe = Pipe::new();
        pipe.register(interest, true);
        pipe.take_ready();
        pipe
    }

    fn register(&mut self, interest: Interest, is_connected: bool) {
        self.state
            .register(&mut self.ops, TOKEN, interest, is_connected);
    }

    fn refuse(&mut self, kind: OpErrorKind) {
        self.ops.refusals.push_back(Some(op_error(kind)));
    }

    fn cancel_all(&mut self) {
        let cancelled = &mut self.ops.cancelled;
        self.state.cancel_all(|pending| cancelled.push(*pending));
    }

    fn disconnect(&mut self) {
        self.state
            .disconnected(&mut self.ops, ERROR_PIPE_NOT_CONNECTED);
    }

    fn connect(&mut self) -> io::Result<()> {
        self.state.connect(&mut self.ops)
    }

    fn read(&mut self, len: usize) -> Result<Vec<u8>, ErrorKind> {
        let mut data = Vec::new();
        let result = self.state.read(&mut self.ops, len, |bytes| {
            data = bytes[..bytes.len().min(len)].to_vec();
            data.len()
        });
        match result {
            Ok(count) => {
                assert_eq!(count, data.len());
                Ok(data)
            }
            Err(error) => Err(error.kind()),
        }
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, ErrorKind> {
        self.state
            .write(&mut self.ops, |buffer| buffer.gather([data].into_iter()))
            .map_err(|error| error.kind())
    }

    /// Takes the reported readiness.
    fn take_ready(&mut self) -> Ready {
        let has_ready = self.state.has_ready();
        let ready = match self.state.take_ready() {
            Some((token, ready)) => {
                assert_eq!(token, TOKEN);
                ready
            }
            None => Ready::NOTHING,
        };
        assert_eq!(has_ready, ready != Ready::NOTHING);
        ready
    }

    fn count(&self, op: OpKind) -> usize {
        let in_flight = &self.ops.in_flight;
        in_flight.iter().filter(|(kind, ..)| *kind == op).count()
    }

    /// Completes the oldest operation of a kind.
    fn end(&mut self, op: OpKind, result: Result<usize, OpError>) {
        let in_flight = &mut self.ops.in_flight;
        let index = in_flight.iter().position(|(kind, ..)| *kind == op);
        let (op, serial, memory, _) = in_flight.remove(index.expect("in flight"));
        self.state
            .completed(&mut self.ops, op, serial, memory, result);
    }

    /// Completes the oldest read with data.
    fn receive(&mut self, data: &[u8]) {
        let in_flight = &mut self.ops.in_flight;
        let read = in_flight
            .iter_mut()
            .find(|(in_flight_op, ..)| *in_flight_op == OpKind::Read);
        let (_, _, memory, _) = read.expect("in flight");
        memory.buffer.space()[..data.len()].copy_from_slice(data);
        self.end(OpKind::Read, Ok(data.len()));
    }

    /// Checks that all memory was returned, except what is in flight and `kept` by the state.
    fn holds(&self, kept: usize) {
        assert_eq!(self.ops.outstanding, kept + self.ops.in_flight.len());
    }
}
