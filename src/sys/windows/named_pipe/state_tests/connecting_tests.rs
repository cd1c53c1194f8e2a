//! Connecting and its completions; what `disconnect` does, and what clears its errors.
//!
//! `disconnect` completes pending operations with `STATUS_PIPE_DISCONNECTED`, which is Win32's
//! `ERROR_PIPE_NOT_CONNECTED` (`NpSetDisconnectedPipeState` in [ReactOS' npfs][npfs]). tokio
//! exposes `connect`, `disconnect`, `readable` and `try_write` on `&self`, so several tasks may
//! wait on one server.
//!
//! [npfs]: https://github.com/reactos/reactos/blob/2e91c4a83b982b0b4c225bb8883a2468faa8bc9b/drivers/filesystems/npfs/statesup.c

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
        assert_eq!(pipe.take_ready(), Ready::BOTH, "its waiter is woken");
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

fn not_connected() -> ErrorKind {
    io::Error::from_raw_os_error(ERROR_PIPE_NOT_CONNECTED).kind()
}

#[test]
fn disconnect_wakes_a_pending_connect() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.connect().unwrap_err();
    pipe.disconnect();
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    // As tokio does after the wake: the instance listens again.
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(pipe.count(OpKind::Connect), 2, "one of them is late");
    assert!(pipe.state.take_error().is_none(), "cleared by `connect`");
    pipe.end(OpKind::Connect, Err(op_error(OpErrorKind::Other)));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.end(OpKind::Connect, Ok(0));
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    pipe.holds(0);
}

#[test]
fn disconnect_gives_a_pending_reader_one_error() {
    let mut pipe = Pipe::connected(ALL);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    pipe.disconnect();
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    assert_eq!(pipe.read(9), Err(not_connected()));
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock), "once");
    pipe.end(OpKind::Read, Err(op_error(OpErrorKind::Other)));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.holds(0);
}

#[test]
fn disconnect_gives_a_pending_writer_one_error() {
    let mut pipe = Pipe::connected(ALL);
    pipe.write(b"accepted").unwrap();
    assert_eq!(pipe.write(b"more"), Err(ErrorKind::WouldBlock));
    pipe.disconnect();
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    assert_eq!(pipe.write(b"more"), Err(not_connected()));
    // Whether the next write succeeds is up to the system.
    pipe.refuse(OpErrorKind::Other);
    let five = io::Error::from_raw_os_error(5).kind();
    assert_eq!(pipe.write(b"more"), Err(five));
    pipe.end(OpKind::Read, Err(op_error(OpErrorKind::Other)));
    pipe.end(OpKind::Write, Err(op_error(OpErrorKind::Other)));
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.holds(0);
}

#[test]
fn disconnect_replaces_unread_data_by_an_error() {
    let before: [fn(&mut Pipe); 2] = [
        |pipe| pipe.receive(b"old"),
        |pipe| pipe.end(OpKind::Read, Err(op_error(OpErrorKind::EndOfFile))),
    ];
    for before in before {
        let mut pipe = Pipe::connected(ALL);
        before(&mut pipe);
        pipe.take_ready();
        pipe.disconnect();
        assert_eq!(pipe.take_ready(), Ready::BOTH);
        assert_eq!(pipe.read(9), Err(not_connected()));
        assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
        pipe.holds(0);
    }
}

#[test]
fn disconnect_keeps_unreturned_errors() {
    let five = io::Error::from_raw_os_error(5).kind();
    let mut pipe = Pipe::connected(ALL);
    pipe.write(b"abc").unwrap();
    pipe.end(OpKind::Write, Err(op_error(OpErrorKind::Other)));
    pipe.end(OpKind::Read, Err(op_error(OpErrorKind::Other)));
    pipe.take_ready();
    pipe.disconnect();
    pipe.disconnect();
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    assert_eq!(pipe.write(b"d"), Err(five));
    assert_eq!(pipe.read(9), Err(five));
    pipe.holds(0);
}

/// The usual server: one task reads to the end, disconnects, and waits for the next client.
#[test]
fn disconnect_then_connect_hides_the_errors() {
    let before: [fn(&mut Pipe); 5] = [
        |_| {},
        |pipe| pipe.receive(b"old"),
        |pipe| pipe.end(OpKind::Read, Err(op_error(OpErrorKind::Other))),
        |pipe| pipe.end(OpKind::Read, Err(op_error(OpErrorKind::EndOfFile))),
        |pipe| {
            pipe.end(OpKind::Read, Err(op_error(OpErrorKind::EndOfFile)));
            assert_eq!(pipe.read(9), Ok(vec![]));
        },
    ];
    for before in before {
        for is_writing in [false, true] {
            let mut pipe = Pipe::connected(ALL);
            before(&mut pipe);
            if is_writing {
                pipe.write(b"old").unwrap();
            }
            let late = pipe.ops.in_flight.len();
            pipe.take_ready();
            pipe.disconnect();
            assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
            assert_eq!(pipe.take_ready(), Ready::NOTHING);
            assert!(pipe.state.take_error().is_none());
            pipe.end(OpKind::Connect, Ok(0));
            assert_eq!(pipe.take_ready(), Ready::BOTH);
            assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
            assert_eq!(pipe.write(b"new"), Ok(3));
            // The results of late completions are ignored.
            for _ in 0..late {
                let (op, serial, memory, _) = pipe.ops.in_flight.remove(0);
                pipe.state
                    .completed(&mut pipe.ops, op, serial, memory, Ok(3));
            }
            assert_eq!(pipe.take_ready(), Ready::NOTHING);
            assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
            pipe.receive(b"new");
            assert_eq!(pipe.read(9), Ok(b"new".to_vec()));
            pipe.holds(0);
        }
    }
}

#[test]
fn connected_client_clears_disconnect_errors() {
    let mut pipe = Pipe::connected(ALL);
    pipe.write(b"old").unwrap();
    pipe.disconnect();
    pipe.refuse(OpErrorKind::AlreadyConnected);
    pipe.connect().unwrap();
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.write(b"new"), Ok(3));
}

#[test]
fn next_registration_reports_disconnect_errors() {
    let mut pipe = Pipe::connected(ALL);
    pipe.write(b"old").unwrap();
    pipe.state.deregister();
    pipe.disconnect();
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.register(ALL, false);
    assert_eq!(pipe.take_ready(), Ready::BOTH);
    assert_eq!(pipe.read(9), Err(not_connected()));
    assert_eq!(pipe.write(b"d"), Err(not_connected()));
}

/// After a drop there are no events, and nothing is kept.
#[test]
fn dropped_pipe_cancels_and_frees_everything() {
    let mut pipe = Pipe::connected(ALL);
    pipe.receive(b"old");
    pipe.disconnect();
    pipe.state.close(&mut pipe.ops);
    assert_eq!(pipe.take_ready(), Ready::NOTHING);
    pipe.holds(0);
}
