//! The tables at the head of `state`, cell by cell.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};

use super::buffer::Buffer;
use super::device::{Call, Device, Fault, Meaning, Memory, Ready};
use super::state::{LARGEST_READ, State, USUAL_READ};
use crate::{Interest, Token};

const TOKEN: Token = Token(7);
const ALL: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Memory with a number, so that each piece can be followed.
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
    refusals: VecDeque<Option<Fault>>,
    /// What is in flight: its call, its serial number, its memory and the length asked for.
    flying: Vec<(Call, u64, Piece, usize)>,
    cancelled: Vec<u64>,
    /// Pieces that are somewhere else than here: in flight or kept by the states.
    lent: usize,
}

impl Device<Piece, u64> for Script {
    fn memory(&mut self) -> Piece {
        self.lent += 1;
        Piece::default()
    }

    fn recycle(&mut self, _: Piece) {
        self.lent -= 1;
    }

    fn start(
        &mut self,
        call: Call,
        serial: u64,
        memory: Piece,
        len: usize,
    ) -> Result<u64, (Piece, Fault)> {
        match self.refusals.pop_front().flatten() {
            Some(fault) => Err((memory, fault)),
            None => {
                self.flying.push((call, serial, memory, len));
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
    state: State<Piece, u64>,
    script: Script,
}

fn fault(meaning: Meaning) -> Fault {
    let error = io::Error::from_raw_os_error(5);
    Fault { meaning, error }
}

impl Pipe {
    fn new() -> Pipe {
        Pipe {
            state: State::new(true),
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

    fn refuse(&mut self, meaning: Meaning) {
        self.script.refusals.push_back(Some(fault(meaning)));
    }

    fn abandon(&mut self) {
        let cancelled = &mut self.script.cancelled;
        self.state.abandon(|pending| cancelled.push(*pending));
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

    fn count(&self, call: Call) -> usize {
        let flying = &self.script.flying;
        flying.iter().filter(|(held, ..)| *held == call).count()
    }

    /// The oldest operation of a kind ends.
    fn end(&mut self, call: Call, result: Result<usize, Fault>) {
        let flying = &mut self.script.flying;
        let place = flying.iter().position(|(held, ..)| *held == call);
        let (call, serial, memory, _) = flying.remove(place.expect("in flight"));
        self.state
            .completed(&mut self.script, call, serial, memory, result);
    }

    /// The oldest read ends with data.
    fn receive(&mut self, data: &[u8]) {
        let flying = &mut self.script.flying;
        let read = flying.iter_mut().find(|(held, ..)| *held == Call::Read);
        let (_, _, memory, _) = read.expect("in flight");
        memory.buffer.space()[..data.len()].copy_from_slice(data);
        self.end(Call::Read, Ok(data.len()));
    }

    /// All memory is back, but for what the states keep and what is in flight.
    fn holds(&self, kept: usize) {
        assert_eq!(self.script.lent, kept + self.script.flying.len());
    }
}

// Connecting.

#[test]
fn a_client_comes() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
    // One at a time.
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(pipe.count(Call::Connect), 1);
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert_eq!(pipe.count(Call::Read), 1);
    assert!(pipe.state.take_error().is_none());
    pipe.holds(0);
}

#[test]
fn a_client_was_there_already() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.refuse(Meaning::Connected);
    pipe.connect().unwrap();
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert_eq!(pipe.said(), Ready::NOTHING, "once");
    assert_eq!(pipe.count(Call::Read), 1);
    pipe.holds(0);
}

#[test]
fn a_client_was_there_and_went() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.refuse(Meaning::Connected);
    pipe.refuse(Meaning::Ended);
    pipe.connect().unwrap();
    assert_eq!(pipe.said(), Ready::BOTH);
    assert_eq!(pipe.read(1), Ok(vec![]));
    pipe.holds(0);
}

#[test]
fn a_connection_completes_with_connected() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.connect().unwrap_err();
    pipe.end(Call::Connect, Err(fault(Meaning::Connected)));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert!(pipe.state.take_error().is_none());
}

#[test]
fn connecting_is_refused() {
    let mut pipe = Pipe::new();
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::NotFound);
    pipe.register(ALL, false);
    pipe.refuse(Meaning::Failed);
    assert_eq!(pipe.connect().unwrap_err().raw_os_error(), Some(5));
    assert_eq!(pipe.said(), Ready::NOTHING);
    // And can be tried again.
    pipe.connect().unwrap_err();
    assert_eq!(pipe.count(Call::Connect), 1);
    pipe.holds(0);
}

#[test]
fn connecting_fails() {
    for meaning in [
        Meaning::Failed,
        Meaning::Aborted,
        Meaning::Listening,
        Meaning::Ended,
    ] {
        let mut pipe = Pipe::new();
        pipe.register(ALL, false);
        pipe.connect().unwrap_err();
        pipe.end(Call::Connect, Err(fault(meaning)));
        assert_eq!(pipe.said(), Ready::BOTH, "{meaning:?}");
        assert_eq!(pipe.state.take_error().unwrap().raw_os_error(), Some(5));
        assert!(pipe.state.take_error().is_none(), "once");
        assert_eq!(pipe.count(Call::Read), 0);
        // The next attempt starts without the old error.
        pipe.connect().unwrap_err();
        pipe.end(Call::Connect, Err(fault(meaning)));
        pipe.connect().unwrap_err();
        assert!(pipe.state.take_error().is_none());
        pipe.holds(0);
    }
}

#[test]
fn a_client_comes_after_deregister() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.connect().unwrap_err();
    assert!(pipe.state.deregister());
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.count(Call::Read), 0);
    pipe.holds(0);
}

#[test]
fn connecting_fails_after_deregister() {
    for (meaning, is_kept) in [(Meaning::Failed, true), (Meaning::Aborted, false)] {
        let mut pipe = Pipe::new();
        pipe.register(ALL, false);
        pipe.connect().unwrap_err();
        pipe.state.deregister();
        pipe.end(Call::Connect, Err(fault(meaning)));
        assert_eq!(pipe.said(), Ready::NOTHING);
        // The next registration is told.
        pipe.register(ALL, false);
        assert_eq!(pipe.said() == Ready::BOTH, is_kept, "{meaning:?}");
        assert_eq!(pipe.state.take_error().is_some(), is_kept, "{meaning:?}");
    }
}

#[test]
fn a_connection_is_late() {
    for result in [
        Ok(0),
        Err(fault(Meaning::Aborted)),
        Err(fault(Meaning::Failed)),
    ] {
        let mut pipe = Pipe::new();
        pipe.register(ALL, false);
        pipe.connect().unwrap_err();
        pipe.state.disconnected(&mut pipe.script);
        assert_eq!(pipe.script.cancelled.len(), 1);
        // Idle.
        pipe.end(Call::Connect, result);
        assert_eq!(pipe.said(), Ready::NOTHING);
        assert!(pipe.state.take_error().is_none());
        assert_eq!(pipe.count(Call::Read), 0);
        pipe.holds(0);
    }
}

#[test]
fn a_connection_is_late_while_the_next_is_pending() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.connect().unwrap_err();
    pipe.state.disconnected(&mut pipe.script);
    pipe.connect().unwrap_err();
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(pipe.count(Call::Connect), 1, "still pending");
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::WRITABLE);
}

// Reading.

#[test]
fn data_comes() {
    let mut pipe = Pipe::up(ALL);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.count(Call::Read), 1);
    pipe.receive(b"abc");
    assert_eq!(pipe.said(), Ready::READABLE);
    assert_eq!(pipe.count(Call::Read), 0, "one at a time");
    pipe.holds(1);
    assert_eq!(pipe.read(2), Ok(b"ab".to_vec()));
    assert_eq!(pipe.count(Call::Read), 0, "there is some left");
    assert_eq!(pipe.read(2), Ok(b"c".to_vec()));
    assert_eq!(pipe.count(Call::Read), 1);
    assert_eq!(pipe.read(2), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.holds(0);
}

#[test]
fn a_message_of_nothing_comes() {
    let mut pipe = Pipe::up(ALL);
    pipe.receive(b"");
    assert_eq!(pipe.said(), Ready::READABLE);
    assert_eq!(pipe.read(9), Ok(vec![]));
    assert_eq!(pipe.count(Call::Read), 1);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
}

#[test]
fn more_than_there_is_room_for_is_not_believed() {
    let mut pipe = Pipe::up(ALL);
    pipe.end(Call::Read, Ok(usize::MAX));
    assert_eq!(pipe.read(usize::MAX).unwrap().len(), USUAL_READ);
}

#[test]
fn the_end_comes() {
    let mut pipe = Pipe::up(ALL);
    pipe.end(Call::Read, Err(fault(Meaning::Ended)));
    assert_eq!(pipe.said(), Ready::READABLE);
    for _ in 0..3 {
        assert_eq!(pipe.read(9), Ok(vec![]));
    }
    assert_eq!(pipe.count(Call::Read), 0);
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.holds(0);
}

#[test]
fn the_end_comes_with_the_next_read() {
    let mut pipe = Pipe::up(ALL);
    pipe.receive(b"a");
    pipe.said();
    pipe.refuse(Meaning::Ended);
    assert_eq!(pipe.read(9), Ok(b"a".to_vec()));
    assert_eq!(pipe.said(), Ready::READABLE);
    assert_eq!(pipe.read(9), Ok(vec![]));
    pipe.holds(0);
}

#[test]
fn reading_fails() {
    for meaning in [
        Meaning::Failed,
        Meaning::Aborted,
        Meaning::Listening,
        Meaning::Connected,
    ] {
        let mut pipe = Pipe::up(ALL);
        pipe.end(Call::Read, Err(fault(meaning)));
        assert_eq!(pipe.said(), Ready::READABLE, "{meaning:?}");
        let kind = io::Error::from_raw_os_error(5).kind();
        assert_eq!(pipe.read(9), Err(kind));
        // And goes on.
        assert_eq!(pipe.count(Call::Read), 1);
        assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
        pipe.holds(0);
    }
}

#[test]
fn reading_is_refused_again_and_again() {
    let mut pipe = Pipe::up(ALL);
    pipe.end(Call::Read, Err(fault(Meaning::Failed)));
    pipe.said();
    pipe.refuse(Meaning::Failed);
    let kind = io::Error::from_raw_os_error(5).kind();
    assert_eq!(pipe.read(9), Err(kind));
    assert_eq!(pipe.said(), Ready::READABLE);
    assert_eq!(pipe.read(9), Err(kind));
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    pipe.holds(0);
}

#[test]
fn data_comes_after_deregister() {
    let mut pipe = Pipe::up(ALL);
    pipe.state.deregister();
    assert!(!pipe.state.is_registered());
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    pipe.receive(b"abc");
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.read(2), Ok(b"ab".to_vec()));
    pipe.register(ALL, true);
    assert_eq!(pipe.said(), Ready::BOTH);
    pipe.state.deregister();
    assert_eq!(pipe.read(2), Ok(b"c".to_vec()));
    assert_eq!(pipe.read(2), Err(ErrorKind::NotFound));
    assert_eq!(pipe.count(Call::Read), 0);
    pipe.holds(0);
}

#[test]
fn reading_ends_after_deregister() {
    let five = io::Error::from_raw_os_error(5).kind();
    for (meaning, expected) in [
        (Meaning::Ended, Ok(vec![])),
        (Meaning::Failed, Err(five)),
        (Meaning::Aborted, Err(ErrorKind::NotFound)),
    ] {
        let mut pipe = Pipe::up(ALL);
        pipe.state.deregister();
        pipe.end(Call::Read, Err(fault(meaning)));
        assert_eq!(pipe.said(), Ready::NOTHING);
        assert_eq!(pipe.read(9), expected, "{meaning:?}");
        assert_eq!(pipe.count(Call::Read), 0);
        pipe.holds(0);
    }
}

#[test]
fn a_read_is_late() {
    type Before = fn(&mut Pipe);
    let befores: [Before; 5] = [
        // Idle.
        |_| {},
        // Pending.
        |pipe| pipe.register(ALL, true),
        // Data.
        |pipe| {
            pipe.register(ALL, true);
            let second = pipe.script.flying.remove(1);
            pipe.script.flying.insert(0, second);
            pipe.receive(b"new");
        },
        // Failed.
        |pipe| {
            pipe.refuse(Meaning::Failed);
            pipe.register(ALL, true);
        },
        // Ended.
        |pipe| {
            pipe.refuse(Meaning::Ended);
            pipe.register(ALL, true);
        },
    ];
    for before in befores {
        for result in [
            Ok(3),
            Err(fault(Meaning::Ended)),
            Err(fault(Meaning::Failed)),
            Err(fault(Meaning::Aborted)),
        ] {
            let mut pipe = Pipe::up(ALL);
            pipe.state.disconnected(&mut pipe.script);
            assert_eq!(pipe.script.cancelled.len(), 1);
            before(&mut pipe);
            pipe.said();
            let lent = pipe.script.lent;
            let reads = pipe.count(Call::Read);
            let (call, serial, memory, _) = pipe.script.flying.remove(0);
            pipe.state
                .completed(&mut pipe.script, call, serial, memory, result);
            assert_eq!(pipe.script.lent, lent - 1, "only the memory is back");
            assert_eq!(pipe.count(Call::Read), reads - 1);
            assert_eq!(pipe.said(), Ready::NOTHING);
        }
    }
}

// Writing.

#[test]
fn all_is_written() {
    let mut pipe = Pipe::up(ALL);
    assert_eq!(pipe.write(b"abc"), Ok(3));
    assert_eq!(pipe.write(b"d"), Err(ErrorKind::WouldBlock));
    pipe.end(Call::Write, Ok(3));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert_eq!(pipe.write(b"d"), Ok(1));
    pipe.holds(0);
}

#[test]
fn a_part_is_written() {
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"abc").unwrap();
    pipe.end(Call::Write, Ok(1));
    assert_eq!(pipe.said(), Ready::NOTHING);
    let (_, _, memory, len) = pipe.script.flying.last().unwrap();
    assert_eq!((memory.buffer.data(), *len), (b"bc".as_slice(), 2));
    assert_eq!(pipe.write(b"d"), Err(ErrorKind::WouldBlock));
    pipe.end(Call::Write, Ok(2));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    pipe.holds(0);
}

#[test]
fn nothing_of_nothing_is_written() {
    let mut pipe = Pipe::up(ALL);
    assert_eq!(pipe.write(b""), Ok(0));
    pipe.end(Call::Write, Ok(0));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert_eq!(pipe.write(b"d"), Ok(1));
}

#[test]
fn nothing_of_some_is_written() {
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"abc").unwrap();
    pipe.end(Call::Write, Ok(0));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert_eq!(pipe.write(b"d"), Err(ErrorKind::WriteZero));
    assert_eq!(pipe.write(b"d"), Ok(1));
    pipe.holds(0);
}

#[test]
fn the_rest_is_refused() {
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"abc").unwrap();
    pipe.refuse(Meaning::Failed);
    pipe.end(Call::Write, Ok(1));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert!(pipe.write(b"d").is_err());
    assert_eq!(pipe.write(b"d"), Ok(1));
    pipe.holds(0);
}

#[test]
fn writing_is_refused() {
    let mut pipe = Pipe::up(ALL);
    pipe.refuse(Meaning::Failed);
    let kind = io::Error::from_raw_os_error(5).kind();
    assert_eq!(pipe.write(b"abc"), Err(kind), "on that write");
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.write(b"abc"), Ok(3));
    pipe.holds(0);
}

#[test]
fn writing_fails() {
    for meaning in [
        Meaning::Failed,
        Meaning::Aborted,
        Meaning::Ended,
        Meaning::Listening,
        Meaning::Connected,
    ] {
        let mut pipe = Pipe::up(ALL);
        pipe.write(b"abc").unwrap();
        pipe.end(Call::Write, Err(fault(meaning)));
        assert_eq!(pipe.said(), Ready::WRITABLE);
        let kind = io::Error::from_raw_os_error(5).kind();
        assert_eq!(pipe.write(b"d"), Err(kind), "on the next write");
        assert_eq!(pipe.write(b"d"), Ok(1));
        pipe.holds(0);
    }
}

#[test]
fn writing_ends_after_deregister() {
    let five = io::Error::from_raw_os_error(5).kind();
    for (result, expected) in [
        (Ok(3), Err(ErrorKind::NotFound)),
        (Err(fault(Meaning::Failed)), Err(five)),
        (Err(fault(Meaning::Aborted)), Err(five)),
    ] {
        let mut pipe = Pipe::up(ALL);
        pipe.write(b"abc").unwrap();
        pipe.state.deregister();
        assert_eq!(pipe.write(b"d"), Err(ErrorKind::WouldBlock));
        pipe.end(Call::Write, result);
        assert_eq!(pipe.said(), Ready::NOTHING);
        assert_eq!(pipe.write(b"d"), expected);
        pipe.holds(0);
    }
}

#[test]
fn a_write_error_is_said_to_the_next_registration() {
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"abc").unwrap();
    pipe.state.deregister();
    pipe.end(Call::Write, Err(fault(Meaning::Failed)));
    pipe.register(Interest::WRITABLE, false);
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert!(pipe.write(b"d").is_err());
}

#[test]
fn a_write_is_late() {
    for state in 0..3 {
        for result in [
            Ok(3),
            Ok(1),
            Ok(0),
            Err(fault(Meaning::Aborted)),
            Err(fault(Meaning::Failed)),
        ] {
            let mut pipe = Pipe::up(Interest::WRITABLE);
            pipe.write(b"abc").unwrap();
            pipe.state.disconnected(&mut pipe.script);
            let late = pipe.script.flying.remove(0);
            // Idle, pending, failed.
            if state > 0 {
                pipe.write(b"new").unwrap();
            }
            if state > 1 {
                pipe.end(Call::Write, Err(fault(Meaning::Failed)));
                pipe.said();
            }
            let lent = pipe.script.lent;
            let (call, serial, memory, _) = late;
            pipe.state
                .completed(&mut pipe.script, call, serial, memory, result);
            assert_eq!(pipe.script.lent, lent - 1, "only the memory is back");
            assert_eq!(pipe.said(), Ready::NOTHING);
            assert_eq!(pipe.count(Call::Write), usize::from(state == 1));
        }
    }
}

// Closing.

#[test]
fn a_pipe_is_dropped_while_connecting() {
    for result in [
        Ok(0),
        Err(fault(Meaning::Aborted)),
        Err(fault(Meaning::Failed)),
    ] {
        let mut pipe = Pipe::new();
        pipe.register(ALL, false);
        pipe.connect().unwrap_err();
        pipe.state.close(&mut pipe.script);
        assert_eq!(pipe.script.cancelled.len(), 1);
        pipe.end(Call::Connect, result);
        assert_eq!(pipe.said(), Ready::NOTHING);
        assert!(pipe.script.flying.is_empty());
        pipe.holds(0);
    }
}

#[test]
fn a_pipe_is_dropped_while_reading() {
    for result in [
        Ok(3),
        Err(fault(Meaning::Ended)),
        Err(fault(Meaning::Aborted)),
        Err(fault(Meaning::Failed)),
    ] {
        let mut pipe = Pipe::up(ALL);
        pipe.state.close(&mut pipe.script);
        assert_eq!(pipe.script.cancelled.len(), 1);
        pipe.end(Call::Read, result);
        assert_eq!(pipe.said(), Ready::NOTHING);
        assert!(pipe.script.flying.is_empty());
        pipe.holds(0);
    }
}

#[test]
fn a_pipe_is_dropped_with_data_an_error_or_the_end() {
    for result in [
        Ok(3),
        Err(fault(Meaning::Ended)),
        Err(fault(Meaning::Failed)),
    ] {
        let mut pipe = Pipe::up(ALL);
        pipe.end(Call::Read, result);
        pipe.state.close(&mut pipe.script);
        assert_eq!(pipe.said(), Ready::NOTHING);
        pipe.holds(0);
    }
}

#[test]
fn a_pipe_is_dropped_while_writing() {
    let mut pipe = Pipe::up(Interest::WRITABLE);
    pipe.write(b"abc").unwrap();
    pipe.state.close(&mut pipe.script);
    assert!(pipe.script.cancelled.is_empty(), "it arrives");
    // A part, and then the rest.
    pipe.end(Call::Write, Ok(1));
    assert_eq!(pipe.count(Call::Write), 1);
    pipe.end(Call::Write, Ok(2));
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.holds(0);
}

#[test]
fn a_pipe_is_dropped_and_writing_fails() {
    for result in [
        Ok(0),
        Err(fault(Meaning::Aborted)),
        Err(fault(Meaning::Failed)),
    ] {
        let mut pipe = Pipe::up(Interest::WRITABLE);
        pipe.write(b"abc").unwrap();
        pipe.state.close(&mut pipe.script);
        pipe.end(Call::Write, result);
        assert_eq!(pipe.said(), Ready::NOTHING);
        assert!(pipe.script.flying.is_empty());
        pipe.holds(0);
    }
}

#[test]
fn the_port_goes() {
    let mut pipe = Pipe::up(ALL);
    pipe.connect().unwrap_err();
    pipe.write(b"abc").unwrap();
    pipe.abandon();
    assert_eq!(pipe.script.cancelled.len(), 3);
    pipe.end(Call::Connect, Err(fault(Meaning::Aborted)));
    pipe.end(Call::Read, Err(fault(Meaning::Aborted)));
    pipe.end(Call::Write, Err(fault(Meaning::Aborted)));
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert!(pipe.state.take_error().is_none());
    assert_eq!(pipe.read(9), Err(ErrorKind::NotFound));
    let five = io::Error::from_raw_os_error(5).kind();
    assert_eq!(pipe.write(b"d"), Err(five), "what was lost is said");
    assert_eq!(pipe.write(b"d"), Err(ErrorKind::NotFound));
    pipe.holds(0);
}

#[test]
fn the_port_goes_and_nothing_can_be_started() {
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"abc").unwrap();
    pipe.abandon();
    // The read had ended before, and a part was written.
    pipe.receive(b"in");
    pipe.refuse(Meaning::Failed);
    pipe.end(Call::Write, Ok(1));
    assert_eq!(pipe.read(9), Ok(b"in".to_vec()));
    assert!(pipe.script.flying.is_empty());
    assert!(pipe.write(b"d").is_err());
    pipe.holds(0);
}

#[test]
fn an_idle_pipe_is_abandoned_or_dropped() {
    let mut pipe = Pipe::new();
    pipe.abandon();
    pipe.state.close(&mut pipe.script);
    assert!(pipe.script.cancelled.is_empty());
    assert!(!pipe.state.deregister());
    pipe.holds(0);
}

// Registrations.

#[test]
fn an_interest_in_writing_starts_no_read() {
    let mut pipe = Pipe::new();
    pipe.register(Interest::WRITABLE, true);
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert_eq!(pipe.count(Call::Read), 0);
    // But the caller may.
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.count(Call::Read), 1);
    pipe.receive(b"abc");
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.read(9), Ok(b"abc".to_vec()));
    assert_eq!(pipe.count(Call::Read), 0);
}

#[test]
fn a_read_of_the_callers_is_refused() {
    let five = io::Error::from_raw_os_error(5).kind();
    for (meaning, expected) in [
        (Meaning::Listening, Err(ErrorKind::WouldBlock)),
        (Meaning::Ended, Ok(vec![])),
        (Meaning::Failed, Err(five)),
    ] {
        let mut pipe = Pipe::up(Interest::WRITABLE);
        pipe.refuse(meaning);
        assert_eq!(pipe.read(9), expected, "{meaning:?}");
        assert_eq!(pipe.said(), Ready::NOTHING);
        pipe.holds(0);
    }
}

#[test]
fn an_interest_in_reading_is_told_nothing_of_writing() {
    let mut pipe = Pipe::new();
    pipe.register(Interest::READABLE, true);
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.write(b"abc").unwrap();
    pipe.end(Call::Write, Ok(3));
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.register(ALL, true);
    assert_eq!(pipe.said(), Ready::WRITABLE);
}

#[test]
fn nothing_is_said_while_nobody_is_connected() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.count(Call::Read), 0);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    // The query was wrong, and the read knows better.
    pipe.refuse(Meaning::Listening);
    pipe.register(ALL, true);
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.holds(0);
}

#[test]
fn what_holds_is_said_again() {
    let mut pipe = Pipe::up(ALL);
    pipe.receive(b"abc");
    assert_eq!(pipe.said(), Ready::READABLE);
    pipe.register(ALL, true);
    assert_eq!(pipe.said(), Ready::BOTH);
    // Nothing twice, and nothing of an earlier registration.
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.register(ALL, true);
    pipe.state.deregister();
    pipe.register(Interest::WRITABLE, false);
    assert_eq!(pipe.said(), Ready::NOTHING);
}

#[test]
fn nothing_of_an_earlier_interest_is_said() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, true);
    pipe.register(Interest::READABLE, true);
    assert_eq!(pipe.said(), Ready::NOTHING);
}

#[test]
fn disconnecting_forgets_the_client() {
    let mut pipe = Pipe::up(ALL);
    pipe.receive(b"old");
    pipe.write(b"old").unwrap();
    pipe.state.disconnected(&mut pipe.script);
    assert_eq!(pipe.script.cancelled.len(), 1, "the write");
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    pipe.connect().unwrap_err();
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    pipe.receive(b"new");
    assert_eq!(pipe.read(9), Ok(b"new".to_vec()));
    pipe.end(Call::Write, Err(fault(Meaning::Aborted)));
    assert_eq!(pipe.said(), Ready::READABLE);
    pipe.holds(0);
}

#[test]
fn the_end_is_that_of_one_client() {
    let mut pipe = Pipe::up(ALL);
    pipe.end(Call::Read, Err(fault(Meaning::Ended)));
    pipe.said();
    pipe.connect().unwrap_err();
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.count(Call::Read), 1);
}

// Sizes.

#[test]
fn reads_follow_the_caller() {
    let mut pipe = Pipe::up(ALL);
    let mut asked = vec![pipe.script.flying[0].3];
    for len in [0, 1, 10_000, usize::MAX] {
        pipe.receive(b"a");
        pipe.read(len.max(1)).unwrap();
        asked.push(pipe.script.flying[0].3);
    }
    assert_eq!(
        asked,
        [USUAL_READ, USUAL_READ, USUAL_READ, 10_000, LARGEST_READ]
    );
}

#[test]
fn a_handle_that_is_no_pipe_starts_with_one_byte() {
    let mut pipe = Pipe {
        state: State::new(false),
        script: Script::default(),
    };
    pipe.register(ALL, true);
    let mut asked = vec![pipe.script.flying[0].3];
    for len in [1, 512, usize::MAX, 1] {
        pipe.receive(b"a");
        pipe.read(len).unwrap();
        asked.push(pipe.script.flying[0].3);
    }
    assert_eq!(asked, [1, 1, 512, LARGEST_READ, 1]);
}

#[test]
fn memory_that_cannot_be_had_fails_one_write() {
    let mut pipe = Pipe::up(ALL);
    let error = pipe
        .state
        .write(&mut pipe.script, |_| Err(ErrorKind::OutOfMemory.into()));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::OutOfMemory);
    pipe.holds(0);
    assert_eq!(pipe.write(b"a"), Ok(1));
}
