//! UDP echo: one socket that answers and many that ask, all on one event queue and one thread.
//!
//! ```sh
//! cargo run --release --all-features --example udp_echo
//! ```
//!
//! A datagram may be lost, on loopback too when a buffer is full. So who asks asks again, and knows old answers from new ones.

mod command_line;

use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lexopt::ValueExt as _;
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};

const HELP: &str = "\
Answers UDP datagrams on loopback and asks with many sockets from the same thread.

Usage: udp_echo [OPTIONS]

  --clients N     sockets that ask [default: 20]
  --messages N    datagrams that each has answered, one after the other [default: 500]
  --help          print this

Exit status: 0 every answer was right; 1 an error; 2 wrong usage.";

/// After so long without any event what is unanswered is sent again.
const RESEND: Duration = Duration::from_millis(200);

/// So many times in a row, then there is no hope.
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
        client.ask()?;
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
                client.ask()?;
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
        "{count} clients, {messages} messages, {resent} sent again, {time:.3} s, {rate:.0} messages/s"
    )
}

/// Sends every datagram that has come back to where it came from.
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
            // No room to send: this answer is lost, as any datagram may be.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// One that asks.
struct Client {
    socket: UdpSocket,
    /// The number of the message that is asked now.
    next: u64,
    messages: u64,
}

impl Client {
    fn is_done(&self) -> bool {
        self.next == self.messages
    }

    /// Sends the current message.
    fn ask(&self) -> io::Result<()> {
        if self.is_done() {
            return Ok(());
        }
        match self.socket.send(&self.next.to_be_bytes()) {
            Ok(_) => Ok(()),
            // It is sent again like one that was lost on its way.
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes all answers that are there and asks the next message if one of them is to the current one.
    fn receive(&mut self) -> io::Result<()> {
        // One byte more than an answer has, so that a longer one is found out.
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
                self.ask()?;
            }
        }
    }
}
