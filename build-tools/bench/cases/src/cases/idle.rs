//! Connections that idle: what a blocked poll costs while nothing happens.

use std::fs;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::peer::{Interest, Peer, Watch};

/// The most connections.
pub const CONNECTIONS: usize = 10_000;

/// What the polling thread did while nothing happened.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// The nanoseconds in which it ran, if the kernel counts them.
    pub nanos: Option<u64>,
    /// How often it began to run. A system call, a timer or an event needs at least one.
    pub runs: Option<u64>,
    /// The threads of the process, that one and the main thread among them.
    pub threads: usize,
}

/// The scheduler's counts of a thread: the nanoseconds in which it ran, and how often it began to.
/// See <https://docs.kernel.org/scheduler/sched-stats.html>. A kernel may be built without.
fn schedule(thread: &Path) -> Option<(u64, u64)> {
    let text = fs::read_to_string(thread.join("schedstat")).ok()?;
    let mut fields = text.split_whitespace().map(str::parse::<u64>);
    let nanos = fields.next()?.ok()?;
    let runs = fields.nth(1)?.ok()?;
    Some((nanos, runs))
}

/// Registers this number of connections that never receive anything (both ends of pairs), blocks in
/// a poll of them in another thread, and observes that thread between the calls of `mark`.
pub fn observe<P: Peer>(
    connections: usize,
    time: Duration,
    mut mark: impl FnMut(&str),
) -> io::Result<Idle> {
    let mut selector = P::new();
    let waker = selector.waker(usize::MAX - 1);
    let mut kept = Vec::with_capacity(connections);
    for pair in 0..connections / 2 {
        let (one, other) = UnixStream::pair()?;
        for (end, token) in [(one, 2 * pair), (other, 2 * pair + 1)] {
            end.set_nonblocking(true)?;
            let mut source = P::source(end.into());
            selector.registry().add(&mut source, token, Interest::Read);
            kept.push(source);
        }
    }
    let (sender, receiver) = mpsc::channel();
    let poller = thread::spawn(move || {
        let mut events = P::events(1024);
        // "PID/task/TID"
        let itself = fs::read_link("/proc/thread-self");
        let _ = sender.send(itself);
        let mut is_over = false;
        while !is_over {
            selector.poll(&mut events, None);
            P::visit(&events, |_, _, _| is_over = true);
            // The wake of `polling` is no event, so any return ends its loop.
            is_over |= P::NAME == "polling";
        }
        selector
    });
    let itself: PathBuf = receiver.recv().map_err(io::Error::other)??;
    let itself = Path::new("/proc").join(itself);
    // By now the poll blocks.
    thread::sleep(Duration::from_millis(300));
    let before = schedule(&itself);
    mark("begin");
    thread::sleep(time);
    mark("end");
    let after = schedule(&itself);
    let threads = fs::read_dir("/proc/self/task")?.count();
    P::wake(&waker);
    let selector = poller.join();
    drop((kept, selector));
    let used = before
        .zip(after)
        .map(|(before, after)| (after.0 - before.0, after.1 - before.1));
    Ok(Idle {
        nanos: used.map(|used| used.0),
        runs: used.map(|used| used.1),
        threads,
    })
}
