//! UDP: events of each round of datagrams, and refused datagrams.
#![cfg(all(
    any(unix, windows, all(target_os = "wasi", not(target_env = "p1"))),
    feature = "os-poll",
    feature = "net"
))]

mod support;

use std::io::{self, ErrorKind};

#[cfg(not(target_os = "wasi"))]
use mio::Poll;
use mio::net::UdpSocket;
use mio::{Interest, Token};
use support::{loopback, new_poll, retry, wait_for, would_block};

const ONE: Token = Token(1);

#[test]
fn each_round_of_datagrams_is_reported() {
    let (mut poll, mut events) = new_poll();
    let mut receiver = UdpSocket::bind(loopback()).unwrap();
    let sender = UdpSocket::bind(loopback()).unwrap();
    poll.registry()
        .register(&mut receiver, ONE, Interest::READABLE)
        .unwrap();
    let address = receiver.local_addr().unwrap();
    for round in 0..5_u8 {
        assert_eq!(sender.send_to(&[round], address).unwrap(), 1);
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        let mut buffer = [0; 4];
        let (count, from) = receiver.recv_from(&mut buffer).unwrap();
        assert_eq!(
            (&buffer[..count], from),
            (&[round][..], sender.local_addr().unwrap())
        );
        would_block(receiver.recv_from(&mut buffer));
    }
}

/// A registered socket that has just sent to a port without a socket.
#[cfg(not(target_os = "wasi"))]
fn send_refused_datagram(poll: &Poll) -> UdpSocket {
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    socket.set_connection_resets(true).unwrap();
    let gone = UdpSocket::bind(loopback()).unwrap().local_addr().unwrap();
    poll.registry()
        .register(&mut socket, ONE, Interest::READABLE)
        .unwrap();
    socket.connect(gone).unwrap();
    socket.send(b"x").unwrap();
    socket
}

/// A refused datagram is one error event, and one error of a receive.
#[cfg(not(target_os = "wasi"))]
#[test]
fn refused_datagram_is_reported_once() {
    let proof = "tests/wine_differences.rs, wsapoll_misses_a_refused_datagram";
    if support::wine_lacks(None, proof) {
        return;
    }
    let (mut poll, mut events) = new_poll();
    let socket = send_refused_datagram(&poll);
    // kqueue and AFD report the error as readable.
    wait_for(&mut poll, &mut events, ONE, |event| {
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

/// After a refused datagram a connected socket keeps reporting.
#[cfg(not(target_os = "wasi"))]
#[test]
fn connected_socket_reports_after_a_refused_datagram() {
    let proof = "tests/wine_differences.rs, wsapoll_misses_datagrams_after_a_refusal";
    if support::wine_lacks(None, proof) {
        return;
    }
    let (mut poll, mut events) = new_poll();
    let socket = send_refused_datagram(&poll);
    support::poll_events(&mut poll, &mut events, support::SHORT);
    let _ = socket.recv(&mut [0; 8]);
    would_block(socket.recv(&mut [0; 8]));
    let peer = UdpSocket::bind(loopback()).unwrap();
    socket.connect(peer.local_addr().unwrap()).unwrap();
    receive_each_datagram(&mut poll, &mut events, &socket, &peer);
}

/// After a refused datagram an unconnected socket keeps reporting. Only Windows returns an error to
/// it: <https://learn.microsoft.com/windows/win32/api/winsock/nf-winsock-recvfrom#return-value>.
#[cfg(not(target_os = "wasi"))]
#[test]
fn unconnected_socket_reports_after_a_refused_datagram() {
    let (mut poll, mut events) = new_poll();
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    socket.set_connection_resets(true).unwrap();
    poll.registry()
        .register(&mut socket, ONE, Interest::READABLE)
        .unwrap();
    let peer = UdpSocket::bind(loopback()).unwrap();
    let gone = UdpSocket::bind(loopback()).unwrap().local_addr().unwrap();
    for _ in 0..3 {
        socket.send_to(b"x", gone).unwrap();
        support::poll_events(&mut poll, &mut events, support::SHORT);
        match socket.recv(&mut [0; 8]) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                would_block(socket.recv(&mut [0; 8]));
            }
            result => would_block(result),
        }
        receive_each_datagram(&mut poll, &mut events, &socket, &peer);
    }
}

/// Sends a datagram to a port without a socket, and returns the error of the next receive. Only
/// Windows returns it to a socket that is not connected.
#[cfg(not(target_os = "wasi"))]
fn error_of_refused_datagram(socket: &UdpSocket) -> ErrorKind {
    let gone = UdpSocket::bind(loopback()).unwrap().local_addr().unwrap();
    socket.send_to(b"x", gone).unwrap();
    std::thread::sleep(support::SHORT);
    socket.recv(&mut [0; 8]).unwrap_err().kind()
}

/// Off, the error is discarded; on, it is returned ([`SIO_UDP_CONNRESET`][ioctls]).
///
/// [ioctls]: https://learn.microsoft.com/windows/win32/winsock/winsock-ioctls
#[cfg(not(target_os = "wasi"))]
#[test]
fn connection_resets_are_turned_off_and_on() {
    let socket = UdpSocket::bind(loopback()).unwrap();
    socket.set_connection_resets(false).unwrap();
    assert_eq!(error_of_refused_datagram(&socket), ErrorKind::WouldBlock);
    socket.set_connection_resets(true).unwrap();
    let proof = "tests/wine_differences.rs, unconnected_socket_gets_no_connection_reset";
    if support::wine_lacks(None, proof) {
        return;
    }
    let expected = if cfg!(windows) {
        ErrorKind::ConnectionReset
    } else {
        ErrorKind::WouldBlock
    };
    assert_eq!(error_of_refused_datagram(&socket), expected);
}

/// The feature turns the errors off for sockets made here and for those of std.
#[cfg(all(windows, feature = "udp-quiet"))]
#[test]
fn udp_quiet_turns_connection_resets_off() {
    let bound = UdpSocket::bind(loopback()).unwrap();
    let std_socket = std::net::UdpSocket::bind(loopback()).unwrap();
    std_socket.set_nonblocking(true).unwrap();
    let converted = UdpSocket::from_std(std_socket);
    for socket in [bound, converted] {
        assert_eq!(error_of_refused_datagram(&socket), ErrorKind::WouldBlock);
    }
    // Under Wine the assertion above holds without the feature, too.
    let proof = "tests/wine_differences.rs, unconnected_socket_gets_no_connection_reset";
    support::wine_lacks(None, proof);
}

/// Each datagram is an event, although the buffer is too short. A short buffer truncates the
/// datagram (<https://man7.org/linux/man-pages/man2/recv.2.html>), on Windows with WSAEMSGSIZE.
#[cfg(not(target_os = "wasi"))]
fn receive_each_datagram(
    poll: &mut Poll,
    events: &mut mio::Events,
    socket: &UdpSocket,
    peer: &UdpSocket,
) {
    for _ in 0..3 {
        peer.send_to(b"later", socket.local_addr().unwrap())
            .unwrap();
        wait_for(poll, events, ONE, |event| event.is_readable());
        let mut buffer = [0; 2];
        match socket.recv(&mut buffer) {
            // WSAEMSGSIZE: the rest of the datagram is lost.
            Err(error) if cfg!(windows) => assert_eq!(error.raw_os_error(), Some(10_040)),
            count => assert_eq!((cfg!(windows), count.unwrap()), (false, 2)),
        }
        assert_eq!(&buffer, b"la");
        would_block(socket.recv(&mut buffer));
    }
}

/// Every operation that returns `WouldBlock` arms the socket again.
#[test]
fn every_datagram_operation_rearms() {
    let (mut poll, mut events) = new_poll();
    let mut socket = UdpSocket::bind(loopback()).unwrap();
    let peer = UdpSocket::bind(loopback()).unwrap();
    peer.connect(socket.local_addr().unwrap()).unwrap();
    socket.connect(peer.local_addr().unwrap()).unwrap();
    poll.registry()
        .register(&mut socket, ONE, Interest::READABLE)
        .unwrap();
    type Operation = fn(&UdpSocket) -> io::Result<usize>;
    let operations: &[Operation] = &[
        |socket| socket.recv(&mut [0; 8]),
        |socket| socket.recv_from(&mut [0; 8]).map(|(count, _)| count),
        #[cfg(not(target_os = "wasi"))] // WASI has no peek.
        |socket| socket.peek(&mut [0; 8]),
        #[cfg(not(target_os = "wasi"))] // WASI has no peek.
        |socket| socket.peek_from(&mut [0; 8]).map(|(count, _)| count),
        |socket| socket.try_io(|| Err(ErrorKind::WouldBlock.into())),
    ];
    // Twice, because the registration has armed the socket for the first operation.
    for operation in operations.iter().chain(operations) {
        would_block(operation(&socket));
        assert_eq!(retry(|| peer.send(b"data")), 4);
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 4);
    }
}

#[test]
fn second_bind_is_addr_in_use() {
    let first = UdpSocket::bind(loopback()).unwrap();
    let error = UdpSocket::bind(first.local_addr().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}
