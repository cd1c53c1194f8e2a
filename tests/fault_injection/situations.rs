//! Situations of the contract: what a program does with the library, as one deterministic course.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use mio::unix::{SourceFd, pipe};
use mio::{Interest, Token};

use crate::blocked::{rearming_while_blocked, registering_while_blocked, wake_from_thread};
use crate::old_kernel::{old_kernel_accepts, old_kernel_timeouts};
use crate::rules::Operation;
use crate::run::Run;

/// A situation: its name, its course, and whether the number of its calls depends on timing.
pub(crate) struct Situation {
    pub(crate) name: &'static str,
    pub(crate) course: fn(&mut Run),
    pub(crate) is_timed: bool,
}

macro_rules! situations {
    ($($name:ident $(: $timed:ident)?),* $(,)?) => {
        &[$(Situation {
            name: stringify!($name),
            course: $name,
            is_timed: [$(stringify!($timed),)? "", ""].len() == 3,
        }),*]
    };
}

pub(crate) const SITUATIONS: &[Situation] = situations![
    wakers,
    timeouts,
    tcp,
    tcp_writes,
    udp,
    unix_streams,
    unix_datagrams,
    pipes,
    writers_without_reader: timed,
    unowned_fds: timed,
    hang_up: timed,
    small_buffer,
    drop_order,
    leaving_sources,
    closed_while_registered,
    wake_from_thread: timed,
    registering_while_blocked: timed,
    rearming_while_blocked: timed,
];

/// Runs last: the library remembers that the kernel lacks the calls.
pub(crate) const OLD_KERNEL: &[Situation] = situations![old_kernel_timeouts, old_kernel_accepts,];

pub(crate) const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
pub(crate) const WAKER: Token = Token(100);
pub(crate) const SECOND: Token = Token(101);

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A path that no other run uses.
fn new_path() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("mio-fault-{}-{count}", std::process::id()))
}

fn would_have_blocked<T>(result: &io::Result<T>) -> bool {
    let error = result.as_ref().err();
    error.is_some_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// An operation that would block.
fn would_block<T>(run: &mut Run, mut operation: impl FnMut() -> io::Result<T>) {
    run.call(Operation::BlockedIo, || match operation() {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error),
        Ok(_) => panic!("the operation does not block"),
    });
}

/// Reads until the operation would block, or the end.
pub(crate) fn drain(run: &mut Run, mut source: impl Read) -> usize {
    let mut total = 0;
    loop {
        let count = run.call(Operation::BlockedIo, || match source.read(&mut [0; 256]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            result => result.map(Some),
        });
        match count {
            None | Some(0) => return total,
            Some(count) => total += count,
        }
    }
}

fn wakers(run: &mut Run) {
    run.new_poll();
    let first = run.new_waker(WAKER);
    let second = run.new_waker(SECOND);
    for _ in 0..3 {
        run.wake(&first);
        run.expect_readable(WAKER);
        run.wake(&second);
        run.wake(&first);
        run.wake(&first);
        run.expect_readable(SECOND);
        run.expect_readable(WAKER);
    }
    run.wake(&second);
    run.drop(second, SECOND);
    run.wake(&first);
    run.expect_readable(WAKER);
    let third = run.new_waker(SECOND);
    run.settle();
    run.drop(first, WAKER);
    run.drop(third, SECOND);
}

fn timeouts(run: &mut Run) {
    run.new_poll();
    for micros in [0, 1_000, 1_500, 2_000] {
        let start = Instant::now();
        let timeout = Duration::from_micros(micros);
        run.poll(Some(timeout));
        assert!(start.elapsed() >= timeout || run.case.is_some());
    }
    let waker = run.new_waker(WAKER);
    run.wake(&waker);
    run.poll(None);
    run.expect_readable(WAKER);
    run.wake(&waker);
    run.poll(Some(Duration::MAX));
    run.expect_readable(WAKER);
    run.drop(waker, WAKER);
}

/// A listener, a client and the accepted stream; only the listener is registered.
pub(crate) fn connection(
    run: &mut Run,
    listener_token: Token,
) -> (TcpListener, TcpStream, TcpStream) {
    let mut listener = run.make(|| TcpListener::bind(loopback()));
    run.register(&mut listener, listener_token, Interest::READABLE);
    let address = listener.local_addr().unwrap();
    let client = run.make(|| TcpStream::connect(address));
    run.expect_readable(listener_token);
    // An accepted socket whose flags cannot be set is closed: the connection is lost.
    let mut client = Some(client);
    let mut has_failed = false;
    let (server, _) = run.make(|| {
        let accepted = listener.accept();
        if has_failed && would_have_blocked(&accepted) {
            let again = std::net::TcpStream::connect(address)?;
            again.set_nonblocking(true)?;
            client = Some(TcpStream::from_std(again));
            return listener.accept();
        }
        has_failed = accepted.is_err();
        accepted
    });
    (listener, client.take().expect("a client"), server)
}

fn tcp(run: &mut Run) {
    run.new_poll();
    let (mut listener, mut client, mut server) = connection(run, Token(0));
    run.register(&mut client, Token(1), BOTH);
    run.expect_writable(Token(1));
    run.register(&mut server, Token(2), Interest::READABLE);
    for _ in 0..2 {
        run.io(|| client.write(b"ping"));
        run.expect_readable(Token(2));
        drain(run, &server);
    }
    run.reregister(&mut server, Token(3), BOTH);
    run.expect_writable(Token(3));
    run.reregister(&mut server, Token(4), Interest::READABLE);
    run.io(|| client.write(b"x"));
    run.expect_readable(Token(4));
    drain(run, &server);
    run.io(|| client.shutdown(Shutdown::Write));
    run.expect_readable(Token(4));
    // The second round of a listener.
    would_block(run, || listener.accept());
    let address = listener.local_addr().unwrap();
    let other = run.make(|| TcpStream::connect(address));
    run.expect_readable(Token(0));
    run.deregister(&mut client, Token(1));
    run.deregister(&mut server, Token(4));
    run.deregister(&mut listener, Token(0));
    drop((client, server, listener, other));
    run.settle();
}

/// Writes, in part as well, and with several buffers.
fn tcp_writes(run: &mut Run) {
    run.new_poll();
    let (_listener, mut client, mut server) = connection(run, Token(0));
    run.register(&mut client, Token(1), BOTH);
    run.expect_writable(Token(1));
    run.register(&mut server, Token(2), Interest::READABLE);
    let count = run.io(|| client.write(b"abcd"));
    let buffers = [IoSlice::new(b"efgh"), IoSlice::new(b"ij")];
    let more = run.io(|| client.write_vectored(&buffers));
    let is_short = run.case.is_some_and(|case| case.name == "short");
    assert!(is_short || (count, more) == (4, 6), "{count} and {more}");
    let mut received = 0;
    while received < count + more {
        run.expect_readable(Token(2));
        received += drain(run, &server);
    }
    // The buffers are filled and emptied past the library, which so makes a fixed number of calls.
    let full = std::net::TcpStream::from(client.as_fd().try_clone_to_owned().unwrap());
    while (&full).write(&[0; 65536]).is_ok() {}
    run.settle();
    would_block(run, || client.write(b"x"));
    let peer = std::net::TcpStream::from(server.as_fd().try_clone_to_owned().unwrap());
    peer.set_nonblocking(false).unwrap();
    full.shutdown(Shutdown::Write).unwrap();
    io::copy(&mut &peer, &mut io::sink()).unwrap();
    run.expect_writable(Token(1));
}

fn udp(run: &mut Run) {
    run.new_poll();
    let mut left = run.make(|| UdpSocket::bind(loopback()));
    let mut right = run.make(|| UdpSocket::bind(loopback()));
    run.register(&mut left, Token(1), Interest::READABLE);
    run.register(&mut right, Token(2), BOTH);
    run.expect_writable(Token(2));
    let address = left.local_addr().unwrap();
    for _ in 0..2 {
        run.io(|| right.send_to(b"x", address));
        run.expect_readable(Token(1));
        run.io(|| left.recv_from(&mut [0; 8]));
        let again = left.recv_from(&mut [0; 8]);
        assert_eq!(
            again.is_err(),
            again.is_err_and(|e| e.raw_os_error().is_some())
        );
    }
    let v6 = run.make(|| UdpSocket::bind("[::1]:0".parse().unwrap()));
    run.io(|| v6.only_v6());
    run.deregister(&mut left, Token(1));
    run.drop(left, Token(1));
    run.drop(right, Token(2));
}

fn unix_streams(run: &mut Run) {
    run.new_poll();
    let path = new_path();
    let mut listener = run.make(|| {
        let _ = std::fs::remove_file(&path);
        UnixListener::bind(&path)
    });
    run.register(&mut listener, Token(0), Interest::READABLE);
    let mut client = run.make(|| UnixStream::connect(&path));
    run.expect_readable(Token(0));
    let (mut server, _) = run.make(|| listener.accept());
    let (mut left, mut right) = run.make(UnixStream::pair);
    run.register(&mut client, Token(1), BOTH);
    run.register(&mut server, Token(2), BOTH);
    run.register(&mut left, Token(3), BOTH);
    run.register(&mut right, Token(4), Interest::READABLE);
    for token in 1..4 {
        run.expect_writable(Token(token));
    }
    run.io(|| client.write(b"x"));
    run.expect_readable(Token(2));
    run.io(|| left.write(b"x"));
    run.expect_readable(Token(4));
    drain(run, &right);
    run.drop(left, Token(3));
    run.expect_readable(Token(4));
    run.deregister(&mut client, Token(1));
    drop((client, server, right, listener));
    std::fs::remove_file(&path).unwrap();
}

fn unix_datagrams(run: &mut Run) {
    run.new_poll();
    let path = new_path();
    let mut bound = run.make(|| {
        let _ = std::fs::remove_file(&path);
        UnixDatagram::bind(&path)
    });
    let unbound = run.make(UnixDatagram::unbound);
    let (mut left, right) = run.make(UnixDatagram::pair);
    run.register(&mut bound, Token(1), Interest::READABLE);
    run.register(&mut left, Token(2), Interest::READABLE);
    run.io(|| unbound.send_to(b"x", &path));
    run.expect_readable(Token(1));
    run.io(|| right.send(b"x"));
    run.expect_readable(Token(2));
    run.drop(bound, Token(1));
    run.drop(left, Token(2));
    std::fs::remove_file(&path).unwrap();
}

fn pipes(run: &mut Run) {
    run.new_poll();
    let (mut sender, mut receiver) = run.make(pipe::new);
    run.io(|| sender.set_nonblocking(false));
    run.io(|| sender.set_nonblocking(true));
    run.register(&mut sender, Token(1), Interest::WRITABLE);
    run.register(&mut receiver, Token(2), Interest::READABLE);
    run.expect_writable(Token(1));
    for _ in 0..2 {
        run.io(|| sender.write(b"x"));
        run.expect_readable(Token(2));
        drain(run, &receiver);
    }
    run.reregister(&mut receiver, Token(3), Interest::READABLE);
    run.drop(sender, Token(1));
    run.expect(Token(3), |seen| seen.read_closed || seen.readable);
    drain(run, &receiver);
    run.deregister(&mut receiver, Token(3));
    drop(receiver);
    run.settle();
}

/// Writers whose reader is closed: some kernels of kqueue(2) refuse to watch them.
fn writers_without_reader(run: &mut Run) {
    run.new_poll_with(1);
    let mut senders = Vec::new();
    for index in 0..3 {
        let (mut sender, receiver) = run.make(pipe::new);
        drop(receiver);
        run.register(&mut sender, Token(index), Interest::WRITABLE);
        senders.push(sender);
    }
    for index in 0..3 {
        run.expect(Token(index), |seen| seen.write_closed);
    }
    for (index, sender) in senders.iter_mut().enumerate() {
        run.reregister(sender, Token(index), Interest::WRITABLE);
    }
    for index in 0..3 {
        run.expect(Token(index), |seen| seen.write_closed);
    }
    for (index, sender) in senders.into_iter().enumerate() {
        run.drop(sender, Token(index));
    }
    run.settle();
}

fn unowned_fds(run: &mut Run) {
    run.new_poll();
    let (left, mut right) = StdStream::pair().unwrap();
    left.set_nonblocking(true).unwrap();
    let fd = left.as_raw_fd();
    run.register(&mut SourceFd(&fd), Token(1), Interest::READABLE);
    // More often than the selectors that emulate edges report without a probe.
    for _ in 0..36 {
        right.write_all(b"x").unwrap();
        run.expect_readable(Token(1));
    }
    drain(run, &left);
    right.write_all(b"x").unwrap();
    run.expect_readable(Token(1));
    run.reregister(&mut SourceFd(&fd), Token(2), BOTH);
    run.expect_writable(Token(2));
    run.reregister(&mut SourceFd(&fd), Token(3), Interest::READABLE);
    run.expect_readable(Token(3));
    run.deregister(&mut SourceFd(&fd), Token(3));
    run.register(&mut SourceFd(&fd), Token(4), Interest::READABLE);
    run.expect_readable(Token(4));
    run.deregister(&mut SourceFd(&fd), Token(4));
    run.settle();
}

/// A source that has hung up, beside one that works.
fn hang_up(run: &mut Run) {
    run.new_poll();
    let (mut left, right) = run.make(UnixStream::pair);
    run.register(&mut left, Token(1), BOTH);
    run.expect_writable(Token(1));
    drop(right);
    run.expect(Token(1), |seen| seen.read_closed || seen.write_closed);
    let (mut other, mut peer) = run.make(UnixStream::pair);
    run.register(&mut other, Token(2), Interest::READABLE);
    let waker = run.new_waker(WAKER);
    for _ in 0..3 {
        run.poll(Some(Duration::ZERO));
        run.io(|| peer.write(b"x"));
        run.expect_readable(Token(2));
        drain(run, &other);
        run.wake(&waker);
        run.expect_readable(WAKER);
    }
    run.drop(left, Token(1));
    run.drop(other, Token(2));
    run.drop(waker, WAKER);
}

/// More events than there is room for.
fn small_buffer(run: &mut Run) {
    run.new_poll_with(1);
    let mut pairs = Vec::new();
    for index in 0..3 {
        let (mut left, right) = run.make(UnixStream::pair);
        run.register(&mut left, Token(index), BOTH);
        pairs.push((left, right));
    }
    let waker = run.new_waker(WAKER);
    run.wake(&waker);
    for index in 0..3 {
        run.expect_writable(Token(index));
    }
    run.expect_readable(WAKER);
    for (_, right) in &mut pairs {
        run.io(|| right.write(b"x"));
    }
    run.wake(&waker);
    for index in 0..3 {
        run.expect_readable(Token(index));
    }
    run.expect_readable(WAKER);
}

/// The `Poll` goes first, its sources and wakers later. A source then joins another `Poll`.
fn drop_order(run: &mut Run) {
    run.new_poll();
    let registry = run.registry();
    let (mut left, mut right) = run.make(UnixStream::pair);
    run.register(&mut left, Token(1), BOTH);
    run.expect_writable(Token(1));
    let waker = run.new_waker(WAKER);
    run.drop_poll();
    run.wake(&waker);
    drop(registry);
    run.wake(&waker);
    run.new_poll();
    run.register(&mut left, Token(2), BOTH);
    run.expect_writable(Token(2));
    run.io(|| right.write(b"x"));
    run.expect_readable(Token(2));
    run.drop(waker, WAKER);
    let second = run.new_waker(SECOND);
    run.wake(&second);
    run.expect_readable(SECOND);
    run.drop_poll();
    run.drop(left, Token(2));
    run.drop(second, SECOND);
}

/// Sources become fds again, which stay open.
fn leaving_sources(run: &mut Run) {
    run.new_poll();
    let (mut left, mut right) = run.make(UnixStream::pair);
    run.register(&mut left, Token(1), Interest::READABLE);
    run.io(|| right.write(b"x"));
    let mut left = Some(left);
    let affected = run.injector.affected_here();
    let fd: OwnedFd = run.call(Operation::Leave, || {
        let left = left.take().expect("leaving is not repeated");
        Ok(OwnedFd::from(std::os::unix::net::UnixStream::from(left)))
    });
    if run.injector.affected_here() == affected {
        run.settle();
        // The fd can be registered again.
        let raw = fd.as_raw_fd();
        run.register(&mut SourceFd(&raw), Token(2), Interest::READABLE);
        run.expect_readable(Token(2));
        run.deregister(&mut SourceFd(&raw), Token(2));
    }
    drop(fd);
    run.settle();
}

/// An fd that is closed while it is registered, and opened again as another file.
fn closed_while_registered(run: &mut Run) {
    run.new_poll();
    let (left, right) = StdStream::pair().unwrap();
    let fd = left.as_raw_fd();
    run.register(&mut SourceFd(&fd), Token(1), Interest::READABLE);
    drop((left, right));
    run.poll(Some(Duration::ZERO));
    let (left, mut right) = StdStream::pair().unwrap();
    let fd = left.as_raw_fd();
    run.register(&mut SourceFd(&fd), Token(2), Interest::READABLE);
    right.write_all(b"x").unwrap();
    run.expect_readable(Token(2));
}
