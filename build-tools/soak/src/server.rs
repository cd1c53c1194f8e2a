//! The server's loop: listeners, echoes on streams, datagram sockets and pipes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Interest, Registry};

use crate::event_loop::EventLoop;
use crate::message::{Command, Parser};
use crate::pipes::End;
use crate::shared::{BOUND, Count, Id, Kind, Phase, Shared, lock};
use crate::slots::{Found, Readiness, Slots, Trail};

/// Several listeners: each has ports of its own for the clients, and a backlog of its own.
const LISTENERS: usize = 4;
/// Sockets for datagrams.
const SOCKETS: usize = 4;

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// A connection or a pipe.
pub(crate) struct Stream<S> {
    stream: S,
    parser: Parser,
    /// Bytes to send back, from `sent` on.
    pending: Vec<u8>,
    sent: usize,
    closes: bool,
    /// Since when bytes wait for a writable event.
    blocked: Option<Instant>,
    trail: Trail,
}

/// How serving a stream ended.
enum Served {
    /// An operation has returned `WouldBlock`.
    Waits,
    Closes,
    Resets,
}

impl<S: Read + Write> Stream<S> {
    fn new(stream: S) -> Stream<S> {
        Stream {
            stream,
            parser: Parser::default(),
            pending: Vec::new(),
            sent: 0,
            closes: false,
            blocked: None,
            trail: Trail::default(),
        }
    }

    /// Writes what is pending and reads, until an operation returns `WouldBlock`.
    fn serve(&mut self, shared: &Shared, id: Id, buffer: &mut [u8]) -> Served {
        loop {
            while let Some(rest) = self
                .pending
                .get(self.sent..)
                .filter(|rest| !rest.is_empty())
            {
                match self.stream.write(rest) {
                    Ok(count) => {
                        shared.operation(id.kind);
                        shared.count(Count::Bytes, count);
                        self.sent += count;
                        self.blocked = None;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        self.blocked.get_or_insert_with(Instant::now);
                        return Served::Waits;
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => {
                        shared.operation(id.kind);
                        return Served::Closes;
                    }
                }
            }
            self.pending.clear();
            self.sent = 0;
            if self.closes {
                return Served::Closes;
            }
            match self.stream.read(buffer) {
                Ok(0) => {
                    shared.operation(id.kind);
                    return Served::Closes;
                }
                Ok(count) => {
                    shared.operation(id.kind);
                    let mut data = &buffer[..count];
                    while !data.is_empty() {
                        let (used, command) = match self.parser.read(data) {
                            Ok(read) => read,
                            Err(error) => {
                                shared.fault(format_args!("{id}: {error}; {}", self.trail));
                                return Served::Closes;
                            }
                        };
                        match command {
                            Some(Command::Drop) => return Served::Closes,
                            Some(Command::Reset) => return Served::Resets,
                            Some(Command::Close) => self.closes = true,
                            Some(Command::Echo) | None => {}
                        }
                        self.pending.extend_from_slice(&data[..used]);
                        data = &data[used..];
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.pending.capacity() > 0 {
                        self.pending = Vec::new();
                    }
                    return Served::Waits;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The client has reset the connection.
                Err(_) => {
                    shared.operation(id.kind);
                    return Served::Closes;
                }
            }
        }
    }
}

pub(crate) struct Server<'a> {
    pub(crate) turns: EventLoop<'a>,
    listeners: Vec<TcpListener>,
    sockets: Vec<UdpSocket>,
    streams: Slots<Stream<TcpStream>>,
    pipes: Slots<Stream<End>>,
    buffer: Vec<u8>,
    checked: Instant,
}

/// Where clients reach the server.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    pub(crate) listeners: Vec<SocketAddr>,
    pub(crate) sockets: Vec<SocketAddr>,
}

impl<'a> Server<'a> {
    pub(crate) fn new(turns: EventLoop<'a>) -> Result<(Server<'a>, Addresses)> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let registry = turns.registry();
        let mut listeners = Vec::new();
        let mut sockets = Vec::new();
        for slot in 0..LISTENERS {
            let mut listener = TcpListener::bind(any).context("TcpListener::bind")?;
            let token = Id::new(Kind::Listener, slot, 0).token();
            registry.register(&mut listener, token, Interest::READABLE)?;
            listeners.push(listener);
        }
        for slot in 0..SOCKETS {
            let mut socket = UdpSocket::bind(any).context("UdpSocket::bind")?;
            let token = Id::new(Kind::UdpServer, slot, 0).token();
            registry.register(&mut socket, token, Interest::READABLE)?;
            sockets.push(socket);
        }
        let listened: io::Result<_> = listeners.iter().map(TcpListener::local_addr).collect();
        let bound: io::Result<_> = sockets.iter().map(UdpSocket::local_addr).collect();
        let addresses = Addresses {
            listeners: listened?,
            sockets: bound?,
        };
        let capacity = 2 * turns.shared.options.connections as usize;
        let server = Server {
            turns,
            listeners,
            sockets,
            streams: Slots::new(Kind::TcpServer, capacity),
            pipes: Slots::new(Kind::PipeServer, 256),
            buffer: vec![0; 64 * 1024],
            checked: Instant::now(),
        };
        Ok((server, addresses))
    }

    pub(crate) fn run(&mut self) {
        let shared = self.turns.shared;
        let mut events = Vec::new();
        while shared.phase() != Phase::Stop {
            // Nothing here needs a timeout but the check of what is overdue.
            self.turns.turn(Duration::from_secs(1), &mut events);
            self.take_pipes();
            for (id, readiness) in events.drain(..) {
                match id.kind {
                    Kind::Listener => self.accept(id),
                    Kind::UdpServer => self.echo_datagrams(id),
                    Kind::TcpServer => {
                        let poll = self.turns.polls;
                        serve(
                            shared,
                            &mut self.streams,
                            id,
                            readiness,
                            poll,
                            &mut self.buffer,
                        );
                    }
                    Kind::PipeServer => {
                        let poll = self.turns.polls;
                        serve(
                            shared,
                            &mut self.pipes,
                            id,
                            readiness,
                            poll,
                            &mut self.buffer,
                        );
                    }
                    _ => shared.fault(format_args!("the server got an event of {id}")),
                }
            }
            let open = self.streams.open() + self.pipes.open();
            shared.server_open.store(open, Ordering::Release);
            if self.checked.elapsed() > Duration::from_secs(1) {
                self.checked = Instant::now();
                check(shared, &self.streams);
                check(shared, &self.pipes);
            }
        }
    }

    fn take_pipes(&mut self) {
        let shared = self.turns.shared;
        let taken = std::mem::take(&mut *lock(&shared.mailbox));
        for mut end in taken {
            let registry = self.turns.registry();
            let inserted = self.pipes.insert(|id| {
                end.register(registry, id)?;
                shared.operation(Kind::PipeServer);
                shared.operation(Kind::PipeServer);
                Ok::<_, io::Error>(Stream::new(end))
            });
            if let Err(error) = inserted {
                shared.fault(format_args!("the server cannot register a pipe: {error}"));
            }
        }
    }

    fn accept(&mut self, id: Id) {
        let shared = self.turns.shared;
        loop {
            match self.listeners[id.slot].accept() {
                Ok((stream, _)) => {
                    shared.operation(Kind::Listener);
                    shared.count(Count::Accepted, 1);
                    let registry = self.turns.registry();
                    if let Err(error) = accepted(registry, &mut self.streams, shared, stream) {
                        shared.fault(format_args!("the server cannot register: {error}"));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The client has reset the connection before it was accepted.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                // Wine 8 report it as WSAENOTCONN.
                #[cfg(windows)]
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::ConnectionReset | ErrorKind::NotConnected
                    ) => {}
                Err(error) => {
                    shared.fault(format_args!("accept: {error}"));
                    return;
                }
            }
        }
    }

    fn echo_datagrams(&mut self, id: Id) {
        let shared = self.turns.shared;
        let socket = &self.sockets[id.slot];
        loop {
            match socket.recv_from(&mut self.buffer) {
                Ok((count, from)) => {
                    shared.operation(Kind::UdpServer);
                    // A full socket or a client that is gone loses the datagram, as UDP may.
                    if socket.send_to(&self.buffer[..count], from).is_ok() {
                        shared.count(Count::Bytes, count);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // On Windows, a port that an earlier datagram did not reach.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    shared.operation(Kind::UdpServer);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    shared.fault(format_args!("recv_from: {error}"));
                    return;
                }
            }
        }
    }
}

fn accepted(
    registry: &Registry,
    streams: &mut Slots<Stream<TcpStream>>,
    shared: &Shared,
    mut stream: TcpStream,
) -> io::Result<()> {
    streams.insert(|id| {
        registry.register(&mut stream, id.token(), BOTH)?;
        shared.operation(Kind::TcpServer);
        Ok::<_, io::Error>(Stream::new(stream))
    })?;
    Ok(())
}

/// A stream that can be reset.
trait Resets {
    fn prepare_reset(&self) {}
}

impl Resets for TcpStream {
    fn prepare_reset(&self) {
        crate::client::reset_on_close(self);
    }
}

impl Resets for End {}

fn serve<S: Read + Write + Resets>(
    shared: &Shared,
    streams: &mut Slots<Stream<S>>,
    id: Id,
    readiness: Readiness,
    poll: u64,
    buffer: &mut [u8],
) {
    let at = match streams.find(id, poll) {
        Found::Open(at) => at,
        Found::JustRemoved => return,
        Found::Stale => {
            return shared.fault(format_args!(
                "{id}: event ({readiness}) in a poll that began after the source was dropped"
            ));
        }
    };
    let Some(stream) = streams.get(at) else {
        return;
    };
    stream.trail.add(shared.start, readiness);
    match stream.serve(shared, id, buffer) {
        Served::Waits => {}
        Served::Closes => drop(streams.remove(at, poll)),
        Served::Resets => {
            stream.stream.prepare_reset();
            drop(streams.remove(at, poll));
        }
    }
}

/// Reports streams that wait for a writable event for too long: their clients read.
fn check<S>(shared: &Shared, streams: &Slots<Stream<S>>) {
    for (id, stream) in streams.iter() {
        if let Some(since) = stream.blocked.filter(|since| since.elapsed() > BOUND) {
            shared.fault(format_args!(
                "{id}: {} bytes wait for a writable event for {:.1} s; {}",
                stream.pending.len() - stream.sent,
                since.elapsed().as_secs_f64(),
                stream.trail
            ));
        }
    }
}

impl std::fmt::Debug for Server<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}
