//! The state of a named pipe under any completions in any order.

use std::collections::VecDeque;
use std::io;

use arbitrary::Unstructured;

use super::{below, byte, interest, number};
use crate::sys::windows::named_pipe::ops::Buffer;
use crate::sys::windows::named_pipe::ops::{Memory, OpError, OpErrorKind, OpKind, PipeOps};
use crate::sys::windows::named_pipe::state::{MAX_READ, PipeState};
use crate::{Interest, Token};

#[derive(Debug, Default)]
struct Bytes(Buffer);

impl Memory for Bytes {
    fn buffer(&mut self) -> &mut Buffer {
        &mut self.0
    }
}

struct Request {
    op: OpKind,
    serial: u64,
    memory: Bytes,
    len: usize,
    is_cancelled: bool,
}

#[derive(Default)]
struct Ops {
    in_flight: Vec<Request>,
    last_serial: u64,
    /// How much memory the state has not given back.
    outstanding: usize,
    refusals: VecDeque<OpErrorKind>,
}

fn error(kind: OpErrorKind) -> OpError {
    let error = io::Error::from_raw_os_error(5);
    OpError { kind, error }
}

impl PipeOps<Bytes, u64> for Ops {
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
        mut memory: Bytes,
        len: usize,
    ) -> Result<u64, (Bytes, OpError)> {
        assert!(serial > self.last_serial, "a serial number is used again");
        self.last_serial = serial;
        let mut pending = self.in_flight.iter().filter(|it| !it.is_cancelled);
        assert!(!pending.any(|it| it.op == op), "two {op:?} are pending");
        match op {
            OpKind::Connect => assert_eq!(len, 0),
            OpKind::Read => {
                assert!((1..=MAX_READ).contains(&len));
                assert!(memory.0.space().len() >= len);
            }
            OpKind::Write => assert_eq!(memory.0.data().len(), len),
        }
        if let Some(kind) = self.refusals.pop_front() {
            return Err((memory, error(kind)));
        }
        self.in_flight.push(Request {
            op,
            serial,
            memory,
            len,
            is_cancelled: false,
        });
        Ok(serial)
    }

    fn cancel(&mut self, pending: &u64) {
        let request = self.in_flight.iter_mut().find(|it| it.serial == *pending);
        let request = request.expect("only an operation in flight is canceled");
        request.is_cancelled = true;
    }
}

/// What must come of the pipe.
#[derive(Default)]
struct Model {
    /// Bytes that valid reads have returned, and the caller has not taken.
    unread: VecDeque<u8>,
    /// Bytes of the write that is pending, which the peer has not got.
    unsent: VecDeque<u8>,
    registered: Option<(Token, Interest)>,
    /// The last byte that was read or written: each is one more than the one before.
    last_byte: u8,
}

/// Checked: at most one operation of a kind is pending; each byte that a read returned reaches the
/// caller once and in order, and each accepted byte the peer; readiness has the token and the
/// interest of the current registration; and all memory comes back.
pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let mut state: PipeState<Bytes, u64> = PipeState::new(byte(&mut input) % 2 == 0);
    let mut ops = Ops::default();
    let mut model = Model::default();
    while !input.is_empty() {
        step(&mut state, &mut ops, &mut model, &mut input);
        let held = ops.outstanding - ops.in_flight.len();
        assert!(held <= 1, "{held} buffers are kept");
        // A completed read of no bytes is kept, too.
        assert!(held == 1 || model.unread.is_empty());
    }
    if byte(&mut input) % 2 == 0 {
        state.cancel_all(|pending| assert!(ops.in_flight.iter().any(|it| it.serial == *pending)));
    }
    state.close(&mut ops);
    assert!(state.take_ready().is_none() && !state.is_registered());
    let mut rounds = 0;
    while let Some(request) = ops.in_flight.pop() {
        // Writing goes on until the port cancels it.
        rounds += 1;
        assert!(rounds < 1_000, "an operation does not come to rest");
        let Request {
            op, serial, memory, ..
        } = request;
        let result = Err(error(OpErrorKind::Aborted));
        state.completed(&mut ops, op, serial, memory, result);
        assert!(state.take_ready().is_none());
    }
    assert_eq!(ops.outstanding, 0, "memory that is not back");
}

fn step(
    state: &mut PipeState<Bytes, u64>,
    ops: &mut Ops,
    model: &mut Model,
    input: &mut Unstructured<'_>,
) {
    match below(input, 12) {
        0 => {
            let token = Token(number::<u8>(input).into());
            let interest = interest(input, None);
            state.register(ops, token, interest, byte(input) % 2 == 0);
            model.registered = Some((token, interest));
        }
        1 => {
            let was_registered = model.registered.take().is_some();
            assert_eq!(state.deregister(), was_registered);
        }
        2 => {
            let result = state.connect(ops);
            assert!(result.is_err() || model.registered.is_some());
        }
        3 | 4 => {
            let len = match byte(input) {
                255 => number::<u32>(input) as usize,
                len => len.into(),
            };
            let mut taken = Vec::new();
            let result = state.read(ops, len, |data| {
                taken = data[..data.len().min(len)].to_vec();
                taken.len()
            });
            match result {
                Ok(count) => assert_eq!(count, taken.len()),
                Err(_) => assert!(taken.is_empty()),
            }
            for byte in taken {
                assert_eq!(model.unread.pop_front(), Some(byte), "a wrong byte");
            }
        }
        5 => {
            let data: Vec<u8> = (0..byte(input) % 32)
                .map(|_| {
                    model.last_byte = model.last_byte.wrapping_add(1);
                    model.last_byte
                })
                .collect();
            let result = state.write(ops, |buffer| buffer.gather([data.as_slice()].into_iter()));
            if let Ok(count) = result {
                assert_eq!(count, data.len());
                model.unsent = data.into();
            }
        }
        6 => {
            let ready = state.take_ready();
            if let Some((token, ready)) = ready {
                let (expected, interest) = model.registered.expect("it is registered");
                assert_eq!(token, expected);
                assert!(ready.readable || ready.writable);
                assert!(!ready.readable || interest.is_readable());
                assert!(!ready.writable || interest.is_writable());
            }
            assert!(!state.has_ready());
        }
        7 => {
            if byte(input) % 4 == 0 {
                state.disconnected(ops, 233);
                model.unread.clear();
                model.unsent.clear();
                let mut left = ops.in_flight.iter();
                assert!(
                    left.all(|it| it.is_cancelled),
                    "disconnect leaves an operation"
                );
            }
        }
        8 => ops.refusals.push_back(kind(input)),
        _ => complete(state, ops, model, input),
    }
}

fn kind(input: &mut Unstructured<'_>) -> OpErrorKind {
    [
        OpErrorKind::AlreadyConnected,
        OpErrorKind::Listening,
        OpErrorKind::EndOfFile,
        OpErrorKind::Aborted,
        OpErrorKind::Other,
    ][below(input, 5)]
}

/// Completes any operation with any result.
fn complete(
    state: &mut PipeState<Bytes, u64>,
    ops: &mut Ops,
    model: &mut Model,
    input: &mut Unstructured<'_>,
) {
    if ops.in_flight.is_empty() {
        return;
    }
    let index = below(input, ops.in_flight.len());
    let mut request = ops.in_flight.remove(index);
    let result = if byte(input) % 3 == 0 {
        Err(error(kind(input)))
    } else {
        // At most what was asked for. Larger numbers are clamped.
        Ok(match byte(input) {
            255 => number::<u32>(input) as usize,
            count => usize::from(count) % (request.len + 1),
        })
    };
    if let (false, Ok(count)) = (request.is_cancelled, &result) {
        match request.op {
            OpKind::Connect => {}
            OpKind::Read => {
                let space = request.memory.0.space();
                let count = (*count).min(space.len());
                for byte in &mut space[..count] {
                    model.last_byte = model.last_byte.wrapping_add(1);
                    *byte = model.last_byte;
                }
                model.unread.extend(&space[..count]);
            }
            OpKind::Write => {
                let data = request.memory.0.data();
                let unsent: Vec<u8> = model.unsent.iter().copied().collect();
                assert_eq!(data, unsent, "the peer gets wrong bytes");
                let count = (*count).min(data.len());
                model.unsent.drain(..count);
            }
        }
    }
    let Request {
        op, serial, memory, ..
    } = request;
    state.completed(ops, op, serial, memory, result);
}
