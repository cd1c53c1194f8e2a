//! The program: command line, server and clients.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::process::{self, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use mio::windows::NamedPipe;
use mio::{Events, Interest, Poll, Token};

const HELP: &str = "\
Serves echo on a named pipe, one client after the other, and drives it with clients from the same
process.

Usage: pipe_echo [OPTIONS]

  --clients N     clients that wait for their turn at once [default: 20]
  --messages N    messages that each client sends, one after the other [default: 100]
  --help          print this

Exit status: 0 every answer was correct; 1 an error; 2 wrong usage.";

/// Bytes of one message.
const MESSAGE: usize = 64;

/// The server gives up after this time without an event.
const PATIENCE: Duration = Duration::from_secs(10);

/// The error of opening the pipe while the server serves another client.
const ERROR_PIPE_BUSY: i32 = 231;

const PIPE: Token = Token(0);

struct Options {
    clients: usize,
    messages: usize,
}

pub(crate) fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("pipe_echo: {error}; see --help");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pipe_echo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The options, or `None` for help.
fn options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options {
        clients: 20,
        messages: 100,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("clients") => options.clients = parser.value()?.parse()?,
            Long("messages") => options.messages = parser.value()?.parse()?,
            Long("help") => return Ok(None),
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(Some(options))
}

fn run(options: &Options) -> io::Result<()> {
    let name = format!(r"\\.\pipe\mio-pipe-echo-{}", process::id());
    let server = Server::new(&name)?;
    let messages = options.messages;
    let clients: Vec<_> = (0..options.clients)
        .map(|number| {
            let name = name.clone();
            thread::spawn(move || client(&name, number, messages))
        })
        .collect();
    let start = Instant::now();
    let bytes = server.serve(options.clients)?;
    for client in clients {
        let result = client.join();
        result.map_err(|_| io::Error::other("a client has panicked"))??;
    }
    println!(
        "{} clients sent {} messages ({bytes} bytes) and had them back in {:.1?}",
        options.clients,
        options.clients * options.messages,
        start.elapsed()
    );
    Ok(())
}

struct Server {
    poll: Poll,
    events: Events,
    pipe: NamedPipe,
}

impl Server {
    fn new(name: &str) -> io::Result<Server> {
        let poll = Poll::new()?;
        let mut pipe = NamedPipe::new(name)?;
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut pipe, PIPE, both)?;
        Ok(Server {
            poll,
            events: Events::with_capacity(8),
            pipe,
        })
    }

    /// Serves `clients` clients and returns the number of bytes received.
    fn serve(mut self, clients: usize) -> io::Result<usize> {
        let mut bytes = 0;
        for _ in 0..clients {
            match self.pipe.connect() {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait()?,
                Err(error) => return Err(error),
            }
            // The event reports that the connect has ended, not that it succeeded.
            if let Some(error) = self.pipe.take_error()? {
                return Err(error);
            }
            bytes += self.echo()?;
            self.pipe.disconnect()?;
        }
        Ok(bytes)
    }

    /// Echoes until the client has closed its end.
    fn echo(&mut self) -> io::Result<usize> {
        let mut bytes = 0;
        let mut buffer = [0; 4096];
        loop {
            match self.pipe.read(&mut buffer) {
                Ok(0) => return Ok(bytes),
                Ok(count) => {
                    bytes += count;
                    // A write takes all data, but only one write is in flight at a time.
                    while let Err(error) = self.pipe.write(&buffer[..count]) {
                        if error.kind() != ErrorKind::WouldBlock {
                            return Err(error);
                        }
                        self.wait()?;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait()?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for an event of the pipe, after which the operation is tried again.
    fn wait(&mut self) -> io::Result<()> {
        self.poll.poll(&mut self.events, Some(PATIENCE))?;
        if self.events.is_empty() {
            return Err(io::Error::new(ErrorKind::TimedOut, "no client sends data"));
        }
        Ok(())
    }
}

/// Sends its messages one after the other and checks the answers.
fn client(name: &str, number: usize, messages: usize) -> io::Result<()> {
    let mut pipe = open(name)?;
    for message in 0..messages {
        let sent = [(number ^ message) as u8; MESSAGE];
        pipe.write_all(&sent)?;
        let mut answer = [0; MESSAGE];
        pipe.read_exact(&mut answer)?;
        if answer != sent {
            return Err(io::Error::other("a wrong answer"));
        }
    }
    Ok(())
}

/// Opens the pipe, and tries again while the server serves another client.
fn open(name: &str) -> io::Result<File> {
    let mut left = 60_000;
    loop {
        match OpenOptions::new().read(true).write(true).open(name) {
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY) && left > 0 => {
                left -= 1;
                thread::sleep(Duration::from_millis(1));
            }
            other => return other,
        }
    }
}
