//! What completions do after a drop, and when the port goes.

use super::*;

#[test]
fn a_pipe_is_dropped_while_connecting() {
    for result in [
        Ok(0),
        Err(fault(Meaning::Aborted)),
        Err(fault(Meaning::Failed)),
    ] {
        let mut pipe = Pipe::new();
        pipe.register(ALL, false);
        pipe.connect().unwrap_err();
        pipe.state.close(&mut pipe.script);
        assert_eq!(pipe.script.cancelled.len(), 1);
        pipe.end(Call::Connect, result);
        assert_eq!(pipe.said(), Ready::NOTHING);
        assert!(pipe.script.flying.is_empty());
        pipe.holds(0);
    }
}

#[test]
fn a_pipe_is_dropped_while_reading() {
    for result in [
        Ok(3),
        Err(fault(Meaning::Ended)),
        Err(fault(Meaning::Aborted)),
        Err(fault(Meaning::Failed)),
    ] {
        let mut pipe = Pipe::up(ALL);
        pipe.state.close(&mut pipe.script);
        assert_eq!(pipe.script.cancelled.len(), 1);
        pipe.end(Call::Read, result);
        assert_eq!(pipe.said(), Ready::NOTHING);
        assert!(pipe.script.flying.is_empty());
        pipe.holds(0);
    }
}

#[test]
fn a_pipe_is_dropped_with_data_an_error_or_the_end() {
    for result in [
        Ok(3),
        Err(fault(Meaning::Ended)),
        Err(fault(Meaning::Failed)),
    ] {
        let mut pipe = Pipe::up(ALL);
        pipe.end(Call::Read, result);
        pipe.state.close(&mut pipe.script);
        assert_eq!(pipe.said(), Ready::NOTHING);
        pipe.holds(0);
    }
}

#[test]
fn a_pipe_is_dropped_while_writing() {
    let mut pipe = Pipe::up(Interest::WRITABLE);
    pipe.write(b"abc").unwrap();
    pipe.state.close(&mut pipe.script);
    assert!(pipe.script.cancelled.is_empty(), "it arrives");
    // A part, and then the rest.
    pipe.end(Call::Write, Ok(1));
    assert_eq!(pipe.count(Call::Write), 1);
    pipe.end(Call::Write, Ok(2));
    assert_eq!(pipe.said(), Ready::NOTHING);
    pipe.holds(0);
}

#[test]
fn a_pipe_is_dropped_and_writing_fails() {
    for result in [
        Ok(0),
        Err(fault(Meaning::Aborted)),
        Err(fault(Meaning::Failed)),
    ] {
        let mut pipe = Pipe::up(Interest::WRITABLE);
        pipe.write(b"abc").unwrap();
        pipe.state.close(&mut pipe.script);
        pipe.end(Call::Write, result);
        assert_eq!(pipe.said(), Ready::NOTHING);
        assert!(pipe.script.flying.is_empty());
        pipe.holds(0);
    }
}

#[test]
fn the_port_goes() {
    let mut pipe = Pipe::up(ALL);
    pipe.connect().unwrap_err();
    pipe.write(b"abc").unwrap();
    pipe.abandon();
    assert_eq!(pipe.script.cancelled.len(), 3);
    pipe.end(Call::Connect, Err(fault(Meaning::Aborted)));
    pipe.end(Call::Read, Err(fault(Meaning::Aborted)));
    pipe.end(Call::Write, Err(fault(Meaning::Aborted)));
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert!(pipe.state.take_error().is_none());
    assert_eq!(pipe.read(9), Err(ErrorKind::NotFound));
    let five = io::Error::from_raw_os_error(5).kind();
    assert_eq!(pipe.write(b"d"), Err(five), "what was lost is said");
    assert_eq!(pipe.write(b"d"), Err(ErrorKind::NotFound));
    pipe.holds(0);
}

#[test]
fn the_port_goes_and_nothing_can_be_started() {
    let mut pipe = Pipe::up(ALL);
    pipe.write(b"abc").unwrap();
    pipe.abandon();
    // The read had ended before, and a part was written.
    pipe.receive(b"in");
    pipe.refuse(Meaning::Failed);
    pipe.end(Call::Write, Ok(1));
    assert_eq!(pipe.read(9), Ok(b"in".to_vec()));
    assert!(pipe.script.flying.is_empty());
    assert!(pipe.write(b"d").is_err());
    pipe.holds(0);
}

#[test]
fn an_idle_pipe_is_abandoned_or_dropped() {
    let mut pipe = Pipe::new();
    pipe.abandon();
    pipe.state.close(&mut pipe.script);
    assert!(pipe.script.cancelled.is_empty());
    assert!(!pipe.state.deregister());
    pipe.holds(0);
}
