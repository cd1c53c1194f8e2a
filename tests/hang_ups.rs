//! Hang-ups, errors and priority conditions: a reported one does not hide what follows it, keeps no
//! poller busy, and what follows is no later than the documentation of `SourceFd` says.
#![cfg(all(
    target_os = "linux",
    feature = "os-poll",
    feature = "net",
    feature = "os-ext"
))]
#![allow(unsafe_code)]

mod support;

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use mio::net::UnixStream;
use mio::unix::{SourceFd, pipe};
use mio::{Events, Interest, Poll, Token};
use support::hang_ups::{
    FIRST_BOUND, LATER_BOUND, WASI, count_events, is_kqueue, most_events, wait_at_most,
};
use support::{nothing_comes, queue, wait_for};

const ONE: Token = Token(1);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// A FIFO with a reader that does not block.
struct Fifo {
    path: PathBuf,
    reader: File,
}

impl Fifo {
    fn new(name: &str) -> Fifo {
        let path = std::env::temp_dir().join(format!("mio-test-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let text = CString::new(path.as_os_str().as_bytes()).unwrap();
        // SAFETY: mkfifo(3) reads a string that ends in NUL.
        assert_eq!(unsafe { libc::mkfifo(text.as_ptr(), 0o600) }, 0);
        let reader = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(&path)
            .unwrap();
        Fifo { path, reader }
    }

    fn writer(&self) -> File {
        OpenOptions::new().write(true).open(&self.path).unwrap()
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A registered reader of a FIFO: an owned source, or only its file descriptor.
enum Registered {
    Owned(pipe::Receiver),
    Unowned,
}

fn register(queue: &Poll, reader: &File, is_owned: bool) -> Registered {
    if !is_owned {
        queue
            .registry()
            .register(&mut SourceFd(&reader.as_raw_fd()), ONE, Interest::READABLE)
            .unwrap();
        return Registered::Unowned;
    }
    let mut receiver = pipe::Receiver::from(OwnedFd::from(reader.try_clone().unwrap()));
    queue
        .registry()
        .register(&mut receiver, ONE, Interest::READABLE)
        .unwrap();
    Registered::Owned(receiver)
}

/// Reads to the end of file, which is no `WouldBlock`.
fn read_to_end(reader: &File, registered: &Registered) -> Vec<u8> {
    let mut data = Vec::new();
    match registered {
        Registered::Owned(receiver) => { receiver }.read_to_end(&mut data),
        Registered::Unowned => { reader }.read_to_end(&mut data),
    }
    .unwrap();
    data
}

/// fifo(7): after the last writer is gone the next one's data is data all the same. epoll reports
/// it as an event of its own.
#[test]
fn fifo_reports_the_next_writer() {
    if is_kqueue() {
        return;
    }
    let one = |is_owned: bool, after: Duration| {
        let fifo = Fifo::new(&format!("next-{is_owned}-{}", after.as_millis()));
        let (mut queue, mut events) = queue();
        let registered = register(&queue, &fifo.reader, is_owned);
        fifo.writer().write_all(b"first").unwrap();
        wait_for(&mut queue, &mut events, ONE, |event| event.is_readable());
        assert_eq!(read_to_end(&fifo.reader, &registered), b"first");
        let late = thread::scope(|scope| {
            let writing = scope.spawn(|| {
                thread::sleep(after);
                let mut writer = fifo.writer();
                let start = Instant::now();
                writer.write_all(b"second").unwrap();
                (writer, start)
            });
            wait_for(&mut queue, &mut events, ONE, |event| event.is_readable());
            let end = Instant::now();
            end - writing.join().unwrap().1
        });
        let bound = if after < Duration::from_millis(500) {
            FIRST_BOUND
        } else {
            LATER_BOUND
        };
        assert!(
            late <= bound,
            "{late:?} late, {after:?} after the hang-up, owned: {is_owned}"
        );
    };
    thread::scope(|scope| {
        for is_owned in [false, true] {
            for millis in [0, 300, 1_100, 2_300] {
                scope.spawn(move || one(is_owned, Duration::from_millis(millis)));
            }
        }
    });
}

/// fifo(7): between two polls a writer comes, writes and goes. The conditions are the same as
/// before, and the data is new.
#[test]
fn fifo_reports_a_writer_that_came_and_went() {
    if is_kqueue() {
        return;
    }
    for is_owned in [false, true] {
        let fifo = Fifo::new(&format!("went-{is_owned}"));
        let (mut queue, mut events) = queue();
        let registered = register(&queue, &fifo.reader, is_owned);
        for _ in 0..10 {
            fifo.writer().write_all(b"data").unwrap();
            wait_at_most(&mut queue, &mut events, FIRST_BOUND, |event| {
                event.is_readable()
            });
            assert_eq!(read_to_end(&fifo.reader, &registered), b"data");
        }
    }
}

/// pty(7): a terminal whose last user is gone has hung up until it is opened again.
#[test]
fn pty_reports_the_next_user() {
    if is_kqueue() {
        return;
    }
    // SAFETY: posix_openpt(3) takes flags and returns a file descriptor.
    let fd = unsafe { libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_NONBLOCK) };
    if fd == -1 {
        println!("not run: no terminals can be made here");
        return;
    }
    // SAFETY: the call succeeded, so the descriptor is ours.
    let mut master = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
    let mut name = [0; 128];
    // SAFETY: grantpt(3) takes a descriptor.
    let granted = unsafe { libc::grantpt(fd) };
    // SAFETY: unlockpt(3) takes a descriptor.
    let unlocked = unsafe { libc::unlockpt(fd) };
    // SAFETY: ptsname_r(3) writes at most so many bytes.
    let named = unsafe { libc::ptsname_r(fd, name.as_mut_ptr(), name.len()) };
    let results = [granted, unlocked, named];
    if results != [0; 3] {
        println!("not run: no terminals can be opened here");
        return;
    }
    // SAFETY: ptsname_r(3) has written a string.
    let name = unsafe { std::ffi::CStr::from_ptr(name.as_ptr()) };
    let path = Path::new(std::ffi::OsStr::from_bytes(name.to_bytes()));
    let slave = || {
        OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY)
            .open(path)
            .unwrap()
    };
    let first = slave();
    let (mut queue, mut events) = queue();
    queue
        .registry()
        .register(&mut SourceFd(&fd), ONE, Interest::READABLE)
        .unwrap();
    drop(first);
    wait_for(&mut queue, &mut events, ONE, |event| {
        WASI || event.is_read_closed()
    });
    for millis in [0, 1_100] {
        let late = thread::scope(|scope| {
            let writing = scope.spawn(|| {
                thread::sleep(Duration::from_millis(millis));
                let mut slave = slave();
                let start = Instant::now();
                slave.write_all(b"data").unwrap();
                (slave, start)
            });
            loop {
                wait_for(&mut queue, &mut events, ONE, |event| event.is_readable());
                // Where a hang-up is readable, too, there need not be data.
                let mut data = [0; 16];
                if master.read(&mut data).is_ok_and(|count| count != 0) {
                    break;
                }
            }
            let end = Instant::now();
            let (slave, start) = writing.join().unwrap();
            drop(slave);
            end - start
        });
        assert!(late <= LATER_BOUND, "{late:?} late, after {millis} ms");
        wait_for(&mut queue, &mut events, ONE, |event| {
            WASI || event.is_read_closed()
        });
    }
}

/// A source that hung up and is not dropped costs little, and on epoll nothing: pipes, and stream
/// sockets.
#[test]
fn hung_up_sources_are_reported_seldom() {
    if is_kqueue() {
        return;
    }
    for (sources, is_socket, is_owned) in [
        (1, false, false),
        (1, false, true),
        (1, true, false),
        (1, true, true),
        (200, false, true),
        (200, true, false),
        (200, true, true),
    ] {
        let (mut queue, mut events) = (Poll::new().unwrap(), Events::with_capacity(1024));
        let mut kept: Vec<OwnedFd> = Vec::new();
        let mut sockets = Vec::new();
        let mut pipes = Vec::new();
        for index in 0..sources {
            let fd = hung_up(is_socket);
            let registry = queue.registry();
            if !is_owned {
                registry
                    .register(&mut SourceFd(&fd.as_raw_fd()), Token(index), BOTH)
                    .unwrap();
                kept.push(fd);
            } else if is_socket {
                let mut source = UnixStream::from_std(StdUnixStream::from(fd));
                registry.register(&mut source, Token(index), BOTH).unwrap();
                sockets.push(source);
            } else {
                let mut source = pipe::Receiver::from(fd);
                registry
                    .register(&mut source, Token(index), Interest::READABLE)
                    .unwrap();
                pipes.push(source);
            }
        }
        let name = format!("{sources} hung up, sockets: {is_socket}, owned: {is_owned}");
        let is_closed = is_socket && support::TELLS_END && !WASI;
        let time = Duration::from_secs(2);
        let (count, cpu) = count_events(&mut queue, &mut events, time);
        println!("{name}: {count} events, {cpu:?} in {time:?}");
        let most = if is_closed { 4 } else { most_events(time) };
        assert!(count <= sources * most, "{name}: {count} events");
        // Afterwards.
        let (count, cpu) = count_events(&mut queue, &mut events, Duration::from_secs(1));
        println!("{name}: {count} events, {cpu:?} in the next second");
        let most = match (support::EDGES, is_closed) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 12,
        };
        assert!(count <= sources * most, "{name}: {count} events");
        assert!(cpu <= Duration::from_millis(50), "{name}: {cpu:?}");
    }
}

/// What does not block and whose other side is gone.
fn hung_up(is_socket: bool) -> OwnedFd {
    if is_socket {
        let (left, _) = StdUnixStream::pair().unwrap();
        left.set_nonblocking(true).unwrap();
        return left.into();
    }
    let (_, receiver) = pipe::new().unwrap();
    receiver.into()
}

/// An unowned file descriptor that is always writable and never read or written.
#[test]
fn idle_descriptor_is_reported_seldom() {
    if is_kqueue() {
        return;
    }
    let (left, _right) = StdUnixStream::pair().unwrap();
    left.set_nonblocking(true).unwrap();
    let (mut queue, mut events) = queue();
    queue
        .registry()
        .register(&mut SourceFd(&left.as_raw_fd()), ONE, BOTH)
        .unwrap();
    let time = Duration::from_secs(2);
    let (count, cpu) = count_events(&mut queue, &mut events, time);
    println!("idle: {count} events, {cpu:?} in {time:?}");
    // 64 at once, 7 while the delay grows, and 100 a second.
    let most = if support::EDGES { 1 } else { 64 + 7 + 201 };
    assert!(count <= most, "{count} events");
    assert!(cpu <= time / 20, "{cpu:?} of the processor");
    if support::EDGES {
        nothing_comes(&mut queue, &mut events, ONE);
    }
}
