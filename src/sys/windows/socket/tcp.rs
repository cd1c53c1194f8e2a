//! TCP sockets.

use std::io::{self, IoSlice, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::windows::io::AsSocket;

use super::{address, new, syscall};
use crate::sys::ffi;

/// How many connections may wait to be accepted: std's number.
const BACKLOG: i32 = 128;

/// A stream whose connection has begun.
pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::from(new(address, ffi::SOCK_STREAM)?);
    stream.set_nonblocking(true)?;
    begun(syscall::connect(
        stream.as_socket(),
        &address::to_internet(address),
    ))?;
    Ok(stream)
}

/// Whether connect has at least begun.
fn begun(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.raw_os_error() == Some(ffi::WSAEWOULDBLOCK) => Ok(()),
        result => result,
    }
}

/// A listener. `SO_REUSEADDR` stays off: here it would let two listeners share an address, and connections that wind down do
/// not keep one in use.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::from(new(address, ffi::SOCK_STREAM)?);
    listener.set_nonblocking(true)?;
    syscall::bind(listener.as_socket(), &address::to_internet(address))?;
    syscall::listen(listener.as_socket(), BACKLOG)?;
    Ok(listener)
}

/// One connection and the address of its peer. Whether accept hands the listener's flags on is not documented: both are set.
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept()?;
    stream.set_nonblocking(true)?;
    own(syscall::do_not_inherit(stream.as_socket()))?;
    Ok((stream, peer))
}

/// A layered provider's socket may be no handle of the system, which no child process could inherit.
fn own(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.raw_os_error() == Some(ffi::ERROR_INVALID_HANDLE) => Ok(()),
        result => result,
    }
}

/// As std writes: there is no SIGPIPE.
pub(crate) fn write(mut stream: &TcpStream, buffer: &[u8]) -> io::Result<usize> {
    stream.write(buffer)
}

/// As std writes: there is no SIGPIPE.
pub(crate) fn write_vectored(mut stream: &TcpStream, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    stream.write_vectored(buffers)
}
