//! Handles on Windows: inheritance, ownership, and leaks after failed calls and drops.
//!
//! There is one test, so that no other test of this process opens handles meanwhile.
#![cfg(all(windows, feature = "net"))]

mod support;

use std::io::{self, ErrorKind, Read};
use std::os::windows::io::{AsRawSocket, AsSocket, FromRawSocket, IntoRawSocket, OwnedSocket};
use std::process::Command;

use mio::net::{TcpListener, TcpStream, UdpSocket};
use support::counting_allocator::Counting;
use support::{handles, loopback, retry, would_block};

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn handles_are_counted() {
    println!("sockets_are_non_blocking_and_not_inherited");
    sockets_are_non_blocking_and_not_inherited();
    println!("failed_constructor_leaks_nothing");
    failed_constructor_leaks_nothing();
    println!("socket_ownership_round_trips");
    socket_ownership_round_trips();
    #[cfg(feature = "os-poll")]
    {
        println!("dropping_everything_closes_everything");
        dropping_everything_closes_everything();
    }
    #[cfg(feature = "os-ext")]
    {
        println!("source_handle_waits_are_released");
        source_handle_waits_are_released();
    }
    println!("inherited_socket_starts_winsock");
    inherited_socket_starts_winsock();
}

/// Every socket, accepted sockets included, is non-blocking and not inherited.
fn sockets_are_non_blocking_and_not_inherited() {
    let listener = TcpListener::bind(loopback()).unwrap();
    would_block(listener.accept());
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut accepted, peer) = retry(|| listener.accept());
    assert_eq!(peer, client.local_addr().unwrap());
    would_block(accepted.read(&mut [0; 4]));
    let udp = UdpSocket::bind(loopback()).unwrap();
    would_block(udp.recv(&mut [0; 4]));
    assert!(!handles::is_inherited(&listener));
    assert!(!handles::is_inherited(&client));
    assert!(!handles::is_inherited(&accepted));
    assert!(!handles::is_inherited(&udp));
    #[cfg(feature = "os-ext")]
    {
        use std::os::windows::io::AsRawHandle;
        let name = format!(r"\\.\pipe\mio-test-{}-inherited", std::process::id());
        let pipe = mio::windows::NamedPipe::new(name).unwrap();
        assert!(!handles::is_handle_inherited(pipe.as_raw_handle()));
    }
}

/// A constructor that fails leaves no handle open.
fn failed_constructor_leaks_nothing() {
    let listener = TcpListener::bind(loopback()).unwrap();
    let udp = UdpSocket::bind(loopback()).unwrap();
    let tcp_address = listener.local_addr().unwrap();
    let udp_address = udp.local_addr().unwrap();
    let multicast = "224.0.0.1:9".parse().unwrap();
    type Constructor<'a> = (&'a str, Box<dyn Fn() -> io::Result<()> + 'a>);
    let constructors: Vec<Constructor<'_>> = vec![
        (
            "TcpListener::bind, in use",
            Box::new(|| TcpListener::bind(tcp_address).map(drop)),
        ),
        (
            "UdpSocket::bind, in use",
            Box::new(|| UdpSocket::bind(udp_address).map(drop)),
        ),
        (
            "TcpListener::accept, no connection",
            Box::new(|| listener.accept().map(drop)),
        ),
        (
            "TcpStream::connect, multicast address",
            Box::new(|| TcpStream::connect(multicast).map(drop)),
        ),
    ];
    for (name, constructor) in &constructors {
        // The first call opens what the system keeps open.
        assert!(constructor().is_err(), "{name}");
        let before = handles::open();
        for _ in 0..10 {
            let error = constructor().unwrap_err();
            assert!(error.raw_os_error().is_some(), "{name}: {error:?}");
        }
        assert_eq!(handles::open(), before, "{name}");
    }
    let error = TcpListener::bind(tcp_address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

fn socket_ownership_round_trips() {
    let before = handles::open();
    for _ in 0..10 {
        let listener = TcpListener::bind(loopback()).unwrap();
        let address = listener.local_addr().unwrap();
        let socket = listener.as_socket().as_raw_socket();
        assert_eq!(listener.as_raw_socket(), socket);
        let owned = OwnedSocket::from(listener);
        assert_eq!(owned.as_raw_socket(), socket);
        let socket = TcpListener::from(owned).into_raw_socket();
        #[allow(unsafe_code)]
        // SAFETY: `into_raw_socket` has given up the socket, which nothing else owns.
        let listener = unsafe { TcpListener::from_raw_socket(socket) };
        assert_eq!(listener.local_addr().unwrap(), address);
        let listener = std::net::TcpListener::from(listener);
        would_block(listener.accept());
    }
    assert_eq!(handles::open(), before);
}

/// Every order of drops closes every handle and frees all memory, although polls are in flight.
#[cfg(feature = "os-poll")]
fn dropping_everything_closes_everything() {
    use mio::{Interest, Token, Waker};

    let round = |order: usize| {
        let (mut poll, mut events) = support::new_poll();
        let clone = poll.registry().try_clone().unwrap();
        let waker = Waker::new(&clone, Token(0)).unwrap();
        let mut listener = TcpListener::bind(loopback()).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = retry(|| listener.accept());
        // More sources than one AFD handle serves.
        let mut others: Vec<_> = (0..40)
            .map(|_| UdpSocket::bind(loopback()).unwrap())
            .collect();
        let registry = poll.registry();
        registry
            .register(&mut listener, Token(1), Interest::READABLE)
            .unwrap();
        clone
            .register(&mut client, Token(2), Interest::READABLE)
            .unwrap();
        for other in &mut others {
            registry
                .register(other, Token(3), Interest::READABLE)
                .unwrap();
        }
        support::assert_no_event(&mut poll, &mut events, Token(2));
        waker.wake().unwrap();
        match order {
            0 => {
                drop(poll);
                drop(clone);
                drop(waker);
                drop((listener, client, others));
            }
            1 => {
                drop((listener, client, others));
                drop((waker, clone, poll));
            }
            _ => {
                clone.deregister(&mut client).unwrap();
                drop((poll, client, clone, others, listener, waker));
            }
        }
        // The connection is closed, although a poll of it was in flight.
        let end = std::time::Instant::now() + support::LONG;
        while !matches!(server.read(&mut [0; 4]), Ok(0)) {
            assert!(std::time::Instant::now() < end);
        }
    };
    (0..3).for_each(round);
    let (before, memory) = (handles::open(), support::counting_allocator::live());
    for order in 0..15 {
        round(order % 3);
        assert_eq!(handles::open(), before, "{order}");
        assert_eq!(support::counting_allocator::live(), memory, "{order}");
    }
}

/// A `SourceHandle` releases its wait after its event, by `deregister`, and when the `Poll` drops.
#[cfg(feature = "os-ext")]
fn source_handle_waits_are_released() {
    use mio::windows::SourceHandle;
    use mio::{Interest, Token};
    use std::os::windows::io::AsRawHandle;
    use std::{sync::mpsc, thread};

    let round = |count: usize| {
        let (mut poll, mut events) = support::new_poll();
        let mut kept = Vec::new();
        for token in 0..count {
            let (end, ends) = mpsc::channel::<()>();
            let thread = thread::spawn(move || ends.recv().is_ok());
            let handle = thread.as_raw_handle();
            let mut source = SourceHandle(&handle);
            let registry = poll.registry();
            registry
                .register(&mut source, Token(token), Interest::READABLE)
                .unwrap();
            match token % 3 {
                0 => {
                    end.send(()).unwrap();
                    support::wait_for(&mut poll, &mut events, Token(token), |event| {
                        event.is_readable()
                    });
                    poll.registry().deregister(&mut source).unwrap();
                }
                1 => {
                    registry.deregister(&mut source).unwrap();
                    end.send(()).unwrap();
                }
                // Stays registered, or has an undelivered event.
                _ => {
                    kept.push((thread, end));
                    continue;
                }
            }
            assert!(thread.join().unwrap());
        }
        for (thread, end) in kept {
            end.send(()).unwrap();
            assert!(thread.join().unwrap());
        }
    };
    round(6);
    let before = handles::open();
    for _ in 0..10 {
        round(30);
    }
    // The thread pool may start or stop a few threads; there were 300 waits.
    handles::assert_count_returns_to(before + 10);
}

/// The environment variable with the socket that the child process inherits.
const INHERITED: &str = "MIO_TEST_SOCKET";

/// `from_raw_socket` starts Winsock in a process that has not started it.
fn inherited_socket_starts_winsock() {
    let listener = TcpListener::bind(loopback()).unwrap();
    handles::inherit(&listener);
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "inherited_socket_child",
            "--ignored",
            "--nocapture",
        ])
        .env(INHERITED, listener.as_raw_socket().to_string())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let address = listener.local_addr().unwrap();
    assert!(text.contains(&format!("listens at {address}")), "{text}");
    assert!(output.status.success(), "{text}");
}

#[test]
#[ignore = "runs as the child process of `handles_are_counted`"]
fn inherited_socket_child() {
    let Ok(socket) = std::env::var(INHERITED) else {
        return;
    };
    assert!(!handles::end_winsock(), "Winsock was started before");
    #[allow(unsafe_code)]
    // SAFETY: the parent process passes an open socket, which this process has inherited and
    // nothing else owns.
    let listener = unsafe { TcpListener::from_raw_socket(socket.parse().unwrap()) };
    println!("listens at {}", listener.local_addr().unwrap());
    would_block(listener.accept());
    // std has opened no socket, so the library has started Winsock.
    assert!(handles::end_winsock(), "Winsock was not started");
    assert!(!handles::end_winsock(), "Winsock was started twice");
    // Closing the listener after WSACleanup would be an error.
    std::process::exit(0);
}
