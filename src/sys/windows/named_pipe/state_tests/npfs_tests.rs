//! The pipe's state on the fake npfs, under random schedules.
//!
//! Several tasks share one server, as tokio's `NamedPipeServer` allows: one connects, one reads,
//! one writes, and sometimes one disconnects. Each waits only after `WouldBlock`, and runs again
//! only after an event. Clients connect, write, read and close.
//!
//! Checked: no byte is lost, none reaches a wrong client, every waiter is woken, and all memory is
//! returned exactly once.

use super::super::state::{Read, Write};
use super::npfs_fake_tests::*;
use super::*;

/// The state of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Runs,
    /// It got `WouldBlock`, and waits for an event.
    Waits,
    /// It has nothing to do until the next client.
    Rests,
}

/// The server, its tasks, its client and the driver.
struct FakeKernel {
    state: PipeState<TestMemory, u64>,
    npfs: Npfs,
    connector: Task,
    reader: Task,
    writer: Task,
    /// How often the server has disconnected: the number of the current client.
    epoch: usize,
    /// Bytes of this epoch: written by the client, read by the server, accepted by the server, read
    /// by the client.
    sent: usize,
    read: usize,
    accepted: usize,
    received: usize,
    /// Whether a write of this epoch has failed, so that bytes may be missing.
    is_broken: bool,
    has_ended: bool,
}

/// The byte at an offset in the stream of one epoch, in either direction.
fn byte(epoch: usize, offset: usize) -> u8 {
    (epoch * 41 + offset) as u8
}

fn stream(epoch: usize, from: usize, len: usize) -> Vec<u8> {
    (from..from + len)
        .map(|offset| byte(epoch, offset))
        .collect()
}

impl FakeKernel {
    fn new(random: Choices) -> FakeKernel {
        let mut state = PipeState::new(true);
        let mut npfs = Npfs::new(random);
        state.register(&mut npfs, TOKEN, ALL, false);
        FakeKernel {
            state,
            npfs,
            connector: Task::Runs,
            reader: Task::Runs,
            writer: Task::Runs,
            epoch: 0,
            sent: 0,
            read: 0,
            accepted: 0,
            received: 0,
            is_broken: false,
            has_ended: false,
        }
    }

    fn connect(&mut self) {
        self.connector = match self.state.connect(&mut self.npfs) {
            Ok(()) => Task::Rests,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Task::Waits,
            Err(error) => panic!("connect: {error}"),
        };
    }

    fn read(&mut self) {
        let room = 1 + self.npfs.random.below(20) as usize;
        let mut data = Vec::new();
        let result = self.state.read(&mut self.npfs, room, |bytes| {
            data = bytes[..bytes.len().min(room)].to_vec();
            data.len()
        });
        match result {
            Ok(0) => {
                assert_eq!(self.npfs.phase, Phase::Closing, "an end without its reason");
                assert_eq!(self.read, self.sent, "lost bytes");
                self.has_ended = true;
                self.reader = Task::Rests;
            }
            Ok(len) => {
                assert_eq!(data, stream(self.epoch, self.read, len), "wrong bytes");
                self.read += len;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.reader = Task::Waits,
            Err(_) => {}
        }
    }

    fn write(&mut self) {
        let len = 1 + self.npfs.random.below(3 * QUOTA as u64) as usize;
        let data = stream(self.epoch, self.accepted, len);
        let fill = |buffer: &mut Buffer| buffer.gather([data.as_slice()].into_iter());
        match self.state.write(&mut self.npfs, fill) {
            Ok(count) => {
                assert_eq!(count, len);
                self.accepted += count;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.writer = Task::Waits,
            Err(_) => {
                self.is_broken = true;
                self.writer = Task::Rests;
            }
        }
    }

    fn refusal_of_write(&mut self) -> ErrorKind {
        let result = self.state.write(&mut self.npfs, |_| Ok(()));
        result.expect_err("lost in silence").kind()
    }

    fn disconnect(&mut self) {
        let is_reading = matches!(self.state.read, Read::Pending(_) | Read::Data(_));
        let is_writing = matches!(self.state.write, Write::Pending(_));
        if !self.npfs.disconnect() {
            return;
        }
        self.state
            .disconnected(&mut self.npfs, ERROR_PIPE_NOT_CONNECTED);
        self.epoch += 1;
        (self.sent, self.read, self.accepted, self.received) = (0, 0, 0, 0);
        (self.is_broken, self.has_ended) = (false, false);
        for task in [&mut self.connector, &mut self.reader, &mut self.writer] {
            if *task == Task::Rests {
                *task = Task::Runs;
            }
        }
        if self.npfs.random.one_in(2) {
            // An event wakes every task.
            self.report();
            for task in [self.connector, self.reader, self.writer] {
                assert_ne!(task, Task::Waits);
            }
            // The loss of accepted bytes is reported.
            if is_writing {
                assert_ne!(self.refusal_of_write(), ErrorKind::WouldBlock);
            }
            if is_reading {
                let result = self.state.read(&mut self.npfs, 1, |_| 0);
                assert_ne!(result.unwrap_err().kind(), ErrorKind::WouldBlock);
            }
        } else {
            // As a single task does, it connects again at once.
            self.connect();
        }
    }

    /// The waiting thread takes the events.
    fn report(&mut self) -> bool {
        let Some((_, ready)) = self.state.take_ready() else {
            return false;
        };
        let wake = |task: &mut Task| {
            if *task == Task::Waits {
                *task = Task::Runs;
            }
        };
        if ready.readable {
            wake(&mut self.reader);
        }
        if ready.writable {
            wake(&mut self.writer);
            wake(&mut self.connector);
        }
        // A writer without a client waits for the next one.
        if self.writer == Task::Rests && !self.is_broken {
            self.writer = Task::Runs;
        }
        true
    }

    /// The waiting thread takes a packet, and with it the event of its completion.
    fn deliver(&mut self, offset: usize) {
        let (request, done) = self.npfs.packets.swap_remove(offset);
        let Request {
            op, serial, memory, ..
        } = request;
        self.state
            .completed(&mut self.npfs, op, serial, memory, done);
        self.report();
    }

    fn client_step(&mut self) {
        match (self.npfs.phase, self.npfs.random.below(8)) {
            (Phase::Listening, 0..4) => {
                self.npfs.phase = Phase::Connected;
                self.is_broken = false;
                self.npfs.advance();
            }
            (Phase::Connected, 0..4) if self.npfs.inbound.len() < QUOTA => {
                let len = 1 + self.npfs.random.below(QUOTA as u64 / 2) as usize;
                self.npfs.inbound.extend(stream(self.epoch, self.sent, len));
                self.sent += len;
                self.npfs.advance();
            }
            (Phase::Connected, 4..7) => {
                let len = self.npfs.random.below(QUOTA as u64) as usize;
                self.receive(len);
            }
            (Phase::Connected, _) if self.npfs.random.one_in(5) => {
                self.npfs.phase = Phase::Closing;
                self.npfs.outbound.clear();
                self.npfs.advance();
            }
            _ => {}
        }
    }

    /// The client reads.
    fn receive(&mut self, len: usize) {
        let len = len.min(self.npfs.outbound.len());
        let data: Vec<u8> = self.npfs.outbound.drain(..len).collect();
        if !self.is_broken {
            let expected = stream(self.epoch, self.received, len);
            assert_eq!(data, expected, "wrong bytes at the client");
        }
        self.received += len;
        self.npfs.advance();
    }

    fn task_step(&mut self) {
        match self.npfs.random.below(3) {
            0 if self.connector == Task::Runs => self.connect(),
            1 if self.reader == Task::Runs => self.read(),
            2 if self.writer == Task::Runs => self.write(),
            _ => {}
        }
    }

    fn step(&mut self) {
        match self.npfs.random.below(100) {
            0..30 => self.client_step(),
            30..60 => self.task_step(),
            60..75 if !self.npfs.packets.is_empty() => {
                let offset = self.npfs.random.below(self.npfs.packets.len() as u64) as usize;
                self.deliver(offset);
            }
            75..90 => {
                self.report();
            }
            90..94 if !self.npfs.late.is_empty() => {
                let offset = self.npfs.random.below(self.npfs.late.len() as u64) as usize;
                let over = self.npfs.late.swap_remove(offset);
                self.npfs.packets.push(over);
            }
            94..96 => self.disconnect(),
            96 => {
                // A new registration reports the current readiness.
                let is_connected = matches!(self.npfs.phase, Phase::Connected | Phase::Closing);
                self.state
                    .register(&mut self.npfs, TOKEN, ALL, is_connected);
            }
            97 if self.npfs.random.one_in(4) => {
                // Other code cancels the reads.
                let reads = |request: &Request| request.op == OpKind::Read;
                if let Some(offset) = self.npfs.pending.iter().position(reads) {
                    let request = self.npfs.pending.remove(offset);
                    let op_error = failed(OpKind::Read, ERROR_OPERATION_ABORTED);
                    self.npfs.over(request, Err(op_error));
                }
            }
            _ => {}
        }
    }

    /// Runs until nothing changes any more, and checks that no task waits in vain.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            let mut is_idle = !self.report();
            while !self.npfs.packets.is_empty() {
                self.deliver(0);
                is_idle = false;
            }
            for _ in 0..8 {
                self.task_step();
            }
            let tasks = [self.connector, self.reader, self.writer];
            // A task may just have made readiness that is not reported yet.
            is_idle &= !self.state.has_ready();
            if is_idle && self.npfs.packets.is_empty() && !tasks.contains(&Task::Runs) {
                return self.check();
            }
            self.receive(QUOTA);
        }
        panic!("it never rests");
    }

    fn check(&self) {
        let is_pending = |op| self.npfs.pending.iter().any(|request| request.op == op);
        let phase = self.npfs.phase;
        if self.connector == Task::Waits {
            assert!(is_pending(OpKind::Connect), "nothing listens: {phase:?}");
        }
        if self.reader == Task::Waits {
            assert!(self.npfs.inbound.is_empty(), "data that is not announced");
            assert_ne!(phase, Phase::Closing, "an end that is not announced");
        }
        if self.writer == Task::Waits && phase == Phase::Connected {
            assert!(is_pending(OpKind::Write), "room that is not announced");
        }
        if phase == Phase::Connected && !self.is_broken {
            let waits: usize = self.npfs.outbound.len();
            assert!(self.received + waits <= self.accepted);
            if !is_pending(OpKind::Write) {
                assert_eq!(self.received + waits, self.accepted, "lost bytes");
            }
        }
    }

    /// Drops the pipe or its port. Some operations never complete.
    fn end(mut self) {
        if self.npfs.random.one_in(2) {
            let mut cancelled = Vec::new();
            self.state.cancel_all(|pending| cancelled.push(*pending));
            for pending in cancelled {
                self.npfs.cancel(&pending);
            }
        }
        self.state.close(&mut self.npfs);
        for request in mem::take(&mut self.npfs.pending) {
            self.npfs.late.push((request, Ok(0)));
        }
        while !self.npfs.packets.is_empty() {
            self.deliver(0);
        }
        assert!(self.state.take_ready().is_none());
        let stuck = self.npfs.late.len() + self.npfs.pending.len();
        assert_eq!(self.npfs.outstanding, stuck, "memory that is not back");
    }
}

/// Runs one schedule. After each of at most so many parts nothing happens until the server rests.
pub(crate) fn run(random: Choices, parts: usize) {
    let mut world = FakeKernel::new(random);
    for _ in 0..parts {
        if world.npfs.random.has_ended() {
            break;
        }
        for _ in 0..60 {
            world.step();
        }
        world.settle();
    }
    world.end();
}

#[test]
fn tasks_share_a_server_on_fake_npfs() {
    for seed in 0..1000 {
        let result = std::panic::catch_unwind(|| run(Choices::from_seed(seed), 4));
        assert!(result.is_ok(), "seed {seed}");
    }
}
