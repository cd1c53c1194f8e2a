//! Writing and its completions.

use super::*;

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
