//! Trait implementations that all sockets share. They forward to the field `inner`, an `IoSource`.
#![allow(unsafe_code)] // `from_raw_fd` and `from_raw_socket`.

#[cfg(any(unix, target_os = "hermit", target_os = "wasi"))]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
#[cfg(windows)]
use std::os::windows::io::{
    AsRawSocket, AsSocket, BorrowedSocket, FromRawSocket, IntoRawSocket, OwnedSocket, RawSocket,
};

#[cfg(all(unix, not(target_os = "emscripten")))]
use crate::net::UnixDatagram;
#[cfg(any(unix, windows, target_os = "hermit", target_os = "wasi"))]
use crate::net::{TcpListener, TcpStream, UdpSocket};
#[cfg(unix)]
use crate::net::{UnixListener, UnixStream};

/// Implements `Source`, `Debug`, and the conversion to the type of the standard library.
macro_rules! forward_socket {
    ($socket:ty, $std:ty) => {
        impl crate::event::Source for $socket {
            #[inline]
            fn register(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                self.inner.register(registry, token, interests)
            }

            #[inline]
            fn reregister(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                self.inner.reregister(registry, token, interests)
            }

            #[inline]
            fn deregister(&mut self, registry: &crate::Registry) -> std::io::Result<()> {
                self.inner.deregister(registry)
            }
        }

        impl std::fmt::Debug for $socket {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.inner, f)
            }
        }

        /// The socket stays non-blocking. Ends the registration, as
        /// [`Registry::deregister`](crate::Registry::deregister) does. In a forked child,
        /// [`Poll`](crate::Poll#child-processes) describes what happens.
        impl From<$socket> for $std {
            #[inline]
            fn from(socket: $socket) -> $std {
                socket.inner.into_inner()
            }
        }
    };
}

/// Implements `Read` and `Write` for a reference to the stream and, by means of that, for the
/// stream. `$write` and `$write_vectored` are functions of the platform.
macro_rules! forward_stream {
    ($stream:ty, $write:path, $write_vectored:path) => {
        impl std::io::Read for &$stream {
            #[inline]
            fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
                self.inner.do_io(crate::Interest::READABLE, |mut stream| {
                    std::io::Read::read(&mut stream, buf)
                })
            }

            #[inline]
            fn read_vectored(
                &mut self,
                bufs: &mut [std::io::IoSliceMut<'_>],
            ) -> std::io::Result<usize> {
                self.inner.do_io(crate::Interest::READABLE, |mut stream| {
                    std::io::Read::read_vectored(&mut stream, bufs)
                })
            }
        }

        impl std::io::Write for &$stream {
            #[inline]
            fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                self.inner
                    .do_io(crate::Interest::WRITABLE, |stream| $write(stream, buf))
            }

            #[inline]
            fn write_vectored(&mut self, bufs: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                self.inner.do_io(crate::Interest::WRITABLE, |stream| {
                    $write_vectored(stream, bufs)
                })
            }

            #[inline]
            fn flush(&mut self) -> std::io::Result<()> {
                self.inner.do_io(crate::Interest::WRITABLE, |mut stream| {
                    std::io::Write::flush(&mut stream)
                })
            }
        }

        impl std::io::Read for $stream {
            #[inline]
            fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
                std::io::Read::read(&mut &*self, buf)
            }

            #[inline]
            fn read_vectored(
                &mut self,
                bufs: &mut [std::io::IoSliceMut<'_>],
            ) -> std::io::Result<usize> {
                std::io::Read::read_vectored(&mut &*self, bufs)
            }
        }

        impl std::io::Write for $stream {
            #[inline]
            fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                std::io::Write::write(&mut &*self, buf)
            }

            #[inline]
            fn write_vectored(&mut self, bufs: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                std::io::Write::write_vectored(&mut &*self, bufs)
            }

            #[inline]
            fn flush(&mut self) -> std::io::Result<()> {
                std::io::Write::flush(&mut &*self)
            }
        }
    };
}

/// Converts sockets from and to file descriptors.
#[cfg(any(unix, target_os = "hermit", target_os = "wasi"))]
macro_rules! forward_fd {
    ($($socket:ident)*) => {$(
        impl AsFd for $socket {
            #[inline]
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.inner.as_fd()
            }
        }

        impl AsRawFd for $socket {
            #[inline]
            fn as_raw_fd(&self) -> RawFd {
                self.inner.as_raw_fd()
            }
        }

        /// Ends the registration, as [`Registry::deregister`](crate::Registry::deregister) does. In
        /// a forked child, [`Poll`](crate::Poll#child-processes) describes what happens.
        impl IntoRawFd for $socket {
            #[inline]
            fn into_raw_fd(self) -> RawFd {
                self.inner.into_inner().into_raw_fd()
            }
        }

        /// The file descriptor should be non-blocking: its mode is not changed.
        impl FromRawFd for $socket {
            #[inline]
            unsafe fn from_raw_fd(fd: RawFd) -> $socket {
                // SAFETY: the caller guarantees that `fd` is open and passes its ownership.
                let fd = unsafe { OwnedFd::from_raw_fd(fd) };
                $socket::from(fd)
            }
        }

        /// Ends the registration, as [`Registry::deregister`](crate::Registry::deregister) does. In
        /// a forked child, [`Poll`](crate::Poll#child-processes) describes what happens.
        impl From<$socket> for OwnedFd {
            #[inline]
            fn from(socket: $socket) -> OwnedFd {
                socket.inner.into_inner().into()
            }
        }

        /// The file descriptor should be non-blocking: its mode is not changed.
        impl From<OwnedFd> for $socket {
            #[inline]
            fn from(fd: OwnedFd) -> $socket {
                $socket::from_std(fd.into())
            }
        }
    )*};
}

#[cfg(any(unix, target_os = "hermit", target_os = "wasi"))]
forward_fd!(TcpListener TcpStream UdpSocket);
#[cfg(unix)]
forward_fd!(UnixListener UnixStream);
#[cfg(all(unix, not(target_os = "emscripten")))]
forward_fd!(UnixDatagram);

/// Converts sockets from and to a `SOCKET`.
#[cfg(windows)]
macro_rules! forward_socket_handle {
    ($($socket:ident)*) => {$(
        impl AsSocket for $socket {
            #[inline]
            fn as_socket(&self) -> BorrowedSocket<'_> {
                self.inner.as_socket()
            }
        }

        impl AsRawSocket for $socket {
            #[inline]
            fn as_raw_socket(&self) -> RawSocket {
                self.inner.as_raw_socket()
            }
        }

        /// Ends a registration, as [`Registry::deregister`](crate::Registry::deregister) does.
        impl IntoRawSocket for $socket {
            #[inline]
            fn into_raw_socket(self) -> RawSocket {
                self.inner.into_inner().into_raw_socket()
            }
        }

        /// The socket should be non-blocking and overlapped. Its mode is not changed.
        impl FromRawSocket for $socket {
            #[inline]
            unsafe fn from_raw_socket(socket: RawSocket) -> $socket {
                // SAFETY: the caller guarantees that `socket` is open and passes its ownership.
                let socket = unsafe { OwnedSocket::from_raw_socket(socket) };
                $socket::from(socket)
            }
        }

        /// Ends a registration, as [`Registry::deregister`](crate::Registry::deregister) does.
        impl From<$socket> for OwnedSocket {
            #[inline]
            fn from(socket: $socket) -> OwnedSocket {
                socket.inner.into_inner().into()
            }
        }

        /// The socket should be non-blocking and overlapped. Its mode is not changed.
        impl From<OwnedSocket> for $socket {
            #[inline]
            fn from(socket: OwnedSocket) -> $socket {
                $socket::from_std(socket.into())
            }
        }
    )*};
}

#[cfg(windows)]
forward_socket_handle!(TcpListener TcpStream UdpSocket);
