//! The kernel has little memory for sockets.
//!
//! A cgroup limits the memory of TCP's buffers: `memory.kmem.tcp.limit_in_bytes` of
//! [cgroup v1](https://docs.kernel.org/admin-guide/cgroup-v1/memory.html). cgroup v2 has one limit
//! for all memory, at which the kernel may kill the process.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Events, Poll, Token};

use super::support::child_process::Child;
use super::support::{LONG, new_poll, not_run, poll_events, streams};
use super::{BOTH, Others};

const GROUPS: &str = "/sys/fs/cgroup/memory";
const LIMIT: &str = "memory.kmem.tcp.limit_in_bytes";

/// Less than one connection's buffers.
const BYTES: usize = 256 * 1024;
const PAIRS: usize = 10;

/// A cgroup with little memory for TCP. `Drop` removes it.
struct Group(PathBuf);

impl Group {
    fn new() -> Result<Group, String> {
        let folder = Path::new(GROUPS).join(format!("mio-test-{}", std::process::id()));
        let failed = |error| format!("no cgroup v1 can be created for memory: {error}");
        fs::create_dir(&folder).map_err(failed)?;
        let group = Group(folder);
        let limit = group.0.join(LIMIT);
        fs::write(&limit, BYTES.to_string())
            .map_err(|error| format!("{LIMIT} cannot be set: {error}"))?;
        Ok(group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The kernel may still count a buffer of a closed socket.
        let end = Instant::now() + LONG;
        while fs::remove_dir(&self.0).is_err() && Instant::now() < end {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

/// Writes to all until none takes more, without a reader. Returns the bytes of each.
fn fill_all(poll: &mut Poll, events: &mut Events, streams: &mut [TcpStream]) -> Vec<usize> {
    let mut counts = vec![0; streams.len()];
    let mut quiet = false;
    while !quiet {
        for (stream, count) in streams.iter_mut().zip(&mut counts) {
            loop {
                match stream.write(&[1; 16 * 1024]) {
                    Ok(written) => *count += written,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // The kernel has no buffer: send(2).
                    Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => break,
                    Err(error) if error.raw_os_error() == Some(libc::ENOMEM) => break,
                    Err(error) => panic!("write: {error}"),
                }
            }
        }
        poll_events(poll, events, std::time::Duration::from_millis(300));
        quiet = events.is_empty();
    }
    counts
}

/// Connections that share too little memory wait. When their peers read, every byte arrives, and
/// each writer gets its event.
#[test]
fn sockets_recover_from_a_memory_limit() {
    let group = match Group::new() {
        Ok(group) => group,
        Err(reason) => return not_run(reason),
    };
    let processes = group.0.join("cgroup.procs");
    Child::new(move || {
        // Sockets that are created from here on count.
        fs::write(&processes, std::process::id().to_string()).unwrap();
        let (mut poll, mut events) = new_poll();
        let mut writers = Vec::new();
        let mut readers = Vec::new();
        for token in 0..PAIRS {
            let (mut writer, reader) = streams();
            let registry = poll.registry();
            registry.register(&mut writer, Token(token), BOTH).unwrap();
            writers.push(writer);
            readers.push(reader);
        }
        let counts = fill_all(&mut poll, &mut events, &mut writers);
        let total: usize = counts.iter().sum();
        // Without the limit, each connection alone takes more: `tcp_wmem` and `tcp_rmem`.
        assert!(
            total < PAIRS * 1024 * 1024,
            "the limit has no effect: {total} bytes"
        );
        let mut left = counts;
        let end = Instant::now() + LONG;
        let mut buffer = vec![0; 64 * 1024];
        while left.iter().any(|left| *left > 0) {
            assert!(Instant::now() < end, "bytes are lost: {left:?}");
            for (reader, left) in readers.iter_mut().zip(&mut left) {
                match reader.read(&mut buffer) {
                    Ok(count) => *left -= count,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
                }
            }
        }
        let mut writable = [false; PAIRS];
        while writable.contains(&false) {
            assert!(Instant::now() < end, "no writable event: {writable:?}");
            poll_events(&mut poll, &mut events, LONG);
            for event in events.iter().filter(|event| event.is_writable()) {
                writable[event.token().0] = true;
            }
        }
        Others::register(&poll, 100).exchange(&mut poll, &mut events);
    })
    .join();
}
