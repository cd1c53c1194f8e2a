//! Conversions between sockets and file descriptors.
#![allow(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

#[cfg(all(unix, not(target_os = "emscripten")))]
use crate::net::UnixDatagram;
use crate::net::{TcpListener, TcpStream, UdpSocket};
#[cfg(unix)]
use crate::net::{UnixListener, UnixStream};

/// Implements the conversions for each socket.
macro_rules! impl_fd_conversions {
    ($($socket:ident)*) => {$(
        impl AsFd for $socket {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.inner.as_fd()
            }
        }

        impl AsRawFd for $socket {
            fn as_raw_fd(&self) -> RawFd {
                self.inner.as_raw_fd()
            }
        }

        /// Ends the registration, as [`Registry::deregister`](crate::Registry::deregister) does.
        impl IntoRawFd for $socket {
            fn into_raw_fd(self) -> RawFd {
                self.inner.into_inner().into_raw_fd()
            }
        }

        /// The file descriptor should be non-blocking: its mode is not changed.
        impl FromRawFd for $socket {
            unsafe fn from_raw_fd(fd: RawFd) -> $socket {
                // SAFETY: the caller promises that `fd` is open and theirs to give away.
                let fd = unsafe { OwnedFd::from_raw_fd(fd) };
                $socket::from(fd)
            }
        }

        /// Ends the registration, as [`Registry::deregister`](crate::Registry::deregister) does.
        impl From<$socket> for OwnedFd {
            fn from(socket: $socket) -> OwnedFd {
                socket.inner.into_inner().into()
            }
        }

        /// The file descriptor should be non-blocking: its mode is not changed.
        impl From<OwnedFd> for $socket {
            fn from(fd: OwnedFd) -> $socket {
                $socket::from_std(fd.into())
            }
        }
    )*};
}

impl_fd_conversions!(TcpListener TcpStream UdpSocket);
#[cfg(unix)]
impl_fd_conversions!(UnixListener UnixStream);
#[cfg(all(unix, not(target_os = "emscripten")))]
impl_fd_conversions!(UnixDatagram);
