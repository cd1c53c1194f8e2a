//! The client's side of a connection or a pipe: one message at a time, whose reply is checked.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::time::{Duration, Instant};

use crate::message::{Command, LONGEST, Message, Pattern};
use crate::shared::{BOUND, Id, Kind, Latency, Shared};
use crate::slots::Trail;

/// Messages up to this length count as small: they fit in one segment of the loopback device.
const SMALL: usize = 8 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Connecting,
    Idle,
    /// A message is on its way.
    Waiting,
    /// The stream was shut down for writing: the end follows.
    Ending,
}

/// What a step has led to.
#[derive(Debug)]
pub(crate) enum Step {
    /// Operations have returned `WouldBlock`.
    Waits,
    /// As `Waits`, and bytes are left to write.
    WaitsToWrite,
    Replied,
    /// The stream has ended as expected.
    Ended,
    Fault(String),
}

pub(crate) struct Peer<S> {
    pub(crate) stream: S,
    pub(crate) state: State,
    message: Message,
    sequence: u16,
    started: Instant,
    /// When bytes last moved, or the state changed.
    since: Instant,
    /// The requests until it ends.
    pub(crate) requests: u32,
    /// Whether it is registered for reading alone.
    pub(crate) is_read_only: bool,
    pub(crate) trail: Trail,
}

impl<S: Read + Write> Peer<S> {
    pub(crate) fn new(stream: S, state: State, requests: u32) -> Peer<S> {
        let now = Instant::now();
        Peer {
            stream,
            state,
            message: Message::new(0, 0, Command::Echo),
            sequence: 0,
            started: now,
            since: now,
            requests,
            is_read_only: false,
            trail: Trail::default(),
        }
    }

    pub(crate) fn enter(&mut self, state: State) {
        self.state = state;
        self.since = Instant::now();
    }

    /// The time since the source was created.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// Starts a message. The caller then calls `advance`.
    pub(crate) fn start(&mut self, rng: &mut fastrand::Rng, command: Command) {
        let payload = match (command, rng.u32(0..300)) {
            (Command::Drop | Command::Reset, _) => rng.usize(0..512),
            (_, 0) => rng.usize(SMALL..=LONGEST),
            (_, 1..30) => rng.usize(0..SMALL),
            _ => rng.usize(0..1024),
        };
        self.sequence = self.sequence.wrapping_add(1);
        self.message = Message::new(self.sequence, payload, command);
        self.started = Instant::now();
        self.enter(State::Waiting);
    }

    /// Writes and reads until the operations return `WouldBlock`.
    pub(crate) fn advance(
        &mut self,
        shared: &Shared,
        id: Id,
        pattern: &Pattern,
        buffer: &mut [u8],
    ) -> Step {
        let waits_to_write = match self.write(shared, id, pattern) {
            Ok(waits) => waits,
            Err(step) => return step,
        };
        let mut is_complete = false;
        loop {
            match self.stream.read(buffer) {
                Ok(0) if self.expects_end() => {
                    shared.operation(id.kind);
                    return Step::Ended;
                }
                Ok(0) => return self.fault("the stream has ended"),
                Ok(count) => {
                    shared.operation(id.kind);
                    self.since = Instant::now();
                    if self.state != State::Waiting {
                        return self.fault("bytes arrived without a request");
                    }
                    if let Err(error) = self.message.receive(&buffer[..count], pattern) {
                        return self.fault(&error);
                    }
                    if self.message.is_complete() && !is_complete {
                        is_complete = true;
                        shared.timed(self.latency(id.kind), self.started);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) if self.is_cut() => {
                    shared.operation(id.kind);
                    return Step::Ended;
                }
                Err(error) => return self.fault(&format!("read: {error}")),
            }
        }
        match (is_complete, self.message.command) {
            // The end follows.
            (true, Command::Close) => self.enter(State::Ending),
            (true, _) => {
                self.enter(State::Idle);
                return Step::Replied;
            }
            _ => {}
        }
        if waits_to_write {
            return Step::WaitsToWrite;
        }
        Step::Waits
    }

    /// Returns whether bytes are left to write.
    fn write(&mut self, shared: &Shared, id: Id, pattern: &Pattern) -> Result<bool, Step> {
        while self.state == State::Waiting && !self.message.is_sent() {
            let slices = self.message.rest(pattern).map(IoSlice::new);
            match self.stream.write_vectored(&slices) {
                Ok(count) => {
                    shared.operation(id.kind);
                    self.message.sent += count;
                    self.since = Instant::now();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) if self.is_cut() => {
                    shared.operation(id.kind);
                    return Err(Step::Ended);
                }
                Err(error) => return Err(self.fault(&format!("write: {error}"))),
            }
        }
        Ok(false)
    }

    fn latency(&self, kind: Kind) -> Latency {
        match kind {
            Kind::PipeClient => Latency::Pipe,
            _ if self.message.len() <= SMALL => Latency::Tcp,
            _ => Latency::TcpLarge,
        }
    }

    /// Whether the server closes without reading all, which may reset the connection.
    fn is_cut(&self) -> bool {
        let cuts = matches!(self.message.command, Command::Drop | Command::Reset);
        self.state == State::Waiting && cuts
    }

    fn expects_end(&self) -> bool {
        let closes = self.message.command == Command::Close && self.message.is_complete();
        self.state == State::Ending || self.is_cut() || closes
    }

    fn fault(&self, what: &str) -> Step {
        Step::Fault(format!("{what}; {}", self.describe()))
    }

    fn describe(&self) -> String {
        let Message { sent, received, .. } = self.message;
        let (state, command, length) = (self.state, self.message.command, self.message.len());
        format!(
            "{state:?} since {:.1} s, {command:?}: {sent} of {length} bytes sent, {received} \
             received; {}",
            self.since.elapsed().as_secs_f64(),
            self.trail
        )
    }

    /// What it waits for, if it waits for longer than the bound.
    pub(crate) fn overdue(&self) -> Option<String> {
        let waits = self.state != State::Idle && self.since.elapsed() > BOUND;
        let bound: Duration = BOUND;
        waits.then(|| format!("nothing has happened for {bound:?}; {}", self.describe()))
    }
}
