//! Threads that register sources through a clone of a `Registry` while the loop polls.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::net::{TcpListener, UdpSocket};
use mio::{Interest, Registry, Waker};

use crate::event_loop::SEEN_BITS;
use crate::shared::{BOUND, Id, Kind, Latency, Phase, RegistrarState, Shared};

const READABLE: u64 = 1;
const WRITABLE: u64 = 2;

/// One source after the other: registers it, waits for its events, and ends it.
pub(crate) struct Registrar<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) thread: usize,
    pub(crate) registry: Registry,
    pub(crate) rng: fastrand::Rng,
}

impl Registrar<'_> {
    pub(crate) fn run(mut self) {
        let shared = self.shared;
        let state = &shared.registrars[self.thread];
        let _ = state.thread.set(thread::current());
        let mut number = 0;
        loop {
            match shared.phase() {
                Phase::Work => {}
                Phase::Drain => {
                    state.is_idle.store(true, Ordering::Release);
                    thread::sleep(Duration::from_millis(5));
                    continue;
                }
                Phase::Stop => return,
            }
            state.is_idle.store(false, Ordering::Release);
            number += 1;
            let id = Id::new(Kind::Registrar, self.thread, number);
            let done = match self.rng.u32(0..4) {
                0 => self.listener(id),
                1 => self.waker(id),
                2 => self.pipe(id),
                _ => self.socket(id),
            };
            if let Err(error) = done {
                return shared.fault(format_args!("{id}: {error}"));
            }
            // From now on no poll that begins may report it.
            state.gone.store(u64::from(number), Ordering::Release);
            thread::sleep(Duration::from_micros(self.rng.u64(0..10_000)));
        }
    }

    fn state(&self) -> &RegistrarState {
        &self.shared.registrars[self.thread]
    }

    /// Expects events from here on.
    fn expect(&self, id: Id) -> &AtomicU64 {
        let seen = &self.state().seen;
        let number = u64::from(id.generation);
        seen.store(number << SEEN_BITS, Ordering::Release);
        self.shared.operation(Kind::Registrar);
        seen
    }

    /// Waits for events with all bits of `wanted`.
    fn wait(&self, wanted: u64, what: &str) -> io::Result<()> {
        let start = Instant::now();
        let seen = &self.state().seen;
        while seen.load(Ordering::Acquire) & wanted != wanted {
            if start.elapsed() > BOUND {
                let seen = seen.load(Ordering::Acquire) & (READABLE | WRITABLE);
                let wanted = format!("bits {wanted:#b} wanted, {seen:#b} seen");
                return Err(io::Error::other(format!(
                    "no event within {BOUND:?} {what}: {wanted}"
                )));
            }
            if self.shared.phase() == Phase::Stop {
                return Ok(());
            }
            thread::park_timeout(Duration::from_millis(500));
        }
        self.shared.timed(Latency::Register, start);
        Ok(())
    }

    fn register(&self, source: &mut impl Source, id: Id, interest: Interest) -> io::Result<()> {
        self.expect(id);
        self.registry.register(source, id.token(), interest)
    }

    /// Deregisters a source, or leaves that to its drop.
    fn end(&mut self, source: &mut impl Source) -> io::Result<()> {
        if self.rng.bool() {
            self.registry.deregister(source)?;
        }
        Ok(())
    }

    fn socket(&mut self, id: Id) -> io::Result<()> {
        let mut socket = UdpSocket::bind(loopback())?;
        self.register(&mut socket, id, Interest::WRITABLE)?;
        self.wait(WRITABLE, "after register")?;
        self.expect(id);
        let both = Interest::READABLE | Interest::WRITABLE;
        self.registry.reregister(&mut socket, id.token(), both)?;
        self.wait(WRITABLE, "after reregister")?;
        self.expect(id);
        socket.send_to(b"x", socket.local_addr()?)?;
        self.wait(READABLE, "after a datagram")?;
        if self.rng.bool() {
            self.registry.deregister(&mut socket)?;
            self.register(&mut socket, id, both)?;
            self.wait(READABLE | WRITABLE, "after deregister and register")?;
        }
        self.end(&mut socket)
    }

    fn listener(&mut self, id: Id) -> io::Result<()> {
        let mut listener = TcpListener::bind(loopback())?;
        self.register(&mut listener, id, Interest::READABLE)?;
        let client = std::net::TcpStream::connect(listener.local_addr()?)?;
        self.wait(READABLE, "after a connection")?;
        // A reset leaves no port in TIME-WAIT.
        socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO))?;
        drop(client);
        drop(listener.accept());
        self.end(&mut listener)
    }

    fn waker(&mut self, id: Id) -> io::Result<()> {
        self.expect(id);
        let waker = Waker::new(&self.registry, id.token())?;
        waker.wake()?;
        self.wait(READABLE, "after a wake")
    }

    #[cfg(unix)]
    fn pipe(&mut self, id: Id) -> io::Result<()> {
        let (mut sender, mut receiver) = mio::unix::pipe::new()?;
        self.register(&mut receiver, id, Interest::READABLE)?;
        sender.write_all(b"x")?;
        self.wait(READABLE, "after a byte")?;
        if self.rng.bool() {
            drop(sender);
            return self.end(&mut receiver);
        }
        self.end(&mut receiver)
    }

    #[cfg(windows)]
    fn pipe(&mut self, id: Id) -> io::Result<()> {
        let (mut client, mut server) = crate::pipes::pair()?;
        self.expect(id);
        client.register(&self.registry, id)?;
        // Writable as soon as it is registered.
        self.wait(WRITABLE, "after register")?;
        server.flush()
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}
