//! What `disconnect` does, and what clears it.
//!
//! What waits at `disconnect` ends with `STATUS_PIPE_DISCONNECTED`, Win32's
//! `ERROR_PIPE_NOT_CONNECTED`: `NpSetDisconnectedPipeState` in [ReactOS' npfs][npfs]. tokio exposes
//! `connect`, `disconnect`, `readable` and `try_write` on `&self`, so several tasks may wait on one
//! server.
//!
//! [npfs]: https://github.com/reactos/reactos/blob/2e91c4a83b982b0b4c225bb8883a2468faa8bc9b/drivers/filesystems/npfs/statesup.c

use super::*;

fn not_connected() -> ErrorKind {
    io::Error::from_raw_os_error(ERROR_PIPE_NOT_CONNECTED).kind()
}

#[test]
fn waiter_of_a_connect_is_woken_and_can_try_again() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.connect().unwrap_err();
    pipe.disconnect();
    assert_eq!(pipe.said(), Ready::BOTH);
    // As tokio does when it is woken: the instance listens again.
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(pipe.count(Call::Connect), 2, "one of them is late");
    assert!(pipe.state.take_error().is_none(), "cleared by `connect`");
    pipe.end(Call::Connect, Err(fault(Meaning::Failed)));
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::BOTH);
    pipe.holds(0);
}

#[test]
fn waiting_reader_gets_one_error() {
    let mut pipe = Pipe::up(ALL);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    pipe.disconnect();
    assert_eq!(pipe.said(), Ready::BOTH);
    assert_eq!(pipe.read(9), Err(not_connected()));
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock), "once");
    pipe.end(Call::Read, Err(fault(Meaning::Failed)));
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.holds(0);
}

#[test]
fn waiting_writer_gets_one_error() {
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"accepted").unwrap();
    assert_eq!(pipe.write(b"more"), Err(ErrorKind::WouldBlock));
    pipe.disconnect();
    assert_eq!(pipe.said(), Ready::BOTH);
    assert_eq!(pipe.write(b"more"), Err(not_connected()));
    // The next one is for the system to judge.
    pipe.refuse(Meaning::Failed);
    let five = io::Error::from_raw_os_error(5).kind();
    assert_eq!(pipe.write(b"more"), Err(five));
    pipe.end(Call::Read, Err(fault(Meaning::Failed)));
    pipe.end(Call::Write, Err(fault(Meaning::Failed)));
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.holds(0);
}

#[test]
fn what_was_not_read_becomes_an_error() {
    let before: [fn(&mut Pipe); 2] = [
        |pipe| pipe.receive(b"old"),
        |pipe| pipe.end(Call::Read, Err(fault(Meaning::Ended))),
    ];
    for before in before {
        let mut pipe = Pipe::up(ALL);
        before(&mut pipe);
        pipe.said();
        pipe.disconnect();
        assert_eq!(pipe.said(), Ready::BOTH);
        assert_eq!(pipe.read(9), Err(not_connected()));
        assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
        pipe.holds(0);
    }
}

#[test]
fn errors_that_were_not_handed_out_are_kept() {
    let five = io::Error::from_raw_os_error(5).kind();
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"abc").unwrap();
    pipe.end(Call::Write, Err(fault(Meaning::Failed)));
    pipe.end(Call::Read, Err(fault(Meaning::Failed)));
    pipe.said();
    pipe.disconnect();
    pipe.disconnect();
    assert_eq!(pipe.said(), Ready::BOTH);
    assert_eq!(pipe.write(b"d"), Err(five));
    assert_eq!(pipe.read(9), Err(five));
    pipe.holds(0);
}

/// The usual server: one task reads to the end, disconnects, and waits for the next client.
#[test]
fn single_task_sees_no_difference() {
    let before: [fn(&mut Pipe); 5] = [
        |_| {},
        |pipe| pipe.receive(b"old"),
        |pipe| pipe.end(Call::Read, Err(fault(Meaning::Failed))),
        |pipe| pipe.end(Call::Read, Err(fault(Meaning::Ended))),
        |pipe| {
            pipe.end(Call::Read, Err(fault(Meaning::Ended)));
            assert_eq!(pipe.read(9), Ok(vec![]));
        },
    ];
    for before in before {
        for is_writing in [false, true] {
            let mut pipe = Pipe::up(ALL);
            before(&mut pipe);
            if is_writing {
                pipe.write(b"old").unwrap();
            }
            let late = pipe.script.flying.len();
            pipe.said();
            pipe.disconnect();
            assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
            assert_eq!(pipe.said(), Ready::NOTHING);
            assert!(pipe.state.take_error().is_none());
            pipe.end(Call::Connect, Ok(0));
            assert_eq!(pipe.said(), Ready::BOTH);
            assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
            assert_eq!(pipe.write(b"new"), Ok(3));
            // What is late is of no interest, whatever it says.
            for _ in 0..late {
                let (call, serial, memory, _) = pipe.script.flying.remove(0);
                pipe.state
                    .completed(&mut pipe.script, call, serial, memory, Ok(3));
            }
            assert_eq!(pipe.said(), Ready::NOTHING);
            assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
            pipe.receive(b"new");
            assert_eq!(pipe.read(9), Ok(b"new".to_vec()));
            pipe.holds(0);
        }
    }
}

#[test]
fn client_that_is_there_clears_what_was_left() {
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"old").unwrap();
    pipe.disconnect();
    pipe.refuse(Meaning::Connected);
    pipe.connect().unwrap();
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.write(b"new"), Ok(3));
}

#[test]
fn next_registration_is_told() {
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"old").unwrap();
    pipe.state.deregister();
    pipe.disconnect();
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.register(ALL, false);
    assert_eq!(pipe.said(), Ready::BOTH);
    assert_eq!(pipe.read(9), Err(not_connected()));
    assert_eq!(pipe.write(b"d"), Err(not_connected()));
}

/// After a drop nothing is told, and nothing is kept.
#[test]
fn dropped_pipe_keeps_nothing() {
    let mut pipe = Pipe::up(ALL);
    pipe.receive(b"old");
    pipe.disconnect();
    pipe.state.close(&mut pipe.script);
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.holds(0);
}
