//! Every cell of the tables at the head of `state`. This file has what the tests share, and the
//! tests of registrations, and of dropping the pipe or the port.

mod connecting_tests;
mod npfs_fake_tests;
pub(crate) mod npfs_tests;
mod transfer_tests;

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::mem;

use super::completions::MAX_ABORTED_READS;
use super::ops::{Buffer, Memory, OpError, OpErrorKind, OpKind, PipeOps, Ready};
use super::state::{DEFAULT_READ, MAX_READ, PipeState};
use crate::testing::choices::Choices;
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
    /// Errors for the next starts. If it is empty, or has `None`, the start succeeds.
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

#[test]
fn writable_interest_starts_no_read() {
    let mut pipe = Pipe::new();
    pipe.register(Interest::WRITABLE, true);
    assert_eq!(pipe.take_ready(), Ready::WRITABLE);
    assert_eq!(pipe.count(OpKind::Read), 0);
    // The caller may read, though.
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.count(OpKind::Read), 1);
    pipe.receive(b"abc");
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    assert_eq!(pipe.read(9), Ok(b"abc".to_vec()));
    assert_eq!(pipe.count(OpKind::Read), 0);
}

#[test]
fn refused_read_of_the_caller_is_returned() {
    let five = io::Error::from_raw_os_error(5).kind();
    for (kind, expected) in [
        (OpErrorKind::Listening, Err(ErrorKind::WouldBlock)),
        (OpErrorKind::EndOfFile, Ok(vec![])),
        (OpErrorKind::Other, Err(five)),
    ] {
        let mut pipe = Pipe::connected(Interest::WRITABLE);
        pipe.refuse(kind);
        assert_eq!(pipe.read(9), expected, "{kind:?}");
        assert_eq!(pipe.take_ready(), Ready::NOTHING);
        pipe.holds(0);
    }
}

#[test]
fn readable_interest_gets_no_writable_event() {
    let mut pipe = Pipe::new();
    pipe.register(Interest::READABLE, true);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.write(b"abc").unwrap();
    pipe.end(OpKind::Write, Ok(3));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.register(ALL, true);
    assert_eq!(pipe.take_ready(), Ready::WRITABLE);
}

#[test]
fn disconnected_pipe_reports_nothing() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    assert_eq!(pipe.count(OpKind::Read), 0);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    // The query reported a client, but the read finds none.
    pipe.refuse(OpErrorKind::Listening);
    pipe.register(ALL, true);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.holds(0);
}

#[test]
fn reregister_reports_current_readiness() {
    let mut pipe = Pipe::connected(ALL);
    pipe.receive(b"abc");
    assert_eq!(pipe.take_ready(), Ready::READABLE);
    pipe.register(ALL, true);
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    // No event twice, and none of an earlier registration.
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.register(ALL, true);
    pipe.state.deregister();
    pipe.register(Interest::WRITABLE, false);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
}

#[test]
fn reregister_drops_events_of_the_old_interest() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, true);
    pipe.register(Interest::READABLE, true);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
}

#[test]
fn end_of_file_belongs_to_one_client() {
    let mut pipe = Pipe::connected(ALL);
    pipe.end(OpKind::Read, Err(op_error(OpErrorKind::EndOfFile)));
    pipe.take_ready();
    pipe.connect().unwrap_err();
    pipe.end(OpKind::Connect, Ok(0));
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.count(OpKind::Read), 1);
}

#[test]
fn drop_cancels_a_pending_connect() {
    for result in [
        Ok(0),
        Err(op_error(OpErrorKind::Aborted)),
        Err(op_error(OpErrorKind::Other)),
    ] {
        let mut pipe = Pipe::new();
        pipe.register(ALL, false);
        pipe.connect().unwrap_err();
        pipe.state.close(&mut pipe.ops);
        assert_eq!(pipe.ops.cancelled.len(), 1);
        pipe.end(OpKind::Connect, result);
        assert_eq!(pipe.take_ready(), Ready::NOTHING);
        assert!(pipe.ops.in_flight.is_empty());
        pipe.holds(0);
    }
}

#[test]
fn drop_cancels_a_pending_read() {
    for result in [
        Ok(3),
        Err(op_error(OpErrorKind::EndOfFile)),
        Err(op_error(OpErrorKind::Aborted)),
        Err(op_error(OpErrorKind::Other)),
    ] {
        let mut pipe = Pipe::connected(ALL);
        pipe.state.close(&mut pipe.ops);
        assert_eq!(pipe.ops.cancelled.len(), 1);
        pipe.end(OpKind::Read, result);
        assert_eq!(pipe.take_ready(), Ready::NOTHING);
        assert!(pipe.ops.in_flight.is_empty());
        pipe.holds(0);
    }
}

#[test]
fn drop_frees_data_errors_and_end() {
    for result in [
        Ok(3),
        Err(op_error(OpErrorKind::EndOfFile)),
        Err(op_error(OpErrorKind::Other)),
    ] {
        let mut pipe = Pipe::connected(ALL);
        pipe.end(OpKind::Read, result);
        pipe.state.close(&mut pipe.ops);
        assert_eq!(pipe.take_ready(), Ready::NOTHING);
        pipe.holds(0);
    }
}

#[test]
fn drop_lets_a_pending_write_finish() {
    let mut pipe = Pipe::connected(Interest::WRITABLE);
    pipe.write(b"abc").unwrap();
    pipe.state.close(&mut pipe.ops);
    assert!(pipe.ops.cancelled.is_empty(), "it arrives");
    // First a part, then the rest.
    pipe.end(OpKind::Write, Ok(1));
    assert_eq!(pipe.count(OpKind::Write), 1);
    pipe.end(OpKind::Write, Ok(2));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.holds(0);
}

#[test]
fn drop_ignores_a_failing_write() {
    for result in [
        Ok(0),
        Err(op_error(OpErrorKind::Aborted)),
        Err(op_error(OpErrorKind::Other)),
    ] {
        let mut pipe = Pipe::connected(Interest::WRITABLE);
        pipe.write(b"abc").unwrap();
        pipe.state.close(&mut pipe.ops);
        pipe.end(OpKind::Write, result);
        assert_eq!(pipe.take_ready(), Ready::NOTHING);
        assert!(pipe.ops.in_flight.is_empty());
        pipe.holds(0);
    }
}

#[test]
fn closing_port_cancels_everything() {
    let mut pipe = Pipe::connected(ALL);
    pipe.connect().unwrap_err();
    pipe.write(b"abc").unwrap();
    pipe.cancel_all();
    assert_eq!(pipe.ops.cancelled.len(), 3);
    pipe.end(OpKind::Connect, Err(op_error(OpErrorKind::Aborted)));
    pipe.end(OpKind::Read, Err(op_error(OpErrorKind::Aborted)));
    pipe.end(OpKind::Write, Err(op_error(OpErrorKind::Aborted)));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    assert!(pipe.state.take_error().is_none());
    assert_eq!(pipe.read(9), Err(ErrorKind::NotFound));
    let five = io::Error::from_raw_os_error(5).kind();
    assert_eq!(pipe.write(b"d"), Err(five), "the loss is reported");
    assert_eq!(pipe.write(b"d"), Err(ErrorKind::NotFound));
    pipe.holds(0);
}

#[test]
fn closed_port_starts_nothing() {
    let mut pipe = Pipe::connected(ALL);
    pipe.write(b"abc").unwrap();
    pipe.cancel_all();
    // The read has completed before, and a part was written.
    pipe.receive(b"in");
    pipe.refuse(OpErrorKind::Other);
    pipe.end(OpKind::Write, Ok(1));
    assert_eq!(pipe.read(9), Ok(b"in".to_vec()));
    assert!(pipe.ops.in_flight.is_empty());
    assert!(pipe.write(b"d").is_err());
    pipe.holds(0);
}

#[test]
fn idle_pipe_cancels_nothing() {
    let mut pipe = Pipe::new();
    pipe.cancel_all();
    pipe.state.close(&mut pipe.ops);
    assert!(pipe.ops.cancelled.is_empty());
    assert!(!pipe.state.deregister());
    pipe.holds(0);
}
