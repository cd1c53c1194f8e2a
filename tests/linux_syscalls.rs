//! What only Linux can show: calls that a sandbox refuses, how long a queue of connections may be, and what waiting costs.
#![cfg(all(
    target_os = "linux",
    feature = "os-poll",
    feature = "net",
    feature = "os-ext"
))]
#![allow(unsafe_code)]

mod support;

use std::io::{IoSlice, Write};
use std::mem::{self, MaybeUninit};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};
use mio::unix::{SourceFd, pipe};
use mio::{Interest, Token, Waker};
use support::child_process::Child;
use support::{drain, loopback, new_poll, poll_events, retry, streams, wait_for};

const ONE: Token = Token(1);
const TWO: Token = Token(2);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// A call to refuse: its number, and what its third argument must be, if that counts.
type Call = (libc::c_long, Option<u32>);

/// Refuses system calls to this thread from now on. `false` where that cannot be had.
fn refuse_syscalls(calls: &[Call], code: i32) -> bool {
    install_filter(calls, libc::SECCOMP_RET_ERRNO, code)
}

/// Does something else in the place of system calls of this thread from now on. `false` where that
/// cannot be had.
fn install_filter(calls: &[Call], action: u32, code: i32) -> bool {
    // What a filter sees: the number of the call, then the machine, an address, and six arguments of 64 bits each.
    const THIRD: u32 = 16 + 2 * 8;
    let statement = |code: u32, k: u32| libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    };
    let load = |place| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, place);
    let skip_unless = |count, value| libc::sock_filter {
        jf: count,
        ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value)
    };
    let returns = |value| statement(libc::BPF_RET | libc::BPF_K, value);
    let refusal = returns(action | code as u32);
    let mut filter = Vec::new();
    for (number, third) in calls {
        filter.push(load(0));
        match third {
            None => filter.push(skip_unless(1, *number as u32)),
            // Its lower half, on machines where that comes first.
            Some(value) => filter.extend([
                skip_unless(3, *number as u32),
                load(THIRD),
                skip_unless(1, *value),
            ]),
        }
        filter.push(refusal);
    }
    filter.push(returns(libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    let none: libc::c_ulong = 0;
    // SAFETY: prctl(2) with this option takes numbers only.
    let private = unsafe {
        libc::prctl(
            libc::PR_SET_NO_NEW_PRIVS,
            1 as libc::c_ulong,
            none,
            none,
            none,
        )
    };
    // SAFETY: prctl(2) with this option reads the program and its statements, which live until it returns.
    let filtered = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::c_ulong::from(libc::SECCOMP_MODE_FILTER),
            &raw const program,
        )
    };
    private == 0 && filtered == 0
}

/// `O_` flags of a descriptor.
fn flags(fd: RawFd) -> i32 {
    // SAFETY: fcntl(2) with F_GETFL takes no argument and touches no memory.
    unsafe { libc::fcntl(fd, libc::F_GETFL) }
}

/// Where a sandbox or an old kernel has no accept4(2) and no wait in nanoseconds, others take their
/// places, whatever error a filter answers with: seccomp(2) lets it choose any.
#[test]
fn refused_syscalls_have_substitutes() {
    if support::FAKE_KERNEL {
        return support::not_run("a copy may inherit a lock of the fake kernel");
    }
    Child::new(|| under_refusal(libc::ENOSYS)).join();
}

/// The same with errors that a sandbox may choose. Where there is no accept(2) the C library makes
/// it of accept4(2), and goes on after ENOSYS only.
#[cfg(not(any(target_arch = "x86", target_arch = "s390x")))]
#[test]
fn sandboxed_syscalls_have_substitutes() {
    if support::FAKE_KERNEL {
        return support::not_run("a double makes calls of its own");
    }
    for code in [libc::EACCES, libc::EINVAL, libc::EPERM] {
        // In a process of its own: what was refused is remembered.
        Child::new(|| under_refusal(code)).join();
    }
}

fn under_refusal(code: i32) {
    let (mut poll, mut events) = new_poll();
    let mut listener = TcpListener::bind(loopback()).unwrap();
    // The second is epoll_pwait2.
    let mut calls: Vec<Call> = vec![(libc::SYS_accept4, None), (441, None)];
    // On some machines the C library's poll is made of it.
    #[cfg(target_arch = "x86_64")]
    calls.extend([(libc::SYS_ppoll, None), (libc::SYS_sendmsg, None)]);
    if !refuse_syscalls(&calls, code) {
        return support::not_run("no filter of system calls can be set here");
    }
    // SAFETY: there is no such descriptor, so this fails and touches no memory.
    let result = unsafe { libc::accept4(-1, std::ptr::null_mut(), std::ptr::null_mut(), 0) };
    let error = std::io::Error::last_os_error();
    assert_eq!(result, -1);
    // On 32-bit x86 the C library has a second way to make this call.
    assert!(error.raw_os_error() == Some(code) || cfg!(target_arch = "x86"));
    let start = Instant::now();
    let timeout = Duration::from_micros(1_500);
    poll.poll(&mut events, Some(timeout)).unwrap();
    assert!(start.elapsed() >= timeout && events.is_empty());

    poll.registry()
        .register(&mut listener, ONE, Interest::READABLE)
        .unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    let (accepted, _) = listener.accept().unwrap();
    let buffers = [IoSlice::new(b"ab"), IoSlice::new(b"c")];
    assert_eq!(client.write_vectored(&buffers).unwrap(), 3);
    assert_ne!(flags(accepted.as_raw_fd()) & libc::O_NONBLOCK, 0);
    // SAFETY: fcntl(2) with F_GETFD takes no argument and touches no memory.
    let own = unsafe { libc::fcntl(accepted.as_raw_fd(), libc::F_GETFD) };
    assert_eq!(own, libc::FD_CLOEXEC);

    let path = std::env::temp_dir().join(format!("mio-test-{}-refused-{code}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let _client = UnixStream::connect(&path).unwrap();
    let (accepted, _) = listener.accept().unwrap();
    assert_ne!(flags(accepted.as_raw_fd()) & libc::O_NONBLOCK, 0);
    std::fs::remove_file(&path).unwrap();
}

/// With `--cfg mio_unsupported_force_upstream_calls` no system call is made that mio 1.2 does not
/// make: a sandbox may end the process for any other.
#[cfg(target_arch = "x86_64")]
#[test]
fn upstream_calls_cfg_makes_no_newer_syscalls() {
    if support::FAKE_KERNEL {
        return support::not_run("a double makes calls of its own");
    }
    let status = Child::new(under_killing_filter).status();
    if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == NO_FILTER {
        support::not_run("no filter of system calls can be set here");
    } else if cfg!(mio_unsupported_force_upstream_calls) {
        assert_eq!(status, 0, "a call was made that is not allowed");
    } else {
        assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSYS);
    }
}

/// How a child ends that cannot set a filter.
#[cfg(target_arch = "x86_64")]
const NO_FILTER: i32 = 77;

#[cfg(target_arch = "x86_64")]
fn under_killing_filter() {
    let newer: [Call; 5] = [
        (441, None), // epoll_pwait2
        (libc::SYS_ppoll, None),
        (libc::SYS_sendmsg, None),
        (libc::SYS_madvise, Some(libc::MADV_WIPEONFORK as u32)),
        (libc::SYS_madvise, Some(u32::MAX)),
    ];
    if !install_filter(&newer, libc::SECCOMP_RET_KILL_PROCESS, 0) {
        // SAFETY: _exit(2) takes a number, and nothing of this process is used after it.
        unsafe { libc::_exit(NO_FILTER) };
    }
    let (mut poll, mut events) = new_poll();
    let waker = Waker::new(poll.registry(), TWO).unwrap();
    let timeout = Duration::from_micros(1_500);
    let start = Instant::now();
    poll.poll(&mut events, Some(timeout)).unwrap();
    assert!(start.elapsed() >= timeout);
    for _ in 0..3 {
        waker.wake().unwrap();
        waker.wake().unwrap();
        wait_for(&mut poll, &mut events, TWO, |event| event.is_readable());
    }
    let mut listener = TcpListener::bind(loopback()).unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    poll.registry()
        .register(&mut listener, ONE, Interest::READABLE)
        .unwrap();
    wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    let (accepted, _) = listener.accept().unwrap();
    let buffers = [std::io::IoSlice::new(b"a"), std::io::IoSlice::new(b"b")];
    retry(|| std::io::Write::write_vectored(&mut client, &buffers));
    assert_eq!(
        retry(|| match drain(&accepted) {
            data if data.is_empty() => Err(std::io::ErrorKind::WouldBlock.into()),
            data => Ok(data),
        }),
        b"ab"
    );
}

/// Once the queue's descriptor was handed out, others may wait on it, and no wake is merged with
/// one whose event they have taken. With upstream each wake is an event.
#[cfg(not(mio_unsupported_force_poll_poll))]
#[test]
fn each_wake_is_an_event_of_the_epoll_fd() {
    if support::FAKE_KERNEL {
        return support::not_run("a double's descriptor has no events of its own");
    }
    let (poll, _events) = new_poll();
    let waker = Waker::new(poll.registry(), TWO).unwrap();
    // Before and after.
    waker.wake().unwrap();
    let fd = poll.as_raw_fd();
    let clone = poll.registry().try_clone().unwrap();
    assert_eq!(clone.as_raw_fd(), fd);
    let counts: Vec<i32> = (0..3)
        .map(|_| {
            waker.wake().unwrap();
            let mut event = libc::epoll_event { events: 0, u64: 0 };
            // SAFETY: epoll_pwait(2) writes at most one event; with no signal set it reads no more.
            unsafe { libc::epoll_pwait(fd, &mut event, 1, 0, std::ptr::null()) }
        })
        .collect();
    assert_eq!(counts, [1, 1, 1]);
}

/// a signal that comes while a number is looked at is said, and makes nobody deaf. The kernel
/// looks for so short a time that no signal can be aimed at it; so here every look is answered as
/// if one had come. Where the kernel makes the edges (`support::EDGES`) there are no such looks.
#[cfg(all(
    target_arch = "x86_64",
    any(
        mio_unsupported_force_poll_poll,
        mio_fake_kernel = "solaris",
        mio_fake_kernel = "wasip1"
    ),
))]
#[test]
fn interrupted_probe_loses_no_event() {
    std::thread::spawn(|| {
        let (mut poll, mut events) = new_poll();
        let (left, right) = std::os::unix::net::UnixStream::pair().unwrap();
        left.set_nonblocking(true).unwrap();
        poll.registry()
            .register(&mut SourceFd(&left.as_raw_fd()), ONE, Interest::READABLE)
            .unwrap();
        // Ready before each wait, so often that a selector that is told levels only doubts it.
        for _ in 0..40 {
            support::send(&right, b"x");
            wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
            assert_eq!(drain(&left), b"x");
        }
        // poll(2) without time to wait.
        if !refuse_syscalls(&[(libc::SYS_poll, Some(0))], libc::EINTR) {
            return support::not_run("no filter of system calls can be set here");
        }
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            support::send(&right, b"x");
            std::thread::sleep(Duration::from_millis(50));
            right
        });
        let start = Instant::now();
        match poll.poll(&mut events, Some(support::LONG)) {
            Ok(()) => assert!(events.iter().any(|event| event.token() == ONE)),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::Interrupted),
        }
        assert!(start.elapsed() < support::LONG / 2);
        writer.join().unwrap();
    })
    .join()
    .unwrap();
}

/// How many connections may wait at a listener: what the kernel says of one.
fn backlog(listener: &impl AsRawFd) -> Option<u32> {
    // SAFETY: a C structure of integers, for which zeros are valid.
    let mut info: libc::tcp_info = unsafe { mem::zeroed() };
    let mut length = mem::size_of_val(&info) as libc::socklen_t;
    // SAFETY: getsockopt(2) writes at most `length` bytes to `info`, its size, and to `length` itself.
    let result = unsafe {
        libc::getsockopt(
            listener.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &mut length,
        )
    };
    // Of a listener this field is the length of its queue.
    (result == 0).then_some(info.tcpi_sacked)
}

/// as many connections may wait as with std's listeners.
#[test]
fn tcp_backlog_equals_std() {
    let theirs = std::net::TcpListener::bind(loopback()).unwrap();
    let ours = TcpListener::bind(loopback()).unwrap();
    match backlog(&theirs) {
        Some(theirs) => assert_eq!(backlog(&ours), Some(theirs)),
        None => support::not_run("this kernel does not tell a backlog"),
    }
}

/// what a Unix listener has no call tells, but it is more than this with both.
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

/// The processor time that this thread has taken.
fn thread_cpu_time() -> Duration {
    // Some systems have private fields in it.
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: clock_gettime(2) writes one `timespec`.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, time.as_mut_ptr()) };
    assert_eq!(result, 0);
    // SAFETY: the call succeeded, so that it has written all of it.
    let time = unsafe { time.assume_init() };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// What is wrong with a source, or was not served, keeps the poller awake for no longer than it takes to say so.
#[test]
fn unserved_sources_use_little_cpu() {
    // An owned source with data that nobody reads.
    let (mut unread, peer) = streams();
    support::send(&peer, b"x");
    check_idle_wait("unread data", |registry| {
        registry.register(&mut unread, ONE, BOTH).unwrap();
    });

    // Both halves are gone, and nobody drops it.
    let (mut gone, peer) = streams();
    drop(peer);
    gone.shutdown(Shutdown::Both).unwrap();
    check_idle_wait("both halves gone", |registry| {
        registry.register(&mut gone, ONE, BOTH).unwrap();
    });

    // A pipe whose other end is gone.
    let (mut sender, receiver) = pipe::new().unwrap();
    drop(receiver);
    check_idle_wait("no reader", |registry| {
        registry.register(&mut sender, ONE, BOTH).unwrap();
    });

    // An error that nobody asks for.
    let nobody = UdpSocket::bind(loopback()).unwrap().local_addr().unwrap();
    let mut refused = UdpSocket::bind(loopback()).unwrap();
    refused.connect(nobody).unwrap();
    refused.send(b"x").unwrap();
    check_idle_wait("a refused datagram", |registry| {
        registry
            .register(&mut refused, ONE, Interest::READABLE)
            .unwrap();
    });

    // a number that was closed meanwhile.
    let (left, _right) = std::os::unix::net::UnixStream::pair().unwrap();
    let number = left.as_raw_fd();
    let mut left = Some(left);
    check_idle_wait("a closed number", |registry| {
        registry
            .register(&mut SourceFd(&number), ONE, Interest::READABLE)
            .unwrap();
        left = None;
    });

    // a number that is ready and never served.
    let (left, right) = std::os::unix::net::UnixStream::pair().unwrap();
    support::send(&right, b"x");
    check_idle_wait("a number never served", |registry| {
        registry
            .register(&mut SourceFd(&left.as_raw_fd()), ONE, BOTH)
            .unwrap();
    });
}

/// Waits for a while, and sees that it was a wait.
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
    // What is to be said is said first.
    wait(&mut poll, &mut events, Duration::from_millis(100));
    let before = thread_cpu_time();
    wait(&mut poll, &mut events, Duration::from_millis(400));
    let busy = thread_cpu_time() - before;
    assert!(
        busy < Duration::from_millis(200),
        "{what}: busy for {busy:?}"
    );
    // And somebody else is still heard.
    waker.wake().unwrap();
    wait_for(&mut poll, &mut events, TWO, |event| event.is_readable());
}

/// a child process has duplicates of everything. Its end, whenever it comes, is not the parent's business.
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
    // SAFETY: the child only sleeps and ends, by calls that are safe in a process of several threads.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: it takes a number and touches no memory.
        unsafe { libc::usleep(300_000) };
        // SAFETY: it takes a number and does not return.
        unsafe { libc::_exit(0) };
    }
    assert!(child > 0);
    support::send(&server, b"x");
    wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
    assert_eq!(drain(&client), b"x");
    // While the child holds a duplicate.
    poll.registry().deregister(&mut client).unwrap();
    drop(client);
    support::send(&server, b"y");
    support::assert_no_event(&mut poll, &mut events, ONE);
    // A waker's object is open in the child, too, and is still in the queue: tests/fork.rs says
    // why. But none has woken it.
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
