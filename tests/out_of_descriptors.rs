//! A process without a free file descriptor: accepting goes on. One test with parts, because the
//! limit is that of the whole process.
#![cfg(all(
    unix,
    not(any(
        target_os = "emscripten",
        target_os = "espidf",
        target_os = "fuchsia",
        target_os = "horizon",
        target_os = "nuttx",
        target_os = "vita"
    )), // These systems have no such limit.
    feature = "os-poll",
    feature = "net"
))]
#![allow(unsafe_code)]

mod support;

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::Instant;
use std::{mem, thread};

use mio::net::{Accepted, SpareSocket, TcpListener, UdpSocket, UnixListener};
use mio::{Interest, Token};
use support::{loopback, new_poll, wait_for, would_block};

const ONE: Token = Token(1);

/// The limit of open files, while every descriptor below it is in use. `Drop` frees them.
struct Exhausted {
    old: libc::rlimit,
    _files: Vec<File>,
}

impl Exhausted {
    fn new() -> Exhausted {
        // SAFETY: a C structure of integers, for which zeros are valid.
        let mut old: libc::rlimit = unsafe { mem::zeroed() };
        // SAFETY: getrlimit(2) writes one structure, for which there is room.
        let result = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut old) };
        assert_eq!(result, 0, "{}", io::Error::last_os_error());
        set_limit(&libc::rlimit {
            rlim_cur: old.rlim_max.min(256),
            ..old
        });
        let mut files = vec![File::open("/dev/null").unwrap()];
        let error = loop {
            match files[0].try_clone() {
                Ok(file) => files.push(file),
                Err(error) => break error,
            }
        };
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
        Exhausted { old, _files: files }
    }
}

impl Drop for Exhausted {
    fn drop(&mut self) {
        set_limit(&self.old);
    }
}

fn set_limit(limit: &libc::rlimit) {
    // SAFETY: setrlimit(2) reads one structure.
    let result = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, limit) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

/// Whether the peer has closed the connection.
fn is_closed(mut client: impl Read) -> bool {
    match client.read(&mut [0; 8]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

/// Every connection is shed, the listener ends at `WouldBlock`, and so it reports the next client.
fn tcp_listener_sheds_and_goes_on() {
    let (mut poll, mut events) = new_poll();
    let mut spare = SpareSocket::new().unwrap();
    let mut listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    poll.registry()
        .register(&mut listener, ONE, Interest::READABLE)
        .unwrap();
    for _ in 0..3 {
        let clients: Vec<_> = (0..3)
            .map(|_| std::net::TcpStream::connect(address).unwrap())
            .collect();
        let mut peers: Vec<SocketAddr> = Vec::new();
        let exhausted = Exhausted::new();
        while peers.len() < clients.len() {
            wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
            let error = loop {
                match listener.accept_or_shed(&mut spare) {
                    Ok(Accepted::Shed(peer)) => peers.push(peer),
                    Ok(Accepted::Stream(..)) => panic!("there was a descriptor"),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
        // Not even an empty queue hides the lack: accept(2) of Linux returns EMFILE first.
        would_block(listener.accept_or_shed(&mut spare));
        assert!(spare.is_open());
        drop(exhausted);

        let mut expected: Vec<_> = clients.iter().map(|c| c.local_addr().unwrap()).collect();
        expected.sort_unstable();
        peers.sort_unstable();
        assert_eq!(peers, expected);
        assert!(clients.into_iter().all(is_closed));

        let client = std::net::TcpStream::connect(address).unwrap();
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        match listener.accept_or_shed(&mut spare).unwrap() {
            Accepted::Stream(stream, peer) => {
                assert_eq!(stream.peer_addr().unwrap(), peer);
                assert_eq!(client.local_addr().unwrap(), peer);
            }
            Accepted::Shed(_) => panic!("there are descriptors"),
        }
        would_block(listener.accept_or_shed(&mut spare));
    }
}

fn unix_listener_sheds_and_goes_on() {
    let path = std::env::temp_dir().join(format!("mio-shed-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let (mut poll, mut events) = new_poll();
    let mut spare = SpareSocket::new().unwrap();
    let mut listener = UnixListener::bind(&path).unwrap();
    poll.registry()
        .register(&mut listener, ONE, Interest::READABLE)
        .unwrap();
    let client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let exhausted = Exhausted::new();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    match listener.accept_or_shed(&mut spare).unwrap() {
        Accepted::Shed(peer) => assert!(peer.is_unnamed()),
        Accepted::Stream(..) => panic!("there was a descriptor"),
    }
    would_block(listener.accept_or_shed(&mut spare));
    drop(exhausted);
    assert!(is_closed(client));

    let _client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    let accepted = listener.accept_or_shed(&mut spare).unwrap();
    assert!(matches!(accepted, Accepted::Stream(..)));
    std::fs::remove_file(&path).unwrap();
}

/// Threads with a spare socket each take each other's descriptor for a moment. No connection is
/// lost, and every listener ends at `WouldBlock`.
fn threads_shed_at_the_same_time() {
    const CLIENTS: usize = 12;
    let listeners: Vec<_> = (0..4)
        .map(|_| TcpListener::bind(loopback()).unwrap())
        .collect();
    let clients: Vec<_> = listeners
        .iter()
        .flat_map(|listener| {
            let address = listener.local_addr().unwrap();
            (0..CLIENTS).map(move |_| std::net::TcpStream::connect(address).unwrap())
        })
        .collect();
    let spares: Vec<_> = listeners
        .iter()
        .map(|_| SpareSocket::new().unwrap())
        .collect();
    let exhausted = Exhausted::new();
    thread::scope(|scope| {
        for (listener, mut spare) in listeners.iter().zip(spares) {
            scope.spawn(move || {
                let end = Instant::now() + support::LONG;
                let mut count = 0;
                loop {
                    match listener.accept_or_shed(&mut spare) {
                        Ok(_) => count += 1,
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {
                            // The kernel of some systems hands connections over later.
                            if count == CLIENTS {
                                break;
                            }
                        }
                        Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EMFILE)),
                    }
                    assert!(Instant::now() < end, "{count} of {CLIENTS} were accepted");
                    thread::yield_now();
                }
            });
        }
    });
    drop(exhausted);
    assert!(clients.into_iter().all(is_closed));
}

/// A spare socket whose descriptor another thread has taken is opened as soon as there is one.
fn lost_spare_socket_is_opened_again() {
    let mut spare = SpareSocket::new().unwrap();
    let listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    let clients: Vec<_> = (0..2)
        .map(|_| std::net::TcpStream::connect(address).unwrap())
        .collect();
    let exhausted = Exhausted::new();
    // The last of the descriptors is closed with the limit below it, so no socket can be opened.
    let top = listener.as_fd().try_clone_to_owned().unwrap_err();
    assert_eq!(top.raw_os_error(), Some(libc::EMFILE));
    set_limit(&libc::rlimit {
        rlim_cur: 0,
        ..exhausted.old
    });
    let error = listener.accept_or_shed(&mut spare).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
    assert!(!spare.is_open());
    let error = listener.accept_or_shed(&mut spare).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
    drop(exhausted);
    for _ in &clients {
        let accepted = support::retry(|| listener.accept_or_shed(&mut spare));
        assert!(matches!(accepted, Accepted::Stream(..)) && spare.is_open());
    }
}

/// A process that lowers its limit, as a sandbox does, keeps polling: the limit counts the sources
/// that are registered, not those that were ([poll(2)], EINVAL).
///
/// [poll(2)]: https://man7.org/linux/man-pages/man2/poll.2.html
fn lowered_limit_leaves_poll_working() {
    let (mut poll, mut events) = new_poll();
    let mut sockets: Vec<_> = (0..64)
        .map(|_| UdpSocket::bind(loopback()).unwrap())
        .collect();
    for socket in &mut sockets {
        poll.registry()
            .register(socket, ONE, Interest::READABLE)
            .unwrap();
    }
    support::poll_events(&mut poll, &mut events, support::SHORT);
    let last = sockets.pop().unwrap();
    drop(sockets);
    let exhausted = Exhausted::new();
    set_limit(&libc::rlimit {
        rlim_cur: 16,
        ..exhausted.old
    });
    for _ in 0..2 {
        support::assert_no_event(&mut poll, &mut events, ONE);
        last.send_to(b"data", last.local_addr().unwrap()).unwrap();
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        assert_eq!(last.recv(&mut [0; 8]).unwrap(), 4);
        would_block(last.recv(&mut [0; 8]));
    }
}

#[test]
fn accepting_goes_on_without_descriptors() {
    lowered_limit_leaves_poll_working();
    tcp_listener_sheds_and_goes_on();
    unix_listener_sheds_and_goes_on();
    threads_shed_at_the_same_time();
    lost_spare_socket_is_opened_again();
}
