//! Full buffers: of a pipe, of a socket, and of one slow consumer among thousands.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream as StdStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Poll, Token, Waker};

#[cfg(all(unix, feature = "os-ext"))]
use super::support::assert_no_event;
use super::support::timing::{best_of_rounds, within};
use super::support::{LONG, loopback, new_poll, poll_events, streams, wait_for};
use super::{BOTH, Others};

const WRITER: Token = Token(0);

/// Writes until `WouldBlock`, and returns the number of bytes.
fn fill(mut writer: impl Write) -> usize {
    let mut total = 0;
    loop {
        match writer.write(&[7; 4096]) {
            Ok(count) => total += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return total,
            Err(error) => panic!("write: {error}"),
        }
    }
}

/// Reads this many bytes.
fn drain(mut reader: impl Read, mut left: usize) {
    let mut buffer = [0; 64 * 1024];
    let end = Instant::now() + LONG;
    while left > 0 {
        assert!(Instant::now() < end, "{left} bytes have not arrived");
        match reader.read(&mut buffer) {
            Ok(0) => panic!("the end, {left} bytes early"),
            Ok(count) => left -= count,
            // They are on their way.
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
            Err(error) => panic!("read: {error}"),
        }
    }
}

/// The writer of a full pipe has no event, others go on. After the reader has taken all, the writer
/// has exactly one event.
#[cfg(all(unix, feature = "os-ext"))]
#[test]
fn full_pipe_is_writable_once_after_it_is_drained() {
    let (mut poll, mut events) = new_poll();
    let mut others = Others::register(&poll, 10);
    let (mut sender, receiver) = mio::unix::pipe::new().unwrap();
    let registry = poll.registry();
    let interest = mio::Interest::WRITABLE;
    registry.register(&mut sender, WRITER, interest).unwrap();
    wait_for(&mut poll, &mut events, WRITER, |event| event.is_writable());
    for _ in 0..5 {
        let count = fill(&sender);
        assert!(count >= 4096, "{count}");
        assert_no_event(&mut poll, &mut events, WRITER);
        for token in others.exchange(&mut poll, &mut events) {
            assert_ne!(token, WRITER);
        }
        drain(&receiver, count);
        wait_for(&mut poll, &mut events, WRITER, |event| event.is_writable());
        assert_no_event(&mut poll, &mut events, WRITER);
    }
}

/// The same for a connection whose peer does not read. Its buffers are emptied in steps, so it may
/// have more than one event; but it has none while nothing is read.
#[test]
fn peer_that_never_reads_stops_its_writer_alone() {
    let (mut poll, mut events) = new_poll();
    let mut others = Others::register(&poll, 10);
    let (mut writer, reader) = streams();
    poll.registry().register(&mut writer, WRITER, BOTH).unwrap();
    wait_for(&mut poll, &mut events, WRITER, |event| event.is_writable());
    let mut count = fill(&writer);
    // The kernel moves bytes to the peer's buffer, which makes room here, until both are full.
    let end = Instant::now() + LONG;
    loop {
        assert!(Instant::now() < end, "the buffers are never full");
        poll_events(&mut poll, &mut events, Duration::from_millis(200));
        if events.is_empty() {
            break;
        }
        count += fill(&writer);
    }
    for _ in 0..10 {
        for token in others.exchange(&mut poll, &mut events) {
            assert_ne!(token, WRITER);
        }
    }
    drain(&reader, count);
    wait_for(&mut poll, &mut events, WRITER, |event| event.is_writable());
    let count = fill(&writer);
    drain(&reader, count);
}

/// The bytes that the server below keeps for a connection.
const MOST_PENDING: usize = 64 * 1024;

/// An echo server that does not read on while it has bytes to send.
struct Echo {
    stream: TcpStream,
    pending: Vec<u8>,
}

impl Echo {
    /// Returns whether the connection stays open.
    fn serve(&mut self, most: &AtomicUsize) -> bool {
        let mut buffer = [0; MOST_PENDING];
        loop {
            while !self.pending.is_empty() {
                match self.stream.write(&self.pending) {
                    Ok(count) => drop(self.pending.drain(..count)),
                    Err(error) => return error.kind() == ErrorKind::WouldBlock,
                }
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(count) => self.pending.extend_from_slice(&buffer[..count]),
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
            most.fetch_max(self.pending.len(), Ordering::Relaxed);
        }
    }
}

/// Echoes until it is woken.
fn serve(mut poll: Poll, mut streams: Vec<Option<Echo>>, most: &AtomicUsize, ends: &AtomicBool) {
    let mut events = Events::with_capacity(64);
    while !ends.load(Ordering::Acquire) {
        poll_events(&mut poll, &mut events, LONG);
        for event in &events {
            let Some(slot) = streams.get_mut(event.token().0) else {
                continue;
            };
            if slot.as_mut().is_some_and(|echo| !echo.serve(most)) {
                *slot = None;
            }
        }
    }
}

/// Ends the server of a scope, also if the test fails: the scope waits for it.
struct EndOfServer<'a> {
    ends: &'a AtomicBool,
    waker: &'a Waker,
}

impl Drop for EndOfServer<'_> {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        let _ = self.waker.wake();
    }
}

/// The connections of the test below: what a process may open without a change of its limit on any
/// system, and 2,000 where the limit can be raised.
fn connections() -> usize {
    #[cfg(target_os = "linux")]
    if !super::support::FAKE_KERNEL {
        return raised(2_000);
    }
    100
}

/// Raises the limit of descriptors for this many connections, or returns how many it has room for.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn raised(wanted: usize) -> usize {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: getrlimit(2) writes one `rlimit`.
    let result = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    assert_eq!(result, 0);
    // Both ends are in this process, and other tests need some.
    let needed = 2 * wanted as libc::rlim_t + 300;
    if limit.rlim_cur < needed {
        limit.rlim_cur = needed.min(limit.rlim_max);
        // SAFETY: setrlimit(2) reads one `rlimit`.
        let result = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) };
        assert_eq!(result, 0);
    }
    let room = limit.rlim_cur.saturating_sub(300) / 2;
    wanted.min(room as usize).max(100)
}

/// One connection that sends and never reads keeps to its own buffers. The replies of all others
/// come in time, and in the end the slow one gets all its bytes.
#[test]
fn slow_consumer_delays_no_other_connection() {
    let count = connections();
    println!("{count} connections");
    let poll = Poll::new().unwrap();
    let waker = Waker::new(poll.registry(), Token(usize::MAX)).unwrap();
    let listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    let mut clients = Vec::with_capacity(count);
    let mut accepted = Vec::with_capacity(count);
    for token in 0..count {
        let client = StdStream::connect(address).unwrap();
        client.set_nodelay(true).unwrap();
        client.set_read_timeout(Some(LONG)).unwrap();
        clients.push(client);
        let (mut stream, _) = super::support::retry(|| listener.accept());
        let registry = poll.registry();
        registry.register(&mut stream, Token(token), BOTH).unwrap();
        let pending = Vec::new();
        accepted.push(Some(Echo { stream, pending }));
    }
    let (most, ends) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let (most, ends) = (&most, &ends);
        scope.spawn(move || serve(poll, accepted, most, ends));
        let _end = EndOfServer {
            ends,
            waker: &waker,
        };
        let mut slow = clients.pop().unwrap();
        slow.set_nonblocking(true).unwrap();
        // Until nothing moves any more: the echo does not read, because its own writes wait.
        let mut sent = 0;
        let mut moved = Instant::now();
        while moved.elapsed() < Duration::from_millis(300) {
            let new = fill(&slow);
            sent += new;
            if new > 0 {
                moved = Instant::now();
            }
            thread::sleep(Duration::from_millis(5));
        }
        best_of_rounds(|| {
            let reply = |client: &mut StdStream| {
                let start = Instant::now();
                client.write_all(b"z").unwrap();
                client.read_exact(&mut [0]).unwrap();
                start.elapsed()
            };
            let mut times: Vec<Duration> = clients.iter_mut().map(reply).collect();
            times.sort_unstable();
            // 99 of 100: a busy machine may suspend the server once.
            within(times[times.len() * 99 / 100 - 1], Duration::from_millis(50))
        });
        let most = most.load(Ordering::Relaxed);
        assert!(most <= MOST_PENDING, "{most} bytes are kept");
        drain(&slow, sent);
        slow.set_nonblocking(false).unwrap();
        slow.write_all(b"z").unwrap();
        slow.read_exact(&mut [0]).unwrap();
    });
}
