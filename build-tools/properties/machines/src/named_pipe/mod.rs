//! The state of a named pipe, on a fake driver.
//!
//! # Events that must come
//!
//! The caller *waits* in a direction after `register`, `reregister` and an operation in it that
//! returns `WouldBlock`, until an event reports the direction. A `read` that takes less than it has
//! room for waits too, and so does one that returns an error: the pipe reads ahead, as upstream's
//! does. Once all packets were delivered, no caller whose interest has the direction waits while
//!
//! - there is data of a known client, its end, or an error that no `read` has returned;
//! - a client is known and no write is in flight, or a write has failed;
//! - a `connect` has ended.
//!
//! # Events that may come
//!
//! A direction of the interest, if something has happened to it since its last event.
//!
//! # Events that must not come
//!
//! - With another token than the last one, without a registration, or beyond the interest.
//! - With nothing in them, or while nothing has happened since the last one.
//!
//! # Data
//!
//! Each byte that the driver took from the client is read once and in order; each byte that a
//! `write` took reaches the client once and in order, unless the client was disconnected, left, or
//! a write failed. All memory comes back.
//!
//! # Errors
//!
//! - A `read` or `write` returns one only after an operation of the present client has failed, or
//!   after `disconnect`. Operations that were canceled for a client that has gone are late, and do
//!   not touch the next one.
//! - After `disconnect`, the next `read` returns an error if data or an end had come that no `read`
//!   had returned, unless the next client comes before.

mod driver;
mod steps;

use std::io::ErrorKind;

use crate::sys::windows::named_pipe::ops::{Buffer, OpErrorKind, OpKind};
use crate::sys::windows::named_pipe::state::PipeState;
use crate::{Token, checked, interest_of};
use driver::{Bytes, Driver, Phase, Request, error};

pub use Op::*;

/// How many bytes the driver buffers in each direction.
const QUOTA: usize = 64;

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Registers, or changes the registration, for this interest.
    Register(u8),
    /// Ends the registration.
    Deregister,
    /// `connect`.
    Connect,
    /// `disconnect`.
    Disconnect,
    /// Reads with a buffer of this size, until it would block if `true`.
    Read(usize, bool),
    /// Writes this number of bytes.
    Write(usize),
    /// A client opens its end.
    ClientOpens,
    /// The client writes this number of bytes.
    ClientWrites(usize),
    /// The client reads at most this number of bytes.
    ClientReads(usize),
    /// The client closes its end.
    ClientCloses,
    /// The packet of this number is taken from the port, before others.
    Deliver(usize),
    /// The packet that was queued last is taken from the port, before others.
    DeliverLast,
    /// Other code cancels the pending operation of this kind: a read, or a write if `true`.
    Abort(bool),
    /// The pending operation of this kind fails: a read, or a write if `true`.
    Fail(bool),
    /// All packets are taken from the port, and events are reported.
    Poll,
}

/// One direction of the caller. Reading is 0, writing is 1.
#[derive(Clone, Copy, Debug, Default)]
struct Direction {
    waits: bool,
    /// Whether something has happened since the last event.
    has_changed: bool,
    /// Whether a client has connected since the last event.
    is_due: bool,
}

struct World {
    state: PipeState<Bytes, u64>,
    driver: Driver,
    registered: Option<(Token, u8)>,
    last_token: usize,
    directions: [Direction; 2],
    /// Whether the library knows of a client.
    is_known: bool,
    /// The `connect` that has not ended.
    connecting: Option<u64>,
    /// Bytes of this client: sent, read, accepted by `write`, and received by the client.
    sent: usize,
    read: usize,
    accepted: usize,
    received: usize,
    client: u8,
    is_broken: bool,
    has_ended: bool,
    /// The write that has not ended, and whether one has failed that `write` has not returned.
    writing: Option<u64>,
    owes_write_error: bool,
    /// The last operation that was started for an earlier client.
    last_of_others: u64,
    /// Whether operations of this client have failed: reads, writes.
    may_fail: [bool; 2],
    /// Whether data or an end of this client has come that no `read` has returned.
    has_input: bool,
    /// Whether `disconnect` owes an error to the next `read`.
    owes_read_error: bool,
}

impl World {
    /// The byte at an offset of either stream of the present client.
    fn byte(&self, offset: usize) -> u8 {
        (usize::from(self.client) * 41 + offset) as u8
    }

    /// Both directions have changed.
    fn changed(&mut self) {
        for direction in &mut self.directions {
            direction.has_changed = true;
        }
    }

    fn deliver(&mut self, index: usize) {
        let Some((request, done)) = self.driver.packets.remove(index) else {
            return;
        };
        let Request {
            op, serial, memory, ..
        } = request;
        match (op, &done) {
            (OpKind::Connect, _) if self.connecting == Some(serial) => {
                self.connecting = None;
                self.is_known |= done.is_ok();
                self.owes_read_error &= done.is_err();
                for direction in &mut self.directions {
                    direction.is_due = true;
                }
            }
            (OpKind::Write, Err(_)) if self.writing == Some(serial) => {
                self.is_broken = true;
                self.writing = None;
                self.owes_write_error = true;
            }
            (OpKind::Read, Ok(_) | Err(OpErrorKind::EndOfFile)) if serial > self.last_of_others => {
                self.has_input = true;
            }
            _ => {}
        }
        self.changed();
        let result = done.map_err(error);
        self.state
            .completed(&mut self.driver, op, serial, memory, result);
    }

    fn read(&mut self, size: usize, until_blocked: bool) -> Result<(), String> {
        for _ in 0..64 {
            let mut data = Vec::new();
            let result = self.state.read(&mut self.driver, size, |bytes| {
                data = bytes[..bytes.len().min(size)].to_vec();
                data.len()
            });
            // The next read ahead may complete.
            self.directions[0].has_changed = true;
            self.has_input = false;
            match &result {
                Err(error) if error.kind() != ErrorKind::WouldBlock => self.owes_read_error = false,
                _ if self.owes_read_error => {
                    return Err("the error of `disconnect` was lost".into());
                }
                _ => {}
            }
            match result {
                Ok(0) => {
                    if self.driver.phase != Phase::Closing || self.read != self.sent {
                        return Err(format!(
                            "an end after {} of {} bytes, {:?}",
                            self.read, self.sent, self.driver.phase
                        ));
                    }
                    self.has_ended = true;
                    return Ok(());
                }
                Ok(len) => {
                    let expected: Vec<u8> = (self.read..self.read + len)
                        .map(|it| self.byte(it))
                        .collect();
                    if data != expected {
                        return Err(format!("read {data:?} instead of {expected:?}"));
                    }
                    self.read += len;
                    self.directions[0].waits |= len < size;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.directions[0].waits = true;
                    return Ok(());
                }
                Err(error) => {
                    let is_connected = self.is_known && self.driver.phase == Phase::Connected;
                    if is_connected && self.registered.is_some() && !self.may_fail[0] {
                        return Err(format!("`read` returned {error} without a cause"));
                    }
                    self.directions[0].waits = true;
                    return Ok(());
                }
            }
            if !until_blocked {
                break;
            }
        }
        Ok(())
    }

    fn write(&mut self, len: usize) -> Result<(), String> {
        let data: Vec<u8> = (self.accepted..self.accepted + len)
            .map(|it| self.byte(it))
            .collect();
        let fill = |buffer: &mut Buffer| buffer.gather([data.as_slice()].into_iter());
        self.directions[1].has_changed = true;
        match self.state.write(&mut self.driver, fill) {
            Ok(_) if self.owes_write_error => {
                return Err("the error of a write was lost".into());
            }
            Ok(count) => {
                self.accepted += count;
                self.writing = Some(self.driver.last_serial);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.directions[1].waits = true;
            }
            Err(error) => {
                let is_connected = self.is_known && self.driver.phase == Phase::Connected;
                if is_connected && self.registered.is_some() && !self.may_fail[1] {
                    return Err(format!("`write` returned {error} without a cause"));
                }
                self.is_broken = true;
                self.owes_write_error = false;
            }
        }
        Ok(())
    }

    /// Another client, or none.
    fn reset(&mut self) {
        self.client = self.client.wrapping_add(1);
        (self.sent, self.read, self.accepted, self.received) = (0, 0, 0, 0);
        (self.is_broken, self.has_ended, self.is_known) = (false, false, false);
        (self.writing, self.owes_write_error) = (None, false);
        (self.last_of_others, self.may_fail) = (self.driver.last_serial, [false; 2]);
        self.has_input = false;
        self.changed();
    }

    fn take_ready(&mut self) -> Result<(), String> {
        let Some((token, ready)) = self.state.take_ready() else {
            return Ok(());
        };
        let Some((expected, interest)) = self.registered else {
            return Err("an event without a registration".into());
        };
        if token != expected {
            return Err(format!("an event of {token:?} instead of {expected:?}"));
        }
        if !ready.readable && !ready.writable {
            return Err("an event that reports nothing".into());
        }
        for (index, is_ready) in [ready.readable, ready.writable].into_iter().enumerate() {
            if !is_ready {
                continue;
            }
            if interest >> index & 1 == 0 {
                return Err(format!("direction {index} is not in the interest"));
            }
            let direction = &mut self.directions[index];
            if !direction.has_changed {
                return Err(format!("direction {index} has had no change"));
            }
            *direction = Direction::default();
        }
        Ok(())
    }

    /// The pending read ends, or the pending write.
    fn end_pending(&mut self, is_write: bool, kind: OpErrorKind) {
        let op = match is_write {
            false => OpKind::Read,
            true => OpKind::Write,
        };
        self.may_fail[usize::from(is_write)] |= self.driver.end(Some(op), kind);
    }

    /// All packets were delivered: what is owed?
    fn owed(&self) -> Result<(), String> {
        let Some((_, interest)) = self.registered else {
            return Ok(());
        };
        let waits = |index: usize| interest >> index & 1 != 0 && self.directions[index].waits;
        let phase = self.driver.phase;
        let is_due = |index: usize| interest >> index & 1 != 0 && self.directions[index].is_due;
        if is_due(0) || is_due(1) {
            return Err("a client was owed an event, and got none".into());
        }
        if waits(0) && self.is_known {
            if self.sent != self.read {
                return Err("data was owed an event, and got none".into());
            }
            if phase == Phase::Closing {
                return Err("the end was owed an event, and got none".into());
            }
        }
        let is_writing = self.driver.is_pending(OpKind::Write);
        if waits(1) && self.is_known && phase == Phase::Connected && !is_writing {
            return Err("room was owed an event, and got none".into());
        }
        let is_connected = phase == Phase::Connected && !self.is_broken;
        if is_connected
            && !is_writing
            && self.received + self.driver.outbound.len() != self.accepted
        {
            return Err("bytes of a write were lost".into());
        }
        Ok(())
    }

    fn poll(&mut self) -> Result<(), String> {
        // The memory of a write is not limited, so each round ends what is in the port.
        for _ in 0..200 {
            if self.driver.packets.is_empty() {
                self.take_ready()?;
                return self.owed();
            }
            self.deliver(0);
            self.take_ready()?;
        }
        Err("packets do not end".into())
    }

    fn close(mut self) -> Result<(), String> {
        self.state.close(&mut self.driver);
        self.registered = None;
        for _ in 0..200 {
            self.driver.end(None, OpErrorKind::Aborted);
            if self.driver.packets.is_empty() {
                break;
            }
            self.deliver(0);
            if self.state.take_ready().is_some() {
                return Err("an event of a pipe that was dropped".into());
            }
        }
        match self.driver.outstanding {
            0 => Ok(()),
            count => Err(format!("{count} buffers did not come back")),
        }
    }
}

/// Runs a sequence. Returns the number of operations, or what is wrong.
pub fn check(ops: &[Op]) -> Result<usize, String> {
    checked("named_pipe", "", ops, |ops| {
        let mut world = World {
            state: PipeState::new(true),
            driver: Driver::new(),
            registered: None,
            last_token: 0,
            directions: [Direction::default(); 2],
            is_known: false,
            connecting: None,
            sent: 0,
            read: 0,
            accepted: 0,
            received: 0,
            client: 0,
            is_broken: false,
            has_ended: false,
            writing: None,
            owes_write_error: false,
            last_of_others: 0,
            may_fail: [false; 2],
            has_input: false,
            owes_read_error: false,
        };
        for op in ops {
            world.step(op)?;
        }
        world.poll()?;
        world.close()
    })
}

/// Panics unless the specification holds for a sequence.
pub fn holds(ops: &[Op]) {
    if let Err(what) = check(ops) {
        panic!("{what}");
    }
}
