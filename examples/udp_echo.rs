//! UDP echo: one server socket and many client sockets, all with one `Poll` on one thread.
//!
//! ```sh
//! cargo run --release --all-features --example udp_echo
//! ```
//!
//! A datagram may be lost, on loopback when a buffer is full. So a client sends its message again
//! after a while, and ignores answers to earlier messages.

mod command_line;

use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lexopt::ValueExt as _;
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};

const HELP: &str = "\
Serves UDP echo on loopback and drives it with many sockets from the same thread.

Usage: udp_echo [OPTIONS]

  --clients N     client sockets [default: 20]
  --messages N    datagrams that each client sends, one after the other [default: 500]
  --help          print this

Exit status: 0 every answer was correct; 1 an error; 2 wrong usage.";

/// After this time without an event the clients send their messages again.
const RESEND: Duration = Duration::from_millis(200);

/// After this many silent periods the program gives up.
const TRIES: u32 = 25;

const SERVER: Token = Token(usize::MAX);

fn main() -> ExitCode {
    let options = Options {
        clients: 20,
        messages: 500,
    };
    command_line::main("udp_echo", HELP, options, Options::take, run)
}

struct Options {
    clients: usize,
    messages: u64,
}

impl Options {
    fn take(&mut self, name: &str, line: &mut lexopt::Parser) -> Result<bool, lexopt::Error> {
        match name {
            "clients" => self.clients = line.value()?.parse()?,
            "messages" => self.messages = line.value()?.parse()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn run(options: &Options) -> io::Result<()> {
    let mut out = io::stdout();
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(256);
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut server = UdpSocket::bind(loopback)?;
    let address = server.local_addr()?;
    poll.registry()
        .register(&mut server, SERVER, Interest::READABLE)?;

    let mut clients = Vec::new();
    for number in 0..options.clients {
        let mut socket = UdpSocket::bind(loopback)?;
        socket.connect(address)?;
        poll.registry()
            .register(&mut socket, Token(number), Interest::READABLE)?;
        clients.push(Client {
            socket,
            next: 0,
            messages: options.messages,
        });
    }

    let start = Instant::now();
    for client in &clients {
        client.send_message()?;
    }
    let (mut silent, mut resent) = (0, 0_u64);
    while clients.iter().any(|client| !client.is_done()) {
        match poll.poll(&mut events, Some(RESEND)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        if events.is_empty() {
            silent += 1;
            if silent == TRIES {
                return Err(io::Error::new(ErrorKind::TimedOut, "no answers"));
            }
            for client in clients.iter().filter(|client| !client.is_done()) {
                client.send_message()?;
                resent += 1;
            }
        } else {
            silent = 0;
        }
        for event in &events {
            match event.token() {
                SERVER => answer(&server)?,
                Token(number) => clients[number].receive()?,
            }
        }
    }

    let time = start.elapsed().as_secs_f64();
    let count = options.clients;
    let messages = count as u64 * options.messages;
    let rate = messages as f64 / time;
    writeln!(
        out,
        "{count} clients, {messages} messages, {resent} sent again, {time:.3} s, \
         {rate:.0} messages/s"
    )
}

/// Sends every datagram that has arrived back to its sender.
fn answer(server: &UdpSocket) -> io::Result<()> {
    let mut buffer = [0; 2048];
    loop {
        let (length, client) = match server.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match server.send_to(&buffer[..length], client) {
            Ok(_) => {}
            // The send buffer is full: this answer is lost, as any datagram may be.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// A client socket, and the state of its messages.
struct Client {
    socket: UdpSocket,
    /// The number of the current message.
    next: u64,
    messages: u64,
}

impl Client {
    fn is_done(&self) -> bool {
        self.next == self.messages
    }

    /// Sends the current message.
    fn send_message(&self) -> io::Result<()> {
        if self.is_done() {
            return Ok(());
        }
        match self.socket.send(&self.next.to_be_bytes()) {
            Ok(_) => Ok(()),
            // The message is sent again later, like a lost one.
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Receives every answer that has arrived, and sends the next message after the answer to the
    /// current one.
    fn receive(&mut self) -> io::Result<()> {
        // One byte longer than an answer, so that a longer datagram is not taken for one.
        let mut buffer = [0; 9];
        loop {
            let length = match self.socket.recv(&mut buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer[..length] == self.next.to_be_bytes() && !self.is_done() {
                self.next += 1;
                self.send_message()?;
            }
        }
    }
}
