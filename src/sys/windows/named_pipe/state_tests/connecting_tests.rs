//! Connecting and its completions.

use super::*;

#[test]
fn connected_client_is_reported() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
    // A second connect starts nothing.
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(pipe.count(OpKind::Connect), 1);
    pipe.end(OpKind::Connect, Ok(0));
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    assert_eq!(pipe.count(OpKind::Read), 1);
    assert!(pipe.state.take_error().is_none());
    pipe.holds(0);
}

#[test]
fn connect_finds_an_earlier_client() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.refuse(OpErrorKind::AlreadyConnected);
    pipe.connect().unwrap();
    assert_eq!(pipe.take_ready(), Ready::WRITABLE);
    assert_eq!(pipe.take_ready(), Ready::NOTHING, "once");
    assert_eq!(pipe.count(OpKind::Read), 1);
    pipe.holds(0);
}

#[test]
fn connect_finds_a_client_that_left() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.refuse(OpErrorKind::AlreadyConnected);
    pipe.refuse(OpErrorKind::EndOfFile);
    pipe.connect().unwrap();
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    assert_eq!(pipe.read(1), Ok(vec![]));
    pipe.holds(0);
}

#[test]
fn completion_pipe_connected_is_success() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.connect().unwrap_err();
    pipe.end(
        OpKind::Connect,
        Err(op_error(OpErrorKind::AlreadyConnected)),
    );
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    assert!(pipe.state.take_error().is_none());
}

#[test]
fn refused_connect_is_returned() {
    let mut pipe = Pipe::new();
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::NotFound);
    pipe.register(ALL, false);
    pipe.refuse(OpErrorKind::Other);
    assert_eq!(pipe.connect().unwrap_err().raw_os_error(), Some(5));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    // Connecting can be retried.
    pipe.connect().unwrap_err();
    assert_eq!(pipe.count(OpKind::Connect), 1);
    pipe.holds(0);
}

#[test]
fn failed_connect_is_kept_for_take_error() {
    for kind in [
        OpErrorKind::Other,
        OpErrorKind::Aborted,
        OpErrorKind::Listening,
        OpErrorKind::EndOfFile,
    ] {
        let mut pipe = Pipe::new();
        pipe.register(ALL, false);
        pipe.connect().unwrap_err();
        pipe.end(OpKind::Connect, Err(op_error(kind)));
        assert_eq!(pipe.take_ready(), Ready::BOTH, "{kind:?}");
        assert_eq!(pipe.state.take_error().unwrap().raw_os_error(), Some(5));
        assert!(pipe.state.take_error().is_none(), "once");
        assert_eq!(pipe.count(OpKind::Read), 0);
        // The next attempt starts without the old error.
        pipe.connect().unwrap_err();
        pipe.end(OpKind::Connect, Err(op_error(kind)));
        pipe.connect().unwrap_err();
        assert!(pipe.state.take_error().is_none());
        pipe.holds(0);
    }
}

#[test]
fn client_after_deregister_is_remembered() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.connect().unwrap_err();
    assert!(pipe.state.deregister());
    pipe.end(OpKind::Connect, Ok(0));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    assert_eq!(pipe.count(OpKind::Read), 0);
    pipe.holds(0);
}

#[test]
fn connect_failing_after_deregister_is_kept_unless_aborted() {
    for (kind, is_kept) in [(OpErrorKind::Other, true), (OpErrorKind::Aborted, false)] {
        let mut pipe = Pipe::new();
        pipe.register(ALL, false);
        pipe.connect().unwrap_err();
        pipe.state.deregister();
        pipe.end(OpKind::Connect, Err(op_error(kind)));
        assert_eq!(pipe.take_ready(), Ready::NOTHING);
        // The next registration reports it.
        pipe.register(ALL, false);
        assert_eq!(pipe.take_ready() == Ready::BOTH, is_kept, "{kind:?}");
        assert_eq!(pipe.state.take_error().is_some(), is_kept, "{kind:?}");
    }
}

#[test]
fn late_connect_only_returns_memory() {
    for result in [
        Ok(0),
        Err(op_error(OpErrorKind::Aborted)),
        Err(op_error(OpErrorKind::Other)),
    ] {
        let mut pipe = Pipe::new();
        pipe.register(ALL, false);
        pipe.connect().unwrap_err();
        pipe.disconnect();
        assert_eq!(pipe.ops.cancelled.len(), 1);
        assert_eq!(
            pipe.take_ready(),
            Ready::BOTH,
            "whoever waits for it is woken"
        );
        // Idle.
        pipe.end(OpKind::Connect, result);
        assert_eq!(pipe.take_ready(), Ready::NOTHING);
        let error = pipe.state.take_error().unwrap();
        assert_eq!(error.raw_os_error(), Some(ERROR_PIPE_NOT_CONNECTED));
        assert!(pipe.state.take_error().is_none(), "once");
        assert_eq!(pipe.count(OpKind::Read), 0);
        pipe.holds(0);
    }
}

#[test]
fn late_connect_leaves_the_next_pending() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.connect().unwrap_err();
    pipe.disconnect();
    pipe.connect().unwrap_err();
    pipe.end(OpKind::Connect, Ok(0));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(pipe.count(OpKind::Connect), 1, "still pending");
    pipe.end(OpKind::Connect, Ok(0));
    assert_eq!(pipe.take_ready(), Ready::BOTH);
}

#[test]
fn pending_connect_means_not_connected() {
    let mut pipe = Pipe::new();
    // A pipe that may not be queried counts as connected.
    pipe.register(Interest::WRITABLE, true);
    assert!(pipe.state.has_ready());
    pipe.connect().unwrap_err();
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.count(OpKind::Read), 0);
    pipe.end(OpKind::Connect, Ok(0));
    assert_eq!(pipe.take_ready(), Ready::WRITABLE);
}

#[test]
fn reregister_during_connect_reports_no_client() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.connect().unwrap_err();
    // A pipe that may not be queried counts as connected, but this one has a pending connect.
    pipe.register(ALL, true);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    assert_eq!(pipe.count(OpKind::Read), 0);
    pipe.end(OpKind::Connect, Ok(0));
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    assert_eq!(pipe.count(OpKind::Read), 1);
}

/// A completed connect is an event for every interest: upstream reports it as writable to every
/// registration, and a server that reads first registers for reading only.
#[test]
fn client_is_reported_to_every_interest() {
    for (interest, expected) in [
        (Interest::READABLE, Ready::READABLE),
        (Interest::WRITABLE, Ready::WRITABLE),
        (ALL, Ready::BOTH),
    ] {
        let mut pipe = Pipe::new();
        pipe.register(interest, false);
        pipe.connect().unwrap_err();
        pipe.end(OpKind::Connect, Ok(0));
        assert_eq!(pipe.take_ready(), expected);
    }
}
