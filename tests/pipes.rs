//! Pipes, FIFOs and the pipes of child processes.
#![cfg(all(unix, feature = "os-poll", feature = "os-ext"))]

mod support;

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::unix::{SourceFd, pipe};
use mio::{Events, Interest, Poll, Token};
use support::timing::{FIRST_BOUND, best_of_rounds, within};
use support::{assert_no_event, drain, new_poll, retry, wait_for, would_block};

const ONE: Token = Token(1);
const TWO: Token = Token(2);

/// Each end of a pipe reports that the other end was closed.
#[cfg(unix)]
#[test]
fn closed_pipe_end_is_reported_to_the_other() {
    let (mut poll, mut events) = new_poll();
    let (mut sender, mut receiver) = pipe::new().unwrap();
    poll.registry()
        .register(&mut sender, ONE, Interest::WRITABLE)
        .unwrap();
    poll.registry()
        .register(&mut receiver, TWO, Interest::READABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_writable());
    sender.write_all(b"data").unwrap();
    wait_for(&mut poll, &mut events, TWO, |event| event.is_readable());
    // The close is reported before the data is read.
    drop(sender);
    wait_for(&mut poll, &mut events, TWO, |event| event.is_read_closed());
    assert_eq!(drain(&receiver), b"data");
    drop(receiver);

    let (mut sender, receiver) = pipe::new().unwrap();
    poll.registry()
        .register(&mut sender, ONE, Interest::WRITABLE)
        .unwrap();
    drop(receiver);
    wait_for(&mut poll, &mut events, ONE, |event| event.is_write_closed());
}

/// The pipes of a child process carry data once they are non-blocking, and report the end.
#[cfg(unix)]
#[test]
fn child_pipes_carry_data_and_report_the_end() {
    let (mut poll, mut events) = new_poll();
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut sender = pipe::Sender::from(child.stdin.take().unwrap());
    let mut receiver = pipe::Receiver::from(child.stdout.take().unwrap());
    receiver.set_nonblocking(true).unwrap();
    sender.set_nonblocking(true).unwrap();
    poll.registry()
        .register(&mut receiver, ONE, Interest::READABLE)
        .unwrap();
    would_block(receiver.read(&mut [0; 8]));
    sender.write_all(b"through the cat").unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    assert_eq!(drain(&receiver), b"through the cat");
    drop(sender);
    wait_for(&mut poll, &mut events, ONE, |event| event.is_read_closed());
    child.wait().unwrap();
}

/// Whether an end is non-blocking.
fn is_nonblocking(end: &impl AsRawFd) -> bool {
    support::fds::is_nonblocking(end.as_raw_fd())
}

/// A conversion from std keeps the blocking mode, and `set_nonblocking` sets it both ways.
#[test]
fn child_pipe_keeps_its_blocking_mode() {
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let sender = pipe::Sender::from(child.stdin.take().unwrap());
    let receivers = [
        pipe::Receiver::from(child.stdout.take().unwrap()),
        pipe::Receiver::from(child.stderr.take().unwrap()),
    ];
    assert!(!is_nonblocking(&sender));
    for mode in [true, true, false] {
        sender.set_nonblocking(mode).unwrap();
        assert_eq!(is_nonblocking(&sender), mode);
    }
    for receiver in &receivers {
        assert!(!is_nonblocking(receiver));
        for mode in [true, false] {
            receiver.set_nonblocking(mode).unwrap();
            assert_eq!(is_nonblocking(receiver), mode);
        }
    }
    drop(sender);
    child.wait().unwrap();
}

/// Every operation that returns `WouldBlock` arms the end again.
#[test]
fn every_pipe_operation_rearms() {
    let (mut poll, mut events) = new_poll();
    let (mut sender, mut receiver) = pipe::new().unwrap();
    poll.registry()
        .register(&mut receiver, ONE, Interest::READABLE)
        .unwrap();
    type Reading = fn(&mut pipe::Receiver) -> io::Result<usize>;
    let readings: [Reading; 4] = [
        |receiver| receiver.read(&mut [0; 8]),
        |receiver| receiver.read_vectored(&mut [IoSliceMut::new(&mut [0; 8])]),
        |receiver| (&*receiver).read(&mut [0; 8]),
        |receiver| receiver.try_io(|| Err(ErrorKind::WouldBlock.into())),
    ];
    // Twice, because the registration has armed the end for the first operation.
    for reading in readings.iter().chain(&readings) {
        would_block(reading(&mut receiver));
        sender.write_all(b"data").unwrap();
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        // A larger read could return `WouldBlock`, which would arm the end.
        assert_eq!(receiver.read(&mut [0; 4]).unwrap(), 4);
    }

    poll.registry()
        .register(&mut sender, TWO, Interest::WRITABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, TWO, |event| event.is_writable());
    type Writing = fn(&mut pipe::Sender) -> io::Result<usize>;
    let writings: [Writing; 4] = [
        |sender| sender.write(&[7; 4096]),
        |sender| sender.write_vectored(&[IoSlice::new(&[7; 4096])]),
        |sender| (&*sender).write(&[7; 4096]),
        |sender| sender.try_io(|| Err(ErrorKind::WouldBlock.into())),
    ];
    for writing in writings {
        // Filled past the library, so that no operation of the sender has armed it.
        while fill_pipe(&sender) {}
        would_block(writing(&mut sender));
        drain(&receiver);
        wait_for(&mut poll, &mut events, TWO, |event| event.is_writable());
    }
}

/// Writes past the library. `false` if the pipe is full.
#[allow(unsafe_code)]
fn fill_pipe(sender: &pipe::Sender) -> bool {
    let block = [7_u8; 4096];
    // SAFETY: write(2) reads `block.len()` bytes of a buffer of that length.
    let count = unsafe { libc::write(sender.as_raw_fd(), block.as_ptr().cast(), block.len()) };
    count > 0
}

/// A reader at the end of a FIFO reports the next writer
/// (<https://man7.org/linux/man-pages/man7/fifo.7.html>), also one that comes before the next
/// `poll`, so that no `poll` observes the hang-up. This holds for reads in `try_io`, too.
#[test]
fn fifo_at_its_end_reports_a_writer_between_polls() {
    type Reading = fn(&mut pipe::Receiver) -> io::Result<usize>;
    let readings: [Reading; 2] = [
        |receiver| receiver.read(&mut [0; 8]),
        |receiver| {
            receiver.try_io(|| {
                let mut other = std::fs::File::from(receiver.as_fd().try_clone_to_owned()?);
                other.read(&mut [0; 8])
            })
        },
    ];
    let path = create_fifo("end");
    let writer = || std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    for reading in readings {
        let mut receiver = pipe::Receiver::from(OwnedFd::from(open_reader(&path)));
        let (mut poll, mut events) = new_poll();
        poll.registry()
            .register(&mut receiver, ONE, Interest::READABLE)
            .unwrap();
        for _ in 0..3 {
            let mut first = writer();
            first.write_all(b"one").unwrap();
            wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
            drop(first);
            assert_eq!(reading(&mut receiver).unwrap(), 3);
            assert_eq!(reading(&mut receiver).unwrap(), 0);
            let mut second = writer();
            second.write_all(b"two").unwrap();
            wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
            assert_eq!(reading(&mut receiver).unwrap(), 3);
            drop(second);
            assert_eq!(reading(&mut receiver).unwrap(), 0);
        }
    }
    std::fs::remove_file(path).unwrap();
}

#[allow(unsafe_code)]
fn create_fifo(name: &str) -> std::path::PathBuf {
    use std::os::unix::ffi::OsStrExt;

    let path = std::env::temp_dir().join(format!("mio-test-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let text = std::ffi::CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: mkfifo(2) reads a string that ends in NUL.
    assert_eq!(unsafe { libc::mkfifo(text.as_ptr(), 0o600) }, 0);
    path
}

fn open_reader(path: &std::path::Path) -> std::fs::File {
    use std::os::unix::fs::OpenOptionsExt;

    std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .unwrap()
}

/// A FIFO whose writer is gone reports a later writer. tests/hang_ups.rs measures the delay after a
/// longer hang-up.
#[test]
fn fifo_reports_a_returning_writer() {
    // `Poll` documents a delay of at most 10 ms in the first second of a hang-up.
    best_of_rounds(|| within(longest_fifo_delay(), FIRST_BOUND));
}

/// The longest delay of an event.
fn longest_fifo_delay() -> Duration {
    let path = create_fifo("fifo");
    let mut receiver = pipe::Receiver::from(OwnedFd::from(open_reader(&path)));
    let writer = || std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let (mut poll, mut events) = new_poll();
    poll.registry()
        .register(&mut receiver, ONE, Interest::READABLE)
        .unwrap();
    let (mut latest, mut latest_second) = (Duration::ZERO, Duration::ZERO);
    let mut wait = |poll: &mut Poll, events: &mut Events, wanted: fn(&Event) -> bool| {
        let start = Instant::now();
        wait_for(poll, events, ONE, wanted);
        latest = latest.max(start.elapsed());
    };
    for _ in 0..3 {
        writer().write_all(b"first").unwrap();
        wait(&mut poll, &mut events, Event::is_readable);
        assert_eq!(drain(&receiver), b"first");
        // A read returns the end of file, and later a writer comes.
        assert_eq!(receiver.read(&mut [0; 8]).unwrap(), 0);
        support::poll_events(&mut poll, &mut events, support::SHORT);
        if support::EDGES {
            // Elsewhere the hang-up is reported again, as `Poll` documents.
            assert_no_event(&mut poll, &mut events, ONE);
        }
        let (second, start, end) = thread::scope(|scope| {
            // The writer comes while `poll` waits, after the delay has grown.
            let writing = scope.spawn(|| {
                thread::sleep(Duration::from_millis(70));
                let mut second = writer();
                let start = Instant::now();
                second.write_all(b"second").unwrap();
                (second, start)
            });
            let mut data = Vec::new();
            while data.is_empty() {
                // Where a hang-up is readable, an event may come without data.
                wait_for(&mut poll, &mut events, ONE, Event::is_readable);
                data = drain(&receiver);
            }
            let end = Instant::now();
            assert_eq!(data, b"second");
            let (second, start) = writing.join().unwrap();
            (second, start, end)
        });
        latest_second = latest_second.max(end.duration_since(start));
        drop(second);
        wait(&mut poll, &mut events, Event::is_read_closed);
        assert_eq!(retry(|| receiver.read(&mut [0; 8])), 0);
    }
    std::fs::remove_file(&path).unwrap();
    latest.max(latest_second)
}

/// Closing a file descriptor ends its registration, also that of a pipe's writer whose reader was
/// closed before: kqueue(2) removes the filters
/// (<https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2>), and epoll the registration
/// (<https://man7.org/linux/man-pages/man7/epoll.7.html>, question 6). The file that gets the fd
/// next causes no event.
#[test]
#[allow(unsafe_code)]
fn closed_writer_without_reader_reports_no_events() {
    if !support::EDGES || cfg!(target_os = "illumos") {
        return support::not_run("the selector does not detect that an fd was reused");
    }
    let null = std::fs::File::open("/dev/null").unwrap();
    let dead_writer = || {
        let (writer, reader) = pipe::new().unwrap();
        drop(reader);
        writer
    };
    let other_writer = dead_writer();
    // NetBSD and OpenBSD distinguish pipes by the time of their creation alone, in ticks of 10 ms.
    thread::sleep(Duration::from_millis(50));
    for interest in [Interest::WRITABLE, Interest::WRITABLE | Interest::LEVEL] {
        for (is_reported, next) in [
            (false, null.as_raw_fd()),
            (true, null.as_raw_fd()),
            (false, other_writer.as_raw_fd()),
            (true, other_writer.as_raw_fd()),
        ] {
            let (mut poll, mut events) = new_poll();
            let writer = dead_writer();
            let fd = writer.as_raw_fd();
            poll.registry()
                .register(&mut SourceFd(&fd), ONE, interest)
                .unwrap();
            if is_reported {
                wait_for(&mut poll, &mut events, ONE, |event| event.is_write_closed());
            }
            // SAFETY: dup2(2) closes `fd` and opens it again; `writer` owns the new one.
            assert_eq!(unsafe { libc::dup2(next, fd) }, fd);
            assert_no_event(&mut poll, &mut events, ONE);
        }
    }
}
