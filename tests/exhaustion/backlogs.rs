//! Full backlogs of listeners.
#![allow(unsafe_code)]

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::{Interest, Token};

use super::support::{BSD_SOCKETS, LONG, loopback, new_poll, poll_events, retry, wait_for};
use super::{BOTH, Others};

const LISTENER: Token = Token(1000);
const CLIENTS: usize = 8;

/// Changes the backlog of a listener.
fn set_backlog(listener: &impl AsRawFd, backlog: i32) {
    // SAFETY: listen(2) takes two integers.
    let result = unsafe { libc::listen(listener.as_raw_fd(), backlog) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

/// A client of the full listener. It sends first: the listener's kernel may have dropped the last
/// packet of the handshake, and with SYN cookies it then knows nothing of the client, which is
/// connected from its own point of view and would wait forever
/// ([tcp_syncookies](https://docs.kernel.org/networking/ip-sysctl.html)). Its data completes the
/// handshake.
struct Client {
    stream: TcpStream,
    has_sent: bool,
    has_reply: bool,
}

impl Client {
    /// Sends and reads as far as is possible.
    fn advance(&mut self) {
        assert!(self.stream.take_error().unwrap().is_none());
        if !self.has_sent {
            match self.stream.write(b"x") {
                Ok(count) => {
                    assert_eq!(count, 1);
                    self.has_sent = true;
                }
                Err(error) => assert!(must_wait(&error), "write: {error}"),
            }
        }
        match self.stream.read(&mut [0; 8]) {
            Ok(count) => {
                assert!(count == 1 && self.has_sent && !self.has_reply);
                self.has_reply = true;
            }
            Err(error) => assert!(must_wait(&error), "read: {error}"),
        }
    }
}

/// Whether a stream is not connected yet, or not ready.
fn must_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::NotConnected
    )
}

/// While no connection is accepted, clients beyond the backlog wait, and other sources go on. Then
/// all connect, also those whose SYN the kernel has dropped: TCP repeats it after 1 s, 3 s, and 7 s
/// ([tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html), `tcp_syn_retries`).
#[test]
fn full_backlog_delays_only_its_clients() {
    let (mut poll, mut events) = new_poll();
    let mut others = Others::register(&poll, 2000);
    let mut listener = TcpListener::bind(loopback()).unwrap();
    set_backlog(&listener, 1);
    let address = listener.local_addr().unwrap();
    let mut clients: Vec<Client> = (0..CLIENTS)
        .map(|token| {
            let mut stream = TcpStream::connect(address).unwrap();
            let registry = poll.registry();
            registry.register(&mut stream, Token(token), BOTH).unwrap();
            Client {
                stream,
                has_sent: false,
                has_reply: false,
            }
        })
        .collect();
    let mut count = 0;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(300) {
        for Token(token) in others.exchange(&mut poll, &mut events) {
            clients[token].advance();
            count += 1;
        }
    }
    // Those that have connected. A source that has to wait costs nothing.
    assert!(count <= 2 * CLIENTS, "{count} events of clients");

    let registry = poll.registry();
    registry
        .register(&mut listener, LISTENER, Interest::READABLE)
        .unwrap();
    let mut accepted = Vec::new();
    let end = Instant::now() + 2 * LONG;
    while clients.iter().any(|client| !client.has_reply) {
        assert!(
            Instant::now() < end,
            "{} of {CLIENTS} were accepted",
            accepted.len()
        );
        poll_events(&mut poll, &mut events, LONG);
        loop {
            match listener.accept() {
                Ok((mut stream, _)) => {
                    assert_eq!(stream.write(b"y").unwrap(), 1);
                    accepted.push(stream);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("accept: {error}"),
            }
        }
        for event in events.iter() {
            if let Some(client) = clients.get_mut(event.token().0) {
                client.advance();
            }
        }
    }
    others.exchange(&mut poll, &mut events);
}

/// connect(2) on a Unix socket fails at once if the backlog is full: with EAGAIN on Linux
/// ([connect(2)](https://man7.org/linux/man-pages/man2/connect.2.html)), ECONNREFUSED on the BSDs.
#[test]
fn full_unix_backlog_is_an_error_and_recovers() {
    let (mut poll, mut events) = new_poll();
    let mut others = Others::register(&poll, 2000);
    let path = std::env::temp_dir().join(format!("mio-test-{}-backlog", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let mut listener = UnixListener::bind(&path).unwrap();
    set_backlog(&listener, 1);
    let mut clients = Vec::new();
    let error = loop {
        match UnixStream::connect(&path) {
            Ok(client) => clients.push(client),
            Err(error) => break error,
        }
        assert!(clients.len() < 1000, "the backlog of 1 has room for 1000");
    };
    let expected = if BSD_SOCKETS {
        ErrorKind::ConnectionRefused
    } else {
        ErrorKind::WouldBlock
    };
    assert_eq!(error.kind(), expected, "{error}");
    others.exchange(&mut poll, &mut events);

    let registry = poll.registry();
    registry
        .register(&mut listener, LISTENER, Interest::READABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, LISTENER, |event| {
        event.is_readable()
    });
    for _ in &clients {
        retry(|| listener.accept());
    }
    UnixStream::connect(&path).unwrap();
    let error = listener.accept().map(drop).and(listener.accept().map(drop));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::WouldBlock);
    UnixStream::connect(&path).unwrap();
    wait_for(&mut poll, &mut events, LISTENER, |event| {
        event.is_readable()
    });
    std::fs::remove_file(&path).unwrap();
}
