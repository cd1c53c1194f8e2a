//! System calls on Linux: calls that a sandbox refuses, backlogs, and the cost of waiting.
#![cfg(all(
    target_os = "linux",
    feature = "os-poll",
    feature = "net",
    feature = "os-ext"
))]
#![allow(unsafe_code)]

mod support;
#[path = "linux_syscalls/waiting.rs"]
mod waiting;

use std::io::{IoSlice, Write};
use std::mem;
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

/// A system call to refuse: its number, and the value of its third argument if that matters.
type Call = (libc::c_long, Option<u32>);

/// Refuses system calls of this thread from now on. `false` if no filter can be installed.
fn refuse_syscalls(calls: &[Call], code: i32) -> bool {
    install_filter(calls, libc::SECCOMP_RET_ERRNO, code)
}

/// Installs a seccomp(2) filter that replaces system calls of this thread by `action`. `false` if
/// none can be installed.
fn install_filter(calls: &[Call], action: u32, code: i32) -> bool {
    // `struct seccomp_data`: the number of the call, the architecture, an address, and six
    // arguments of 64 bits each: <https://man7.org/linux/man-pages/man2/seccomp.2.html>.
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
            // The lower half of the argument, on little-endian machines.
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
    // SAFETY: prctl(2) with this option takes integers only.
    let private = unsafe {
        libc::prctl(
            libc::PR_SET_NO_NEW_PRIVS,
            1 as libc::c_ulong,
            none,
            none,
            none,
        )
    };
    // SAFETY: prctl(2) with this option reads the program and its statements, which live until it
    // returns.
    let filtered = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::c_ulong::from(libc::SECCOMP_MODE_FILTER),
            &raw const program,
        )
    };
    private == 0 && filtered == 0
}

/// The `O_` flags of an fd.
fn flags(fd: RawFd) -> i32 {
    // SAFETY: fcntl(2) with F_GETFL takes no argument and touches no memory.
    unsafe { libc::fcntl(fd, libc::F_GETFL) }
}

/// Where a sandbox or an old kernel refuses accept4(2) and waits in nanoseconds, the library uses
/// older calls, whatever error the filter chooses.
#[test]
fn refused_syscalls_have_substitutes() {
    if support::FAKE_KERNEL {
        return support::not_run("a child may inherit a lock of the fake kernel");
    }
    Child::new(|| under_refusal(libc::ENOSYS)).join();
}

/// The same with other errors that a sandbox may choose. On machines without accept(2) the C
/// library implements it by accept4(2), and has a substitute after ENOSYS only.
#[cfg(not(any(target_arch = "x86", target_arch = "s390x")))]
#[test]
fn sandboxed_syscalls_have_substitutes() {
    if support::FAKE_KERNEL {
        return support::not_run("a fake kernel makes system calls of its own");
    }
    for code in [
        libc::EACCES,
        libc::EBADF,
        libc::ECONNABORTED,
        libc::EFAULT,
        libc::EINTR,
        libc::EINVAL,
        libc::ENOTSOCK,
        libc::EPERM,
        libc::EPIPE,
    ] {
        println!("error {code}");
        // A child process each, because the library remembers a refused call.
        Child::new(|| under_refusal(code)).join();
    }
}

fn under_refusal(code: i32) {
    let (mut poll, mut events) = new_poll();
    let mut listener = TcpListener::bind(loopback()).unwrap();
    // The second is epoll_pwait2.
    let mut calls: Vec<Call> = vec![(libc::SYS_accept4, None), (441, None)];
    // On some machines the C library implements poll(2) by ppoll(2).
    #[cfg(target_arch = "x86_64")]
    calls.extend([(libc::SYS_ppoll, None), (libc::SYS_sendmsg, None)]);
    if !refuse_syscalls(&calls, code) {
        return support::not_run("no filter of system calls can be installed");
    }
    // SAFETY: the fd is invalid, so the call fails and touches no memory.
    let result = unsafe { libc::accept4(-1, std::ptr::null_mut(), std::ptr::null_mut(), 0) };
    let error = std::io::Error::last_os_error();
    assert_eq!(result, -1);
    // On 32-bit x86 the C library has a substitute for this call.
    assert!(error.raw_os_error() == Some(code) || cfg!(target_arch = "x86"));
    for _ in 0..2 {
        let start = Instant::now();
        let timeout = Duration::from_micros(1_500);
        poll.poll(&mut events, Some(timeout)).unwrap();
        assert!(start.elapsed() >= timeout && events.is_empty());
    }

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

/// With `--cfg mio_unsupported_force_upstream_calls` the library makes no system call that mio 1.2
/// does not make: a sandbox may kill the process for any other.
#[cfg(target_arch = "x86_64")]
#[test]
fn upstream_calls_cfg_makes_no_newer_syscalls() {
    if support::FAKE_KERNEL {
        return support::not_run("a fake kernel makes system calls of its own");
    }
    let status = Child::new(under_killing_filter).status();
    if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == NO_FILTER {
        support::not_run("no filter of system calls can be installed");
    } else if cfg!(mio_unsupported_force_upstream_calls) {
        assert_eq!(status, 0, "a call was made that is not allowed");
    } else {
        assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSYS);
    }
}

/// The exit status of a child that cannot install a filter.
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
        // SAFETY: _exit(2) takes an integer and does not return.
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

/// Once the caller has the epoll fd, it may wait on it. Then each wake is an event, as with mio
/// 1.2: the library no longer merges a wake with a pending one.
#[cfg(not(any(mio_unsupported_force_poll_poll, mio_fake_kernel = "wasip1")))]
#[test]
fn each_wake_is_an_event_of_the_epoll_fd() {
    if support::FAKE_KERNEL {
        return support::not_run("the fd of a fake kernel has no events");
    }
    let (poll, _events) = new_poll();
    let waker = Waker::new(poll.registry(), TWO).unwrap();
    // A wake before the fd is handed out, too.
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

/// A signal during a zero-timeout probe is reported, and no event is lost. A probe is too short to
/// aim a signal at, so a filter lets every probe fail with EINTR. Where the kernel makes the edges
/// (`support::EDGES`) there are no probes.
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
        // So many reports without an observed not-ready state that the selector probes the source.
        for _ in 0..40 {
            support::send(&right, b"x");
            wait_for(&mut poll, &mut events, ONE, |event| event.is_readable());
            assert_eq!(drain(&left), b"x");
        }
        // poll(2) with a timeout of zero.
        if !refuse_syscalls(&[(libc::SYS_poll, Some(0))], libc::EINTR) {
            return support::not_run("no filter of system calls can be installed");
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
