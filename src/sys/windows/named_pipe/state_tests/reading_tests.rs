//! Reading and its completions.

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

/// A canceled read has consumed no byte and is no error of the pipe. (The exit of the thread that
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
