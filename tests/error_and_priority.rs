//! Error queues and priority conditions: each message and each change is an event, and a condition
//! that stays does not keep `poll` busy.
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
    // poll_oneoff reports neither error queues nor priority.
    not(mio_fake_kernel = "wasip1"),
))]
#![allow(unsafe_code)]

mod support;

use std::ffi::{CString, c_int};
use std::fs::File;
use std::io::Read;
use std::mem;
use std::net::UdpSocket as StdUdpSocket;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::unix::SourceFd;
use mio::{Interest, Token};
use support::hang_ups::{count_events, max_events, thread_time, time_until};
use support::timing::{FIRST_BOUND, best_of_rounds, within};
use support::{EDGES, new_poll, not_run, poll_events};

const ONE: Token = Token(1);

/// A socket with an error queue (IP_RECVERR, <https://man7.org/linux/man-pages/man7/ip.7.html>)
/// that is connected to a closed port.
fn refused_socket() -> StdUdpSocket {
    let closed = StdUdpSocket::bind(support::loopback()).unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let socket = StdUdpSocket::bind(support::loopback()).unwrap();
    socket.connect(address).unwrap();
    socket.set_nonblocking(true).unwrap();
    let on: c_int = 1;
    // SAFETY: setsockopt(2) reads one int.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_RECVERR,
            (&raw const on).cast(),
            mem::size_of::<c_int>() as libc::socklen_t,
        )
    };
    assert_eq!(result, 0);
    socket
}

/// Sends one datagram that is refused. A send first returns the pending error of an earlier one.
fn send_refused(socket: BorrowedFd<'_>) {
    for _ in 0..3 {
        // SAFETY: send(2) reads one byte.
        let sent = unsafe { libc::send(socket.as_raw_fd(), c"x".as_ptr().cast(), 1, 0) };
        if sent == 1 {
            return;
        }
    }
    panic!("a datagram could not be sent");
}

/// Reads one message of the error queue. `false` if there was none.
fn read_error(socket: BorrowedFd<'_>) -> bool {
    let mut data = [0_u8; 64];
    let mut part = libc::iovec {
        iov_base: data.as_mut_ptr().cast(),
        iov_len: data.len(),
    };
    // SAFETY: a msghdr of zeros has no name, no buffers and no control data.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    // SAFETY: recvmsg(2) writes the message and its one buffer, which live until it returns.
    let count = unsafe {
        libc::recvmsg(
            socket.as_raw_fd(),
            &raw mut message,
            libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT,
        )
    };
    count >= 0
}

/// Each refused datagram is one message on the error queue, and each message is reported, whether
/// the queue is drained or not.
#[test]
fn error_queue_reports_each_message() {
    for is_owned in [false, true] {
        for is_drained in [true, false] {
            best_of_rounds(|| within(latest_error_event(is_owned, is_drained), FIRST_BOUND));
        }
    }
}

/// The longest delay of an event.
fn latest_error_event(is_owned: bool, is_drained: bool) -> Duration {
    let socket = refused_socket();
    let copy = socket.try_clone().unwrap();
    let (mut poll, mut events) = new_poll();
    let mut owned = UdpSocket::from_std(socket);
    if is_owned {
        poll.registry()
            .register(&mut owned, ONE, Interest::READABLE)
            .unwrap();
    } else {
        poll.registry()
            .register(&mut SourceFd(&owned.as_raw_fd()), ONE, Interest::READABLE)
            .unwrap();
    }
    let mut latest = Duration::ZERO;
    for _ in 0..10 {
        send_refused(copy.as_fd());
        let late = time_until(&mut poll, &mut events, |event| event.is_error());
        latest = latest.max(late);
        // The first receive returns the pending error, the second `WouldBlock`; the error queue
        // keeps its message.
        let _ = owned.recv(&mut [0; 8]);
        support::would_block(owned.recv(&mut [0; 8]));
        while is_drained && read_error(copy.as_fd()) {}
    }
    // Data arrives while the error condition stays.
    let peer = StdUdpSocket::bind(owned.peer_addr().unwrap()).unwrap();
    peer.send_to(b"data", owned.local_addr().unwrap()).unwrap();
    let late = time_until(&mut poll, &mut events, |event| event.is_readable());
    assert_eq!(owned.recv(&mut [0; 8]).unwrap(), 4);
    latest.max(late)
}

/// An error queue that is never read is one event on epoll, and backs off elsewhere, although
/// receives return `WouldBlock` meanwhile.
#[test]
fn unread_error_queue_backs_off() {
    let mut socket = UdpSocket::from_std(refused_socket());
    let (mut poll, mut events) = new_poll();
    poll.registry()
        .register(&mut socket, ONE, Interest::READABLE)
        .unwrap();
    send_refused(socket.as_fd());
    let time = Duration::from_millis(if EDGES { 200 } else { 1_000 });
    best_of_rounds(|| {
        let (start, cpu) = (Instant::now(), thread_time());
        let mut count = 0;
        while let Some(left) = time.checked_sub(start.elapsed()) {
            poll_events(&mut poll, &mut events, left);
            count += events.iter().count();
            while socket.recv(&mut [0; 8]).is_ok_and(|_| true) {}
            let _ = socket.recv(&mut [0; 8]);
        }
        let cpu = thread_time() - cpu;
        println!("error queue: {count} events, {cpu:?} in {time:?}");
        assert!(count <= max_events(time), "{count} events");
        within(cpu, time / 20)
    });
}

/// Each change of the mounts is a priority event of `/proc/PID/mountinfo`:
/// <https://man7.org/linux/man-pages/man5/proc_pid_mounts.5.html>.
#[test]
fn each_mount_is_reported() {
    // A thread can have its own mount namespace.
    thread::spawn(|| {
        let folder = std::env::temp_dir().join(format!("mio-test-{}-mount", std::process::id()));
        if !own_mounts() {
            not_run("no mount namespace can be created");
            return;
        }
        std::fs::create_dir_all(&folder).unwrap();
        for interest in [Interest::PRIORITY, Interest::PRIORITY | Interest::READABLE] {
            best_of_rounds(|| within(latest_mount_event(&folder, interest), FIRST_BOUND));
        }
        std::fs::remove_dir(&folder).unwrap();
    })
    .join()
    .unwrap();
}

/// Gives this thread its own mount namespace. `false` if that is not permitted.
fn own_mounts() -> bool {
    // SAFETY: unshare(2) takes flags.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return false;
    }
    let flags = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: mount(2) with these flags reads the target's name only.
    let result = unsafe {
        libc::mount(
            std::ptr::null(),
            c"/".as_ptr(),
            std::ptr::null(),
            flags,
            std::ptr::null(),
        )
    };
    result == 0
}

/// The longest delay of an event.
fn latest_mount_event(folder: &Path, interest: Interest) -> Duration {
    let name = CString::new(folder.as_os_str().as_bytes()).unwrap();
    let mut file = File::open("/proc/thread-self/mountinfo").unwrap();
    let fd = file.as_raw_fd();
    let (mut poll, mut events) = new_poll();
    poll.registry()
        .register(&mut SourceFd(&fd), ONE, interest)
        .unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    // The file is always readable. This is long enough for that report to back off.
    let time = Duration::from_millis(if EDGES { 20 } else { 300 });
    count_events(&mut poll, &mut events, time);
    let mut latest = Duration::ZERO;
    for priorities in 0..10 {
        // SAFETY: mount(2) reads four strings.
        let result = unsafe {
            libc::mount(
                c"none".as_ptr(),
                name.as_ptr(),
                c"tmpfs".as_ptr(),
                0,
                std::ptr::null(),
            )
        };
        assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
        let start = Instant::now();
        loop {
            assert!(
                start.elapsed() < Duration::from_secs(5),
                "{priorities} of 10"
            );
            poll_events(&mut poll, &mut events, Duration::from_secs(5));
            if events.iter().any(|event| event.is_priority()) {
                break;
            }
        }
        latest = latest.max(start.elapsed());
    }
    // No further priority event comes.
    let end = Instant::now() + Duration::from_millis(300);
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        poll_events(&mut poll, &mut events, left);
        assert!(!events.iter().any(|event| event.is_priority()));
    }
    for _ in 0..10 {
        // SAFETY: umount(2) reads a string.
        assert_eq!(unsafe { libc::umount(name.as_ptr()) }, 0);
    }
    latest
}
