//! What Wine does otherwise than Windows, shown without this library, by std and WSAPoll alone.
//!
//! A test of the library that needs what Wine lacks asks `support::wine_lacks`, and names the test
//! here that proves it: when Wine has learned it, that one fails, and the other is to be run.
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

/// Long for loopback.
const MOMENT: Duration = Duration::from_millis(100);

const POLLRDNORM: i16 = 0x100;
const POLLHUP: i16 = 2;

/// Runs the proof under Wine before version `right`, which does as Windows does, if any does.
#[track_caller]
fn under_wine(right: Option<u32>, proof: impl FnOnce()) {
    match support::wine::version() {
        None => support::not_run("this is not Wine"),
        Some(version) if right.is_some_and(|right| version >= right) => {
            support::not_run(format!("Wine {version} does as Windows does"));
        }
        Some(_) => proof(),
    }
}

/// What can be read of the socket, after a moment.
fn poll(socket: &impl AsRawSocket) -> i16 {
    thread::sleep(MOMENT);
    wait(socket, MOMENT * 2)
}

/// What can be read of the socket, or 0 after so long.
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

/// The answer of ICMP is known, as SO_ERROR shows, but neither WSAPoll nor recv tells it.
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

/// What waits when WSAPoll is called is found, but no call that has begun ends when a datagram comes.
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

/// The end is there, and nothing says so until the data before it was read.
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

/// A reset reads as an end. Only a write says what it was.
#[test]
fn reset_reads_as_an_end() {
    under_wine(Some(10), || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (peer, _) = listener.accept().unwrap();
        // Closed with data unread, it resets.
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
