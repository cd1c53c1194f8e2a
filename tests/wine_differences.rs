//! Differences between Wine and Windows, shown by std and WSAPoll without this library.
//!
//! A test of the library that needs a feature that Wine lacks calls `support::wine_lacks` and names
//! the test here that shows the difference. When a later Wine has the feature, the test here fails,
//! and the other test must run.
#![cfg(windows)]
#![allow(unsafe_code)]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::windows::io::AsRawSocket;
use std::thread;
use std::time::Duration;

#[repr(C)]
struct PollFd {
    socket: usize,
    wanted: i16,
    found: i16,
}

#[link(name = "ws2_32")]
unsafe extern "system" {
    fn WSAPoll(array: *mut PollFd, count: u32, milliseconds: i32) -> i32;
}

/// A long time for loopback.
const MOMENT: Duration = Duration::from_millis(100);

const POLLRDNORM: i16 = 0x100;
const POLLHUP: i16 = 2;

/// Runs `proof` under every Wine before version `right`, the first that behaves as Windows. `None`
/// stands for no version.
#[track_caller]
fn under_wine(right: Option<u32>, proof: impl FnOnce()) {
    match support::wine::version() {
        None => support::not_run("the system is not Wine"),
        Some(version) if right.is_some_and(|right| version >= right) => {
            support::not_run(format!("Wine {version} behaves as Windows"));
        }
        Some(_) => proof(),
    }
}

/// The socket's conditions for reading, after a moment.
fn poll(socket: &impl AsRawSocket) -> i16 {
    thread::sleep(MOMENT);
    wait(socket, MOMENT * 2)
}

/// The socket's conditions for reading, or 0 after `time`.
fn wait(socket: &impl AsRawSocket, time: Duration) -> i16 {
    let mut entry = PollFd {
        socket: socket.as_raw_socket() as usize,
        wanted: POLLRDNORM,
        found: 0,
    };
    // SAFETY: WSAPoll reads and writes an array of one entry.
    let count = unsafe { WSAPoll(&mut entry, 1, time.as_millis() as i32) };
    assert!(count >= 0, "{}", std::io::Error::last_os_error());
    entry.found
}

fn refused_datagram() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let gone = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(gone.local_addr().unwrap()).unwrap();
    drop(gone);
    socket.send(b"x").unwrap();
    socket
}

/// Wine has the error of a refused datagram, as SO_ERROR shows, but neither WSAPoll nor recv
/// reports it.
#[test]
fn wsapoll_misses_a_refused_datagram() {
    under_wine(None, || {
        let socket = refused_datagram();
        assert_eq!(poll(&socket), 0);
        let received = socket.recv(&mut [0; 8]).unwrap_err();
        assert_eq!(received.kind(), ErrorKind::WouldBlock);
        let error = socket.take_error().unwrap().unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

/// A socket that is not connected never gets WSAECONNRESET.
#[test]
fn unconnected_socket_gets_no_connection_reset() {
    under_wine(None, || {
        let gone = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = gone.local_addr().unwrap();
        drop(gone);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        socket.send_to(b"x", address).unwrap();
        thread::sleep(MOMENT);
        let error = socket.recv(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    });
}

/// After a refused datagram WSAPoll finds a datagram that is there when it begins, but does not
/// return for one that arrives while it waits.
#[test]
fn wsapoll_misses_datagrams_after_a_refusal() {
    under_wine(None, || {
        let socket = refused_datagram();
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(poll(&socket), 0);
        socket.connect(peer.local_addr().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        for _ in 0..2 {
            thread::scope(|scope| {
                let waiting = scope.spawn(|| wait(&socket, MOMENT * 10));
                thread::sleep(MOMENT);
                peer.send_to(b"x", address).unwrap();
                assert_eq!(waiting.join().unwrap(), 0);
            });
            assert_eq!(poll(&socket), POLLRDNORM);
            assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 1);
        }
    });
}

/// WSAPoll does not report the end of a stream until the data before it was read.
#[test]
fn wsapoll_misses_an_end_behind_data() {
    under_wine(None, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        peer.write_all(b"x").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(poll(&stream), POLLRDNORM);
        stream.read_exact(&mut [0; 1]).unwrap();
        assert_eq!(poll(&stream) & POLLHUP, POLLHUP);
    });
}

/// A reset reads as the end of the stream. Only a write returns its error.
#[test]
fn reset_reads_as_an_end() {
    under_wine(Some(10), || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (peer, _) = listener.accept().unwrap();
        // A close with unread data resets the connection.
        stream.write_all(b"x").unwrap();
        thread::sleep(MOMENT);
        drop(peer);
        thread::sleep(MOMENT);
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
        assert!(stream.take_error().unwrap().is_none());
        let error = stream.write(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}
