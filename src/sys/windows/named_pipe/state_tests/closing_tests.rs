//! Dropping the pipe, dropping the port, and the completions that follow.

use super::*;

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
    assert_eq!(pipe.write(b"d"), Err(five), "what was lost is said");
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
