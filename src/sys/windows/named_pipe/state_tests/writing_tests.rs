//! What completions of a write do.

use super::*;

#[test]
fn all_is_written() {
    let mut pipe = Pipe::up(ALL);
    assert_eq!(pipe.write(b"abc"), Ok(3));
    assert_eq!(pipe.write(b"d"), Err(ErrorKind::WouldBlock));
    pipe.end(Call::Write, Ok(3));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert_eq!(pipe.write(b"d"), Ok(1));
    pipe.holds(0);
}

#[test]
fn a_part_is_written() {
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"abc").unwrap();
    pipe.end(Call::Write, Ok(1));
    assert_eq!(pipe.said(), Ready::NOTHING);
    let (_, _, memory, len) = pipe.script.flying.last().unwrap();
    assert_eq!((memory.buffer.data(), *len), (b"bc".as_slice(), 2));
    assert_eq!(pipe.write(b"d"), Err(ErrorKind::WouldBlock));
    pipe.end(Call::Write, Ok(2));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    pipe.holds(0);
}

#[test]
fn nothing_of_nothing_is_written() {
    let mut pipe = Pipe::up(ALL);
    assert_eq!(pipe.write(b""), Ok(0));
    pipe.end(Call::Write, Ok(0));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert_eq!(pipe.write(b"d"), Ok(1));
}

#[test]
fn nothing_of_some_is_written() {
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"abc").unwrap();
    pipe.end(Call::Write, Ok(0));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert_eq!(pipe.write(b"d"), Err(ErrorKind::WriteZero));
    assert_eq!(pipe.write(b"d"), Ok(1));
    pipe.holds(0);
}

#[test]
fn the_rest_is_refused() {
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"abc").unwrap();
    pipe.refuse(Meaning::Failed);
    pipe.end(Call::Write, Ok(1));
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert!(pipe.write(b"d").is_err());
    assert_eq!(pipe.write(b"d"), Ok(1));
    pipe.holds(0);
}

#[test]
fn writing_is_refused() {
    let mut pipe = Pipe::up(ALL);
    pipe.refuse(Meaning::Failed);
    let kind = io::Error::from_raw_os_error(5).kind();
    assert_eq!(pipe.write(b"abc"), Err(kind), "on that write");
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.write(b"abc"), Ok(3));
    pipe.holds(0);
}

#[test]
fn writing_fails() {
    for meaning in [
        Meaning::Failed,
        Meaning::Aborted,
        Meaning::Ended,
        Meaning::Listening,
        Meaning::Connected,
    ] {
        let mut pipe = Pipe::up(ALL);
        pipe.write(b"abc").unwrap();
        pipe.end(Call::Write, Err(fault(meaning)));
        assert_eq!(pipe.said(), Ready::WRITABLE);
        let kind = io::Error::from_raw_os_error(5).kind();
        assert_eq!(pipe.write(b"d"), Err(kind), "on the next write");
        assert_eq!(pipe.write(b"d"), Ok(1));
        pipe.holds(0);
    }
}

#[test]
fn writing_ends_after_deregister() {
    let five = io::Error::from_raw_os_error(5).kind();
    for (result, expected) in [
        (Ok(3), Err(ErrorKind::NotFound)),
        (Err(fault(Meaning::Failed)), Err(five)),
        (Err(fault(Meaning::Aborted)), Err(five)),
    ] {
        let mut pipe = Pipe::up(ALL);
        pipe.write(b"abc").unwrap();
        pipe.state.deregister();
        assert_eq!(pipe.write(b"d"), Err(ErrorKind::WouldBlock));
        pipe.end(Call::Write, result);
        assert_eq!(pipe.said(), Ready::NOTHING);
        assert_eq!(pipe.write(b"d"), expected);
        pipe.holds(0);
    }
}

#[test]
fn a_write_error_is_said_to_the_next_registration() {
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"abc").unwrap();
    pipe.state.deregister();
    pipe.end(Call::Write, Err(fault(Meaning::Failed)));
    pipe.register(Interest::WRITABLE, false);
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert!(pipe.write(b"d").is_err());
}

#[test]
fn a_write_is_late() {
    for state in 0..3 {
        for result in [
            Ok(3),
            Ok(1),
            Ok(0),
            Err(fault(Meaning::Aborted)),
            Err(fault(Meaning::Failed)),
        ] {
            let mut pipe = Pipe::up(Interest::WRITABLE);
            pipe.write(b"abc").unwrap();
            pipe.disconnect();
            let late = pipe.script.flying.remove(0);
            // Disconnected, pending, failed.
            if state > 0 {
                pipe.write(b"new").unwrap_err();
                pipe.write(b"new").unwrap();
            }
            pipe.said();
            if state > 1 {
                pipe.end(Call::Write, Err(fault(Meaning::Failed)));
                pipe.said();
            }
            let lent = pipe.script.lent;
            let (call, serial, memory, _) = late;
            pipe.state
                .completed(&mut pipe.script, call, serial, memory, result);
            assert_eq!(pipe.script.lent, lent - 1, "only the memory is back");
            assert_eq!(pipe.said(), Ready::NOTHING);
            assert_eq!(pipe.count(Call::Write), usize::from(state == 1));
        }
    }
}
