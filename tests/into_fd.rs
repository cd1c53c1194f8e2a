//! Sources made from another object's fd, and fds that are taken out of a registered source.
#![cfg(all(unix, feature = "os-poll", feature = "os-ext", feature = "net"))]

mod support;

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use mio::event::Source;
#[cfg(not(target_os = "emscripten"))] // Emscripten has no Unix datagram sockets.
use mio::net::UnixDatagram;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::unix::{SourceFd, pipe};
use mio::{Interest, Token};
use support::{assert_no_event, loopback, new_poll, wait_for};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Registers a source, takes its fd out in both ways, and expects no event while the fd is open.
/// tests/registration.rs gives the reason.
fn check_into_fd<S>(mut source: S, interest: Interest, from_fd: impl Fn(OwnedFd) -> S)
where
    S: Source + IntoRawFd + AsRawFd + Into<OwnedFd>,
{
    let (mut poll, mut events) = new_poll();
    for round in 0..4 {
        let registry = poll.registry();
        registry
            .register(&mut source, Token(round), interest)
            .unwrap();
        if round >= 2 {
            // In these rounds the first event is delivered before the fd is taken out.
            support::poll_events(&mut poll, &mut events, support::SHORT);
        }
        let fd = if round % 2 == 0 {
            owned(source.into_raw_fd())
        } else {
            source.into()
        };
        assert_no_event(&mut poll, &mut events, Token(round));
        source = from_fd(fd);
    }
    poll.registry()
        .register(&mut source, Token(9), interest)
        .unwrap();
}

#[allow(unsafe_code)]
fn owned(fd: RawFd) -> OwnedFd {
    // SAFETY: the fd comes from `into_raw_fd`, which has given it up.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

#[test]
fn into_fd_ends_the_registration() {
    let listener = TcpListener::bind(loopback()).unwrap();
    let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stream.set_nonblocking(true).unwrap();
    check_into_fd(TcpStream::from_std(stream), BOTH, TcpStream::from);
    let waiting = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    check_into_fd(listener, Interest::READABLE, TcpListener::from);
    drop(waiting);

    let (stream, _peer) = UnixStream::pair().unwrap();
    check_into_fd(stream, BOTH, UnixStream::from);
    #[cfg(not(target_os = "emscripten"))]
    {
        let (datagram, _peer) = UnixDatagram::pair().unwrap();
        check_into_fd(datagram, BOTH, UnixDatagram::from);
    }
    let path = std::env::temp_dir().join(format!("mio-test-{}-leaving", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let _waiting = UnixStream::connect(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    check_into_fd(listener, Interest::READABLE, UnixListener::from);

    let (sender, mut receiver) = pipe::new().unwrap();
    (&sender).write_all(b"x").unwrap();
    check_into_fd(sender, Interest::WRITABLE, pipe::Sender::from);
    assert_eq!(receiver.read(&mut [0; 8]).unwrap(), 1);
    let (mut sender, receiver) = pipe::new().unwrap();
    sender.write_all(b"x").unwrap();
    check_into_fd(receiver, Interest::READABLE, pipe::Receiver::from);
}

/// `into_raw_fd` keeps a registration that `SourceFd` made, and `SourceFd` ends it.
#[test]
fn source_fd_registration_survives_into_fd() {
    let (mut poll, mut events) = new_poll();
    let (stream, _peer) = UnixStream::pair().unwrap();
    let fd = stream.as_raw_fd();
    let registry = poll.registry();
    registry
        .register(&mut SourceFd(&fd), Token(1), Interest::WRITABLE)
        .unwrap();
    let fd = stream.into_raw_fd();
    wait_for(&mut poll, &mut events, Token(1), |event| {
        event.is_writable()
    });
    let mut stream = UnixStream::from(owned(fd));
    let error = poll.registry().deregister(&mut stream).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    poll.registry().deregister(&mut SourceFd(&fd)).unwrap();
    assert_no_event(&mut poll, &mut events, Token(1));
}

/// A vectored write works on the fd of a pipe, as in mio 1.2, which calls writev(2):
/// <https://man7.org/linux/man-pages/man2/writev.2.html>. sendmsg(2) fails with ENOTSOCK there.
#[test]
fn vectored_write_works_on_a_pipe_fd() {
    let (sender, mut receiver) = pipe::new().unwrap();
    let slices = [IoSlice::new(b"ab"), IoSlice::new(b"c")];
    let mut stream = UnixStream::from(OwnedFd::from(sender));
    assert_eq!(stream.write_vectored(&slices).unwrap(), 3);
    let mut stream = TcpStream::from(OwnedFd::from(stream));
    assert_eq!(stream.write_vectored(&slices).unwrap(), 3);
    let mut buffer = [0; 8];
    assert_eq!(receiver.read(&mut buffer).unwrap(), 6);
    assert_eq!(&buffer[..6], b"abcabc");

    // A full pipe returns `WouldBlock`, and reports when it has room.
    let (mut poll, mut events) = new_poll();
    poll.registry()
        .register(&mut stream, Token(1), Interest::WRITABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, Token(1), |event| {
        event.is_writable()
    });
    let page = [0; 4096];
    let error = loop {
        if let Err(error) = stream.write_vectored(&[IoSlice::new(&page)]) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert_no_event(&mut poll, &mut events, Token(1));
    support::drain(&receiver);
    wait_for(&mut poll, &mut events, Token(1), |event| {
        event.is_writable()
    });
}
