//! The traits that convert sockets to raw and owned ones, and back.
#![allow(unsafe_code)]

use std::os::windows::io::{
    AsRawSocket, AsSocket, BorrowedSocket, FromRawSocket, IntoRawSocket, OwnedSocket, RawSocket,
};

use crate::net::{TcpListener, TcpStream, UdpSocket};

/// Implements the traits for each socket type.
macro_rules! handles {
    ($($socket:ident)*) => {$(
        impl AsSocket for $socket {
            fn as_socket(&self) -> BorrowedSocket<'_> {
                self.inner.as_socket()
            }
        }

        impl AsRawSocket for $socket {
            fn as_raw_socket(&self) -> RawSocket {
                self.inner.as_raw_socket()
            }
        }

        /// Ends a registration, as [`Registry::deregister`](crate::Registry::deregister) does.
        impl IntoRawSocket for $socket {
            fn into_raw_socket(self) -> RawSocket {
                self.inner.into_inner().into_raw_socket()
            }
        }

        /// The socket should be non-blocking and overlapped. Its mode is not changed.
        impl FromRawSocket for $socket {
            unsafe fn from_raw_socket(socket: RawSocket) -> $socket {
                // SAFETY: the caller guarantees that `socket` is open and passes its ownership.
                let socket = unsafe { OwnedSocket::from_raw_socket(socket) };
                $socket::from(socket)
            }
        }

        /// Ends a registration, as [`Registry::deregister`](crate::Registry::deregister) does.
        impl From<$socket> for OwnedSocket {
            fn from(socket: $socket) -> OwnedSocket {
                socket.inner.into_inner().into()
            }
        }

        /// The socket should be non-blocking and overlapped. Its mode is not changed.
        impl From<OwnedSocket> for $socket {
            fn from(socket: OwnedSocket) -> $socket {
                $socket::from_std(socket.into())
            }
        }
    )*};
}

handles!(TcpListener TcpStream UdpSocket);
