//! Hang-ups: a reported hang-up does not hide later events, which come within the delays that
//! `SourceFd` documents, and it does not keep `poll` busy.
#![cfg(all(
    target_os = "linux",
    feature = "os-poll",
    feature = "net",
    feature = "os-ext",
    // kqueue makes the edges, and the fake kqueues have neither terminals nor error queues.
    not(any(
        mio_fake_kernel = "apple",
        mio_fake_kernel = "dragonfly",
        mio_fake_kernel = "freebsd",
        mio_fake_kernel = "netbsd",
        mio_fake_kernel = "openbsd",
    )),
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

use mio::event::Event;
use mio::net::UnixStream;
use mio::unix::{SourceFd, pipe};
use mio::{Events, Interest, Poll, Token};
use support::hang_ups::{WASI, count_events, max_events, time_until};
use support::timing::{FIRST_BOUND, LATER_BOUND, best_of_rounds, within};
use support::{EDGES, assert_no_event, new_poll, not_run, wait_for};

const ONE: Token = Token(1);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Milliseconds from a hang-up to the next event, at different phases of the delay, so that a delay
/// that is too long shows.
const YOUNG: [u64; 5] = [0, 300, 325, 350, 375];
/// As above, after the hang-up was reported for a second. Where the kernel makes the edges there is
/// no delay that grows.
const OLD: &[u64] = if EDGES {
    &[]
} else {
    &[1_100, 1_250, 1_400, 1_550]
};

/// A FIFO with a non-blocking reader.
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

/// A registered reader of a FIFO: an owned source, or an unowned file descriptor.
enum Registered {
    Owned(pipe::Receiver),
    Unowned,
}

fn register(poll: &Poll, reader: &File, is_owned: bool) -> Registered {
    if !is_owned {
        poll.registry()
            .register(&mut SourceFd(&reader.as_raw_fd()), ONE, Interest::READABLE)
            .unwrap();
        return Registered::Unowned;
    }
    let mut receiver = pipe::Receiver::from(OwnedFd::from(reader.try_clone().unwrap()));
    poll.registry()
        .register(&mut receiver, ONE, Interest::READABLE)
        .unwrap();
    Registered::Owned(receiver)
}

/// Reads to the end of file, so that no read returns `WouldBlock`.
fn read_to_end(reader: &File, registered: &Registered) -> Vec<u8> {
    let mut data = Vec::new();
    match registered {
        Registered::Owned(receiver) => { receiver }.read_to_end(&mut data),
        Registered::Unowned => { reader }.read_to_end(&mut data),
    }
    .unwrap();
    data
}

/// Polls until a read returns data. Where a hang-up is readable, an event may come without data.
fn wait_for_data(poll: &mut Poll, events: &mut Events, mut reader: impl Read) -> Instant {
    loop {
        wait_for(poll, events, ONE, |event| event.is_readable());
        if reader.read(&mut [0; 16]).is_ok_and(|count| count != 0) {
            return Instant::now();
        }
    }
}

/// The longest delay of the cases, each in its own thread.
fn worst_of_all<T: Copy + Send>(cases: &[T], case: impl Fn(T) -> Duration + Sync) -> Duration {
    let case = &case;
    thread::scope(|scope| {
        let cases = cases.iter().map(|one| {
            let one = *one;
            scope.spawn(move || case(one))
        });
        let cases: Vec<_> = cases.collect();
        let times = cases.into_iter().map(|thread| thread.join().unwrap());
        times.max().unwrap_or_default()
    })
}

/// A FIFO whose last writer is gone reports the next writer's data
/// (<https://man7.org/linux/man-pages/man7/fifo.7.html>). epoll reports it as a new event.
#[test]
fn fifo_reports_the_next_writer() {
    let one = |(is_owned, millis): (bool, u64)| {
        let fifo = Fifo::new(&format!("next-{is_owned}-{millis}"));
        let (mut poll, mut events) = new_poll();
        let registered = register(&poll, &fifo.reader, is_owned);
        fifo.writer().write_all(b"first").unwrap();
        wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
        assert_eq!(read_to_end(&fifo.reader, &registered), b"first");
        thread::scope(|scope| {
            let writing = scope.spawn(|| {
                thread::sleep(Duration::from_millis(millis));
                let mut writer = fifo.writer();
                let start = Instant::now();
                writer.write_all(b"second").unwrap();
                (writer, start)
            });
            let end = match &registered {
                Registered::Owned(receiver) => wait_for_data(&mut poll, &mut events, receiver),
                Registered::Unowned => wait_for_data(&mut poll, &mut events, &fifo.reader),
            };
            end.duration_since(writing.join().unwrap().1)
        })
    };
    let check = |millis: &[u64], bound| {
        let both = |millis| [(false, millis), (true, millis)];
        let cases: Vec<_> = millis.iter().copied().flat_map(both).collect();
        best_of_rounds(|| within(worst_of_all(&cases, one), bound));
    };
    thread::scope(|scope| {
        scope.spawn(|| check(&YOUNG, FIRST_BOUND));
        scope.spawn(|| check(OLD, LATER_BOUND));
    });
}

/// A FIFO reports the data of a writer that opens, writes and closes between two polls, although
/// the conditions are the same as before.
#[test]
fn fifo_reports_a_writer_that_came_and_went() {
    let round = |is_owned| {
        let fifo = Fifo::new(&format!("went-{is_owned}"));
        let (mut poll, mut events) = new_poll();
        let registered = register(&poll, &fifo.reader, is_owned);
        let one = |_| {
            fifo.writer().write_all(b"data").unwrap();
            let late = time_until(&mut poll, &mut events, |event| event.is_readable());
            assert_eq!(read_to_end(&fifo.reader, &registered), b"data");
            late
        };
        within((0..10).map(one).max().unwrap_or_default(), FIRST_BOUND)
    };
    for is_owned in [false, true] {
        best_of_rounds(|| round(is_owned));
    }
}

/// The controlling side of a new pseudo-terminal, and the path of the other side. `Err` is the
/// reason why there is none.
fn terminal() -> Result<(File, PathBuf), &'static str> {
    // SAFETY: posix_openpt(3) takes flags and returns a file descriptor.
    let fd = unsafe { libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_NONBLOCK) };
    if fd == -1 {
        return Err("no pseudo-terminal can be created");
    }
    // SAFETY: the call succeeded, so `fd` is new and nothing else owns it.
    let master = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
    let mut name = [0; 128];
    // SAFETY: grantpt(3) takes an fd.
    let granted = unsafe { libc::grantpt(fd) };
    // SAFETY: unlockpt(3) takes an fd.
    let unlocked = unsafe { libc::unlockpt(fd) };
    // SAFETY: ptsname_r(3) writes at most `name.len()` bytes to `name`.
    let named = unsafe { libc::ptsname_r(fd, name.as_mut_ptr(), name.len()) };
    let results = [granted, unlocked, named];
    if results != [0; 3] {
        return Err("no pseudo-terminal can be opened");
    }
    // SAFETY: ptsname_r(3) has written a string.
    let name = unsafe { std::ffi::CStr::from_ptr(name.as_ptr()) };
    let path = Path::new(std::ffi::OsStr::from_bytes(name.to_bytes()));
    Ok((master, path.to_owned()))
}

/// A pseudo-terminal whose last user closed it is hung up until it is opened again
/// (<https://man7.org/linux/man-pages/man7/pty.7.html>), and then reports the next user's data.
#[test]
fn pty_reports_the_next_user() {
    if let Err(reason) = terminal() {
        not_run(reason);
        return;
    }
    let one = |millis| {
        let (master, path) = terminal().unwrap();
        let slave = || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .custom_flags(libc::O_NOCTTY)
                .open(&path)
                .unwrap()
        };
        let first = slave();
        let (mut poll, mut events) = new_poll();
        poll.registry()
            .register(&mut SourceFd(&master.as_raw_fd()), ONE, Interest::READABLE)
            .unwrap();
        drop(first);
        let is_end = |event: &Event| WASI || event.is_read_closed();
        wait_for(&mut poll, &mut events, ONE, is_end);
        let late = thread::scope(|scope| {
            let writing = scope.spawn(|| {
                thread::sleep(Duration::from_millis(millis));
                let mut slave = slave();
                let start = Instant::now();
                slave.write_all(b"data").unwrap();
                (slave, start)
            });
            let end = wait_for_data(&mut poll, &mut events, &master);
            end.duration_since(writing.join().unwrap().1)
        });
        // The next user has closed it, too.
        wait_for(&mut poll, &mut events, ONE, is_end);
        late
    };
    thread::scope(|scope| {
        scope.spawn(|| best_of_rounds(|| within(worst_of_all(&YOUNG, one), FIRST_BOUND)));
        scope.spawn(|| best_of_rounds(|| within(worst_of_all(OLD, one), LATER_BOUND)));
    });
}

/// Pipes and stream sockets that hung up and are not dropped cost little time, and none on epoll.
#[test]
fn hung_up_sources_back_off() {
    let cases = [
        (1, false, false),
        (1, false, true),
        (1, true, false),
        (1, true, true),
        (200, false, true),
        (200, true, false),
        (200, true, true),
    ];
    thread::scope(|scope| {
        for (sources, is_socket, is_owned) in cases {
            scope.spawn(move || check_back_off(sources, is_socket, is_owned));
        }
    });
}

fn check_back_off(sources: usize, is_socket: bool, is_owned: bool) {
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(1024));
    let mut kept: Vec<OwnedFd> = Vec::new();
    let mut sockets = Vec::new();
    let mut pipes = Vec::new();
    for index in 0..sources {
        let fd = hung_up(is_socket);
        let registry = poll.registry();
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
    let is_closed = is_socket && support::REPORTS_END && !WASI;
    let time = Duration::from_millis(if EDGES { 200 } else { 1_200 });
    let (count, cpu) = count_events(&mut poll, &mut events, time);
    println!("{name}: {count} events, {cpu:?} in {time:?}");
    let most = if is_closed { 3 } else { max_events(time) };
    assert!(count <= sources * most, "{name}: {count} events");
    // Once the delay has grown.
    let time = Duration::from_millis(if EDGES { 100 } else { 1_000 });
    let most = match (EDGES, is_closed) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 12,
    };
    best_of_rounds(|| {
        let (count, cpu) = count_events(&mut poll, &mut events, time);
        println!("{name}: {count} events, {cpu:?} in the next {time:?}");
        if count > sources * most || cpu > Duration::from_millis(50) {
            return Err(format!("{name}: {count} events, {cpu:?}"));
        }
        Ok(())
    });
}

/// A hang-up that stays is reported again to a caller that never blocks: there is a probe to make.
#[test]
fn hang_up_is_repeated_without_blocking() {
    let (mut poll, mut events) = new_poll();
    let mut socket = UnixStream::from_std(hung_up(true).into());
    let interest = Interest::READABLE;
    poll.registry()
        .register(&mut socket, ONE, interest)
        .unwrap();
    let start = Instant::now();
    let (mut reports, expected) = (0, if EDGES { 1 } else { 3 });
    while reports < expected && start.elapsed() < Duration::from_secs(10) {
        poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
        reports += events.iter().count();
    }
    assert_eq!(reports, expected);
}

/// A non-blocking pipe or stream socket whose peer is closed.
fn hung_up(is_socket: bool) -> OwnedFd {
    if is_socket {
        let (left, _) = StdUnixStream::pair().unwrap();
        left.set_nonblocking(true).unwrap();
        return left.into();
    }
    let (_, receiver) = pipe::new().unwrap();
    receiver.into()
}

/// An unowned fd that stays writable and is never served does not keep `poll` busy.
#[test]
fn idle_fd_backs_off() {
    let (left, _right) = StdUnixStream::pair().unwrap();
    left.set_nonblocking(true).unwrap();
    let (mut poll, mut events) = new_poll();
    poll.registry()
        .register(&mut SourceFd(&left.as_raw_fd()), ONE, BOTH)
        .unwrap();
    let time = Duration::from_millis(if EDGES { 200 } else { 1_000 });
    // 64 events without a delay, 7 while the delay grows, and then 100 a second.
    let most = if EDGES { 1 } else { 64 + 7 + 101 };
    best_of_rounds(|| {
        let (count, cpu) = count_events(&mut poll, &mut events, time);
        println!("idle: {count} events, {cpu:?} in {time:?}");
        assert!(count <= most, "{count} events");
        within(cpu, time / 20)
    });
    if EDGES {
        assert_no_event(&mut poll, &mut events, ONE);
    }
}
