//! What a registration reports and starts.

use super::*;

#[test]
fn writable_interest_starts_no_read() {
    let mut pipe = Pipe::new();
    pipe.register(Interest::WRITABLE, true);
    assert_eq!(pipe.take_ready(), Ready::WRITABLE);
    assert_eq!(pipe.count(OpKind::Read), 0);
    // The caller may read, though.
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.count(OpKind::Read), 1);
    pipe.receive(b"abc");
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    assert_eq!(pipe.read(9), Ok(b"abc".to_vec()));
    assert_eq!(pipe.count(OpKind::Read), 0);
}

#[test]
fn refused_read_of_the_caller_is_returned() {
    let five = io::Error::from_raw_os_error(5).kind();
    for (kind, expected) in [
        (OpErrorKind::Listening, Err(ErrorKind::WouldBlock)),
        (OpErrorKind::EndOfFile, Ok(vec![])),
        (OpErrorKind::Other, Err(five)),
    ] {
        let mut pipe = Pipe::connected(Interest::WRITABLE);
        pipe.refuse(kind);
        assert_eq!(pipe.read(9), expected, "{kind:?}");
        assert_eq!(pipe.take_ready(), Ready::NOTHING);
        pipe.holds(0);
    }
}

#[test]
fn readable_interest_gets_no_writable_event() {
    let mut pipe = Pipe::new();
    pipe.register(Interest::READABLE, true);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.write(b"abc").unwrap();
    pipe.end(OpKind::Write, Ok(3));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.register(ALL, true);
    assert_eq!(pipe.take_ready(), Ready::WRITABLE);
}

#[test]
fn disconnected_pipe_reports_nothing() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    assert_eq!(pipe.count(OpKind::Read), 0);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    // The query reported a client, but the read finds none.
    pipe.refuse(OpErrorKind::Listening);
    pipe.register(ALL, true);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.holds(0);
}

#[test]
fn reregister_reports_current_readiness() {
    let mut pipe = Pipe::connected(ALL);
    pipe.receive(b"abc");
    assert_eq!(pipe.take_ready(), Ready::READABLE);
    pipe.register(ALL, true);
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    // No event twice, and none of an earlier registration.
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.register(ALL, true);
    pipe.state.deregister();
    pipe.register(Interest::WRITABLE, false);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
}

#[test]
fn reregister_drops_events_of_the_old_interest() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, true);
    pipe.register(Interest::READABLE, true);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
}

#[test]
fn end_of_file_belongs_to_one_client() {
    let mut pipe = Pipe::connected(ALL);
    pipe.end(OpKind::Read, Err(op_error(OpErrorKind::EndOfFile)));
    pipe.take_ready();
    pipe.connect().unwrap_err();
    pipe.end(OpKind::Connect, Ok(0));
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.count(OpKind::Read), 1);
}
