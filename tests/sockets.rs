//! TCP, UDP, Unix domain sockets and pipes: readiness, closing, and what every operation does to the next event.
#![cfg(all(
    any(unix, windows, all(target_os = "wasi", not(target_env = "p1"))),
    feature = "os-poll",
    feature = "net",
    feature = "os-ext"
))]

mod support;

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
#[cfg(not(target_os = "wasi"))]
use std::net::Shutdown;
#[cfg(unix)]
use std::process::{Command, Stdio};

#[cfg(not(target_os = "wasi"))]
use mio::event::Event;
use mio::net::{TcpListener, TcpStream, UdpSocket};
#[cfg(unix)]
use mio::net::{UnixListener, UnixStream};
#[cfg(unix)]
use mio::unix::pipe;
use mio::{Events, Interest, Poll, Token};
use support::{drain, loopback, nothing_comes, queue, retry, wait_for, wait_for_all, would_block};

#[cfg(not(target_os = "wasi"))]
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
const ONE: Token = Token(1);
const TWO: Token = Token(2);

fn streams() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(loopback()).unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = retry(|| listener.accept());
    support::connected(&mut client);
    (client, server)
}

/// an event for each time that `accept` would have blocked.
#[test]
fn a_listener_reports_each_round() {
    let (mut queue, mut events) = queue();
    let mut listener = TcpListener::bind(loopback()).unwrap();
    queue
        .registry()
        .register(&mut listener, ONE, Interest::READABLE)
        .unwrap();
    nothing_comes(&mut queue, &mut events, ONE);
    for _ in 0..3 {
        let clients: Vec<_> = (0..2)
            .map(|_| std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap())
            .collect();
        let mut accepted = 0;
        while accepted < clients.len() {
            wait_for(&mut queue, &mut events, ONE, |event| event.is_readable());
            while let Ok((stream, address)) = listener.accept() {
                assert_eq!(stream.peer_addr().unwrap(), address);
                accepted += 1;
            }
        }
        would_block(listener.accept());
    }
}

/// every operation that would block leaves the source armed.
#[test]
fn every_operation_arms_again() {
    let (mut queue, mut events) = queue();
    let (mut client, server) = streams();
    queue
        .registry()
        .register(&mut client, ONE, Interest::READABLE)
        .unwrap();
    type Operation = fn(&mut TcpStream) -> io::Result<usize>;
    let operations: &[Operation] = &[
        |stream| stream.read(&mut [0; 8]),
        #[cfg(not(target_os = "wasi"))] // It cannot peek.
        |stream| stream.peek(&mut [0; 8]),
        |stream| stream.read_vectored(&mut [IoSliceMut::new(&mut [0; 8])]),
        |stream| (&*stream).read(&mut [0; 8]),
        |stream| stream.try_io(|| Err(ErrorKind::WouldBlock.into())),
    ];
    for operation in operations {
        would_block(operation(&mut client));
        support::send(&server, b"data");
        wait_for(&mut queue, &mut events, ONE, |event| event.is_readable());
        assert_eq!(drain(&client), b"data");
    }
}

#[test]
fn a_full_stream_becomes_writable_again() {
    let (mut queue, mut events) = queue();
    let (mut client, server) = streams();
    queue
        .registry()
        .register(&mut client, ONE, Interest::WRITABLE)
        .unwrap();
    wait_for(&mut queue, &mut events, ONE, |event| event.is_writable());
    for _ in 0..3 {
        let block = [7; 16 * 1024];
        let mut sent = 0;
        loop {
            match client.write_vectored(&[IoSlice::new(&block), IoSlice::new(&block)]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        let mut received = 0;
        while received < sent {
            received += drain(&server).len();
        }
        wait_for(&mut queue, &mut events, ONE, |event| event.is_writable());
    }
}

/// the peer has shut its writing half; ours is open. A-46: where the event does not say so, reading does.
#[cfg(not(target_os = "wasi"))]
#[test]
fn a_half_close_closes_reading_only() {
    let (mut queue, mut events) = queue();
    let (mut client, server) = streams();
    queue.registry().register(&mut client, ONE, BOTH).unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    wait_for(&mut queue, &mut events, ONE, |event| {
        assert!(!event.is_write_closed(), "{event:?}");
        event.is_readable() && event.is_read_closed() == support::TELLS_END
    });
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
    client.write_all(b"still").unwrap();
}

/// Data that was not read does not hide the end.
#[cfg(not(target_os = "wasi"))]
#[test]
#[cfg_attr(
    windows,
    ignore = "Wine hides it: tests/wine.rs, says_nothing_of_an_end_behind_data"
)]
fn an_end_behind_unread_data_is_reported() {
    let (mut queue, mut events) = queue();
    let (mut client, mut server) = streams();
    queue
        .registry()
        .register(&mut client, ONE, Interest::READABLE)
        .unwrap();
    server.write_all(b"data").unwrap();
    wait_for(&mut queue, &mut events, ONE, |event| event.is_readable());
    server.shutdown(Shutdown::Write).unwrap();
    if support::TELLS_END {
        wait_for(&mut queue, &mut events, ONE, |event| event.is_read_closed());
    }
    assert_eq!(drain(&client), b"data");
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
}

#[cfg(not(target_os = "wasi"))]
#[test]
fn both_halves_closed() {
    let (mut queue, mut events) = queue();
    let (mut client, server) = streams();
    queue.registry().register(&mut client, ONE, BOTH).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    drop(server);
    // AFD says only what the peer did.
    let wanted: &[fn(&Event) -> bool] = if cfg!(windows) {
        &[Event::is_read_closed]
    } else {
        &[Event::is_read_closed, Event::is_write_closed]
    };
    wait_for_all(&mut queue, &mut events, ONE, wanted);
    // it is reported, and then there is silence.
    assert_eq!(client.read(&mut [0; 8]).unwrap_or(0), 0);
    assert!(count_events(&mut queue, &mut events) <= 2);
}

/// How many events come in a while.
#[cfg(not(target_os = "wasi"))]
fn count_events(queue: &mut Poll, events: &mut Events) -> usize {
    let mut count = 0;
    for _ in 0..20 {
        support::poll(queue, events, std::time::Duration::from_millis(5));
        count += events.iter().count();
    }
    count
}

///
#[cfg(not(target_os = "wasi"))]
#[test]
fn a_refused_connection_is_an_error_event() {
    let (mut queue, mut events) = queue();
    let address = {
        let listener = TcpListener::bind(loopback()).unwrap();
        listener.local_addr().unwrap()
    };
    let mut client = match TcpStream::connect(address) {
        Ok(client) => client,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            return;
        }
    };
    queue.registry().register(&mut client, ONE, BOTH).unwrap();
    let wanted: [fn(&Event) -> bool; 2] = [
        |event| event.is_writable() && event.is_write_closed(),
        Event::is_read_closed,
    ];
    wait_for_all(&mut queue, &mut events, ONE, &wanted);
    let error = client.take_error().unwrap().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    // It is reported once; poll(2) sees that the error was taken.
    let count = count_events(&mut queue, &mut events);
    assert!(count <= usize::from(!cfg!(windows)), "{count}");
}

///
#[cfg(not(target_os = "wasi"))]
#[test]
fn out_of_band_data_is_priority() {
    let (mut queue, mut events) = queue();
    let (mut client, server) = streams();
    let interest = Interest::READABLE | Interest::PRIORITY;
    let registered = queue.registry().register(&mut client, ONE, interest);
    if support::KQUEUE {
        assert_eq!(registered.unwrap_err().kind(), ErrorKind::Unsupported);
        return;
    }
    registered.unwrap();
    support::raw::send_out_of_band(&server);
    wait_for(&mut queue, &mut events, ONE, |event| {
        event.is_priority() && event.is_readable()
    });
}

/// no SIGPIPE.
#[cfg(unix)]
#[test]
fn writing_to_a_closed_peer_is_an_error() {
    let (mut left, right) = UnixStream::pair().unwrap();
    drop(right);
    assert_eq!(left.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn datagrams_give_an_event_each_round() {
    let (mut queue, mut events) = queue();
    let mut receiver = UdpSocket::bind(loopback()).unwrap();
    let sender = UdpSocket::bind(loopback()).unwrap();
    queue
        .registry()
        .register(&mut receiver, ONE, Interest::READABLE)
        .unwrap();
    let address = receiver.local_addr().unwrap();
    for round in 0..5_u8 {
        assert_eq!(sender.send_to(&[round], address).unwrap(), 1);
        wait_for(&mut queue, &mut events, ONE, |event| event.is_readable());
        let mut buffer = [0; 4];
        let (count, from) = receiver.recv_from(&mut buffer).unwrap();
        assert_eq!(
            (&buffer[..count], from),
            (&[round][..], sender.local_addr().unwrap())
        );
        would_block(receiver.recv_from(&mut buffer));
    }
}

/// A UDP socket that has just sent to where nobody listens.
#[cfg(not(target_os = "wasi"))]
fn refused_datagram(queue: &Poll) -> UdpSocket {
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    let gone = UdpSocket::bind(loopback()).unwrap().local_addr().unwrap();
    queue
        .registry()
        .register(&mut socket, ONE, Interest::READABLE)
        .unwrap();
    socket.connect(gone).unwrap();
    socket.send(b"x").unwrap();
    socket
}

/// a datagram that was refused comes back as an error, once.
#[cfg(not(target_os = "wasi"))]
#[test]
#[cfg_attr(
    windows,
    ignore = "Wine tells it neither to AFD nor to recv: tests/wine.rs, says_nothing_of_a_datagram_that_was_refused"
)]
fn a_refused_datagram_is_an_error_event() {
    let (mut queue, mut events) = queue();
    let socket = refused_datagram(&queue);
    // kqueue and AFD say only that there is something to be had.
    wait_for(&mut queue, &mut events, ONE, |event| {
        event.is_error() || (support::KQUEUE || cfg!(windows)) && event.is_readable()
    });
    let error = socket.recv(&mut [0; 8]).unwrap_err();
    let kind = error.kind();
    assert!(
        kind == ErrorKind::ConnectionRefused || cfg!(windows) && kind == ErrorKind::ConnectionReset,
        "{error}"
    );
    would_block(socket.recv(&mut [0; 8]));
}

/// it ends nothing. The error of a connected socket.
#[cfg(not(target_os = "wasi"))]
#[test]
#[cfg_attr(
    windows,
    ignore = "Wine's polls are deaf afterwards: tests/wine.rs, is_deaf_after_a_datagram_that_was_refused"
)]
fn after_a_refused_datagram_events_go_on() {
    let (mut queue, mut events) = queue();
    let socket = refused_datagram(&queue);
    support::poll(&mut queue, &mut events, support::SHORT);
    let _ = socket.recv(&mut [0; 8]);
    would_block(socket.recv(&mut [0; 8]));
    let peer = UdpSocket::bind(loopback()).unwrap();
    socket.connect(peer.local_addr().unwrap()).unwrap();
    datagrams_come(&mut queue, &mut events, &socket, &peer);
}

/// the same of a socket that is not connected, to which only Windows tells an error at all.
#[cfg(not(target_os = "wasi"))]
#[test]
fn after_a_datagram_to_nobody_events_go_on() {
    let (mut queue, mut events) = queue();
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    queue
        .registry()
        .register(&mut socket, ONE, Interest::READABLE)
        .unwrap();
    let peer = UdpSocket::bind(loopback()).unwrap();
    let gone = UdpSocket::bind(loopback()).unwrap().local_addr().unwrap();
    for _ in 0..3 {
        socket.send_to(b"x", gone).unwrap();
        support::poll(&mut queue, &mut events, support::SHORT);
        match socket.recv(&mut [0; 8]) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                would_block(socket.recv(&mut [0; 8]));
            }
            result => would_block(result),
        }
        datagrams_come(&mut queue, &mut events, &socket, &peer);
    }
}

/// An event for each datagram, although the buffer is too short. A-65: what becomes of it then.
#[cfg(not(target_os = "wasi"))]
fn datagrams_come(queue: &mut Poll, events: &mut Events, socket: &UdpSocket, peer: &UdpSocket) {
    for _ in 0..3 {
        peer.send_to(b"later", socket.local_addr().unwrap())
            .unwrap();
        wait_for(queue, events, ONE, |event| event.is_readable());
        let mut buffer = [0; 2];
        match socket.recv(&mut buffer) {
            // WSAEMSGSIZE: the datagram is lost.
            Err(error) if cfg!(windows) => assert_eq!(error.raw_os_error(), Some(10_040)),
            count => assert_eq!((cfg!(windows), count.unwrap()), (false, 2)),
        }
        assert_eq!(&buffer, b"la");
        would_block(socket.recv(&mut buffer));
    }
}

///
#[cfg(unix)]
#[test]
fn a_unix_listener_reports_each_round() {
    let (mut queue, mut events) = queue();
    let path = std::env::temp_dir().join(format!("mio-test-{}-listener", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let mut listener = UnixListener::bind(&path).unwrap();
    queue
        .registry()
        .register(&mut listener, ONE, Interest::READABLE)
        .unwrap();
    for _ in 0..3 {
        let client = UnixStream::connect(&path).unwrap();
        wait_for(&mut queue, &mut events, ONE, |event| event.is_readable());
        let (accepted, address) = listener.accept().unwrap();
        assert!(address.is_unnamed());
        assert_eq!(
            accepted.local_addr().unwrap().as_pathname(),
            Some(path.as_path())
        );
        would_block(listener.accept().map(drop));
        drop(client);
    }
    std::fs::remove_file(&path).unwrap();
}

/// a full backlog is no connection.
#[cfg(unix)]
#[test]
#[allow(unsafe_code)]
fn a_full_unix_backlog_would_block() {
    use std::os::fd::AsRawFd;
    let path = std::env::temp_dir().join(format!("mio-test-{}-backlog", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    // SAFETY: listen(2) takes two integers and touches no memory. A second call sets the backlog anew.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 1) }, 0);
    let mut clients = Vec::new();
    let error = loop {
        match UnixStream::connect(&path) {
            Ok(client) => clients.push(client),
            Err(error) => break error,
        }
        assert!(clients.len() < 100, "the backlog has no end");
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    drop(listener);
    std::fs::remove_file(&path).unwrap();
}

///
#[cfg(unix)]
#[test]
fn unix_names_and_pairs() {
    assert_eq!(
        UnixStream::connect("\0x").unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    #[cfg(not(target_os = "emscripten"))] // It has no such socket.
    {
        let (left, right) = mio::net::UnixDatagram::pair().unwrap();
        would_block(right.recv(&mut [0; 4]));
        left.send(b"hi").unwrap();
        let mut buffer = [0; 4];
        let (count, from) = right.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..count], b"hi");
        assert!(from.is_unnamed());
    }
    let (mut left, mut right) = UnixStream::pair().unwrap();
    would_block(right.read(&mut [0; 4]));
    left.write_all(b"hi").unwrap();
    assert_eq!(drain(&mut right), b"hi");
}

/// either end of a pipe learns that the other is gone.
#[cfg(unix)]
#[test]
fn a_pipe_end_that_goes_closes_the_other() {
    let (mut queue, mut events) = queue();
    let (mut sender, mut receiver) = pipe::new().unwrap();
    queue
        .registry()
        .register(&mut sender, ONE, Interest::WRITABLE)
        .unwrap();
    queue
        .registry()
        .register(&mut receiver, TWO, Interest::READABLE)
        .unwrap();
    wait_for(&mut queue, &mut events, ONE, |event| event.is_writable());
    sender.write_all(b"data").unwrap();
    wait_for(&mut queue, &mut events, TWO, |event| event.is_readable());
    // The close is reported although the data was not read.
    drop(sender);
    wait_for(&mut queue, &mut events, TWO, |event| event.is_read_closed());
    assert_eq!(drain(&receiver), b"data");
    drop(receiver);

    let (mut sender, receiver) = pipe::new().unwrap();
    queue
        .registry()
        .register(&mut sender, ONE, Interest::WRITABLE)
        .unwrap();
    drop(receiver);
    wait_for(&mut queue, &mut events, ONE, |event| {
        event.is_write_closed()
    });
}

/// a child's ends are blocking until told otherwise.
#[cfg(unix)]
#[test]
fn the_pipes_of_a_child() {
    let (mut queue, mut events) = queue();
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut sender = pipe::Sender::from(child.stdin.take().unwrap());
    let mut receiver = pipe::Receiver::from(child.stdout.take().unwrap());
    receiver.set_nonblocking(true).unwrap();
    sender.set_nonblocking(true).unwrap();
    queue
        .registry()
        .register(&mut receiver, ONE, Interest::READABLE)
        .unwrap();
    would_block(receiver.read(&mut [0; 8]));
    sender.write_all(b"through the cat").unwrap();
    wait_for(&mut queue, &mut events, ONE, |event| event.is_readable());
    assert_eq!(drain(&receiver), b"through the cat");
    drop(sender);
    wait_for(&mut queue, &mut events, ONE, |event| event.is_read_closed());
    child.wait().unwrap();
}

/// Two busy sources and a small buffer: each is served.
#[test]
fn small_buffers_serve_all() {
    let mut queue = Poll::new().unwrap();
    let mut events = Events::with_capacity(1);
    let (mut left, left_peer) = streams();
    let (mut right, right_peer) = streams();
    queue
        .registry()
        .register(&mut left, ONE, Interest::READABLE)
        .unwrap();
    queue
        .registry()
        .register(&mut right, TWO, Interest::READABLE)
        .unwrap();
    let mut served = [0_usize; 2];
    while served.iter().any(|count| *count < 50) {
        support::send(&left_peer, b"x");
        support::send(&right_peer, b"x");
        support::poll(&mut queue, &mut events, support::LONG);
        for event in &events {
            let (stream, count) = if event.token() == ONE {
                (&left, &mut served[0])
            } else {
                (&right, &mut served[1])
            };
            assert!(!drain(stream).is_empty());
            *count += 1;
        }
        assert!(served[0].abs_diff(served[1]) < 40, "{served:?}");
    }
}

/// Whether nothing is said of a socket that was never connected.
#[cfg(not(target_os = "wasi"))]
const SILENT: bool = support::KQUEUE || cfg!(windows);

/// A-12, second half: what was never connected says that it is hung up, or nothing.
#[cfg(not(target_os = "wasi"))]
#[test]
fn a_socket_that_never_connected_is_not_cleanly_writable() {
    let (mut queue, mut events) = queue();
    let mut stream = TcpStream::from_std(support::raw::unconnected());
    queue.registry().register(&mut stream, ONE, BOTH).unwrap();
    if SILENT {
        nothing_comes(&mut queue, &mut events, ONE);
        return;
    }
    wait_for(&mut queue, &mut events, ONE, |event| {
        event.is_write_closed()
    });
}

/// it may still be connected, and then reports it.
#[cfg(not(target_os = "wasi"))]
#[test]
fn a_socket_registered_unconnected_reports_its_connection() {
    let (mut queue, mut events) = queue();
    let listener = TcpListener::bind(loopback()).unwrap();
    let mut stream = TcpStream::from_std(support::raw::unconnected());
    queue.registry().register(&mut stream, ONE, BOTH).unwrap();
    // Its hang-up is seen first, if at all.
    if SILENT {
        nothing_comes(&mut queue, &mut events, ONE);
    } else {
        wait_for(&mut queue, &mut events, ONE, |event| {
            event.is_write_closed()
        });
    }
    support::raw::connect(&stream, listener.local_addr().unwrap());
    let (mut server, _) = retry(|| listener.accept());
    wait_for(&mut queue, &mut events, ONE, |event| {
        event.is_writable() && !event.is_write_closed()
    });
    server.write_all(b"hi").unwrap();
    wait_for(&mut queue, &mut events, ONE, |event| event.is_readable());
    assert_eq!(drain(&stream), b"hi");
}
