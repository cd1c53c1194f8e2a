//! The chat itself: server, clients, and what the command line asks for.

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
Serves a chat on a Unix socket and lets many take part from the same process.

Usage: unix_chat [OPTIONS]

  --clients N     who takes part [default: 10]
  --messages N    lines that each says [default: 100]
  --listen PATH   only serve, at this path, until interrupted
  --help          print this

Exit status: 0 all heard everything; 1 an error; 2 wrong usage.";

/// Bytes of one line, and bytes that may wait for one connection.
const LONGEST_LINE: usize = 4096;
const LONGEST_QUEUE: usize = 16 << 20;

/// Who hears nothing for so long gives up.
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
    let heard = take_part(&path, options);
    let time = start.elapsed().as_secs_f64();
    stop.wake()?;
    let served = serving
        .join()
        .map_err(|_| io::Error::other("the server panicked"))?;
    served?;
    let heard = heard?;

    let clients = options.clients;
    let said = clients * options.messages;
    let rate = heard as f64 / time;
    writeln!(
        out,
        "{clients} clients, {said} messages said, {heard} messages heard, {time:.3} s, {rate:.0} messages/s"
    )
}

/// Listens, and passes lines on.
struct Server {
    poll: Poll,
    listener: UnixListener,
    path: PathBuf,
    connections: HashMap<Token, Connection>,
    next_token: usize,
    /// Accepting failed for want of something, and connections may be waiting without a new event.
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
            // First of all, whatever the order of the events: who was there before a line was said hears it.
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

    /// Accepts until nobody waits: there is no event for those who are left.
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
                    // Such as too many open files: asked again later.
                    _ => return,
                },
            };
            let token = Token(self.next_token);
            self.next_token += 1;
            match register(self.poll.registry(), &mut stream, token) {
                Ok(()) => drop(self.connections.insert(token, Connection::new(stream))),
                Err(error) => eprintln!("unix_chat: a client is turned away: {error}"),
            }
        }
    }

    /// Hears what a connection says, tells the others, and goes on with what waits for it.
    fn serve(&mut self, token: Token) {
        let Some(connection) = self.connections.get_mut(&token) else {
            // Closed while an earlier event of the same batch was handled.
            return;
        };
        let mut lines = Vec::new();
        let open = connection.hear(&mut lines).unwrap_or(false) && connection.flush().is_ok();
        if !open {
            self.connections.remove(&token);
        }
        if lines.is_empty() {
            return;
        }
        // Who cannot be told is gone or does not listen: it ends that connection and no other.
        self.connections
            .retain(|other, connection| *other == token || connection.tell(&lines).is_ok());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The name outlives the socket. If someone else has removed it there is nothing to do.
        let _ = fs::remove_file(&self.path);
    }
}

fn register(registry: &Registry, stream: &mut UnixStream, token: Token) -> io::Result<()> {
    registry.register(stream, token, Interest::READABLE | Interest::WRITABLE)
}

/// A socket that carries lines; both sides use it.
struct Connection {
    stream: UnixStream,
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    /// What is to be written.
    queue: VecDeque<u8>,
}

impl Connection {
    fn new(stream: UnixStream) -> Connection {
        Connection {
            stream,
            begun: Vec::new(),
            queue: VecDeque::new(),
        }
    }

    /// Reads until the system says `WouldBlock` and adds all whole lines; `false` once the other side has closed.
    fn hear(&mut self, lines: &mut Vec<u8>) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        loop {
            let length = match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.begun.extend_from_slice(&buffer[..length]);
            if let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') {
                lines.extend(self.begun.drain(..=end));
            }
            if self.begun.len() > LONGEST_LINE {
                return Err(ErrorKind::InvalidData.into());
            }
        }
    }

    /// Adds to the queue, and writes what can be written now.
    fn tell(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.queue.len() + lines.len() > LONGEST_QUEUE {
            return Err(io::Error::other("it does not listen"));
        }
        self.queue.extend(lines);
        self.flush()
    }

    /// Writes the queue until it is empty or the system says `WouldBlock`. In that case a writable event leads here again.
    fn flush(&mut self) -> io::Result<()> {
        while !self.queue.is_empty() {
            match self.stream.write(self.queue.as_slices().0) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => drop(self.queue.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Lets all clients say their lines and returns how many lines were heard, once all have heard everything.
///
/// A client says its next line after it has heard the last one of everybody, so nobody speaks before all are there.
fn take_part(path: &Path, options: &Options) -> io::Result<usize> {
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
            connection.tell(format!("client {number} says line {round}\n").as_bytes())?;
        }
        while clients.iter().any(|(_, heard)| *heard < round * others) {
            match poll.poll(&mut events, Some(PATIENCE)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            if events.is_empty() {
                let text = format!("nothing heard for {} s", PATIENCE.as_secs());
                return Err(io::Error::new(ErrorKind::TimedOut, text));
            }
            for event in &events {
                let (connection, heard) = &mut clients[event.token().0];
                let mut lines = Vec::new();
                if !connection.hear(&mut lines)? {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                connection.flush()?;
                let lines = lines.iter().filter(|byte| **byte == b'\n').count();
                *heard += lines;
                total += lines;
            }
        }
    }
    Ok(total)
}

/// Connects, also while more wait to be accepted than the system lets wait: that is `WouldBlock` on a Unix socket.
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
