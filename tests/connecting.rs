//! The end of a connection attempt, and the backlog of a listener.
#![cfg(all(
    any(unix, windows, all(target_os = "wasi", not(target_env = "p1"))),
    feature = "os-poll",
    feature = "net"
))]

mod support;

use std::io::ErrorKind;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Token};
use support::{loopback, new_poll, retry, wait_for};

const ONE: Token = Token(1);

/// Polls until `finish_connect` is `Ok(true)` or an error, which it returns.
fn finish(stream: &mut TcpStream) -> std::io::Result<()> {
    let (mut poll, mut events) = new_poll();
    poll.registry()
        .register(stream, ONE, Interest::WRITABLE)
        .unwrap();
    let result = loop {
        wait_for(&mut poll, &mut events, ONE, |_| true);
        match stream.finish_connect() {
            Ok(false) => {}
            result => break result.map(|is_connected| assert!(is_connected)),
        }
    };
    poll.registry().deregister(stream).unwrap();
    result
}

#[test]
fn finish_connect_is_true_once_connected() {
    let listener = TcpListener::bind(loopback()).unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    finish(&mut stream).unwrap();
    assert!(stream.finish_connect().unwrap());
    let (server, _) = retry(|| listener.accept());
    assert!(server.finish_connect().unwrap());
}

/// The reason of a failure is returned once, and no later call returns `Ok(true)`.
#[test]
fn finish_connect_returns_the_reason_of_a_failure() {
    let listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    match TcpStream::connect(address) {
        // Some systems find the error at once.
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionRefused),
        Ok(mut stream) => {
            let error = finish(&mut stream).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            for _ in 0..2 {
                assert!(!matches!(stream.finish_connect(), Ok(true)));
            }
        }
    }
}

#[test]
fn finish_connect_of_an_unconnected_stream_is_false() {
    let stream = TcpStream::from_std(support::syscalls::unconnected());
    assert!(!stream.finish_connect().unwrap());
}

#[cfg(unix)]
#[test]
fn finish_connect_of_unix_streams() {
    use mio::net::UnixStream;

    let stream = UnixStream::from_std(support::syscalls::unconnected_unix());
    assert!(!stream.finish_connect().unwrap());
    let (left, right) = UnixStream::pair().unwrap();
    assert!(left.finish_connect().unwrap() && right.finish_connect().unwrap());
}

/// A connection that is reset after it was made is an error, not a connection. Windows does not
/// document a pending error of a reset.
#[cfg(not(any(target_os = "wasi", windows)))]
#[test]
fn finish_connect_of_a_reset_stream_is_an_error() {
    let (mut client, server) = support::streams();
    support::syscalls::reset_on_close(&server);
    drop(server);
    let (mut poll, mut events) = new_poll();
    poll.registry()
        .register(&mut client, ONE, Interest::READABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_read_closed());
    let error = client.finish_connect().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

/// On Linux a backlog of 1 holds two connections. A third one is not finished before one of them is
/// accepted or the backlog is longer. The kernel repeats its SYN after a second.
#[cfg(target_os = "linux")]
#[test]
fn full_backlog_delays_connections_until_it_is_longer() {
    let listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_backlog(1).unwrap();
    let mut first = [(); 2].map(|()| TcpStream::connect(address).unwrap());
    for stream in &mut first {
        finish(stream).unwrap();
    }
    let mut third = TcpStream::connect(address).unwrap();
    let (mut poll, mut events) = new_poll();
    poll.registry()
        .register(&mut third, ONE, Interest::WRITABLE)
        .unwrap();
    support::assert_no_event(&mut poll, &mut events, ONE);
    assert!(!third.finish_connect().unwrap());
    listener.set_backlog(16).unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
    assert!(third.finish_connect().unwrap());
}

/// Windows reports success and changes nothing:
/// <https://learn.microsoft.com/windows/win32/api/winsock2/nf-winsock2-listen#remarks>.
#[test]
fn backlog_changes_except_on_windows() {
    let listener = TcpListener::bind(loopback()).unwrap();
    for backlog in [1, 16, u32::MAX] {
        match listener.set_backlog(backlog) {
            Ok(()) if cfg!(not(windows)) => {}
            Err(error) if cfg!(windows) => assert_eq!(error.kind(), ErrorKind::Unsupported),
            result => panic!("{result:?}"),
        }
    }
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    finish(&mut stream).unwrap();
    retry(|| listener.accept());
}
