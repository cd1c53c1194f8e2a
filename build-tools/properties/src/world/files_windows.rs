//! The sockets and pipes that are sources on Windows, and the operations on them.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::os::windows::io::{AsRawSocket as _, OwnedSocket};

use super::super::subject::net::{TcpListener, TcpStream, UdpSocket};
use super::super::subject::windows::NamedPipe;
use crate::sys::{self, Levels, RawSource};

pub(super) enum Io {
    Tcp(TcpStream),
    TcpListener(TcpListener),
    Udp(UdpSocket),
    Pipe(NamedPipe),
    /// An unowned socket.
    Fd(OwnedSocket),
}

/// Calls an expression with the source of an `Io`.
macro_rules! with_source {
    ($io:expr, $source:ident => $body:expr) => {
        match $io {
            Io::Tcp($source) => $body,
            Io::TcpListener($source) => $body,
            Io::Udp($source) => $body,
            Io::Pipe($source) => $body,
            Io::Fd(socket) => {
                let socket = std::os::windows::io::AsRawSocket::as_raw_socket(socket);
                let $source = &mut super::super::subject::windows::SourceSocket(&socket);
                $body
            }
        }
    };
}

pub(super) use with_source;

impl Io {
    /// The socket. `None` for a pipe.
    pub(super) fn raw(&self) -> Option<RawSource> {
        Some(match self {
            Io::Tcp(io) => io.as_raw_socket(),
            Io::TcpListener(io) => io.as_raw_socket(),
            Io::Udp(io) => io.as_raw_socket(),
            Io::Fd(io) => io.as_raw_socket(),
            Io::Pipe(_) => return None,
        })
    }

    /// No level of a pipe: the world knows them.
    pub(super) fn levels(&self) -> Levels {
        self.raw().map_or(0, sys::levels)
    }

    /// Makes the buffers of a socket small, if it has any.
    pub(super) fn shrink_buffers(&self) {
        let _ = self.raw().map(sys::shrink_buffers);
    }

    pub(super) fn is_listener(&self) -> bool {
        matches!(self, Io::TcpListener(_))
    }

    pub(super) fn is_pipe(&self) -> bool {
        false
    }

    /// `None` if it is no stream.
    pub(super) fn shut_down(&self, how: Shutdown) -> Option<io::Result<()>> {
        Some(match self {
            Io::Tcp(io) => io.shutdown(how),
            Io::Fd(io) => sys::with_stream(io, |io| io.shutdown(how)),
            _ => return None,
        })
    }

    pub(super) fn is_owned(&self) -> bool {
        !matches!(self, Io::Fd(_))
    }

    /// `into_raw_socket` and back. A pipe cannot give its handle away.
    pub(super) fn renewed(self) -> Io {
        match self {
            Io::Tcp(io) => Io::Tcp(OwnedSocket::from(io).into()),
            Io::TcpListener(io) => Io::TcpListener(OwnedSocket::from(io).into()),
            Io::Udp(io) => Io::Udp(OwnedSocket::from(io).into()),
            io @ (Io::Pipe(_) | Io::Fd(_)) => io,
        }
    }

    pub(super) fn read(&self, buffer: &mut [u8], peek: bool) -> io::Result<usize> {
        match self {
            Io::Tcp(io) if peek => io.peek(buffer),
            Io::Tcp(io) => (&mut &*io).read(buffer),
            Io::Udp(io) => io.recv(buffer),
            Io::Pipe(io) => (&mut &*io).read(buffer),
            Io::Fd(io) => sys::with_stream(io, |mut io| io.read(buffer)),
            Io::TcpListener(_) => Err(ErrorKind::Unsupported.into()),
        }
    }

    pub(super) fn write(&self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Io::Tcp(io) => (&mut &*io).write(buffer),
            Io::Udp(io) => io.send(buffer),
            Io::Pipe(io) => (&mut &*io).write(buffer),
            Io::Fd(io) => sys::with_stream(io, |mut io| io.write(buffer)),
            Io::TcpListener(_) => Err(ErrorKind::Unsupported.into()),
        }
    }
}
