//! TCP echo: a server on one thread and many clients on another, each with a `Poll`.
//!
//! ```sh
//! cargo run --release --all-features --example echo
//! ```
//!
//! The server shows what every edge-triggered event loop must do: repeat an operation until it
//! returns `WouldBlock`, keep the data that could not be written, and stop reading from a client
//! that does not read its answers.

mod command_line;

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use lexopt::ValueExt as _;
use mio::net::{Accepted, SpareSocket, TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};

const HELP: &str = "\
Serves TCP echo on loopback and drives it with many clients from the same process.

Usage: echo [OPTIONS]

  --clients N     clients that connect at once [default: 100]
  --messages N    messages that each client sends, one after the other [default: 1000]
  --listen ADDR   only serve, at an address such as 127.0.0.1:7000, until interrupted
  --help          print this

Exit status: 0 every answer was correct; 1 an error; 2 wrong usage.";

/// Bytes of one message.
const MESSAGE: usize = 64;

/// A client that gets no answer for this long gives up.
const PATIENCE: Duration = Duration::from_secs(10);

const LISTENER: Token = Token(0);
const STOP: Token = Token(1);
const FIRST_CONNECTION: usize = 2;

fn main() -> ExitCode {
    let options = Options {
        clients: 100,
        messages: 1000,
        listen: None,
    };
    command_line::main("echo", HELP, options, Options::take, run)
}

struct Options {
    clients: usize,
    messages: u64,
    listen: Option<SocketAddr>,
}

impl Options {
    fn take(&mut self, name: &str, line: &mut lexopt::Parser) -> Result<bool, lexopt::Error> {
        match name {
            "clients" => self.clients = line.value()?.parse()?,
            "messages" => self.messages = line.value()?.parse()?,
            "listen" => self.listen = Some(line.value()?.parse()?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn run(options: &Options) -> io::Result<()> {
    let mut out = io::stdout();
    let address = options
        .listen
        .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    let server = Server::bind(address)?;
    let address = server.listener.local_addr()?;
    writeln!(out, "listening on {address}")?;
    if options.listen.is_some() {
        return server.run();
    }

    let stop = server.stop_handle()?;
    let serving = thread::spawn(move || server.run());
    let start = Instant::now();
    let driven = drive(address, options);
    let time = start.elapsed().as_secs_f64();
    stop.wake()?;
    let served = serving
        .join()
        .map_err(|_| io::Error::other("the server panicked"))?;
    served?;
    driven?;

    let clients = options.clients;
    let messages = clients as u64 * options.messages;
    let bytes = messages * MESSAGE as u64;
    let rate = messages as f64 / time;
    writeln!(
        out,
        "{clients} clients, {messages} messages, {bytes} bytes each way, {time:.3} s, \
         {rate:.0} messages/s"
    )
}

/// Accepts connections and echoes their data.
struct Server {
    poll: Poll,
    listener: TcpListener,
    /// Lets the server refuse connections when it has no file descriptor left.
    spare: SpareSocket,
    connections: HashMap<Token, Connection>,
    next_token: usize,
    /// Whether connections may be pending without a new event, because `accept` lacked a resource.
    accept_again: bool,
}

impl Server {
    fn bind(address: SocketAddr) -> io::Result<Server> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(address)
            .map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Server {
            poll,
            listener,
            spare: SpareSocket::new()?,
            connections: HashMap::new(),
            next_token: FIRST_CONNECTION,
            accept_again: false,
        })
    }

    /// A handle that ends `run` from another thread.
    fn stop_handle(&self) -> io::Result<Waker> {
        Waker::new(self.poll.registry(), STOP)
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            let timeout = self.accept_again.then_some(Duration::from_millis(100));
            let deadline = timeout.map(|timeout| Instant::now() + timeout);
            self.poll.poll_until(&mut events, deadline)?;
            for event in &events {
                match event.token() {
                    STOP => return Ok(()),
                    LISTENER => self.accept_again = true,
                    token => self.serve(token),
                }
            }
            if self.accept_again {
                self.accept();
            }
        }
    }

    /// Accepts every pending connection: one that is left causes no further event.
    fn accept(&mut self) {
        loop {
            let mut stream = match self.listener.accept_or_shed(&mut self.spare) {
                Ok(Accepted::Stream(stream, _)) => stream,
                Ok(Accepted::Shed(peer)) => {
                    eprintln!("echo: refused {peer}: too many open files");
                    continue;
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => {
                        self.accept_again = false;
                        return;
                    }
                    // The client has closed its connection before it was accepted.
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => continue,
                    // The system lacks something else. The server serves its connections, and
                    // accepts again later.
                    _ => return,
                },
            };
            let token = Token(self.next_token);
            self.next_token += 1;
            // One registration for both directions: events are edges, so an unused one is cheap.
            let interests = Interest::READABLE | Interest::WRITABLE;
            match self.poll.registry().register(&mut stream, token, interests) {
                Ok(()) => drop(self.connections.insert(token, Connection::new(stream))),
                Err(error) => eprintln!("echo: cannot register a connection: {error}"),
            }
        }
    }

    fn serve(&mut self, token: Token) {
        let Some(connection) = self.connections.get_mut(&token) else {
            // The connection was closed by an earlier event of this batch.
            return;
        };
        // An error ends this connection and no other.
        let open = connection.advance().unwrap_or(false);
        if !open {
            // Dropping the stream closes it and ends its registration.
            self.connections.remove(&token);
        }
    }
}

/// The server's side of one connection.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// The part of the buffer that was read and not yet written.
    pending: std::ops::Range<usize>,
}

impl Connection {
    fn new(stream: TcpStream) -> Connection {
        Connection {
            stream,
            buffer: vec![0; 16 * 1024],
            pending: 0..0,
        }
    }

    /// Reads and writes until `WouldBlock`. Returns `false` once all data of a closed stream was
    /// echoed.
    ///
    /// While data is pending nothing is read. No event is missed: the next writable event leads
    /// here again, and after the write to the read.
    fn advance(&mut self) -> io::Result<bool> {
        loop {
            while !self.pending.is_empty() {
                match self.stream.write(&self.buffer[self.pending.clone()]) {
                    Ok(0) => return Err(ErrorKind::WriteZero.into()),
                    // A write may take a part of the data.
                    Ok(written) => self.pending.start += written,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            match self.stream.read(&mut self.buffer) {
                Ok(0) => return Ok(false),
                Ok(read) => self.pending = 0..read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Connects all clients, sends all messages and checks all answers.
fn drive(address: SocketAddr, options: &Options) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut clients = Vec::with_capacity(options.clients.min(1 << 16));
    for number in 0..options.clients {
        let mut stream = TcpStream::connect(address)?;
        let interests = Interest::READABLE | Interest::WRITABLE;
        poll.registry()
            .register(&mut stream, Token(number), interests)?;
        clients.push(Some(Client::new(stream, number, options.messages)));
    }

    let mut left = clients.len();
    while left > 0 {
        poll.poll_until(&mut events, Some(Instant::now() + PATIENCE))?;
        if events.is_empty() {
            let text = format!("no answer for {} s", PATIENCE.as_secs());
            return Err(io::Error::new(ErrorKind::TimedOut, text));
        }
        for event in &events {
            let slot = &mut clients[event.token().0];
            let Some(client) = slot else {
                // The client has finished with an earlier event of this batch.
                continue;
            };
            if client.advance()? {
                *slot = None;
                left -= 1;
            }
        }
    }
    Ok(())
}

/// A client that sends its messages one after the other, each after the answer to the last.
struct Client {
    stream: TcpStream,
    connected: bool,
    number: usize,
    messages_left: u64,
    message: [u8; MESSAGE],
    sent: usize,
    answer: [u8; MESSAGE],
    received: usize,
}

impl Client {
    fn new(stream: TcpStream, number: usize, messages: u64) -> Client {
        let mut client = Client {
            stream,
            connected: false,
            number,
            messages_left: messages,
            message: [0; MESSAGE],
            sent: 0,
            answer: [0; MESSAGE],
            received: 0,
        };
        client.write_message();
        client
    }

    /// Fills in the next message. All messages differ, so an answer to another message is an error.
    fn write_message(&mut self) {
        let text = format!("client {} message {}", self.number, self.messages_left);
        let length = text.len().min(MESSAGE);
        self.message = [b'.'; MESSAGE];
        self.message[..length].copy_from_slice(&text.as_bytes()[..length]);
        (self.sent, self.received) = (0, 0);
    }

    /// Whether the stream is connected. `connect` returns earlier, so its errors are found here.
    fn is_connected(&mut self) -> io::Result<bool> {
        if !self.connected {
            self.connected = self.stream.finish_connect()?;
        }
        Ok(self.connected)
    }

    /// Sends and receives until `WouldBlock`. Returns `true` after the last answer.
    fn advance(&mut self) -> io::Result<bool> {
        if !self.is_connected()? {
            return Ok(false);
        }
        while self.messages_left > 0 {
            let result = if self.sent < MESSAGE {
                let result = self.stream.write(&self.message[self.sent..]);
                result.map(|written| self.sent += written)
            } else {
                match self.stream.read(&mut self.answer[self.received..]) {
                    Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
                    result => result.map(|read| self.received += read),
                }
            };
            match result {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if self.received == MESSAGE {
                if self.answer != self.message {
                    return Err(io::Error::other("an answer differs from its message"));
                }
                self.messages_left -= 1;
                self.write_message();
            }
        }
        Ok(true)
    }
}
