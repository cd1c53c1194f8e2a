//! A small TCP echo server, which compiles with this library and with mio 1.2.5. `cargo xtask
//! build-cost` measures its build and its size.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(0);

fn main() -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(128);
    let mut listener = listener()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut streams = HashMap::new();
    let mut next = 1;
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            if event.token() != LISTENER {
                if !streams.get_mut(&event.token()).is_some_and(echo) {
                    streams.remove(&event.token());
                }
                continue;
            }
            while let Ok((mut stream, _)) = listener.accept() {
                let token = Token(next);
                next += 1;
                poll.registry()
                    .register(&mut stream, token, Interest::READABLE)?;
                streams.insert(token, stream);
            }
        }
    }
}

#[cfg(not(all(target_os = "wasi", target_env = "p1")))]
fn listener() -> io::Result<TcpListener> {
    TcpListener::bind(([127, 0, 0, 1], 7000).into())
}

/// The first preopened socket: WASI preview 1 cannot create one.
#[cfg(all(target_os = "wasi", target_env = "p1"))]
fn listener() -> io::Result<TcpListener> {
    // SAFETY: the host has opened fd 3, and nothing else in this program uses it.
    Ok(unsafe { std::os::fd::FromRawFd::from_raw_fd(3) })
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
