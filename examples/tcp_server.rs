//! A short TCP echo server on 127.0.0.1:7000. It closes a connection whose send buffer is full;
//! the example `echo` keeps the pending data instead. It closes one for which it has no descriptor.
//!
//! ```sh
//! cargo run --all-features --example tcp_server
//! ```

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};

use mio::net::{Accepted, SpareSocket, TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(0);

fn main() -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(128);
    let mut listener = TcpListener::bind(([127, 0, 0, 1], 7000).into())?;
    // A level: what waits is reported again, also if accepting one connection fails.
    let level = Interest::READABLE | Interest::LEVEL;
    poll.registry().register(&mut listener, LISTENER, level)?;
    let mut spare = SpareSocket::new()?;
    let mut streams = HashMap::new();
    let mut next = 1;
    loop {
        poll.poll_until(&mut events, None)?;
        for event in &events {
            if event.token() != LISTENER {
                if !streams.get_mut(&event.token()).is_some_and(echo) {
                    streams.remove(&event.token());
                }
                continue;
            }
            if let Ok(Accepted::Stream(mut stream, _)) = listener.accept_or_shed(&mut spare) {
                let token = Token(next);
                next += 1;
                poll.registry()
                    .register(&mut stream, token, Interest::READABLE)?;
                streams.insert(token, stream);
            }
        }
    }
}

/// Echoes until `WouldBlock`. Returns `false` at the end of the stream and after an error.
fn echo(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(count) if stream.write_all(&buffer[..count]).is_ok() => {}
            Ok(_) => return false,
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}
