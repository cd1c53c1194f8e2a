//! Unix sockets: names, readiness, and the effect of every operation on the next event.
#![cfg(all(unix, feature = "os-poll", feature = "net"))]

mod support;

use std::io::{self, ErrorKind, IoSliceMut, Read, Write};

use mio::net::{UnixListener, UnixStream};
use mio::{Interest, Token};
use support::{drain, new_poll, retry, wait_for, would_block};

const ONE: Token = Token(1);

/// Writing to a closed peer does not raise SIGPIPE.
#[cfg(unix)]
#[test]
fn write_to_a_closed_peer_is_broken_pipe() {
    let (mut left, right) = UnixStream::pair().unwrap();
    drop(right);
    assert_eq!(left.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

/// A listener reports connections again after each time that `accept` would block.
#[cfg(unix)]
#[test]
fn listener_reports_each_round() {
    let (mut poll, mut events) = new_poll();
    let path = std::env::temp_dir().join(format!("mio-test-{}-listener", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let mut listener = UnixListener::bind(&path).unwrap();
    poll.registry()
        .register(&mut listener, ONE, Interest::READABLE)
        .unwrap();
    for _ in 0..3 {
        let client = UnixStream::connect(&path).unwrap();
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
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

/// A client that closes before it is accepted is still accepted, and its data can be read.
#[test]
fn closed_client_is_still_accepted() {
    let path = std::env::temp_dir().join(format!("mio-test-{}-left", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(b"hi").unwrap();
    drop(client);
    let (mut accepted, _) = retry(|| listener.accept());
    assert_eq!(drain(&mut accepted), b"hi");
    std::fs::remove_file(&path).unwrap();
}

/// A full backlog fails `connect`. Linux returns EAGAIN
/// (<https://man7.org/linux/man-pages/man2/connect.2.html>), the BSDs ECONNREFUSED (`unp_connectat`
/// after `sonewconn` failed:
/// <https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/uipc_usrreq.c>).
#[cfg(unix)]
#[test]
#[allow(unsafe_code)]
fn full_backlog_would_block() {
    use std::os::fd::AsRawFd;
    let path = std::env::temp_dir().join(format!("mio-test-{}-backlog", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    // SAFETY: listen(2) takes two integers and touches no memory. A second call replaces the
    // backlog.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 1) }, 0);
    let mut clients = Vec::new();
    let error = loop {
        match UnixStream::connect(&path) {
            Ok(client) => clients.push(client),
            Err(error) => break error,
        }
        assert!(clients.len() < 100, "the backlog has no end");
    };
    let expected = if support::BSD_SOCKETS {
        ErrorKind::ConnectionRefused
    } else {
        ErrorKind::WouldBlock
    };
    assert_eq!(error.kind(), expected);
    drop(listener);
    std::fs::remove_file(&path).unwrap();
}

/// A path that begins with a NUL is invalid, and both ends of a pair carry data.
#[cfg(unix)]
#[test]
fn pairs_carry_data_and_nul_paths_are_invalid() {
    assert_eq!(
        UnixStream::connect("\0x").unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    #[cfg(not(target_os = "emscripten"))] // Emscripten has no Unix datagram sockets.
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

/// Every operation that returns `WouldBlock` arms the stream again.
#[test]
fn every_stream_operation_rearms() {
    let (mut poll, mut events) = new_poll();
    let (mut stream, peer) = UnixStream::pair().unwrap();
    poll.registry()
        .register(&mut stream, ONE, Interest::READABLE)
        .unwrap();
    type Operation = fn(&mut UnixStream) -> io::Result<usize>;
    let operations: [Operation; 4] = [
        |stream| stream.read(&mut [0; 8]),
        |stream| stream.read_vectored(&mut [IoSliceMut::new(&mut [0; 8])]),
        |stream| (&*stream).read(&mut [0; 8]),
        |stream| stream.try_io(|| Err(ErrorKind::WouldBlock.into())),
    ];
    // Twice, because the registration has armed the stream for the first operation.
    for operation in operations.iter().chain(&operations) {
        would_block(operation(&mut stream));
        (&peer).write_all(b"data").unwrap();
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        // A larger read could return `WouldBlock`, which would arm the stream.
        assert_eq!(stream.read(&mut [0; 4]).unwrap(), 4);
    }
}

/// A full stream becomes writable after the peer has read.
#[test]
fn full_stream_becomes_writable_again() {
    let (mut poll, mut events) = new_poll();
    let (mut stream, peer) = UnixStream::pair().unwrap();
    poll.registry()
        .register(&mut stream, ONE, Interest::WRITABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
    for _ in 0..3 {
        let mut sent = 0;
        while let Ok(count) = stream.write(&[7; 4096]) {
            sent += count;
        }
        let mut received = 0;
        while received < sent {
            received += drain(&peer).len();
        }
        wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
    }
}

/// A stream that was never connected reports a hang-up or nothing.
#[test]
fn unconnected_stream_is_not_cleanly_writable() {
    let (mut poll, mut events) = new_poll();
    let mut stream = UnixStream::from_std(support::syscalls::unconnected_unix());
    let both = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(&mut stream, ONE, both).unwrap();
    let end = std::time::Instant::now() + support::SHORT;
    let mut is_closed = false;
    while std::time::Instant::now() < end {
        support::poll_events(&mut poll, &mut events, support::SHORT);
        for event in &events {
            assert!(!event.is_writable() || event.is_write_closed(), "{event:?}");
            is_closed |= event.is_write_closed();
        }
    }
    assert!(is_closed || support::KQUEUE);
    assert!(stream.write(b"x").is_err());
}

#[cfg(not(target_os = "emscripten"))] // Emscripten has no Unix datagram sockets.
mod datagrams {
    use mio::net::UnixDatagram;

    use super::*;

    /// Every operation that returns `WouldBlock` arms the socket again.
    #[test]
    fn every_datagram_operation_rearms() {
        let (mut poll, mut events) = new_poll();
        let (mut socket, peer) = UnixDatagram::pair().unwrap();
        poll.registry()
            .register(&mut socket, ONE, Interest::READABLE)
            .unwrap();
        type Operation = fn(&UnixDatagram) -> io::Result<usize>;
        let operations: [Operation; 3] = [
            |socket| socket.recv(&mut [0; 8]),
            |socket| socket.recv_from(&mut [0; 8]).map(|(count, _)| count),
            |socket| socket.try_io(|| Err(ErrorKind::WouldBlock.into())),
        ];
        // Twice, because the registration has armed the socket for the first operation.
        for operation in operations.iter().chain(&operations) {
            would_block(operation(&socket));
            assert_eq!(peer.send(b"data").unwrap(), 4);
            wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
            assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 4);
        }
    }

    /// A socket whose receiver was full becomes writable. On the BSDs the sender stays writable:
    /// `uipc_send` returns ENOBUFS for a full receiver, and nothing wakes the sender later
    /// (<https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/uipc_usrreq.c>);
    /// measured on FreeBSD 13.1.
    #[test]
    fn full_receiver_becomes_writable_again() {
        let (mut poll, mut events) = new_poll();
        let (mut socket, peer) = UnixDatagram::pair().unwrap();
        poll.registry()
            .register(&mut socket, ONE, Interest::WRITABLE)
            .unwrap();
        wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
        for _ in 0..3 {
            while socket.send(&[7; 512]).is_ok() {}
            let error = socket.send(&[7; 512]).unwrap_err();
            while peer.recv(&mut [0; 512]).is_ok() {}
            if support::BSD_SOCKETS {
                assert_eq!(error.raw_os_error(), Some(libc::ENOBUFS));
            } else {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
            }
            assert_eq!(socket.send(&[7; 512]).unwrap(), 512);
            assert_eq!(peer.recv(&mut [0; 512]).unwrap(), 512);
        }
    }

    /// The documented exception: an event follows each `WouldBlock` of an unconnected socket,
    /// although its receiver is full. `unix_dgram_sendmsg` frees the datagram, which makes room:
    /// <https://github.com/torvalds/linux/blob/v6.12/net/unix/af_unix.c>.
    #[cfg(target_os = "linux")]
    #[test]
    fn unconnected_socket_is_reported_after_each_would_block() {
        let (mut poll, mut events) = new_poll();
        let path = std::env::temp_dir().join(format!("mio-test-{}-full", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let _receiver = UnixDatagram::bind(&path).unwrap();
        let mut socket = UnixDatagram::unbound().unwrap();
        poll.registry()
            .register(&mut socket, ONE, Interest::WRITABLE)
            .unwrap();
        while socket.send_to(&[7; 512], &path).is_ok() {}
        for _ in 0..10 {
            wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
            would_block(socket.send_to(&[7; 512], &path));
        }
        std::fs::remove_file(path).unwrap();
    }

    /// Abstract names arrive at the other end unchanged.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn abstract_names_round_trip() {
        #[cfg(target_os = "android")]
        use std::os::android::net::SocketAddrExt;
        #[cfg(target_os = "linux")]
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::SocketAddr;

        let name = |what: &str| format!("mio-test-{}-{what}", std::process::id());
        let address = |what| SocketAddr::from_abstract_name(name(what)).unwrap();
        let (mut poll, mut events) = new_poll();
        let mut listener = UnixListener::bind_addr(&address("listener")).unwrap();
        poll.registry()
            .register(&mut listener, ONE, Interest::READABLE)
            .unwrap();
        let mut client = UnixStream::connect_addr(&address("listener")).unwrap();
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        let (server, _) = retry(|| listener.accept());
        client.write_all(b"hi").unwrap();
        assert_eq!(drain(&server), b"hi");
        let peer = client.peer_addr().unwrap();
        let expected = name("listener");
        assert_eq!(peer.as_abstract_name(), Some(expected.as_bytes()));

        let receiver = UnixDatagram::bind_addr(&address("receiver")).unwrap();
        let sender = std::os::unix::net::UnixDatagram::bind_addr(&address("sender")).unwrap();
        sender.send_to_addr(b"hi", &address("receiver")).unwrap();
        let (count, from) = receiver.recv_from(&mut [0; 8]).unwrap();
        assert_eq!(count, 2);
        assert_eq!(from.as_abstract_name(), Some(name("sender").as_bytes()));
        assert_eq!(
            UnixListener::bind_addr(&address("listener"))
                .unwrap_err()
                .kind(),
            ErrorKind::AddrInUse
        );
    }
}
