//! The tables at the head of `state`, cell by cell.

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

/// The memory of the script: only how much of it is lent is of interest.
#[derive(Debug, Default)]
struct Piece {
    buffer: Buffer,
}

impl Memory for Piece {
    fn buffer(&mut self) -> &mut Buffer {
        &mut self.buffer
    }
}

/// A pipe that does nothing but note what it was asked for.
#[derive(Default)]
struct Script {
    /// Answers to the next starts; none left means that it starts.
    refusals: VecDeque<Option<OpError>>,
    /// What is in flight: its call, its serial number, its memory and the length asked for.
    flying: Vec<(OpKind, u64, Piece, usize)>,
    cancelled: Vec<u64>,
    /// Pieces that are somewhere else than here: in flight or kept by the states.
    lent: usize,
}

impl PipeOps<Piece, u64> for Script {
    fn memory(&mut self) -> Piece {
        self.lent += 1;
        Piece::default()
    }

    fn recycle(&mut self, _: Piece) {
        self.lent -= 1;
    }

    fn start(
        &mut self,
        op: OpKind,
        serial: u64,
        memory: Piece,
        len: usize,
    ) -> Result<u64, (Piece, OpError)> {
        match self.refusals.pop_front().flatten() {
            Some(op_error) => Err((memory, op_error)),
            None => {
                self.flying.push((op, serial, memory, len));
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
    state: PipeState<Piece, u64>,
    script: Script,
}

fn op_error(kind: OpErrorKind) -> OpError {
    let error = io::Error::from_raw_os_error(5);
    OpError { kind, error }
}

impl Pipe {
    fn new() -> Pipe {
        Pipe {
            state: PipeState::new(true),
            script: Script::default(),
        }
    }

    /// A pipe that is registered and up, after its first events.
    fn up(interest: Interest) -> Pipe {
        let mut pipe = Pipe::new();
        pipe.register(interest, true);
        pipe.said();
        pipe
    }

    fn register(&mut self, interest: Interest, is_up: bool) {
        self.state
            .register(&mut self.script, TOKEN, interest, is_up);
    }

    fn refuse(&mut self, kind: OpErrorKind) {
        self.script.refusals.push_back(Some(op_error(kind)));
    }

    fn cancel_all(&mut self) {
        let cancelled = &mut self.script.cancelled;
        self.state.cancel_all(|pending| cancelled.push(*pending));
    }

    fn disconnect(&mut self) {
        self.state
            .disconnected(&mut self.script, ERROR_PIPE_NOT_CONNECTED);
    }

    fn connect(&mut self) -> io::Result<()> {
        self.state.connect(&mut self.script)
    }

    fn read(&mut self, len: usize) -> Result<Vec<u8>, ErrorKind> {
        let mut data = Vec::new();
        let result = self.state.read(&mut self.script, len, |bytes| {
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
            .write(&mut self.script, |buffer| buffer.gather([data].into_iter()))
            .map_err(|error| error.kind())
    }

    /// What is reported, once.
    fn said(&mut self) -> Ready {
        let said = self.state.has_ready();
        let ready = match self.state.take_ready() {
            Some((token, ready)) => {
                assert_eq!(token, TOKEN);
                ready
            }
            None => Ready::NOTHING,
        };
        assert_eq!(said, ready != Ready::NOTHING);
        ready
    }

    fn count(&self, op: OpKind) -> usize {
        let flying = &self.script.flying;
        flying
            .iter()
            .filter(|(in_flight_op, ..)| *in_flight_op == op)
            .count()
    }

    /// The oldest operation of a kind ends.
    fn end(&mut self, op: OpKind, result: Result<usize, OpError>) {
        let flying = &mut self.script.flying;
        let place = flying
            .iter()
            .position(|(in_flight_op, ..)| *in_flight_op == op);
        let (op, serial, memory, _) = flying.remove(place.expect("in flight"));
        self.state
            .completed(&mut self.script, op, serial, memory, result);
    }

    /// The oldest read ends with data.
    fn receive(&mut self, data: &[u8]) {
        let flying = &mut self.script.flying;
        let read = flying
            .iter_mut()
            .find(|(in_flight_op, ..)| *in_flight_op == OpKind::Read);
        let (_, _, memory, _) = read.expect("in flight");
        memory.buffer.space()[..data.len()].copy_from_slice(data);
        self.end(OpKind::Read, Ok(data.len()));
    }

    /// All memory is back, but for what the states keep and what is in flight.
    fn holds(&self, kept: usize) {
        assert_eq!(self.script.lent, kept + self.script.flying.len());
    }
}
