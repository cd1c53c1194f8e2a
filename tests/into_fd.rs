//! Sources that were a fd of something else, and fds that leave their source.
#![cfg(all(unix, feature = "os-poll", feature = "os-ext", feature = "net"))]

mod support;

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use mio::event::Source;
#[cfg(not(target_os = "emscripten"))] // It has no such socket.
use mio::net::UnixDatagram;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::unix::{SourceFd, pipe};
use mio::{Interest, Token};
use support::{loopback, nothing_comes, queue, wait_for};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Registers a source, lets its fd leave it in both ways, and expects no event while the fd is
/// open. See tests/registration.rs for why.
fn leaves<S>(mut source: S, interest: Interest, from_fd: impl Fn(OwnedFd) -> S)
where
    S: Source + IntoRawFd + AsRawFd + Into<OwnedFd>,
{
    let (mut queue, mut events) = queue();
    for round in 0..4 {
        let registry = queue.registry();
        registry
            .register(&mut source, Token(round), interest)
            .unwrap();
        if round >= 2 {
            // Where nothing is ready, nothing comes in any case.
            support::poll(&mut queue, &mut events, support::SHORT);
        }
        let fd = if round % 2 == 0 {
            owned(source.into_raw_fd())
        } else {
            source.into()
        };
        nothing_comes(&mut queue, &mut events, Token(round));
        source = from_fd(fd);
    }
    queue
        .registry()
        .register(&mut source, Token(9), interest)
        .unwrap();
}

#[allow(unsafe_code)]
fn owned(fd: RawFd) -> OwnedFd {
    // SAFETY: the fd comes from `into_raw_fd`, which has given it up.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

#[test]
fn fd_of_each_type_leaves_without_its_registration() {
    let listener = TcpListener::bind(loopback()).unwrap();
    let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stream.set_nonblocking(true).unwrap();
    leaves(TcpStream::from_std(stream), BOTH, TcpStream::from);
    let waiting = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    leaves(listener, Interest::READABLE, TcpListener::from);
    drop(waiting);

    let (stream, _peer) = UnixStream::pair().unwrap();
    leaves(stream, BOTH, UnixStream::from);
    #[cfg(not(target_os = "emscripten"))]
    {
        let (datagram, _peer) = UnixDatagram::pair().unwrap();
        leaves(datagram, BOTH, UnixDatagram::from);
    }
    let path = std::env::temp_dir().join(format!("mio-test-{}-leaving", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let _waiting = UnixStream::connect(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    leaves(listener, Interest::READABLE, UnixListener::from);

    let (sender, mut receiver) = pipe::new().unwrap();
    (&sender).write_all(b"x").unwrap();
    leaves(sender, Interest::WRITABLE, pipe::Sender::from);
    assert_eq!(receiver.read(&mut [0; 8]).unwrap(), 1);
    let (mut sender, receiver) = pipe::new().unwrap();
    sender.write_all(b"x").unwrap();
    leaves(receiver, Interest::READABLE, pipe::Receiver::from);
}

/// A registration that `SourceFd` made is not the source's: it stays when the source leaves, and
/// `SourceFd` ends it.
#[test]
fn registration_by_fd_stays_when_the_source_leaves() {
    let (mut queue, mut events) = queue();
    let (stream, _peer) = UnixStream::pair().unwrap();
    let fd = stream.as_raw_fd();
    let registry = queue.registry();
    registry
        .register(&mut SourceFd(&fd), Token(1), Interest::WRITABLE)
        .unwrap();
    let fd = stream.into_raw_fd();
    wait_for(&mut queue, &mut events, Token(1), |event| {
        event.is_writable()
    });
    let mut stream = UnixStream::from(owned(fd));
    let error = queue.registry().deregister(&mut stream).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    queue.registry().deregister(&mut SourceFd(&fd)).unwrap();
    nothing_comes(&mut queue, &mut events, Token(1));
}

/// mio 1.2 writes with writev(2), which takes any fd:
/// <https://man7.org/linux/man-pages/man2/writev.2.html>. sendmsg(2) is ENOTSOCK there.
#[test]
fn vectored_write_to_what_is_no_socket() {
    let (sender, mut receiver) = pipe::new().unwrap();
    let slices = [IoSlice::new(b"ab"), IoSlice::new(b"c")];
    let mut stream = UnixStream::from(OwnedFd::from(sender));
    assert_eq!(stream.write_vectored(&slices).unwrap(), 3);
    let mut stream = TcpStream::from(OwnedFd::from(stream));
    assert_eq!(stream.write_vectored(&slices).unwrap(), 3);
    let mut buffer = [0; 8];
    assert_eq!(receiver.read(&mut buffer).unwrap(), 6);
    assert_eq!(&buffer[..6], b"abcabc");

    // Full, it would block, and says when it is free again.
    let (mut queue, mut events) = queue();
    queue
        .registry()
        .register(&mut stream, Token(1), Interest::WRITABLE)
        .unwrap();
    wait_for(&mut queue, &mut events, Token(1), |event| {
        event.is_writable()
    });
    let page = [0; 4096];
    let error = loop {
        if let Err(error) = stream.write_vectored(&[IoSlice::new(&page)]) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    nothing_comes(&mut queue, &mut events, Token(1));
    support::drain(&receiver);
    wait_for(&mut queue, &mut events, Token(1), |event| {
        event.is_writable()
    });
}
