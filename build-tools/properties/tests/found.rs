//! Sequences that once failed. Those that were faults of the library also have a test in `tests/`
//! of the library; the others hold the harness and the specification.

use mio_properties::holds;
use mio_properties::op::*;

/// The level of a condition that an event port has queued may have ended.
#[test]
fn queued_condition_that_has_ended_may_be_reported() {
    holds(&[
        New(Kind::Pipe),
        Register(0, W),
        Write(0, All),
        Poll(Long, 64),
    ]);
}

/// An association of an event port delivers the conditions of one time.
#[test]
fn condition_that_begins_later_is_reported_by_the_next_poll() {
    holds(&[
        New(Kind::UnixStream),
        Write(0, All),
        Register(0, R),
        Write(1, Part),
        Reregister(0, RW),
        Read(1, All),
        Poll(Long, 64),
    ]);
}

/// The end of the peer's stream begins while a `poll` has data to report.
#[test]
fn end_of_stream_during_a_poll_is_reported() {
    holds(&[
        New(Kind::Tcp),
        Register(1, R),
        Write(0, Part),
        During(Box::new(ShutDown(0, Writing)), 1),
    ]);
}

/// Two events of one poll: one of a probe, and one of the blocking call.
#[test]
fn probe_and_blocking_call_may_report_one_source() {
    let mut ops = vec![
        New(Kind::EventFd),
        Register(0, RW),
        Poll(NoWait, 1),
        Write(0, Part),
    ];
    ops.extend(std::iter::repeat_n(Poll(NoWait, 2), 34));
    holds(&ops);
}

/// An error that a probe has seen is reported, even if a write has taken it since.
#[test]
fn error_that_was_taken_may_be_reported() {
    holds(&[
        New(Kind::FdTcp),
        During(Box::new(Register(0, RW)), 1),
        Write(0, All),
        Close(1),
        Poll(Micros(6_210), 64),
        Poll(Micros(391), 3),
        Write(0, Part),
        During(Box::new(Read(0, Part)), 64),
    ]);
}

/// One send causes an error, the next one takes it, and an event between them reports it.
#[test]
fn error_between_two_sends_may_be_reported() {
    holds(&[
        New(Kind::Udp),
        Register(1, W),
        Poll(Long, 3),
        Close(0),
        During(Box::new(Write(1, All)), 64),
    ]);
}

/// The second of delay of a closed socket begins when a `poll` has seen it.
#[test]
fn delay_of_a_closed_socket_begins_with_a_poll() {
    holds(&[
        New(Kind::FdUnix),
        Register(1, RW),
        ShutDown(0, BothHalves),
        Poll(NoWait, 2),
        Register(0, RW),
        Poll(NoWait, 64),
        Poll(Long, 1),
        Reregister(1, R),
        Poll(NoWait, 64),
    ]);
}

/// A probe and an event of the port report one source, the latter for data that was read since.
#[test]
fn queued_condition_may_follow_the_event_of_a_probe() {
    let mut ops = vec![New(Kind::FdTcp), Register(1, RW)];
    ops.extend(std::iter::repeat_n(Poll(NoWait, 1), 66));
    ops.extend([
        Write(0, All),
        Read(1, All),
        Register(0, R),
        Read(1, All),
        New(Kind::Tcp),
        Poll(Long, 64),
    ]);
    holds(&ops);
}

/// A probe has seen an error that a read then took. The event after `reregister` must report
/// reading, too: it did not.
#[test]
fn event_of_an_error_that_was_taken_reports_reading() {
    holds(&[
        New(Kind::FdTcp),
        Write(0, Part),
        Register(0, R),
        Close(1),
        Poll(NoWait, 1),
        Poll(NoWait, 1),
        Read(0, Part),
        Reregister(0, R),
        Poll(Long, 64),
    ]);
}

/// FreeBSD removes the filter of a pipe's writer once it has reported that the reader is gone.
#[test]
fn level_of_a_writer_without_reader_is_owed_once_on_kqueue() {
    holds(&[
        New(Kind::FdPipe),
        Register(0, W | LEVEL),
        Close(1),
        Poll(Long, 64),
        Poll(NoWait, 64),
    ]);
}

/// A child that has given a source away cannot deregister it for its parent.
#[test]
#[cfg(unix)]
fn source_that_a_child_gave_away_stays_registered() {
    holds(&[
        New(Kind::Udp),
        Register(1, R),
        Write(0, Part),
        Fork(vec![IntoRaw(1), Deregister(1)]),
        Poll(Long, 64),
    ]);
}

/// The first `poll` asks the kernel for the wakes of a child, too. Over poll(2) it did not if it
/// had no timeout to wait for and nothing was registered.
#[test]
fn first_poll_reports_the_wake_of_a_child() {
    holds(&[
        New(Kind::Tcp),
        NewWaker,
        Fork(vec![Wake(0, 0)]),
        Poll(NoWait, 2),
    ]);
}

/// Two writers without reader, which kqueue refuses, are reported by one `poll`. It reported one.
#[test]
fn writers_without_reader_are_reported_together() {
    holds(&[
        New(Kind::Pipe),
        Close(1),
        New(Kind::Pipe),
        Close(3),
        Register(2, W),
        Register(0, W),
        Poll(Long, 64),
    ]);
}

/// Registering the server of a named pipe again reports that it has disconnected: a read or a write
/// fails at once. The model did not allow it.
#[cfg(windows)]
#[test]
fn disconnected_server_may_be_reported_by_reregister() {
    holds(&[
        New(Kind::NamedPipe),
        Register(0, RW),
        ShutDown(0, Reading),
        Poll(NoWait, 1),
        Reregister(0, R),
        Poll(Long, 64),
    ]);
}
