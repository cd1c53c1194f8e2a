//! Backlogs, the cost of waiting, and a forked child that waits.

use super::*;
use crate::support::hang_ups::thread_time;

/// The backlog of a TCP listener, as the kernel reports it.
fn backlog(listener: &impl AsRawFd) -> Option<u32> {
    // SAFETY: a C structure of integers, for which zeros are valid.
    let mut info: libc::tcp_info = unsafe { mem::zeroed() };
    let mut length = mem::size_of_val(&info) as libc::socklen_t;
    // SAFETY: getsockopt(2) writes at most `length` bytes to `info`, its size, and to `length`
    // itself.
    let result = unsafe {
        libc::getsockopt(
            listener.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &mut length,
        )
    };
    // For a listener this field is the backlog (`tcp_get_info`):
    // <https://github.com/torvalds/linux/blob/v6.6/net/ipv4/tcp.c>. QEMU's user emulation writes
    // only the first four bytes of an option of this level (`do_getsockopt`):
    // <https://github.com/qemu/qemu/blob/v9.2.0/linux-user/syscall.c>.
    let end = mem::offset_of!(libc::tcp_info, tcpi_sacked) + mem::size_of::<u32>();
    (result == 0 && length as usize >= end).then_some(info.tcpi_sacked)
}

/// The backlog of a TCP listener is as long as the system allows, and can be changed.
#[test]
fn tcp_backlog_is_the_limit_of_the_system() {
    let listener = TcpListener::bind(loopback()).unwrap();
    let limit = std::fs::read_to_string("/proc/sys/net/core/somaxconn");
    let (Some(found), Ok(limit)) = (backlog(&listener), limit) else {
        return support::not_run("this kernel does not report a backlog or its limit");
    };
    let limit = limit.trim().parse().unwrap();
    assert_eq!(found, limit);
    for (requested, found) in [(7, 7), (u32::MAX, limit), (0, 1)] {
        listener.set_backlog(requested).unwrap();
        assert_eq!(backlog(&listener), Some(found));
    }
}

/// A Unix listener accepts as many pending connections as std's. No call reports its backlog, so
/// both must accept 200.
#[test]
fn unix_backlog_equals_std() {
    let path = std::env::temp_dir().join(format!("mio-test-{}-many", std::process::id()));
    for ours in [false, true] {
        let _ = std::fs::remove_file(&path);
        let listener = if ours {
            UnixListener::bind(&path).unwrap()
        } else {
            UnixListener::from_std(std::os::unix::net::UnixListener::bind(&path).unwrap())
        };
        let clients: Vec<_> = (0..200)
            .map(|_| UnixStream::connect(&path).unwrap())
            .collect();
        drop((listener, clients));
    }
    std::fs::remove_file(&path).unwrap();
}

/// A source with an error, a hang-up or unread data is reported, and then does not keep `poll`
/// busy.
#[test]
fn unserved_sources_use_little_cpu() {
    // An owned source with unread data.
    let (mut unread, peer) = streams();
    support::send(&peer, b"x");
    check_idle_wait("unread data", |registry| {
        registry.register(&mut unread, ONE, BOTH).unwrap();
    });

    // A stream whose halves are both closed.
    let (mut gone, peer) = streams();
    drop(peer);
    gone.shutdown(Shutdown::Both).unwrap();
    check_idle_wait("both halves closed", |registry| {
        registry.register(&mut gone, ONE, BOTH).unwrap();
    });

    // A pipe whose reader is closed.
    let (mut sender, receiver) = pipe::new().unwrap();
    drop(receiver);
    check_idle_wait("no reader", |registry| {
        registry.register(&mut sender, ONE, BOTH).unwrap();
    });

    // A socket with a pending error.
    let closed_port = UdpSocket::bind(loopback()).unwrap().local_addr().unwrap();
    let mut refused = UdpSocket::bind(loopback()).unwrap();
    refused.connect(closed_port).unwrap();
    refused.send(b"x").unwrap();
    check_idle_wait("a refused datagram", |registry| {
        registry
            .register(&mut refused, ONE, Interest::READABLE)
            .unwrap();
    });

    // An fd that is closed after its registration.
    let (left, _right) = std::os::unix::net::UnixStream::pair().unwrap();
    let fd = left.as_raw_fd();
    let mut left = Some(left);
    check_idle_wait("a closed fd", |registry| {
        registry
            .register(&mut SourceFd(&fd), ONE, Interest::READABLE)
            .unwrap();
        left = None;
    });

    // An unowned fd that is ready and never served.
    let (left, right) = std::os::unix::net::UnixStream::pair().unwrap();
    support::send(&right, b"x");
    check_idle_wait("an unserved fd", |registry| {
        registry
            .register(&mut SourceFd(&left.as_raw_fd()), ONE, BOTH)
            .unwrap();
    });
}

/// Polls for 400 ms, and asserts that the thread slept at least half of that.
fn check_idle_wait(what: &str, register: impl FnOnce(&mio::Registry)) {
    let (mut poll, mut events) = new_poll();
    let waker = Waker::new(poll.registry(), TWO).unwrap();
    register(poll.registry());
    let wait = |poll: &mut mio::Poll, events: &mut mio::Events, time: Duration| {
        let end = Instant::now() + time;
        let mut left = time;
        while !left.is_zero() {
            poll_events(poll, events, left);
            left = end.saturating_duration_since(Instant::now());
        }
    };
    // The first events come before the measurement.
    wait(&mut poll, &mut events, Duration::from_millis(100));
    let before = thread_time();
    wait(&mut poll, &mut events, Duration::from_millis(400));
    let busy = thread_time() - before;
    assert!(
        busy < Duration::from_millis(200),
        "{what}: busy for {busy:?}"
    );
    // Another source still reports.
    waker.wake().unwrap();
    wait_for(&mut poll, &mut events, TWO, |event| event.is_readable());
}

/// A child process has duplicates of every fd. Neither they nor its exit disturb the parent.
#[test]
fn forked_child_leaves_the_parent_working() {
    let (mut poll, mut events) = new_poll();
    let (mut client, server) = streams();
    let waker = Waker::new(poll.registry(), TWO).unwrap();
    poll.registry()
        .register(&mut client, ONE, Interest::READABLE)
        .unwrap();
    let gone = Waker::new(poll.registry(), Token(3)).unwrap();
    gone.wake().unwrap();
    wait_for(&mut poll, &mut events, Token(3), |event| {
        event.is_readable()
    });
    // SAFETY: the child only sleeps and exits, by calls that are safe after fork(2) in a process
    // with several threads.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: usleep(3) takes an integer and touches no memory.
        unsafe { libc::usleep(300_000) };
        // SAFETY: _exit(2) takes an integer and does not return.
        unsafe { libc::_exit(0) };
    }
    assert!(child > 0);
    support::send(&server, b"x");
    wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    assert_eq!(drain(&client), b"x");
    // The child still holds a duplicate.
    poll.registry().deregister(&mut client).unwrap();
    drop(client);
    support::send(&server, b"y");
    support::assert_no_event(&mut poll, &mut events, ONE);
    // The child holds the waker's eventfd open, so it is still registered; tests/fork.rs gives the
    // reason. Nothing has triggered it.
    drop(gone);
    support::assert_no_event(&mut poll, &mut events, Token(3));
    let mut status = 0;
    // SAFETY: waitpid(2) writes one int.
    let ended = retry(|| match unsafe { libc::waitpid(child, &mut status, 0) } {
        -1 => Err(std::io::Error::last_os_error()),
        ended => Ok(ended),
    });
    assert_eq!((ended, status), (child, 0));
    waker.wake().unwrap();
    wait_for(&mut poll, &mut events, TWO, |event| event.is_readable());
}
