//! A listener that runs out of file descriptors: random sequences of connections and of accepting
//! with a spare socket. One test, because the limit is that of the whole process.
//!
//! - Accepting ends at `WouldBlock`, after every connection that waited: as a stream if there was a
//!   descriptor, else as a connection that was shed.
//! - A connection that arrives after that is an event.
#![cfg(unix)] // Windows has no limit that a process can set for itself.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::mem;
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use mio::net::{Accepted, SpareSocket, TcpListener};
use mio::{Events, Interest, Poll, Token};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

#[derive(Clone, Copy, Debug)]
enum Op {
    /// Makes a connection, unless no descriptor is left for it.
    Connect,
    /// Uses up all file descriptors.
    Exhaust,
    /// Frees them.
    Free,
    /// Waits for the event of the listener if it is owed, else polls once.
    Poll,
    /// Accepts until an error.
    Accept,
    /// Closes what was accepted.
    Close,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        4 => Just(Op::Connect),
        1 => Just(Op::Exhaust),
        1 => Just(Op::Free),
        2 => Just(Op::Poll),
        3 => Just(Op::Accept),
        1 => Just(Op::Close),
    ];
    vec(op, 1..40)
}

/// The limit of open files that the test sets.
const LIMIT: libc::rlim_t = 96;

fn set_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: getrlimit(2) writes one structure, for which there is room.
    let result = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
    limit.rlim_cur = LIMIT;
    // SAFETY: setrlimit(2) reads one structure.
    let result = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

struct World {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    spare: SpareSocket,
    waiting: usize,
    clients: Vec<TcpStream>,
    accepted: Vec<mio::net::TcpStream>,
    files: Vec<File>,
    /// Whether accepting has ended at `WouldBlock` since the last event.
    is_armed: bool,
    is_owed: bool,
    sheds: usize,
}

impl World {
    fn new() -> io::Result<World> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0).into())?;
        poll.registry()
            .register(&mut listener, Token(7), Interest::READABLE)?;
        Ok(World {
            poll,
            events: Events::with_capacity(4),
            listener,
            spare: SpareSocket::new()?,
            waiting: 0,
            clients: Vec::new(),
            accepted: Vec::new(),
            files: Vec::new(),
            is_armed: true,
            is_owed: false,
            sheds: 0,
        })
    }

    fn run(&mut self, op: Op) -> Result<(), String> {
        match op {
            Op::Connect if self.files.is_empty() && self.clients.len() < 24 => {
                let address = self.listener.local_addr().map_err(|e| e.to_string())?;
                self.clients
                    .push(TcpStream::connect(address).map_err(|e| format!("model: {e}"))?);
                self.waiting += 1;
                self.is_owed |= mem::take(&mut self.is_armed);
            }
            Op::Connect => {}
            Op::Exhaust => {
                while let Ok(file) = File::open("/dev/null") {
                    self.files.push(file);
                }
            }
            Op::Free => self.files.clear(),
            Op::Poll => {
                let patience = Duration::from_secs(if self.is_owed { 5 } else { 0 });
                let deadline = Instant::now() + patience;
                self.poll
                    .poll_until(&mut self.events, Some(deadline))
                    .map_err(|error| format!("poll_until: {error}"))?;
                if mem::take(&mut self.is_owed) && self.events.is_empty() {
                    return Err("the listener was owed an event, and got none".into());
                }
            }
            Op::Accept => self.accept()?,
            // Otherwise there would be descriptors.
            Op::Close if self.files.is_empty() => self.accepted.clear(),
            Op::Close => {}
        }
        Ok(())
    }

    fn accept(&mut self) -> Result<(), String> {
        let end = Instant::now() + Duration::from_secs(5);
        let is_exhausted = !self.files.is_empty();
        loop {
            match self.listener.accept_or_shed(&mut self.spare) {
                Ok(accepted) => {
                    match accepted {
                        Accepted::Stream(..) if is_exhausted => {
                            return Err("a stream without a descriptor".into());
                        }
                        Accepted::Shed(peer) if !is_exhausted => {
                            return Err(format!("{peer} was shed, and there are descriptors"));
                        }
                        Accepted::Stream(stream, _) => self.accepted.push(stream),
                        Accepted::Shed(_) => self.sheds += 1,
                    }
                    let left = self.waiting.checked_sub(1);
                    self.waiting = left.ok_or("a connection that was not made")?;
                }
                // The kernel may hand a connection over a moment after `connect` has returned.
                Err(error) if error.kind() == ErrorKind::WouldBlock && self.waiting != 0 => {
                    if Instant::now() > end {
                        return Err(format!("{} connections are lost", self.waiting));
                    }
                    std::thread::yield_now();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(format!("accept_or_shed: {error}")),
            }
        }
        if !self.spare.is_open() {
            return Err("the spare socket is lost".into());
        }
        (self.is_armed, self.is_owed) = (true, false);
        Ok(())
    }
}

#[test]
fn listener_without_descriptors_never_falls_silent() {
    set_limit();
    let cases = std::env::var("MIO_PROPERTIES_CASES").ok();
    let config = Config {
        cases: cases.map_or(200, |text| text.parse().expect("a number")),
        failure_persistence: None,
        ..Config::default()
    };
    let sheds = Cell::new(0);
    let result = TestRunner::new(config).run(&ops(), |ops| {
        let mut world = World::new().map_err(|error| TestCaseError::fail(error.to_string()))?;
        let end = [Op::Free, Op::Accept, Op::Connect, Op::Poll, Op::Accept];
        for op in ops.into_iter().chain(end) {
            world.run(op).map_err(TestCaseError::fail)?;
        }
        sheds.set(sheds.get() + world.sheds);
        Ok(())
    });
    println!("{} connections were shed", sheds.get());
    result.unwrap();
    assert_ne!(sheds.get(), 0, "nothing was tested");
}
