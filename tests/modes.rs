//! `Interest::LEVEL` and `Interest::ONESHOT`, on every selector. `tests/exclusive.rs` has the third
//! mode, which only epoll has.
//!
//! epoll(7) defines what a level-triggered registration and `EPOLLONESHOT` report
//! (<https://man7.org/linux/man-pages/man7/epoll.7.html>,
//! <https://man7.org/linux/man-pages/man2/epoll_ctl.2.html>); the other selectors do the same.
#![cfg(all(
    any(unix, windows, all(target_os = "wasi", not(target_env = "p1"))),
    feature = "os-poll",
    feature = "net"
))]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use support::timing::{best_of_rounds, within};
use support::{
    KQUEUE, LONG, assert_no_event, drain, loopback, new_poll, poll_events, send, streams, wait_for,
};

const ONE: Token = Token(1);
const TWO: Token = Token(2);
const READ: Interest = Interest::READABLE;
const BOTH: Interest = READ.add(Interest::WRITABLE);
const READ_LEVEL: Interest = READ.add(Interest::LEVEL);
const READ_ONCE: Interest = READ.add(Interest::ONESHOT);

/// Every one of `polls` calls of `poll` reports `token` as readable, once.
#[track_caller]
fn assert_repeated(poll: &mut Poll, events: &mut Events, token: Token, polls: usize) {
    for round in 0..polls {
        poll_events(poll, events, LONG);
        let reported = events.iter().filter(|event| event.token() == token);
        assert_eq!(reported.count(), 1, "poll {round}: {events:?}");
    }
}

/// Reads `count` bytes and no more, so that no read returns `WouldBlock`.
fn read_exactly(stream: &mut TcpStream, count: usize) {
    let mut buffer = vec![0; count];
    stream.read_exact(&mut buffer).unwrap();
}

/// Reads the data that is left. wasmtime reports a stream as readable until a read would block: see
/// `Interest::LEVEL`.
fn read_rest(stream: &mut TcpStream, count: usize) {
    read_exactly(stream, count);
    if cfg!(target_os = "wasi") {
        assert!(drain(stream).is_empty());
    }
}

fn readable(poll: &mut Poll, events: &mut Events) {
    wait_for(poll, events, ONE, |event| event.is_readable());
}

/// A `Source` of another crate, which passes its interests on.
struct Foreign(TcpStream);

impl Source for Foreign {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> std::io::Result<()> {
        self.0.register(registry, token, interests)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> std::io::Result<()> {
        self.0.reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> std::io::Result<()> {
        self.0.deregister(registry)
    }
}

#[test]
fn level_is_reported_until_the_data_is_read() {
    let (mut poll, mut events) = new_poll();
    let (mut reader, writer) = streams();
    poll.registry()
        .register(&mut reader, ONE, READ_LEVEL)
        .unwrap();
    assert_no_event(&mut poll, &mut events, ONE);
    for _ in 0..3 {
        send(&writer, b"four");
        readable(&mut poll, &mut events);
        assert_repeated(&mut poll, &mut events, ONE, 5);
        read_exactly(&mut reader, 1);
        assert_repeated(&mut poll, &mut events, ONE, 5);
        // No read returns `WouldBlock`, other than on WASI.
        read_rest(&mut reader, 3);
        assert_no_event(&mut poll, &mut events, ONE);
    }
    // A read that returns `WouldBlock` changes nothing.
    drain(&mut reader);
    assert_no_event(&mut poll, &mut events, ONE);
    send(&writer, b"x");
    assert_repeated(&mut poll, &mut events, ONE, 5);
}

/// A level has no back-off: hundreds of reports come without a delay.
#[test]
fn level_is_reported_without_delay() {
    best_of_rounds(|| {
        let (mut poll, mut events) = new_poll();
        let (mut reader, writer) = streams();
        send(&writer, b"x");
        poll.registry()
            .register(&mut reader, ONE, READ_LEVEL)
            .unwrap();
        readable(&mut poll, &mut events);
        let start = Instant::now();
        assert_repeated(&mut poll, &mut events, ONE, 300);
        // With the delays of an edge it would be two seconds.
        within(start.elapsed(), Duration::from_millis(600))
    });
}

/// The condition of an idle socket is a level, too: this is the loop that spins.
#[test]
fn level_reports_room_for_data_again_and_again() {
    let (mut poll, mut events) = new_poll();
    let (mut left, _right) = streams();
    let interest = Interest::WRITABLE | Interest::LEVEL;
    poll.registry().register(&mut left, ONE, interest).unwrap();
    for _ in 0..100 {
        poll_events(&mut poll, &mut events, LONG);
        assert!(events.iter().any(|event| event.is_writable()));
    }
    // A write that succeeds changes nothing.
    assert_eq!(left.write(b"x").unwrap(), 1);
    assert_repeated(&mut poll, &mut events, ONE, 5);
}

/// A hang-up is a level: it stays until the source is deregistered, also after its end was read.
#[test]
fn level_hang_up_is_reported_until_deregistered() {
    best_of_rounds(|| {
        let (mut poll, mut events) = new_poll();
        let (mut reader, writer) = streams();
        poll.registry()
            .register(&mut reader, ONE, READ_LEVEL)
            .unwrap();
        assert_no_event(&mut poll, &mut events, ONE);
        drop(writer);
        reader.shutdown(Shutdown::Write).unwrap();
        readable(&mut poll, &mut events);
        assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
        let start = Instant::now();
        assert_repeated(&mut poll, &mut events, ONE, 300);
        let time = start.elapsed();
        poll.registry().deregister(&mut reader).unwrap();
        assert_no_event(&mut poll, &mut events, ONE);
        // With the delays of a hang-up it would be two seconds and more.
        within(time, Duration::from_millis(600))
    });
}

#[test]
fn level_listener_reports_connections_that_wait() {
    let (mut poll, mut events) = new_poll();
    let mut listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    poll.registry()
        .register(&mut listener, ONE, READ_LEVEL)
        .unwrap();
    let clients = [TcpStream::connect(address), TcpStream::connect(address)];
    // One `accept` for each event empties the backlog.
    for _ in &clients {
        readable(&mut poll, &mut events);
        support::retry(|| listener.accept());
    }
    assert_no_event(&mut poll, &mut events, ONE);
}

/// With room for one event, two levels take turns.
#[test]
fn levels_do_not_starve_each_other() {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1);
    let [(mut left, left_peer), (mut right, right_peer)] = [streams(), streams()];
    send(&left_peer, b"x");
    send(&right_peer, b"x");
    poll.registry()
        .register(&mut left, ONE, READ_LEVEL)
        .unwrap();
    poll.registry()
        .register(&mut right, TWO, READ_LEVEL)
        .unwrap();
    let mut seen = [0; 2];
    for _ in 0..100 {
        poll_events(&mut poll, &mut events, LONG);
        assert!(events.iter().count() <= 1);
        for event in &events {
            seen[event.token().0 - 1] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
}

#[test]
fn oneshot_reports_one_event() {
    for level in [None, Some(Interest::LEVEL)] {
        let (mut poll, mut events) = new_poll();
        let (mut reader, mut writer) = streams();
        let interest = level.map_or(READ_ONCE, |level| READ_ONCE | level);
        poll.registry()
            .register(&mut reader, ONE, interest)
            .unwrap();
        assert_no_event(&mut poll, &mut events, ONE);
        send(&writer, b"x");
        assert_repeated(&mut poll, &mut events, ONE, 1);
        assert_no_event(&mut poll, &mut events, ONE);
        // Neither a read that returns `WouldBlock` nor more data arms it again.
        assert_eq!(drain(&mut reader), b"x");
        send(&writer, b"y");
        assert_no_event(&mut poll, &mut events, ONE);
        // Nor does the end.
        writer.flush().unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
        assert_no_event(&mut poll, &mut events, ONE);
        drop(writer);
        assert_no_event(&mut poll, &mut events, ONE);

        // What holds now is reported, once.
        poll.registry()
            .reregister(&mut reader, TWO, interest)
            .unwrap();
        assert_repeated(&mut poll, &mut events, TWO, 1);
        assert_no_event(&mut poll, &mut events, TWO);
        assert_eq!(drain(&mut reader), b"y");
    }
}

/// One event for both directions. kqueue has a filter for each.
#[test]
fn oneshot_for_both_directions_reports_each_at_most_once() {
    let (mut poll, mut events) = new_poll();
    let (mut left, right) = streams();
    send(&right, b"x");
    let interest = BOTH | Interest::ONESHOT;
    // The data has arrived.
    poll.registry().register(&mut left, ONE, READ).unwrap();
    readable(&mut poll, &mut events);
    for _ in 0..3 {
        poll.registry()
            .reregister(&mut left, ONE, interest)
            .unwrap();
        let mut seen = [0; 2];
        let end = Instant::now() + Duration::from_millis(60);
        while Instant::now() < end {
            poll_events(&mut poll, &mut events, Duration::from_millis(10));
            for event in &events {
                seen[0] += usize::from(event.is_readable());
                seen[1] += usize::from(event.is_writable());
            }
        }
        if KQUEUE {
            assert_eq!(seen, [1, 1]);
        } else {
            // The conditions that held when the event was made: usually both.
            assert!(seen.iter().all(|count| *count <= 1), "{seen:?}");
            assert!(seen.iter().sum::<usize>() >= 1, "{seen:?}");
        }
    }
}

/// A source whose event was reported can be deregistered, registered again, and dropped.
#[test]
fn oneshot_source_can_be_deregistered_after_its_event() {
    let (mut poll, mut events) = new_poll();
    let (mut reader, writer) = streams();
    send(&writer, b"x");
    for _ in 0..3 {
        poll.registry()
            .register(&mut reader, ONE, READ_ONCE)
            .unwrap();
        assert_repeated(&mut poll, &mut events, ONE, 1);
        let again = poll.registry().register(&mut reader, ONE, READ_ONCE);
        assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
        poll.registry().deregister(&mut reader).unwrap();
    }
    poll.registry()
        .register(&mut reader, ONE, READ_ONCE)
        .unwrap();
    assert_repeated(&mut poll, &mut events, ONE, 1);
    drop(reader);
    assert_no_event(&mut poll, &mut events, ONE);
}

/// Every `reregister` replaces the mode, from any to any other.
#[test]
fn reregister_replaces_the_mode() {
    let (mut poll, mut events) = new_poll();
    let (mut reader, writer) = streams();
    send(&writer, b"x");
    poll.registry().register(&mut reader, ONE, READ).unwrap();
    readable(&mut poll, &mut events);
    assert_no_event(&mut poll, &mut events, ONE);
    let modes = [READ, READ_LEVEL, READ_ONCE];
    for from in modes {
        for to in modes {
            for interest in [from, to] {
                poll.registry()
                    .reregister(&mut reader, ONE, interest)
                    .unwrap();
                assert_repeated(&mut poll, &mut events, ONE, 1);
                if interest.is_level() {
                    assert_repeated(&mut poll, &mut events, ONE, 3);
                } else {
                    assert_no_event(&mut poll, &mut events, ONE);
                }
            }
        }
    }
    // An edge-triggered registration is one again.
    poll.registry().reregister(&mut reader, ONE, READ).unwrap();
    readable(&mut poll, &mut events);
    for _ in 0..3 {
        drain(&mut reader);
        send(&writer, b"y");
        readable(&mut poll, &mut events);
    }
}

#[test]
fn modes_alone_are_invalid_input() {
    let poll = Poll::new().unwrap();
    let (mut reader, _writer) = streams();
    let modes = [Interest::LEVEL, Interest::ONESHOT, Interest::EXCLUSIVE];
    let all = Interest::LEVEL | Interest::ONESHOT | Interest::EXCLUSIVE;
    for mode in modes.into_iter().chain([all]) {
        let error = poll.registry().register(&mut reader, ONE, mode);
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{mode:?}");
        assert!(error.to_string().contains("readiness"), "{error}");
        // Nothing was registered.
        poll.registry().register(&mut reader, ONE, READ).unwrap();
        let error = poll.registry().reregister(&mut reader, ONE, mode);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
        poll.registry().deregister(&mut reader).unwrap();
    }
}

/// A refused `reregister` leaves the registration as it was.
#[test]
fn refused_mode_keeps_the_registration() {
    let (mut poll, mut events) = new_poll();
    let (mut reader, writer) = streams();
    poll.registry()
        .register(&mut reader, ONE, READ_LEVEL)
        .unwrap();
    let error = poll
        .registry()
        .reregister(&mut reader, TWO, Interest::ONESHOT);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
    send(&writer, b"x");
    readable(&mut poll, &mut events);
    assert_repeated(&mut poll, &mut events, ONE, 3);
}

/// A source of another crate has the modes, because it passes its interests on.
#[test]
fn foreign_source_has_the_modes() {
    let (mut poll, mut events) = new_poll();
    let (reader, writer) = streams();
    let mut reader = Foreign(reader);
    send(&writer, b"x");
    poll.registry()
        .register(&mut reader, ONE, READ_LEVEL)
        .unwrap();
    readable(&mut poll, &mut events);
    assert_repeated(&mut poll, &mut events, ONE, 5);
    poll.registry()
        .reregister(&mut reader, ONE, READ_ONCE)
        .unwrap();
    assert_repeated(&mut poll, &mut events, ONE, 1);
    assert_no_event(&mut poll, &mut events, ONE);
}

/// An event shows readiness. Modes are in no event, and in `Debug` of an `Interest`.
#[test]
fn modes_are_shown_by_their_interest() {
    let all = BOTH | Interest::EXCLUSIVE | Interest::LEVEL | Interest::ONESHOT;
    assert_eq!(
        format!("{all:?}"),
        "READABLE | WRITABLE | EXCLUSIVE | LEVEL | ONESHOT"
    );
    assert!(all.is_exclusive() && all.is_level() && all.is_oneshot());
    assert!(!BOTH.is_exclusive() && !BOTH.is_level() && !BOTH.is_oneshot());
    assert!(!READ_LEVEL.is_oneshot() && !READ_ONCE.is_level());
    assert_eq!(READ_LEVEL.remove(Interest::LEVEL), Some(READ));
    assert_eq!(READ_LEVEL.remove(READ), None);
}

/// An unowned file descriptor or socket: the library does not see its operations.
#[cfg(feature = "os-ext")]
mod unowned {
    use super::*;

    #[cfg(unix)]
    use mio::unix::SourceFd as Unowned;
    #[cfg(target_os = "wasi")]
    use mio::wasi::SourceFd as Unowned;
    #[cfg(windows)]
    use mio::windows::SourceSocket as Unowned;
    #[cfg(not(windows))]
    use std::os::fd::AsRawFd as _;
    #[cfg(windows)]
    use std::os::windows::io::AsRawSocket as _;

    #[cfg(not(windows))]
    macro_rules! unowned {
        ($stream:expr) => {
            Unowned(&$stream.as_raw_fd())
        };
    }
    #[cfg(windows)]
    macro_rules! unowned {
        ($stream:expr) => {
            Unowned(&$stream.as_raw_socket())
        };
    }

    #[test]
    fn unowned_level_is_reported_until_the_data_is_read() {
        best_of_rounds(|| {
            let (mut poll, mut events) = new_poll();
            let (mut reader, writer) = streams();
            poll.registry()
                .register(&mut unowned!(reader), ONE, READ_LEVEL)
                .unwrap();
            send(&writer, b"xy");
            readable(&mut poll, &mut events);
            let start = Instant::now();
            assert_repeated(&mut poll, &mut events, ONE, 300);
            let time = start.elapsed();
            read_rest(&mut reader, 2);
            assert_no_event(&mut poll, &mut events, ONE);
            drop(writer);
            readable(&mut poll, &mut events);
            let start = Instant::now();
            assert_repeated(&mut poll, &mut events, ONE, 300);
            within(time + start.elapsed(), Duration::from_millis(1_200))
        });
    }

    #[test]
    fn unowned_oneshot_reports_one_event() {
        let (mut poll, mut events) = new_poll();
        let (mut reader, writer) = streams();
        let registry = poll.registry().try_clone().unwrap();
        registry
            .register(&mut unowned!(reader), ONE, READ_ONCE)
            .unwrap();
        for _ in 0..3 {
            send(&writer, b"x");
            assert_repeated(&mut poll, &mut events, ONE, 1);
            read_exactly(&mut reader, 1);
            send(&writer, b"y");
            assert_no_event(&mut poll, &mut events, ONE);
            read_rest(&mut reader, 1);
            registry
                .reregister(&mut unowned!(reader), ONE, READ_ONCE)
                .unwrap();
            assert_no_event(&mut poll, &mut events, ONE);
        }
        send(&writer, b"z");
        assert_repeated(&mut poll, &mut events, ONE, 1);
        registry.deregister(&mut unowned!(reader)).unwrap();
    }

    #[test]
    fn unowned_mode_is_replaced_by_reregister() {
        let (mut poll, mut events) = new_poll();
        let (reader, writer) = streams();
        send(&writer, b"x");
        let registry = poll.registry().try_clone().unwrap();
        let mut source = reader;
        registry.register(&mut unowned!(source), ONE, READ).unwrap();
        readable(&mut poll, &mut events);
        for _ in 0..3 {
            registry
                .reregister(&mut unowned!(source), ONE, READ_ONCE)
                .unwrap();
            assert_repeated(&mut poll, &mut events, ONE, 1);
            assert_no_event(&mut poll, &mut events, ONE);
            registry
                .reregister(&mut unowned!(source), ONE, READ_LEVEL)
                .unwrap();
            assert_repeated(&mut poll, &mut events, ONE, 5);
        }
        // An edge again.
        registry
            .reregister(&mut unowned!(source), ONE, READ)
            .unwrap();
        readable(&mut poll, &mut events);
        drain(&mut source);
        assert_no_event(&mut poll, &mut events, ONE);
        send(&writer, b"y");
        readable(&mut poll, &mut events);
        registry.deregister(&mut unowned!(source)).unwrap();
    }
}

/// Pipes: the level of a hang-up, which has no data beside it.
#[cfg(all(unix, feature = "os-ext"))]
mod pipes {
    use super::*;
    use mio::event::Event;
    use mio::unix::pipe;

    #[test]
    fn level_reports_the_end_of_a_pipe() {
        let (mut poll, mut events) = new_poll();
        let (sender, mut receiver) = pipe::new().unwrap();
        poll.registry()
            .register(&mut receiver, ONE, READ_LEVEL)
            .unwrap();
        assert_no_event(&mut poll, &mut events, ONE);
        drop(sender);
        for _ in 0..200 {
            wait_for(&mut poll, &mut events, ONE, |event| event.is_read_closed());
            assert_eq!(receiver.read(&mut [0; 8]).unwrap(), 0);
        }
    }

    /// The end of a writer. WASI preview 1 reports it as room alone.
    fn has_no_reader(event: &Event) -> bool {
        event.is_write_closed() || cfg!(mio_fake_kernel = "wasip1") && event.is_writable()
    }

    /// A writer that is registered when its reader is gone. kqueue may refuse the filter.
    #[test]
    fn level_reports_a_writer_without_reader() {
        let (mut poll, mut events) = new_poll();
        let (mut sender, receiver) = pipe::new().unwrap();
        drop(receiver);
        let interest = Interest::WRITABLE | Interest::LEVEL;
        poll.registry()
            .register(&mut sender, ONE, interest)
            .unwrap();
        for _ in 0..100 {
            wait_for(&mut poll, &mut events, ONE, has_no_reader);
        }
        poll.registry()
            .reregister(&mut sender, ONE, Interest::WRITABLE | Interest::ONESHOT)
            .unwrap();
        wait_for(&mut poll, &mut events, ONE, has_no_reader);
        assert_no_event(&mut poll, &mut events, ONE);
        poll.registry()
            .reregister(&mut sender, ONE, interest)
            .unwrap();
        wait_for(&mut poll, &mut events, ONE, has_no_reader);
        poll.registry().deregister(&mut sender).unwrap();
        assert_no_event(&mut poll, &mut events, ONE);
    }

    #[test]
    fn oneshot_pipe_reports_one_event() {
        let (mut poll, mut events) = new_poll();
        let (mut sender, mut receiver) = pipe::new().unwrap();
        poll.registry()
            .register(&mut receiver, ONE, READ_ONCE)
            .unwrap();
        sender.write_all(b"x").unwrap();
        assert_repeated(&mut poll, &mut events, ONE, 1);
        assert_eq!(drain(&mut receiver), b"x");
        drop(sender);
        // The end of a pipe, which no selector can mask.
        assert_no_event(&mut poll, &mut events, ONE);
        assert_eq!(receiver.read(&mut [0; 8]).unwrap(), 0);
        assert_no_event(&mut poll, &mut events, ONE);
        poll.registry()
            .reregister(&mut receiver, ONE, READ_ONCE)
            .unwrap();
        wait_for(&mut poll, &mut events, ONE, |event| event.is_read_closed());
    }
}

/// What has no edges to choose from: a named pipe, and a handle, whose waits are one-shot.
#[cfg(all(windows, feature = "os-ext"))]
mod windows {
    use super::*;
    use mio::windows::{NamedPipe, SourceHandle};
    use std::os::windows::io::AsRawHandle as _;

    #[test]
    fn named_pipe_refuses_modes() {
        let poll = Poll::new().unwrap();
        let name = format!(r"\\.\pipe\mio-modes-{}", std::process::id());
        let mut pipe = NamedPipe::new(name).unwrap();
        for interest in [READ_LEVEL, READ_ONCE, READ | Interest::EXCLUSIVE] {
            let error = poll.registry().register(&mut pipe, ONE, interest);
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Unsupported);
        }
        let error = poll.registry().register(&mut pipe, ONE, Interest::LEVEL);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
        poll.registry().register(&mut pipe, ONE, READ).unwrap();
        let error = poll.registry().reregister(&mut pipe, ONE, READ_LEVEL);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn handle_is_one_shot_in_any_case() {
        let (mut poll, mut events) = new_poll();
        let thread = std::thread::spawn(|| ());
        let handle = thread.as_raw_handle();
        let source = &mut SourceHandle(&handle);
        for (interest, kind) in [
            (READ_LEVEL, ErrorKind::Unsupported),
            (READ | Interest::EXCLUSIVE, ErrorKind::Unsupported),
            (
                Interest::WRITABLE | Interest::ONESHOT,
                ErrorKind::Unsupported,
            ),
            (Interest::ONESHOT, ErrorKind::InvalidInput),
        ] {
            let error = poll.registry().register(source, ONE, interest);
            assert_eq!(error.unwrap_err().kind(), kind, "{interest:?}");
        }
        poll.registry().register(source, ONE, READ_ONCE).unwrap();
        for interest in [READ, READ_ONCE] {
            assert_repeated(&mut poll, &mut events, ONE, 1);
            assert_no_event(&mut poll, &mut events, ONE);
            poll.registry().reregister(source, ONE, interest).unwrap();
        }
        poll.registry().deregister(source).unwrap();
        thread.join().unwrap();
    }
}

/// Writers whose reader is gone. Some kqueues refuse to watch them, and the library reports them.
#[cfg(all(unix, feature = "os-ext"))]
mod writers_without_reader {
    use std::os::fd::AsRawFd as _;

    use super::*;
    use mio::unix::{SourceFd, pipe};

    const WRITE_LEVEL: Interest = Interest::WRITABLE.add(Interest::LEVEL);

    #[test]
    fn level_of_a_closed_fd_ends() {
        let (mut poll, mut events) = new_poll();
        let (sender, receiver) = pipe::new().unwrap();
        drop(receiver);
        let fd = sender.as_raw_fd();
        let registry = poll.registry();
        registry
            .register(&mut SourceFd(&fd), ONE, WRITE_LEVEL)
            .unwrap();
        drop(sender);
        // It may have one event that was made before.
        poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
        assert_no_event(&mut poll, &mut events, ONE);
    }

    #[test]
    fn each_poll_reports_all_levels() {
        let (mut poll, mut events) = new_poll();
        let mut senders = Vec::new();
        for index in 0..3 {
            let (mut sender, receiver) = pipe::new().unwrap();
            drop(receiver);
            let registry = poll.registry();
            registry
                .register(&mut sender, Token(index), WRITE_LEVEL)
                .unwrap();
            senders.push(sender);
        }
        for _ in 0..3 {
            poll.poll(&mut events, Some(LONG)).unwrap();
            let mut tokens: Vec<_> = events.iter().map(|event| event.token().0).collect();
            tokens.sort_unstable();
            assert_eq!(tokens, [0, 1, 2]);
        }
    }
}
