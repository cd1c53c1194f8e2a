//! Exhaustion: descriptors, backlogs, buffers, the kernel's memory, peers that are gone or slow.
//! The source at the limit fails with the system's error or waits; the others go on; after the
//! limit is lifted, all work.
//!
//! ENFILE, the limit of the whole system, is not caused here, because it would stop every other
//! process. `fault_injection.rs` makes each call fail with it. A failed allocation in Rust's heap
//! ends the process ([`handle_alloc_error`][alloc]), so there is nothing to recover from.
//!
//! [alloc]: https://doc.rust-lang.org/alloc/alloc/fn.handle_alloc_error.html
#![cfg(all(feature = "os-poll", feature = "net", any(unix, windows)))]

#[cfg(unix)]
#[path = "exhaustion/backlogs.rs"]
mod backlogs;
#[path = "exhaustion/buffers.rs"]
mod buffers;
#[cfg(target_os = "linux")]
#[path = "exhaustion/descriptors.rs"]
mod descriptors;
#[cfg(target_os = "linux")]
#[path = "exhaustion/memory.rs"]
mod memory;
#[path = "exhaustion/peers.rs"]
mod peers;
mod support;

use std::io::{ErrorKind, Read, Write};
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use support::{LONG, poll_events, streams};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Two connected streams of a `Poll`, with which the tests show that other sources go on.
struct Others {
    ends: [TcpStream; 2],
    tokens: [Token; 2],
}

impl Others {
    fn register(poll: &Poll, first: usize) -> Others {
        let (mut client, mut server) = streams();
        let tokens = [Token(first), Token(first + 1)];
        let registry = poll.registry();
        registry.register(&mut client, tokens[0], BOTH).unwrap();
        registry.register(&mut server, tokens[1], BOTH).unwrap();
        Others {
            ends: [client, server],
            tokens,
        }
    }

    /// Sends a byte to and fro, each time after an event. Returns the events of other tokens.
    fn exchange(&mut self, poll: &mut Poll, events: &mut Events) -> Vec<Token> {
        let mut others = Vec::new();
        for (from, to) in [(0, 1), (1, 0)] {
            let written = self.ends[from].write(b"x").unwrap();
            assert_eq!(written, 1);
            let end = Instant::now() + LONG;
            loop {
                let mut has_come = false;
                while !has_come {
                    assert!(Instant::now() < end, "no event of {:?}", self.tokens[to]);
                    poll_events(poll, events, LONG);
                    for event in events.iter() {
                        has_come |= event.token() == self.tokens[to] && event.is_readable();
                        if !self.tokens.contains(&event.token()) {
                            others.push(event.token());
                        }
                    }
                }
                match self.ends[to].read(&mut [0; 8]) {
                    Ok(count) => {
                        assert_eq!(count, 1);
                        break;
                    }
                    // The event was one of the last exchange.
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
                }
            }
            // Leaves both armed for the next exchange.
            let left = self.ends[to].read(&mut [0; 8]);
            assert_eq!(left.unwrap_err().kind(), ErrorKind::WouldBlock);
        }
        others
    }
}
