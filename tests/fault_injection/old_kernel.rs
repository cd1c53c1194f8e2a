//! Situations on a kernel that lacks the newer calls.

use std::time::{Duration, Instant};

use mio::Token;

use crate::run::Run;
use crate::situations::{BOTH, WAKER, connection};

/// Timeouts in nanoseconds, where the kernel has no call for them.
pub(crate) fn old_kernel_timeouts(run: &mut Run) {
    run.new_poll();
    let waker = run.new_waker(WAKER);
    let start = Instant::now();
    run.poll(Some(Duration::from_micros(1_500)));
    assert!(start.elapsed() >= Duration::from_micros(1_500) || run.case.is_some());
    run.wake(&waker);
    run.poll(Some(Duration::from_micros(1_500)));
    run.expect_readable(WAKER);
}

/// Accepted sockets, where the kernel has no accept4(2).
pub(crate) fn old_kernel_accepts(run: &mut Run) {
    run.new_poll();
    let (_listener, client, mut server) = connection(run, Token(0));
    run.register(&mut server, Token(1), BOTH);
    run.expect_writable(Token(1));
    drop(client);
    run.expect_readable(Token(1));
}
