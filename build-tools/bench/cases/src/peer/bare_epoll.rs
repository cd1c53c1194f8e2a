//! epoll(7) without a library: an event buffer, and one system call for each operation.

use std::ffi::c_int;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use crate::peer::bare_socket::{self, bare_sockets, set_event};
use crate::peer::{Interest, Peer, Watch, eventfd, loopback, must};

/// An epoll descriptor.
pub struct Bare(Arc<OwnedFd>);

fn control(selector: &OwnedFd, operation: c_int, fd: c_int, token: usize, interest: Interest) {
    let flags = match interest {
        Interest::Read => libc::EPOLLIN | libc::EPOLLRDHUP,
        Interest::Write => libc::EPOLLOUT,
    };
    let mut event = libc::epoll_event {
        events: (flags | libc::EPOLLET) as u32,
        u64: token as u64,
    };
    // SAFETY: epoll_ctl(2) reads one event.
    let result = unsafe { libc::epoll_ctl(selector.as_raw_fd(), operation, fd, &raw mut event) };
    if result < 0 {
        panic!("{}", io::Error::last_os_error());
    }
}

impl Watch<OwnedFd> for Arc<OwnedFd> {
    #[inline(always)]
    fn add(&self, source: &mut OwnedFd, token: usize, interest: Interest) {
        control(
            self,
            libc::EPOLL_CTL_ADD,
            source.as_raw_fd(),
            token,
            interest,
        );
    }

    #[inline(always)]
    fn change(&self, source: &mut OwnedFd, token: usize, interest: Interest) {
        control(
            self,
            libc::EPOLL_CTL_MOD,
            source.as_raw_fd(),
            token,
            interest,
        );
    }

    #[inline(always)]
    fn remove(&self, source: &mut OwnedFd) {
        control(
            self,
            libc::EPOLL_CTL_DEL,
            source.as_raw_fd(),
            0,
            Interest::Read,
        );
    }
}

impl Peer for Bare {
    const NAME: &'static str = "bare";
    type Events = Vec<libc::epoll_event>;
    type Registry = Arc<OwnedFd>;
    type Waker = OwnedFd;
    type Source = OwnedFd;
    type Stream = OwnedFd;
    type Listener = OwnedFd;
    type Udp = OwnedFd;

    fn new() -> Bare {
        // SAFETY: epoll_create1(2) takes an integer.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        assert!(fd >= 0, "{}", io::Error::last_os_error());
        // SAFETY: the call succeeded, so the fd is open and has no other owner.
        Bare(Arc::new(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    fn events(capacity: usize) -> Vec<libc::epoll_event> {
        Vec::with_capacity(capacity)
    }

    #[inline(always)]
    fn poll(&mut self, events: &mut Vec<libc::epoll_event>, timeout: Option<Duration>) {
        let capacity = events.capacity() as c_int;
        let (epfd, to) = (self.0.as_raw_fd(), events.as_mut_ptr());
        let result = match timeout {
            // As a careful program does: nanoseconds only if milliseconds are too coarse.
            Some(timeout) if timeout.subsec_nanos() % 1_000_000 != 0 => {
                let timeout = libc::timespec {
                    tv_sec: timeout.as_secs() as _,
                    tv_nsec: timeout.subsec_nanos() as _,
                };
                // SAFETY: epoll_pwait2(2) writes at most `capacity` events, and reads the timeout.
                unsafe {
                    libc::syscall(
                        libc::SYS_epoll_pwait2,
                        epfd,
                        to,
                        capacity,
                        &raw const timeout,
                        ptr::null::<libc::sigset_t>(),
                        0,
                    ) as c_int
                }
            }
            _ => {
                let millis = timeout.map_or(-1, |timeout| timeout.as_millis() as c_int);
                // SAFETY: epoll_wait(2) writes at most `capacity` events.
                unsafe { libc::epoll_wait(epfd, to, capacity, millis) }
            }
        };
        match usize::try_from(result) {
            // SAFETY: the call has written `count` events from the start, at most `capacity`.
            Ok(count) => unsafe { events.set_len(count) },
            Err(_) => {
                events.clear();
                let error = io::Error::last_os_error();
                assert_eq!(error.kind(), io::ErrorKind::Interrupted, "{error}");
            }
        }
    }

    #[inline(always)]
    fn visit(events: &Vec<libc::epoll_event>, mut see: impl FnMut(usize, bool, bool)) {
        for event in events {
            see(
                event.u64 as usize,
                event.events & (libc::EPOLLIN | libc::EPOLLPRI) as u32 != 0,
                event.events & libc::EPOLLOUT as u32 != 0,
            );
        }
    }

    fn registry(&self) -> &Arc<OwnedFd> {
        &self.0
    }

    fn another_registry(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.0)
    }

    fn waker(&self, token: usize) -> OwnedFd {
        let mut counter = eventfd();
        self.0.add(&mut counter, token, Interest::Read);
        counter
    }

    #[inline(always)]
    fn wake(waker: &OwnedFd) {
        set_event(waker.as_raw_fd());
    }

    bare_sockets!();
}
