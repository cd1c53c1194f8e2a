//! Reading, writing and their completions, and the sizes of reads and writes.

use super::*;

#[test]
fn completed_read_is_readable_data() {
    let mut pipe = Pipe::connected(ALL);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.count(OpKind::Read), 1);
    pipe.receive(b"abc");
    assert_eq!(pipe.take_ready(), Ready::READABLE);
    assert_eq!(pipe.count(OpKind::Read), 0, "one at a time");
    pipe.holds(1);
    assert_eq!(pipe.read(2), Ok(b"ab".to_vec()));
    assert_eq!(pipe.count(OpKind::Read), 0, "there is some left");
    assert_eq!(pipe.read(2), Ok(b"c".to_vec()));
    assert_eq!(pipe.count(OpKind::Read), 1);
    assert_eq!(pipe.read(2), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.holds(0);
}

/// Readiness that was not delivered before its data was read, or before a write used it, is out of
/// date: with that of the next completion, one `poll` would report the same event twice.
#[test]
fn used_readiness_is_not_reported() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, true);
    assert_eq!(pipe.write(b"abc"), Ok(3));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.end(OpKind::Write, Ok(3));
    assert_eq!(pipe.take_ready(), Ready::WRITABLE);

    pipe.receive(b"ab");
    assert_eq!(pipe.read(9), Ok(b"ab".to_vec()));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.receive(b"cd");
    assert_eq!(pipe.read(1), Ok(b"c".to_vec()));
    assert_eq!(pipe.take_ready(), Ready::READABLE, "a byte is left");
}

/// Both directions learn of a client, or of a failed connect, whatever the caller does meanwhile.
#[test]
fn use_keeps_the_notice_of_a_connection() {
    for result in [Ok(0), Err(op_error(OpErrorKind::Other))] {
        let mut pipe = Pipe::new();
        pipe.register(ALL, false);
        pipe.connect().unwrap_err();
        pipe.end(OpKind::Connect, result);
        assert_eq!(pipe.write(b"abc"), Ok(3));
        assert_eq!(pipe.take_ready(), Ready::BOTH);
        pipe.end(OpKind::Write, Ok(3));
        assert_eq!(pipe.write(b"abc"), Ok(3));
        assert_eq!(pipe.take_ready(), Ready::NOTHING);
    }
}

#[test]
fn empty_message_reads_zero_bytes() {
    let mut pipe = Pipe::connected(ALL);
    pipe.receive(b"");
    assert_eq!(pipe.take_ready(), Ready::READABLE);
    assert_eq!(pipe.read(9), Ok(vec![]));
    assert_eq!(pipe.count(OpKind::Read), 1);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
}

#[test]
fn reported_length_is_clamped_to_the_buffer() {
    let mut pipe = Pipe::connected(ALL);
    pipe.end(OpKind::Read, Ok(usize::MAX));
    assert_eq!(pipe.read(usize::MAX).unwrap().len(), DEFAULT_READ);
}

#[test]
fn end_of_file_is_readable_and_lasts() {
    let mut pipe = Pipe::connected(ALL);
    pipe.end(OpKind::Read, Err(op_error(OpErrorKind::EndOfFile)));
    assert_eq!(pipe.take_ready(), Ready::READABLE);
    for _ in 0..3 {
        assert_eq!(pipe.read(9), Ok(vec![]));
    }
    assert_eq!(pipe.count(OpKind::Read), 0);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.holds(0);
}

#[test]
fn end_of_file_of_the_next_read_is_kept() {
    let mut pipe = Pipe::connected(ALL);
    pipe.receive(b"a");
    pipe.take_ready();
    pipe.refuse(OpErrorKind::EndOfFile);
    assert_eq!(pipe.read(9), Ok(b"a".to_vec()));
    assert_eq!(pipe.take_ready(), Ready::READABLE);
    assert_eq!(pipe.read(9), Ok(vec![]));
    pipe.holds(0);
}

#[test]
fn failed_read_is_returned_once() {
    for kind in [
        OpErrorKind::Other,
        OpErrorKind::Listening,
        OpErrorKind::AlreadyConnected,
    ] {
        let mut pipe = Pipe::connected(ALL);
        pipe.end(OpKind::Read, Err(op_error(kind)));
        assert_eq!(pipe.take_ready(), Ready::READABLE, "{kind:?}");
        let kind = io::Error::from_raw_os_error(5).kind();
        assert_eq!(pipe.read(9), Err(kind));
        // Reading goes on.
        assert_eq!(pipe.count(OpKind::Read), 1);
        assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
        pipe.holds(0);
    }
}

#[test]
fn repeatedly_refused_read_is_returned_each_time() {
    let mut pipe = Pipe::connected(ALL);
    pipe.end(OpKind::Read, Err(op_error(OpErrorKind::Other)));
    pipe.take_ready();
    pipe.refuse(OpErrorKind::Other);
    let kind = io::Error::from_raw_os_error(5).kind();
    assert_eq!(pipe.read(9), Err(kind));
    assert_eq!(pipe.take_ready(), Ready::READABLE);
    assert_eq!(pipe.read(9), Err(kind));
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    pipe.holds(0);
}

#[test]
fn data_after_deregister_is_kept() {
    let mut pipe = Pipe::connected(ALL);
    pipe.state.deregister();
    assert!(!pipe.state.is_registered());
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    pipe.receive(b"abc");
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    assert_eq!(pipe.read(2), Ok(b"ab".to_vec()));
    pipe.register(ALL, true);
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    pipe.state.deregister();
    assert_eq!(pipe.read(2), Ok(b"c".to_vec()));
    assert_eq!(pipe.read(2), Err(ErrorKind::NotFound));
    assert_eq!(pipe.count(OpKind::Read), 0);
    pipe.holds(0);
}

#[test]
fn read_failing_after_deregister_is_kept() {
    let five = io::Error::from_raw_os_error(5).kind();
    for (kind, expected) in [
        (OpErrorKind::EndOfFile, Ok(vec![])),
        (OpErrorKind::Other, Err(five)),
        (OpErrorKind::Aborted, Err(ErrorKind::NotFound)),
    ] {
        let mut pipe = Pipe::connected(ALL);
        pipe.state.deregister();
        pipe.end(OpKind::Read, Err(op_error(kind)));
        assert_eq!(pipe.take_ready(), Ready::NOTHING);
        assert_eq!(pipe.read(9), expected, "{kind:?}");
        assert_eq!(pipe.count(OpKind::Read), 0);
        pipe.holds(0);
    }
}

#[test]
fn late_read_only_returns_memory() {
    type Before = fn(&mut Pipe);
    let befores: [Before; 5] = [
        // Idle.
        |_| {},
        // Pending.
        |pipe| pipe.register(ALL, true),
        // Data.
        |pipe| {
            pipe.register(ALL, true);
            let second = pipe.ops.in_flight.remove(1);
            pipe.ops.in_flight.insert(0, second);
            pipe.receive(b"new");
        },
        // Failed.
        |pipe| {
            pipe.refuse(OpErrorKind::Other);
            pipe.register(ALL, true);
        },
        // Ended.
        |pipe| {
            pipe.refuse(OpErrorKind::EndOfFile);
            pipe.register(ALL, true);
        },
    ];
    for before in befores {
        for result in [
            Ok(3),
            Err(op_error(OpErrorKind::EndOfFile)),
            Err(op_error(OpErrorKind::Other)),
            Err(op_error(OpErrorKind::Aborted)),
        ] {
            let mut pipe = Pipe::connected(ALL);
            pipe.disconnect();
            assert_eq!(pipe.ops.cancelled.len(), 1);
            pipe.read(9).unwrap_err();
            before(&mut pipe);
            pipe.take_ready();
            let outstanding = pipe.ops.outstanding;
            let reads = pipe.count(OpKind::Read);
            let (op, serial, memory, _) = pipe.ops.in_flight.remove(0);
            pipe.state
                .completed(&mut pipe.ops, op, serial, memory, result);
            assert_eq!(
                pipe.ops.outstanding,
                outstanding - 1,
                "only the memory is back"
            );
            assert_eq!(pipe.count(OpKind::Read), reads - 1);
            assert_eq!(pipe.take_ready(), Ready::NOTHING);
        }
    }
}

/// A canceled read that has consumed no byte is no error of the pipe. (The exit of the thread that
/// started it cancels nothing on a handle with a completion port: [ExitThread][exit].)
///
/// [exit]: https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-exitthread
#[test]
fn read_cancelled_by_others_is_restarted() {
    for interest in [ALL, Interest::READABLE] {
        let mut pipe = Pipe::connected(interest);
        for _ in 0..MAX_ABORTED_READS {
            pipe.end(OpKind::Read, Err(op_error(OpErrorKind::Aborted)));
            assert_eq!(pipe.take_ready(), Ready::NOTHING);
            assert_eq!(pipe.count(OpKind::Read), 1);
            assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
        }
        pipe.receive(b"abc");
        assert_eq!(pipe.take_ready(), Ready::READABLE);
        assert_eq!(pipe.read(9), Ok(b"abc".to_vec()));
        pipe.holds(0);
    }
}

#[test]
fn device_aborting_every_read_is_reported() {
    let mut pipe = Pipe::connected(ALL);
    for _ in 0..MAX_ABORTED_READS {
        pipe.end(OpKind::Read, Err(op_error(OpErrorKind::Aborted)));
    }
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.end(OpKind::Read, Err(op_error(OpErrorKind::Aborted)));
    assert_eq!(pipe.take_ready(), Ready::READABLE);
    let kind = io::Error::from_raw_os_error(5).kind();
    assert_eq!(pipe.read(9), Err(kind));
    assert_eq!(pipe.count(OpKind::Read), 1);
    pipe.holds(0);
}

#[test]
fn failed_restart_of_a_read_is_reported() {
    let five = io::Error::from_raw_os_error(5).kind();
    for (kind, expected) in [
        (OpErrorKind::Other, Err(five)),
        (OpErrorKind::EndOfFile, Ok(vec![])),
    ] {
        let mut pipe = Pipe::connected(ALL);
        pipe.refuse(kind);
        pipe.end(OpKind::Read, Err(op_error(OpErrorKind::Aborted)));
        assert_eq!(pipe.take_ready(), Ready::READABLE);
        assert_eq!(pipe.read(9), expected);
    }
}

#[test]
fn read_size_follows_the_callers_buffer() {
    let mut pipe = Pipe::connected(ALL);
    let mut asked = vec![pipe.ops.in_flight[0].3];
    for len in [0, 1, 10_000, usize::MAX] {
        pipe.receive(b"a");
        pipe.read(len.max(1)).unwrap();
        asked.push(pipe.ops.in_flight[0].3);
    }
    assert_eq!(
        asked,
        [DEFAULT_READ, DEFAULT_READ, DEFAULT_READ, 10_000, MAX_READ]
    );
}

#[test]
fn first_read_of_other_handles_is_one_byte() {
    let mut pipe = Pipe {
        state: PipeState::new(false),
        ops: FakeOps::default(),
    };
    pipe.register(ALL, true);
    let mut asked = vec![pipe.ops.in_flight[0].3];
    for len in [1, 512, usize::MAX, 1] {
        pipe.receive(b"a");
        pipe.read(len).unwrap();
        asked.push(pipe.ops.in_flight[0].3);
    }
    assert_eq!(asked, [1, 1, 512, MAX_READ, 1]);
}

#[test]
fn failed_allocation_fails_one_write() {
    let mut pipe = Pipe::connected(ALL);
    let error = pipe
        .state
        .write(&mut pipe.ops, |_| Err(ErrorKind::OutOfMemory.into()));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::OutOfMemory);
    pipe.holds(0);
    assert_eq!(pipe.write(b"a"), Ok(1));
}

#[test]
fn complete_write_is_writable() {
    let mut pipe = Pipe::connected(ALL);
    assert_eq!(pipe.write(b"abc"), Ok(3));
    assert_eq!(pipe.write(b"d"), Err(ErrorKind::WouldBlock));
    pipe.end(OpKind::Write, Ok(3));
    assert_eq!(pipe.take_ready(), Ready::WRITABLE);
    assert_eq!(pipe.write(b"d"), Ok(1));
    pipe.holds(0);
}

#[test]
fn partial_write_continues_with_the_rest() {
    let mut pipe = Pipe::connected(ALL);
    pipe.write(b"abc").unwrap();
    pipe.end(OpKind::Write, Ok(1));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    let (_, _, memory, len) = pipe.ops.in_flight.last().unwrap();
    assert_eq!((memory.buffer.data(), *len), (b"bc".as_slice(), 2));
    assert_eq!(pipe.write(b"d"), Err(ErrorKind::WouldBlock));
    pipe.end(OpKind::Write, Ok(2));
    assert_eq!(pipe.take_ready(), Ready::WRITABLE);
    pipe.holds(0);
}

#[test]
fn empty_write_completes() {
    let mut pipe = Pipe::connected(ALL);
    assert_eq!(pipe.write(b""), Ok(0));
    pipe.end(OpKind::Write, Ok(0));
    assert_eq!(pipe.take_ready(), Ready::WRITABLE);
    assert_eq!(pipe.write(b"d"), Ok(1));
}

#[test]
fn zero_length_completion_fails_the_write() {
    let mut pipe = Pipe::connected(ALL);
    pipe.write(b"abc").unwrap();
    pipe.end(OpKind::Write, Ok(0));
    assert_eq!(pipe.take_ready(), Ready::WRITABLE);
    assert_eq!(pipe.write(b"d"), Err(ErrorKind::WriteZero));
    assert_eq!(pipe.write(b"d"), Ok(1));
    pipe.holds(0);
}

#[test]
fn refused_rest_of_a_write_is_an_error() {
    let mut pipe = Pipe::connected(ALL);
    pipe.write(b"abc").unwrap();
    pipe.refuse(OpErrorKind::Other);
    pipe.end(OpKind::Write, Ok(1));
    assert_eq!(pipe.take_ready(), Ready::WRITABLE);
    assert!(pipe.write(b"d").is_err());
    assert_eq!(pipe.write(b"d"), Ok(1));
    pipe.holds(0);
}

#[test]
fn refused_write_is_returned() {
    let mut pipe = Pipe::connected(ALL);
    pipe.refuse(OpErrorKind::Other);
    let kind = io::Error::from_raw_os_error(5).kind();
    assert_eq!(pipe.write(b"abc"), Err(kind), "on that write");
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    assert_eq!(pipe.write(b"abc"), Ok(3));
    pipe.holds(0);
}

#[test]
fn failed_write_is_returned_by_the_next() {
    for kind in [
        OpErrorKind::Other,
        OpErrorKind::Aborted,
        OpErrorKind::EndOfFile,
        OpErrorKind::Listening,
        OpErrorKind::AlreadyConnected,
    ] {
        let mut pipe = Pipe::connected(ALL);
        pipe.write(b"abc").unwrap();
        pipe.end(OpKind::Write, Err(op_error(kind)));
        assert_eq!(pipe.take_ready(), Ready::WRITABLE);
        let kind = io::Error::from_raw_os_error(5).kind();
        assert_eq!(pipe.write(b"d"), Err(kind), "on the next write");
        assert_eq!(pipe.write(b"d"), Ok(1));
        pipe.holds(0);
    }
}

#[test]
fn write_completing_after_deregister_reports_nothing() {
    let five = io::Error::from_raw_os_error(5).kind();
    for (result, expected) in [
        (Ok(3), Err(ErrorKind::NotFound)),
        (Err(op_error(OpErrorKind::Other)), Err(five)),
        (Err(op_error(OpErrorKind::Aborted)), Err(five)),
    ] {
        let mut pipe = Pipe::connected(ALL);
        pipe.write(b"abc").unwrap();
        pipe.state.deregister();
        assert_eq!(pipe.write(b"d"), Err(ErrorKind::WouldBlock));
        pipe.end(OpKind::Write, result);
        assert_eq!(pipe.take_ready(), Ready::NOTHING);
        assert_eq!(pipe.write(b"d"), expected);
        pipe.holds(0);
    }
}

#[test]
fn next_registration_reports_a_write_error() {
    let mut pipe = Pipe::connected(ALL);
    pipe.write(b"abc").unwrap();
    pipe.state.deregister();
    pipe.end(OpKind::Write, Err(op_error(OpErrorKind::Other)));
    pipe.register(Interest::WRITABLE, false);
    assert_eq!(pipe.take_ready(), Ready::WRITABLE);
    assert!(pipe.write(b"d").is_err());
}

#[test]
fn late_write_only_returns_memory() {
    for state in 0..3 {
        for result in [
            Ok(3),
            Ok(1),
            Ok(0),
            Err(op_error(OpErrorKind::Aborted)),
            Err(op_error(OpErrorKind::Other)),
        ] {
            let mut pipe = Pipe::connected(Interest::WRITABLE);
            pipe.write(b"abc").unwrap();
            pipe.disconnect();
            let late = pipe.ops.in_flight.remove(0);
            // Disconnected, pending, failed.
            if state > 0 {
                pipe.write(b"new").unwrap_err();
                pipe.write(b"new").unwrap();
            }
            pipe.take_ready();
            if state > 1 {
                pipe.end(OpKind::Write, Err(op_error(OpErrorKind::Other)));
                pipe.take_ready();
            }
            let outstanding = pipe.ops.outstanding;
            let (op, serial, memory, _) = late;
            pipe.state
                .completed(&mut pipe.ops, op, serial, memory, result);
            assert_eq!(
                pipe.ops.outstanding,
                outstanding - 1,
                "only the memory is back"
            );
            assert_eq!(pipe.take_ready(), Ready::NOTHING);
            assert_eq!(pipe.count(OpKind::Write), usize::from(state == 1));
        }
    }
}
