//! What completions of a read do.

use super::*;

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
    for meaning in [Meaning::Failed, Meaning::Listening, Meaning::Connected] {
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
            pipe.disconnect();
            assert_eq!(pipe.script.cancelled.len(), 1);
            pipe.read(9).unwrap_err();
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

/// A canceled read has taken no byte, and a thread that exits cancels nothing on a completion port
/// ([ExitThread](https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-exitthread)),
/// so it is somebody else's doing and no error of this pipe.
#[test]
fn read_that_others_cancel_is_started_again() {
    for interest in [ALL, Interest::READABLE] {
        let mut pipe = Pipe::up(interest);
        for _ in 0..MOST_ABORTED_READS {
            pipe.end(Call::Read, Err(fault(Meaning::Aborted)));
            assert_eq!(pipe.said(), Ready::NOTHING);
            assert_eq!(pipe.count(Call::Read), 1);
            assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
        }
        pipe.receive(b"abc");
        assert_eq!(pipe.said(), Ready::READABLE);
        assert_eq!(pipe.read(9), Ok(b"abc".to_vec()));
        pipe.holds(0);
    }
}

#[test]
fn device_that_aborts_every_read_is_reported() {
    let mut pipe = Pipe::up(ALL);
    for _ in 0..MOST_ABORTED_READS {
        pipe.end(Call::Read, Err(fault(Meaning::Aborted)));
    }
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.end(Call::Read, Err(fault(Meaning::Aborted)));
    assert_eq!(pipe.said(), Ready::READABLE);
    let kind = io::Error::from_raw_os_error(5).kind();
    assert_eq!(pipe.read(9), Err(kind));
    assert_eq!(pipe.count(Call::Read), 1);
    pipe.holds(0);
}

#[test]
fn read_that_cannot_be_started_again_is_reported() {
    let five = io::Error::from_raw_os_error(5).kind();
    for (meaning, expected) in [(Meaning::Failed, Err(five)), (Meaning::Ended, Ok(vec![]))] {
        let mut pipe = Pipe::up(ALL);
        pipe.refuse(meaning);
        pipe.end(Call::Read, Err(fault(Meaning::Aborted)));
        assert_eq!(pipe.said(), Ready::READABLE);
        assert_eq!(pipe.read(9), expected);
    }
}
