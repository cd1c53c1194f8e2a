//! What registrations are told, and what they start.

use super::*;

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
fn the_end_is_that_of_one_client() {
    let mut pipe = Pipe::up(ALL);
    pipe.end(Call::Read, Err(fault(Meaning::Ended)));
    pipe.said();
    pipe.connect().unwrap_err();
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::BOTH);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.count(Call::Read), 1);
}
