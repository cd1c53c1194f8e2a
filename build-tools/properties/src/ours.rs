//! `world` on the library.

use mio as subject;

/// The interest, with the modes of `bits`.
pub(crate) fn with_modes(interest: mio::Interest, bits: u8) -> mio::Interest {
    let mut all = interest;
    if bits & crate::op::LEVEL != 0 {
        all |= mio::Interest::LEVEL;
    }
    if bits & crate::op::ONESHOT != 0 {
        all |= mio::Interest::ONESHOT;
    }
    all
}

#[path = "world/mod.rs"]
pub(crate) mod world;

use std::io;
use std::time::{Duration, Instant};

/// `Poll::poll_until`.
fn poll_until(poll: &mut mio::Poll, events: &mut mio::Events, timeout: Duration) -> io::Result<()> {
    poll.poll_until(events, Some(Instant::now() + timeout))
}

/// `finish_connect`.
fn finish_connect(stream: &mio::net::TcpStream) -> io::Result<bool> {
    stream.finish_connect()
}
