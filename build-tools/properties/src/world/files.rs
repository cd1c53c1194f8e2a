//! The files that are sources on Unix, and the operations on them.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::{AsRawFd as _, OwnedFd};

use super::super::subject::net::{
    TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream,
};
use super::super::subject::unix::pipe;
use crate::sys::{self, Levels, RawSource};

pub(super) enum Io {
    Tcp(TcpStream),
    TcpListener(TcpListener),
    Udp(UdpSocket),
    Unix(UnixStream),
    UnixDatagram(UnixDatagram),
    UnixListener(UnixListener),
    Sender(pipe::Sender),
    Receiver(pipe::Receiver),
    Fd(OwnedFd),
}

/// Calls an expression with the source of an `Io`.
macro_rules! with_source {
    ($io:expr, $source:ident => $body:expr) => {
        match $io {
            Io::Tcp($source) => $body,
            Io::TcpListener($source) => $body,
            Io::Udp($source) => $body,
            Io::Unix($source) => $body,
            Io::UnixDatagram($source) => $body,
            Io::UnixListener($source) => $body,
            Io::Sender($source) => $body,
            Io::Receiver($source) => $body,
            Io::Fd(fd) => {
                let fd = std::os::fd::AsRawFd::as_raw_fd(fd);
                let $source = &mut super::super::subject::unix::SourceFd(&fd);
                $body
            }
        }
    };
}

pub(super) use with_source;

impl Io {
    pub(super) fn raw(&self) -> RawSource {
        match self {
            Io::Tcp(io) => io.as_raw_fd(),
            Io::TcpListener(io) => io.as_raw_fd(),
            Io::Udp(io) => io.as_raw_fd(),
            Io::Unix(io) => io.as_raw_fd(),
            Io::UnixDatagram(io) => io.as_raw_fd(),
            Io::UnixListener(io) => io.as_raw_fd(),
            Io::Sender(io) => io.as_raw_fd(),
            Io::Receiver(io) => io.as_raw_fd(),
            Io::Fd(io) => io.as_raw_fd(),
        }
    }

    pub(super) fn levels(&self) -> Levels {
        sys::levels(self.raw())
    }

    /// Makes the buffers of a socket small, if it has any.
    pub(super) fn shrink_buffers(&self) {
        let _ = sys::shrink_buffers(self.raw());
    }

    pub(super) fn is_listener(&self) -> bool {
        matches!(self, Io::TcpListener(_) | Io::UnixListener(_))
    }

    /// Whether it is watched in another way once it was at its end.
    pub(super) fn is_pipe(&self) -> bool {
        matches!(self, Io::Sender(_) | Io::Receiver(_))
    }

    /// `None` if it is no stream.
    pub(super) fn shut_down(&self, how: Shutdown) -> Option<io::Result<()>> {
        Some(match self {
            Io::Tcp(io) => io.shutdown(how),
            Io::Unix(io) => io.shutdown(how),
            Io::Fd(io) => {
                let how = match how {
                    Shutdown::Read => libc::SHUT_RD,
                    Shutdown::Write => libc::SHUT_WR,
                    Shutdown::Both => libc::SHUT_RDWR,
                };
                sys::shut_down(io.as_raw_fd(), how)
            }
            _ => return None,
        })
    }

    pub(super) fn is_owned(&self) -> bool {
        !matches!(self, Io::Fd(_))
    }

    /// `into_raw_fd` and back.
    pub(super) fn renewed(self) -> Io {
        match self {
            Io::Tcp(io) => Io::Tcp(OwnedFd::from(io).into()),
            Io::TcpListener(io) => Io::TcpListener(OwnedFd::from(io).into()),
            Io::Udp(io) => Io::Udp(OwnedFd::from(io).into()),
            Io::Unix(io) => Io::Unix(OwnedFd::from(io).into()),
            Io::UnixDatagram(io) => Io::UnixDatagram(OwnedFd::from(io).into()),
            Io::UnixListener(io) => Io::UnixListener(OwnedFd::from(io).into()),
            Io::Sender(io) => Io::Sender(OwnedFd::from(io).into()),
            Io::Receiver(io) => Io::Receiver(OwnedFd::from(io).into()),
            Io::Fd(io) => Io::Fd(io),
        }
    }

    pub(super) fn read(&self, buffer: &mut [u8], peek: bool) -> io::Result<usize> {
        match self {
            Io::Tcp(io) if peek => io.peek(buffer),
            Io::Tcp(io) => (&mut &*io).read(buffer),
            Io::Udp(io) => io.recv(buffer),
            Io::Unix(io) => (&mut &*io).read(buffer),
            Io::UnixDatagram(io) => io.recv(buffer),
            Io::Receiver(io) => (&mut &*io).read(buffer),
            Io::Fd(io) => sys::read(io.as_raw_fd(), buffer),
            Io::TcpListener(_) | Io::UnixListener(_) | Io::Sender(_) => {
                Err(ErrorKind::Unsupported.into())
            }
        }
    }

    pub(super) fn write(&self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Io::Tcp(io) => (&mut &*io).write(buffer),
            Io::Udp(io) => io.send(buffer),
            Io::Unix(io) => (&mut &*io).write(buffer),
            Io::UnixDatagram(io) => io.send(buffer),
            Io::Sender(io) => (&mut &*io).write(buffer),
            Io::Fd(io) => sys::write(io.as_raw_fd(), buffer),
            Io::TcpListener(_) | Io::UnixListener(_) | Io::Receiver(_) => {
                Err(ErrorKind::Unsupported.into())
            }
        }
    }
}
