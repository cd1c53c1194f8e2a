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
