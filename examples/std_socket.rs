//! Registers a socket of std by its file descriptor, as a program does with the socket of another
//! library.
//!
//! ```sh
//! cargo run --release --all-features --example std_socket
//! ```
//!
//! The source is a `SourceFd` on Unix and a `SourceSocket` on Windows. mio does not see the
//! socket's operations, so the program must read until `WouldBlock`, and an event may come without
//! data.

mod command_line;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use lexopt::ValueExt as _;
use mio::{Events, Interest, Poll, Token};

#[cfg(target_os = "hermit")]
use mio::hermit::SourceFd;
#[cfg(unix)]
use mio::unix::SourceFd;
#[cfg(target_os = "wasi")]
use mio::wasi::SourceFd;
#[cfg(windows)]
use mio::windows::SourceSocket;
#[cfg(not(windows))]
use std::os::fd::AsRawFd;
#[cfg(windows)]
use std::os::windows::io::AsRawSocket;

/// The source of a socket that mio does not own.
#[cfg(not(windows))]
macro_rules! unowned {
    ($socket:expr) => {
        SourceFd(&$socket.as_raw_fd())
    };
}
/// The source of a socket that mio does not own.
#[cfg(windows)]
macro_rules! unowned {
    ($socket:expr) => {
        SourceSocket(&$socket.as_raw_socket())
    };
}

const HELP: &str = "\
Registers a socket of std, while a thread writes to its peer line by line.

Usage: std_socket [OPTIONS]

  --lines N       lines that the thread writes [default: 20]
  --help          print this

Exit status: 0 every line arrived; 1 an error; 2 wrong usage.";

const PEER: Token = Token(0);

fn main() -> ExitCode {
    let take = |lines: &mut u32, name: &str, line: &mut lexopt::Parser| {
        if name == "lines" {
            *lines = line.value()?.parse()?;
        }
        Ok(name == "lines")
    };
    command_line::main("std_socket", HELP, 20, take, |lines| run(*lines))
}

fn run(lines: u32) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let writer = std::thread::spawn(move || write(address, lines));
    let (mut socket, _) = listener.accept()?;
    socket.set_nonblocking(true)?;

    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(8);
    poll.registry()
        .register(&mut unowned!(socket), PEER, Interest::READABLE)?;
    let mut text = Vec::new();
    let mut is_open = true;
    while is_open {
        match poll.poll(&mut events, Some(Duration::from_secs(20))) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if events.is_empty() {
            return Err(io::Error::new(
                ErrorKind::TimedOut,
                "no data from the writer",
            ));
        }
        is_open = read(&mut socket, &mut text)?;
    }
    // `deregister` comes before the close.
    poll.registry().deregister(&mut unowned!(socket))?;

    let came = text.iter().filter(|byte| **byte == b'\n').count();
    if came != lines as usize {
        return Err(io::Error::other(format!("{came} lines came of {lines}")));
    }
    println!("{came} lines came");
    writer
        .join()
        .map_err(|_| io::Error::other("the writer panicked"))?
}

/// Reads until `WouldBlock`. Returns `false` at the end of the stream.
fn read(socket: &mut TcpStream, text: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 1024];
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => return Ok(false),
            Ok(count) => text.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn write(address: std::net::SocketAddr, lines: u32) -> io::Result<()> {
    let mut socket = TcpStream::connect(address)?;
    for line in 0..lines {
        writeln!(socket, "line {line}")?;
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}
