//! A warm `Poll` does not allocate: neither `poll`, nor a wake, nor arming after `WouldBlock`, nor
//! `reregister`.
//!
//! Fake kernels allocate, so the test does not run on them.
#![cfg(all(
    feature = "os-poll",
    feature = "net",
    not(target_os = "wasi"),
    not(any(
        mio_fake_kernel = "solaris",
        mio_fake_kernel = "apple",
        mio_fake_kernel = "dragonfly",
        mio_fake_kernel = "freebsd",
        mio_fake_kernel = "netbsd",
        mio_fake_kernel = "openbsd"
    ))
))]
#![allow(unsafe_code)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Token, Waker};
use support::{loopback, new_poll, poll_events};

thread_local! {
    /// The number of allocations by this thread. The test runner has other threads.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that is exiting has no count.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

struct Counting;

// SAFETY: the system's allocator does everything; the counter does not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of this method, which is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const WAKE: Token = Token(100);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

#[test]
fn warm_poll_allocates_nothing() {
    let (mut poll, mut events) = new_poll();
    let listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    let mut pairs: Vec<(TcpStream, std::net::TcpStream)> = (0..8)
        .map(|_| {
            let peer = std::net::TcpStream::connect(address).unwrap();
            let (stream, _) = loop {
                match listener.accept() {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        std::thread::yield_now();
                    }
                    accepted => break accepted.unwrap(),
                }
            };
            (stream, peer)
        })
        .collect();
    for (token, (stream, _)) in pairs.iter_mut().enumerate() {
        poll.registry()
            .register(stream, Token(token), BOTH)
            .unwrap();
    }
    let waker = Waker::new(poll.registry(), WAKE).unwrap();

    let mut round = |round: usize| {
        waker.wake().unwrap();
        for (_, peer) in &mut pairs {
            peer.write_all(b"x").unwrap();
        }
        let interest = if round % 2 == 0 {
            BOTH
        } else {
            Interest::READABLE
        };
        let (stream, _) = &mut pairs[0];
        poll.registry()
            .reregister(stream, Token(0), interest)
            .unwrap();
        let (mut read, mut woken) = (0, false);
        while read < pairs.len() || !woken {
            poll_events(&mut poll, &mut events, Duration::from_secs(20));
            for event in &events {
                if event.token() == WAKE {
                    woken = true;
                    continue;
                }
                let (stream, _) = &mut pairs[event.token().0];
                let mut buffer = [0; 16];
                while let Ok(count) = stream.read(&mut buffer) {
                    read += count;
                }
            }
        }
    };
    for number in 0..20 {
        round(number);
    }
    let before = ALLOCATIONS.get();
    for number in 0..100 {
        round(number);
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
}
