//! The program: command line, server and clients.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use lexopt::ValueExt as _;
use mio::net::{UnixListener, UnixStream};
use mio::{Events, Interest, Poll, Registry, Token, Waker};

use crate::command_line;

const HELP: &str = "\
Serves a chat on a Unix socket and drives it with many clients from the same process.

Usage: unix_chat [OPTIONS]

  --clients N     clients that connect [default: 10]
  --messages N    lines that each client sends [default: 100]
  --listen PATH   only serve, at this path, until interrupted
  --help          print this

Exit status: 0 every client got every line; 1 an error; 2 wrong usage.";

/// The most bytes of a line.
const LONGEST_LINE: usize = 4096;
/// The most bytes that may be pending for one connection.
const MAX_PENDING: usize = 16 << 20;

/// A client that gets no line for this long gives up.
const PATIENCE: Duration = Duration::from_secs(10);

const LISTENER: Token = Token(0);
const STOP: Token = Token(1);
const FIRST_CONNECTION: usize = 2;

pub(crate) fn main() -> ExitCode {
    let options = Options {
        clients: 10,
        messages: 100,
        listen: None,
    };
    command_line::main("unix_chat", HELP, options, Options::take, run)
}

struct Options {
    clients: usize,
    messages: usize,
    listen: Option<PathBuf>,
}

impl Options {
    fn take(&mut self, name: &str, line: &mut lexopt::Parser) -> Result<bool, lexopt::Error> {
        match name {
            "clients" => self.clients = line.value()?.parse()?,
            "messages" => self.messages = line.value()?.parse()?,
            "listen" => self.listen = Some(line.value()?.into()),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn run(options: &Options) -> io::Result<()> {
    let mut out = io::stdout();
    if let Some(path) = &options.listen {
        let server = Server::bind(path)?;
        writeln!(out, "listening on {}", path.display())?;
        return server.run();
    }

    let name = format!("mio-unix-chat-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let server = Server::bind(&path)?;
    let stop = Waker::new(server.poll.registry(), STOP)?;
    let serving = thread::spawn(move || server.run());
    let start = Instant::now();
    let received = run_clients(&path, options);
    let time = start.elapsed().as_secs_f64();
    stop.wake()?;
    let served = serving
        .join()
        .map_err(|_| io::Error::other("the server panicked"))?;
    served?;
    let received = received?;

    let clients = options.clients;
    let sent = clients * options.messages;
    let rate = received as f64 / time;
    writeln!(
        out,
        "{clients} clients, {sent} messages sent, {received} messages received, {time:.3} s, \
         {rate:.0} messages/s"
    )
}

/// Accepts connections and forwards their lines.
struct Server {
    poll: Poll,
    listener: UnixListener,
    path: PathBuf,
    connections: HashMap<Token, Connection>,
    next_token: usize,
    /// Whether connections may be pending without a new event, because `accept` lacked a resource.
    accept_again: bool,
}

impl Server {
    fn bind(path: &Path) -> io::Result<Server> {
        let poll = Poll::new()?;
        let mut listener = UnixListener::bind(path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Server {
            poll,
            listener,
            path: path.to_owned(),
            connections: HashMap::new(),
            next_token: FIRST_CONNECTION,
            accept_again: false,
        })
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(256);
        loop {
            let timeout = self.accept_again.then_some(Duration::from_millis(100));
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            // The server accepts first, so that a client that connected before a line was sent gets
            // the line.
            self.accept();
            for event in &events {
                match event.token() {
                    STOP => return Ok(()),
                    LISTENER => {}
                    token => self.serve(token),
                }
            }
        }
    }

    /// Accepts every pending connection: one that is left causes no further event.
    fn accept(&mut self) {
        self.accept_again = true;
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => {
                        self.accept_again = false;
                        return;
                    }
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => continue,
                    // For example too many open files. The server accepts again later.
                    _ => return,
                },
            };
            let token = Token(self.next_token);
            self.next_token += 1;
            match register(self.poll.registry(), &mut stream, token) {
                Ok(()) => drop(self.connections.insert(token, Connection::new(stream))),
                Err(error) => eprintln!("unix_chat: cannot register a connection: {error}"),
            }
        }
    }

    /// Receives lines of a connection, writes its pending data, and sends the lines to the others.
    fn serve(&mut self, token: Token) {
        let Some(connection) = self.connections.get_mut(&token) else {
            // The connection was closed by an earlier event of this batch.
            return;
        };
        let mut lines = Vec::new();
        let open = connection.receive(&mut lines).unwrap_or(false) && connection.flush().is_ok();
        if !open {
            self.connections.remove(&token);
        }
        if lines.is_empty() {
            return;
        }
        // A failed send ends that connection and no other.
        self.connections
            .retain(|other, connection| *other == token || connection.send(&lines).is_ok());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The path outlives the socket. It may be removed already.
        let _ = fs::remove_file(&self.path);
    }
}

fn register(registry: &Registry, stream: &mut UnixStream, token: Token) -> io::Result<()> {
    registry.register(stream, token, Interest::READABLE | Interest::WRITABLE)
}

/// A stream of lines, for the server and for the clients.
struct Connection {
    stream: UnixStream,
    /// The start of a line whose end has not arrived.
    partial: Vec<u8>,
    /// Data that was not written yet.
    pending: VecDeque<u8>,
}

impl Connection {
    fn new(stream: UnixStream) -> Connection {
        Connection {
            stream,
            partial: Vec::new(),
            pending: VecDeque::new(),
        }
    }

    /// Reads until `WouldBlock`, and appends every complete line to `lines`. Returns `false` at the
    /// end of the stream.
    fn receive(&mut self, lines: &mut Vec<u8>) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        loop {
            let length = match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.partial.extend_from_slice(&buffer[..length]);
            if let Some(end) = self.partial.iter().rposition(|byte| *byte == b'\n') {
                lines.extend(self.partial.drain(..=end));
            }
            if self.partial.len() > LONGEST_LINE {
                return Err(ErrorKind::InvalidData.into());
            }
        }
    }

    /// Appends to the pending data, and writes until `WouldBlock`.
    fn send(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.pending.len() + lines.len() > MAX_PENDING {
            return Err(io::Error::other("the peer does not read its lines"));
        }
        self.pending.extend(lines);
        self.flush()
    }

    /// Writes the pending data until `WouldBlock`, after which a writable event leads here again.
    fn flush(&mut self) -> io::Result<()> {
        while !self.pending.is_empty() {
            match self.stream.write(self.pending.as_slices().0) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => drop(self.pending.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Sends the lines of all clients, and returns the number of lines received once every client has
/// received every line of the others.
///
/// A client sends its next line after it has received the last line of each other client.
fn run_clients(path: &Path, options: &Options) -> io::Result<usize> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(256);
    let mut clients = Vec::new();
    for number in 0..options.clients {
        let mut stream = connect(path)?;
        register(poll.registry(), &mut stream, Token(number))?;
        clients.push((Connection::new(stream), 0));
    }

    let others = options.clients.saturating_sub(1);
    let mut total = 0;
    for round in 1..=options.messages {
        for (number, (connection, _)) in clients.iter_mut().enumerate() {
            connection.send(format!("client {number} sends line {round}\n").as_bytes())?;
        }
        while clients
            .iter()
            .any(|(_, received)| *received < round * others)
        {
            match poll.poll(&mut events, Some(PATIENCE)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            if events.is_empty() {
                let text = format!("no line for {} s", PATIENCE.as_secs());
                return Err(io::Error::new(ErrorKind::TimedOut, text));
            }
            for event in &events {
                let (connection, received) = &mut clients[event.token().0];
                let mut lines = Vec::new();
                if !connection.receive(&mut lines)? {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                connection.flush()?;
                let lines = lines.iter().filter(|byte| **byte == b'\n').count();
                *received += lines;
                total += lines;
            }
        }
    }
    Ok(total)
}

/// Connects, and tries again while the backlog is full, for which Linux returns EAGAIN:
/// <https://man7.org/linux/man-pages/man2/connect.2.html>.
fn connect(path: &Path) -> io::Result<UnixStream> {
    let start = Instant::now();
    loop {
        match UnixStream::connect(path) {
            Err(error) if error.kind() == ErrorKind::WouldBlock && start.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(1));
            }
            result => return result,
        }
    }
}
