//! poll(2) without a library: an array for one thread, scanned after every call.

use std::ffi::{c_int, c_short};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::peer::bare_socket::{self, bare_sockets, set_event};
use crate::peer::{Interest, Peer, Watch, eventfd, loopback, must};

/// The array, and the index of each fd.
#[derive(Default)]
pub struct Set {
    array: Vec<libc::pollfd>,
    tokens: Vec<usize>,
    slots: Vec<usize>,
    /// The waker's fd, which is drained when it is readable.
    drained: c_int,
}

/// An array for poll(2).
pub struct Bare(Arc<Mutex<Set>>);

fn bits(interest: Interest) -> c_short {
    match interest {
        Interest::Read => libc::POLLIN | libc::POLLRDHUP,
        Interest::Write => libc::POLLOUT,
    }
}

impl Watch<OwnedFd> for Arc<Mutex<Set>> {
    #[inline(always)]
    fn add(&self, source: &mut OwnedFd, token: usize, interest: Interest) {
        let mut set = self.lock().unwrap_or_else(PoisonError::into_inner);
        let fd = source.as_raw_fd();
        let (index, slot) = (fd as usize, set.array.len());
        if set.slots.len() <= index {
            set.slots.resize(index + 1, 0);
        }
        set.slots[index] = slot;
        set.tokens.push(token);
        set.array.push(libc::pollfd {
            fd,
            events: bits(interest),
            revents: 0,
        });
    }

    #[inline(always)]
    fn change(&self, source: &mut OwnedFd, token: usize, interest: Interest) {
        let mut set = self.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = set.slots[source.as_raw_fd() as usize];
        set.array[slot].events = bits(interest);
        set.tokens[slot] = token;
    }

    #[inline(always)]
    fn remove(&self, source: &mut OwnedFd) {
        let mut set = self.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = set.slots[source.as_raw_fd() as usize];
        set.array.swap_remove(slot);
        set.tokens.swap_remove(slot);
        if let Some(moved) = set.array.get(slot) {
            let index = moved.fd as usize;
            set.slots[index] = slot;
        }
    }
}

impl Peer for Bare {
    const NAME: &'static str = "bare";
    type Events = Vec<(usize, c_short)>;
    type Registry = Arc<Mutex<Set>>;
    type Waker = OwnedFd;
    type Source = OwnedFd;
    type Stream = OwnedFd;
    type Listener = OwnedFd;
    type Udp = OwnedFd;

    fn new() -> Bare {
        Bare(Arc::new(Mutex::new(Set {
            drained: -1,
            ..Set::default()
        })))
    }

    fn events(capacity: usize) -> Vec<(usize, c_short)> {
        Vec::with_capacity(capacity)
    }

    #[inline(always)]
    fn poll(&mut self, events: &mut Vec<(usize, c_short)>, timeout: Option<Duration>) {
        events.clear();
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let timeout = timeout.map(|timeout| libc::timespec {
            tv_sec: timeout.as_secs() as _,
            tv_nsec: timeout.subsec_nanos() as _,
        });
        let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
        let length = set.array.len() as libc::nfds_t;
        // SAFETY: ppoll(2) reads and writes the entries of the array, and reads the timeout.
        let result = unsafe { libc::ppoll(set.array.as_mut_ptr(), length, timeout, ptr::null()) };
        let Ok(mut left) = usize::try_from(result) else {
            let error = io::Error::last_os_error();
            assert_eq!(error.kind(), io::ErrorKind::Interrupted, "{error}");
            return;
        };
        for (entry, token) in set.array.iter().zip(&set.tokens) {
            if left == 0 {
                break;
            }
            if entry.revents != 0 {
                left -= 1;
                events.push((*token, entry.revents));
                if entry.fd == set.drained {
                    let mut count = [0_u8; 8];
                    // SAFETY: read(2) writes at most 8 bytes.
                    unsafe { libc::read(entry.fd, count.as_mut_ptr().cast(), 8) };
                }
            }
        }
    }

    #[inline(always)]
    fn visit(events: &Vec<(usize, c_short)>, mut see: impl FnMut(usize, bool, bool)) {
        for (token, bits) in events {
            let readable = bits & (libc::POLLIN | libc::POLLPRI) != 0;
            see(*token, readable, bits & libc::POLLOUT != 0);
        }
    }

    fn registry(&self) -> &Arc<Mutex<Set>> {
        &self.0
    }

    fn another_registry(&self) -> Arc<Mutex<Set>> {
        Arc::clone(&self.0)
    }

    fn waker(&self, token: usize) -> OwnedFd {
        let mut counter = eventfd();
        self.0.add(&mut counter, token, Interest::Read);
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        set.drained = counter.as_raw_fd();
        counter
    }

    #[inline(always)]
    fn wake(waker: &OwnedFd) {
        set_event(waker.as_raw_fd());
    }

    bare_sockets!();
}
