//! Sockets of a system on which the library cannot make any. Those that std has made work.

/// Does nothing: only Windows must be started before a socket is used.
pub(crate) fn ensure_winsock_started() {}

/// Returns `false`: without a socket in reserve, nothing depends on the answer.
pub(crate) fn is_out_of_descriptors(_: &std::io::Error) -> bool {
    false
}

/// TCP sockets.
pub(crate) mod tcp {
    use std::io::{self, IoSlice, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use crate::sys::errors;

    /// Returns `Unsupported`.
    pub(crate) fn connect(_: SocketAddr) -> io::Result<TcpStream> {
        Err(errors::unsupported(
            "mio cannot make sockets on this system",
        ))
    }

    /// Returns `Unsupported`.
    pub(crate) fn unconnected() -> io::Result<TcpStream> {
        Err(errors::unsupported(
            "mio cannot make sockets on this system",
        ))
    }

    /// Returns `Unsupported`.
    pub(crate) fn bind(_: SocketAddr) -> io::Result<TcpListener> {
        Err(errors::unsupported(
            "mio cannot make sockets on this system",
        ))
    }

    /// Returns `Unsupported`.
    pub(crate) fn set_backlog(_: &TcpListener, _: u32) -> io::Result<()> {
        Err(errors::unsupported(
            "mio cannot change the backlog of a listener on this system",
        ))
    }

    /// Accepts one connection of a listener that std has made, and makes it non-blocking.
    pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = listener.accept()?;
        stream.set_nonblocking(true)?;
        Ok((stream, peer))
    }

    /// Writes as std does.
    pub(crate) fn write(mut stream: &TcpStream, buffer: &[u8]) -> io::Result<usize> {
        stream.write(buffer)
    }

    /// Writes as std does.
    pub(crate) fn write_vectored(
        mut stream: &TcpStream,
        buffers: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        stream.write_vectored(buffers)
    }
}

/// UDP sockets.
pub(crate) mod udp {
    use std::io;
    use std::net::{SocketAddr, UdpSocket};

    use crate::sys::errors;

    /// Returns `Unsupported`.
    pub(crate) fn bind(_: SocketAddr) -> io::Result<UdpSocket> {
        Err(errors::unsupported(
            "mio cannot make sockets on this system",
        ))
    }

    /// Does nothing: only Windows resets a UDP socket.
    pub(crate) fn set_connection_resets(_: &UdpSocket, _: bool) -> io::Result<()> {
        Ok(())
    }

    /// Returns `Unsupported`.
    pub(crate) fn only_v6(_: &UdpSocket) -> io::Result<bool> {
        Err(errors::unsupported(
            "mio cannot make sockets on this system",
        ))
    }
}
