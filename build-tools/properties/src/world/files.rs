//! The files that are sources, and the operations on them.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};

use super::super::subject::net::{
    TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream,
};
use super::super::subject::unix::pipe;
use crate::sys;

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
                let $source = &mut SourceFd(&fd);
                $body
            }
        }
    };
}

pub(super) use with_source;

impl Io {
    pub(super) fn fd(&self) -> RawFd {
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
