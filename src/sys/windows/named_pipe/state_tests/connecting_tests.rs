//! What completions of a connect do.

use super::*;

#[test]
fn a_client_comes() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
    // One at a time.
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(pipe.count(Call::Connect), 1);
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::BOTH);
    assert_eq!(pipe.count(Call::Read), 1);
    assert!(pipe.state.take_error().is_none());
    pipe.holds(0);
}

#[test]
fn a_client_was_there_already() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.refuse(Meaning::Connected);
    pipe.connect().unwrap();
    assert_eq!(pipe.said(), Ready::WRITABLE);
    assert_eq!(pipe.said(), Ready::NOTHING, "once");
    assert_eq!(pipe.count(Call::Read), 1);
    pipe.holds(0);
}

#[test]
fn a_client_was_there_and_went() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.refuse(Meaning::Connected);
    pipe.refuse(Meaning::Ended);
    pipe.connect().unwrap();
    assert_eq!(pipe.said(), Ready::BOTH);
    assert_eq!(pipe.read(1), Ok(vec![]));
    pipe.holds(0);
}

#[test]
fn a_connection_completes_with_connected() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.connect().unwrap_err();
    pipe.end(Call::Connect, Err(fault(Meaning::Connected)));
    assert_eq!(pipe.said(), Ready::BOTH);
    assert!(pipe.state.take_error().is_none());
}

#[test]
fn connecting_is_refused() {
    let mut pipe = Pipe::new();
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::NotFound);
    pipe.register(ALL, false);
    pipe.refuse(Meaning::Failed);
    assert_eq!(pipe.connect().unwrap_err().raw_os_error(), Some(5));
    assert_eq!(pipe.said(), Ready::NOTHING);
    // And can be tried again.
    pipe.connect().unwrap_err();
    assert_eq!(pipe.count(Call::Connect), 1);
    pipe.holds(0);
}

#[test]
fn connecting_fails() {
    for meaning in [
        Meaning::Failed,
        Meaning::Aborted,
        Meaning::Listening,
        Meaning::Ended,
    ] {
        let mut pipe = Pipe::new();
        pipe.register(ALL, false);
        pipe.connect().unwrap_err();
        pipe.end(Call::Connect, Err(fault(meaning)));
        assert_eq!(pipe.said(), Ready::BOTH, "{meaning:?}");
        assert_eq!(pipe.state.take_error().unwrap().raw_os_error(), Some(5));
        assert!(pipe.state.take_error().is_none(), "once");
        assert_eq!(pipe.count(Call::Read), 0);
        // The next attempt starts without the old error.
        pipe.connect().unwrap_err();
        pipe.end(Call::Connect, Err(fault(meaning)));
        pipe.connect().unwrap_err();
        assert!(pipe.state.take_error().is_none());
        pipe.holds(0);
    }
}

#[test]
fn a_client_comes_after_deregister() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.connect().unwrap_err();
    assert!(pipe.state.deregister());
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.count(Call::Read), 0);
    pipe.holds(0);
}

#[test]
fn connecting_fails_after_deregister() {
    for (meaning, is_kept) in [(Meaning::Failed, true), (Meaning::Aborted, false)] {
        let mut pipe = Pipe::new();
        pipe.register(ALL, false);
        pipe.connect().unwrap_err();
        pipe.state.deregister();
        pipe.end(Call::Connect, Err(fault(meaning)));
        assert_eq!(pipe.said(), Ready::NOTHING);
        // The next registration is told.
        pipe.register(ALL, false);
        assert_eq!(pipe.said() == Ready::BOTH, is_kept, "{meaning:?}");
        assert_eq!(pipe.state.take_error().is_some(), is_kept, "{meaning:?}");
    }
}

#[test]
fn a_connection_is_late() {
    for result in [
        Ok(0),
        Err(fault(Meaning::Aborted)),
        Err(fault(Meaning::Failed)),
    ] {
        let mut pipe = Pipe::new();
        pipe.register(ALL, false);
        pipe.connect().unwrap_err();
        pipe.disconnect();
        assert_eq!(pipe.script.cancelled.len(), 1);
        assert_eq!(pipe.said(), Ready::BOTH, "whoever waits for it is woken");
        // Idle.
        pipe.end(Call::Connect, result);
        assert_eq!(pipe.said(), Ready::NOTHING);
        let error = pipe.state.take_error().unwrap();
        assert_eq!(error.raw_os_error(), Some(ERROR_PIPE_NOT_CONNECTED));
        assert!(pipe.state.take_error().is_none(), "once");
        assert_eq!(pipe.count(Call::Read), 0);
        pipe.holds(0);
    }
}

#[test]
fn a_connection_is_late_while_the_next_is_pending() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.connect().unwrap_err();
    pipe.disconnect();
    pipe.connect().unwrap_err();
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.connect().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(pipe.count(Call::Connect), 1, "still pending");
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::BOTH);
}

#[test]
fn waiting_for_a_client_shows_that_there_is_none() {
    let mut pipe = Pipe::new();
    // A pipe that may not be asked is taken for connected.
    pipe.register(Interest::WRITABLE, true);
    assert!(pipe.state.has_ready());
    pipe.connect().unwrap_err();
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.read(9), Err(ErrorKind::WouldBlock));
    assert_eq!(pipe.count(Call::Read), 0);
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::WRITABLE);
}

#[test]
fn registering_anew_makes_up_no_client() {
    let mut pipe = Pipe::new();
    pipe.register(ALL, false);
    pipe.connect().unwrap_err();
    // A pipe that may not be asked is taken for connected, but this one waits.
    pipe.register(ALL, true);
    assert_eq!(pipe.said(), Ready::NOTHING);
    assert_eq!(pipe.count(Call::Read), 0);
    pipe.end(Call::Connect, Ok(0));
    assert_eq!(pipe.said(), Ready::BOTH);
    assert_eq!(pipe.count(Call::Read), 1);
}

/// The event of a completed connect says that the client has come, whatever the interest is:
/// upstream reports it as writable to every registration, and a server that waits for its client's
/// first words registers for reading only.
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
        pipe.end(Call::Connect, Ok(0));
        assert_eq!(pipe.said(), expected);
    }
}
