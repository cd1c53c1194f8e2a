//! TCP echo: a server on one thread, many clients on another, both on an event queue of this library.
//!
//! ```sh
//! cargo run --release --all-features --example echo
//! ```
//!
//! The server shows what every event loop on edges must do: go on until the system says `WouldBlock`, keep what could not be
//! written, and stop reading from who does not take its answers.

mod command_line;

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use lexopt::ValueExt as _;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};

const HELP: &str = "\
Serves TCP echo on loopback and drives it with many clients from the same process.

Usage: echo [OPTIONS]

  --clients N     clients that are connected at once [default: 100]
  --messages N    messages that each client sends, one after the other [default: 1000]
  --listen ADDR   only serve, at an address such as 127.0.0.1:7000, until interrupted
  --help          print this

Exit status: 0 every answer was right; 1 an error; 2 wrong usage.";

/// Bytes of one message.
const MESSAGE: usize = 64;

/// Who hears nothing for so long gives up.
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
        "{clients} clients, {messages} messages, {bytes} bytes each way, {time:.3} s, {rate:.0} messages/s"
    )
}

/// Listens, and echoes on every connection.
struct Server {
    poll: Poll,
    listener: TcpListener,
    connections: HashMap<Token, Connection>,
    next_token: usize,
    /// Accepting failed for want of something, and connections may be waiting without a new event.
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
            match self.poll.poll(&mut events, timeout) {
                // A signal: nothing happened to our sources.
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
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

    /// Accepts until nobody waits: there is no event for those who are left.
    fn accept(&mut self) {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => {
                        self.accept_again = false;
                        return;
                    }
                    // The client went away while it waited.
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => continue,
                    // Such as too many open files. Those who are served go on, the others are asked again later.
                    _ => return,
                },
            };
            let token = Token(self.next_token);
            self.next_token += 1;
            // Both directions, once and for all: events are edges, so one that is not needed now costs nothing.
            let interests = Interest::READABLE | Interest::WRITABLE;
            match self.poll.registry().register(&mut stream, token, interests) {
                Ok(()) => drop(self.connections.insert(token, Connection::new(stream))),
                Err(error) => eprintln!("echo: a client is turned away: {error}"),
            }
        }
    }

    fn serve(&mut self, token: Token) {
        let Some(connection) = self.connections.get_mut(&token) else {
            // Closed while an earlier event of the same batch was handled.
            return;
        };
        // An error is the client's, who is gone or was cut off: it ends this connection and no other.
        let open = connection.advance().unwrap_or(false);
        if !open {
            // Dropping the stream closes it and takes it out of the queue.
            self.connections.remove(&token);
        }
    }
}

/// One client, as the server sees it.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What of the buffer has been read and is to be written.
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

    /// Reads and writes until the system says `WouldBlock`; `false` once the client has said all and got it back.
    ///
    /// While something waits to be written nothing is read. Nothing is missed by that: the event that says writing goes on
    /// leads here again, and then to reading.
    fn advance(&mut self) -> io::Result<bool> {
        loop {
            while !self.pending.is_empty() {
                match self.stream.write(&self.buffer[self.pending.clone()]) {
                    Ok(0) => return Err(ErrorKind::WriteZero.into()),
                    // Often less than all of it.
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
        match poll.poll(&mut events, Some(PATIENCE)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        if events.is_empty() {
            let text = format!("no answer for {} s", PATIENCE.as_secs());
            return Err(io::Error::new(ErrorKind::TimedOut, text));
        }
        for event in &events {
            let slot = &mut clients[event.token().0];
            let Some(client) = slot else {
                // It has finished, and this is an event of the same batch.
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

/// One client: sends a message, waits for it to come back, sends the next.
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

    /// No two messages are alike, so that an answer to another one is found out.
    fn write_message(&mut self) {
        let text = format!("client {} message {}", self.number, self.messages_left);
        let length = text.len().min(MESSAGE);
        self.message = [b'.'; MESSAGE];
        self.message[..length].copy_from_slice(&text.as_bytes()[..length]);
        (self.sent, self.received) = (0, 0);
    }

    /// Whether the connection stands. It is being made when `connect` returns; a failure shows here.
    fn is_connected(&mut self) -> io::Result<bool> {
        if !self.connected {
            if let Some(error) = self.stream.take_error()? {
                return Err(error);
            }
            match self.stream.peer_addr() {
                Ok(_) => self.connected = true,
                // A spurious event: it takes longer.
                Err(error) if error.kind() == ErrorKind::NotConnected => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.connected)
    }

    /// Goes as far as the system allows; `true` when every message has come back.
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
                    return Err(io::Error::other("an answer is not what was sent"));
                }
                self.messages_left -= 1;
                self.write_message();
            }
        }
        Ok(true)
    }
}
