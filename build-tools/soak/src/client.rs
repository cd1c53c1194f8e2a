//! The client's loop: connections that come, send, and go in every way; datagrams; pipes.

mod closing;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, ErrorKind};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Token, Waker};
use socket2::SockRef;

use crate::datagrams::Datagrams;
use crate::event_loop::EventLoop;
use crate::message::{Command, Pattern};
use crate::peer::{Peer, State, Step};
use crate::pipes::{self, End};
use crate::server::Addresses;
use crate::shared::{Count, Id, Kind, Latency, Phase, lock};
use crate::slots::{Found, Readiness, Slots};

/// Connections that connect at a time: fewer than the backlog of a listener.
const CONNECTING: usize = 128;
/// Sockets for datagrams that are open at a time.
const SOCKETS: usize = 64;
/// Pairs of pipes that are open at a time.
const PIPES: usize = 32;
/// Requests of datagrams and of pipes for each request of a connection.
const SHARE: f64 = 0.15;

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Lets a close reset the connection.
pub(crate) fn reset_on_close(stream: &TcpStream) {
    // It fails if the peer has reset the connection already, on some systems.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

pub(crate) struct Client<'a> {
    pub(crate) turns: EventLoop<'a>,
    /// Wakes the server's loop, which then takes new pipes.
    server: &'a Waker,
    addresses: Addresses,
    streams: Slots<Peer<TcpStream>>,
    sockets: Slots<Datagrams>,
    pipes: Slots<Peer<End>>,
    /// When an idle source sends next.
    timers: BinaryHeap<Reverse<(Instant, Token)>>,
    connecting: usize,
    /// After the system had no free port.
    retry_at: Instant,
    rng: fastrand::Rng,
    pattern: Pattern,
    buffer: Vec<u8>,
    checked: Instant,
}

impl<'a> Client<'a> {
    pub(crate) fn new(
        turns: EventLoop<'a>,
        server: &'a Waker,
        addresses: Addresses,
        seed: u64,
    ) -> Client<'a> {
        let connections = turns.shared.options.connections as usize;
        Client {
            turns,
            server,
            addresses,
            streams: Slots::new(Kind::TcpClient, connections),
            sockets: Slots::new(Kind::UdpClient, SOCKETS),
            pipes: Slots::new(Kind::PipeClient, PIPES),
            timers: BinaryHeap::with_capacity(4 * connections + 1024),
            connecting: 0,
            retry_at: Instant::now(),
            rng: fastrand::Rng::with_seed(seed),
            pattern: Pattern::new(),
            buffer: vec![0; 64 * 1024],
            checked: Instant::now(),
        }
    }

    pub(crate) fn run(&mut self) {
        let shared = self.turns.shared;
        let mut events = Vec::new();
        let mut has_closed = false;
        loop {
            match shared.phase() {
                Phase::Work => {
                    has_closed = false;
                    self.fill();
                    self.run_timers();
                }
                Phase::Drain => {
                    if !std::mem::replace(&mut has_closed, true) {
                        self.close_all();
                    }
                    if self.open() == 0 {
                        shared.client_drained.store(true, Ordering::Release);
                    }
                }
                Phase::Stop => return,
            }
            let second = Duration::from_secs(1);
            let timeout = match self.timers.peek() {
                Some(Reverse((at, _))) => second.min(at.saturating_duration_since(Instant::now())),
                None => second,
            };
            self.turns.turn(timeout, &mut events);
            for (id, readiness) in events.drain(..) {
                self.handle(id, readiness);
            }
            shared.client_open.store(self.open(), Ordering::Release);
            if self.checked.elapsed() > second {
                self.checked = Instant::now();
                self.check();
            }
        }
    }

    fn open(&self) -> usize {
        self.streams.open() + self.sockets.open() + self.pipes.open()
    }

    /// Opens what is missing.
    fn fill(&mut self) {
        let shared = self.turns.shared;
        let connections = shared.options.connections as usize;
        while self.streams.open() < connections
            && self.connecting < CONNECTING
            && Instant::now() >= self.retry_at
        {
            if let Err(error) = self.connect() {
                if error.kind() != ErrorKind::AddrNotAvailable {
                    return shared.fault(format_args!("connect: {error}"));
                }
                // All ports wait for the end of TIME-WAIT.
                shared.count(Count::NoAddress, 1);
                self.retry_at = Instant::now() + Duration::from_millis(200);
            }
        }
        while self.sockets.open() < SOCKETS {
            let server = self.addresses.sockets[self.rng.usize(0..self.addresses.sockets.len())];
            let requests = self.rng.u32(1..200);
            let registry = self.turns.registry();
            let new = |id| Datagrams::new(registry, id, server, requests);
            match self.sockets.insert(new) {
                Ok(id) => {
                    shared.operation(Kind::UdpClient);
                    self.pause(id);
                }
                Err(error) => return shared.fault(format_args!("a datagram socket: {error}")),
            }
        }
        while self.pipes.open() < PIPES {
            if let Err(error) = self.open_pipe() {
                return shared.fault(format_args!("a pipe: {error}"));
            }
        }
    }

    fn connect(&mut self) -> io::Result<()> {
        let shared = self.turns.shared;
        let listeners = &self.addresses.listeners;
        let address = listeners[self.rng.usize(0..listeners.len())];
        let mut stream = TcpStream::connect(address)?;
        let cancels = self.rng.u32(0..64);
        if cancels == 0 {
            shared.count(Count::ConnectCanceled, 1);
            return Ok(());
        }
        let requests = self.rng.u32(1..40);
        let registry = self.turns.registry();
        let id = self.streams.insert(|id| {
            registry.register(&mut stream, id.token(), BOTH)?;
            Ok::<_, io::Error>(Peer::new(stream, State::Connecting, requests))
        })?;
        shared.operation(Kind::TcpClient);
        self.connecting += 1;
        if cancels <= 2 {
            shared.count(Count::ConnectCanceled, 1);
            if cancels == 1 {
                self.reset(id.slot);
            } else {
                self.remove(id.slot);
            }
        }
        Ok(())
    }

    fn open_pipe(&mut self) -> io::Result<()> {
        let (mut end, servers) = pipes::pair()?;
        lock(&self.turns.shared.mailbox).push(servers);
        self.server.wake()?;
        let requests = self.rng.u32(1..100);
        let registry = self.turns.registry();
        let id = self.pipes.insert(|id| {
            end.register(registry, id)?;
            Ok::<_, io::Error>(Peer::new(end, State::Idle, requests))
        })?;
        for _ in 0..2 {
            self.turns.shared.operation(Kind::PipeClient);
        }
        self.pause(id);
        Ok(())
    }

    /// Lets a source send after a random time, so that all together keep to the rate.
    fn pause(&mut self, id: Id) {
        let options = &self.turns.shared.options;
        let rate = f64::from(options.rate);
        let mean = match id.kind {
            Kind::TcpClient => f64::from(options.connections) / rate,
            Kind::UdpClient => SOCKETS as f64 / (rate * SHARE),
            _ => PIPES as f64 / (rate * SHARE),
        };
        let pause = Duration::from_secs_f64((2.0 * mean * self.rng.f64()).min(5.0));
        self.timers
            .push(Reverse((Instant::now() + pause, id.token())));
    }

    fn run_timers(&mut self) {
        let now = Instant::now();
        while let Some(Reverse((at, token))) = self.timers.peek().copied() {
            if at > now {
                return;
            }
            self.timers.pop();
            let Some(id) = Id::read(token) else {
                continue;
            };
            let poll = self.turns.polls;
            match id.kind {
                Kind::TcpClient if matches!(self.streams.find(id, poll), Found::Open(_)) => {
                    self.next_of_stream(id);
                }
                Kind::UdpClient if matches!(self.sockets.find(id, poll), Found::Open(_)) => {
                    self.next_datagram(id);
                }
                Kind::PipeClient if matches!(self.pipes.find(id, poll), Found::Open(_)) => {
                    self.next_of_pipe(id);
                }
                // It was closed meanwhile.
                _ => {}
            }
        }
    }

    /// Sends the next request of a connection, or ends it.
    fn next_of_stream(&mut self, id: Id) {
        let shared = self.turns.shared;
        let ending = self.rng.u32(0..8);
        let Some(peer) = self.streams.get(id.slot) else {
            return;
        };
        if peer.state != State::Idle {
            return;
        }
        let mut command = Command::Echo;
        if peer.requests == 0 {
            match ending {
                0 => return self.remove(id.slot),
                1 => return self.reset(id.slot),
                2 => command = Command::Close,
                3 => command = Command::Drop,
                4 => command = Command::Reset,
                // It is dropped with a message on its way.
                5 => {}
                _ => return self.shut_down(id.slot),
            }
        }
        let drops = peer.requests == 0 && ending == 5;
        peer.requests = peer.requests.saturating_sub(1);
        if command != Command::Echo {
            shared.count(Count::ClosedByServer, 1);
        }
        if self.rng.u32(0..16) == 0 {
            self.register_again(id);
        }
        if let Some(peer) = self.streams.get(id.slot) {
            peer.start(&mut self.rng, command);
        }
        self.advance_stream(id);
        if drops {
            shared.count(Count::DroppedInFlight, 1);
            self.remove(id.slot);
        }
    }

    /// Changes the registration of a connection: the interests, or all of it.
    fn register_again(&mut self, id: Id) {
        let shared = self.turns.shared;
        let what = self.rng.u32(0..4);
        let Some(peer) = self.streams.get(id.slot) else {
            return;
        };
        peer.is_read_only = what == 0;
        let registry = self.turns.registry();
        let token = id.token();
        let changed = match what {
            0 => registry.reregister(&mut peer.stream, token, Interest::READABLE),
            1 => registry.reregister(&mut peer.stream, token, BOTH),
            _ => registry
                .deregister(&mut peer.stream)
                .and_then(|()| registry.register(&mut peer.stream, token, BOTH)),
        };
        if let Err(error) = changed {
            shared.fault(format_args!("{id}: changing the registration: {error}"));
        }
        shared.operation(Kind::TcpClient);
        shared.count(Count::Reregistered, 1);
    }

    fn next_datagram(&mut self, id: Id) {
        let shared = self.turns.shared;
        let Some(socket) = self.sockets.get(id.slot) else {
            return;
        };
        if let Err(error) = socket.send(&mut self.rng, shared) {
            return shared.fault(format_args!("{id}: send: {error}; {}", socket.trail));
        }
        if socket.requests == 0 {
            // With a reply on its way.
            drop(self.sockets.remove(id.slot, self.turns.polls));
        } else {
            socket.requests -= 1;
        }
    }

    fn next_of_pipe(&mut self, id: Id) {
        let ending = self.rng.u32(0..4);
        let poll = self.turns.polls;
        let Some(peer) = self.pipes.get(id.slot) else {
            return;
        };
        let is_last = peer.requests == 0;
        let command = match ending {
            0 if is_last => return drop(self.pipes.remove(id.slot, poll)),
            1 if is_last => Command::Close,
            2 if is_last => Command::Drop,
            _ => Command::Echo,
        };
        peer.requests = peer.requests.saturating_sub(1);
        peer.start(&mut self.rng, command);
        self.advance_pipe(id);
        if is_last && ending == 3 {
            drop(self.pipes.remove(id.slot, poll));
        }
    }

    fn handle(&mut self, id: Id, readiness: Readiness) {
        let (shared, poll) = (self.turns.shared, self.turns.polls);
        let found = match id.kind {
            Kind::TcpClient => self.streams.find(id, poll),
            Kind::UdpClient => self.sockets.find(id, poll),
            Kind::PipeClient => self.pipes.find(id, poll),
            _ => return shared.fault(format_args!("the client got an event of {id}")),
        };
        let at = match found {
            Found::Open(at) => at,
            Found::JustRemoved => return,
            Found::Stale => {
                return shared.fault(format_args!(
                    "{id}: event ({readiness}) in a poll that began after the source was dropped"
                ));
            }
        };
        let trail = match id.kind {
            Kind::TcpClient => self.streams.get(at).map(|peer| &mut peer.trail),
            Kind::UdpClient => self.sockets.get(at).map(|socket| &mut socket.trail),
            _ => self.pipes.get(at).map(|peer| &mut peer.trail),
        };
        if let Some(trail) = trail {
            trail.add(shared.start, readiness);
        }
        match id.kind {
            Kind::TcpClient => self.advance_stream(id),
            Kind::UdpClient => {
                let Some(socket) = self.sockets.get(at) else {
                    return;
                };
                match socket.receive(shared, &mut self.buffer) {
                    Ok(true) => self.pause(id),
                    Ok(false) => {}
                    Err(error) => shared.fault(format_args!("{id}: {error}")),
                }
            }
            _ => self.advance_pipe(id),
        }
    }

    fn advance_stream(&mut self, id: Id) {
        let shared = self.turns.shared;
        let Some(peer) = self.streams.get(id.slot) else {
            return;
        };
        if peer.state == State::Connecting {
            match peer.stream.take_error().and_then(|error| match error {
                None => peer.stream.peer_addr().map(drop),
                Some(error) => Err(error),
            }) {
                Ok(()) => {
                    shared.timed(Latency::Connect, peer.started());
                    shared.operation(Kind::TcpClient);
                    shared.count(Count::Connected, 1);
                    peer.enter(State::Idle);
                    self.connecting -= 1;
                    self.pause(id);
                }
                Err(error) if error.kind() == ErrorKind::NotConnected => {}
                Err(error) => {
                    shared.fault(format_args!("{id}: connect: {error}; {}", peer.trail));
                }
            }
            return;
        }
        match peer.advance(shared, id, &self.pattern, &mut self.buffer) {
            Step::Waits => {}
            Step::WaitsToWrite if peer.is_read_only => {
                peer.is_read_only = false;
                // The next poll reports what holds already.
                let registry = self.turns.registry();
                if let Err(error) = registry.reregister(&mut peer.stream, id.token(), BOTH) {
                    shared.fault(format_args!("{id}: reregister: {error}"));
                }
                shared.operation(Kind::TcpClient);
            }
            Step::WaitsToWrite => {}
            Step::Replied => self.pause(id),
            Step::Ended => self.take(id.slot),
            Step::Fault(text) => shared.fault(format_args!("{id}: {text}")),
        }
    }

    fn advance_pipe(&mut self, id: Id) {
        let shared = self.turns.shared;
        let Some(peer) = self.pipes.get(id.slot) else {
            return;
        };
        match peer.advance(shared, id, &self.pattern, &mut self.buffer) {
            Step::Waits | Step::WaitsToWrite => {}
            Step::Replied => self.pause(id),
            Step::Ended => drop(self.pipes.remove(id.slot, self.turns.polls)),
            Step::Fault(text) => shared.fault(format_args!("{id}: {text}")),
        }
    }
}
